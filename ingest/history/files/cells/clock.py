"""Local times become UTC: the hour that is missing in spring, the one that is there twice in autumn."""

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from energy.slots import day_bounds

Seconds = NDArray[np.int64]
Marks = NDArray[np.bool_]
_DAY_S = 86_400


@dataclass(frozen=True, slots=True, eq=False)
class Placed:
    """Moments in seconds of UTC, and which of them do not exist on the zone's clock."""

    utc_s: Seconds
    missing: Marks


def to_utc(naive_s: Seconds, zone: ZoneInfo) -> Placed:
    """Times of the wall clock, in order, in UTC; of a time that happens twice, the first row is the earlier."""
    days = naive_s // _DAY_S
    utc_s, missing = naive_s.copy(), np.zeros(len(naive_s), dtype=bool)
    for day in np.unique(days).tolist():
        rows = np.flatnonzero(days == day) if _changes(day, zone) else None
        if rows is not None:
            _place_change(naive_s, rows, zone, utc_s, missing)
    offsets = {day: _midnight_offset(day, zone) for day in np.unique(days).tolist() if not _changes(day, zone)}
    plain = np.array([offsets.get(day, 0) for day in np.unique(days).tolist()], dtype=np.int64)
    utc_s -= plain[np.searchsorted(np.unique(days), days)]
    return Placed(utc_s, missing)


def day_of(seconds: int, zone: ZoneInfo) -> date:
    """The local day of a moment."""
    return datetime.fromtimestamp(seconds, tz=UTC).astimezone(zone).date()


def numbered_to_utc(days: Seconds, numbers: Seconds, step_s: int, zone: ZoneInfo) -> Seconds:
    """Starts of the intervals of days that are counted from 1 on: the n-th interval of a day, whatever its clock."""
    starts = {day: int(day_bounds(_date(day), zone)[0].timestamp()) for day in np.unique(days).tolist()}
    midnights = np.array([starts[day] for day in days.tolist()], dtype=np.int64)
    return midnights + (numbers - 1) * step_s


def day_length_s(day: int, zone: ZoneInfo) -> int:
    """How long a local day is, 1970-01-01 being day 0."""
    first, following = day_bounds(_date(day), zone)
    return int((following - first).total_seconds())


def _place_change(naive_s: Seconds, rows: NDArray[np.intp], zone: ZoneInfo, utc_s: Seconds, missing: Marks) -> None:
    """Rows of a day on which the clock changes: each time's n-th row is its n-th occurrence."""
    seen: Counter[int] = Counter()
    for row in rows.tolist():
        seconds = int(naive_s[row])
        local = datetime.fromtimestamp(seconds, tz=UTC).replace(tzinfo=zone, fold=min(seen[seconds], 1))
        seen[seconds] += 1
        exact = local.astimezone(UTC)
        utc_s[row] = int(exact.timestamp())
        missing[row] = exact.astimezone(zone).replace(tzinfo=None) != local.replace(tzinfo=None)


@cache
def _changes(day: int, zone: ZoneInfo) -> bool:
    return day_length_s(day, zone) != _DAY_S


@cache
def _midnight_offset(day: int, zone: ZoneInfo) -> int:
    first, _ = day_bounds(_date(day), zone)
    return day * _DAY_S - int(first.timestamp())


def _date(day: int) -> date:
    return date(1970, 1, 1) + timedelta(days=day)
