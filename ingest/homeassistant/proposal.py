"""A proposal for a home's settings, out of a survey: each role's sensor with sign and unit, and why."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from ingest.homeassistant.client import EntityState, Signed, StatisticRole
from ingest.homeassistant.energy_prefs import NamedDevice
from ingest.homeassistant.matching import BatteryFit, Match, likely_signs, match_charge, match_power
from ingest.homeassistant.survey import Survey
from ingest.live.mapping import MappedRole, SensorSource
from knowledge.days import Floats

_POWER_UNITS = ("W", "kW", "MW")
_KIND: dict[StatisticRole, Literal["grid", "solar", "battery", "home"]] = {
    "pv_power": "solar",
    "grid_power": "grid",
    "battery_power": "battery",
}
# How long values stand that change seldom: a percentage of charge, against a power.
SOC_MAX_AGE_S, _POWER_MAX_AGE_S = 3600.0, 300.0
_CHARGER = re.compile(
    r"\b(?:ev|evse|cars?|wall ?box|(?:ev|car|wall)?charger|zappi|easee|go-?echarger|keba|wall ?connector|tesla|coche|"
    r"cargador|voiture|laadpaal|ladestation)\b"
)
# The least that a car takes, on one phase.
_CHARGES_KW = 1.3
_OUTSIDE = ("outdoor", "outside", "exterior", "aussen", "außen", "buiten", "exterieur", "esterno")


@dataclass(slots=True)
class SensorProposal:
    """What was found, role by role; `missing` roles could not be told from what happened."""

    statistics: dict[StatisticRole, Signed]
    corrected: bool = False
    sensors: dict[MappedRole, SensorSource] = field(default_factory=dict)
    entities: dict[MappedRole, tuple[str, ...]] = field(default_factory=dict)
    why: dict[str, str] = field(default_factory=dict)
    missing: list[MappedRole] = field(default_factory=list)
    battery: BatteryFit | None = None


@dataclass(frozen=True, slots=True)
class Way:
    """How live states reach the advisor: from Home Assistant itself, or under statestream's base topic."""

    statestream: str | None = None

    def source(
        self, entities: Sequence[str], *, unit: str, known_unit: str = "", subtract: Sequence[str] = (), **fields: Any
    ) -> SensorSource:
        """The source of these entities; one of Home Assistant itself says its unit, so that only another is given."""
        if self.statestream is None:
            given = None if unit == known_unit else unit
            return SensorSource(entity=tuple(entities), subtract=tuple(subtract), unit=given, **fields)
        topics, less = (tuple(map(self._topic_of, names)) for names in (entities, subtract))
        return SensorSource(topic=topics, subtract=less, unit=unit, **fields)

    def _topic_of(self, entity: str) -> str:
        """Where `mqtt_statestream` publishes an entity's state."""
        return f"{self.statestream}/{entity.replace('.', '/', 1)}/state"


def propose(survey: Survey, way: Way) -> SensorProposal:
    """Find the roles' live sensors, to be read in one of two ways."""
    made = SensorProposal(dict(survey.preferences.statistics()))
    _mend_signs(made, survey)
    taken: set[str] = set()
    for role in ("pv_power", "grid_power", "battery_power"):
        if role in made.statistics:
            _find_power(made, survey, role, way=way, taken=taken)
    _find_charge(made, survey, way)
    _find_load(made, survey, way=way, taken=taken)
    _find_chargers(made, survey, way=way, taken=taken)
    _find_temperature(made, survey, way)
    return made


def name_sensor(made: SensorProposal, role: MappedRole, entity: str, *, state: EntityState | None, way: Way) -> None:
    """Take the user's word for a role; a leading minus turns the sensor round."""
    sign: Literal[1, -1] = -1 if entity.startswith("-") else 1
    entity = entity.lstrip("-")
    known_unit = state.unit if state else ""
    unit = known_unit or ("%" if role == "battery_soc" else "W")
    age_s = SOC_MAX_AGE_S if role == "battery_soc" else _POWER_MAX_AGE_S
    made.sensors[role] = way.source([entity], unit=unit, known_unit=known_unit, sign=sign, max_age_s=age_s)
    made.entities[role] = (entity,)
    made.why[role] = "as you said"
    if role in made.missing:
        made.missing.remove(role)


