"""Writes a Hugging Face tokenizer that takes each ASCII character for the token of its code.

usage: byte_tokenizer.py DIRECTORY
"""

import json
import pathlib
import sys

vocabulary = {chr(code): code for code in range(1, 128)}
vocabulary["<end>"] = 0
end = {"id": 0, "content": "<end>", "single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": True}
tokenizer = {
    "version": "1.0",
    "truncation": None,
    "padding": None,
    "added_tokens": [end],
    "normalizer": None,
    "pre_tokenizer": {"type": "Split", "pattern": {"Regex": "[\\s\\S]"}, "behavior": "Isolated", "invert": False},
    "post_processor": None,
    "decoder": {"type": "Fuse"},
    "model": {"type": "WordLevel", "vocab": vocabulary, "unk_token": "<end>"},
}
directory = pathlib.Path(sys.argv[1])
directory.mkdir(parents=True)
(directory / "tokenizer.json").write_text(json.dumps(tokenizer))
config = {"tokenizer_class": "PreTrainedTokenizerFast", "eos_token": "<end>", "pad_token": "<end>", "model_max_length": 128}
(directory / "tokenizer_config.json").write_text(json.dumps(config))
