"""Prices as known at a moment: an auction publishes tomorrow's at noon, and usual ones stand in for the rest."""

from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

import numpy as np

from energy.errors import DataError
from energy.slots import DAY, day_bounds, local_day
from energy.tariff import AnyTariff, DynamicTariff, Prices

_USUAL_DAYS = 7


def known_prices(tariff: AnyTariff, starts: Sequence[datetime], zone: ZoneInfo, *, now: datetime) -> Prices:
    """Prices of slots as far as they are known at `now`; each later one is the mean of its hour over the last week.

    Only a dynamic tariff has prices that are not known yet.

    Raises:
        DataError: the slot that holds now has no price, or no day with a price comes before an unknown one.
    """
    if not isinstance(tariff, DynamicTariff):
        return tariff.prices(starts, zone)
    until = min(_published_until(tariff, zone, now), tariff.end)
    count = sum(start < until for start in starts)
    published = tariff.prices(starts[:count] or starts[:1], zone)
    if count == len(starts):
        return published
    usual = [_usual(tariff, start, zone, until) for start in starts[count:]]
    imports, exports = np.array([[one.import_per_kwh.mean(), one.export_per_kwh.mean()] for one in usual]).T
    return Prices(
        np.concatenate([published.import_per_kwh[:count], imports]),
        np.concatenate([published.export_per_kwh[:count], exports]),
    )


def _published_until(tariff: DynamicTariff, zone: ZoneInfo, now: datetime) -> datetime:
    """End of the last day whose prices are out."""
    if tariff.published_at_hour is None:
        return tariff.end
    today = local_day(now, zone)
    out = now.astimezone(zone).hour >= tariff.published_at_hour
    return day_bounds(today + DAY if out else today, zone)[1]


def _usual(tariff: DynamicTariff, start: datetime, zone: ZoneInfo, until: datetime) -> Prices:
    """Prices of the same time on the last days that have them."""
    first = next(days for days in range(1, 10) if start - days * DAY < until)
    before = [start - days * DAY for days in range(first, first + _USUAL_DAYS)]
    if not (known := [moment for moment in before if moment >= tariff.start]):
        raise DataError(f"no price for {start.isoformat()} nor for a day before it: extend the price series")
    return tariff.prices(known, zone)