def _mend_signs(made: SensorProposal, survey: Survey) -> None:
    """Statistics that were entered the wrong way round in the energy dashboard show in charge and balance."""
    battery = made.statistics.get("battery_power")
    if battery is not None:
        charged, discharged = survey.flow(*battery.subtract), survey.flow(*battery.add)
        made.battery = match_charge(charged, discharged, survey.charges())
        if made.battery is not None and made.battery.reversed:
            _turn(made, "battery_power", "the charge rises while the dashboard says that the battery discharges")
            made.battery = match_charge(discharged, charged, survey.charges())
    if "pv_power" not in made.statistics or "grid_power" not in made.statistics:
        return
    pv_kw, grid_kw = survey.signed(made.statistics["pv_power"]), survey.signed(made.statistics["grid_power"])
    storage = made.statistics.get("battery_power", Signed())
    signs = likely_signs(pv_kw, grid_kw, survey.signed(storage))
    if signs is not None and signs[0] == -1:
        _turn(made, "grid_power", "as the dashboard has it, the house would often use less than nothing")


def _turn(made: SensorProposal, role: StatisticRole, why: str) -> None:
    signed = made.statistics[role]
    made.statistics[role] = Signed(add=signed.subtract, subtract=signed.add)
    made.corrected = True
    made.why[f"{role} statistics"] = f"reversed: {why}"


def _find_power(made: SensorProposal, survey: Survey, role: StatisticRole, *, way: Way, taken: set[str]) -> None:
    signed = made.statistics[role]
    candidates = {name: values for name, values in survey.powers().items() if name not in taken}
    whole = match_power(survey.signed(signed), candidates)
    if whole is not None:
        _accept(made, survey, role, add=[whole], subtract=[], way=way)
        taken.add(whole.name)
        return
    parts = {name: match_power(survey.flow(name), candidates) for name in signed.ids}
    if parts and _fit_together(survey, list(parts.values())):
        add, subtract = ([found for name in names if (found := parts[name])] for names in (signed.add, signed.subtract))
        _accept(made, survey, role, add=add, subtract=subtract, way=way)
        taken.update(match.name for match in (*add, *subtract))
        return
    if not _take_named(made, survey, role, survey.preferences.power(_KIND[role]), way):
        made.missing.append(role)


def _take_named(made: SensorProposal, survey: Survey, role: MappedRole, named: Signed, way: Way) -> bool:
    """Take the power sensors that the energy dashboard names, if it does; all in the unit of the first."""
    if not named.ids:
        return False
    unit = survey.unit(named.ids[0])
    add, subtract, sign = (named.add, named.subtract, 1) if named.add else (named.subtract, (), -1)
    made.sensors[role] = way.source(
        add, subtract=subtract, unit=unit or "W", known_unit=unit, sign=sign, max_age_s=_POWER_MAX_AGE_S
    )
    made.entities[role] = named.ids
    made.why[role] = "as the energy dashboard says; too little history to check it"
    return True


def _fit_together(survey: Survey, parts: list[Match | None]) -> bool:
    """Whether one source can hold them: all found, the right way round, in one unit."""
    found = [part for part in parts if part is not None and part.sign == 1]
    return len(found) == len(parts) and len({_true_unit(survey, part)[0] for part in found}) == 1


def _accept(
    made: SensorProposal, survey: Survey, role: MappedRole, *, add: list[Match], subtract: list[Match], way: Way
) -> None:
    first = add[0] if add else subtract[0]
    unit, odd = _true_unit(survey, first)
    flip = first.sign if not subtract else 1
    names, less = [match.name for match in add], [match.name for match in subtract]
    known_unit = survey.unit(first.name)
    made.sensors[role] = way.source(
        names, subtract=less, unit=unit, known_unit=known_unit, sign=flip, max_age_s=_POWER_MAX_AGE_S
    )
    made.entities[role] = tuple(match.name for match in (*add, *subtract))
    turned = ", with the sign reversed" if flip == -1 else ""
    made.why[role] = f"follows the energy counters (r = {first.likeness:.3f}){turned}{odd}"


def _true_unit(survey: Survey, match: Match) -> tuple[str, str]:
    """The unit that a sensor really measures in, and a word where that is not what it says."""
    claimed = _unit_of(survey, match.name)
    if match.scale == 1.0 or claimed not in _POWER_UNITS:
        return claimed, ""
    shift = -1 if match.scale < 1 else 1
    at = min(max(_POWER_UNITS.index(claimed) + shift, 0), len(_POWER_UNITS) - 1)
    return _POWER_UNITS[at], f"; it claims {claimed!r}, but its numbers are {_POWER_UNITS[at]!r}"


def _unit_of(survey: Survey, name: str) -> str:
    """The live unit, which is what statestream publishes; else the one of its statistics."""
    meta = survey.known.get(name)
    return survey.unit(name) or (meta.statistics_unit_of_measurement if meta else None) or "W"


