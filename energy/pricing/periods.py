"""When a price holds, by the local clock, the month and the kind of day; hours may cross midnight."""

from collections.abc import Sequence
from datetime import date, datetime
from itertools import combinations
from typing import Annotated, Literal, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import BeforeValidator, Field, model_validator

from energy.pricing.series import Fact

# Resolution of the clock: tariffs change on the half-hour, series on the quarter.
STEP_MINUTES = 5
_STEPS = 24 * 60 // STEP_MINUTES

DayKind = Literal["all", "workdays", "rest_days", "saturdays", "sundays"]
# Kinds of day in the table: workday, Saturday, and Sunday or holiday.
_KINDS: dict[DayKind, tuple[int, ...]] = {
    "all": (0, 1, 2),
    "workdays": (0,),
    "rest_days": (1, 2),
    "saturdays": (1,),
    "sundays": (2,),
}
_KIND_WORDS = ("workday", "Saturday", "Sunday or holiday")

Holidays = frozenset[tuple[int, int]]


def _as_hour(value: object) -> object:
    """An hour as a number, or as a clock time such as "00:30"."""
    if not isinstance(value, str):
        return value
    hour, colon, minute = value.partition(":")
    if not (hour.strip().isdigit() and colon and minute.strip().isdigit() and int(minute) < 60):
        raise ValueError(f'{value!r} is not a time of day: write "00:30", or hours such as 7 or 7.5')
    return int(hour) + int(minute) / 60


Hour = Annotated[float, BeforeValidator(_as_hour), Field(ge=0, le=24)]


class When(Fact):
    """Hours [from_hour, to_hour) of some months and kinds of day; `from_hour` after `to_hour` crosses midnight.

    An hour is a number (7, 7.5) or a time ("00:30"). What lies after midnight belongs to the day that has begun.
    """

    from_hour: Hour = 0
    to_hour: Hour = 24
    months: tuple[Annotated[int, Field(ge=1, le=12)], ...] = tuple(range(1, 13))
    days: DayKind = "all"

    @model_validator(mode="after")
    def _hours_differ(self) -> Self:
        if self.from_hour == self.to_hour:
            raise ValueError(
                f"from_hour and to_hour are both {clock(self.from_hour)}: leave both out for the whole day, "
                "or give the hour at which it ends",
            )
        for hour in (self.from_hour, self.to_hour):
            if abs(hour * 60 / STEP_MINUTES - round(hour * 60 / STEP_MINUTES)) > 1e-6:
                raise ValueError(f"{clock(hour)} is not on a step of {STEP_MINUTES} minutes: round it")
        return self

    def cover(self) -> NDArray[np.bool_]:
        """Whether it holds: an array of shape (months, kinds of day, steps of the clock)."""
        first, last = (round(hour * 60 / STEP_MINUTES) for hour in (self.from_hour, self.to_hour))
        steps = np.arange(_STEPS)
        hours = (first <= steps) & (steps < last) if first < last else (steps >= first) | (steps < last)
        months = np.isin(np.arange(1, 13), self.months)
        kinds = np.isin(np.arange(3), _KINDS[self.days])
        return np.asarray(months[:, None, None] & kinds[None, :, None] & hours[None, None, :])

    def described(self) -> str:
        """The hours in words."""
        return f"{clock(self.from_hour)} to {clock(self.to_hour)}"


def clock(hour: float) -> str:
    """An hour of the day as a clock shows it."""
    minutes = round(hour * 60)
    return f"{minutes // 60:02d}:{minutes % 60:02d}"


def table(periods: Sequence[When]) -> NDArray[np.int64]:
    """Index of the first period that holds, -1 where none does: shape (months, kinds of day, steps)."""
    found = np.full((12, 3, _STEPS), -1, dtype=np.int64)
    for index in range(len(periods) - 1, -1, -1):
        found[periods[index].cover()] = index
    return found


def check_complete(periods: Sequence[When]) -> NDArray[np.int64]:
    """The table of periods that leave no hour without a price.

    Raises:
        ValueError: naming the first hour that no period covers.
    """
    found = table(periods)
    if (holes := np.argwhere(found < 0)).size:
        month, kind, step = (int(number) for number in holes[0])
        hour = step * STEP_MINUTES / 60
        at = int(hour) if hour == int(hour) else clock(hour)
        raise ValueError(f"no period covers {_KIND_WORDS[kind]} hour {at!r} of month {month + 1!r}: add one")
    return found


def check_no_overlap(periods: Sequence[When], names: Sequence[str]) -> None:
    """Periods of the same months and days may contain one another, the shorter one first, but not overlap in part.

    Raises:
        ValueError: naming both periods and their hours.
    """
    for (earlier, one), (later, two) in combinations(zip(names, periods, strict=True), 2):
        if (one.days, one.months) != (two.days, two.months):
            continue
        ours, theirs = one.cover(), two.cover()
        if (ours & theirs).any() and (ours & ~theirs).any():
            raise ValueError(
                f"periods {earlier!r} ({one.described()}) and {later!r} ({two.described()}) overlap: "
                "end one where the other begins, or put the shorter one first",
            )


def day_kind(day: date, holidays: Holidays) -> int:
    """0 for a workday, 1 for a Saturday, 2 for a Sunday or holiday."""
    if day.weekday() == 6 or (day.month, day.day) in holidays:
        return 2
    return 1 if day.weekday() == 5 else 0


def places(local: Sequence[datetime], holidays: Holidays) -> tuple[NDArray[np.int64], ...]:
    """Where local times stand in a table of periods."""
    kinds: dict[date, int] = {}
    rows = np.empty((len(local), 3), dtype=np.int64)
    for at, moment in enumerate(local):
        day = moment.date()
        if (kind := kinds.get(day)) is None:
            kind = kinds[day] = day_kind(day, holidays)
        rows[at] = moment.month - 1, kind, (moment.hour * 60 + moment.minute) // STEP_MINUTES
    return rows[:, 0], rows[:, 1], rows[:, 2]
