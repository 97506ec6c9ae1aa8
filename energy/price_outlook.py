"""Prices ahead: those that are known, and behind their end possible ones, drawn from days like the last known one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from energy.day_ahead import known_prices, published_until
from energy.errors import DataError
from energy.pricing.tariff import AnyTariff, Contract, DynamicTariff, Prices, is_rest_day
from energy.slots import DAY, clock_index, day_bounds, local_day

Floats = NDArray[np.float64]

# How far back days are looked at, and what a day of age counts against the difference of two price levels' spread.
_LOOKED_AT_DAYS = 42
_AGE_COUNTS = 0.02
# What a workday's prices tell of a rest day's, and the other way round.
_OTHER_KIND_COUNTS = 1.0
# How much of a level stays to the next day.
_LEVEL_STAYS = 0.8
# A contract's prices are worked out anew for each decision: fewer weeks do.
_CONTRACT_BACK = 22 * DAY
# A day with less of its prices than this is not drawn from.
_WHOLE = 0.9


@dataclass(frozen=True, slots=True)
class PriceOutlook:
    """Prices of consecutive slots: the first `known` are published, later ones expected.

    `members` are possible prices of shape (members, slots), equal where known; None where all are.
    """

    prices: Prices
    members: Prices | None
    known: int


@dataclass(frozen=True, slots=True, eq=False)
class _PastPrices:
    """Prices of past local days on the clock, of shape (2, days, slots of a day), import and export; NaN where unknown.

    `whole` says of which days nearly all is known.
    """

    days: tuple[date, ...]
    prices: Floats
    whole: NDArray[np.bool_]

    @property
    def last(self) -> int:
        """Row of the last day that is known whole; of the last at all where none is."""
        whole = np.flatnonzero(self.whole)
        return int(whole[-1]) if len(whole) else len(self.days) - 1


def price_outlook(
    tariff: AnyTariff, starts: Sequence[datetime], zone: ZoneInfo, *, now: datetime, members: int
) -> PriceOutlook:
    """Prices of slots as far as they are known at `now`, and `members` possible goings-on of each later one.

    A possible day has the shape of a past day that followed one like the last that is known, and its change of level:
    p(h) = p_j(h) + 0.8 (mean(p_last) - mean(p_(j-1))). Only prices published by `now` are
    looked at. Where no day is known whole, the level of what is known stands in.

    Raises:
        DataError: not a single price is known.
    """
    if isinstance(tariff, Contract) and tariff.needs:
        return _of_contract(tariff, starts, zone, now=now, members=members)
    if not isinstance(tariff, DynamicTariff):
        return PriceOutlook(known_prices(tariff, starts, zone, now=now), None, len(starts))
    until = min(published_until(tariff, zone, now), tariff.end)
    known = sum(start < until for start in starts)
    if known == len(starts):
        return PriceOutlook(tariff.prices(starts, zone), None, known)
    if until <= tariff.start:
        raise DataError(f"no price is known at {now.isoformat()}: the series begins {tariff.start.isoformat()}")
    if now - until > _LOOKED_AT_DAYS * DAY:
        raise DataError(f"no price for {starts[0].isoformat()}: the series ended {until.isoformat()}: extend it")
    published = tariff.prices(starts[:known], zone)
    seen = np.array([published.import_per_kwh, published.export_per_kwh])
    later = starts[known:]
    days = {day: _cached_days(tariff, zone, until, day, members) for day in {local_day(one, zone) for one in later}}
    return _joined(seen, _drawn(days, later, zone, timedelta(minutes=tariff.step_minutes)))


def _of_contract(
    contract: Contract, starts: Sequence[datetime], zone: ZoneInfo, *, now: datetime, members: int
) -> PriceOutlook:
    """The same of a contract that reads published series: all its terms and taxes are in each price."""
    published = contract.known_at(now, zone)
    prices = published.known(starts, zone)
    missing = np.isnan(prices.import_per_kwh) | np.isnan(prices.export_per_kwh)
    if not missing.any():
        return PriceOutlook(prices, None, len(starts))
    known = int(np.flatnonzero(missing)[0])
    step = starts[1] - starts[0] if len(starts) > 1 else DAY / 24
    back = [
        starts[known - 1] - at * step if known else starts[0] - (at + 1) * step for at in range(_CONTRACT_BACK // step)
    ]
    before = published.known(back[::-1], zone)
    past = _laid_out(back[::-1], np.array([before.import_per_kwh, before.export_per_kwh]), zone, step)
    if past is None:
        raise DataError(f"no price is known at {now.isoformat()} nor in the weeks before: extend the price series")
    later = starts[known:]
    days = {
        day: _possible_days(past, contract, day, members) for day in sorted({local_day(one, zone) for one in later})
    }
    seen = np.array([prices.import_per_kwh[:known], prices.export_per_kwh[:known]])
    return _joined(seen, _drawn(days, later, zone, step))


def _joined(seen: Floats, later: Floats) -> PriceOutlook:
    """Known prices of shape (2, slots) and possible later ones of shape (2, members, slots) in one."""
    members, known = later.shape[1], seen.shape[1]
    both = np.concatenate([np.broadcast_to(seen[:, None], (2, members, known)), later], axis=2).round(5)
    mean = both.mean(axis=1).round(5)
    return PriceOutlook(Prices(mean[0], mean[1]), Prices(both[0], both[1]), known)


def _drawn(days: Mapping[date, Floats], starts: Sequence[datetime], zone: ZoneInfo, step: timedelta) -> Floats:
    """Possible import and export prices of unknown slots, of shape (2, members, slots)."""
    picked = [days[local_day(start, zone)][:, :, clock_index(start, zone, step)] for start in starts]
    return np.stack(picked, axis=2)


@lru_cache(maxsize=4)
def _past(tariff: DynamicTariff, zone: ZoneInfo, until: datetime) -> _PastPrices:
    """What was published of the last weeks."""
    step = timedelta(minutes=tariff.step_minutes)
    oldest = day_bounds(local_day(until - step, zone) - _LOOKED_AT_DAYS * DAY, zone)[0]
    since = max((oldest - tariff.start) // step, 0)
    moments = [tariff.start + at * step for at in range(since, (until - tariff.start) // step)]
    span = slice(since, since + len(moments))
    prices = np.array([tariff.import_prices[span], tariff.export_prices[span]])
    past = _laid_out(moments, prices, zone, step)
    if past is None:
        raise DataError(f"no price is known before {until.isoformat()}: extend the price series")
    return past


def _laid_out(moments: Sequence[datetime], prices: Floats, zone: ZoneInfo, step: timedelta) -> _PastPrices | None:
    """Prices of shape (2, moments) by local day and clock, of an hour that comes twice the later; None without any."""
    known = np.flatnonzero(~np.isnan(prices).any(axis=0)).tolist()
    if not known:
        return None
    days = tuple(sorted({local_day(moments[at], zone) for at in known}))
    row_of = {day: row for row, day in enumerate(days)}
    rows = [row_of[local_day(moments[at], zone)] for at in known]
    clock = [clock_index(moments[at], zone, step) for at in known]
    table = np.full((2, len(days), DAY // step), np.nan)
    table[:, rows, clock] = prices[:, known]
    return _PastPrices(days, table, np.mean(~np.isnan(table[0]), axis=1) >= _WHOLE)


@lru_cache(maxsize=8)
def _cached_days(tariff: DynamicTariff, zone: ZoneInfo, until: datetime, day: date, members: int) -> Floats:
    return _possible_days(_past(tariff, zone, until), tariff, day, members)


def _possible_days(past: _PastPrices, tariff: AnyTariff, day: date, members: int) -> Floats:
    """Possible prices of a whole day on the clock, of shape (2, members, slots of a day)."""
    rows = _patterns(tariff, past, day)[:members]
    # What the last known day lacks, and what a day without a pattern is drawn from, is its own mean.
    level = np.nanmean(past.prices, axis=2, keepdims=True)
    prices = np.where(np.isnan(past.prices), level, past.prices)
    if not rows:
        return np.repeat(prices[:, past.last][:, None], members, axis=1)
    like = np.array([rows[member % len(rows)] for member in range(members)])
    shift = _LEVEL_STAYS * (level[:, [past.last]] - level[:, like - 1])
    return np.asarray(prices[:, like] + shift, dtype=np.float64)


def _patterns(tariff: AnyTariff, past: _PastPrices, day: date) -> list[int]:
    """Rows of past days of the wanted day's kind that followed a day like the last known one, most like it first."""
    buy, rest = past.prices[0], is_rest_day(tariff, day)
    spread = float(np.nanstd(buy)) or 1.0
    worse: dict[int, float] = {}
    for row in range(1, len(past.days)):
        if past.whole[row] and past.whole[row - 1] and past.days[row] - past.days[row - 1] == DAY:
            apart = float(np.sqrt(np.nanmean((buy[row - 1] - buy[past.last]) ** 2))) / spread
            other = _OTHER_KIND_COUNTS * (is_rest_day(tariff, past.days[row]) != rest)
            worse[row] = apart + other + _AGE_COUNTS * (past.days[past.last] - past.days[row]).days
    return sorted(worse, key=lambda row: worse[row])
