"""The exports of `autodidact replay export` through the trainers they are made for: Hugging Face TRL's.

Each is loaded with datasets.load_dataset("json", ...) and trained on for a step, unchanged, with a model and a tokenizer of a
few kilobytes made here. What a trainer makes of its rows is compared with what they say. Nothing is downloaded.
usage: trl_exports.py AUTODIDACT MAKE_SAMPLE_RUN   (run by a python that has torch, trl and datasets: AD_PEER_PYTHON)
"""
import glob
import math
import os
import subprocess
import sys
import tempfile

os.environ.update(HF_HUB_OFFLINE="1", HF_DATASETS_OFFLINE="1", TRL_EXPERIMENTAL_SILENCE="1", TOKENIZERS_PARALLELISM="false",
                  CUDA_VISIBLE_DEVICES="", HF_HUB_DISABLE_TELEMETRY="1",
                  HF_DATASETS_DISABLE_PROGRESS_BARS="1")
try:
    import torch
    import trl
    from datasets import load_dataset
    from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers
    from transformers import (LlamaConfig, LlamaForCausalLM, LlamaForSequenceClassification, LlamaForTokenClassification,
                              PreTrainedTokenizerFast)
    from trl import DPOConfig, DPOTrainer, RewardConfig, RewardTrainer
except ImportError as error:
    print(f"skipped: {sys.executable} has no torch, trl and datasets ({error}); set AD_PEER_PYTHON to one that has")
    sys.exit(77)
try:
    from trl import KTOConfig, KTOTrainer
except ImportError:
    from trl.experimental.kto import KTOConfig, KTOTrainer
try:
    from trl.experimental.prm import PRMConfig, PRMTrainer
except ImportError:
    try:
        from trl import PRMConfig, PRMTrainer
    except ImportError:
        PRMConfig = PRMTrainer = None  # TRL removed it in 1.14

torch.set_num_threads(1)
AUTODIDACT, MAKE_SAMPLE_RUN = sys.argv[1:3]


def characters():
    """A tokenizer with a token for each printable ASCII character and the line feed."""
    vocabulary = {token: i for i, token in enumerate(["<pad>", "<eos>", "<unk>", "\n"] + [chr(c) for c in range(32, 127)])}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.Split(Regex("[\\s\\S]"), "isolated")
    tokenizer.decoder = decoders.Fuse()
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, pad_token="<pad>", eos_token="<eos>", unk_token="<unk>")


def tiny(kind, tokenizer, **more):
    torch.manual_seed(0)
    return kind(LlamaConfig(vocab_size=len(tokenizer), hidden_size=16, intermediate_size=32, num_hidden_layers=1,
                            num_attention_heads=2, num_key_value_heads=2, pad_token_id=0, eos_token_id=1, bos_token_id=None,
                            **more))


def settings(kind, directory, **more):
    return kind(output_dir=directory, max_steps=1, per_device_train_batch_size=4, report_to=[], save_strategy="no",
                use_cpu=True, bf16=False, disable_tqdm=True, **more)


def export(run, directory, *words):
    subprocess.run([AUTODIDACT, "-q", "-d", run, "replay", "export", *words, "-o", directory], check=True,
                   stdout=subprocess.DEVNULL)
    files = sorted(glob.glob(directory + "/data/*.jsonl"))
    rows = load_dataset("json", data_files=files, split="train", cache_dir=directory + "/cache")
    assert len(rows) > 0
    return rows


def loss_of(trainer):
    loss = trainer.train().training_loss
    assert loss == loss and loss >= 0, f"{type(trainer).__name__} has a loss of {loss}"
    return loss


def check_preferences(rows, directory, tokenizer):
    trainer = DPOTrainer(model=tiny(LlamaForCausalLM, tokenizer), ref_model=tiny(LlamaForCausalLM, tokenizer),
                         args=settings(DPOConfig, directory + "/dpo"), train_dataset=rows, processing_class=tokenizer)
    tokens = trainer.train_dataset[0]
    said = {column: tokenizer.decode(tokens[column]) for column in ("prompt_ids", "chosen_ids", "rejected_ids")}
    assert said["prompt_ids"] == rows[0]["prompt"], said
    assert said["chosen_ids"] == rows[0]["chosen"] + "<eos>" and said["rejected_ids"] == rows[0]["rejected"] + "<eos>", said
    loss = loss_of(trainer)
    assert abs(loss - math.log(2)) < 1e-3, f"policy and reference are one model, and the loss is {loss}"
    print(f"DPOTrainer: {len(rows)} pairs, loss {loss:.4f}")

    trainer = RewardTrainer(model=tiny(LlamaForSequenceClassification, tokenizer, num_labels=1),
                            args=settings(RewardConfig, directory + "/reward"), train_dataset=rows, processing_class=tokenizer)
    assert len(trainer.train_dataset) == len(rows)
    print(f"RewardTrainer: {len(rows)} pairs, loss {loss_of(trainer):.4f}")


def check_singles(rows, directory, tokenizer):
    labels = list(rows["label"])
    assert set(labels) == {True, False}, "both outcomes"
    trainer = KTOTrainer(model=tiny(LlamaForCausalLM, tokenizer), ref_model=tiny(LlamaForCausalLM, tokenizer),
                         args=settings(KTOConfig, directory + "/kto"), train_dataset=rows, processing_class=tokenizer)
    assert list(trainer.train_dataset["label"]) == labels
    print(f"KTOTrainer: {len(rows)} attempts, loss {loss_of(trainer):.4f}")


def check_steps(rows, directory, tokenizer):
    for row in rows:
        assert len(row["completions"]) == len(row["labels"]) == len(row["values"]) > 0, row
        assert row["labels"] == [value > 0 for value in row["values"]], row
    if PRMTrainer is None:
        print(f"PRMTrainer: TRL {trl.__version__} has none any more (1.13 is the last that has); columns checked alone")
        return
    trainer = PRMTrainer(model=tiny(LlamaForTokenClassification, tokenizer, num_labels=2),
                         args=settings(PRMConfig, directory + "/prm"), train_dataset=rows, processing_class=tokenizer)
    for row, tokens in zip(rows, trainer.train_dataset):
        # With TRL's default separator, "\n", the trainer sees the attempt as it was sampled; a label ends each step.
        assert tokenizer.decode(tokens["input_ids"]) == row["prompt"] + "\n".join(row["completions"]) + "\n", row
        labelled = [bool(label) for label in tokens["labels"] if label != -100]
        assert labelled == row["labels"], (row, tokens)
    print(f"PRMTrainer: {len(rows)} attempts, loss {loss_of(trainer):.4f}")


def main():
    print(f"TRL {trl.__version__}")
    tokenizer = characters()
    with tempfile.TemporaryDirectory() as directory:
        run = directory + "/run"
        subprocess.run([MAKE_SAMPLE_RUN, run], check=True)
        check_preferences(export(run, directory + "/pairs", "--format", "pairs"), directory, tokenizer)
        check_singles(export(run, directory + "/orm", "--format", "orm"), directory, tokenizer)
        check_steps(export(run, directory + "/steps", "--format", "prm"), directory, tokenizer)


main()
