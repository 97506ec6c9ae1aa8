"""Any unit becomes kW in regular slots: powers, energies of intervals, and counters that run on."""

from dataclasses import dataclass
from datetime import timedelta

import numpy as np
from numpy.typing import NDArray

from ingest.history.files.cells.clock import Seconds
from ingest.history.files.cells.units import Unit
from knowledge.days import Floats

_HOUR_S = 3600
# As in Home Assistant's statistics: the energy of a short outage is spread over it, that of a longer one is unknown.
_SPREAD_S = 2 * _HOUR_S
# Panels that slept give little in the slot in which they wake.
_DAWN_SHARE = 0.2
_MOST_RESETS_A_DAY = 1.1


@dataclass(frozen=True, slots=True)
class Slots:
    """Regular slots in seconds of UTC."""

    start_s: int
    step_s: int
    count: int

    @property
    def hours(self) -> float:
        """Length of a slot."""
        return self.step_s / _HOUR_S

    @property
    def step(self) -> timedelta:
        """Length of a slot."""
        return timedelta(seconds=self.step_s)

    @property
    def moments_s(self) -> Seconds:
        """When each slot begins."""
        return self.start_s + np.arange(self.count, dtype=np.int64) * self.step_s

    def places(self, moments_s: Seconds) -> NDArray[np.int64]:
        """Which slot each moment falls in."""
        return (moments_s - self.start_s) // self.step_s


def slot_means(values: Floats, moments_s: Seconds, slots: Slots) -> Floats:
    """Mean of the known values of each slot; NaN where there is none."""
    places = slots.places(moments_s)
    known = ~np.isnan(values) & (places >= 0) & (places < slots.count)
    total = np.bincount(places[known], values[known], minlength=slots.count)
    count = np.bincount(places[known], minlength=slots.count)
    means: Floats = np.divide(total, count, out=np.full(slots.count, np.nan), where=count > 0)
    return means


def hourly_means(power_kw: Floats, slots: Slots, *, from_s: int) -> Floats:
    """Mean power of each hour from a moment on, up to the one in which the last slot begins."""
    hours = Slots(from_s, _HOUR_S, (slots.start_s + (slots.count - 1) * slots.step_s - from_s) // _HOUR_S + 1)
    return slot_means(power_kw, slots.moments_s, hours)


def counter_means(values: Floats, moments_s: Seconds, slots: Slots, *, dawn_kwh: float) -> Floats:
    """Mean power of each slot from a counter's readings in kWh; a counter that falls began anew from nothing.

    Where it shows nothing just then, as counters of a day do at midnight, what the slot before held is not to be seen:
    it is taken to go on like the one before it.
    """
    places = slots.places(moments_s)
    inside = ~np.isnan(values) & (places >= 0) & (places < slots.count)
    readings = np.full(slots.count, np.nan)
    # Of several readings in a slot the first stands at its beginning.
    readings[places[inside][::-1]] = values[inside][::-1]
    known = np.flatnonzero(~np.isnan(readings))
    means = np.full(slots.count, np.nan)
    for first, after in zip(known[:-1].tolist(), known[1:].tolist(), strict=True):
        flowed = readings[after] - readings[first] if readings[after] >= readings[first] else readings[after]
        if readings[first] > readings[after] == 0 and first:
            means[first:after] = means[first - 1]
        elif (after - first) * slots.step_s <= _SPREAD_S or flowed == 0:
            means[first:after] = flowed / (after - first) / slots.hours
        elif flowed <= dawn_kwh:
            means[first:after] = 0.0
            means[after - 1] = flowed / slots.hours
    return means


def dawn_kwh(role: str, peak_kw: float, slots: Slots) -> float:
    """What panels may have given in the slot in which they wake."""
    return _DAWN_SHARE * peak_kw * slots.hours if role == "pv" else 0.0


def runs_on(values: Floats, moments_s: Seconds) -> bool:
    """Whether values are a counter's: over days they never fall, or only to nothing once a day."""
    known = ~np.isnan(values)
    readings, seconds = values[known], moments_s[known]
    if len(readings) < 12 or seconds[-1] - seconds[0] < 20 * _HOUR_S:
        return False
    changes = np.diff(readings)
    falls = int((changes < 0).sum())
    days = (seconds[-1] - seconds[0]) / 86_400
    largest = float(changes.max(initial=0.0))
    if largest <= 0 or int((changes > 0).sum()) < 4:
        return False
    if falls == 0:
        return bool(readings.max() > 2.0 * largest)
    to_nothing = readings[1:][changes < 0] <= 2.0 * largest
    return bool(falls <= _MOST_RESETS_A_DAY * days + 1 and to_nothing.all() and readings.max() > 3.0 * largest)


def in_kw(values: Floats, unit: Unit, hours: float) -> Floats:
    """Powers or energies of intervals as kW."""
    return values * unit.factor / (hours if unit.kind == "energy" else 1.0)
