"""Days and weeks that stand for a place: sunny ones, dull ones, and a week whose days differ most to a home."""

from dataclasses import dataclass
from datetime import date

import numpy as np

from eval.study.figures import Base

WEEK = 7
# Weeks at these ranks of sun stand for sunny and dull ones: neither the very best nor the very worst, and none in which
# the home stands empty.
SUNNY, DULL, _LIVED_IN = 0.88, 0.1, 0.8


@dataclass(frozen=True, slots=True)
class StudySpan:
    """A day, or seven days from a Monday on, and their slots in the year."""

    first: date
    part: slice
    days: int = WEEK


def week_at(base: Base, rank: float) -> StudySpan:
    """The week that has a rank of sun among all weeks of the year."""
    ordered = sorted(_lived_in(base), key=lambda week: float(base.pv_kw_per_kwp[week.part].sum()))
    return ordered[min(int(rank * len(ordered)), len(ordered) - 1)]


def day_of(base: Base, week: StudySpan, rank: float) -> StudySpan:
    """The day of a week that has a rank of sun among its days."""
    at = base.days.index(week.first)
    parts = {base.days[day]: slice(base.bounds[day], base.bounds[day + 1]) for day in range(at, at + WEEK)}
    first = sorted(parts, key=lambda day: float(base.pv_kw_per_kwp[parts[day]].sum()))[round(rank * (WEEK - 1))]
    return StudySpan(first, parts[first], 1)


def changeable_week(base: Base, kwp: float) -> StudySpan:
    """The week in which what panels leave to be bought changes most from day to day: there a forecast matters."""
    return max(_lived_in(base), key=lambda week: _change(base, week, kwp))


def _lived_in(base: Base) -> list[StudySpan]:
    """Weeks with a day after them, in which the home is not empty."""
    mondays = [at for at, day in enumerate(base.days) if day.weekday() == 0 and at + WEEK < len(base.days)]
    weeks = [StudySpan(base.days[at], slice(base.bounds[at], base.bounds[at + WEEK])) for at in mondays]
    used = [float(base.load_kw[week.part].sum()) for week in weeks]
    enough = _LIVED_IN * float(np.median(used))
    return [week for week, load in zip(weeks, used, strict=True) if load >= enough]


def _change(base: Base, week: StudySpan, kwp: float) -> float:
    """Mean difference of what a day lacks to what the day before lacked, in slot kilowatts."""
    at = base.days.index(week.first)
    days = [slice(base.bounds[day], base.bounds[day + 1]) for day in range(at, at + WEEK)]
    lacking = [max(float((base.load_kw[day] - kwp * base.pv_kw_per_kwp[day]).sum()), 0.0) for day in days]
    return float(np.abs(np.diff(lacking)).mean())
