"""A home's recorded history as whole local days, whatever it was read from."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import gcd
from zoneinfo import ZoneInfo

import numpy as np

from energy.errors import DataError
from energy.home import Home
from energy.slots import DAY, day_bounds, local_day
from knowledge.days import DayRecord, Floats

_FINEST_MINUTES = 5
_MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class History:
    """Days of one home, oldest first, and what a reader should know about them."""

    home: Home
    step: timedelta
    days: tuple[DayRecord, ...]
    warnings: tuple[str, ...] = ()


def on_local_days(
    series: Mapping[str, Floats], start: datetime, step: timedelta, zone: ZoneInfo
) -> tuple[dict[str, Floats], timedelta]:
    """The same series in steps that every local midnight falls on: finer ones where a zone is off the whole hour.

    Raises:
        DataError: no step of five minutes or more does.
    """
    length = len(next(iter(series.values())))
    first, last = (local_day(moment, zone) for moment in (start, start + length * step))
    midnights = [day_bounds(first + at * DAY, zone)[0] for at in range((last - first).days + 2)]
    minutes = gcd(step // _MINUTE, *((start - midnight) // _MINUTE for midnight in midnights))
    if minutes < _FINEST_MINUTES:
        raise DataError(f"times such as {start.isoformat()} are not multiples of 5 min: use a regular interval")
    fine = timedelta(minutes=minutes)
    return {name: np.repeat(values, step // fine) for name, values in series.items()}, fine


def split_days(home: Home, start: datetime, step: timedelta, series: Mapping[str, Floats]) -> tuple[DayRecord, ...]:
    """Cut gapless UTC series (NaN where unknown, one value per slot from `start` on) into local days.

    Days that the series only touch are filled up with NaN.
    """
    length = len(series["load_kw"])
    records = []
    day = local_day(start, home.tz)
    while day_bounds(day, home.tz)[0] < start + length * step:
        first, following = day_bounds(day, home.tz)
        offset, count = (first - start) // step, (following - first) // step
        cut = {name: _cut(values, offset, count) for name, values in series.items()}
        records.append(DayRecord(home=home.name, day=day, start=first, step=step, notes=(), **cut))
        day += DAY
    return tuple(records)


def _cut(values: Floats, offset: int, count: int) -> Floats:
    cut = np.full(count, np.nan)
    low, high = max(offset, 0), min(offset + count, len(values))
    cut[low - offset : high - offset] = values[low:high]
    return cut
