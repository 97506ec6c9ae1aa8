"""What happens on which day: who goes away when, when guests come, what of it was said beforehand."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
from numpy.typing import NDArray

from simulator.clock import LocalDays
from simulator.noise import stream
from simulator.spec import Life, Period

# Departure and return, in minutes of the local day.
_LEAVES, _RETURNS = 10 * 60, 18 * 60
_YEAR_DAYS = 365.25


@dataclass(frozen=True, slots=True, eq=False)
class Diary:
    """Per day, arrays of shape (days,): minute from which and to which the house is empty, and how many guests.

    A day wholly away is empty from 0 to 1440; `empty_from` equals `empty_to` on a day at home.
    `stay` says whether guests sleep there; `notes` holds what the household had said before the day began.
    """

    empty_from: NDArray[np.intp]
    empty_to: NDArray[np.intp]
    guests: NDArray[np.intp]
    stay: NDArray[np.bool_]
    notes: tuple[tuple[str, ...], ...]

    def is_away(self, day: int) -> bool:
        """Whether the house stands empty all day."""
        return bool(self.empty_to[day] - self.empty_from[day] >= 24 * 60)


def write_diary(life: Life, local: LocalDays, *, seed: int, warm_day: int) -> Diary:
    """Planned periods of the household, and those that chance adds: holidays in the warm season, weekends, visits."""
    days = local.count
    empty_from, empty_to = np.full(days, 0), np.full(days, 0)
    guests, stay = np.zeros(days, dtype=np.intp), np.zeros(days, dtype=bool)
    for first, last in _absences(life, local, seed=seed, warm_day=warm_day):
        for day in range(max(first, 0), min(last, days - 1) + 1):
            empty_from[day] = _LEAVES if day == first else 0
            empty_to[day] = _RETURNS if day == last else 24 * 60
    for first, last, people, stays in _visits(life, local, seed=seed):
        for day in range(max(first, 0), min(last, days - 1) + 1):
            if empty_from[day] == empty_to[day]:
                guests[day], stay[day] = people, stays
    notes = _told(life, empty_from, empty_to, guests, rng=stream(seed, "told"))
    return Diary(empty_from, empty_to, guests, stay, notes)


def _told(
    life: Life,
    empty_from: NDArray[np.intp],
    empty_to: NDArray[np.intp],
    guests: NDArray[np.intp],
    *,
    rng: np.random.Generator,
) -> tuple[tuple[str, ...], ...]:
    """Not everything is said beforehand: each stretch of days is told or not as a whole."""
    notes = []
    told = {"away": False, "guests": False}
    before = {"away": False, "guests": False}
    for day in range(len(guests)):
        happens = {"away": bool(empty_to[day] > empty_from[day]), "guests": bool(guests[day])}
        draws = rng.random(2)
        for (name, now), draw in zip(happens.items(), draws, strict=True):
            if now and not before[name]:
                told[name] = bool(draw < life.told_share)
        notes.append(tuple(name for name, now in happens.items() if now and told[name]))
        before = happens
    return tuple(notes)


def _absences(life: Life, local: LocalDays, *, seed: int, warm_day: int) -> Iterable[tuple[int, int]]:
    yield from (_places(period, local) for period in life.away)
    rng = stream(seed, "absences")
    years = local.count / _YEAR_DAYS
    for _ in range(rng.poisson(life.holidays_per_year * years)):
        # Every other holiday is taken in the warm season, the rest whenever.
        warm = rng.random() < 0.5
        first = _near_season(local, warm_day, rng) if warm else int(rng.integers(local.count))
        yield first, first + int(rng.integers(4, 15))
    for _ in range(rng.poisson(life.weekends_away_per_year * years)):
        first = _next_weekday(local, int(rng.integers(local.count)), weekday=5)
        yield first, first + 1


def _visits(life: Life, local: LocalDays, *, seed: int) -> Iterable[tuple[int, int, int, bool]]:
    for visit in life.guests:
        yield *_places(visit, local), visit.people, visit.stays
    rng = stream(seed, "visits")
    years = local.count / _YEAR_DAYS
    for _ in range(rng.poisson(life.guest_evenings_per_year * years)):
        weekend = rng.random() < 0.7
        day = int(rng.integers(local.count))
        day = _next_weekday(local, day, weekday=int(rng.choice([4, 5, 6]))) if weekend else day
        yield day, day, int(rng.integers(2, 7)), False
    for _ in range(rng.poisson(life.visits_per_year * years)):
        first = int(rng.integers(local.count))
        yield first, first + int(rng.integers(1, 4)), int(rng.integers(1, 4)), True


def _places(period: Period, local: LocalDays) -> tuple[int, int]:
    return (period.first - local.first).days, (period.last - local.first).days


def _near_season(local: LocalDays, warm_day: int, rng: np.random.Generator) -> int:
    """A day within a month of the warmest one of some year that the days reach into."""
    year = local.days[int(rng.integers(local.count))].year
    middle = date(year, 1, 1) + timedelta(days=warm_day - 1 + int(rng.integers(-30, 31)))
    return (middle - local.first).days


def _next_weekday(local: LocalDays, day: int, *, weekday: int) -> int:
    return day + (weekday - local.days[min(day, local.count - 1)].weekday()) % 7
