"""Turns results of test_time.py into a Markdown page of tables. Standard library only."""
import flops
from results_page import old_reading, spread, table

# Sequences of a step, and tokens of a sequence, question and rationale: what training FLOPs are reckoned with.
SEQUENCES, TOKENS_TRAINED = 32, 40


def rows_of(runs, strategy):
    return [row for run in runs for row in run["search"] if row["strategy"] == strategy]


def group_cells(found, names):
    return [spread([g["accuracy"] for row in found for g in row["groups"] if g["name"] == name]) for name in names]


def search_table(runs):
    names = [group["name"] for group in runs[0]["search"][0]["groups"]]
    rows = []
    for strategy in [row["strategy"] for row in runs[0]["search"]]:
        found = rows_of(runs, strategy)
        rows.append([f"`{strategy}`", spread([row["accuracy"] for row in found])] + group_cells(found, names) +
                    [spread([row["tokens"] for row in found], scale=1.0), spread([row["tokens_scored"] for row in found], scale=1.0)])
    return table(["strategy", "accuracy"] + names + ["tokens", "tokens scored"], rows)


def abstain_table(runs):
    rows = []
    for strategy in [row["strategy"] for row in runs[0]["search"]]:
        found = [row for row in rows_of(runs, strategy) if "confidence" in row]
        confidence = [row["confidence"] for row in found]
        cut = [1 - c["error_after_abstaining_20"] / (1 - row["accuracy"]) for row, c in zip(found, confidence)]
        rows.append([f"`{strategy}`", spread([1 - row["accuracy"] for row in found]),
                     spread([c["error_after_abstaining_20"] for c in confidence]), spread(cut), spread([c["ece"] for c in confidence])])
    return table(["strategy", "error", "error without the least confident 20 %", "less, % of it", "ECE"], rows)


def verifier_table(runs):
    rows = []
    for run in runs:
        for round_number, metrics in enumerate(run["verifiers"], 1):
            rows.append([str(run["seed"]), str(round_number), f"{metrics.get('step_auc', 0):.3f}",
                         spread([metrics["pass_at_1"]]), spread([metrics["best_of_k"]])])
    return table(["seed", "round", "step AUC", "Pass@1 on validation problems", "Best-of-k there"], rows)


def auto_table(runs):
    rows = []
    for index, budget in enumerate(runs[0]["auto"]["budgets"]):
        found = [run["auto"]["budgets"][index] for run in runs]
        optimal = [entry["compute_optimal"] for entry in found]
        rows.append([str(budget["budget_tokens"]), spread([o["predicted"]["accuracy"] for o in optimal]),
                     spread([o["predicted"]["tokens"] for o in optimal], scale=1.0), spread([o["oracle"]["accuracy"] for o in optimal]),
                     spread([o["gap"] for o in optimal]), spread([entry["fixed"]["best_of_n"]["accuracy"] for entry in found]),
                     spread([entry["fixed"]["best_of_n"]["tokens"] for entry in found], scale=1.0),
                     spread([entry["fixed"]["majority"]["accuracy"] for entry in found]),
                     spread([entry["saving"]["best_of_n"] for entry in found], scale=1.0),
                     spread([entry["saving"]["majority"] for entry in found], scale=1.0)])
    return table(["budget", "auto, predicted bins", "tokens", "auto, oracle bins", "gap", "best-of-n", "tokens", "majority",
                  "times cheaper than best-of-n as good", "… than majority as good"], rows)


def saving_table(runs):
    """Best-of-n where nothing cuts it, and how many times fewer tokens early stopping and `auto` take to be (nearly) as good."""
    def of(run, strategy):
        return [row for row in run["auto"]["strategies"] if row["strategy"] == strategy]

    def full(run, strategy):
        return max(of(run, strategy), key=lambda row: row["budget_tokens"])

    def fewer(name, strategy, slack):
        ratios = []
        for run in runs:
            best = full(run, name)
            tokens = [row["tokens"] for row in of(run, strategy) if row["accuracy"] >= best["accuracy"] - slack - 1e-9]
            ratios.append(best["tokens"] / min(tokens) if tokens else None)
        missing = "" if None not in ratios else f", {ratios.count(None)} of {len(runs)} seeds never"
        return spread(ratios, scale=1.0) + missing

    names = dict.fromkeys(row["strategy"] for row in runs[0]["auto"]["strategies"] if row["strategy"].startswith("best_of_n"))
    names = [name for name in names if "early" not in name]
    early = bool(of(runs[0], names[0] + ",early_stop"))
    rows = []
    for name in names:
        rows.append([f"`{name}`", spread([full(run, name)["accuracy"] for run in runs]),
                     spread([full(run, name)["tokens"] for run in runs], scale=1.0)] +
                    ([fewer(name, name + ",early_stop", 0)] if early else []) + [fewer(name, "auto", 0), fewer(name, "auto", 0.01)])
    return table(["", "accuracy", "tokens"] + (["early stop: times fewer"] if early else []) +
                 ["`auto` as good: times fewer", "`auto` within a point: times fewer"], rows)


