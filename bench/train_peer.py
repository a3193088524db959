"""Training tokens per second of transformers' Llama with torch's fused AdamW on the same shape and lengths as train_bench:
eager, padded batches, clipping. Prints one JSON object.
usage: train_peer.py THREADS BATCH LENGTH STEPS"""
import json
import sys
import time

import torch
import transformers

threads, batch, mean, steps = map(int, sys.argv[1:])
torch.set_num_threads(threads)
torch.manual_seed(1)
config = transformers.LlamaConfig(vocab_size=40, hidden_size=64, num_hidden_layers=3, num_attention_heads=4, num_key_value_heads=4,
                                  intermediate_size=192, max_position_embeddings=160, tie_word_embeddings=True)
model = transformers.LlamaForCausalLM(config)
optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3, fused=True)
lengths = torch.randint(mean // 2, mean // 2 + mean + 1, (batch,))
lengths = lengths.sort().values  # as even as train_bench's
ids = torch.randint(config.vocab_size, (batch, int(lengths.max())))
place = torch.arange(ids.shape[1])[None, :]
mask = place < lengths[:, None]
labels = torch.where(mask & (place >= (lengths // 4)[:, None]), ids, -100)
tokens = int((lengths - 1).sum())
best = 0.0
for step in range(steps + 2):
    start = time.perf_counter()
    optimizer.zero_grad(set_to_none=True)
    model(input_ids=ids, attention_mask=mask.long(), labels=labels).loss.backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
    if step >= 2:
        best = max(best, tokens / (time.perf_counter() - start))
print(json.dumps({"engine": f"transformers {transformers.__version__} + AdamW(fused), torch {torch.__version__} eager", "threads": threads,
                  "sequences": batch, "tokens": tokens, "tokens_per_s": round(best)}))
