"""Holds adapters against Hugging Face PEFT: ours loaded by it and its own loaded by us give the same logits to 1e-4, and steps
of training from the same start give the same adapters to 2e-5. Exit 77 = skipped, with the reason.

usage: hf_lora.py MODEL_LORA_DUMP   (run by a python that has torch, transformers and peft: AD_PEER_PYTHON)
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
    import peft
    import torch
    import transformers
    from peft import LoraConfig, PeftModel, get_peft_model
    from transformers import AutoModelForCausalLM, GPT2Config, GPT2LMHeadModel, LlamaConfig, LlamaForCausalLM
except ImportError as error:
    print(f"skipped: {sys.executable} has no torch, transformers and peft ({error}); set AD_PEER_PYTHON to one that has")
    sys.exit(77)

torch.set_num_threads(1)
VOCAB, POSITIONS, STEPS = 40, 96, 4
KINDS = {"bfloat16": torch.bfloat16, "float16": torch.float16, "float32": torch.float32}
THEIRS = {
    "all-linear": dict(r=4, lora_alpha=8, target_modules="all-linear"),
    "q and v, rank-stabilised": dict(r=6, lora_alpha=3, target_modules=["q_proj", "v_proj"], use_rslora=True),
    "one layer's mlp, dropout in training": dict(r=2, lora_alpha=2.5, lora_dropout=0.1,
                                                 target_modules=["model.layers.1.mlp.up_proj", "1.mlp.down_proj"]),
    "rank above the width, bfloat16": dict(r=70, lora_alpha=16, target_modules=["k_proj", "o_proj", "gate_proj"], kind="bfloat16"),
    "float16": dict(r=8, lora_alpha=16, target_modules=["o_proj"], kind="float16"),
}
THEIRS_GPT2 = {
    "all-linear": dict(r=4, lora_alpha=8, target_modules="all-linear"),
    "c_attn": dict(r=4, lora_alpha=8, target_modules=["c_attn"], fan_in_fan_out=True),
}
REFUSED = {
    "use_dora": dict(use_dora=True),
    "rank_pattern": dict(rank_pattern={"q_proj": 2}),
    "layers_to_transform": dict(layers_to_transform=[0]),
    "bias": dict(bias="lora_only"),
    "modules_to_save": dict(modules_to_save=["lm_head"]),
}


def read_safetensors(path):
    with open(path, "rb") as file:
        blob = file.read()
    size = struct.unpack("<Q", blob[:8])[0]
    tensors = {}
    for name, entry in json.loads(blob[8:8 + size]).items():
        if name != "__metadata__":
            begin, end = entry["data_offsets"]
            data = bytearray(blob[8 + size + begin:8 + size + end])
            tensors[name] = torch.frombuffer(data, dtype=torch.float32).reshape(entry["shape"]).clone()
    return tensors


def sequences(directory, rng):
    out = []
    for _ in range(10):
        length = rng.randint(4, 60)
        out.append((rng.randint(1, length - 2), [rng.randrange(VOCAB) for _ in range(length)]))
    with open(os.path.join(directory, "sequences.txt"), "w") as file:
        for prompt, tokens in out:
            file.write(" ".join(map(str, [prompt, *tokens])) + "\n")
    return out


def make_base(directory, seed, family="llama"):
    torch.manual_seed(seed)
    if family == "gpt2":
        GPT2LMHeadModel(GPT2Config(
            vocab_size=VOCAB, n_embd=64, n_layer=2, n_head=4, n_positions=POSITIONS, initializer_range=0.15, resid_pdrop=0,
            embd_pdrop=0, attn_pdrop=0, bos_token_id=None, eos_token_id=None)).save_pretrained(os.path.join(directory, "base"))
        return
    LlamaForCausalLM(LlamaConfig(
        vocab_size=VOCAB, hidden_size=64, num_hidden_layers=2, num_attention_heads=4, num_key_value_heads=2, intermediate_size=96,
        max_position_embeddings=POSITIONS, initializer_range=0.15, rms_norm_eps=1e-5, tie_word_embeddings=seed % 2 == 0,
        bos_token_id=None, eos_token_id=None, pad_token_id=None)).save_pretrained(os.path.join(directory, "base"))


def load_base(directory):
    return AutoModelForCausalLM.from_pretrained(os.path.join(directory, "base"), dtype=torch.float32).eval()


def compare_logits(directory, dump, rng):
    examples = sequences(directory, rng)
    subprocess.run([dump, "--logits", directory], check=True)
    ours = read_safetensors(os.path.join(directory, "logits.safetensors"))["logits"]
    base = load_base(directory)
    with torch.no_grad():
        plain = torch.cat([base(torch.tensor([tokens])).logits[0] for _, tokens in examples])
        model = PeftModel.from_pretrained(base, os.path.join(directory, "adapter")).float().eval()
        theirs = torch.cat([model(torch.tensor([tokens])).logits[0] for _, tokens in examples])
    assert (theirs - plain).abs().max() > 0.1, "adapters that do nothing prove nothing"
    worst = (ours - theirs).abs().max().item()
    assert worst <= 1e-4, f"logits differ by {worst}"
    return worst


def write_theirs(directory, settings):
    settings = dict(settings)
    kind = KINDS[settings.pop("kind", "float32")]
    model = get_peft_model(load_base(directory), LoraConfig(task_type="CAUSAL_LM", init_lora_weights="gaussian", **settings))
    with torch.no_grad():
        for name, value in model.named_parameters():
            if "lora_" in name:
                value.copy_(0.1 * torch.randn_like(value))
                value.data = value.data.to(kind)
    model.save_pretrained(os.path.join(directory, "adapter"))


def compare_training(directory, dump, targets, rslora, rng):
    examples = sequences(directory, rng)
    subprocess.run([dump, "--train", directory, str(STEPS), targets, "rslora" if rslora else "lora"], check=True)
    model = PeftModel.from_pretrained(load_base(directory), os.path.join(directory, "start"), is_trainable=True)
    trained = [p for p in model.parameters() if p.requires_grad]
    optimizer = torch.optim.AdamW(trained, lr=1e-3, betas=(0.9, 0.95), eps=1e-6, weight_decay=0.01)
    with open(os.path.join(directory, "losses.txt")) as file:
        reported = [tuple(map(float, line.split())) for line in file]
    for loss_of_ours, norm_of_ours in reported:
        losses = []
        for prompt, tokens in examples:
            ids = torch.tensor([tokens])
            losses.append(torch.nn.functional.cross_entropy(model(ids).logits[0, prompt - 1:-1], ids[0, prompt:], reduction="none"))
        loss = torch.cat(losses).mean()
        optimizer.zero_grad()
        loss.backward()
        norm = torch.nn.utils.clip_grad_norm_(trained, 0.5)
        assert norm > 0.5, "clipping is part of the comparison"
        optimizer.step()
        assert abs(loss.item() - loss_of_ours) < 1e-5, (loss.item(), loss_of_ours)
        assert abs(norm.item() / norm_of_ours - 1) < 1e-4, (norm.item(), norm_of_ours)
    ours = read_safetensors(os.path.join(directory, "end", "adapter_model.safetensors"))
    start = read_safetensors(os.path.join(directory, "start", "adapter_model.safetensors"))
    theirs = {n.replace(".default", ""): p.detach() for n, p in model.named_parameters() if p.requires_grad}
    assert set(ours) == set(theirs), set(ours) ^ set(theirs)
    worst = max((ours[n] - theirs[n]).abs().max().item() for n in ours)
    moved = min((ours[n] - start[n]).abs().max().item() for n in ours)
    assert len(reported) == STEPS and moved > 1e-3, f"every tensor moves by steps of about the rate; one moved by {moved}"
    assert worst <= 2e-5, f"adapters differ by {worst}"  # a fiftieth of a step, where a gradient is as small as AdamW's epsilon
    return worst, moved


def main(dump):
    print(f"peft {peft.__version__}, transformers {transformers.__version__}, torch {torch.__version__}")
    rng = random.Random(1)
    root = tempfile.mkdtemp(prefix="hf_lora_")
    try:
        for family in ("llama", "gpt2"):
            directory = os.path.join(root, "ours-" + family)
            subprocess.run([dump, "--make", directory, family], check=True)
            print(f"our adapter in theirs, {family}: logits differ by {compare_logits(directory, dump, rng):.1e}")
        directory = os.path.join(root, "theirs-gpt2")
        for name, settings in THEIRS_GPT2.items():
            make_base(directory, 7, "gpt2")
            write_theirs(directory, settings)
            print(f"their adapter in ours, gpt2, {name}: logits differ by {compare_logits(directory, dump, rng):.1e}")
        worst, moved = compare_training(directory, dump, "all-linear", False, rng)
        print(f"{STEPS} AdamW steps on gpt2's all-linear: adapters differ by {worst:.1e} after moving by {moved:.1e} and more")
        directory = os.path.join(root, "theirs")
        for index, (name, settings) in enumerate(THEIRS.items()):
            make_base(directory, index)
            write_theirs(directory, settings)
            print(f"their adapter in ours, {name}: logits differ by {compare_logits(directory, dump, rng):.1e}")
        for name, settings in REFUSED.items():
            shutil.rmtree(os.path.join(directory, "adapter"))
            write_theirs(directory, dict(r=4, lora_alpha=8, target_modules=["q_proj"], **settings))
            done = subprocess.run([dump, "--logits", directory], capture_output=True, text=True)
            assert done.returncode == 65 and name in done.stderr, (name, done)
        print(f"theirs with {', '.join(REFUSED)}: refused by name")
        for targets, rslora in (("all-linear", False), ("q_proj,v_proj", True)):
            worst, moved = compare_training(directory, dump, targets, rslora, rng)
            print(f"{STEPS} AdamW steps on {targets}: adapters differ by {worst:.1e} after moving by {moved:.1e} and more")
    finally:
        shutil.rmtree(root)


if __name__ == "__main__":
    main(sys.argv[1])
