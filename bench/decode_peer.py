"""Tokens per second of Hugging Face transformers' generate() with its key-value cache, on the checkpoint that decode_bench
wrote. Prints one JSON object. usage: decode_peer.py CHECKPOINT BATCH PROMPT NEW THREADS WAVES"""
import json
import sys
import time

import torch
import transformers

directory, batch, prompt, new, threads, waves = sys.argv[1], *map(int, sys.argv[2:])
torch.set_num_threads(threads)
model = transformers.LlamaForCausalLM.from_pretrained(directory).eval()
ids = torch.randint(model.config.vocab_size, (batch, prompt), generator=torch.Generator().manual_seed(1))
mask = torch.ones_like(ids)
best = 0.0
with torch.inference_mode():
    for wave in range(waves + 1):  # the first one warms up
        start = time.perf_counter()
        out = model.generate(ids, attention_mask=mask, do_sample=True, temperature=1.0, top_k=0, max_new_tokens=new,
                             min_new_tokens=new, use_cache=True, pad_token_id=0)
        seconds = time.perf_counter() - start
        assert out.shape == (batch, prompt + new), out.shape
        if wave > 0:
            best = max(best, batch * new / seconds)
print(json.dumps({"engine": f"transformers {transformers.__version__} generate, torch {torch.__version__}", "threads": threads,
                  "batch": batch, "prompt": prompt, "new": new, "tokens_per_s": round(best)}))
