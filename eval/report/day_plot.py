"""One day under several policies: house, sun and price, and below each policy's charge, grid power and modes."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from numpy.typing import NDArray

from energy.commands import Mode
from eval.grade.records import Series
from eval.report.style import COLOURS, SOFT, STYLE, WIDTH_IN, colour

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class PlayedDay:
    """A policy's day and what it cost."""

    policy: str
    series: Series
    cost: float
    start_kwh: float
    battery_kwh: float


def one_day(days: Sequence[PlayedDay], zone: ZoneInfo, currency: str) -> Figure:
    """House, sun and price on top; below, for each policy, charge, grid power and mode through the same day."""
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(WIDTH_IN, 2.1 + 1.75 * len(days)), layout="constrained")
        top, *panels = figure.subplots(1 + len(days), sharex=True, squeeze=False)[:, 0]
        _draw_house(top, days[0].series)
        most_kw = max(float(np.max(day.series.grid_import_kw)) for day in days)
        for panel, day in zip(panels, days, strict=True):
            _draw_policy(panel, day, most_kw, currency)
        hours = _hours(days[0].series)
        ticks = np.arange(0, len(hours) - 1, max((len(hours) - 1) // 6, 1))
        first_s = int(days[0].series.start_s[0])
        panels[-1].set_xticks(hours[ticks], [_clock(first_s + hours[tick] * 3600, zone) for tick in ticks])
        panels[-1].set_xlim(hours[0], hours[-1])
        used = [list(Mode)[mode] for mode in sorted({int(mode) for day in days for mode in day.series.mode})]
        handles = [Patch(color=COLOURS[mode.value][0], label=mode.replace("_", "-")) for mode in used]
        figure.legend(handles=handles, loc="outside lower center", ncols=4, title="mode (strip)", title_fontsize=9)
    return figure


def _draw_house(axes: Axes, series: Series) -> None:
    hours = _hours(series)
    axes.stairs(series.pv_kw, hours, fill=True, color=COLOURS["solar"][0], alpha=0.55, label="solar")
    axes.stairs(series.load_kw, hours, color=COLOURS["load"][0], lw=1.8, baseline=None, label="house")
    axes.set_ylabel("kW")
    price = axes.twinx()
    price.stairs(series.import_price, hours, color=COLOURS["price"][0], lw=1.4, baseline=None, label="price (right)")
    price.set_ylim(min(0, float(series.import_price.min()) * 1.1), float(series.import_price.max()) * 1.25)
    price.set_ylabel("per kWh", color=COLOURS["price"][0])
    handles = [*axes.get_legend_handles_labels()[0], *price.get_legend_handles_labels()[0]]
    axes.legend(handles=handles, ncols=3, loc="lower left", bbox_to_anchor=(0, 1))


def _draw_policy(axes: Axes, day: PlayedDay, most_kw: float, currency: str) -> None:
    series, hours = day.series, _hours(day.series)
    charge = 100 * np.r_[day.start_kwh, series.stored_kwh] / day.battery_kwh
    axes.fill_between(hours, charge, color=colour(day.policy), alpha=0.28, lw=0)
    axes.plot(hours, charge, color=colour(day.policy), lw=1.8)
    for mode in np.unique(series.mode):
        strip = np.where(series.mode == mode, -4.0, np.nan)
        axes.stairs(strip, hours, baseline=-16, fill=True, color=COLOURS[list(Mode)[int(mode)].value][0])
    axes.set_ylim(-18, 112)
    axes.set_yticks([0, 50, 100])
    axes.set_ylabel("charge %")
    bought = float(np.sum(series.grid_import_kw) * (hours[1] - hours[0]))
    axes.set_title(f"{day.policy}: {day.cost:.2f} {currency}, {bought:.1f} kWh bought")
    grid = axes.twinx()
    grid.stairs(series.grid_import_kw, hours, color=SOFT, lw=1.2, baseline=None)
    grid.set_ylim(-18 / 112 * most_kw * 1.1, most_kw * 1.1)
    grid.set_ylabel("bought kW")


def _hours(series: Series) -> Floats:
    """Edges of the slots in hours since the first."""
    step_s = float(series.start_s[1] - series.start_s[0])
    return np.asarray((np.r_[series.start_s, series.start_s[-1] + step_s] - series.start_s[0]) / 3600)


def _clock(seconds: float, zone: ZoneInfo) -> str:
    return f"{datetime.fromtimestamp(seconds, tz=zone):%H:%M}"
