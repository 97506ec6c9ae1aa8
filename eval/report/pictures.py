"""What the report draws: figures chosen and fed from graded cells of one setting."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from zoneinfo import ZoneInfo

import numpy as np

from energy.errors import AdvisorError
from eval.collect.closed_loop import MEMBERS
from eval.collect.homes import HistorySource, staged
from eval.grade.metrics import LEAST_SAVING, Graded, Window, by_policy, paired, price, window
from eval.grade.records import Cell, Record
from eval.grade.stretches import by_day, by_month
from eval.report import plots
from eval.report.day_plot import PlayedDay, one_day
from eval.report.page import Drawing
from eval.report.plots import Range
from eval.report.similar_plot import among, similar_to
from eval.report.style import svg

_BOUNDS = {"none", "oracle"}
_SHOWN_DAY = ("planner", "greedy", "oracle")
_WINTER = (12, 1, 2)
# The day shown is the one that nine in ten winter days fall short of: worth looking at, not the luckiest.
_SHOWN_QUANTILE = 0.9
_TOLD_DAYS = 3
# A rule that looks up its next level thinks for no time at all.
_NOTICED_MS = 0.05


def ladder(graded: Sequence[Graded]) -> Drawing:
    """Mean bill of each policy over the windows that all finished."""
    costs = {name: float(np.mean([one.cost_in_28_days for one in cells])) for name, cells in by_policy(graded).items()}
    return Drawing(
        svg(plots.ladder(costs, graded[0].record.outcome.currency)),
        "Mean bill over the same windows, less the value of what was left in the battery; in brackets what is saved.",
    )


def homes(graded: Sequence[Graded]) -> Drawing | None:
    """Shares by home of self-consumption and the advisor."""
    found: dict[str, dict[str, list[float]]] = {"greedy": defaultdict(list), "planner": defaultdict(list)}
    for one in graded:
        if one.share is not None and one.cell.policy in found:
            found[one.cell.policy][one.cell.home].append(one.share)
    if not all(found.values()):
        return None
    return Drawing(
        svg(plots.shares_by_home(found)),
        "Home by home: every window (small) and their median (large). Right is better; the dashed line is the bound.",
    )


def months(graded: Sequence[Graded]) -> Drawing | None:
    """Shares by calendar month, savings of all homes and windows summed first."""
    costs: dict[tuple[str, str], float] = defaultdict(float)
    accounts: Counter[str] = Counter()
    for one in paired(graded):
        for month, part in by_month(one.record).items():
            costs[one.cell.policy, month] += _cost(part)
            accounts[month] += one.cell.policy == "oracle"
    policies = {policy for policy, _ in costs}
    if not policies >= _BOUNDS:
        return None
    gains = {month: costs["none", month] - costs["oracle", month] for month in sorted(accounts)}
    worth = {month: gain for month, gain in gains.items() if gain > LEAST_SAVING * accounts[month]}
    if not worth:
        return None
    found = {
        policy: {month: (costs["none", month] - costs[policy, month]) / gain for month, gain in worth.items()}
        for policy in sorted(policies - _BOUNDS)
    }
    return Drawing(
        svg(plots.shares_by_month(found)),
        "Month by month, all homes together: saving as a share of what perfect foresight saves in that month.",
    )


@dataclass(frozen=True, slots=True)
class ShownDay:
    """A winter day of one home and its figure."""

    cell: Cell
    day: date
    drawing: Drawing


def winter_day(graded: Sequence[Graded]) -> ShownDay | None:
    """One day of December to February of one home: advisor, self-consumption and the bound below each other."""
    trios = _trios(graded)
    gaps = [(gap, at, day) for at, trio in trios.items() for day, gap in _winter_gaps(trio).items()]
    if not gaps:
        return None
    gap, at, day = sorted(gaps, key=lambda found: found[0])[int(_SHOWN_QUANTILE * (len(gaps) - 1))]
    outcome = trios[at]["greedy"].record.outcome
    played = [_played(policy, by_day(trios[at][policy].record)[day]) for policy in _SHOWN_DAY]
    drawing = Drawing(
        svg(one_day(played, ZoneInfo(outcome.zone), outcome.currency)),
        f"{at[1]} on {day:%A, %d %B %Y}. Self-consumption cost {gap:.2f} {outcome.currency} more than the bound, "
        f"which is more than on {_SHOWN_QUANTILE:.0%} of the {len(gaps)} winter days on record.",
    )
    return ShownDay(trios[at]["planner"].cell, day, drawing)


def among_similar(shown: ShownDay, source: HistorySource) -> Drawing | str:
    """The day among those before it that the plan chose at its midnight, or why they cannot be drawn."""
    try:
        history = staged(source, shown.cell)
    except AdvisorError as err:
        return f"The days like it cannot be drawn: {err}."
    near = similar_to(history, shown.day, MEMBERS)
    if not near:
        return f"The days like it cannot be drawn: no day of {shown.cell.home} before {shown.day} is on record."
    nearest = "; ".join(f"{one.day} ({one.why})" for one in near[:_TOLD_DAYS])
    return Drawing(
        svg(among(history, shown.day, [one.day for one in near])),
        f"The same day (bold) among the {len(near)} days before it that were most like it when it began (thin), "
        f"on which its first plan rests. Nearest: {nearest}.",
    )


def calm(graded: Sequence[Graded]) -> Drawing:
    """Mode changes a day of each policy."""
    changes = {
        name: float(np.mean([one.mode_changes_a_day for one in cells])) for name, cells in by_policy(graded).items()
    }
    changes.pop("none", None)
    return Drawing(
        svg(plots.bars(changes, "mode changes a day")),
        "How often the battery is told something else: an unquiet plan wears contactors and trust.",
    )


def latency(graded: Sequence[Graded]) -> Drawing | None:
    """Median and 95th percentile of the time a decision takes."""
    found = {}
    for name, cells in by_policy(graded).items():
        times = np.concatenate([one.series.decision_ms for one in cells])
        times = times[~np.isnan(times)]
        if len(times) and np.median(times) > _NOTICED_MS:
            middle, high = np.quantile(times, [0.5, 0.95])
            found[name] = Range(float(middle), float(middle), float(high))
    if not found:
        return None
    return Drawing(
        svg(plots.ranges(found, "ms a decision", logarithmic=True)),
        "Time a decision takes: the dot is the median, the line ends at the 95th percentile.",
    )


def _cost(part: Record) -> float:
    if part.series is None:
        raise ValueError(f"{part.outcome.cell.name!r} has no series to price")
    return price(part, part.series).cost


def _trios(graded: Sequence[Graded]) -> dict[Window, dict[str, Graded]]:
    """Windows that all policies of the day's figure finished."""
    found: dict[Window, dict[str, Graded]] = defaultdict(dict)
    for one in graded:
        if one.cell.policy in _SHOWN_DAY:
            found[window(one.cell)][one.cell.policy] = one
    return {at: trio for at, trio in found.items() if len(trio) == len(_SHOWN_DAY)}


def _winter_gaps(trio: dict[str, Graded]) -> dict[date, float]:
    """What self-consumption cost beyond the bound on each winter day, each day an account of its own."""
    greedy, bound = (by_day(trio[policy].record) for policy in ("greedy", "oracle"))
    return {day: _cost(part) - _cost(bound[day]) for day, part in greedy.items() if day.month in _WINTER}


def _played(policy: str, part: Record) -> PlayedDay:
    if part.series is None:
        raise ValueError(f"{part.outcome.cell.name!r} has no series to draw")
    return PlayedDay(policy, part.series, _cost(part), part.outcome.start_kwh, part.outcome.cell.battery_kwh)
