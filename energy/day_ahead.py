"""Prices as known at a moment: an auction publishes tomorrow's at noon, and usual ones stand in for the rest."""

from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

import numpy as np

from energy.errors import DataError
from energy.pricing.tariff import AnyTariff, Contract, DynamicTariff, Prices
from energy.slots import DAY, day_bounds, local_day

_USUAL_DAYS = 7


def known_prices(tariff: AnyTariff, starts: Sequence[datetime], zone: ZoneInfo, *, now: datetime) -> Prices:
    """Prices of slots as far as they are known at `now`; each later one is the mean of its hour over the last week.

    Only a dynamic tariff, or a contract that reads published series, has prices that are not known yet.

    Raises:
        DataError: the slot that holds now has no price, or no day with a price comes before an unknown one.
    """
    if isinstance(tariff, Contract) and tariff.needs:
        return _known_of_contract(tariff, starts, zone, now)
    if not isinstance(tariff, DynamicTariff):
        return tariff.prices(starts, zone)
    until = min(published_until(tariff, zone, now), tariff.end)
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


def _known_of_contract(contract: Contract, starts: Sequence[datetime], zone: ZoneInfo, now: datetime) -> Prices:
    published = contract.known_at(now, zone)
    known = published.known(starts, zone)
    missing = np.isnan(known.import_per_kwh) | np.isnan(known.export_per_kwh)
    if not missing.any():
        return known
    unknown = [start for start, lacks in zip(starts, missing, strict=True) if lacks]
    pairs = [_mean_of_week(published, start, zone, starts) for start in unknown]
    imports, exports = known.import_per_kwh.copy(), known.export_per_kwh.copy()
    imports[missing], exports[missing] = np.array(pairs).T
    return Prices(imports, exports)


def _mean_of_week(
    published: Contract, start: datetime, zone: ZoneInfo, starts: Sequence[datetime]
) -> tuple[float, float]:
    """Mean prices of the same time on the last seven days that have them."""
    step = starts[1] - starts[0] if len(starts) > 1 else DAY / 24
    before = [start - days * DAY for days in range(1, _USUAL_DAYS + 3)]
    days = [published.known([moment, moment + step], zone) for moment in before]
    pairs = [(float(day.import_per_kwh[0]), float(day.export_per_kwh[0])) for day in days]
    usual = [pair for pair in pairs if not np.isnan(sum(pair))][:_USUAL_DAYS]
    if not usual:
        raise DataError(f"no price for {start.isoformat()} nor for a day before it: extend the price series")
    return float(np.mean([buy for buy, _ in usual])), float(np.mean([sell for _, sell in usual]))


def published_until(tariff: DynamicTariff, zone: ZoneInfo, now: datetime) -> datetime:
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
