"""Does a simulated year add up? The greatest error in kWh of any step: grid, battery, walls, tank and car."""

from collections.abc import Sequence

import numpy as np

from energy.battery import Battery
from energy.slots import hours
from simulator.house.house import StepRecord
from simulator.noise import Floats
from simulator.synthetic.home import STEP, SyntheticYear
from simulator.synthetic.indoors import envelope_of


def errors_of_a_year(year: SyntheticYear) -> dict[str, float]:
    """Greatest error of a step in what was lived without a battery, by what has books of its own."""
    found = {"walls": _walls(year)}
    if year.indoors.tank is not None:
        tank = year.indoors.tank
        flow = tank.heating_kw - tank.lost_kw - tank.drawn_kw
        found["tank"] = _greatest(np.diff(tank.stored_kwh) - flow[1:] * hours(STEP))
    if year.car is not None and year.spec.car is not None:
        at_home = year.car.at_home[1:] == 1
        gained = np.diff(year.car.soc) * year.spec.car.capacity_kwh
        charged = year.car.charging_kw[1:] * year.spec.car.charge_efficiency * hours(STEP)
        found["car"] = _greatest((gained - charged)[at_home])
    return found


def errors_of_play(steps: Sequence[StepRecord], battery: Battery, *, start_kwh: float) -> dict[str, float]:
    """Greatest error of a step at the meter and in the battery, which cannot be emptied below nothing."""
    flows = {
        name: np.array([float(getattr(step.flows, name)) for step in steps])
        for name in ("load_kw", "pv_kw", "charge_kw", "discharge_kw", "grid_import_kw", "grid_export_kw")
    }
    curtailed = np.array([float(step.flows.curtailed_kw) for step in steps])
    stored = np.array([start_kwh, *(float(step.flows.stored_kwh) for step in steps)])
    put = flows["pv_kw"] + flows["grid_import_kw"] + flows["discharge_kw"]
    taken = flows["load_kw"] + flows["grid_export_kw"] + flows["charge_kw"] + curtailed
    into = flows["charge_kw"] * battery.charge_efficiency - flows["discharge_kw"] / battery.discharge_efficiency
    return {
        "meter": _greatest(put - taken) * hours(STEP),
        "battery": _greatest(np.diff(stored) - into * hours(STEP)),
    }


def _walls(year: SyntheticYear) -> float:
    envelope, lived = envelope_of(year.spec.house), year.indoors.climate
    stored = envelope.air_kwh_per_k * lived.air_c + envelope.mass_kwh_per_k * lived.mass_c
    out = year.weather.temperature_c
    lost = envelope.vent_kw_per_k * (lived.air_c - out) + envelope.wall_kw_per_k * (lived.mass_c - out)
    put = year.indoors.gain_kw + lived.heating_kw - lived.cooling_kw - lived.aired_kw
    return _greatest(np.diff(stored) - (put - lost)[1:] * hours(STEP))


def _greatest(errors: Floats) -> float:
    return float(np.abs(errors).max(initial=0.0))
