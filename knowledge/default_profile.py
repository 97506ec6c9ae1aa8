"""Days of an ordinary household, for a home that has no history of its own yet."""

from collections.abc import Mapping
from datetime import date, timedelta

import numpy as np

from energy.home import Home
from knowledge.days import Floats
from knowledge.forecast import DayShape

# With fewer days than these of its own a home is still half unknown.
ENOUGH_DAYS = 3
# Dates that no home has lived: a prior day is told from a remembered one by its year.
PRIOR_DAYS = tuple(date(1, 1, number) for number in range(1, 13))

# Energy of an average dwelling in the European Union: 3.7 MWh of electricity a year (Odyssee, 2021).
_DAILY_KWH = 10.0
# Mean power of each hour against the day's, in the shape of standard load profile H0: a low night, noon and evening.
_MORNING = (0.6, 0.5, 0.45, 0.4, 0.4, 0.45, 0.7, 1.0, 1.05, 1.0, 1.0, 1.1)
_EVENING = (1.25, 1.1, 0.95, 0.9, 0.95, 1.2, 1.5, 1.7, 1.65, 1.45, 1.1, 0.8)
_PROFILE = np.array([*_MORNING, *_EVENING]) / np.mean([*_MORNING, *_EVENING])
# Homes differ by a factor of two to either side; days of one home that was seen for a day or two by less.
_HOME_FACTOR, _DAY_FACTOR = 2.0, 1.4
# Noon power of a bright and of a dark day as a share of the panels' peak; the sun is up from six to six, near enough.
_BRIGHT, _DARK = 0.75, 0.08
_SUNRISE, _SUNSET = 6, 18


def default_days(home: Home, step: timedelta, seen: Mapping[date, DayShape]) -> dict[date, DayShape]:
    """Twelve possible days, from frugal to lavish and dark to bright; `seen` days, if any, say how much is used.

    Load is a standard profile shifted by up to an hour, its energy spread evenly in the logarithm; PV is half a sine.
    """
    known = (shape.load_kw for shape in seen.values() if not np.isnan(shape.load_kw).all())
    used_kwh = [float(np.nanmean(load_kw)) * 24 for load_kw in known]
    middle_kwh = float(np.mean(used_kwh)) if used_kwh else _DAILY_KWH
    spread = np.linspace(-1, 1, len(PRIOR_DAYS)) * np.log(_DAY_FACTOR if used_kwh else _HOME_FACTOR)
    shares = np.linspace(_DARK, _BRIGHT, len(PRIOR_DAYS))
    # A spread that is not in step with the other: neither sun nor thrift goes with the other.
    shares = shares[np.arange(len(shares)) * 5 % len(shares)]
    return {
        day: DayShape(
            day=day,
            load_kw=_in_slots(np.roll(_PROFILE, number % 3 - 1) * middle_kwh * np.exp(spread[number]) / 24, step),
            pv_kw=home.pv_peak_kw * shares[number] * _sun(step),
        )
        for number, day in enumerate(PRIOR_DAYS)
    }


def _in_slots(hourly_kw: Floats, step: timedelta) -> Floats:
    return np.repeat(hourly_kw, timedelta(hours=1) // step)


def _sun(step: timedelta) -> Floats:
    """Half a sine from sunrise to sunset, of shape (slots of a day,)."""
    hour = (np.arange(timedelta(days=1) // step) + 0.5) * (step / timedelta(hours=1))
    return np.asarray(np.maximum(np.sin((hour - _SUNRISE) / (_SUNSET - _SUNRISE) * np.pi), 0), dtype=np.float64)
