"""A year of hourly market prices for tariffs that follow them, where nobody gives real ones.

The shape is that of the Spanish day-ahead market with much solar power: cheap noons from spring to autumn, dear
evenings, cheaper weekends. The figures are round, made to look like recent years, and read from no record.
"""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from energy.pricing.series import PriceRun, PriceSeries
from energy.slots import DAY, day_bounds

FUTURES_PER_KWH = 0.062
_HOUR = timedelta(hours=1)
# Mean of each month in EUR/kWh, and how deep noon falls below the day's mean, as a share of it.
_MONTH_MEANS = (0.082, 0.070, 0.050, 0.036, 0.038, 0.058, 0.070, 0.072, 0.064, 0.068, 0.074, 0.080)
_NOON_DEPTHS = (0.25, 0.40, 0.70, 0.90, 0.90, 0.65, 0.50, 0.50, 0.60, 0.50, 0.35, 0.25)
# The day's course: two peaks, in the morning and in the evening, and a noon that sinks by the month's depth.
_PEAKS = (
    0,
    0,
    -0.05,
    -0.08,
    -0.08,
    -0.03,
    0.08,
    0.22,
    0.25,
    0.08,
    0,
    0,
    0,
    0,
    0,
    0,
    0,
    0.05,
    0.22,
    0.4,
    0.5,
    0.4,
    0.2,
    0.08,
)
_NOON = (0, 0, 0, 0, 0, 0, 0, 0, 0.15, 0.5, 0.8, 0.95, 1, 1, 1, 1, 0.9, 0.65, 0.25, 0, 0, 0, 0, 0)
_WEEKEND = 0.82


def day_ahead_per_kwh(moment: datetime) -> float:
    """Price of the hour at a local time."""
    mean, depth = _MONTH_MEANS[moment.month - 1], _NOON_DEPTHS[moment.month - 1]
    week = _WEEKEND if moment.weekday() >= 5 else 1.0
    lift = depth * sum(_NOON) / 24 - sum(_PEAKS) / 24
    return round(max(mean * week * (1 + lift + _PEAKS[moment.hour] - depth * _NOON[moment.hour]), 0.0), 5)


def assumed_series(needs: Sequence[str], first: date, last: date, zone: ZoneInfo) -> dict[str, PriceSeries]:
    """Series that stand for `day_ahead` and `futures` from one local day to another; others are left out."""
    start, end = day_bounds(first, zone)[0], day_bounds(last + DAY, zone)[1]
    hours = [start + at * _HOUR for at in range((end - start) // _HOUR)]
    made = {
        "day_ahead": tuple(day_ahead_per_kwh(hour.astimezone(zone)) for hour in hours),
        "futures": (FUTURES_PER_KWH,) * len(hours),
    }
    return {name: PriceSeries(runs=(PriceRun(start=start, per_kwh=made[name]),)) for name in needs if name in made}


def mean_per_kwh() -> float:
    """Mean of the months' day-ahead prices."""
    return sum(_MONTH_MEANS) / len(_MONTH_MEANS)
