"""What keeps a house warm, cool and in hot water: its envelope by size and insulation, and the electricity it takes."""

from dataclasses import dataclass
from datetime import timedelta

import numpy as np

from energy.devices import heat_pump_cop
from energy.slots import hours
from simulator.house.thermal import (
    ClimateUnit,
    Comfort,
    Envelope,
    IndoorClimate,
    ThermalStep,
    cooling_eer,
    keep_comfortable,
)
from simulator.noise import Floats, remembering, running_mean, stream
from simulator.synthetic.hot_water import Tank, TankHistory, keep_hot
from simulator.synthetic.household import HouseholdContext, hot_water_draws
from simulator.synthetic.spec import HomeSpec, HouseSpec
from simulator.weather.weather import Weather

# Heat loss in W/(m² K) of floor area, air and walls together; a third of it is air.
_LOSS_W_PER_M2_K = {"poor": 2.2, "fair": 1.3, "good": 0.7}
_AIR_SHARE = 0.35
_AIR_KWH_PER_M2_K, _MASS_KWH_PER_M2_K, _COUPLE_KW_PER_M2_K = 0.012, 0.09, 0.009
# Heat for the coldest day is sized at this difference, sun through windows per global irradiance and floor area.
_DESIGN_K, _SUN_PER_M2 = 26.0, 0.045
_AIRING_KW_PER_M2_K = 0.0025
_PERSON_KW, _PLUGS_STAY = 0.09, 0.85
# Setbacks from the comfortable temperature while all sleep or are out, and while the house stands empty.
_SETBACK_K, _EMPTY_C, _TURNED_K = 0.5, 15.0, 1.0
_SUPPLY_C, _TANK_C = 38.0, 55.0
_LITRES_A_HEAD, _LEAST_LITRES = 45.0, 120.0


@dataclass(frozen=True, slots=True, eq=False)
class Indoors:
    """Electricity of heating, cooling and hot water in kW by name, and the states behind them."""

    loads: dict[str, Floats]
    climate: IndoorClimate
    gain_kw: Floats
    tank: TankHistory | None


def envelope_of(house: HouseSpec) -> Envelope:
    """A building's heat stores and losses from its floor area and insulation."""
    loss = _LOSS_W_PER_M2_K[house.insulation] * house.floor_m2 / 1000
    return Envelope(
        air_kwh_per_k=_AIR_KWH_PER_M2_K * house.floor_m2,
        mass_kwh_per_k=_MASS_KWH_PER_M2_K * house.floor_m2,
        couple_kw_per_k=_COUPLE_KW_PER_M2_K * house.floor_m2,
        vent_kw_per_k=loss * _AIR_SHARE,
        wall_kw_per_k=loss * (1 - _AIR_SHARE),
    )


def unit_of(house: HouseSpec) -> ClimateUnit:
    """A heater that just holds the house at the design difference, with a fifth to spare."""
    envelope = envelope_of(house)
    return ClimateUnit(
        rated_kw=1.2 * _DESIGN_K * (envelope.vent_kw_per_k + envelope.wall_kw_per_k),
        airing_kw_per_k=_AIRING_KW_PER_M2_K * house.floor_m2,
    )


def live_indoors(house: HouseholdContext, plug_kw: Floats) -> Indoors:
    """Temperatures and electricity; people, plugs and sun warm the house too.

    A house without electric heating is warmed by something else, which shows in no meter.
    """
    spec, weather = house.spec, house.weather
    step = ThermalStep(envelope_of(spec.house), hours(house.local.step))
    sun_kw = _SUN_PER_M2 * spec.house.floor_m2 * weather.light.ghi_w_m2 / 1000 * _unshaded(weather)
    gain_kw = _PLUGS_STAY * plug_kw + _PERSON_KW * house.presence.at_home + sun_kw
    outdoor_c = weather.temperature_c
    climate = keep_comfortable(
        step, unit_of(spec.house), _comfort(house), outdoor_c=outdoor_c, gain_kw=gain_kw, start_c=spec.house.heat_to_c
    )
    loads = {}
    if spec.house.heating != "none":
        loads["heating"] = climate.heating_kw / _heat_per_kwh(spec.house.heating, outdoor_c, _SUPPLY_C)
    if spec.house.cooling:
        loads["cooling"] = climate.cooling_kw / cooling_eer(outdoor_c)
    if spec.house.hot_water == "none":
        return Indoors(loads, climate, gain_kw, None)
    tank = keep_hot(_tank(spec), hot_water_draws(house), allowed=np.ones(house.local.slots), hours=step.hours)
    loads["hot_water"] = tank.heating_kw / _heat_per_kwh(spec.house.hot_water, outdoor_c, _TANK_C)
    return Indoors(loads, climate, gain_kw, tank)


def _unshaded(weather: Weather) -> Floats:
    """Share of the sun that blinds let in: all of it on cool days, less on hot ones."""
    by_day = running_mean(weather.temperature_c, round(weather.steps_of(timedelta(days=1))))
    return np.asarray(np.interp(by_day, [14.0, 24.0], [1.0, 0.4]), dtype=np.float64)


def _tank(spec: HomeSpec) -> Tank:
    litres = max(_LITRES_A_HEAD * spec.life.people, _LEAST_LITRES)
    return Tank(litres=litres, heater_kw=1.8 if spec.house.hot_water == "resistive" else 1.6)


def _heat_per_kwh(kind: str, outdoor_c: Floats, supply_c: float) -> Floats:
    return heat_pump_cop(outdoor_c, supply_c) if kind == "heat_pump" else np.ones_like(outdoor_c)


def _comfort(house: HouseholdContext) -> Comfort:
    """Comfortable while somebody is awake at home, less so by night and in an empty house."""
    spec = house.spec.house
    awake = house.presence.awake > 0
    # Somebody turns the knob every other week.
    turned = np.round(_TURNED_K * remembering(stream(house.seed, "knob"), house.local.count, lasts_steps=12) * 2) / 2
    turned_k = np.repeat(turned, np.diff(house.local.bounds))
    heat_to = spec.heat_to_c + turned_k - np.where(awake, 0.0, _SETBACK_K)
    heat_to = np.where(house.presence.empty, np.minimum(heat_to, _EMPTY_C), heat_to)
    cool_to = np.where(house.presence.at_home > 0, spec.cool_to_c + turned_k, np.inf)
    return Comfort(heat_to, cool_to if spec.cooling else np.full_like(heat_to, np.inf))
