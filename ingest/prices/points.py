"""One price and how long it holds, whatever published it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from energy.errors import DataError
from energy.slots import day_bounds

_MINUTE = timedelta(minutes=1)
# Lengths that price lists come in; a day tariff's block may last a day.
_SHORTEST, _LONGEST = timedelta(minutes=5), timedelta(hours=25)
_USUAL = timedelta(hours=1)


@dataclass(frozen=True, slots=True, order=True)
class PricePoint:
    """The price of a kWh in [start, end), in UTC, in the unit of its publisher."""

    start: datetime
    end: datetime
    price: float


def lasting(prices: Iterable[tuple[datetime, datetime | None, float]]) -> list[PricePoint]:
    """Prices with their starts, in order; one without an end lasts to the next, the last as long as the one before.

    Starts are brought to the minute: some markets tell the first second of a slot.

    Raises:
        DataError: two prices are told for one time, or a price lasts less than 5 minutes or more than a day.
    """
    rows = sorted(
        {(_minute(start), end and _minute(end), price) for start, end, price in prices}, key=lambda row: row[0]
    )
    for (start, _, price), (again, _, other) in pairwise(rows):
        if again == start:
            raise DataError(f"two prices for {start.isoformat()}, {price!r} and {other!r}: give one")
    points: list[PricePoint] = []
    for (start, end, price), following in zip(rows, [*(row[0] for row in rows[1:]), None], strict=True):
        usual = points[-1].end - points[-1].start if points else _USUAL
        ends = end or following or start + usual
        if end is None and following and following - start > _USUAL:
            ends = start + usual
        points.append(PricePoint(start, ends, price))
    _check(points)
    return points


def over_day(values: Sequence[float | None], day: date, zone: ZoneInfo) -> list[PricePoint]:
    """Prices of even slots of one local day, of 23, 24 or 25 hours; a missing value is a gap.

    A list of 24 hours for a day that has 23 or 25 goes by the clock on the wall: the hour that is skipped has no price
    and the hour that comes twice has one.

    Raises:
        DataError: the number of values fits no even slots of that day.
    """
    start, end = day_bounds(day, zone)
    step = (end - start) / max(len(values), 1)
    if step % (5 * _MINUTE) == timedelta(0) and step <= _USUAL:
        timed = [(start + at * step, start + (at + 1) * step, value) for at, value in enumerate(values)]
    elif values and len(values) % 24 == 0:
        timed = _by_wall_clock(values, start, end, zone)
    else:
        hours = (end - start) // _USUAL
        raise DataError(f"{len(values)} prices for {day}, a day of {hours} hours: give one per hour or quarter")
    return [PricePoint(begins, ends, value) for begins, ends, value in timed if value is not None]


def _by_wall_clock(
    values: Sequence[float | None], start: datetime, end: datetime, zone: ZoneInfo
) -> list[tuple[datetime, datetime, float | None]]:
    step = timedelta(hours=24) / len(values)
    moments = [start + at * step for at in range((end - start) // step)]
    shown = [moment.astimezone(zone) for moment in moments]
    index = [(local.hour * 60 + local.minute) // (step // _MINUTE) for local in shown]
    return [(moment, moment + step, values[at]) for moment, at in zip(moments, index, strict=True)]


def scaled(points: Iterable[PricePoint], factor: float) -> list[PricePoint]:
    """The same prices in another unit."""
    return [replace(point, price=point.price * factor) for point in points]


def _minute(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(second=0, microsecond=0)


def _check(points: Sequence[PricePoint]) -> None:
    for point in points:
        if not _SHORTEST <= point.end - point.start <= _LONGEST:
            raise DataError(
                f"the price from {point.start.isoformat()} would last {point.end - point.start}: "
                "lists of 5 minutes to a day are read"
            )
    for earlier, later in pairwise(points):
        if later.start < earlier.end:
            raise DataError(
                f"two prices for {later.start.isoformat()}, {earlier.price!r} and {later.price!r}: give one"
            )
