#!/usr/bin/env python3
"""What search is worth at test time, on finished runs of vstar.py (addition): strategies against process rewards, strategy `auto`,
confidence, and a small model that searches beside a large one that does not; then writes docs/results/test-time.md.

  python3 bench/experiments/vstar.py --arms vstar     # first: generators, and verifiers by DPO
  python3 bench/experiments/test_time.py              # trains process verifiers and large models, measures, writes the page
  python3 bench/experiments/test_time.py --report-only

Needs nothing but Python's standard library and the built daemon. It may be stopped at any time: what is finished is skipped.
"""
import json
import sys

import daemon_runs
import test_time_page

# Runs of the daemon besides vstar's: name -> (title, changes to the preset).
ARMS = {
    "vstar": ("V-STaR", {}),
    "prm": ("process verifier", {"verifier.kind": "prm", "verifier.label_attempts": "2000", "verifier.likelihood_weight": "1"}),
    "large": ("a model with 12 times the parameters, one sample", {
        "method.name": "star", "verifier.kind": "none", "loop.rounds": "1", "model.d_model": "224", "model.ffn": "624",
        "model.heads": "14", "model.kv_heads": "14", "model.init_std": "0.04", "train.seed_lr": "0.002", "train.lr": "0.001",
        "eval.samples": "0"}),
}
BUDGETS = ["64", "120", "240", "480", "960", "1920"]  # tokens; a sample takes about 26
SEARCHES = {
    "vstar": ["greedy", "majority:n=16", "weighted:n=16", "best_of_n:n=16", "best_of_n:n=16,early_stop"],
    "prm": ["greedy", "majority:n=16", "weighted:n=16", "best_of_n:n=16", "beam:n=16,width=4", "lookahead:n=16,width=4,k=1",
            "dvts:n=16,width=4"],
    "large": ["greedy"],
}
# What `auto` may choose. Likelihoods tell when no other text can score higher, values of a process verifier do not.
FITTED = {
    "vstar": ["greedy", "majority:n=16", "weighted:n=16"] + [f"best_of_n:n={n}{stop}" for n in (4, 16, 64) for stop in ("", ",early_stop")],
    "prm": ["greedy", "majority:n=16", "weighted:n=16", "weighted:n=64"] + [f"best_of_n:n={n}" for n in (2, 4, 8, 16, 32, 64)] +
           [f"dvts:n={n},width=4" for n in (8, 16)],
}


def measure(experiment, arm, seed, directory):
    def evaluate(strategies, budgets, *more):
        words = [word for strategy in strategies for word in ("--strategy", strategy)]
        words += [word for budget in budgets for word in ("--budget", budget)]
        return experiment.evaluate(arm, seed, directory, *words, *more)

    result = {"search": evaluate(SEARCHES[arm], ["2000"], "--limit", "500")["strategies"]}
    versions = [v for v in experiment.client(directory, "replay", "versions", "--json") if v.get("type") == "version"]
    result["verifiers"] = [v["metrics"] for v in versions if v["line"] == "verifier"]
    newest = max(v["id"] for v in versions if v["line"] == "generator")
    result["shape"] = json.loads((directory / f"versions/v{newest:06d}/config.json").read_text())
    stats = next(line for line in experiment.client(directory, "replay", "stats", "--json") if line.get("type") == "store")
    result["attempts"] = stats["attempts"]
    result["steps"] = max(v["step"] for v in versions)
    if arm in FITTED:
        result["auto"] = evaluate(FITTED[arm], BUDGETS, "--fit-auto")
    return result


def collect(experiment, arm, seed, directory, seconds):
    result = measure(experiment, arm, seed, directory)
    said = ", ".join(f"{row['strategy']} {100 * row['accuracy']:.1f} %" for row in result["search"])
    return {"arm": arm, "seed": seed, "seconds": seconds, "said": said, **result}


def main():
    args = daemon_runs.parser(__doc__, "config/presets/vstar-addition.toml", "runs/test-time", "docs/results/test-time.md",
                              ARMS).parse_args()
    daemon_runs.Experiment(args, ARMS, daemon_runs.ONE_CORE, collect).main(test_time_page.write)


if __name__ == "__main__":
    sys.exit(main())
