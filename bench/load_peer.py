"""Loading the same safetensors file with Hugging Face's safetensors, every tensor copied into memory. Prints one JSON object.
usage: load_peer.py DIR [REPEATS]"""
import json
import os
import sys
import time

import safetensors
import safetensors.torch

path = os.path.join(sys.argv[1], "model.safetensors")
best = 1e9
for _ in range(int(sys.argv[2]) if len(sys.argv) > 2 else 3):
    start = time.perf_counter()
    tensors = {name: tensor.clone() for name, tensor in safetensors.torch.load_file(path).items()}
    best = min(best, time.perf_counter() - start)
print(json.dumps({"engine": f"safetensors {safetensors.__version__}", "tensors_gb_per_s": round(os.path.getsize(path) / best * 1e-9, 2)}))
