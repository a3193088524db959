"""A line chart with ranges as SVG text. Standard library only; the look is that of the product's own curve."""
import html

WIDTH, HEIGHT, LEFT, TOP, BOTTOM = 1080, 480, 60, 58, 58
LABEL_HEIGHT = 18
COLORS = ["#0072b2", "#e69f00", "#009e73", "#cc79a7", "#d55e00", "#56b4e9", "#6f42c1"]
INK, MUTED, GRID = "#1f2328", "#57606a", "#e4e7eb"


def text(x, y, size, fill, words, extra=""):
    return f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" fill="{fill}" {extra}>{html.escape(words)}</text>'


def placed_labels(wanted, top, bottom):
    """Label heights near the wanted ones, in their order, LABEL_HEIGHT apart, between top and bottom."""
    order = sorted(range(len(wanted)), key=lambda i: wanted[i])
    heights, floor = list(wanted), top
    for i in order:
        heights[i] = max(heights[i], floor)
        floor = heights[i] + LABEL_HEIGHT
    ceiling = bottom
    for i in reversed(order):
        heights[i] = min(heights[i], ceiling)
        ceiling = heights[i] - LABEL_HEIGHT
    return heights


def of_round(number):
    return "base" if number == 0 else str(number)


def axes(x, y, first, last, right, unit, label):
    out = []
    for percent in range(0, 101, 20):
        height = y(percent / 100)
        out.append(f'<line x1="{LEFT}" y1="{height:.1f}" x2="{right}" y2="{height:.1f}" stroke="{MUTED if percent == 0 else GRID}"/>')
        out.append(text(LEFT - 10, height + 4.5, 13, MUTED, f"{percent}%", 'text-anchor="end"'))
    for number in range(first, last + 1, max(1, (last - first + 11) // 12)):
        out.append(text(x(number), y(0) + 21, 13, MUTED, label(number), 'text-anchor="middle"'))
    out.append(text((LEFT + right) / 2, y(0) + 44, 13, MUTED, unit, 'text-anchor="middle"'))
    return out


def line(name, points, color, heavy, x, y, unit, label):
    path = " L".join(f"{x(n):.1f} {y(mean):.1f}" for n, mean, _, _ in points)
    out = []
    if any(high > low for _, _, low, high in points):
        edge = [f"{x(n):.1f} {y(high):.1f}" for n, _, _, high in points] + [f"{x(n):.1f} {y(low):.1f}" for n, _, low, _ in reversed(points)]
        out.append(f'<path d="M{" L".join(edge)} Z" fill="{color}" fill-opacity="0.13"/>')
    out.append(f'<path d="M{path}" fill="none" stroke="{color}" stroke-width="{3.5 if heavy else 2}" stroke-linejoin="round"/>')
    for n, mean, low, high in points:
        said = f"{name}, {unit} {label(n)}: {100 * mean:.1f}% ({100 * low:.1f} to {100 * high:.1f})"
        out.append(f'<circle cx="{x(n):.1f}" cy="{y(mean):.1f}" r="{4 if heavy else 3}" fill="{color}" stroke="#ffffff">'
                   f"<title>{html.escape(said)}</title></circle>")
    return out


def chart(title, series, unit="round", label=of_round):
    """series: (name, [(number, mean, low, high), ...]); numbers are what label() says of them in `unit`, accuracies from 0 to 1.
    Returns the SVG."""
    series = [(name, points) for name, points in series if points]
    rounds = [n for _, points in series for n, _, _, _ in points] or [0]
    first, last = min(rounds), max(rounds)
    right = WIDTH - 40 - int(7.2 * max([len(name) for name, _ in series] + [8])) - 52
    height = max(HEIGHT, TOP + BOTTOM + LABEL_HEIGHT * len(series))

    def x(number):
        return LEFT + (number - first) / max(1, last - first) * (right - LEFT)

    def y(accuracy):
        return TOP + (1 - min(1.0, max(0.0, accuracy))) * (height - TOP - BOTTOM)

    out = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" viewBox="0 0 {WIDTH} {height}" role="img" '
           'font-family="Helvetica Neue, Helvetica, Arial, DejaVu Sans, sans-serif">',
           f"<title>{html.escape(title)}</title>", f'<rect width="{WIDTH}" height="{height}" fill="#ffffff"/>',
           text(LEFT, 30, 17, INK, title, 'font-weight="700"')]
    out += axes(x, y, first, last, right, unit, label)
    heights = placed_labels([y(points[-1][1]) for _, points in series], y(1), y(0))
    for i, (name, points) in enumerate(series):
        heavy = name == "overall"
        color = INK if heavy else COLORS[i % len(COLORS)]
        out += line(name, points, color, heavy, x, y, unit, label)
        end = points[-1]
        out.append(f'<line x1="{x(end[0]) + 6:.1f}" y1="{y(end[1]):.1f}" x2="{right + 18}" y2="{heights[i]:.1f}" stroke="{color}" stroke-opacity="0.55"/>')
        out.append(text(right + 22, heights[i] + 4.5, 13, color, f"{name}  {100 * end[1]:.1f}%", 'font-weight="600"'))
    return "\n".join(out) + "\n</svg>\n"
