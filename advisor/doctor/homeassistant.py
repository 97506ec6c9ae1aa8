"""What `advisor doctor` checks in Home Assistant: token, version, clock, zone, entities, units, signs, history."""

import difflib
import re
from collections.abc import Mapping
from datetime import datetime

import numpy as np

from advisor.doctor.broker import BrokerTraffic
from advisor.doctor.finding import CheckResult, Level, ok
from advisor.doctor.machine import check_noon
from agent.settings import Settings
from energy.errors import DataError, SettingsError, TransportError
from energy.home import Home
from ingest.homeassistant.client import HomeAssistant, StatisticRole
from ingest.homeassistant.matching import Match, likely_signs, match_power
from ingest.homeassistant.statistics import Sources
from ingest.homeassistant.survey import Survey, known_hours, take_survey
from ingest.live.mapping import MappedRole, SensorSource
from knowledge.store import DayStore
from transport.topics import ROOT

# The energy dashboard's long-term statistics and their `change` have been as they are since.
_OLDEST_VERSION = (2023, 3)
_CLOCK_S, _CLOCK_PROBLEM_S = 3.0, 60.0
_FEW_HOURS = 12 * 24
_STATE_TOPIC = re.compile(r".+/(?P<domain>sensor|number|input_number)/(?P<name>[^/]+)/state")
_POWER_KW = {"W": 0.001, "kW": 1.0, "MW": 1000.0}
_FLOWS: tuple[StatisticRole, ...] = ("pv_power", "grid_power", "battery_power")


def check_homeassistant(
    settings: Settings, home: Home, traffic: BrokerTraffic | None, *, now: datetime
) -> list[CheckResult]:
    """Everything that needs its API; one note where no token is given."""
    try:
        address = settings.homeassistant.address()
    except SettingsError as err:
        if settings.homeassistant.token_file is not None:
            return [
                CheckResult("token", "problem", str(err), "write the token there, or correct homeassistant.token_file")
            ]
        text = "no token: entities, history and signs are not compared with Home Assistant"
        return [
            CheckResult("home assistant", "note", text, "ADVISOR_HOMEASSISTANT__TOKEN, or homeassistant.token_file")
        ]
    try:
        with HomeAssistant(address) as assistant:
            survey = take_survey(assistant, now, settings.homeassistant.statistics)
            entities, lead_s = assistant.mqtt_entities(), assistant.clock_lead_s()
    except (TransportError, SettingsError, DataError) as err:
        what = "token" if "refuses the token" in str(err) else "home assistant"
        return [CheckResult(what, "problem", str(err), "the rest could not be compared with Home Assistant")]
    sources = settings.homeassistant.statistics or survey.preferences.statistics()
    return [
        _version(survey),
        *_clock(lead_s),
        *_zone(survey, home),
        *check_noon(DayStore(settings.memory_dir / "days").days(home.name), home, survey.config.longitude),
        _discovery(survey, entities, home, traffic),
        *_entities(settings, survey),
        *_statistics(sources, survey),
        *_signs(settings, sources, survey),
    ]


def _version(survey: Survey) -> CheckResult:
    year, month, *_ = (int(part) for part in re.findall(r"\d+", survey.config.version)[:2])
    text = f"version {survey.config.version}"
    if (year, month) < _OLDEST_VERSION:
        return CheckResult("home assistant", "warning", f"{text} is older than what is tested", "update Home Assistant")
    return ok("home assistant", text)


def _clock(lead_s: float | None) -> list[CheckResult]:
    if lead_s is None:
        return []
    text = f"Home Assistant's clock is {abs(lead_s):.0f} s {'ahead of' if lead_s > 0 else 'behind'} this machine's"
    if abs(lead_s) <= _CLOCK_S:
        return [ok("clock", "within seconds of Home Assistant's")]
    level: Level = "problem" if abs(lead_s) > _CLOCK_PROBLEM_S else "warning"
    return [CheckResult("clock", level, text, "let both machines keep time by NTP (timedatectl set-ntp true)")]


def _zone(survey: Survey, home: Home) -> list[CheckResult]:
    if survey.config.time_zone == home.zone:
        return []
    text = f"home.toml says zone {home.zone!r}, Home Assistant is in {survey.config.time_zone!r}"
    return [
        CheckResult("zone", "problem", text, f"zone = {survey.config.time_zone!r} in home.toml, if that is the home's")
    ]


def _discovery(survey: Survey, entities: Mapping[str, str], home: Home, traffic: BrokerTraffic | None) -> CheckResult:
    if "mqtt" not in survey.config.components:
        text = "Home Assistant has no MQTT integration: it sees nothing of the advisor"
        return CheckResult("discovery", "warning", text, "Settings > Devices & services > Add integration > MQTT")
    known = [name for name in entities if name.startswith(f"{ROOT}_{home.name}_")]
    if known:
        return ok("discovery", f"Home Assistant knows {len(known)} entities of {home.name!r}")
    if traffic is not None and traffic.announced:
        text = f"{len(traffic.announced)} entities are announced on the broker, Home Assistant knows none of them"
        return CheckResult("discovery", "problem", text, "connect its MQTT integration to this broker, discovery on")
    text = "nothing is announced yet"
    return CheckResult("discovery", "note", text, "the advisor introduces itself when it runs: advisor run")


