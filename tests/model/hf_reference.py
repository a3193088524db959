"""Holds this runtime against Hugging Face transformers for every family of models, with the same random weights: logits to
1e-4, gradients to 1e-3, greedy tokens equal, both ways (their checkpoint in ours, ours in theirs), whole and in shards. Exit 77 = skipped, with the reason.

usage: hf_reference.py MODEL_REFERENCE_DUMP   (run by a python that has torch and transformers: AD_PEER_PYTHON)
"""
import json
import os
import random
import shutil
import struct
import subprocess
import sys
import tempfile

os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")

try:
    import torch
    import transformers
    from transformers import AutoModelForCausalLM, GPT2Config, LlamaConfig, Qwen2Config, Qwen3Config
except ImportError as error:
    print(f"skipped: {sys.executable} has no torch and transformers ({error}); set AD_PEER_PYTHON to one that has")
    sys.exit(77)

torch.set_num_threads(1)
VOCAB, POSITIONS = 40, 96
NO_TOKENS = dict(bos_token_id=None, eos_token_id=None, pad_token_id=None)
GPT2_SIZES = dict(vocab_size=VOCAB, n_embd=64, n_layer=3, n_head=4, n_positions=POSITIONS, initializer_range=0.15, **NO_TOKENS,
                  attn_pdrop=0.0, embd_pdrop=0.0, resid_pdrop=0.0)


def sizes(**changes):
    base = dict(vocab_size=VOCAB, hidden_size=64, num_hidden_layers=3, num_attention_heads=4, num_key_value_heads=2,
                intermediate_size=192, max_position_embeddings=POSITIONS, initializer_range=0.15, rms_norm_eps=1e-5,
                **NO_TOKENS)
    return {**base, **changes}


def rope(**parameters):
    return dict(rope_parameters=dict(rope_theta=10000.0, **parameters))


LLAMA3_ROPE = rope(rope_type="llama3", factor=4.0, low_freq_factor=1.0, high_freq_factor=4.0,
                   original_max_position_embeddings=24)
# What it is called, its configuration, how it is saved.
MODELS = [
    ("Llama, tied", LlamaConfig(**sizes(num_key_value_heads=4, tie_word_embeddings=True)), {}),
    ("Llama, untied, groups of 2, sharded", LlamaConfig(**sizes(tie_word_embeddings=False)), dict(max_shard_size="60KB")),
    ("Llama, one key head, theta 5e5", LlamaConfig(**sizes(num_key_value_heads=1, rope_theta=500000.0)), {}),
    ("Llama, odd sizes", LlamaConfig(**sizes(hidden_size=60, num_attention_heads=6, num_key_value_heads=3, intermediate_size=101,
                                             num_hidden_layers=2)), {}),
    ("Llama, biases", LlamaConfig(**sizes(attention_bias=True, mlp_bias=True)), {}),
    ("Llama, linear scaling", LlamaConfig(**sizes(**rope(rope_type="linear", factor=3.0))), {}),
    ("Llama 3, its scaling", LlamaConfig(**sizes(**LLAMA3_ROPE)), {}),
    ("Llama, bf16", LlamaConfig(**sizes(), dtype="bfloat16"), {}),
    ("Llama, fp16", LlamaConfig(**sizes(), dtype="float16"), {}),
    ("Qwen2, tied", Qwen2Config(**sizes(tie_word_embeddings=True)), {}),
    ("Qwen2, untied", Qwen2Config(**sizes(tie_word_embeddings=False)), {}),
    ("Qwen3, tied, wide heads", Qwen3Config(**sizes(head_dim=24, tie_word_embeddings=True)), {}),
    ("Qwen3, untied, sharded", Qwen3Config(**sizes(head_dim=16, tie_word_embeddings=False)), dict(max_shard_size="60KB")),
    ("GPT-2", GPT2Config(**GPT2_SIZES), {}),
    ("GPT-2, narrow inner", GPT2Config(**GPT2_SIZES, n_inner=100), {}),
]


def perturbed(model):
    """Norms off 1 and biases off 0, so that none is without effect."""
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.dim() == 1:
                parameter += 0.05 * torch.randn_like(parameter)
    return model


