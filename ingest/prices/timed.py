"""Prices in a list of objects, each with its time, or in an object of time and price.

Seen so: Nord Pool's `raw_today`, the answers of the actions of Nord Pool, Tibber, EnergyZero and easyEnergy, ENTSO-e,
EPEX Spot, Energi Data Service, the events and the API of Octopus, Amber's forecasts, REData's `values`.
"""

import math
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from energy.errors import DataError
from ingest.prices.points import PricePoint, lasting

# Names of a price's time, its end and its value, most telling first; what a name says of the unit stands beside it.
_STARTS = ("start", "start_time", "starttime", "startsat", "starts_at", "valid_from", "from", "timestamp", "datetime")
_LATER_STARTS = ("time", "hour", "date")
_ENDS = ("end", "end_time", "endtime", "ends_at", "valid_to", "to", "till")
_VALUES = {
    "price_per_kwh": "/kWh",
    "price_ct_per_kwh": "ct/kWh",
    "price_eur_per_mwh": "EUR/MWh",
    "value_inc_vat": "",
    "total": "",
    "per_kwh": "/kWh",
    "perkwh": "ct/kWh",
    "price": "",
    "value": "",
    "value_exc_vat": "",
}
_LONGEST = timedelta(days=40)


def read_timed(answer: object, zone: ZoneInfo) -> tuple[list[PricePoint], str] | None:
    """Prices and the unit that their name tells, if it does; None where this is no list of times and prices.

    Times without a zone are the home's; where clocks go back the second of two equal ones is the later.

    Raises:
        DataError: it is such a list, and a row of it cannot be.
    """
    if isinstance(answer, Mapping):
        answer = [{"start": key, "price": value} for key, value in answer.items() if _is_time(key)]
    if not isinstance(answer, Sequence) or isinstance(answer, str | bytes) or not answer:
        return None
    rows = [{str(key).lower(): value for key, value in row.items()} for row in answer if isinstance(row, Mapping)]
    keys = _keys(rows[0]) if len(rows) == len(answer) else None
    if keys is None:
        return None
    start_key, value_key = keys
    priced = [(row, value) for row in rows if (value := _price(row.get(value_key), row)) is not None]
    starts = _moments([row.get(start_key) for row, _ in priced], zone)
    points = lasting((start, _end(row, start, zone), value) for (row, value), start in zip(priced, starts, strict=True))
    if points and points[-1].end - points[0].start > _LONGEST:
        raise DataError(f"prices from {points[0].start.isoformat()} to {points[-1].end.isoformat()}: too far apart")
    return points, _VALUES[value_key]


def _keys(row: Mapping[str, object]) -> tuple[str, str] | None:
    start = next((key for key in (*_STARTS, *_LATER_STARTS) if key in row and _is_time(row[key])), None)
    value = next((key for key in _VALUES if key in row and not isinstance(row[key], Mapping | list)), None)
    return (start, value) if start and value else None


def _is_time(value: object) -> bool:
    if not isinstance(value, str):
        return isinstance(value, datetime)
    try:
        datetime.fromisoformat(value)
    except ValueError:
        return False
    return len(value) > len("2026-01-01")


def _moments(values: Sequence[object], zone: ZoneInfo) -> list[datetime]:
    """Times of rows in their order: of two equal ones without a zone the second is an hour later."""
    moments: list[datetime] = []
    for one in values:
        if not _is_time(one):
            raise DataError(f"{one!r} is not a time: write it like '2026-03-29T01:00:00+01:00'")
        moment = one if isinstance(one, datetime) else datetime.fromisoformat(str(one))
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=zone)
            if moments and moment.timestamp() <= moments[-1].timestamp():
                moment = moment.replace(fold=1)
        moments.append(moment)
    return moments


def _end(row: Mapping[str, object], start: datetime, zone: ZoneInfo) -> datetime | None:
    """When a price ends, if its row says so in a time or in minutes."""
    found = next((row[key] for key in _ENDS if key in row and _is_time(row[key])), None)
    if found is not None:
        [end] = _moments([found], zone)
        # An end that is told as the last second of a slot belongs to it.
        return end + timedelta(seconds=1) if end.second == 59 else end
    minutes = row.get("duration")
    if isinstance(minutes, int | float) and not isinstance(minutes, bool) and 5 <= minutes <= 60:
        return start + timedelta(minutes=minutes)
    return None


def _price(value: object, row: Mapping[str, object]) -> float | None:
    """A price as a number; None where there is none yet."""
    if value is None or (
        isinstance(value, str) and value.strip().lower() in {"", "unavailable", "unknown", "none", "null"}
    ):
        return None
    try:
        price = float(value) if isinstance(value, str | int | float) and not isinstance(value, bool) else math.nan
    except ValueError:
        price = math.nan
    if not math.isfinite(price):
        raise DataError(f"{value!r} is not a price, in {str(dict(row))[:80]}")
    return price
