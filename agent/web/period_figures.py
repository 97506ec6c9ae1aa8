"""A week, a month, a year or everything known, day by day or month by month: energy, money, and what was saved."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from datetime import date, datetime, timedelta
from math import isnan, nan
from typing import Literal

from agent.queries.money import costs_of
from agent.queries.past import DayTotals
from agent.queries.sources import Sources, Span
from agent.views.schemas import PeriodBar, PeriodFigures, PeriodView
from energy.slots import DAY, local_day

Grain = Literal["week", "month", "year", "all"]
_MONTHS_FROM_DAYS = 62


@dataclass(frozen=True, slots=True)
class _DayFigures:
    """One day's figures; NaN where nothing is known."""

    day: date
    load_kwh: float
    pv_kwh: float
    import_kwh: float
    export_kwh: float
    charge_kwh: float
    discharge_kwh: float
    cost: float
    saved: float
    saved_against_self_consumption: float


_NAMES = tuple(field.name for field in fields(_DayFigures) if field.name != "day")


class Periods:
    """PeriodFigures of whole days, worked out once for each day that has long been over."""

    def __init__(self, sources: Sources) -> None:
        self._sources = sources
        self._saved: dict[date, tuple[float, float]] = {}

    def of(self, grain: Grain, day: date | None, now: datetime) -> PeriodView | None:
        """The period around a day, up to now; None where nothing at all is known."""
        today = local_day(now, self._sources.home.tz)
        known = self._sources.known_span(now)
        if known is None:
            return None
        span = known if grain == "all" else _span(grain, day or today)
        days = [self._day(one, now) for one in self._sources.day_totals(span, now)]
        billed = [one.day for one in days if not isnan(one.saved)]
        months = span.days > _MONTHS_FROM_DAYS
        return PeriodView(
            grain=grain,
            first=span.first,
            last=span.last,
            known_first=known.first,
            known_last=known.last,
            by="month" if months else "day",
            bars=tuple(_bars(days, _first_of_month if months else _itself)),
            total=_figures(days),
            days=len(days),
            billed_days=len(billed),
            billed_first=min(billed, default=None),
        )

    def _day(self, totals: DayTotals, now: datetime) -> _DayFigures:
        known = {name: float(getattr(totals, name)) for name in _NAMES if hasattr(totals, name)}
        saved, against = self._savings(totals.day, now)
        return _DayFigures(day=totals.day, **known, saved=saved, saved_against_self_consumption=against)

    def _savings(self, day: date, now: datetime) -> tuple[float, float]:
        """What battery and advisor saved on a day, against no battery and against plain self-consumption."""
        if day in self._saved:
            return self._saved[day]
        home = self._sources.home
        seen = self._sources.metered(Span(day, day), now)
        if seen is None or not seen.covers(day, home, now) or isnan(float(seen.cost.sum())):
            savings = nan, nan
        else:
            paid, greedy, bare = costs_of(seen, home)
            savings = bare - paid, greedy - paid
        # The last slot of yesterday may still be on its way.
        if day < local_day(now, home.tz) - DAY:
            self._saved[day] = savings
        return savings


def _span(grain: Grain, day: date) -> Span:
    """The week from Monday, the month or the year that a day is in."""
    if grain == "week":
        monday = day - timedelta(days=day.weekday())
        return Span(monday, monday + timedelta(days=6))
    first = day.replace(day=1) if grain == "month" else day.replace(month=1, day=1)
    later = first + timedelta(days=31 if grain == "month" else 366)
    following = later.replace(day=1) if grain == "month" else later.replace(month=1, day=1)
    return Span(first, following - DAY)


def _itself(day: date) -> date:
    return day


def _first_of_month(day: date) -> date:
    return day.replace(day=1)


def _bars(days: Sequence[_DayFigures], begin: Callable[[date], date]) -> list[PeriodBar]:
    groups: dict[date, list[_DayFigures]] = {}
    for one in days:
        groups.setdefault(begin(one.day), []).append(one)
    return [PeriodBar(start=start, days=len(group), figures=_figures(group)) for start, group in groups.items()]


def _figures(days: Sequence[_DayFigures]) -> PeriodFigures:
    """Sums over the days on which each figure is known, and the two shares that follow from them."""
    sums = {name: _sum([getattr(one, name) for one in days]) for name in _NAMES}
    both = [one for one in days if not isnan(one.import_kwh) and not isnan(one.load_kwh)]
    used, bought = sum(one.load_kwh for one in both), sum(one.import_kwh for one in both)
    made = [one for one in days if not isnan(one.export_kwh) and not isnan(one.pv_kwh)]
    solar, sold = sum(one.pv_kwh for one in made), sum(one.export_kwh for one in made)
    return PeriodFigures(
        **sums,
        self_sufficiency=max(0.0, 1 - bought / used) if used > 0 else None,
        self_consumption=max(0.0, 1 - sold / solar) if solar > 0 else None,
    )


def _sum(values: Sequence[float]) -> float | None:
    known = [value for value in values if not isnan(value)]
    return round(sum(known), 4) if known else None
