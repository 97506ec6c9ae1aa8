"""A home's fixed facts out of a survey of its last month, each with where it comes from."""

import math
import re
from collections.abc import Mapping, Sequence
from datetime import datetime

import numpy as np

from energy.battery import Battery, NamedBattery, combined
from energy.errors import DataError, SettingsError
from energy.home import HOME_NAME, Grid, Home
from energy.pricing.tariff import AnyTariff
from ingest.homeassistant.client import StatisticRole
from ingest.homeassistant.matching import BatteryFit
from ingest.homeassistant.proposal import SensorProposal
from ingest.homeassistant.solar_forecast import forecast_entities, read_solar_forecast
from ingest.homeassistant.survey import Survey
from knowledge.days import Floats

# What devices and connections are given above the most that a month showed.
_DEVICE_HEADROOM, _GRID_HEADROOM = 1.25, 2.0
_LEAST_KW, _LEAST_GRID_KW = 0.5, 3.0
_HIGHEST_FLOOR = 0.1
_LOWEST = "estimate: the lowest charge in a month, at most 0.1"


def estimate_facts(
    survey: Survey, proposal: SensorProposal, given: Mapping[str, float | None]
) -> tuple[dict[str, float], dict[str, str]]:
    """Facts and the reasons for them; what the user gave counts as it is.

    Raises:
        SettingsError: the battery's capacity is neither given nor to be seen.
    """
    pv, grid, battery = (_flow(survey, proposal, role) for role in ("pv_power", "grid_power", "battery_power"))
    charge, discharge = _most(-battery), _most(battery)
    fit = proposal.battery
    seen = {
        "pv_peak_kw": (max(_most(pv), _highest(survey, proposal, "pv_power")), _DEVICE_HEADROOM, _LEAST_KW),
        "max_charge_kw": (charge, _DEVICE_HEADROOM, _LEAST_KW),
        "max_discharge_kw": (discharge, _DEVICE_HEADROOM, _LEAST_KW),
        "import_limit_kw": (_most(grid), _GRID_HEADROOM, _LEAST_GRID_KW),
        "export_limit_kw": (_most(-grid), _GRID_HEADROOM, _LEAST_GRID_KW),
    }
    facts = {key: max(math.ceil(most * room * 10) / 10, least) for key, (most, room, least) in seen.items()}
    why = {
        key: f"estimate: {most:.1f} kW was the most in a month, times {room:g}" for key, (most, room, _) in seen.items()
    }
    facts["min_soc"], why["min_soc"] = _lowest(survey, fit), _LOWEST
    shown_kwh = survey.preferences.capacity_kwh
    if shown_kwh is not None:
        facts["capacity_kwh"], why["capacity_kwh"] = shown_kwh, "as the energy dashboard says"
    elif fit is not None:
        facts["capacity_kwh"] = round(fit.capacity_kwh, 1)
        why["capacity_kwh"] = f"estimate: how {fit.name} moves with the battery's energy"
    for key, value in given.items():
        if value is not None:
            facts[key], why[key] = value, "as you said"
    if "capacity_kwh" not in facts:
        raise SettingsError("capacity_kwh: it cannot be estimated from a month's history: give --capacity-kwh")
    return facts, why


def battery_facts(
    charged_kw: Floats, discharged_kw: Floats, survey: Survey, fit: BatteryFit | None
) -> tuple[dict[str, float], dict[str, str]]:
    """What one of several batteries can take and give and how low it goes, with the reasons."""
    facts, why = {}, {}
    for key, flow in (("max_charge_kw", charged_kw), ("max_discharge_kw", discharged_kw)):
        most = _most(flow)
        facts[key] = max(math.ceil(most * _DEVICE_HEADROOM * 10) / 10, _LEAST_KW)
        why[key] = f"estimate: {most:.1f} kW was the most in a month, times {_DEVICE_HEADROOM:g}"
    facts["min_soc"], why["min_soc"] = _lowest(survey, fit), _LOWEST
    return facts, why


def find_forecast(survey: Survey, now: datetime) -> tuple[bool, str]:
    """Whether the energy dashboard has a PV forecast, and in words what there is and what is done without one."""
    try:
        solar = read_solar_forecast(survey.solar_forecast, now)
    except DataError as err:
        return False, f"{err}. Without it the solar yield of similar days is expected"
    if solar is not None:
        ahead_kwh = sum(solar.known_kw)
        return True, f"the energy dashboard's own: {ahead_kwh:.1f} kWh in {len(solar.values_kw)} hours"
    if named := forecast_entities(survey.states):
        return False, (
            f"{named[0]} sounds like one, but the energy dashboard does not use it: choose it there (Settings > "
            "Dashboards > Energy > Solar panels). Until then the solar yield of similar days is expected"
        )
    return False, (
        "none found: the solar yield of similar days is expected, corrected by the last two hours. For one, add "
        "Forecast.Solar, Solcast or Open-Meteo to Home Assistant and choose it in the energy dashboard, or use "
        "advisor weather publish"
    )


def build_home(
    survey: Survey,
    facts: Mapping[str, float],
    *,
    name: str | None,
    efficiency: float | None,
    tariff: AnyTariff,
    batteries: Sequence[NamedBattery] = (),
) -> Home:
    """The home of these facts, in Home Assistant's zone and currency; several `batteries` are its one battery."""
    one_way = round(efficiency, 2) if efficiency is not None else 0.95
    battery = Battery(
        capacity_kwh=facts["capacity_kwh"],
        max_charge_kw=facts["max_charge_kw"],
        max_discharge_kw=facts["max_discharge_kw"],
        charge_efficiency=one_way,
        discharge_efficiency=one_way,
        min_soc=facts["min_soc"],
    )
    return Home(
        name=name or _name(survey.config.location_name),
        zone=survey.config.time_zone,
        currency=survey.config.currency,
        pv_peak_kw=facts["pv_peak_kw"],
        battery=combined(batteries) if batteries else battery,
        batteries=tuple(batteries),
        grid=Grid(import_limit_kw=facts["import_limit_kw"], export_limit_kw=facts["export_limit_kw"]),
        tariff=tariff,
    )


def _flow(survey: Survey, proposal: SensorProposal, role: StatisticRole) -> Floats:
    signed = proposal.statistics.get(role)
    return survey.signed(signed) if signed else np.zeros(survey.grid.count)


def _most(values: Floats) -> float:
    return max(float(np.nanmax(values, initial=0.0)), 0.0)


def _lowest(survey: Survey, fit: BatteryFit | None) -> float:
    """Where the battery itself stops giving: what it never went below, unless it was simply never empty."""
    if fit is None:
        return _HIGHEST_FLOOR
    return min(math.floor(float(np.nanmin(survey.charges()[fit.name])) * 100) / 100, _HIGHEST_FLOOR)


def _highest(survey: Survey, proposal: SensorProposal, role: StatisticRole) -> float:
    return sum(survey.highest_kw(name) for name in proposal.entities.get(role, ()))


def _name(text: str) -> str:
    name = re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")[:48]
    return name if HOME_NAME.fullmatch(name) else "my-home"
