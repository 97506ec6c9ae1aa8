"""Days of homes like this one, for a home that has few of its own yet."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date, timedelta

import numpy as np

from energy.home import Home
from energy.pricing.tariff import is_rest_day
from energy.slots import DAY
from knowledge.days import Floats
from knowledge.default_profile import default_days
from knowledge.forecast import DayShape, shape_of
from knowledge.similar import SimilarDay
from knowledge.store import DayStore

# What a home is known by: its last two weeks; whose days are lent: the six nearest, days of their last week.
LATELY, ENOUGH_TO_LEND, LENDERS = timedelta(days=14), 7, 6
_LENT = timedelta(days=7)
_BLOCKS = 8
# What makes two homes one unit apart: a third more energy, or a shape that is off by a third of its mean power.
_ENERGY, _SHAPE = 0.3, 0.35
_STEP = timedelta(hours=1)


def lent_dates(count: int) -> list[date]:
    """Dates that no home has lived, by which lent days are told from its own."""
    return [date(2, 1, 1) + number * DAY for number in range(count)]


def home_vector(home: Home, days: Iterable[DayShape]) -> Floats:
    """What a home is like, of shape (9,): how much it uses, and in which three hours of the day; by its last days.

    A home without any is taken for an ordinary household.
    """
    known = [one for one in days if not np.isnan(one.load_kw).any()]
    shown = known or list(default_days(home, _STEP, {}).values())
    hourly_kw = np.mean([one.hourly_load_kw for one in shown], axis=0)
    mean_kw = max(float(hourly_kw.mean()), 0.01)
    shares = hourly_kw.reshape(_BLOCKS, -1).mean(axis=1) / mean_kw
    return np.array([np.log(mean_kw) / _ENERGY, *(shares / _SHAPE / np.sqrt(_BLOCKS))])


def lately(shapes: Iterable[DayShape], today: date) -> list[DayShape]:
    """Of a home's days those that tell what it is like today."""
    return [one for one in shapes if today - LATELY <= one.day < today]


def lent_days(
    home: Home, today: date, lenders: Sequence[str], store: DayStore, *, count: int, step: timedelta
) -> list[DayShape]:
    """Up to `count` late days of the lenders, of the same kind as today, the latest first; their load is as it was.

    Sun differs by panels: it is taken in proportion to their peak.
    """
    rest, found = is_rest_day(home.tariff, today), list[DayShape]()
    shown = [_late_days(name, today, store, step) for name in lenders]
    for back in range(1, _LENT // DAY + 1):
        day = today - back * DAY
        for theirs, days in shown:
            if day in days and is_rest_day(theirs.tariff, day) == rest:
                lent = days[day]
                share = home.pv_peak_kw / theirs.pv_peak_kw if theirs.pv_peak_kw else 0.0
                found.append(DayShape(date.min, lent.load_kw, lent.pv_kw * share))
    return [replace(one, day=at) for one, at in zip(found[:count], lent_dates(count), strict=False)]


def as_neighbours(days: Sequence[DayShape]) -> list[SimilarDay]:
    """Lent days among those that a plan is made from."""
    why = "few days of its own: a day of a home like this one"
    return [SimilarDay(one.day, 0.0, 0, why, "lent") for one in days]


def _late_days(name: str, today: date, store: DayStore, step: timedelta) -> tuple[Home, dict[date, DayShape]]:
    theirs = store.home(name)
    records = (one for one in store.days(name, before=today) if one.day >= today - _LENT)
    shapes = (shape_of(record, theirs.tz, step) for record in records)
    return theirs, {one.day: one for one in shapes if not np.isnan(one.load_kw).any() and not np.isnan(one.pv_kw).any()}
