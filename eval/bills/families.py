"""What a 5 kWh battery saves families of Madrid a year, with and without the cap on surplus credit.

The prices are the example prices of the 2.0TD periods: 0.22, 0.15 and 0.10 EUR/kWh, surplus 0.05, nothing on top.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from energy.battery import Battery
from energy.billing.bill import total_of
from energy.home import Home
from energy.panels import PvArray, PvPlant
from energy.pricing.metering import MeterReadings
from energy.pricing.rules import Credit, Netting
from energy.pricing.tariff import Contract, as_contract, spanish_20td
from eval.collect.homes import with_battery
from eval.collect.playing import play, self_consumption, stretch
from ingest.history.table import History
from simulator.synthetic.home import synthetic_history
from simulator.synthetic.presets import MADRID
from simulator.synthetic.spec import CarSpec, HomeSpec, HouseSpec, Life
from simulator.weather.climate import ClimateWishes

_PANELS = PvPlant(arrays=(PvArray(peak_kw=5.0),), inverter_kw=4.5)
_BATTERY = Battery(capacity_kwh=5.0, max_charge_kw=2.5, max_discharge_kw=2.5, min_soc=0.05)
_STEP = timedelta(hours=1)
_DAYS = 365


@dataclass(frozen=True, slots=True)
class FamilySaving:
    """Saved a year by the battery in plain self-consumption, without and with the cap."""

    family: str
    without_cap: float
    with_cap: float


def family_specs() -> dict[str, HomeSpec]:
    """The families, by what they are called."""
    plain = {f"{people} people" if people > 1 else "1 person": _spec(people, HouseSpec()) for people in (1, 3, 5)}
    warm = HouseSpec(heating="heat_pump", cooling=True)
    return plain | {
        "3 people, heat pump and cooling": _spec(3, warm),
        "4 people, the same and a car": _spec(4, warm, car=CarSpec()),
    }


def _spec(people: int, house: HouseSpec, *, car: CarSpec | None = None) -> HomeSpec:
    return HomeSpec(
        name=f"madrid-{people}",
        place=MADRID,
        zone="Europe/Madrid",
        first_day=date(2025, 1, 1),
        life=Life(people=people, dinner_hour=20.5),
        house=house,
        car=car,
        pv=_PANELS,
        battery=_BATTERY,
        climate=ClimateWishes(mean_temperature_c=15.0),
        forecast="none",
    )


def family_savings(wanted: dict[str, HomeSpec] | None = None, *, days: int = _DAYS) -> Iterator[FamilySaving]:
    """The table, family by family."""
    free, capped = family_contracts()
    for family, spec in (wanted or family_specs()).items():
        history = synthetic_history(spec, seed=1, days=days, step=_STEP)
        yield FamilySaving(family, _saving(history, free), _saving(history, capped))


def family_contracts() -> tuple[Contract, Contract]:
    """The example prices with netting within the hour, without and with the cap."""
    free = as_contract(spanish_20td()).model_copy(
        update={"name": "three prices", "netting": (Netting(interval="hour"),)}
    )
    return free, free.model_copy(update={"credit": Credit(cap="energy_bought")})


def _saving(history: History, contract: Contract) -> float:
    bare = with_battery(history, 0.0)
    return _cost(bare, bare.home, contract) - _cost(history, history.home, contract)


def _cost(history: History, home: Home, contract: Contract) -> float:
    played = stretch(home, history.days)
    flows = play(home, played, self_consumption).flows
    imported, exported = (np.asarray(kw) * played.hours for kw in (flows.grid_import_kw, flows.grid_export_kw))
    return total_of(MeterReadings(played.starts, imported, exported, history.step), contract, home.tz)
