"""Training tokens per second and peak memory on train_bench's shape and lengths: transformers' Llama with torch's fused AdamW,
eager, padded batches, clipping; or, with --trainer trl, TRL's SFTTrainer on the same model. Prints one JSON object.
usage: train_peer.py THREADS BATCH LENGTH STEPS [--shape smollm2] [--packed] [--dtype bfloat16] [--trainer trl]"""
import argparse
import json
import resource
import tempfile
import time

import torch
import transformers

SHAPES = {"demo": dict(vocab_size=40, hidden_size=64, num_hidden_layers=3, num_attention_heads=4, num_key_value_heads=4,
                       intermediate_size=192, max_position_embeddings=160),
          "smollm2": dict(vocab_size=49152, hidden_size=576, num_hidden_layers=30, num_attention_heads=9, num_key_value_heads=3,
                          intermediate_size=1536, max_position_embeddings=1024)}


def eager(model, a):
    """Seconds of the best step, its tokens, and a name."""
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3, fused=True)
    lengths = torch.full((a.batch,), a.length + 1) if a.packed else torch.randint(a.length // 2, a.length // 2 + a.length + 1, (a.batch,))
    lengths = lengths.sort().values  # as even as train_bench's
    ids = torch.randint(model.config.vocab_size, (a.batch, int(lengths.max())))
    place = torch.arange(ids.shape[1])[None, :]
    mask = place < lengths[:, None]
    labels = torch.where(mask & (a.packed | (place >= (lengths // 4)[:, None])), ids, -100)
    attention = None if a.packed else mask.long()
    times = []
    for _ in range(a.steps + 1):
        start = time.perf_counter()
        optimizer.zero_grad(set_to_none=True)
        with torch.autocast("cpu", torch.bfloat16, enabled=a.dtype == "bfloat16"):  # fp32 master weights and moments
            loss = model(input_ids=ids, attention_mask=attention, labels=labels).loss
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        times.append(time.perf_counter() - start)
    return min(times[1:]), int((lengths - 1).sum()), f"transformers {transformers.__version__} + AdamW(fused), torch {torch.__version__} eager"


def sft_trainer(model, a):
    import datasets
    import tokenizers
    import trl

    times = []

    class Clock(transformers.TrainerCallback):
        def on_step_begin(self, *_, **__):
            self.start = time.perf_counter()

        def on_step_end(self, *_, **__):
            times.append(time.perf_counter() - self.start)

    rows = torch.randint(model.config.vocab_size, (a.batch * (a.steps + 1), a.length + 1)).tolist()
    nothing = tokenizers.Tokenizer(tokenizers.models.WordLevel({"<pad>": 0}, unk_token="<pad>"))
    with tempfile.TemporaryDirectory() as work:
        settings = trl.SFTConfig(output_dir=work, per_device_train_batch_size=a.batch, max_steps=a.steps + 1, max_length=a.length + 1,
                                 learning_rate=1e-3, bf16=a.dtype == "bfloat16", use_cpu=True, report_to=[], save_strategy="no",
                                 gradient_checkpointing=False, optim="adamw_torch_fused", disable_tqdm=True,
                                 dataset_kwargs={"skip_prepare_dataset": True})
        trl.SFTTrainer(model=model, args=settings, train_dataset=datasets.Dataset.from_dict({"input_ids": rows}), callbacks=[Clock()],
                       processing_class=transformers.PreTrainedTokenizerFast(tokenizer_object=nothing, pad_token="<pad>", eos_token="<pad>")).train()
    return min(times[1:]), a.batch * a.length, f"TRL {trl.__version__} SFTTrainer, torch {torch.__version__}"


parser = argparse.ArgumentParser()
for name in ("threads", "batch", "length", "steps"):
    parser.add_argument(name, type=int)
parser.add_argument("--shape", choices=SHAPES, default="demo")
parser.add_argument("--packed", action="store_true", help="every row full, every token counted")
parser.add_argument("--dtype", choices=("float32", "bfloat16"), default="float32")
parser.add_argument("--trainer", choices=("eager", "trl"), default="eager")
arguments = parser.parse_args()
torch.set_num_threads(arguments.threads)
torch.manual_seed(1)
llama = transformers.LlamaForCausalLM(transformers.LlamaConfig(tie_word_embeddings=True, **SHAPES[arguments.shape]))
seconds, tokens, engine = (sft_trainer if arguments.trainer == "trl" else eager)(llama, arguments)
print(json.dumps({"engine": engine, "dtype": arguments.dtype, "threads": arguments.threads, "sequences": arguments.batch, "tokens": tokens,
                  "tokens_per_s": round(tokens / seconds, 1),
                  "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024}))
