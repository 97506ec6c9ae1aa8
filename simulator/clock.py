"""Local days over gapless UTC slots: which day and which minute of the wall clock each slot belongs to."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cached_property
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from energy.slots import DAY, clock_index, day_bounds

_MINUTE = timedelta(minutes=1)
_WALL_DAY_MINUTES = 24 * 60


@dataclass(frozen=True)
class LocalDays:
    """Whole local days in slots of `step`; days of 23 or 25 hours have fewer or more of them."""

    first: date
    count: int
    zone: ZoneInfo
    step: timedelta

    @cached_property
    def start(self) -> datetime:
        """First instant, in UTC."""
        return day_bounds(self.first, self.zone)[0]

    @cached_property
    def days(self) -> tuple[date, ...]:
        """The dates."""
        return tuple(self.first + at * DAY for at in range(self.count))

    @cached_property
    def bounds(self) -> tuple[int, ...]:
        """Index of the first slot of each day, and one past the last."""
        midnights = [day_bounds(day, self.zone)[0] for day in self.days]
        end = day_bounds(self.days[-1], self.zone)[1]
        return tuple((moment - self.start) // self.step for moment in (*midnights, end))

    @property
    def slots(self) -> int:
        """Number of slots."""
        return self.bounds[-1]

    @cached_property
    def minute(self) -> NDArray[np.intp]:
        """Minute of the wall clock at which each slot begins, of shape (slots,)."""
        usual = np.arange(0, _WALL_DAY_MINUTES, self.step // _MINUTE)
        return np.concatenate([self._minutes_of(at, usual) for at in range(self.count)])

    def _minutes_of(self, at: int, usual: NDArray[np.intp]) -> NDArray[np.intp]:
        length = self.bounds[at + 1] - self.bounds[at]
        if length == len(usual):
            return usual
        begun = self.start + self.bounds[at] * self.step
        places = [clock_index(begun + slot * self.step, self.zone, self.step) for slot in range(length)]
        return np.array(places) * (self.step // _MINUTE)

    def slice_of(self, day: int) -> slice:
        """Slots of the day with that number."""
        return slice(self.bounds[day], self.bounds[day + 1])

    def slot_at(self, day: int, minute: float) -> int:
        """First slot of a day that begins at or after a wall-clock minute; minutes past midnight go on."""
        day, minute = day + int(minute // _WALL_DAY_MINUTES), minute % _WALL_DAY_MINUTES
        if day >= self.count:
            return self.slots
        first, end = self.bounds[day], self.bounds[day + 1]
        if end - first == _WALL_DAY_MINUTES // (self.step // _MINUTE):
            return first + int(minute // (self.step // _MINUTE))
        reached = np.flatnonzero(self.minute[first:end] >= minute)
        return first + int(reached[0]) if len(reached) else end
