"""Our tokenizers beside Hugging Face's `tokenizers`, token for token, on mixed text: hf_tokenizers.py TOKENIZE_DUMP QWEN3 GPT2

QWEN3 has tokenizer.json.gz and tokenizer_config.json; GPT2 has encoder.json and vocab.bpe. Text: prose, code, many scripts, emoji
with joiners, combining marks in any order, invalid UTF-8, runs of white space; seeded. Exit status 1 at the first difference.
"""
import gzip
import json
import pathlib
import random
import subprocess
import sys
import tempfile
import time
import unicodedata

import tokenizers
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers

LLAMA3 = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+")
MEGABYTES = 6


def words(rng, ranges, count):
    return " ".join("".join(chr(rng.randint(*rng.choice(ranges))) for _ in range(rng.randint(1, 9))) for _ in range(count))


def mixed_text(seed):
    """About MEGABYTES MB of bytes, not all of them UTF-8."""
    rng = random.Random(seed)
    code = b"\n".join(p.read_bytes() for p in sorted(pathlib.Path(__file__).parents[2].glob("*/*.cpp")))
    spaces = [" ", "  ", "\t", "\n", "\r\n", "\n\n", " \n ", "\u00a0", "\u3000", "\u2003", "\u0085", "\u180e", "\x1c"]
    makers = [
        lambda: code[(at := rng.randrange(len(code))):at + 2000],
        lambda: words(rng, [(0x61, 0x7a)], 60).encode(),
        lambda: words(rng, [(0x61, 0x7a), (0xc0, 0x24f)], 40).encode(),
        lambda: words(rng, [(0x4e00, 0x9fff), (0x3041, 0x30ff), (0xac00, 0xd7a3)], 40).encode(),
        lambda: words(rng, [(0x400, 0x4ff), (0x5d0, 0x5ea), (0x621, 0x64a), (0x905, 0x939), (0xe01, 0xe3a)], 40).encode(),
        lambda: words(rng, [(0x61, 0x7a), (0x300, 0x36f), (0x300, 0x36f), (0x1ab0, 0x1abd)], 30).encode(),
        lambda: words(rng, [(0x1f300, 0x1f64f), (0x1f3fb, 0x1f3ff), (0x200d, 0x200d), (0xfe0f, 0xfe0f)], 20).encode(),
        lambda: words(rng, [(0x30, 0x39), (0x660, 0x669), (0xb2, 0xb3), (0x2160, 0x2188)], 30).encode(),
        lambda: "".join(rng.choice(spaces) * rng.randint(1, 5) for _ in range(20)).encode(),
        lambda: "".join(rng.choice(["I'm", "he'LL", "we'Ve", "it's", "'S", "don't", "'\u017f", "\u2019s"]) + rng.choice(spaces)
                        for _ in range(20)).encode(),
        lambda: bytes(rng.randrange(256) for _ in range(200)),
        lambda: rng.choice(["a", " ", "\u4e00", "1", "!"]).encode() * rng.randint(1, 3000),
        # Assigned ones: what a newer Unicode than ours makes a letter is a letter to them only.
        lambda: "".join(c for c in (chr(rng.randint(1, 0xd7ff)) for _ in range(200)) if unicodedata.category(c) != "Cn").encode(),
    ]
    parts, size = [], 0
    while size < MEGABYTES * 1_000_000:
        parts.append(rng.choice(makers)())
        size += len(parts[-1])
    return b"".join(parts)


def newer_marks():
    """Combining marks that Unicode has and Hugging Face's normalizer does not know yet: it leaves them where they are, while
    ours, by a newer Unicode, puts them in canonical order."""
    nfc = normalizers.NFC()
    marks = [chr(c) for c in range(0x300, 0x30000) if unicodedata.combining(chr(c)) > 1]
    return {mark for mark in marks if nfc.normalize_str("a" + mark + "\u0334") == "a" + mark + "\u0334"}


