"""Figures of the exam and of the battery study: bills, shares, ranges, present values."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from eval.report.style import COLOURS, INK, POLICY_ROLES, STYLE, blank_figure, colour, legend_above

Floats = NDArray[np.float64]


def ladder(costs: Mapping[str, float], currency: str) -> Figure:
    """Bills of policies, highest on top, each with what it saves against the first."""
    ranked = sorted(costs.items(), key=lambda item: item[1])
    highest = ranked[-1][1]

    def note(cost: float) -> str:
        return f"{cost:.2f}" if cost == highest else f"{cost:.2f} (saves {highest - cost:.2f})"

    notes = [note(cost) for _, cost in ranked]
    return _bars(ranked, notes, f"{currency} in 28 days")


def bars(values: Mapping[str, float], unit: str) -> Figure:
    """One bar for each policy, in the order given."""
    ranked = list(values.items())[::-1]
    return _bars(ranked, [f"{value:.1f}" for _, value in ranked], unit)


def _bars(ranked: Sequence[tuple[str, float]], notes: Sequence[str], unit: str) -> Figure:
    with mpl.rc_context(STYLE):
        figure, axes = blank_figure(0.32 * len(ranked) + 0.6)
        names = [name for name, _ in ranked]
        drawn = axes.barh(names, [value for _, value in ranked], height=0.68, color=[colour(name) for name in names])
        axes.bar_label(drawn, notes, padding=4, fontsize=9, color=INK)
        axes.margins(x=0.3)
        axes.set_xlabel(unit)
        axes.spines["left"].set_visible(True)
    return figure


@dataclass(frozen=True, slots=True)
class Range:
    """A middle value with what lies around it."""

    low: float
    middle: float
    high: float


def ranges(values: dict[str, Range], unit: str, *, logarithmic: bool = False) -> Figure:
    """A dot with a line from low to high for each policy."""
    with mpl.rc_context(STYLE):
        figure, axes = blank_figure(0.32 * len(values) + 0.6)
        for place, (name, value) in enumerate(reversed(values.items())):
            axes.plot([value.low, value.high], [place, place], color=colour(name), lw=3, solid_capstyle="round")
            axes.plot([value.middle], [place], "o", color=colour(name), ms=8)
        axes.set_yticks(range(len(values)), list(reversed(values)))
        axes.set_ylim(-0.6, len(values) - 0.4)
        if logarithmic:
            axes.set_xscale("log")
            axes.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
        axes.grid(axis="x")
        axes.set_xlabel(unit)
    return figure


def shares_by_home(shares: Mapping[str, Mapping[str, Sequence[float]]]) -> Figure:
    """Share of the bound's saving in every window (small) and its median (large): policy to home to shares."""
    homes = sorted({home for by_home in shares.values() for home in by_home}, key=natural, reverse=True)
    with mpl.rc_context(STYLE):
        figure, axes = blank_figure(0.36 * len(homes) + 1.0)
        for offset, (policy, by_home) in zip(_offsets(len(shares)), shares.items(), strict=True):
            for home, values in by_home.items():
                at = homes.index(home) + offset
                axes.plot(values, [at] * len(values), "o", ms=5.5, alpha=0.5, mew=0, color=colour(policy))
                axes.plot([float(np.median(values))], [at], "D", ms=7, color=colour(policy))
            axes.plot([], [], "D", ms=6, color=colour(policy), label=policy)
        axes.set_yticks(range(len(homes)), homes)
        axes.set_ylim(-0.6, len(homes) - 0.4)
        _percent_axis(axes, [value for by_home in shares.values() for values in by_home.values() for value in values])
        legend_above(figure)
    return figure


def shares_by_month(shares: Mapping[str, Mapping[str, float]]) -> Figure:
    """Share of the bound's saving in each month (written 2017-01), one line for each policy."""
    months = sorted({month for by_month in shares.values() for month in by_month})
    with mpl.rc_context(STYLE):
        figure, axes = blank_figure(2.9)
        for policy, by_month in sorted(shares.items(), key=lambda item: item[0] in POLICY_ROLES):
            stands_out = colour(policy) != COLOURS["other"][0]
            axes.plot(
                [months.index(month) for month in by_month],
                [100 * share for share in by_month.values()],
                marker="o",
                ms=5 if stands_out else 3,
                lw=2.2 if stands_out else 1,
                color=colour(policy),
                label=policy if stands_out else None,
            )
        axes.plot([], [], lw=1, marker="o", ms=3, color=COLOURS["other"][0], label="others")
        axes.axhline(100, color=COLOURS["bound"][0], lw=1, ls="--")
        names = [f"{date.fromisoformat(f'{month}-01'):%b %y}" for month in months]
        axes.set_xticks(range(len(months)), names)
        axes.tick_params(axis="x", labelrotation=45 if len(months) > 8 else 0)
        axes.set_ylabel("% of the bound's saving")
        axes.grid(axis="y")
        legend_above(figure)
    return figure


def _percent_axis(axes: Axes, shares: Sequence[float]) -> None:
    axes.xaxis.set_major_formatter(lambda value, _: f"{100 * value:.0f}")
    axes.set_xlim(min([0.0, *shares]) - 0.02, 1.04)
    axes.axvline(1, color=COLOURS["bound"][0], lw=1, ls="--")
    axes.grid(axis="x")
    axes.set_xlabel("% of the bound's saving")


def _offsets(count: int) -> Floats:
    """Places of several policies around one line."""
    return np.linspace(0.16, -0.16, count) if count > 1 else np.zeros(1)


def natural(name: str) -> tuple[str, int]:
    """Sort key that puts home 2 before home 10."""
    stem = name.rstrip("0123456789")
    return stem, int(name[len(stem) :] or 0)
