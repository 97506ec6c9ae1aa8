"""The picture beside the table of likeness: recorded and synthetic homes, six ways to look at them."""

from collections.abc import Callable, Sequence

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from eval.realism.realism import (
    LAGS_H,
    QUANTILES,
    Floats,
    Hourly,
    autocorrelogram,
    duration_curve,
    likeness_of_neighbours,
    peak_hours,
)
from eval.report.style import COLOURS, STYLE

_RECORDED, _SYNTHETIC = COLOURS["greedy"][0], COLOURS["advisor"][0]
_SIZE_IN = (11.0, 6.4)


def draw(recorded: Sequence[Hourly], synthetic: Sequence[Hourly]) -> Figure:
    """Thin lines are homes, thick ones their median."""
    with mpl.rc_context({**STYLE, "figure.facecolor": "white", "axes.grid": True, "axes.grid.axis": "y"}):
        figure = Figure(figsize=_SIZE_IN, layout="constrained")
        panels = figure.subplots(2, 3).ravel()
        quantiles = np.linspace(0.005, 0.995, 100)
        views: list[tuple[str, str, Floats, Callable[[Hourly], Floats]]] = [
            ("Energy of a day / mean, days in order", "share of days (%)", 100 * quantiles, _daily(quantiles)),
            ("Load duration: hourly load / mean", "share of the year (%)", 100 * QUANTILES, duration_curve),
            ("Mean day: hourly load / mean", "hour of the day", np.arange(24.0), _mean_day),
            ("When a day is at its highest (% of days)", "hour of the day", np.arange(24.0), _peaks),
            ("Autocorrelation of the hourly load", "lag (days)", np.arange(1, LAGS_H + 1) / 24, autocorrelogram),
            (
                "Likeness of a day and the next, days in order",
                "share of days (%)",
                100 * quantiles,
                _likeness(quantiles),
            ),
        ]
        for axes, (title, below, across, look) in zip(panels, views, strict=True):
            _panel(axes, across, [[look(home) for home in homes] for homes in (recorded, synthetic)])
            axes.set_title(title)
            axes.set_xlabel(below)
        panels[1].set_ylim(0, 5)
        panels[5].set_ylim(-0.5, 1)
        lines = [Line2D([], [], color=colour, lw=2.5) for colour in (_RECORDED, _SYNTHETIC)]
        names = [f"{len(recorded)} recorded homes", f"{len(synthetic)} synthetic homes"]
        figure.legend(lines, names, loc="outside upper center", ncols=2, frameon=False, fontsize=11)
    return figure


def save(figure: Figure, path: str) -> None:
    """Write an SVG that is the same for the same data."""
    with mpl.rc_context({**STYLE, "svg.hashsalt": "realism", "savefig.facecolor": "white"}):
        figure.savefig(path, format="svg", metadata={"Date": None, "Creator": None})


def _panel(axes: Axes, across: Floats, curves: Sequence[Sequence[Floats]]) -> None:
    for homes, colour in zip(curves, (_RECORDED, _SYNTHETIC), strict=True):
        for values in homes:
            axes.plot(across, values, color=colour, lw=0.7, alpha=0.4)
    for homes, colour in zip(curves, (_RECORDED, _SYNTHETIC), strict=True):
        axes.plot(across, np.median(np.array(homes), axis=0), color=colour, lw=2.5)
    axes.margins(x=0)


def _daily(quantiles: Floats) -> Callable[[Hourly], Floats]:
    def look(home: Hourly) -> Floats:
        energy = home.load_kw.sum(axis=1)
        return np.asarray(np.quantile(energy, quantiles) / energy.mean(), dtype=np.float64)

    return look


def _likeness(quantiles: Floats) -> Callable[[Hourly], Floats]:
    def look(home: Hourly) -> Floats:
        return np.asarray(np.quantile(likeness_of_neighbours(home), quantiles), dtype=np.float64)

    return look


def _mean_day(home: Hourly) -> Floats:
    return np.asarray(home.load_kw.mean(axis=0) / home.load_kw.mean(), dtype=np.float64)


def _peaks(home: Hourly) -> Floats:
    return 100 * peak_hours(home)
