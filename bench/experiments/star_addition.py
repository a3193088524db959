#!/usr/bin/env python3
"""Runs the STaR-on-addition experiment: seven arms by three seeds, each a run of the daemon; then writes the results page.

  python3 bench/experiments/star_addition.py                 # runs what is missing, then writes docs/results/star-addition.md
  python3 bench/experiments/star_addition.py --report-only   # writes the page from what has run
  python3 bench/experiments/star_addition.py --arms star seeds_only --seeds 1 --set loop.rounds=3

Needs nothing but Python's standard library and the built daemon. It may be stopped at any time: a finished run is skipped, an
unfinished one goes on where its data directory is (the daemon resumes). Prose between the `reading` marks of the page stays.
"""
import argparse
import concurrent.futures
import json
import os
import pathlib
import platform
import signal
import subprocess
import sys
import tempfile
import time
import tomllib

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

# One thread a run, so that two run side by side on two cores; no gate and no early stop, so that every curve is whole.
COMMON = {
    "eval.gate": "false",
    "exit_when_done": "true",
    "loop.schedule": "iterations",
    "loop.stop_at_accuracy": "1.01",
    "placement.mode": "shared",
    "sample.generators": "1",
    "train.threads": "1",
    "verify.verifiers": "1",
    "gateway.listen": "",
}


RUNNING = set()  # daemons under way, to be drained when this script is told to stop


def stop(*_):
    raise KeyboardInterrupt


def options():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bin", default="build/release/bin", type=pathlib.Path, help="where autodidactd and autodidact are")
    parser.add_argument("--preset", default="config/presets/addition.toml", type=pathlib.Path)
    parser.add_argument("--runs", default="runs/star-addition", type=pathlib.Path, help="data directories, one per run")
    parser.add_argument("--page", default="docs/results/star-addition.md", type=pathlib.Path)
    parser.add_argument("--arms", nargs="+", default=list(ARMS), choices=list(ARMS))
    parser.add_argument("--seeds", nargs="+", type=int, default=[1, 2, 3])
    parser.add_argument("--jobs", type=int, default=2, help="runs at once, one core each")
    parser.add_argument("--limit-minutes", type=float, default=60, help="a run that takes longer is stopped and reported")
    parser.add_argument("--set", nargs="+", default=[], metavar="KEY=VALUE", help="further changes to the preset, for every run")
    parser.add_argument("--report-only", action="store_true")
    return parser.parse_args()


def overrides(args, arm, seed, directory):
    changes = dict(COMMON, seed=str(seed), data_dir=str(directory))
    changes.update(ARMS[arm][1])
    changes.update(pair.split("=", 1) for pair in args.set)
    return changes


def client(args, directory, *words):
    """The JSON lines of a client command, one at a time: an export may be hundreds of megabytes."""
    command = [str(args.bin / "autodidact"), "-d", str(directory), *words]
    with tempfile.TemporaryFile("w+") as errors:
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, text=True) as process:
            for line in process.stdout:
                yield json.loads(line)
        if process.returncode != 0:
            errors.seek(0)
            raise RuntimeError(f"{' '.join(command)}: exit {process.returncode}: {errors.read().strip()}")


def run_daemon(args, arm, seed, directory):
    """Runs to the end of the last round; the daemon resumes what is there. Returns seconds of this sitting."""
    changes = overrides(args, arm, seed, directory)
    command = [str(args.bin / "autodidactd"), "-c", str(args.preset)]
    for key, value in sorted(changes.items()):
        command += ["--set", f"{key}={value}"]
    environment = dict(os.environ, OMP_NUM_THREADS="1")
    begin = time.monotonic()
    with open(directory.with_suffix(".log"), "ab") as log:
        daemon = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=environment)
        RUNNING.add(daemon)
        try:
            status = daemon.wait(timeout=args.limit_minutes * 60)
        except subprocess.TimeoutExpired:
            daemon.terminate()  # drains; another sitting goes on from there
            daemon.wait()
            raise
        finally:
            RUNNING.discard(daemon)
    if status != 0:
        raise RuntimeError(f"{arm}, seed {seed}: the daemon exited with {status}; see {directory.with_suffix('.log')}")
    return time.monotonic() - begin


