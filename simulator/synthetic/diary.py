"""What happens on which day: who goes away when, when guests come, what of it was said beforehand."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
from numpy.typing import NDArray

from simulator.clock import LocalDays
from simulator.noise import stream
from simulator.synthetic.spec import CarSpec, DayRange, HomeSpec, Life

# Departure and return, in minutes of the local day: of a journey, and of a long drive within a day.
_LEAVES, _RETURNS = 10 * 60, 18 * 60
DRIVE = (9.0 * 60, 20.0 * 60)
_YEAR_DAYS = 365.25


@dataclass(frozen=True, slots=True, eq=False)
class Diary:
    """Per day, arrays of shape (days,): minute from which and to which the house is empty, and how many guests.

    A day wholly away is empty from 0 to 1440; `empty_from` equals `empty_to` on a day at home.
    `stay` says whether guests sleep there, `drive` whether all are out for the day with a car that comes home empty;
    `notes` holds what the household had said before the day began.
    """

    empty_from: NDArray[np.intp]
    empty_to: NDArray[np.intp]
    guests: NDArray[np.intp]
    stay: NDArray[np.bool_]
    drive: NDArray[np.bool_]
    notes: tuple[tuple[str, ...], ...]

    def is_away(self, day: int) -> bool:
        """Whether the house stands empty all day."""
        return bool(self.empty_to[day] - self.empty_from[day] >= 24 * 60)


def write_diary(spec: HomeSpec, local: LocalDays, *, seed: int, warm_day: int) -> Diary:
    """Planned periods of the household, and those that chance adds: holidays in the warm season, weekends, visits."""
    life = spec.life
    days = local.count
    empty_from, empty_to = np.full(days, 0), np.full(days, 0)
    guests, stay = np.zeros(days, dtype=np.intp), np.zeros(days, dtype=bool)
    for first, last in _absences(life, local, seed=seed, warm_day=warm_day):
        for day in range(max(first, 0), min(last, days - 1) + 1):
            known = empty_to[day] > empty_from[day]
            begins, ends = _LEAVES if day == first else 0, _RETURNS if day == last else 24 * 60
            empty_from[day] = min(begins, empty_from[day]) if known else begins
            empty_to[day] = max(ends, empty_to[day])
    for first, last, people, stays in _visits(life, local, seed=seed):
        for day in range(max(first, 0), min(last, days - 1) + 1):
            if empty_from[day] == empty_to[day]:
                guests[day], stay[day] = people, stays
    drive = np.zeros(days, dtype=bool)
    drive[_drives(spec.car, local, seed=seed)] = True
    drive &= (empty_from == empty_to) & (guests == 0)
    happens = {"away": empty_to > empty_from, "guests": guests > 0, "drive": drive}
    notes = _announced(happens, life.announced_share, rng=stream(seed, "told"))
    return Diary(empty_from, empty_to, guests, stay, drive, notes)


def _announced(
    happens: Mapping[str, NDArray[np.bool_]], announced_share: float, *, rng: np.random.Generator
) -> tuple[tuple[str, ...], ...]:
    """Not everything is said beforehand: each stretch of days is told or not as a whole."""
    notes: list[list[str]] = [[] for _ in range(len(happens["away"]))]
    for name, days in happens.items():
        is_announced = False
        for day, (draw, now) in enumerate(zip(rng.random(len(days)).tolist(), days.tolist(), strict=True)):
            if now and not (day and days[day - 1]):
                is_announced = draw < announced_share
            if now and is_announced:
                notes[day].append(name)
    return tuple(map(tuple, notes))


def _drives(car: CarSpec | None, local: LocalDays, *, seed: int) -> list[int]:
    """Days of long drives, most of them at weekends."""
    if car is None:
        return []
    rng = stream(seed, "drives")
    days = rng.integers(local.count, size=rng.poisson(car.long_drives_per_year * local.count / _YEAR_DAYS)).tolist()
    weekend = (rng.random(len(days)) < 0.7).tolist()
    moved = [_next_weekday(local, day, weekday=5) if free else day for day, free in zip(days, weekend, strict=True)]
    return [day for day in moved if day < local.count]


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


def _places(period: DayRange, local: LocalDays) -> tuple[int, int]:
    return (period.first - local.first).days, (period.last - local.first).days


def _near_season(local: LocalDays, warm_day: int, rng: np.random.Generator) -> int:
    """A day within a month of the warmest one of some year that the days reach into."""
    year = local.days[int(rng.integers(local.count))].year
    middle = date(year, 1, 1) + timedelta(days=warm_day - 1 + int(rng.integers(-30, 31)))
    return (middle - local.first).days


def _next_weekday(local: LocalDays, day: int, *, weekday: int) -> int:
    return day + (weekday - local.days[min(day, local.count - 1)].weekday()) % 7