def read_safetensors(path):
    with open(path, "rb") as file:
        blob = file.read()
    size = struct.unpack("<Q", blob[:8])[0]
    tensors = {}
    for name, entry in json.loads(blob[8:8 + size]).items():
        if name == "__metadata__":
            continue
        begin, end = entry["data_offsets"]
        assert entry["dtype"] == "F32", entry
        data = bytearray(blob[8 + size + begin:8 + size + end])
        tensors[name] = torch.frombuffer(data, dtype=torch.float32).reshape(entry["shape"]).clone()
    return tensors


def sequences(rng):
    """(prompt length, token ids): the prompt is at least one token and leaves at least one to predict."""
    out = []
    for _ in range(12):
        length = rng.randint(4, 60)
        out.append((rng.randint(1, length - 2), [rng.randrange(VOCAB) for _ in range(length)]))
    return out


def compare(model, directory, dump, examples):
    with open(os.path.join(directory, "sequences.txt"), "w") as file:
        for prompt, tokens in examples:
            file.write(" ".join(map(str, [prompt, *tokens])) + "\n")
    subprocess.run([dump, directory], check=True)
    model = model.eval()

    ours = read_safetensors(os.path.join(directory, "logits.safetensors"))["logits"]
    losses, at, worst_logit = [], 0, 0.0
    for prompt, tokens in examples:
        ids = torch.tensor([tokens])
        logits = model(ids).logits[0]
        worst_logit = max(worst_logit, (ours[at:at + len(tokens)] - logits.detach()).abs().max().item())
        at += len(tokens)
        losses.append(torch.nn.functional.cross_entropy(logits[prompt - 1:-1], ids[0, prompt:], reduction="none"))
    assert at == ours.shape[0], (at, ours.shape)
    assert worst_logit < 1e-4, f"logits differ by {worst_logit}"

    loss = torch.cat(losses).mean()
    model.zero_grad()
    loss.backward()
    gradient = read_safetensors(os.path.join(directory, "gradient.safetensors"))
    assert abs(gradient.pop("loss").item() - loss.item()) < 1e-5
    theirs = {name: parameter.grad for name, parameter in model.named_parameters()}
    assert set(gradient) == set(theirs), set(gradient) ^ set(theirs)
    worst_grad = max(((gradient[n] - theirs[n]).norm() / theirs[n].norm()).item() for n in theirs)
    assert worst_grad < 1e-3, f"gradients differ by {worst_grad}"

    with open(os.path.join(directory, "greedy.txt")) as file:
        for (prompt, tokens), line in zip(examples, file, strict=True):
            want = model.generate(torch.tensor([tokens[:prompt]]), attention_mask=torch.ones(1, prompt, dtype=torch.long),
                                  do_sample=False, max_new_tokens=16, min_new_tokens=16)[0, prompt:].tolist()
            assert list(map(int, line.split())) == want, f"greedy: ours {line}, theirs {want}"
    return worst_logit, worst_grad


def main(dump):
    print(f"transformers {transformers.__version__}, torch {torch.__version__}")
    rng = random.Random(1)
    root = tempfile.mkdtemp(prefix="hf_reference_")
    try:
        for index, (name, config, saving) in enumerate(MODELS):
            torch.manual_seed(index)
            model = perturbed(AutoModelForCausalLM.from_config(config).to(config.dtype or torch.float32))
            directory = os.path.join(root, f"theirs{index}")
            model.save_pretrained(directory, **saving)
            assert os.path.exists(os.path.join(directory, "model.safetensors")) == (not saving), os.listdir(directory)
            model = AutoModelForCausalLM.from_pretrained(directory, dtype=torch.float32)
            logit, grad = compare(model, directory, dump, sequences(rng))
            print(f"their {name}: logits differ by {logit:.1e}, gradients by {grad:.1e}, greedy tokens equal")
        for family in ("llama", "llama3", "qwen2", "qwen3", "gpt2"):
            directory = os.path.join(root, "ours-" + family)
            subprocess.run([dump, "--make", directory, family], check=True)
            model, info = AutoModelForCausalLM.from_pretrained(directory, output_loading_info=True, dtype=torch.float32)
            assert not any(info[key] for key in ("missing_keys", "unexpected_keys", "mismatched_keys")), info
            logit, grad = compare(model, directory, dump, sequences(rng))
            print(f"our {family} in theirs: logits differ by {logit:.1e}, gradients by {grad:.1e}, greedy tokens equal")
    finally:
        shutil.rmtree(root)


if __name__ == "__main__":
    main(sys.argv[1])
