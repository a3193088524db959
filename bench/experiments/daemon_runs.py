"""Runs of the daemon, arms by seeds: what every experiment here shares. Standard library only.

An experiment names its arms, (title, changes to the preset) each, and collects a result from a finished run's data directory.
Runs may be stopped at any time: a finished one is skipped, an unfinished one goes on where its data directory is.
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

# One thread a run, so that two run side by side on two cores; no gate and no early stop, so that every curve is whole.
ONE_CORE = {
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

RUNNING = set()  # daemons under way, to be drained when the script is told to stop


def stop(*_):
    raise KeyboardInterrupt


def parser(description, preset, runs, page, arms):
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bin", default="build/release/bin", type=pathlib.Path, help="where autodidactd and autodidact are")
    parser.add_argument("--preset", default=preset, type=pathlib.Path)
    parser.add_argument("--runs", default=runs, type=pathlib.Path, help="data directories, one per run")
    parser.add_argument("--page", default=page, type=pathlib.Path)
    parser.add_argument("--arms", nargs="+", default=list(arms), choices=list(arms))
    parser.add_argument("--seeds", nargs="+", type=int, default=[1, 2, 3])
    parser.add_argument("--jobs", type=int, default=2, help="runs at once, one core each")
    parser.add_argument("--limit-minutes", type=float, default=60, help="a run that takes longer is stopped and reported")
    parser.add_argument("--set", nargs="+", default=[], metavar="KEY=VALUE", help="further changes to the preset, for every run")
    parser.add_argument("--report-only", action="store_true")
    return parser


class Experiment:
    """arms: name -> (title, changes); common: changes of every run; collect(self, arm, seed, directory, seconds) -> result."""

    def __init__(self, args, arms, common, collect):
        self.args, self.arms, self.common, self.collect = args, arms, common, collect

    def overrides(self, arm, seed, directory):
        changes = dict(self.common, seed=str(seed), data_dir=str(directory))
        changes.update(self.arms[arm][1])
        changes.update(pair.split("=", 1) for pair in self.args.set)
        return changes

    def client(self, directory, *words):
        """The JSON lines of a client command, one at a time: an export may be hundreds of megabytes."""
        command = [str(self.args.bin / "autodidact"), "-d", str(directory), *words]
        with tempfile.TemporaryFile("w+") as errors:
            with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, text=True) as process:
                for line in process.stdout:
                    yield json.loads(line)
            if process.returncode != 0:
                errors.seek(0)
                raise RuntimeError(f"{' '.join(command)}: exit {process.returncode}: {errors.read().strip()}")

    def evaluate(self, arm, seed, directory, *words):
        """What `autodidactd --eval` says of a finished run."""
        command = [str(self.args.bin / "autodidactd"), "-c", str(self.args.preset), "--eval", *words]
        for key, value in sorted(self.overrides(arm, seed, directory).items()):
            command += ["--set", f"{key}={value}"]
        done = subprocess.run(command, capture_output=True, text=True, check=False, env=dict(os.environ, OMP_NUM_THREADS="1"))
        if done.returncode != 0:
            raise RuntimeError(f"{' '.join(command)}: exit {done.returncode}: {done.stderr.strip()[-500:]}")
        return json.loads(done.stdout)

    def run_daemon(self, arm, seed, directory):
        """Runs to the end of the last round; the daemon resumes what is there. Returns seconds of this sitting."""
        changes = self.overrides(arm, seed, directory)
        command = [str(self.args.bin / "autodidactd"), "-c", str(self.args.preset)]
        for key, value in sorted(changes.items()):
            command += ["--set", f"{key}={value}"]
        environment = dict(os.environ, OMP_NUM_THREADS="1")
        begin = time.monotonic()
        with open(directory.with_suffix(".log"), "ab") as log:
            daemon = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=environment)
            RUNNING.add(daemon)
            try:
                status = daemon.wait(timeout=self.args.limit_minutes * 60)
            except subprocess.TimeoutExpired:
                daemon.terminate()  # drains; another sitting goes on from there
                daemon.wait()
                raise
            finally:
                RUNNING.discard(daemon)
        if status != 0:
            raise RuntimeError(f"{arm}, seed {seed}: the daemon exited with {status}; see {directory.with_suffix('.log')}")
        return time.monotonic() - begin

    def run_one(self, arm, seed):
        directory = self.args.runs / f"{arm}-s{seed}"
        result_path = directory.with_suffix(".json")
        if result_path.exists():
            return f"{arm}, seed {seed}: done before"
        directory.mkdir(parents=True, exist_ok=True)
        clock = directory.with_suffix(".seconds")  # of earlier sittings
        before = float(clock.read_text()) if clock.exists() else 0.0
        begin = time.monotonic()
        try:
            self.run_daemon(arm, seed, directory)
        finally:
            seconds = before + time.monotonic() - begin
            clock.write_text(f"{seconds:.1f}\n")
        result = self.collect(self, arm, seed, directory, seconds)
        temporary = result_path.with_suffix(".tmp")
        temporary.write_text(json.dumps(result, indent=1) + "\n")
        temporary.replace(result_path)
        return f"{arm}, seed {seed}: {result['said']} after {seconds:.0f} s"

    def run_all(self):
        """Seed by seed, so that a page of one seed can be written early. Returns the number of failed runs."""
        failures = 0
        pool = concurrent.futures.ThreadPoolExecutor(self.args.jobs)
        runs = {pool.submit(self.run_one, arm, seed): (arm, seed) for seed in self.args.seeds for arm in self.args.arms}
        try:
            for future in concurrent.futures.as_completed(runs):
                try:
                    print(future.result(), flush=True)
                except (RuntimeError, ValueError, OSError, subprocess.TimeoutExpired) as error:
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

    def results(self):
        found = []
        for arm in self.args.arms:
            for seed in self.args.seeds:
                path = self.args.runs / f"{arm}-s{seed}.json"
                if path.exists():
                    found.append(json.loads(path.read_text()))
        return found

    def about(self):
        commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False).stdout.strip()
        return {
            "machine": f"{cpu_name()}, {os.cpu_count()} cores, {self.args.jobs} runs at once, one thread each",
            "commit": commit or "unknown",
            "preset": str(self.args.preset),
            "changes": sorted(f"{key} = {value or '(off)'}" for key, value in self.common.items()) + self.args.set,
        }

    def titles(self):
        return {name: {"title": title, "changes": changes} for name, (title, changes) in self.arms.items() if name in self.args.arms}

    def main(self, write_page):
        """Runs what is missing, writes the page from what there is, exits."""
        signal.signal(signal.SIGTERM, stop)
        failures = 0 if self.args.report_only else self.run_all()
        found = self.results()
        if found:
            write_page(self.args.page, self.titles(), found, self.about())
            print(f"wrote {self.args.page}")
        else:
            print("no finished run yet: no page", file=sys.stderr)
        sys.exit(1 if failures else 0)


def cpu_name():
    try:
        for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()