def entity_of(topic: str) -> str | None:
    """The entity behind a statestream topic; None where it is another kind of topic."""
    match = _STATE_TOPIC.fullmatch(topic)
    return f"{match['domain']}.{match['name']}" if match else None


def _entities(settings: Settings, survey: Survey) -> list[CheckResult]:
    named = [(role, entity, source) for role, source in settings.sensors.items() for entity in _entities_of(source)]
    looked = (_entity(role, entity, source, survey) for role, entity, source in named)
    return [finding for finding in looked if finding is not None]


def _entities_of(source: SensorSource) -> list[str]:
    if source.entity:
        return list(source.names)
    return [entity for topic in source.names if (entity := entity_of(topic)) is not None]


def _entity(role: MappedRole, entity: str, source: SensorSource, survey: Survey) -> CheckResult | None:
    state = survey.states.get(entity)
    if state is None:
        near = difflib.get_close_matches(entity, survey.states, n=3)
        return CheckResult(
            role,
            "problem",
            f"Home Assistant has no entity {entity!r}",
            f"correct the topic{'; it has ' + ', '.join(near) if near else ''}, or run advisor setup again",
        )
    if state.state in {"unavailable", "unknown"}:
        return CheckResult(
            role, "problem", f"{entity} is {state.state} in Home Assistant", "check the device behind it"
        )
    if state.unit and source.unit and state.unit != source.unit and state.unit in _POWER_KW:
        text = f"{entity} measures in {state.unit}, the settings take it for {source.unit}"
        return CheckResult(role, "problem", text, f"unit = {state.unit!r} in [sensors.{role}]")
    return None


def _statistics(sources: Sources, survey: Survey) -> list[CheckResult]:
    """How far Home Assistant's own history goes, of what is learnt from."""
    if missing := [name for signed in sources.values() for name in signed.ids if name not in survey.known]:
        return [CheckResult("statistics", "warning", f"Home Assistant has none of {missing[0]!r}", "correct the id")]
    if "pv_power" not in sources or not {"grid_power", "load_power"} & set(sources):
        text = "the energy dashboard names no panels or no meter: there is nothing to learn from"
        return [CheckResult("statistics", "warning", text, "Settings > Dashboards > Energy")]
    hours = min(known_hours(survey.signed(signed)) for signed in sources.values())
    text = f"{hours / 24:.0f} of the last 30 days are in its statistics"
    if hours < _FEW_HOURS:
        return [CheckResult("statistics", "note", text, "nothing: they grow by themselves")]
    return [ok("statistics", text)]


def _signs(settings: Settings, sources: Sources, survey: Survey) -> list[CheckResult]:
    """Compare each live sensor's month with the energy counters, and these with each other."""
    findings = []
    for role in _FLOWS:
        source = settings.sensors.get(role)
        entities = _entities_of(source) if source else []
        if source is None or role not in sources or len(entities) != 1 or source.subtract:
            continue
        seen = {name: values for name, values in survey.powers().items() if name == entities[0]}
        match = match_power(survey.signed(sources[role]), seen)
        if match is not None:
            findings += _compare(role, source, match, survey)
    return [*findings, *_counter_signs(sources, survey)]


def _compare(role: MappedRole, source: SensorSource, match: Match, survey: Survey) -> list[CheckResult]:
    if match.sign != source.sign:
        text = f"{match.name} is the mirror image of a month of the energy counters"
        fix = f"sign = -1 in [sensors.{role}]" if source.sign == 1 else f"take sign = -1 out of [sensors.{role}]"
        return [CheckResult(role, "problem", f"reversed sign: {text}", fix)]
    state, meta = survey.states.get(match.name), survey.known.get(match.name)
    unit = (state.unit if state else "") or (meta.statistics_unit_of_measurement if meta else "") or ""
    true_kw = _POWER_KW.get(unit, 1.0) * match.scale
    if not np.isclose(true_kw, _POWER_KW.get(source.unit or unit, 1.0)):
        true = next((unit for unit, kw in _POWER_KW.items() if np.isclose(kw, true_kw)), "another unit")
        text = f"by the energy counters {match.name} measures in {true}, the settings take it for {source.unit}"
        return [CheckResult(role, "problem", text, f"unit = {true!r} in [sensors.{role}]")]
    return [ok(role, f"sign and unit agree with a month of the energy counters (r = {match.likeness:.3f})")]


def _counter_signs(sources: Sources, survey: Survey) -> list[CheckResult]:
    if not {"pv_power", "grid_power"} <= set(sources) or "load_power" in sources:
        return []
    still = np.zeros(survey.grid.count)
    flows = [survey.signed(sources[role]) if role in sources else still for role in _FLOWS]
    signs = likely_signs(flows[0], flows[1], flows[2])
    if signs is None:
        return []
    wrong = [role for role, sign in zip(("grid_power", "battery_power"), signs, strict=True) if sign == -1]
    text = f"as the energy counters stand, the house often used less than nothing: {' and '.join(wrong)} is reversed"
    fix = "swap them in the energy dashboard, or name them in [homeassistant.statistics] with add and subtract swapped"
    return [CheckResult("statistics", "problem", text, fix)]
