"""Charts with logarithmic axes as SVG, readable on white and on black."""

import html
import math

WIDTH, HEIGHT = 640, 340
LEFT, RIGHT, TOP, BOTTOM = 70, 40, 40, 52
# Told apart by people who see colours differently, too; each series also has a mark of its own.
COLOURS = ["#0072b2", "#d55e00", "#009e73"]
STYLE = """
  text { font: 12px system-ui, sans-serif; fill: #222 }
  .title { font-size: 14px; font-weight: 600 }
  .grid { stroke: #8884; stroke-width: 1 }
  .axis { stroke: #888; stroke-width: 1 }
  polyline { fill: none; stroke-width: 2 }
  @media (prefers-color-scheme: dark) { text { fill: #ddd } }
"""


def chart(title, x_label, y_label, series, description=""):
    """An SVG document.

    `series` maps names to lists of points; every number must be above zero. The vertical axis covers one power of ten
    at least, so that noise does not look like growth.
    """
    points = [point for line in series.values() for point in line]
    x_axis = Axis([x for x, _ in points], LEFT, WIDTH - RIGHT)
    y_axis = Axis([y for _, y in points], HEIGHT - BOTTOM, TOP)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img">',
        f"<title>{html.escape(title)}</title>", f"<desc>{html.escape(description)}</desc>", f"<style>{STYLE}</style>",
        text(LEFT, 20, title, "start", ' class="title"'),
    ]
    for value in x_axis.ticks:
        x = x_axis.place(value)
        parts += [line(x, TOP, x, HEIGHT - BOTTOM, "grid"), text(x, HEIGHT - BOTTOM + 18, label(value), "middle")]
    for value in y_axis.ticks:
        y = y_axis.place(value)
        parts += [line(LEFT, y, WIDTH - RIGHT, y, "grid"), text(LEFT - 8, y + 4, label(value), "end")]
    parts += [
        line(LEFT, HEIGHT - BOTTOM, WIDTH - RIGHT, HEIGHT - BOTTOM, "axis"),
        line(LEFT, TOP, LEFT, HEIGHT - BOTTOM, "axis"),
        text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 14, x_label, "middle"),
        text(WIDTH - RIGHT, 20, y_label, "end"),
    ]
    for index, (name, values) in enumerate(series.items()):
        colour = COLOURS[index % len(COLOURS)]
        places = [(x_axis.place(x), y_axis.place(y)) for x, y in values]
        drawn = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
        parts.append(f'<polyline points="{drawn}" stroke="{colour}"/>')
        parts += [mark(index, x, y, colour) for x, y in places]
        if len(series) > 1:
            parts += [mark(index, LEFT + 16 + 130 * index, TOP + 14, colour),
                      text(LEFT + 26 + 130 * index, TOP + 18, name, "start")]
    return "\n".join([*parts, "</svg>", ""])


class Axis:
    """Whole powers of ten from `start` to `end` on the page."""

    def __init__(self, values, start, end):
        self.low = math.floor(math.log10(min(values)) + 1e-9)
        self.high = max(self.low + 1, math.ceil(math.log10(max(values)) - 1e-9))
        self.start, self.end = start, end
        steps = (1, 2, 5) if self.high - self.low <= 2 else (1,)
        self.ticks = [step * 10**power for power in range(self.low, self.high) for step in steps] + [10**self.high]

    def place(self, value):
        share = (math.log10(value) - self.low) / (self.high - self.low)
        return self.start + share * (self.end - self.start)


def line(x1, y1, x2, y2, kind):
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" class="{kind}"/>'


def text(x, y, words, anchor, more=""):
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"{more}>{html.escape(words)}</text>'


def mark(index, x, y, colour):
    if index % 2:
        return f'<rect x="{x - 3.5:.1f}" y="{y - 3.5:.1f}" width="7" height="7" fill="{colour}"/>'
    return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4" fill="{colour}"/>'


def label(value):
    """A number as people write it: 0.5, 20, 1,000."""
    return f"{value:,.0f}" if value >= 1 else f"{value:g}"
