"""Tokens per second of CTranslate2's Generator on the checkpoint that decode_bench wrote, from random prompts, end to end; with
--shared one prompt and as many hypotheses as the batch. Its converter wants a tokenizer of the checkpoint's vocabulary in TOKENIZER, a
folder with a tokenizer.json. Prints one JSON object.
usage: decode_ct2.py CHECKPOINT TOKENIZER BATCH PROMPT NEW THREADS WAVES SHARED"""
import json
import pathlib
import shutil
import sys
import time

import ctranslate2
import numpy as np
import transformers

directory, tokenizer_directory = map(pathlib.Path, sys.argv[1:3])
batch, prompt, new, threads, waves = map(int, sys.argv[3:8])
shared = sys.argv[8] == "1"
converted = directory / "ct2"
if not converted.exists():
    for name in ("tokenizer.json", "tokenizer_config.json"):
        if (tokenizer_directory / name).exists():
            shutil.copy(tokenizer_directory / name, directory / name)
    ctranslate2.converters.TransformersConverter(str(directory)).convert(str(converted), quantization="float32", force=True)
tokenizer = transformers.AutoTokenizer.from_pretrained(directory)
generator = ctranslate2.Generator(str(converted), device="cpu", compute_type="float32", intra_threads=threads)
random = np.random.default_rng(1)


def wave():
    prompts = [tokenizer.convert_ids_to_tokens(random.integers(len(tokenizer), size=prompt).tolist())
               for _ in range(1 if shared else batch)]
    start = time.perf_counter()
    results = generator.generate_batch(prompts, max_length=new, min_length=new, sampling_topk=0, include_prompt_in_result=False,
                                       num_hypotheses=batch if shared else 1)
    seconds = time.perf_counter() - start
    drawn = sum(len(ids) for result in results for ids in result.sequences_ids)
    assert drawn == batch * new, drawn
    return drawn / seconds


best = max([wave() for _ in range(waves + 1)][1:])
print(json.dumps({"engine": f"CTranslate2 {ctranslate2.__version__}", "dtype": "float32", "threads": threads, "batch": batch,
                  "prompt": prompt, "new": new, "shared": int(shared), "tokens_per_s": round(best)}))
