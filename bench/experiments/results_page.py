"""Turns results of star_addition.py into a Markdown page of tables and SVG curves. Standard library only."""
import curves

BEGIN, END = "<!-- reading -->", "<!-- /reading -->"


def spread(values, scale=100.0):
    """Mean and range: '97.3 (96.1-98.2)', one value alone."""
    values = [scale * value for value in values if value is not None]
    if not values:
        return "-"
    mean = sum(values) / len(values)
    return f"{mean:.1f}" if len(values) == 1 else f"{mean:.1f} ({min(values):.1f}–{max(values):.1f})"


def table(header, rows):
    lines = ["| " + " | ".join(header) + " |", "|" + "|".join([" --- "] + [" ---: "] * (len(header) - 1)) + "|"]
    return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in rows]) + "\n"


def group_names(results):
    return [group["name"] for group in results[0]["rounds"][0]["groups"]]


def of_round(runs, number):
    return [entry for run in runs for entry in run["rounds"] if entry["round"] == number]


def last_round(runs):
    return max(entry["round"] for run in runs for entry in run["rounds"])


def accuracy_cells(entries, names):
    cells = []
    for name in names:
        cells.append(spread([group["accuracy"] for entry in entries for group in entry["groups"] if group["name"] == name]))
    return cells + [spread([entry["accuracy"] for entry in entries])]


def summary_table(arms, by_arm, names):
    rows = []
    base = [entry for runs in by_arm.values() for entry in of_round(runs, 0)]
    if base:
        rows.append(["base model, before any round"] + accuracy_cells(base, names))
    for name, runs in by_arm.items():
        rows.append([arms[name]["title"]] + accuracy_cells(of_round(runs, last_round(runs)), names))
    return table(["after the last round"] + names + ["overall"], rows)


def rounds_table(arms, by_arm):
    numbers = sorted({entry["round"] for runs in by_arm.values() for run in runs for entry in run["rounds"]})
    rows = []
    for name, runs in by_arm.items():
        rows.append([arms[name]["title"]] + [spread([e["accuracy"] for e in of_round(runs, n)]) for n in numbers])
    return table(["overall, by round"] + ["base" if n == 0 else str(n) for n in numbers], rows)


def share(part, whole):
    return "-" if whole == 0 else f"{100.0 * part / whole:.1f}"


def kept_table(arms, by_arm):
    rows = []
    for name, runs in by_arm.items():
        entries = [entry for run in runs for entry in run["rounds"]]
        total = {key: sum(entry[key] for entry in entries) for key in ("sampled", "kept", "bad", "hinted", "hinted_bad")}
        rows.append([arms[name]["title"], str(total["sampled"]), str(total["kept"]), share(total["bad"], total["kept"]),
                     str(total["hinted"]), share(total["hinted_bad"], total["hinted"])])
    header = ["all rounds, all seeds", "attempts without hint", "kept", "of these wrong scratchpad, %", "kept with a hint",
              "of these wrong scratchpad, %"]
    return table(header, rows)


def arm_section(title, runs, names, changes):
    rows = []
    for number in range(last_round(runs) + 1):
        entries = of_round(runs, number)
        if entries:
            kept = sum(entry["kept"] for entry in entries) / len(entries)
            hinted = sum(entry["hinted"] for entry in entries) / len(entries)
            rows.append(["base" if number == 0 else str(number)] + accuracy_cells(entries, names) + [f"{kept:.0f}", f"{hinted:.0f}"])
    seconds = spread([run["seconds"] for run in runs], scale=1.0)
    settings = ", ".join(f"`{key} = {value}`" for key, value in changes.items()) or "the preset as it is"
    return (f"### {title}\n\n{settings}; seeds {', '.join(str(run['seed']) for run in runs)}; {seconds} s a run.\n\n" +
            table(["round"] + names + ["overall", "kept", "with a hint"], rows))


def old_reading(path):
    if not path.exists():
        return f"{BEGIN}\n{END}"
    text = path.read_text()
    begin, end = text.find(BEGIN), text.find(END)
    return text[begin:end + len(END)] if 0 <= begin < end else f"{BEGIN}\n{END}"


def mean_points(runs, pick):
    points = []
    for number in range(last_round(runs) + 1):
        values = [pick(entry) for entry in of_round(runs, number)]
        values = [value for value in values if value is not None]
        if values:
            points.append((number, sum(values) / len(values), min(values), max(values)))
    return points


def draw(page, arms, by_arm, names):
    """Writes the pictures beside the page; returns Markdown that shows them."""
    series = [(arms[name]["title"], mean_points(runs, lambda entry: entry["accuracy"])) for name, runs in by_arm.items()]
    text = []

    def save(suffix, title, lines):
        path = page.with_name(f"{page.stem}-{suffix}.svg")
        path.write_text(curves.chart(title, lines))
        text.append(f"![{title}]({path.name})\n")

    save("arms", "Held-out accuracy by round: mean and range over seeds", series)
    for arm in [name for name in ("star", "no_hint") if name in by_arm]:
        def of_group(wanted):
            return lambda entry: next((g["accuracy"] for g in entry["groups"] if g["name"] == wanted), None)
        lines = [(name, mean_points(by_arm[arm], of_group(name))) for name in names]
        lines.append(("overall", mean_points(by_arm[arm], lambda entry: entry["accuracy"])))
        save(arm.replace("_", "-"), arms[arm]["title"][0].upper() + arms[arm]["title"][1:] + ": by digits", lines)
    return "\n".join(text)


def write(path, arms, results, about):
    by_arm = {name: [run for run in results if run["arm"] == name] for name in arms}
    by_arm = {name: runs for name, runs in by_arm.items() if runs}
    names = group_names(results)
    held_out = {entry["n"] for run in results for entry in run["rounds"]}
    reading = old_reading(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    parts = [
        "# STaR teaches a small transformer addition: results\n",
        "Written by `python3 bench/experiments/star_addition.py`, which also runs the daemon for each line below. "
        f"Numbers are percent of {' or '.join(str(n) for n in sorted(held_out))} held-out sums answered right, greedy, one "
        "try, without a hint: mean over seeds, in brackets the range. The paper, with a 6B model: 89.5 overall after 16 rounds.\n",
        reading + "\n",
        draw(path, arms, by_arm, names),
        summary_table(arms, by_arm, names),
        rounds_table(arms, by_arm),
        "What the filter let through, judged by the scratchpad checker whether or not the arm used it:\n",
        kept_table(arms, by_arm),
        "## Every arm\n",
    ]
    parts += [arm_section(arms[name]["title"], runs, names, arms[name]["changes"]) for name, runs in by_arm.items()]
    parts += [
        "## How it was run\n",
        f"- Machine: {about['machine']}.\n- Commit: {about['commit']}.\n- Preset: `{about['preset']}`, and for every arm "
        + ", ".join(f"`{change}`" for change in about["changes"]) + ".\n"
        "- One arm by hand: `autodidactd -c " + about["preset"] + " --set seed=1 --set data_dir=DIR --set KEY=VALUE …`, then "
        "`autodidact -d DIR report`.\n",
    ]
    path.write_text("\n".join(parts))
