"""Days of an average household for a place and season, for a home that has no history of its own yet."""

from collections.abc import Mapping
from datetime import date, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import numpy as np

from energy.home import Home
from energy.panels import Place, PvArray, PvPlant
from energy.slots import DAY, clock_index, day_slots
from knowledge.days import Floats
from knowledge.forecast import DayShape
from knowledge.zone_place import place_of_zone

# With fewer days than these of its own a home is still half unknown.
ENOUGH_DAYS = 3
# Dates that no home has lived: the year marks a prior day.
PRIOR_DAYS = tuple(date(1, 1, number) for number in range(1, 13))

# Energy of an average dwelling in the European Union: 3.7 MWh of electricity a year (Odyssee, 2021).
_DAILY_KWH = 10.0
# Mean power of each hour against the day's, in the shape of standard load profile H0: a low night, noon and evening.
_MORNING = (0.6, 0.5, 0.45, 0.4, 0.4, 0.45, 0.7, 1.0, 1.05, 1.0, 1.0, 1.1)
_EVENING = (1.25, 1.1, 0.95, 0.9, 0.95, 1.2, 1.5, 1.7, 1.65, 1.45, 1.1, 0.8)
_PROFILE = np.array([*_MORNING, *_EVENING]) / np.mean([*_MORNING, *_EVENING])
# Homes differ by a factor of two to either side; days of one home that was seen for a day or two by less.
_HOME_FACTOR, _DAY_FACTOR = 2.0, 1.4
# What a bright and a dark day bring, as a share of a cloudless one.
_BRIGHT, _DARK = 1.0, 0.1
# Where no place is known, the sun is up from six to six, and its noon power is this share of the panels' peak.
_SUNRISE, _SUNSET, _NOON = 6, 18, 0.75
# From this latitude on, use follows the seasons as in Germany; towards the equator it does less and less.
_FULL_SEASONS_DEG = 50.0
_HALF_YEAR = timedelta(days=182)
_MILD_C, _BREEZE_M_S = 15.0, 1.0


def default_days(
    home: Home, step: timedelta, seen: Mapping[date, DayShape], today: date | None = None
) -> dict[date, DayShape]:
    """Twelve possible days, from frugal to lavish and dark to bright; `seen` days, if any, say how much is used.

    Load is a standard profile shifted by up to an hour, its energy spread evenly in the logarithm; PV is that of a
    clear sky and less. The zone's place and `today` give the season; without them it is an equinox.
    """
    known = (shape.load_kw for shape in seen.values() if not np.isnan(shape.load_kw).all())
    used_kwh = [float(np.nanmean(load_kw)) * 24 for load_kw in known]
    place = place_of_zone(home.zone)
    season = _season(place, today) if place and today else 1.0
    middle_kwh = float(np.mean(used_kwh)) if used_kwh else _DAILY_KWH * season
    spread = np.linspace(-1, 1, len(PRIOR_DAYS)) * np.log(_DAY_FACTOR if used_kwh else _HOME_FACTOR)
    shares = np.linspace(_DARK, _BRIGHT, len(PRIOR_DAYS))
    # A spread that is not in step with the other: neither sun nor thrift goes with the other.
    shares = shares[np.arange(len(shares)) * 5 % len(shares)]
    clear = _clear_sky(place, today, home.tz, step) if place and today else _equinox(step)
    return {
        day: DayShape(
            day=day,
            load_kw=_in_slots(np.roll(_PROFILE, number % 3 - 1) * middle_kwh * np.exp(spread[number]) / 24, step),
            pv_kw=home.pv_peak_kw * shares[number] * clear,
        )
        for number, day in enumerate(PRIOR_DAYS)
    }


def _season(place: Place, today: date) -> float:
    """Use of the day against the year's mean: the fourth-degree fit of standard load profile H0 (VDEW, 1999)."""
    day = (today if place.latitude >= 0 else today + _HALF_YEAR).timetuple().tm_yday
    german = float(np.polyval([-3.92e-10, 3.2e-7, -7.02e-5, 2.1e-3, 1.24], day))
    return 1 + (german - 1) * min(abs(place.latitude) / _FULL_SEASONS_DEG, 1)


def _in_slots(hourly_kw: Floats, step: timedelta) -> Floats:
    return np.repeat(hourly_kw, timedelta(hours=1) // step)


@lru_cache(maxsize=8)
def _clear_sky(place: Place, today: date, zone: ZoneInfo, step: timedelta) -> Floats:
    """Power of a kWp that faces the equator at 30 degrees under a clear sky, on the wall clock, (slots of a day,)."""
    # pvlib takes a second to import, and only a home without a past needs it here.
    from energy import solar  # noqa: PLC0415 (as said)

    starts = day_slots(today, zone, step)
    span = solar.SlotSpan(starts[0], step, len(starts))
    sun = solar.sun(place, span)
    panels = PvArray(peak_kw=1, azimuth_deg=180 if place.latitude >= 0 else 0)
    air = (np.full(len(starts), value) for value in (_MILD_C, _BREEZE_M_S))
    power = solar.pv_power(PvPlant(arrays=(panels,), inverter_kw=1), sun, solar.clear_sky(place, span, sun), *air)
    on_the_clock = np.zeros(DAY // step)
    on_the_clock[[clock_index(start, zone, step) for start in starts]] = power
    return on_the_clock


def _equinox(step: timedelta) -> Floats:
    """Half a sine from sunrise to sunset, of shape (slots of a day,)."""
    hour = (np.arange(DAY // step) + 0.5) * (step / timedelta(hours=1))
    sine = np.sin((hour - _SUNRISE) / (_SUNSET - _SUNRISE) * np.pi)
    return np.asarray(_NOON * np.maximum(sine, 0), dtype=np.float64)
