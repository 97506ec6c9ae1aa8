"""Prices without a date: lists called today and tomorrow, and one attribute for each hour of the clock.

Seen so: Nord Pool's and Energi Data Service's `today` and `tomorrow`, PVPC's `price_07h` and `price_next_day_07h` with
`price_02h_d` for the second of two equal hours. They are of the day on which they were said, so whoever reads them must
know when that was.
"""

import math
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from energy.slots import DAY, day_bounds
from ingest.prices.points import PricePoint, over_day

_DAYS = {"today": 0, "tomorrow": 1, "prices_today": 0, "prices_tomorrow": 1}
_BY_HOUR = re.compile(r"price_(?P<next>next_day_)?(?P<hour>[01]\d|2[0-3])h(?P<second>_d)?")
_HOUR = timedelta(hours=1)


def read_day_lists(attributes: Mapping[str, object], day: date, zone: ZoneInfo) -> list[PricePoint]:
    """Prices of lists of numbers called today and tomorrow, said on `day`; empty where there are none.

    Raises:
        DataError: their number fits no even slots of that day.
    """
    points = []
    for name, after in _DAYS.items():
        values = attributes.get(name)
        if isinstance(values, Sequence) and not isinstance(values, str) and values and _are_numbers(values):
            points += over_day([_number(value) for value in values], day + after * DAY, zone)
    return points


def read_by_hour(attributes: Mapping[str, object], day: date, zone: ZoneInfo) -> list[PricePoint]:
    """Prices of attributes named by the hour, said on `day`; empty where there are none."""
    points = []
    for name, value in attributes.items():
        found = _BY_HOUR.fullmatch(name)
        price = _number(value)
        if found is None or price is None:
            continue
        of = day + DAY if found["next"] else day
        start = _start(of, int(found["hour"]), second=bool(found["second"]), zone=zone)
        if start is not None:
            points.append(PricePoint(start, start + _HOUR, price))
    return sorted(points)


def _start(day: date, hour: int, *, second: bool, zone: ZoneInfo) -> datetime | None:
    """When an hour of the clock begins; None for one that the day does not have."""
    local = datetime.combine(day, time(hour), tzinfo=zone).replace(fold=int(second))
    start = local.astimezone(UTC)
    first, following = day_bounds(day, zone)
    exists = first <= start < following and start.astimezone(zone).hour == hour
    twice = local.replace(fold=0).utcoffset() != local.replace(fold=1).utcoffset()
    return start if exists and (twice or not second) else None


def _are_numbers(values: Sequence[object]) -> bool:
    return all(value is None or isinstance(value, int | float) for value in values)


def _number(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    try:
        number = float(value)
    except ValueError:
        return None
    return number if math.isfinite(number) else None