def shape_of(run):
    config = run["shape"]
    heads = config["num_attention_heads"]
    width = config.get("head_dim") or config["hidden_size"] // heads
    return flops.Shape(config["num_hidden_layers"], config["hidden_size"], heads * width,
                       config.get("num_key_value_heads", heads) * width, config["intermediate_size"],
                       config.get("model_type") != "gpt2", config["vocab_size"])


def large_table(small_runs, large_runs):
    small, large = shape_of(small_runs[0]), shape_of(large_runs[0])
    names = [group["name"] for group in small_runs[0]["search"][0]["groups"]]

    def total(shape, runs, strategy, answers):
        found = rows_of(runs, strategy)
        tokens = sum(row["tokens"] for row in found) / len(found)
        steps = sum(run["steps"] for run in runs) / len(runs)
        tokens += sum(row["tokens_scored"] for row in found) / len(found)
        drawn = sum(run["attempts"] for run in runs) / len(runs) * TOKENS_TRAINED
        return shape.train(steps * SEQUENCES * TOKENS_TRAINED, TOKENS_TRAINED) + (drawn + answers * tokens) * shape.forward(TOKENS_TRAINED)

    rows = []
    for title, runs, shape, strategy in (("small, one greedy", small_runs, small, "greedy"),
                                         ("small, majority of 16", small_runs, small, "majority:n=16"),
                                         ("small, best of 16", small_runs, small, "best_of_n:n=16"),
                                         ("small, best of 16, early stop", small_runs, small, "best_of_n:n=16,early_stop"),
                                         ("large, one greedy", large_runs, large, "greedy")):
        rows.append([title, f"{shape.parameters():,}"] + group_cells(rows_of(runs, strategy), names) +
                    [f"{total(shape, runs, strategy, answers):.2e}" for answers in (1e3, 1e5, 1e7)])
    return table(["", "parameters"] + names + ["FLOPs, training and 1,000 answers", "… 100,000", "… 10,000,000"], rows)


def write(path, arms, results, about):
    by_arm = {name: [run for run in results if run["arm"] == name] for name in arms}
    path.parent.mkdir(parents=True, exist_ok=True)
    parts = ["# Test-time compute on addition: results\n",
             "Written by `python3 bench/experiments/test_time.py`, which also runs the daemon for each line below. Percent of held-out "
             "sums of one to five digits: mean over seeds, in brackets the range. Tokens are generated ones for each question.\n",
             old_reading(path) + "\n"]
    if by_arm.get("vstar"):
        parts += ["## Strategies with V-STaR's verifier\n", search_table(by_arm["vstar"]),
                  "How sure the answers are:\n", abstain_table(by_arm["vstar"]),
                  "## Compute-optimal: strategy `auto`, two-fold cross-validated\n", auto_table(by_arm["vstar"]),
                  saving_table(by_arm["vstar"])]
    if by_arm.get("prm"):
        parts += ["## Process rewards\n", verifier_table(by_arm["prm"]), search_table(by_arm["prm"]),
                  abstain_table(by_arm["prm"]), "Strategy `auto` may take diverse verifier tree search too:\n",
                  auto_table(by_arm["prm"]), saving_table(by_arm["prm"])]
    if by_arm.get("vstar") and by_arm.get("large"):
        parts += ["## A small model that searches, a large one that does not\n", large_table(by_arm["vstar"], by_arm["large"]),
                  f"Training is reckoned as steps × {SEQUENCES} sequences × {TOKENS_TRAINED} tokens, of generators and verifiers; what was "
                  "sampled to learn from and what verifiers score is counted as forward passes.\n"]
    parts.append("## How it was run\n\n"
                 f"- Machine: {about['machine']}.\n- Commit: {about['commit']}.\n- Preset: `{about['preset']}`, and for every run "
                 + ", ".join(f"`{change}`" for change in about["changes"]) + ".\n" +
                 "".join(f"- {arm['title']}: " + (", ".join(f"`{k} = {v}`" for k, v in arm["changes"].items()) or "the preset as it is") +
                         f"; {spread([run['seconds'] for run in by_arm[name]], scale=1.0)} s a run, measurements included.\n"
                         for name, arm in arms.items() if by_arm.get(name)))
    path.write_text("\n".join(parts))
