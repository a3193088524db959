"""Holds this runtime against Hugging Face transformers' Llama of the same weights: logits to 1e-4, gradients to 1e-3, greedy
tokens equal, both ways (their checkpoint in ours, ours in theirs). Exit 77 = skipped, with the reason.

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

try:
    import torch
    import transformers
    from transformers import LlamaConfig, LlamaForCausalLM
except ImportError as error:
    print(f"skipped: {sys.executable} has no torch and transformers ({error}); set AD_PEER_PYTHON to one that has")
    sys.exit(77)

torch.set_num_threads(1)
VOCAB, POSITIONS = 40, 96
SHAPES = {
    "tied": dict(num_key_value_heads=4, tie_word_embeddings=True),
    "untied, groups of 2": dict(num_key_value_heads=2, tie_word_embeddings=False),
    "one key head, theta 5e5": dict(num_key_value_heads=1, tie_word_embeddings=True, rope_theta=500000.0),
    "odd sizes": dict(hidden_size=60, num_attention_heads=6, num_key_value_heads=3, intermediate_size=101, num_hidden_layers=2),
}


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
    model = model.float().eval()

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
        for index, (name, shape) in enumerate(SHAPES.items()):
            torch.manual_seed(index)
            base = dict(vocab_size=VOCAB, hidden_size=64, num_hidden_layers=3, num_attention_heads=4, intermediate_size=192,
                        max_position_embeddings=POSITIONS, initializer_range=0.15, rms_norm_eps=1e-5, bos_token_id=None,
                        eos_token_id=None, pad_token_id=None)
            model = LlamaForCausalLM(LlamaConfig(**{**base, **shape}))
            directory = os.path.join(root, f"theirs{index}")
            model.save_pretrained(directory)
            logit, grad = compare(model, directory, dump, sequences(rng))
            print(f"their checkpoint, {name}: logits differ by {logit:.1e}, gradients by {grad:.1e}, greedy tokens equal")
        directory = os.path.join(root, "ours")
        subprocess.run([dump, "--make", directory], check=True)
        model, info = LlamaForCausalLM.from_pretrained(directory, output_loading_info=True)
        assert not any(info[key] for key in ("missing_keys", "unexpected_keys", "mismatched_keys")), info
        logit, grad = compare(model, directory, dump, sequences(rng))
        print(f"our checkpoint in theirs: logits differ by {logit:.1e}, gradients by {grad:.1e}, greedy tokens equal")
    finally:
        shutil.rmtree(root)


if __name__ == "__main__":
    main(sys.argv[1])