def _find_charge(made: SensorProposal, survey: Survey, way: Way) -> None:
    named = survey.preferences.charge_entity
    if made.battery is None and named is not None and named in survey.states:
        name_sensor(made, "battery_soc", named, state=survey.states[named], way=way)
        made.why["battery_soc"] = "as the energy dashboard says; too little history to check it"
        return
    if made.battery is None:
        made.missing.append("battery_soc")
        return
    name = made.battery.name
    made.sensors["battery_soc"] = way.source([name], unit="%", known_unit=survey.unit(name), max_age_s=SOC_MAX_AGE_S)
    made.entities["battery_soc"] = (name,)
    made.why["battery_soc"] = (
        f"rises and falls with the battery's energy (r = {made.battery.likeness:.3f}); "
        f"by that it holds {made.battery.capacity_kwh:.1f} kWh"
    )


def _find_load(made: SensorProposal, survey: Survey, *, way: Way, taken: set[str]) -> None:
    needed: tuple[StatisticRole, ...] = ("pv_power", "grid_power", "battery_power")
    if any(role not in made.statistics for role in needed):
        made.missing.append("load_power")
        return
    balance: Floats = sum((survey.signed(made.statistics[role]) for role in needed), np.zeros(survey.grid.count))
    candidates = {name: values for name, values in survey.powers().items() if name not in taken}
    found = match_power(balance, candidates)
    if found is not None and found.sign == 1:
        _accept(made, survey, "load_power", add=[found], subtract=[], way=way)
        return
    if not _take_named(made, survey, "load_power", survey.preferences.power("home"), way):
        made.missing.append("load_power")
        balance_load(made)


def _find_chargers(made: SensorProposal, survey: Survey, *, way: Way, taken: set[str]) -> None:
    """The car chargers among the dashboard's individual devices: by their names, and by a power that only they have."""
    candidates = {name: values for name, values in survey.powers().items() if name not in taken}
    found: dict[str, NamedDevice] = {}
    for device in survey.preferences.device_consumption:
        if not _CHARGER.search(f"{device.name} {device.stat_consumption}".lower().replace("_", " ")):
            continue
        match = match_power(survey.flow(device.stat_consumption or ""), candidates)
        power = device.stat_rate if device.stat_rate in survey.states else match.name if match else None
        if power is not None and survey.highest_kw(power) >= _CHARGES_KW:
            found[power] = device
    if not found:
        return
    unit = _unit_of(survey, next(iter(found)))
    made.sensors["car_power"] = way.source(
        list(found), unit=unit, known_unit=survey.unit(next(iter(found))), max_age_s=SOC_MAX_AGE_S
    )
    made.entities["car_power"] = tuple(found)
    counters = tuple(one.stat_consumption for one in found.values() if one.stat_consumption)
    made.statistics["car_power"] = Signed(add=counters)
    made.corrected = True
    names = ", ".join(one.name or power for power, one in found.items())
    made.why["car_power"] = f"a car charger by its name and power ({names}): the battery is kept out of the car"


def _find_temperature(made: SensorProposal, survey: Survey, way: Way) -> None:
    found = [
        name
        for name, meta in survey.known.items()
        if meta.unit_class == "temperature" and meta.is_mean and any(word in name for word in _OUTSIDE)
    ]
    if len(found) == 1:
        unit = _unit_of(survey, found[0])
        made.sensors["outdoor_temperature"] = way.source(
            [found[0]], unit=unit, known_unit=survey.unit(found[0]), max_age_s=3600.0
        )
        made.statistics["outdoor_temperature"] = Signed(add=(found[0],))
        made.corrected = True
        made.entities["outdoor_temperature"] = (found[0],)
        made.why["outdoor_temperature"] = "by its name"


def balance_load(made: SensorProposal) -> None:
    """Take the load from the balance where nothing measures it and all else does."""
    needed: tuple[MappedRole, ...] = ("pv_power", "grid_power", "battery_power")
    if "load_power" in made.sensors or any(role not in made.sensors for role in needed):
        return
    made.sensors["load_power"] = SensorSource(from_balance=True)
    made.why["load_power"] = "no sensor follows the house's use: taken from the balance, PV + grid + battery"
    if "load_power" in made.missing:
        made.missing.remove("load_power")


def settled(sensors: Mapping[MappedRole, SensorSource], *, batteries: bool = False) -> bool:
    """Whether the roles without which nothing is decided are there; several batteries have charges of their own."""
    return all(role in sensors for role in ("pv_power", "load_power")) and (batteries or "battery_soc" in sensors)
