"""Prints the accuracies that lm-eval wrote below a directory, and fails when there are not two or one is below a bound.

usage: lm_eval_result.py DIRECTORY LEAST
"""

import json
import pathlib
import sys

found = list(pathlib.Path(sys.argv[1]).rglob("results*.json"))
results = json.loads(found[0].read_text())["results"]
scores = {task: value.get("acc,none", value.get("exact_match,none")) for task, value in results.items()}
print(sys.argv[1].rsplit("/", 1)[-1], scores)
sys.exit(0 if len(scores) == 2 and all(score >= float(sys.argv[2]) for score in scores.values()) else 1)
