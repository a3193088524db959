"""Our checker and math-verify on cases of our own, of which we know who is right.

usage: math_verify_agreement.py MATH_CHECK_DUMP math_cases.txt [--all]
Hand-written cases come from math_cases.txt (the verdict of an evaluation), the others are generated here from known equal and
known different values. Prints the agreement, each checker's errors, and the disagreements by class; with --all each of them.
Exit 1 when our checker misjudges a generated case.
"""
import logging
import random
import subprocess
import sys
import time
from fractions import Fraction

from math_verify import parse, verify

logging.disable(logging.CRITICAL)


def hand_written(path):
    section = ""
    for line in open(path, encoding="utf-8"):
        line = line.rstrip("\n")
        if not line or line.startswith("#"):
            continue
        if line.startswith("[") and ";;" not in line:
            section = line.strip("[]")
            continue
        reference, rest = line.split(" ;; ", 1)
        answer, verdicts = rest.rsplit(";;", 1)
        yield "hand: " + section, reference, answer.strip(), verdicts.strip()[1] == "r"


def spellings_of(q):
    """A rational, as people write it."""
    n, d = q.numerator, q.denominator
    sign = "-" if n < 0 else ""
    ways = [f"{sign}\\frac{{{abs(n)}}}{{{d}}}", f"{n}/{d}", f"\\dfrac{{{n}}}{{{d}}}", f"{sign}\\frac{{{3 * abs(n)}}}{{{3 * d}}}"]
    if d == 1:
        ways = [str(n), f"{n}.0", f"\\text{{{n}}}", f"${n}$"] + ([f"{n:,}"] if abs(n) > 999 else [])
    elif d in (2, 4, 5, 8, 10, 20):
        ways.append(str(float(q)))
    if d > 1 and abs(n) > d:
        ways.append(f"{sign}{abs(n) // d}\\frac{{{abs(n) % d}}}{{{d}}}")
    return ways


def polynomial(roots, rng):
    """Factored and expanded."""
    factors = "".join(f"(x{-r:+d})" if r else "x" for r in roots)
    coefficients = [1]
    for r in roots:
        coefficients = [a - r * b for a, b in zip(coefficients + [0], [0] + coefficients)]
    degree = len(roots)
    terms = []
    for i, c in enumerate(coefficients):
        power = degree - i
        if c == 0:
            continue
        letter = {0: "", 1: "x"}.get(power, f"x^{{{power}}}")
        number = str(abs(c)) if abs(c) != 1 or power == 0 else ""
        terms.append(("-" if c < 0 else "+" if terms else "") + number + letter)
    return factors, "".join(terms)


