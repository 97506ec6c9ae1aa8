"""Figures of the exam and of the battery study, in colours that follow the reader's light or dark page."""

import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from numpy.typing import NDArray

from energy.commands import Mode
from eval.records import Series

Floats = NDArray[np.float64]

# Light and dark value of each role. The light one stands in a saved file, a page swaps in its variable.
COLOURS: dict[str, tuple[str, str]] = {
    "ink": ("#1b2733", "#e6edf3"),
    "soft": ("#66758a", "#9aa9b8"),
    "rule": ("#dde3ea", "#30404f"),
    "advisor": ("#0d7d76", "#35c9bd"),
    "greedy": ("#d97a12", "#f2a24a"),
    "bound": ("#5a6bd8", "#93a0ff"),
    "other": ("#a9b4c0", "#64748a"),
    "sun": ("#eab308", "#facc15"),
    "house": ("#475569", "#c3cfdb"),
    "price": ("#be3455", "#fb7f9b"),
}
_INK, _SOFT, _RULE = (COLOURS[role][0] for role in ("ink", "soft", "rule"))
_POLICY_ROLES = {"planner": "advisor", "greedy": "greedy", "oracle": "bound"}
_MODE_ROLES = {Mode.CHARGE: "advisor", Mode.HOLD: "bound", Mode.DISCHARGE: "price", Mode.SELF_CONSUMPTION: "other"}
_WIDTH_IN = 5.4
STYLE: dict[Any, Any] = {
    "font.size": 10,
    "font.family": "sans-serif",
    "text.color": _INK,
    "axes.labelcolor": _SOFT,
    "axes.edgecolor": _RULE,
    "axes.titlesize": 10,
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.spines.left": False,
    "axes.axisbelow": True,
    "grid.color": _RULE,
    "xtick.color": _SOFT,
    "ytick.color": _SOFT,
    "xtick.labelcolor": _SOFT,
    "ytick.labelcolor": _INK,
    "ytick.major.size": 0,
    "legend.frameon": False,
    "legend.fontsize": 9,
    "svg.fonttype": "none",
    "figure.facecolor": "none",
    "axes.facecolor": "none",
    "savefig.facecolor": "none",
}


def colour(policy: str) -> str:
    """Colour of a policy: the advisor, greedy and the bound stand out, all others step back."""
    return COLOURS["advisor" if policy.startswith("advisor:") else _POLICY_ROLES.get(policy, "other")][0]


def svg(figure: Figure) -> str:
    """A figure as SVG to put into a page: no header, no shared ids, colours as variables."""
    drawn = io.StringIO()
    with mpl.rc_context({**STYLE, "svg.hashsalt": "figure"}):
        figure.savefig(drawn, format="svg", metadata={"Date": None, "Creator": None})
    text = drawn.getvalue()
    text = text[text.index("<svg") :]
    text = re.sub(r' id="[a-zA-Z]+_\d+"', "", text)
    text = re.sub(r'<svg [^>]*?viewBox="([^"]+)"[^>]*>', r'<svg viewBox="\1" aria-hidden="true">', text, count=1)
    text = re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.DOTALL)
    for role, (light, _) in COLOURS.items():
        text = text.replace(light, f"var(--{role}, {light})")
    return re.sub(r"font: ([^;\"]*)'[^;\"]*sans-serif", r"font: \1inherit, sans-serif", text)


def ladder(costs: Mapping[str, float], currency: str) -> Figure:
    """Bills of policies, dearest on top, each with what it saves against the first."""
    ranked = sorted(costs.items(), key=lambda item: item[1])
    dearest = ranked[-1][1]

    def note(cost: float) -> str:
        return f"{cost:.2f}" if cost == dearest else f"{cost:.2f} (saves {dearest - cost:.2f})"

    notes = [note(cost) for _, cost in ranked]
    return _bars(ranked, notes, f"{currency} in 28 days")


def bars(values: Mapping[str, float], unit: str) -> Figure:
    """One bar for each policy, in the order given."""
    ranked = list(values.items())[::-1]
    return _bars(ranked, [f"{value:.1f}" for _, value in ranked], unit)


def _bars(ranked: Sequence[tuple[str, float]], notes: Sequence[str], unit: str) -> Figure:
    with mpl.rc_context(STYLE):
        figure, axes = _figure(0.32 * len(ranked) + 0.6)
        names = [name for name, _ in ranked]
        drawn = axes.barh(names, [value for _, value in ranked], height=0.68, color=[colour(name) for name in names])
        axes.bar_label(drawn, notes, padding=4, fontsize=9, color=_INK)
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
        figure, axes = _figure(0.32 * len(values) + 0.6)
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
        figure, axes = _figure(0.36 * len(homes) + 1.0)
        for offset, (policy, by_home) in zip(_offsets(len(shares)), shares.items(), strict=True):
            for home, values in by_home.items():
                at = homes.index(home) + offset
                axes.plot(values, [at] * len(values), "o", ms=5.5, alpha=0.5, mew=0, color=colour(policy))
                axes.plot([float(np.median(values))], [at], "D", ms=7, color=colour(policy))
            axes.plot([], [], "D", ms=6, color=colour(policy), label=policy)
        axes.set_yticks(range(len(homes)), homes)
        axes.set_ylim(-0.6, len(homes) - 0.4)
        _percent_axis(axes, [value for by_home in shares.values() for values in by_home.values() for value in values])
        _legend_above(figure)
    return figure


