"""A past day told in one short English text, from its numbers alone."""

from collections.abc import Sequence
from datetime import timedelta

import numpy as np

from energy.home import Home
from energy.tariff import is_rest_day
from knowledge.days import DayRecord, Floats, energy_kwh, profile

_HOUR = timedelta(hours=1)
_BUSY_HOURS = 3
_WEEK = 7


def narrate(home: Home, records: Sequence[DayRecord]) -> list[str]:
    """One text per record, in order; each is compared with the mean of the up to seven records before it."""
    used = [energy_kwh(record.load_kw, record.step) for record in records]
    sun = [energy_kwh(record.pv_kw, record.step) for record in records]
    texts = []
    for at, record in enumerate(records):
        week = slice(max(0, at - _WEEK), at)
        kind = "rest day" if is_rest_day(home.tariff, record.day) else "workday"
        sentences = [
            f"{record.day:%A} {record.day.day} {record.day:%B %Y}, {kind}",
            _use(profile(record, record.load_kw, zone=home.tz, step=_HOUR), used[at], used[week]),
            _sun(sun[at], sun[week]),
            _weather(record.temperature_c),
        ]
        texts.append(". ".join(sentence for sentence in sentences if sentence) + ".")
    return texts


def _use(hourly_kw: Floats, used_kwh: float, week_kwh: Sequence[float]) -> str:
    if np.isnan(used_kwh):
        return "Use unknown"
    sums = np.convolve(np.nan_to_num(hourly_kw), np.ones(_BUSY_HOURS), mode="valid")
    first = int(np.argmax(sums))
    return (
        f"Used {used_kwh:.1f} kWh{_compared(used_kwh, week_kwh)}, "
        f"most between {first:02d}:00 and {first + _BUSY_HOURS:02d}:00"
    )


def _sun(sun_kwh: float, week_kwh: Sequence[float]) -> str:
    return "Sun unknown" if np.isnan(sun_kwh) else f"Sun gave {sun_kwh:.1f} kWh{_compared(sun_kwh, week_kwh)}"


def _compared(value: float, week: Sequence[float]) -> str:
    """How a day stands against the week before: much means more than a third."""
    known = [one for one in week if not np.isnan(one)]
    if not known or (mean := sum(known) / len(known)) <= 0:
        return ""
    ratio = value / mean
    word = "much more than" if ratio > 4 / 3 else "much less than" if ratio < 2 / 3 else "like"
    return f", {word} the week before ({mean:.1f})"


def _weather(temperature_c: Floats | None) -> str:
    if temperature_c is None or np.isnan(temperature_c).all():
        return ""
    low, high = np.nanmin(temperature_c), np.nanmax(temperature_c)
    word = "Freezing" if low < 0 else "Cold" if low < 7 else "Hot" if high >= 30 else "Mild"
    return f"{word}, {low:.0f} to {high:.0f} °C"
