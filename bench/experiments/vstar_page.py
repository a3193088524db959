"""Turns results of vstar.py into a Markdown page of tables and SVG curves. Standard library only."""
import curves
from results_page import old_reading, spread, table

WAYS = (("pass", "Pass@k, the bound"), ("best", "Best-of-k by the verifier"), ("weighted", "weighted majority@k"),
        ("majority", "majority@k"))
TASKS = {"addition": "sums of one to five digits", "countdown": "Countdown problems with three numbers"}


def at(entry, way, k):
    point = next((point for point in entry.get("curve", []) if point["k"] == k), {})
    return point[way]["value"] if way in point else None


def last(run):
    return run["rounds"][-1]


def summary(arms, by_arm):
    rows = []
    for name, runs in by_arm.items():
        finals = [last(run) for run in runs]
        cells = [spread([at(entry, way, k) for entry in finals])
                 for way, k in (("pass", 1), ("majority", 16), ("weighted", 16), ("best", 16), ("best", 64), ("pass", 16))]
        rows.append([arms[name]["title"]] + cells)
    return table(["after the last round", "Pass@1", "majority@16", "weighted@16", "**Best-of-16**", "Best-of-64", "Pass@16"], rows)


def by_round(runs):
    rows = []
    for number in sorted({entry["round"] for run in runs for entry in run["rounds"]}):
        entries = [entry for run in runs for entry in run["rounds"] if entry["round"] == number]
        verifier = [entry["verifier"] for entry in entries if "verifier" in entry]
        chosen = [v["best_of_k"] - v["pass_at_1"] for v in verifier]
        rows.append(["base" if number == 0 else str(number), spread([entry.get("greedy") for entry in entries])] +
                    [spread([at(entry, way, k) for entry in entries])
                     for way, k in (("pass", 1), ("majority", 16), ("best", 16), ("weighted", 16), ("pass", 16))] +
                    [spread(chosen) if chosen else "-"])
    return table(["round", "greedy, all held out", "Pass@1", "majority@16", "Best-of-16", "weighted@16", "Pass@16",
                  "Best-of-k over Pass@1 on validation problems"], rows)


def stopped_table(runs):
    """Each seed at its last round whose generator is right 40 to 70 % of the time, when samples still differ."""
    rows = []
    for run in runs:
        fitting = [e for e in run["rounds"] if at(e, "best", 16) is not None and 0.4 <= at(e, "pass", 1) <= 0.7]
        if fitting:
            entry = fitting[-1]
            values = [at(entry, way, k) for way, k in (("pass", 1), ("majority", 16), ("best", 16), ("pass", 16))]
            rows.append([str(run["seed"]), str(entry["round"])] + [f"{100 * v:.1f}" for v in values] +
                        [f"{100 * (values[2] - values[0]):+.1f}", f"{100 * (values[2] - values[1]):+.1f}"])
    return table(["seed", "round", "Pass@1", "majority@16", "Best-of-16", "Pass@16", "over Pass@1", "over majority"], rows)


def k_table(runs):
    rows = []
    for point in last(runs[0])["curve"]:
        k = point["k"]
        rows.append([str(k), spread([next(p for p in last(run)["curve"] if p["k"] == k)["tokens"] for run in runs], scale=1.0)] +
                    [spread([at(last(run), way, k) for run in runs]) for way, _ in WAYS])
    return table(["k", "tokens a problem"] + [title for _, title in WAYS], rows)


def seeds_table(runs):
    """Each seed with the 95 % interval over its problems."""
    def interval(run, way, k):
        point = next((p for p in last(run)["curve"] if p["k"] == k and way in p), None)
        return "-" if point is None else "{:.1f} [{:.1f}, {:.1f}]".format(*(100 * point[way][x] for x in ("value", "low", "high")))
    rows = [[str(run["seed"])] + [interval(run, *cell) for cell in (("pass", 1), ("majority", 16), ("best", 16), ("best", 64))] +
            [f"{run['seconds']:.0f}"] for run in runs]
    return table(["seed", "Pass@1 [95 %]", "majority@16", "Best-of-16", "Best-of-64", "seconds"], rows)


def confidence_table(arms, by_arm):
    rows = []
    for name, runs in by_arm.items():
        found = [last(run)["confidence"] for run in runs if last(run).get("confidence")]
        if found:
            rows.append([arms[name]["title"]] + [spread([c[key] for c in found])
                                                 for key in ("error", "error_after_abstaining_20", "ece", "aurc")])
    return table(["of votes among 1 to 64 candidates", "error", "error without the least confident 20 %", "ECE", "AURC"], rows)


def draw(page, by_arm):
    runs = by_arm["vstar"]
    points = {way: [] for way, _ in WAYS}
    for point in last(runs[0])["curve"]:
        for way, _ in WAYS:
            values = [at(last(run), way, point["k"]) for run in runs]
            if None not in values:
                points[way].append((point["k"].bit_length() - 1, sum(values) / len(values), min(values), max(values)))
    path = page.with_name(f"{page.stem}-k.svg")
    title = "V-STaR: what k candidates are worth, mean and range over seeds"
    path.write_text(curves.chart(title, [(name, points[way]) for way, name in WAYS], "candidates k", lambda n: str(2 ** n)))
    return f"![{title}]({path.name})\n"


def write(path, arms, results, about, task):
    by_arm = {name: [run for run in results if run["arm"] == name] for name in arms}
    by_arm = {name: runs for name, runs in by_arm.items() if runs}
    problems = last(results[0])["problems"]
    path.parent.mkdir(parents=True, exist_ok=True)
    parts = [
        f"# V-STaR on {TASKS[task]}: results\n",
        f"Written by `python3 bench/experiments/vstar.py --task {task}`, which also runs the daemon for each line below. Numbers are "
        f"percent of {problems} held-out problems (64 candidates each, temperature 1), by the closed forms of "
        "`methods/estimators/`: mean over seeds, in brackets the range.\n",
        old_reading(path) + "\n",
        draw(path, by_arm) if "vstar" in by_arm else "",
        summary(arms, by_arm),
    ]
    if "vstar" in by_arm:
        own = [last(run)["verifier"].get("own_accuracy") for run in by_arm["vstar"] if "verifier" in last(run)]
        parts += ["## V-STaR, seed by seed and by k\n", seeds_table(by_arm["vstar"]),
                  "Stopped at 40 to 70 % Pass@1:\n", stopped_table(by_arm["vstar"]), k_table(by_arm["vstar"]),
                  f"The last verifier as a generator, greedy, all held-out problems: {spread(own)}.\n"]
    parts += ["## How sure the answers are\n", confidence_table(arms, by_arm), "## Every arm by round\n"]
    for name, runs in by_arm.items():
        settings = ", ".join(f"`{key} = {value}`" for key, value in arms[name]["changes"].items()) or "the preset as it is"
        seconds = spread([run["seconds"] for run in runs], scale=1.0)
        parts.append(f"### {arms[name]['title']}\n\n{settings}; seeds {', '.join(str(run['seed']) for run in runs)}; {seconds} s a "
                     f"run.\n\n{by_round(runs)}")
    parts.append("## How it was run\n\n"
                 f"- Machine: {about['machine']}.\n- Commit: {about['commit']}.\n- Preset: `{about['preset']}`, and for every arm "
                 + ", ".join(f"`{change}`" for change in about["changes"]) + ".\n"
                 f"- One arm by hand: `autodidactd -c {about['preset']} --set seed=1 --set data_dir=DIR --set KEY=VALUE …`, then "
                 "`autodidact -d DIR replay versions --json`.\n")
    path.write_text("\n".join(parts))
