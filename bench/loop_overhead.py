#!/usr/bin/env python3
"""The loop's own cost in a real run, and what publishing weights takes: runs the preset to its end, then reads its metrics.

  python3 bench/loop_overhead.py [--bin build/release/bin] [KEY=VALUE ...]

Overhead is the share of wall time in which no model call was under way on any thread (autodidact_overhead_ratio). Prints one
JSON object.
"""
import argparse
import http.client
import json
import pathlib
import socket
import subprocess
import tempfile
import time


def get(path, target):
    """One request over the admin socket."""
    connection = http.client.HTTPConnection("localhost")
    connection.sock = socket.socket(socket.AF_UNIX)
    connection.sock.connect(path)
    connection.request("GET", target)
    return connection.getresponse().read().decode()


def scrape(address):
    connection = http.client.HTTPConnection(address, timeout=10)
    connection.request("GET", "/metrics")
    rows = (line.rsplit(" ", 1) for line in connection.getresponse().read().decode().splitlines() if line[:1] != "#")
    return {name: float(value) for name, value in rows}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bin", default="build/release/bin", type=pathlib.Path)
    parser.add_argument("--listen", default="127.0.0.1:9465")
    parser.add_argument("settings", nargs="*", metavar="KEY=VALUE")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="autodidact-overhead-") as directory:
        settings = [f"data_dir={directory}/run", "exit_when_done=false", f"gateway.listen={args.listen}", *args.settings]
        command = [args.bin / "autodidactd", "-c", "config/presets/addition.toml"]
        for setting in settings:
            command += ["--set", setting]
        with open(f"{directory}/log", "wb") as log:
            daemon = subprocess.Popen(command, stderr=log)
        try:
            status = {}
            while not status.get("finished"):
                time.sleep(0.1)
                if daemon.poll() is not None:
                    raise SystemExit(pathlib.Path(f"{directory}/log").read_text())
                try:
                    status = json.loads(get(f"{directory}/run/admin.sock", "/admin/status"))
                except OSError:
                    continue  # still starting
            metrics = scrape(args.listen)
            print(json.dumps({
                "wall_s": round(status["uptime_s"], 1),
                "accuracy": status["accuracy"],
                "attempts": status["store"]["attempts"],
                "steps": status["step"],
                "overhead_share": round(status["overhead_share"], 4),
                "publish": {name: value for name, value in metrics.items() if name.startswith("autodidact_publish_seconds")
                            and not name.startswith("autodidact_publish_seconds_bucket")},
            }, indent=1))
        finally:
            daemon.terminate()
            daemon.wait(60)


if __name__ == "__main__":
    main()
