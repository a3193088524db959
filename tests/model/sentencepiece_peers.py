"""Our SentencePiece tokenizers beside the Python package: sentencepiece_peers.py GGUF_DUMP TOKENIZE_DUMP DATA

Trains models (unigram and BPE, with and without bytes, several normalizations) on GSM8K and compares ids and decoded text on
mixed text: prose, code, many scripts, emoji, white space; also a BPE model as llama.cpp's converter puts it into a GGUF. Exit
status 1 at the first difference. Exit 77 = skipped, with the reason.
"""
import json
import pathlib
import subprocess
import sys
import tempfile
import time

try:
    import gguf
    import sentencepiece as spm
except ImportError as error:
    print(f"skipped: {sys.executable} lacks a package ({error}); set AD_PEER_PYTHON to one that has it")
    sys.exit(77)

from hf_tokenizers import mixed_text

MODELS = {
    "unigram": dict(model_type="unigram", vocab_size=4000),
    "unigram, bytes": dict(model_type="unigram", vocab_size=4000, byte_fallback=True, user_defined_symbols=["<think>", "</think>"]),
    "BPE, bytes, as Llama 2": dict(model_type="bpe", vocab_size=4000, byte_fallback=True, normalization_rule_name="identity",
                                   remove_extra_whitespaces=False, split_digits=True, allow_whitespace_only_pieces=True),
    "BPE, no space before": dict(model_type="bpe", vocab_size=3000, byte_fallback=True, normalization_rule_name="nfkc",
                                 add_dummy_prefix=False),
    "BPE, case folded": dict(model_type="bpe", vocab_size=3000, normalization_rule_name="nmt_nfkc_cf"),
    "unigram, space behind": dict(model_type="unigram", vocab_size=3000, treat_whitespace_as_suffix=True),
}


def run(*arguments):
    done = subprocess.run(list(map(str, arguments)), capture_output=True, check=False)
    if done.returncode != 0:
        sys.exit(f"{arguments}: {done.stderr.decode()}")
    return done.stdout, done.stderr.decode().strip()


def training_text(data, folder):
    path = folder / "corpus.txt"
    with open(path, "w", encoding="utf-8") as out:
        for line in sorted(data.glob("gsm8k/*train*"))[0].read_text(encoding="utf-8").splitlines():
            problem = json.loads(line)
            out.write(problem["question"] + "\n" + problem["answer"] + "\n")
    return path


def same_score(model, ours, theirs):
    """Unigram: segmentations like "ll l" and "l ll" are equally good, and which one wins is a matter of rounding, in which the
    library's versions differ."""
    return abs(sum(map(model.get_score, ours)) - sum(map(model.get_score, theirs))) < 1e-4 and len(ours) == len(theirs)


def compare(dump, folder, name, model, texts):
    theirs_of = spm.SentencePieceProcessor(model_file=str(model))
    (folder / "texts").write_bytes(b"".join(text.encode() + b"\0" for text in texts))
    out, speed = run(dump, "encode", folder, folder / "texts")
    ours = [list(map(int, line.split())) for line in out.decode().splitlines()]
    begin = time.perf_counter()
    theirs = [theirs_of.encode(text) for text in texts]
    seconds = time.perf_counter() - begin
    different = [at for at, pair in enumerate(zip(ours, theirs, strict=True)) if pair[0] != pair[1]]
    tied = [at for at in different if same_score(theirs_of, ours[at], theirs[at])] if "unigram" in name else []
    if len(tied) != len(different):
        at = next(at for at in different if at not in tied)
        sys.exit(f"{name}: {len(different)} of {len(texts)} texts differ, first {texts[at]!r}: ours {ours[at]}, theirs {theirs[at]}")
    for at, ids in enumerate(ours[:40]):
        (folder / "ids").write_text("\n".join(map(str, ids)), encoding="ascii")
        decoded = run(dump, "decode", folder, folder / "ids")[0].decode("utf-8")
        if decoded != theirs_of.decode(ids):
            sys.exit(f"{name}: decoded text {at} differs: {decoded!r}, theirs {theirs_of.decode(ids)!r}")
    size = sum(len(text.encode()) for text in texts)
    print(f"{name}: {sum(map(len, ours))} tokens of {size} bytes in {len(texts)} texts equal, and the text of them"
          f"{f', but for {len(tied)} texts with another of the best segmentations' if tied else ''}; "
          f"ours {speed}, theirs {size / seconds * 1e-6:.2f} MB/s", flush=True)


def into_gguf(model, path):
    """As llama.cpp's converter does."""
    processor = spm.SentencePieceProcessor(model_file=str(model))
    writer = gguf.GGUFWriter(path, "llama")
    kinds = []
    for i in range(processor.vocab_size()):
        kinds.append(2 if processor.is_unknown(i) else 3 if processor.is_control(i) else 6 if processor.is_byte(i) else 1)
    writer.add_tokenizer_model("llama")
    writer.add_token_list([processor.id_to_piece(i).encode() for i in range(processor.vocab_size())])
    writer.add_token_scores([processor.get_score(i) for i in range(processor.vocab_size())])
    writer.add_token_types(kinds)
    writer.add_bos_token_id(processor.bos_id())
    writer.add_eos_token_id(processor.eos_id())
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.close()


def main(dump, _tokenize, data):
    print(f"sentencepiece {spm.__version__}")
    text = mixed_text(3).decode("utf-8", errors="ignore").replace("\0", "")[:1_500_000]
    texts = [text[at:at + 1500] for at in range(0, len(text), 1500)]
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        corpus = training_text(pathlib.Path(data), folder)
        for name, options in MODELS.items():
            spm.SentencePieceTrainer.train(input=str(corpus), model_prefix=str(folder / "tokenizer"), minloglevel=2,
                                           num_threads=2, **options)
            compare(dump, folder, name, folder / "tokenizer.model", texts)
            if "Llama" in name:
                (folder / "gguf").mkdir()
                into_gguf(folder / "tokenizer.model", folder / "llama.gguf")
                run(dump, "tokenizer", folder / "llama.gguf", folder / "gguf")
                compare(dump, folder / "gguf", name + ", through a GGUF", folder / "tokenizer.model", texts)


if __name__ == "__main__":
    main(*sys.argv[1:])
