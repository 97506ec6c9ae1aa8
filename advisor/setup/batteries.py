"""Several batteries out of a survey: each one's size, power and charge sensor, where all of them can be told apart."""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

from advisor.setup.facts import battery_facts
from energy.battery import NamedBattery
from ingest.homeassistant.energy_prefs import NamedSource
from ingest.homeassistant.matching import BatteryFit, match_charge
from ingest.homeassistant.proposal import SOC_MAX_AGE_S, Way
from ingest.homeassistant.survey import Survey
from ingest.live.mapping import MappedRole, SensorSource

_NOT_IN_A_NAME = re.compile(r"[^a-z0-9]+")


@dataclass(frozen=True, slots=True)
class FoundBattery:
    """One of several batteries, the entity of its charge, how that is read, and why."""

    battery: NamedBattery
    entity: str
    sensors: dict[MappedRole, SensorSource]
    why: dict[str, str]


def find_batteries(survey: Survey, way: Way) -> tuple[tuple[FoundBattery, ...], str]:
    """Each of the energy dashboard's several batteries; none, and which one lacks what, where they stay one."""
    sources = survey.preferences.batteries
    if len(sources) < 2:
        return (), ""
    found: list[FoundBattery] = []
    for name, source in zip(_names(sources), sources, strict=True):
        one = _find(name, source, survey, way)
        if isinstance(one, str):
            return (), f"battery {name}: {one}"
        found.append(one)
    if len({one.entity for one in found}) < len(found):
        return (), f"{found[0].entity} would be the charge of more than one"
    return tuple(found), ""


def _find(name: str, source: NamedSource, survey: Survey, way: Way) -> FoundBattery | str:
    charged, discharged = survey.flow(*source.charged), survey.flow(*source.discharged)
    fit = match_charge(charged, discharged, survey.charges())
    entity = source.charge if source.charge in survey.states else fit.name if fit and not fit.reversed else None
    if entity is None:
        return "no sensor follows its charge; choose one in the energy dashboard"
    capacity_kwh = source.capacity_kwh or (fit.capacity_kwh if fit else None)
    if not capacity_kwh or not math.isfinite(capacity_kwh):
        return "its capacity is not known; give it in the energy dashboard"
    facts, why = battery_facts(charged, discharged, survey, fit)
    why["capacity_kwh"] = (
        "as the energy dashboard says" if source.capacity_kwh else f"estimate: how {entity} moves with its energy"
    )
    one_way = round(fit.efficiency, 2) if fit else 0.95
    battery = NamedBattery(
        name=name,
        capacity_kwh=round(capacity_kwh, 1),
        charge_efficiency=one_way,
        discharge_efficiency=one_way,
        **facts,
    )
    return FoundBattery(
        battery, entity, {"battery_soc": _charge(entity, survey, way)}, why | {"battery_soc": _reason(fit, entity)}
    )


def _charge(entity: str, survey: Survey, way: Way) -> SensorSource:
    return way.source([entity], unit="%", known_unit=survey.unit(entity), max_age_s=SOC_MAX_AGE_S)


def _reason(fit: BatteryFit | None, entity: str) -> str:
    if fit is None or fit.name != entity:
        return "as the energy dashboard says"
    return f"rises and falls with this battery's energy (r = {fit.likeness:.3f})"


def _names(sources: Sequence[NamedSource]) -> list[str]:
    """A name for each: the dashboard's own where it has one that no other has, else a number."""
    own = [_NOT_IN_A_NAME.sub("_", (source.name or "").lower()).strip("_")[:32] for source in sources]
    return [
        name if name and name[0].isalpha() and own.count(name) == 1 else f"battery_{at}"
        for at, name in enumerate(own, start=1)
    ]
