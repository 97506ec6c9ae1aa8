"""Inverters that sleep: gaps of solar production that are night, and hold nothing."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np

from energy.home import Home
from knowledge.days import Floats

# Panels that slept give little in the slots at either end of the night; an hour's mean may hold a good part of a
# morning.
_DAWN_SHARE, _MORNING_SHARE = 0.2, 0.4
_LONGEST_NIGHT = timedelta(hours=20)
# It is day between these local hours, wherever people live.
_EVENING, _MORNING = 15, 10
_SHORTEST_NIGHT, _NO_SHARE = timedelta(hours=3), 0.02


def darkened(pv_kw: Floats, start: datetime, step: timedelta, home: Home, *, of_file: bool = False) -> Floats:
    """The same with gaps over local 01:00 set to zero, where there is hardly any sun on either side.

    A file writes nothing where nothing was made: there a gap of dark hours with which it begins or ends is night as
    well, and either side may be later in the day.
    """
    filled, unknown = pv_kw.copy(), np.isnan(pv_kw)
    sides = np.flatnonzero(np.diff(np.concatenate(([False], unknown, [False])).astype(int)))
    for first, after in sides.reshape(-1, 2).tolist():
        ends = [at for at in (first - 1, after) if 0 <= at < len(pv_kw)]
        share = _MORNING_SHARE if of_file else _DAWN_SHARE
        is_low = all(pv_kw[at] <= share * home.pv_peak_kw for at in ends)
        if not ends or not is_low or (after - first) * step > _LONGEST_NIGHT:
            continue
        hours = _hours(start, step, first, after, home.tz)
        is_dark = all(hour >= _EVENING or hour < _MORNING for hour in hours)
        # An hour that is lost in the morning is no night.
        is_long = (after - first) * step >= _SHORTEST_NIGHT
        is_dark = is_dark and (is_long or all(pv_kw[at] <= _NO_SHARE * home.pv_peak_kw for at in ends))
        if is_dark if of_file else after < len(pv_kw) and 1 in hours:
            filled[first:after] = 0.0
    return filled


def _hours(start: datetime, step: timedelta, first: int, after: int, zone: ZoneInfo) -> list[int]:
    return [(start + at * step).astimezone(zone).hour for at in range(first, after)]
