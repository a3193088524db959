#!/usr/bin/env python3
"""Runs the STaR-on-addition experiment: seven arms by three seeds, each a run of the daemon; then writes the results page.

  python3 bench/experiments/star_addition.py                 # runs what is missing, then writes docs/results/star-addition.md
  python3 bench/experiments/star_addition.py --report-only   # writes the page from what has run
  python3 bench/experiments/star_addition.py --arms star seeds_only --seeds 1 --set loop.rounds=3

Needs nothing but Python's standard library and the built daemon. It may be stopped at any time: a finished run is skipped, an
unfinished one goes on where its data directory is (the daemon resumes). Prose between the `reading` marks of the page stays.
"""
import tomllib

import daemon_runs
import results_page

# name: (what it is called on the page, what it changes in the preset)
ARMS = {
    "star": ("STaR with rationalization, restart from base", {}),
    "star_previous": ("STaR with rationalization, continue", {"method.init": "previous"}),
    "no_hint": ("no rationalization, restart from base", {"method.rationalize": "false"}),
    "no_hint_previous": ("no rationalization, continue", {"method.rationalize": "false", "method.init": "previous"}),
    "answer_only": ("answer-only filter (else as STaR)", {"method.check": "answer"}),
    "random_reward": ("control: random reward, half kept", {"method.rationalize": "false", "method.random_reward": "0.5"}),
    "seeds_only": ("control: as many steps on the seeds only", {"method.rationalize": "false", "method.random_reward": "0"}),
}


def kept_with_wrong_scratchpad(experiment, directory):
    """Per round: kept attempts, those found with a hint, and of either how many have a wrong scratchpad."""
    rounds = {}
    rows = experiment.client(directory, "replay", "export", "--format", "attempts", "--kept", "true", "--seed", "false", "-o", "-")
    for row in rows:
        counts = rounds.setdefault(row["round"], {"kept": 0, "bad": 0, "hinted": 0, "hinted_bad": 0})
        bad = not row["step_scores"] or row["step_scores"][-1] < 1
        counts["kept"] += 1
        counts["bad"] += bad
        counts["hinted"] += row["hinted"]
        counts["hinted_bad"] += row["hinted"] and bad
    return rounds


def planned_rounds(experiment, changes):
    if "loop.rounds" in changes:
        return int(changes["loop.rounds"])
    return tomllib.loads(experiment.args.preset.read_text())["loop"]["rounds"]


def collect(experiment, arm, seed, directory, seconds):
    report = [line for line in experiment.client(directory, "report", "--json") if line.get("type") == "report"]
    reached, planned = max(line["round"] for line in report), planned_rounds(experiment, experiment.overrides(arm, seed, directory))
    if reached < planned:  # told to stop, the daemon drains and exits 0 as well
        raise RuntimeError(f"{arm}, seed {seed}: stopped in round {reached + 1} of {planned}; call again to go on")
    kept = kept_with_wrong_scratchpad(experiment, directory) if arm != "seeds_only" else {}
    rounds = []
    for line in report:
        counts = kept.get(line["round"], {"kept": 0, "bad": 0, "hinted": 0, "hinted_bad": 0})
        rounds.append({"round": line["round"], "accuracy": line["accuracy"], "groups": line["groups"], "n": line["n"],
                       "sampled": line["sampled"], "step": line["step"], **counts})
    said = f"{100 * rounds[-1]['accuracy']:.1f} %"
    return {"arm": arm, "seed": seed, "seconds": seconds, "said": said, "rounds": rounds}


def main():
    args = daemon_runs.parser(__doc__, "config/presets/addition.toml", "runs/star-addition", "docs/results/star-addition.md",
                              ARMS).parse_args()
    daemon_runs.Experiment(args, ARMS, daemon_runs.ONE_CORE, collect).main(results_page.write)


if __name__ == "__main__":
    main()