def without_special(tokenizer_json):
    """Users' text has no special tokens; Hugging Face would find them in it."""
    data = json.loads(tokenizer_json)
    data["added_tokens"] = [t for t in data["added_tokens"] if not t["special"]]
    return json.dumps(data)


def gpt2_like(folder, pre_tokenizer, normalizer=None, ignore_merges=False):
    vocab = json.loads((folder / "encoder.json").read_text(encoding="utf-8"))
    merges = [tuple(line.split()) for line in (folder / "vocab.bpe").read_text(encoding="utf-8").splitlines()[1:] if line]
    tokenizer = Tokenizer(models.BPE(vocab=vocab, merges=merges, ignore_merges=ignore_merges))
    tokenizer.pre_tokenizer = pre_tokenizer
    if normalizer:
        tokenizer.normalizer = normalizer
    tokenizer.add_special_tokens(["<|endoftext|>"])
    return tokenizer.to_str()


def compare(dump, name, tokenizer_json, config, text):
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        (folder / "tokenizer.json").write_text(tokenizer_json, encoding="utf-8")
        (folder / "tokenizer_config.json").write_text(json.dumps(config), encoding="utf-8")
        (folder / "text").write_bytes(text)
        run = subprocess.run([dump, folder / "tokenizer.json", folder / "text"], capture_output=True, text=True, check=False)
        if run.returncode != 0:
            sys.exit(f"{name}: {run.stderr}")
    ours = [int(line) for line in run.stdout.split()]
    theirs_of = Tokenizer.from_str(without_special(tokenizer_json))
    begin = time.perf_counter()
    theirs = theirs_of.encode(text.decode("utf-8", errors="replace"), add_special_tokens=False).ids
    seconds = time.perf_counter() - begin
    for at, pair in enumerate(zip(ours, theirs)):
        if pair[0] != pair[1]:
            sys.exit(f"{name}: token {at} differs: ours {ours[at - 3:at + 5]} {theirs_of.decode(ours[at - 3:at + 5])!r}, "
                     f"theirs {theirs[at - 3:at + 5]} {theirs_of.decode(theirs[at - 3:at + 5])!r}")
    if len(ours) != len(theirs):
        sys.exit(f"{name}: {len(ours)} tokens, theirs {len(theirs)}")
    print(f"{name}: {len(ours)} tokens of {len(text)} bytes equal; ours {run.stderr.strip()}, theirs {len(text) / seconds * 1e-6:.2f} MB/s")


def main(dump, qwen3, gpt2):
    print(f"tokenizers {tokenizers.__version__}")
    text, unknown = mixed_text(1), newer_marks()
    print(f"left out: {len(unknown)} combining marks newer than its normalizer's Unicode")
    for mark in unknown:
        text = text.replace(mark.encode(), b"?")
    qwen3, gpt2 = pathlib.Path(qwen3), pathlib.Path(gpt2)
    end = {"eos_token": "<|endoftext|>"}
    compare(dump, "Qwen3", gzip.decompress((qwen3 / "tokenizer.json.gz").read_bytes()).decode(),
            json.loads((qwen3 / "tokenizer_config.json").read_text(encoding="utf-8")), text)
    byte_level = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    compare(dump, "GPT-2", gpt2_like(gpt2, pre_tokenizers.ByteLevel(add_prefix_space=False)), end, text)
    compare(dump, "SmolLM2's steps", gpt2_like(gpt2, pre_tokenizers.Sequence(
        [pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)])), end, text)
    compare(dump, "Llama 3's steps", gpt2_like(gpt2, pre_tokenizers.Sequence(
        [pre_tokenizers.Split(tokenizers.Regex(LLAMA3), "isolated"), byte_level]), ignore_merges=True), end, text)
    compare(dump, "NFC, prefix space", gpt2_like(gpt2, pre_tokenizers.ByteLevel(add_prefix_space=True),
                                                 normalizers.NFC()), end, text)


if __name__ == "__main__":
    main(*sys.argv[1:])
