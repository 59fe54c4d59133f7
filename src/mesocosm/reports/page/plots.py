"""Plots as SVG without script: lines over one pair of axes, and small histograms.

Knows numbers only.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from itertools import chain
from typing import TYPE_CHECKING

from mesocosm.core.messages import Message
from mesocosm.reports.page.markup import format_metric, title

if TYPE_CHECKING:
    from mesocosm.catalog.contents import TrainingColumn

WIDE, HIGH, PAD = 360, 150, 34  # of a plot of lines, in pixels
SMALL_WIDE, SMALL_HIGH = 84, 30  # of a histogram
BINS, MOST_BARS = 24, 8  # of numbers, and of categories
COLOURS = ("var(--water)", "var(--warn)")
HISTOGRAM = Message("reports.html.histogram")
LABEL = 11  # the height of a line's name
Point = tuple[float, float]
Points = Sequence[Point]


@dataclass(frozen=True)
class Axes:
    """The ranges of a plot, in units of the data."""

    low_x: float
    high_x: float
    low_y: float
    high_y: float

    def place(self, point: Point) -> Point:
        """Where a point is, in pixels."""
        across = 0.5
        if self.high_x > self.low_x:
            across = (point[0] - self.low_x) / (self.high_x - self.low_x)
        up = (point[1] - self.low_y) / (self.high_y - self.low_y)
        return PAD + across * (WIDE - 2 * PAD - 30), HIGH - 24 - up * (HIGH - 36)


def figure(name: str, content: str) -> str:
    """A plot or a table with its name above."""
    caption = f"<figcaption>{name}</figcaption>"
    return f'<figure class="card plot">{caption}{content}</figure>'


def plot(lines: Mapping[str, Points], x: str, y: str, dots: Sequence[str] = ()) -> str:
    """Lines over one pair of axes as SVG, their names at the end.

    Args:
        lines: the points of each line, by its name.
        x: the name of the horizontal axis.
        y: the name of the vertical one.
        dots: the lines that are drawn as points only.
    """
    points = list(chain.from_iterable(lines.values()))
    xs, ys = sorted(point[0] for point in points), sorted(point[1] for point in points)
    margin = (ys[-1] - ys[0] or abs(ys[-1]) or 1) * 0.08
    axes = Axes(xs[0], xs[-1], ys[0] - margin, ys[-1] + margin)
    drawn = _draw_lines(axes, lines, x, y, dots)
    label = Message("reports.html.y_by_x", y=y, x=x)
    frame = f'<path d="M{PAD - 6} 8V{HIGH - 18}H{WIDE - PAD}" fill="none" stroke="var(--line)"/>'
    return (
        f'<svg viewBox="-14 0 {WIDE + 14} {HIGH}" width="{WIDE + 14}" height="{HIGH}" role="img"'
        f' aria-label="{title(label)}"><g font-size="11"'
        f' fill="var(--soft)">{_draw_marks(axes, ys, x)}</g>{frame}{drawn}</svg>'
    )


def _draw_lines(
    axes: Axes, lines: Mapping[str, Points], x: str, y: str, dots: Sequence[str]
) -> str:
    """The lines with their points, and with their names where there are several."""
    first_end = axes.place(next(iter(lines.values()))[-1])
    drawn = ""
    for number, (name, line) in enumerate(lines.items()):
        colour, spots = COLOURS[number % len(COLOURS)], [axes.place(point) for point in line]
        if name not in dots and len(spots) > 1:
            drawn += _draw_line(spots, colour)
        drawn += _draw_dots(line, spots, colour, (name, x, y))
        if len(lines) > 1:
            drawn += _draw_name(name, _place_name(spots[-1], first_end, number), colour)
    return drawn


def _place_name(end: Point, first_end: Point, number: int) -> Point:
    """Where the name of a line is: at its end, and lower where names would cover each other."""
    across, down = end
    if abs(down - first_end[1]) < LABEL:
        down += LABEL * number
    return across, down


def _draw_name(name: str, end: Point, colour: str) -> str:
    across, down = end
    return (
        f'<text x="{across + 6:.1f}" y="{down + 4:.1f}" font-size="{LABEL}"'
        f' fill="{colour}">{escape(name)}</text>'
    )


def _draw_line(spots: Points, colour: str) -> str:
    path = " ".join(f"{across:.1f},{down:.1f}" for across, down in spots)
    return f'<polyline fill="none" stroke="{colour}" stroke-width="2" points="{path}"/>'


def _draw_dots(line: Points, spots: Points, colour: str, names: tuple[str, str, str]) -> str:
    """A dot for each point, with its values as a title."""
    name, x, y = names
    drawn = ""
    for (across, down), (at_x, at_y) in zip(spots, line, strict=True):
        point = Message(
            "reports.html.point",
            line=name,
            x=x,
            y=y,
            at_x=format_metric(at_x),
            at_y=format_metric(at_y),
        )
        drawn += (
            f'<circle cx="{across:.1f}" cy="{down:.1f}" r="3" fill="{colour}">'
            f"<title>{title(point)}</title></circle>"
        )
    return drawn


def _draw_marks(axes: Axes, ys: Sequence[float], x: str) -> str:
    """The least and the greatest value at each axis."""
    marks = ""
    for value in (ys[-1], ys[0]):
        down = axes.place((axes.low_x, value))[1]
        text = format_metric(value)
        marks += f'<text x="{PAD - 10}" y="{down + 4:.1f}" text-anchor="end">{text}</text>'
    texts = [(axes.low_x, format_metric(axes.low_x))]
    if axes.high_x > axes.low_x:
        texts.append((axes.high_x, f"{format_metric(axes.high_x)} {escape(x)}"))
    for value, text in texts:
        across = axes.place((value, 0))[0]
        marks += f'<text x="{across:.1f}" y="{HIGH - 5}" text-anchor="middle">{text}</text>'
    return marks


def draw_histogram(spread: TrainingColumn | None) -> str:
    """A histogram of 24 bins from 200 quantiles, or the eight most frequent values.

    Args:
        spread: `counts` by value, or `numbers`, quantiles in order.
    """
    if not spread:
        return ""
    bars = _list_bars(spread)
    top = max((height for _, height in bars), default=0) or 1
    wide = SMALL_WIDE / max(1, len(bars))
    drawn = ""
    for i, (name, height) in enumerate(bars):
        high = SMALL_HIGH * height / top
        drawn += (
            f'<rect class="bar" x="{i * wide:.1f}" y="{SMALL_HIGH - high:.1f}"'
            f' width="{wide - 1:.1f}" height="{high:.1f}"><title>{escape(name)}</title></rect>'
        )
    return (
        f'<svg width="{SMALL_WIDE}" height="{SMALL_HIGH}" role="img"'
        f' aria-label="{title(HISTOGRAM)}">{drawn}</svg>'
    )


def _list_bars(spread: TrainingColumn) -> list[tuple[str, float]]:
    """The name and the height of each bar."""
    if "counts" not in spread:
        return _bin_numbers(spread["numbers"])
    counts = list(spread["counts"].items())[:MOST_BARS]
    return [(f"{name}: {count:,}", float(count)) for name, count in counts]


def _bin_numbers(points: Sequence[float]) -> list[tuple[str, float]]:
    """The start of each bin, and how many quantiles are in it."""
    low, high = points[0], points[-1]
    heights = [0.0] * BINS
    if high > low:
        for point in points:
            heights[min(BINS - 1, int(BINS * (point - low) / (high - low)))] += 1
    return [(f"{low + (high - low) * i / BINS:.4g}", height) for i, height in enumerate(heights)]
