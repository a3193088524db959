#!/usr/bin/env python3
"""Runs the V-STaR experiment: eight arms by three seeds, each a run of the daemon; then writes the results page.

  python3 bench/experiments/vstar.py                  # addition: runs what is missing, writes docs/results/vstar-addition.md
  python3 bench/experiments/vstar.py --task countdown # Countdown with three numbers: docs/results/vstar-countdown.md
  python3 bench/experiments/vstar.py --report-only    # writes the page from what has run

Needs nothing but Python's standard library and the built daemon. It may be stopped at any time: a finished run is skipped, an
unfinished one goes on where its data directory is (the daemon resumes). Prose between the `reading` marks of the page stays.
"""
import argparse
import tomllib

import daemon_runs
import vstar_page

# name: (what it is called on the page, what it changes in the preset). All but `sft` draw the same number of samples.
ARMS = {
    "vstar": ("V-STaR", {}),
    "one_round": ("V-STaR in one round, as many samples", {"loop.rounds": "1"}),
    "sft_verifier": ("SFT with a verifier: the generator learns from the seeds alone", {"method.random_reward": "0"}),
    "orm": ("outcome reward model instead of DPO", {"verifier.kind": "orm"}),
    "orm_likelihood": ("outcome reward model that also counts the likelihood", {"verifier.kind": "orm",
                                                                                 "verifier.likelihood_weight": "1"}),
    "untrained": ("control: a verifier that learnt nothing (likelihood under SFT)", {"verifier.steps": "1", "verifier.lr": "1e-12"}),
    "right_only": ("control: a verifier that saw right attempts alone (the NLL term without DPO)", {"verifier.beta": "1e-9"}),
    "random_reward": ("control: random reward, half kept", {"method.random_reward": "0.5"}),
}


def preset_of(args):
    return tomllib.loads(args.preset.read_text())


def collect(experiment, arm, seed, directory, seconds):
    versions = list(experiment.client(directory, "replay", "versions", "--json"))
    versions = [line for line in versions if line.get("line") in ("generator", "verifier")]
    rounds = {}
    for version in sorted(versions, key=lambda v: v["id"]):
        entry = rounds.setdefault(version["round"], {"round": version["round"]})
        metrics = version["metrics"]
        if version["line"] == "verifier":
            entry["verifier"] = metrics
        else:
            candidates = metrics.get("candidates", {})
            entry.update(greedy=metrics.get("accuracy"), curve=candidates.get("curve", []), problems=candidates.get("problems"),
                         confidence=candidates.get("confidence"))
    planned = int(experiment.overrides(arm, seed, directory).get("loop.rounds", preset_of(experiment.args)["loop"]["rounds"]))
    if max(rounds) < planned or not rounds[planned].get("curve"):
        raise RuntimeError(f"{arm}, seed {seed}: stopped before round {planned} was measured; call again to go on")
    if "dpo" in str(versions[-1].get("method")):
        last = max(v["id"] for v in versions if v["line"] == "verifier")
        rounds[planned]["verifier"]["own_accuracy"] = experiment.evaluate(arm, seed, directory, "--version-id", str(last))["accuracy"]
    at_16 = next(point for point in rounds[planned]["curve"] if point["k"] == 16)
    said = ", ".join(f"{name} {100 * at_16[name]['value']:.1f} %" for name in ("best", "majority") if name in at_16)
    return {"arm": arm, "seed": seed, "seconds": seconds, "said": said, "rounds": [rounds[n] for n in sorted(rounds)]}


def one_round(args):
    """As many samples as all rounds draw, of the same problems."""
    preset = preset_of(args)
    return {"sample.samples_per_problem": str(preset["loop"]["rounds"] * preset["sample"]["samples_per_problem"])}


def main():
    which = argparse.ArgumentParser(add_help=False)
    which.add_argument("--task", choices=["addition", "countdown"], default="addition")
    task, rest = which.parse_known_args()
    parser = daemon_runs.parser(__doc__, f"config/presets/vstar-{task.task}.toml", f"runs/vstar-{task.task}",
                                f"docs/results/vstar-{task.task}.md", ARMS)
    parser.add_argument("--task", choices=["addition", "countdown"], help="which preset and page")
    args = parser.parse_args(rest)
    ARMS["one_round"][1].update(one_round(args))
    daemon_runs.Experiment(args, ARMS, daemon_runs.ONE_CORE, collect).main(
        lambda *page: vstar_page.write(*page, task=task.task))


if __name__ == "__main__":
    main()