def generated(rng):
    for _ in range(90):
        q = Fraction(rng.randint(-3000, 3000), rng.choice([1, 1, 2, 3, 4, 7, 9, 20]))
        ways = spellings_of(q)
        yield "rational", rng.choice(ways), rng.choice(ways), True
        other = q + Fraction(1, rng.choice([1, q.denominator]))
        yield "rational", rng.choice(ways), rng.choice(spellings_of(other)), False
    for _ in range(40):
        roots = [rng.randint(-5, 5) for _ in range(rng.randint(2, 3))]
        factors, expanded = polynomial(roots, rng)
        yield "polynomial", expanded, factors, True
        _, other = polynomial(roots[:-1] + [roots[-1] + 1], rng)
        yield "polynomial", factors, other, False
    for _ in range(40):
        a, b = rng.randint(2, 9), rng.choice([2, 3, 5, 6, 7])
        yield "radical", f"{a}\\sqrt{{{b}}}", f"\\sqrt{{{a * a * b}}}", True
        yield "radical", f"\\frac{{{a}}}{{\\sqrt{{{b}}}}}", f"\\frac{{{a}\\sqrt{{{b}}}}}{{{b}}}", True
        yield "radical", f"{a}\\sqrt{{{b}}}", f"\\sqrt{{{a * a * b + 1}}}", False
    for _ in range(30):
        values = rng.sample(range(-20, 20), rng.randint(2, 4))
        other = values[1:] + [values[0]]
        text, turned = ", ".join(map(str, values)), ", ".join(map(str, other))
        yield "set", f"\\{{{text}\\}}", f"\\{{{turned}\\}}", True
        yield "set", f"\\{{{text}\\}}", f"\\{{{turned}, 50\\}}", False
        yield "tuple", f"({text})", f"\\left({text}\\right)", True
        yield "tuple", f"({text})", f"({turned})", False
    for _ in range(30):
        low, high = sorted(rng.sample(range(-9, 9), 2))
        left, right = rng.choice("(["), rng.choice(")]")
        yield "interval", f"{left}{low},{high}{right}", f"\\left{left}{2 * low}/2, {high}\\right{right}", True
        swapped = "[" if left == "(" else "("
        yield "interval", f"{left}{low},{high}{right}", f"{swapped}{low},{high}{right}", False
        yield "interval", f"(-\\infty,{low}{right}\\cup({high},\\infty)", f"({high},\\infty)\\cup(-\\infty,{low}{right}", True
        less = "<" if left == "(" else "\\le"
        yield "inequality", f"x {less} {high}", f"{high} {'>' if less == '<' else chr(92) + 'ge'} x", True
        yield "inequality", f"x {less} {high}", f"x {'>' if less == '<' else chr(92) + 'ge'} {high}", False
    for _ in range(20):
        a, b = rng.randint(1, 9), rng.randint(1, 9)
        yield "assignment", str(a), f"x = {a}", True
        yield "assignment", f"x = {a}", str(a), True
        yield "assignment", f"y = {a}x + {b}", f"{a}x + {b}", True
        yield "assignment", f"x = {a}", f"x = {a + b}", False


def judged_by_math_verify(reference, answer):
    try:
        gold = parse("$" + reference.replace("$", "") + "$")
        given = parse("\\boxed{" + answer + "}")
        return bool(verify(gold, given))
    except Exception:  # what its users see is a zero
        return False


def escaped(text):
    return text.replace("\\", "\\\\").replace("\n", "\\n").replace("\t", "\\t")


def main():
    cases = list(hand_written(sys.argv[2])) + list(generated(random.Random(7)))
    lines = "".join(f"e\t{escaped(reference)}\t{escaped(chr(92) + 'boxed{' + answer + '}')}\n" for _, reference, answer, _ in cases)
    out = subprocess.run([sys.argv[1]], input=lines, capture_output=True, text=True, check=True).stdout.splitlines()
    assert len(out) == len(cases)
    counts, rows, times, failed = {}, [], [], 0
    for (kind, reference, answer, truth), line in zip(cases, out):
        ours = line[0] == "r"
        start = time.perf_counter()
        theirs = judged_by_math_verify(reference, answer)
        times.append(time.perf_counter() - start)
        row = counts.setdefault(kind, [0, 0, 0, 0])
        for i, hit in enumerate((True, ours == theirs, ours == truth, theirs == truth)):
            row[i] += hit
        if ours != theirs:
            rows.append((kind, reference, answer, truth, ours, theirs, line))
        failed += ours != truth and not kind.startswith("hand")
    print(f"{'class':24} cases agree  ours right  math-verify right")
    total = [sum(column) for column in zip(*counts.values())]
    for kind, row in list(counts.items()) + [("all", total)]:
        print(f"{kind:24} {row[0]:5d} {row[1]:5d} {row[2]:11d} {row[3]:18d}")
    times.sort()
    print(f"agreement {total[1] / total[0]:.1%}; math-verify median {times[len(times) // 2] * 1e3:.2f} ms, worst {times[-1] * 1e3:.0f} ms")
    if "--all" in sys.argv:
        for kind, reference, answer, truth, ours, theirs, line in rows:
            print(f"{kind} | {reference} | {answer} | truth {truth} ours {ours} ({line}) math-verify {theirs}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
