"""The report's drawings as SVG: narrow ones, so that they can be read on a phone and stand side by side on a screen."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

import numpy as np

from knowledge.days import Floats

WIDTH, HEIGHT = 360, 210
_LEFT, _RIGHT, _TOP, _BOTTOM = 40, 6, 10, 22


@dataclass(frozen=True, slots=True, eq=False)
class ChartSeries:
    """Values of one kind, drawn in the colour of a class; below zero they go down."""

    name: str
    role: str
    values: Floats


@dataclass(frozen=True, slots=True)
class _PlotFrame:
    """Where values stand in the picture."""

    low: float
    high: float
    columns: int

    def x(self, at: float) -> float:
        return _LEFT + at * (WIDTH - _LEFT - _RIGHT) / self.columns

    def y(self, value: float) -> float:
        return _TOP + (self.high - value) * (HEIGHT - _TOP - _BOTTOM) / (self.high - self.low)


def stacked_bars(
    series: Sequence[ChartSeries], labels: Sequence[str], *, limits: tuple[float, float], title: str
) -> str:
    """One bar for each label: positive values stacked upwards, negative ones downwards."""
    frame = _PlotFrame(*limits, len(labels))
    parts = [_grid(frame)]
    up, down = np.zeros(len(labels)), np.zeros(len(labels))
    for one in series:
        for at, value in enumerate(one.values.tolist()):
            if not value:
                continue
            base = up if value > 0 else down
            parts.append(_bar(frame, at, float(base[at]), float(base[at] + value), one))
            base[at] += value
    parts += [_label(frame.x(at + 0.5), label) for at, label in enumerate(labels)]
    return _svg(parts, title)


def hours(
    series: Sequence[ChartSeries], line: ChartSeries, labels: Sequence[str], *, limits: tuple[float, float], title: str
) -> str:
    """Hours of a day or a week: stacked areas and a line above them; labels in the middle of equal parts."""
    count = len(line.values)
    frame = _PlotFrame(*limits, count)
    parts = [_grid(frame)]
    up, down = np.zeros(count), np.zeros(count)
    for one in series:
        base = up if one.values.sum() >= 0 else down
        top = base + one.values
        parts.append(_area(frame, base.copy(), top, one))
        base += one.values
    path = " ".join(f"{frame.x(at):.1f},{frame.y(value):.1f}" for at, value in enumerate(_closed(line.values)))
    parts.append(f'<polyline class="line" points="{path}"/>')
    parts += [_label(frame.x((at + 0.5) * count / len(labels)), label) for at, label in enumerate(labels)]
    return _svg(parts, title)


def ranges(rows: Sequence[tuple[str, float, float, float]], *, unit: str, title: str) -> str:
    """A line from the lowest to the highest of each row, with a dot at the middle one and all three as numbers."""
    high = nice_top(max([top for *_, top in rows] + [1.0]))
    low = min(0.0, *(bottom for _, bottom, _, _ in rows))
    height = 26 + 30 * len(rows)
    left = 92

    def x(value: float) -> float:
        return left + (value - low) * (WIDTH - left - 84) / (high - low)

    parts = [f'<line class="zero" x1="{x(0):.1f}" x2="{x(0):.1f}" y1="4" y2="{height - 20}"/>']
    for at, (name, bottom, middle, top) in enumerate(rows):
        y, numbers = 20 + 30 * at, f"{middle:.0f} ({bottom:.0f}\N{EN DASH}{top:.0f})"
        parts += [
            f'<text x="{left - 8}" y="{y + 4}" text-anchor="end">{escape(name)}</text>',
            f'<line class="range" x1="{x(bottom):.1f}" x2="{x(top):.1f}" y1="{y}" y2="{y}"/>',
            f'<circle class="dot" cx="{x(middle):.1f}" cy="{y}" r="5"/>',
            f'<text class="value" x="{x(top) + 9:.1f}" y="{y + 4}">{numbers}</text>',
        ]
    parts.append(f'<text x="{x(0):.1f}" y="{height - 6}" text-anchor="middle">0 {escape(unit)}</text>')
    return _svg(parts, title, height)


def nice_top(value: float) -> float:
    """The next round number at or above a value."""
    size = 10 ** max(np.floor(np.log10(max(value, 1.0))), 0)
    steps = (1, 2, 3, 4, 5, 6, 8, 10) if size == 1 else (1, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10)
    return float(next(step * size for step in steps if step * size >= value - 1e-9))


def limits_of(*stacks: Sequence[ChartSeries]) -> tuple[float, float]:
    """Common limits of stacks that are drawn side by side."""
    high, low = 0.0, 0.0
    for stack in stacks:
        high = max(high, float(np.sum([np.maximum(one.values, 0) for one in stack], axis=0).max()))
        low = min(low, float(np.sum([np.minimum(one.values, 0) for one in stack], axis=0).min()))
    top = nice_top(high or 1.0)
    return (-nice_top(-low) if low < -1e-9 else 0.0), top


def _grid(frame: _PlotFrame) -> str:
    """A line and a number at the limits, at zero and half-way where that is a whole number."""
    half = {frame.high / 2} if frame.high % 2 == 0 else set()
    ticks = sorted({frame.low, 0.0, frame.high} | half)
    if frame.low and -frame.low < 0.15 * frame.high:
        ticks.remove(frame.low)
    parts = []
    for tick in ticks:
        y, kind = frame.y(tick), "zero" if tick == 0 else "grid"
        parts.append(f'<line class="{kind}" x1="{_LEFT}" x2="{WIDTH - _RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>')
        parts.append(f'<text x="{_LEFT - 5}" y="{y + 4:.1f}" text-anchor="end">{tick:g}</text>')
    return "".join(parts)


def _bar(frame: _PlotFrame, at: int, start: float, end: float, one: ChartSeries) -> str:
    top, bottom = frame.y(max(start, end)), frame.y(min(start, end))
    x, width = frame.x(at + 0.12), frame.x(at + 0.88) - frame.x(at + 0.12)
    tip = f"<title>{escape(one.name)}: {abs(end - start):.0f}</title>"
    box = f'x="{x:.1f}" y="{top:.1f}" width="{width:.1f}" height="{max(bottom - top, 0.3):.1f}"'
    return f'<rect class="{one.role}" {box}>{tip}</rect>'


def _area(frame: _PlotFrame, base: Floats, top: Floats, one: ChartSeries) -> str:
    upper = [(frame.x(at), frame.y(value)) for at, value in enumerate(_closed(top))]
    lower = [(frame.x(at), frame.y(value)) for at, value in enumerate(_closed(base))][::-1]
    points = " ".join(f"{x:.1f},{y:.1f}" for x, y in [*upper, *lower])
    return f'<polygon class="{one.role}" points="{points}"><title>{escape(one.name)}</title></polygon>'


def _closed(values: Floats) -> list[float]:
    return [*values.tolist(), float(values[-1])]


def _label(x: float, text: str) -> str:
    return f'<text x="{x:.1f}" y="{HEIGHT - 6}" text-anchor="middle">{escape(text)}</text>'


def _svg(parts: Sequence[str], title: str, height: int = HEIGHT) -> str:
    return (
        f'<svg viewBox="0 0 {WIDTH} {height}" role="img" aria-label="{escape(title)}"'
        f' xmlns="http://www.w3.org/2000/svg">{"".join(parts)}</svg>'
    )
