"""An electric car: it drives when its owner is out, and charges when it is home again, at once or by night."""

from dataclasses import dataclass

import numpy as np

from simulator.clock import LocalDays
from simulator.noise import Floats, stream
from simulator.synthetic.diary import Diary
from simulator.synthetic.people import Occupancy
from simulator.synthetic.spec import CarSpec

_NIGHT_BEGINS, _NIGHT_ENDS = 1 * 60, 7 * 60
# Plugged in when less than this is left, or by chance.
_PLUGS_BELOW, _PLUGS_ANYWAY = 0.6, 0.35
_FULL = 0.9
_SPARE_KM = 40.0


@dataclass(frozen=True, slots=True, eq=False)
class CarHistory:
    """Per slot: AC charging power in kW, charge at its end from 0 to 1, whether the car is at home; km of each day."""

    charging_kw: Floats
    soc: Floats
    at_home: Floats
    km: Floats


def drive_and_charge(car: CarSpec, local: LocalDays, diary: Diary, presence: Occupancy, *, seed: int) -> CarHistory:
    """Play the car slot by slot: energy driven leaves while it is away, charging adds what the charger gives.

    A journey that the battery cannot make is charged on the way, which does not show at home.
    """
    away, km = _journeys(car, local, diary, presence, seed=seed)
    hours = local.step.total_seconds() / 3600
    may = np.ones(local.slots, dtype=bool)
    if car.smart:
        may = (local.minute >= _NIGHT_BEGINS) & (local.minute < _NIGHT_ENDS)
    rng = stream(seed, "plug")
    stored, plugged, was_away = _FULL * car.capacity_kwh, False, False
    lived = []
    for used_kwh, may_charge in zip(away.tolist(), may.tolist(), strict=True):
        is_away = not np.isnan(used_kwh)
        if is_away:
            stored = max(stored - used_kwh, 0.1 * car.capacity_kwh)
            plugged = False
        elif was_away:
            plugged = stored < _PLUGS_BELOW * car.capacity_kwh or rng.random() < _PLUGS_ANYWAY
        room_kw = (_FULL * car.capacity_kwh - stored) / (car.charge_efficiency * hours)
        charging_kw = min(car.charger_kw, max(room_kw, 0.0)) if plugged and may_charge else 0.0
        stored += charging_kw * car.charge_efficiency * hours
        was_away = is_away
        lived.append((charging_kw, stored / car.capacity_kwh, float(not is_away)))
    charging, soc, at_home = np.array(lived).T
    return CarHistory(charging, soc, at_home, km)


def _journeys(car: CarSpec, local: LocalDays, diary: Diary, presence: Occupancy, *, seed: int) -> tuple[Floats, Floats]:
    """Energy driven in each slot in kWh, NaN while the car is at home; and km of each day."""
    rng = stream(seed, "journeys")
    used = np.full(local.slots, np.nan)
    km = np.zeros(local.count)
    for day, out in enumerate(presence.out):
        leaves, returns = out or (0.0, 0.0)
        chance, far = rng.random(), float(np.exp(rng.normal(0, 0.35)))
        works = out is not None and returns - leaves > 4 * 60
        km[day] = car.commute_km * far if works else _SPARE_KM * far * (chance < 0.7)
        if diary.empty_to[day] > diary.empty_from[day]:
            leaves, returns = float(diary.empty_from[day]), float(diary.empty_to[day])
            km[day] = 180 * far if leaves > 0 or returns < 24 * 60 else 0.0
        elif diary.drive[day]:
            km[day] = 220 * far
        first, end = local.slot_at(day, leaves), local.slot_at(day, returns)
        if end > first:
            used[first:end] = km[day] * car.kwh_per_km / (end - first)
        else:
            km[day] = 0.0
    return used, km