def kept_with_wrong_scratchpad(args, directory):
    """Per round: kept attempts, those found with a hint, and of either how many have a wrong scratchpad."""
    rounds = {}
    rows = client(args, directory, "replay", "export", "--format", "attempts", "--kept", "true", "--seed", "false", "-o", "-")
    for row in rows:
        counts = rounds.setdefault(row["round"], {"kept": 0, "bad": 0, "hinted": 0, "hinted_bad": 0})
        bad = not row["step_scores"] or row["step_scores"][-1] < 1
        counts["kept"] += 1
        counts["bad"] += bad
        counts["hinted"] += row["hinted"]
        counts["hinted_bad"] += row["hinted"] and bad
    return rounds


def planned_rounds(args, changes):
    if "loop.rounds" in changes:
        return int(changes["loop.rounds"])
    return tomllib.loads(args.preset.read_text())["loop"]["rounds"]


def collect(args, arm, seed, directory, seconds):
    report = [line for line in client(args, directory, "report", "--json") if line.get("type") == "report"]
    reached, planned = max(line["round"] for line in report), planned_rounds(args, overrides(args, arm, seed, directory))
    if reached < planned:  # told to stop, the daemon drains and exits 0 as well
        raise RuntimeError(f"{arm}, seed {seed}: stopped in round {reached + 1} of {planned}; call again to go on")
    kept = kept_with_wrong_scratchpad(args, directory) if arm != "seeds_only" else {}
    rounds = []
    for line in report:
        counts = kept.get(line["round"], {"kept": 0, "bad": 0, "hinted": 0, "hinted_bad": 0})
        rounds.append({"round": line["round"], "accuracy": line["accuracy"], "groups": line["groups"], "n": line["n"],
                       "sampled": line["sampled"], "step": line["step"], **counts})
    return {"arm": arm, "seed": seed, "seconds": seconds, "rounds": rounds}


def run_one(args, arm, seed):
    directory = args.runs / f"{arm}-s{seed}"
    result_path = directory.with_suffix(".json")
    if result_path.exists():
        return f"{arm}, seed {seed}: done before"
    directory.mkdir(parents=True, exist_ok=True)
    clock = directory.with_suffix(".seconds")  # of earlier sittings
    before = float(clock.read_text()) if clock.exists() else 0.0
    begin = time.monotonic()
    try:
        run_daemon(args, arm, seed, directory)
    finally:
        seconds = before + time.monotonic() - begin
        clock.write_text(f"{seconds:.1f}\n")
    result = collect(args, arm, seed, directory, seconds)
    temporary = result_path.with_suffix(".tmp")
    temporary.write_text(json.dumps(result, indent=1) + "\n")
    temporary.replace(result_path)
    return f"{arm}, seed {seed}: {100 * result['rounds'][-1]['accuracy']:.1f} % after {seconds:.0f} s"


def run_all(args):
    """Seed by seed, so that a page of one seed can be written early. Returns the number of failed runs."""
    failures = 0
    pool = concurrent.futures.ThreadPoolExecutor(args.jobs)
    runs = {pool.submit(run_one, args, arm, seed): (arm, seed) for seed in args.seeds for arm in args.arms}
    try:
        for future in concurrent.futures.as_completed(runs):
            try:
                print(future.result(), flush=True)
            except (RuntimeError, OSError, subprocess.TimeoutExpired) as error:
                failures += 1
                print(f"{runs[future]}: {error}", file=sys.stderr, flush=True)
    except KeyboardInterrupt:
        pool.shutdown(wait=False, cancel_futures=True)
        for daemon in list(RUNNING):
            daemon.terminate()
        print("stopped: the runs under way drain, and go on when this is called again", file=sys.stderr, flush=True)
        failures += 1
    pool.shutdown()
    return failures


def cpu_name():
    try:
        for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def write_page(args):
    results = []
    for arm in args.arms:
        for seed in args.seeds:
            path = args.runs / f"{arm}-s{seed}.json"
            if path.exists():
                results.append(json.loads(path.read_text()))
    if not results:
        print("no finished run yet: no page", file=sys.stderr)
        return
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False).stdout.strip()
    about = {
        "machine": f"{cpu_name()}, {os.cpu_count()} cores, {args.jobs} runs at once, one thread each",
        "commit": commit or "unknown",
        "preset": str(args.preset),
        "changes": sorted(f"{key} = {value or '(off)'}" for key, value in COMMON.items()) + args.set,
    }
    arms = {name: {"title": title, "changes": changes} for name, (title, changes) in ARMS.items() if name in args.arms}
    results_page.write(args.page, arms, results, about)
    print(f"wrote {args.page}")


def main():
    args = options()
    signal.signal(signal.SIGTERM, stop)
    failures = 0 if args.report_only else run_all(args)
    write_page(args)
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