def shares_by_month(shares: Mapping[str, Mapping[str, float]]) -> Figure:
    """Share of the bound's saving in each month (written 2017-01), one line for each policy."""
    months = sorted({month for by_month in shares.values() for month in by_month})
    with mpl.rc_context(STYLE):
        figure, axes = _figure(2.9)
        for policy, by_month in sorted(shares.items(), key=lambda item: item[0] in _POLICY_ROLES):
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
        _legend_above(figure)
    return figure


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
        figure = Figure(figsize=(_WIDTH_IN, 2.1 + 1.75 * len(days)), layout="constrained")
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
        handles = [Patch(color=COLOURS[_MODE_ROLES[mode]][0], label=mode.replace("_", "-")) for mode in used]
        figure.legend(handles=handles, loc="outside lower center", ncols=4, title="mode (strip)", title_fontsize=9)
    return figure


def present_values(lines: Mapping[str, Mapping[float, float]], currency: str) -> Figure:
    """Net present value against battery size, one line for each tariff and PV size; above zero it pays."""
    roles = ("advisor", "greedy", "bound", "price", "house", "other")
    with mpl.rc_context(STYLE):
        figure, axes = _figure(3.2)
        for number, (name, values) in enumerate(lines.items()):
            drawn = COLOURS[roles[number % len(roles)]][0]
            axes.plot(list(values), list(values.values()), "o-", lw=2, ms=4, color=drawn, label=name)
            size = max(values, key=lambda kwh: values[kwh])
            axes.plot([size], [values[size]], "o", ms=10, mfc="none", mew=1.6, color=drawn)
        axes.axhline(0, color=_SOFT, lw=1, ls="--")
        axes.set_xlabel("battery kWh")
        axes.set_ylabel(f"net present value, {currency}")
        axes.grid(axis="y")
        _legend_above(figure, columns=2)
    return figure


def yearly_bills(bills: Mapping[str, Mapping[float, float]], currency: str) -> Figure:
    """Yearly bill against battery size under each policy."""
    with mpl.rc_context(STYLE):
        figure, axes = _figure(3.2)
        for policy, values in bills.items():
            axes.plot(list(values), list(values.values()), "o-", lw=2, ms=4, color=colour(policy), label=policy)
        axes.set_ylim(bottom=min(0.0, *(bill for values in bills.values() for bill in values.values())))
        axes.set_xlabel("battery kWh")
        axes.set_ylabel(f"{currency} a year")
        axes.grid(axis="y")
        _legend_above(figure)
    return figure


def _draw_house(axes: Axes, series: Series) -> None:
    hours = _hours(series)
    axes.stairs(series.pv_kw, hours, fill=True, color=COLOURS["sun"][0], alpha=0.55, label="sun")
    axes.stairs(series.load_kw, hours, color=COLOURS["house"][0], lw=1.8, baseline=None, label="house")
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
        axes.stairs(strip, hours, baseline=-16, fill=True, color=COLOURS[_MODE_ROLES[list(Mode)[int(mode)]]][0])
    axes.set_ylim(-18, 112)
    axes.set_yticks([0, 50, 100])
    axes.set_ylabel("charge %")
    bought = float(np.sum(series.grid_import_kw) * (hours[1] - hours[0]))
    axes.set_title(f"{day.policy}: {day.cost:.2f} {currency}, {bought:.1f} kWh bought")
    grid = axes.twinx()
    grid.stairs(series.grid_import_kw, hours, color=_SOFT, lw=1.2, baseline=None)
    grid.set_ylim(-18 / 112 * most_kw * 1.1, most_kw * 1.1)
    grid.set_ylabel("bought kW")


def _hours(series: Series) -> Floats:
    """Edges of the slots in hours since the first."""
    step_s = float(series.start_s[1] - series.start_s[0])
    return np.asarray((np.r_[series.start_s, series.start_s[-1] + step_s] - series.start_s[0]) / 3600)


def _clock(seconds: float, zone: ZoneInfo) -> str:
    return f"{datetime.fromtimestamp(seconds, tz=zone):%H:%M}"


def _figure(height_in: float) -> tuple[Figure, Axes]:
    figure = Figure(figsize=(_WIDTH_IN, height_in), layout="constrained")
    return figure, figure.subplots()


def _legend_above(figure: Figure, columns: int = 4) -> None:
    figure.legend(loc="outside upper left", ncols=columns)


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
