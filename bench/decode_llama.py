"""Tokens per second of llama.cpp (llama-cpp-python's library) on the checkpoint that decode_bench wrote, in the same workload: batch
sequences of random prompts, prompts first, then a token of each per step, sampled on the host from a random draw so that only the
model is timed; with --shared one prompt whose cache the sequences share. Prints one JSON object.
usage: decode_llama.py CHECKPOINT BATCH PROMPT NEW THREADS WAVES DTYPE SHARED     (DTYPE: float32 or bfloat16)"""
import ctypes
import json
import pathlib
import sys
import time

import gguf
import llama_cpp
import numpy as np
import torch
from safetensors.torch import load_file

directory, (batch, prompt, new, threads, waves), dtype, shared = (
    pathlib.Path(sys.argv[1]), map(int, sys.argv[2:7]), sys.argv[7], sys.argv[8] == "1")


def write_gguf(path):
    config = json.loads((directory / "config.json").read_text())
    w = gguf.GGUFWriter(str(path), "llama")
    w.add_vocab_size(config["vocab_size"])
    w.add_context_length(config["max_position_embeddings"])
    w.add_embedding_length(config["hidden_size"])
    w.add_block_count(config["num_hidden_layers"])
    w.add_feed_forward_length(config["intermediate_size"])
    w.add_head_count(config["num_attention_heads"])
    w.add_head_count_kv(config["num_key_value_heads"])
    w.add_rope_dimension_count(config["hidden_size"] // config["num_attention_heads"])
    w.add_rope_freq_base(float(config.get("rope_theta") or config.get("rope_parameters", {}).get("rope_theta", 10000.0)))
    w.add_layer_norm_rms_eps(config["rms_norm_eps"])
    w.add_tokenizer_model("no_vocab")
    kind = gguf.GGMLQuantizationType.BF16 if dtype == "bfloat16" else gguf.GGMLQuantizationType.F32
    names = {"input_layernorm": "attn_norm", "post_attention_layernorm": "ffn_norm", "self_attn.q_proj": "attn_q",
             "self_attn.k_proj": "attn_k", "self_attn.v_proj": "attn_v", "self_attn.o_proj": "attn_output",
             "mlp.gate_proj": "ffn_gate", "mlp.up_proj": "ffn_up", "mlp.down_proj": "ffn_down"}
    for name, tensor in load_file(directory / "model.safetensors").items():
        name = name.removeprefix("model.").replace("embed_tokens", "token_embd").replace("lm_head", "output")
        if name.startswith("layers."):
            _, layer, rest = name.split(".", 2)
            name = f"blk.{layer}.{names[rest.removesuffix('.weight')]}.weight"
        elif name == "norm.weight":
            name = "output_norm.weight"
        tensor = tensor.float()
        if tensor.ndim == 2 and dtype == "bfloat16":
            raw = tensor.to(torch.bfloat16).view(torch.uint8).reshape(tensor.shape[0], -1).numpy()
            w.add_tensor(name, raw, raw_dtype=kind)
        else:
            w.add_tensor(name, tensor.numpy())
    w.write_header_to_file()
    w.write_kv_data_to_file()
    w.write_tensors_to_file()
    w.close()
    return config


path = directory / f"{dtype}.gguf"
config = write_gguf(path)
llama_cpp.llama_log_set(ctypes.cast(None, llama_cpp.llama_log_callback), None)
llama_cpp.llama_backend_init()
params = llama_cpp.llama_model_default_params()
params.use_mmap = False
model = llama_cpp.llama_model_load_from_file(str(path).encode(), params)
assert model, "llama.cpp cannot load the model"
context_params = llama_cpp.llama_context_default_params()
context_params.n_ctx = batch * (prompt + new) + 256
context_params.n_seq_max = batch
context_params.n_batch = 2048
context_params.n_ubatch = 512
context_params.n_threads = context_params.n_threads_batch = threads
context_params.kv_unified = True
if dtype == "float32":
    context_params.type_k = context_params.type_v = 0  # GGML_TYPE_F32
context = llama_cpp.llama_init_from_model(model, context_params)
assert context, "llama.cpp cannot make a context"
memory = llama_cpp.llama_get_memory(context)
rows = llama_cpp.llama_batch_init(2048, 0, 1)
random = np.random.default_rng(1)
vocab = config["vocab_size"]


def put(token, position, sequence, logits):
    i = rows.n_tokens
    rows.token[i], rows.pos[i], rows.n_seq_id[i], rows.logits[i] = int(token), position, 1, logits
    rows.seq_id[i][0] = sequence
    rows.n_tokens += 1


def decode():
    assert llama_cpp.llama_decode(context, rows) == 0
    rows.n_tokens = 0


def wave():
    llama_cpp.llama_memory_clear(memory, True)
    rows.n_tokens = 0
    start = time.perf_counter()
    for sequence in range(1 if shared else batch):
        for position, token in enumerate(random.integers(vocab, size=prompt)):
            put(token, position, sequence, position + 1 == prompt)
            if rows.n_tokens == 2048:
                decode()
    if rows.n_tokens:
        decode()
    llama_cpp.llama_synchronize(context)
    for sequence in range(1, batch if shared else 0):
        llama_cpp.llama_memory_seq_cp(memory, 0, sequence, 0, prompt)
    prefilled = time.perf_counter()
    for step in range(new):
        for sequence, token in enumerate(random.integers(vocab, size=batch)):
            put(token, prompt + step, sequence, True)
        decode()
    llama_cpp.llama_synchronize(context)
    end = time.perf_counter()
    return batch * new / (end - start), batch * prompt / (prefilled - start), batch * new / (end - prefilled)


best = [max(values) for values in zip(*[wave() for _ in range(waves + 1)][1:])]
print(json.dumps({"engine": f"llama.cpp, llama-cpp-python {llama_cpp.__version__}", "dtype": dtype, "threads": threads,
                  "batch": batch, "prompt": prompt, "new": new, "shared": int(shared), "tokens_per_s": round(best[0]),
                  "prefill_per_s": round(best[1]), "decode_per_s": round(best[2])}))
