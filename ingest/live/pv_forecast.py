"""PV forecasts as they are used: those that follow each other, such as today's and tomorrow's, as one; in slots."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from math import gcd
from statistics import fmean

from pydantic import ValidationError

from energy.errors import DataError
from energy.slots import floor_slot
from transport.payloads import PvForecast, first_fault

_MINUTE = timedelta(minutes=1)


def joined(parts: Sequence[PvForecast], *, now: datetime) -> PvForecast | None:
    """One forecast out of several that follow each other; the newest counts first, and what lies between is unknown.

    Parts that are over are left out; None where all are.

    Raises:
        DataError: together they reach too far.
    """
    ahead = [part for part in parts if part.start + len(part.values_kw) * part.step_minutes * _MINUTE > now]
    if len(ahead) < 2:
        return ahead[0] if ahead else None
    minutes = gcd(*(part.step_minutes for part in ahead))
    start = min(part.start for part in ahead)
    values: dict[int, float | None] = {}
    for part in sorted(ahead, key=lambda part: part.time):
        fine = part.step_minutes // minutes
        first = (part.start - start) // (minutes * _MINUTE)
        values |= {first + at: value for at, value in enumerate(one for one in part.values_kw for _ in range(fine))}
    return _made(max(part.time for part in ahead), minutes, start, [values.get(at) for at in range(max(values) + 1)])


def in_slots(forecast: PvForecast, step: timedelta) -> PvForecast:
    """A forecast that is finer than slots as the mean of each."""
    part = forecast.step_minutes * _MINUTE
    if part >= step or step % part:
        return forecast
    start = floor_slot(forecast.start, step)
    slots: dict[int, list[float]] = {}
    for at, value in enumerate(forecast.values_kw):
        if value is not None:
            slots.setdefault((forecast.start + at * part - start) // step, []).append(value)
    values = [fmean(slots[at]) if at in slots else None for at in range(max(slots, default=-1) + 1)]
    return _made(forecast.time, step // _MINUTE, start, values)


def _made(time: datetime, minutes: int, start: datetime, values: Sequence[float | None]) -> PvForecast:
    try:
        return PvForecast(time=time, step_minutes=minutes, start=start, values_kw=tuple(values))
    except ValidationError as err:
        raise DataError(f"pv_forecast: {first_fault(err)}: check its times") from err
