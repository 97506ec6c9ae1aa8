"""Prices ahead: those that are known, and behind their end possible ones, drawn from days like the last known one."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from energy.day_ahead import known_prices, published_until
from energy.errors import DataError
from energy.slots import DAY, clock_index, day_bounds, local_day
from energy.tariff import AnyTariff, DynamicTariff, Prices, is_rest_day

Floats = NDArray[np.float64]

# How far back days are looked at, and what a day of age counts against the difference of two price levels' spread.
_LOOKED_AT_DAYS = 42
_AGE_COUNTS = 0.02
# What a workday's prices tell of a rest day's, and the other way round.
_OTHER_KIND_COUNTS = 1.0
# How much of a level stays to the next day.
_LEVEL_STAYS = 0.8
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
class _Past:
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
    if not isinstance(tariff, DynamicTariff):
        return PriceOutlook(known_prices(tariff, starts, zone, now=now), None, len(starts))
    until = min(published_until(tariff, zone, now), tariff.end)
    known = sum(start < until for start in starts)
    if known == len(starts):
        return PriceOutlook(tariff.prices(starts, zone), None, known)
    if until <= tariff.start:
        raise DataError(f"no price is known at {now.isoformat()}: the series begins {tariff.start.isoformat()}")
    later = _drawn(tariff, starts[known:], zone, until=until, members=members)
    published = tariff.prices(starts[:known], zone)
    seen = np.array([published.import_per_kwh, published.export_per_kwh])
    both = np.concatenate([np.broadcast_to(seen[:, None], (2, members, known)), later], axis=2).round(5)
    mean = both.mean(axis=1).round(5)
    return PriceOutlook(Prices(mean[0], mean[1]), Prices(both[0], both[1]), known)


def _drawn(
    tariff: DynamicTariff, starts: Sequence[datetime], zone: ZoneInfo, *, until: datetime, members: int
) -> Floats:
    """Possible import and export prices of unknown slots, of shape (2, members, slots)."""
    step = timedelta(minutes=tariff.step_minutes)
    drawn = np.empty((2, members, len(starts)))
    for at, start in enumerate(starts):
        possible = _possible_days(tariff, zone, until, local_day(start, zone), members)
        drawn[:, :, at] = possible[:, :, clock_index(start, zone, step)]
    return drawn


@lru_cache(maxsize=4)
def _past(tariff: DynamicTariff, zone: ZoneInfo, until: datetime) -> _Past:
    """What was published of the last weeks, by local day and clock; of an hour that comes twice the later."""
    step = timedelta(minutes=tariff.step_minutes)
    oldest = day_bounds(local_day(until - step, zone) - _LOOKED_AT_DAYS * DAY, zone)[0]
    since = max((oldest - tariff.start) // step, 0)
    moments = [tariff.start + at * step for at in range(since, (until - tariff.start) // step)]
    days = tuple(sorted({local_day(moment, zone) for moment in moments}))
    row_of = {day: row for row, day in enumerate(days)}
    rows = [row_of[local_day(moment, zone)] for moment in moments]
    clock = [clock_index(moment, zone, step) for moment in moments]
    prices = np.full((2, len(days), DAY // step), np.nan)
    prices[0, rows, clock] = tariff.import_prices[since : since + len(moments)]
    prices[1, rows, clock] = tariff.export_prices[since : since + len(moments)]
    return _Past(days, prices, np.mean(~np.isnan(prices[0]), axis=1) >= _WHOLE)


@lru_cache(maxsize=8)
def _possible_days(tariff: DynamicTariff, zone: ZoneInfo, until: datetime, day: date, members: int) -> Floats:
    """Possible prices of a whole day on the clock, of shape (2, members, slots of a day)."""
    past = _past(tariff, zone, until)
    rows = _patterns(tariff, past, day)[:members]
    # What the last known day lacks, and what a day without a pattern is drawn from, is its own mean.
    level = np.nanmean(past.prices, axis=2, keepdims=True)
    prices = np.where(np.isnan(past.prices), level, past.prices)
    if not rows:
        return np.repeat(prices[:, past.last][:, None], members, axis=1)
    like = np.array([rows[member % len(rows)] for member in range(members)])
    shift = _LEVEL_STAYS * (level[:, [past.last]] - level[:, like - 1])
    return np.asarray(prices[:, like] + shift, dtype=np.float64)


def _patterns(tariff: DynamicTariff, past: _Past, day: date) -> list[int]:
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
