"""What `advisor doctor` checks over MQTT: broker and password, and every role live: there, fresh, unit, sign, range."""

import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from itertools import combinations
from typing import get_args

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from advisor.doctor.finding import CheckResult, Level, ok
from agent.settings import Settings
from energy.errors import DataError, SettingsError, TransportError
from energy.home import Home
from energy.quantities import Quantity
from ingest.homeassistant.live_states import LiveStates, take_in
from ingest.live.batteries import BATTERY_ROLES, BatterySensors
from ingest.live.mapping import MappedSensors
from ingest.live.snapshot import (
    QUANTITY,
    REQUIRED,
    NoSnapshot,
    Reading,
    Role,
    Snapshot,
    balance_fault,
    read_payload,
    snapshot,
    within_range,
)
from transport.discovery import PREFIX
from transport.mqtt import Message, MqttLink
from transport.topics import ROOT, Topics

_ROLES: tuple[Role, ...] = get_args(Role)
_BROUGHT: tuple[Role, ...] = ("pv_power", "grid_power", "battery_power")
_SIGNED: tuple[Role, ...] = (*_BROUGHT, "load_power")
_SHOWN: dict[Quantity, tuple[float, str]] = {
    "power_kw": (1, "kW"),
    "soc": (100, "%"),
    "temperature_c": (1, "°C"),
    "price_per_kwh": (1, "per kWh"),
}
_ECHO_S = 5.0
_THIS_MACHINE = frozenset({"localhost", "127.0.0.1"})
_GLANCE_S = 0.2
# Below this a flow may be noise and tells nothing of signs.
_TELLING_KW = 0.15


class _ShownBattery(BaseModel):
    """What the service says of one of several batteries."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    mode: str | None = None
    confirmed: bool | None = None
    problem: str = ""


_SHOWN_BATTERIES = TypeAdapter(dict[str, _ShownBattery])


@dataclass(slots=True)
class BrokerTraffic:
    """What came over MQTT while the doctor listened."""

    readings: dict[Role, Reading] = field(default_factory=dict)
    faults: dict[str, str] = field(default_factory=dict)
    topics: dict[str, bool] = field(default_factory=dict)
    online: bool | None = None
    announced: set[str] = field(default_factory=set)
    batteries: BatterySensors | None = None
    shown: dict[str, _ShownBattery] = field(default_factory=dict)


def listen(settings: Settings, home: Home, seconds: float) -> tuple[list[CheckResult], BrokerTraffic | None]:
    """Connect, try a round trip, listen; None where the broker does not let us in."""
    topics = Topics(home.name)
    traffic = BrokerTraffic()
    try:
        with MqttLink(settings.mqtt.address, f"energy-advisor-doctor-{home.name}") as link:
            findings = [_round_trip(link, topics), _who_may_write(settings, link, topics)]
            _listen(link, settings, home, traffic=traffic, seconds=seconds)
    except TransportError as err:
        what = "broker password" if "refuses user" in str(err) else "broker"
        fix = (
            "set mqtt.username, and the password in ADVISOR_MQTT__PASSWORD, to what the broker knows"
            if what == "broker password"
            else "start the broker, or correct mqtt.host and mqtt.port"
        )
        return [CheckResult(what, "problem", str(err), fix)], None
    return findings, traffic


def _round_trip(link: MqttLink, topics: Topics) -> CheckResult:
    probe = f"{ROOT}/{topics.home}/advisor/doctor"
    link.subscribe(probe)
    began = time.monotonic()
    while time.monotonic() - began < _ECHO_S:
        link.publish(probe, "hello", qos=1)
        if (message := link.receive(_GLANCE_S)) is not None and message.topic == probe:
            return ok("broker", f"{link.address} answers in {1000 * (time.monotonic() - began):.0f} ms")
    return CheckResult(
        "broker",
        "problem",
        f"{link.address} lets us in, but what we publish on {probe!r} does not come back",
        f"allow this user to read and write {ROOT}/# in the broker's access list",
    )


def _who_may_write(settings: Settings, link: MqttLink, topics: Topics) -> CheckResult:
    """Whether anybody may publish commands: strangers, or every account of a broker without an access list."""
    address = replace(settings.mqtt.address, username=None, password=None)
    fix = "give the advisor an account of its own and the broker an access list, as docs/deploy.md has them"
    with suppress(TransportError), MqttLink(address, f"energy-advisor-doctor-stranger-{topics.home}"):
        level: Level = "note" if address.host in _THIS_MACHINE else "warning"
        return CheckResult("access", level, f"{address} lets in strangers, who may publish commands", fix)
    if _may_publish(link, topics.sensor("doctor/probe")):
        return CheckResult("access", "note", f"{address} has no access list: every account may publish commands", fix)
    return ok("access", "strangers are refused, and an access list is in force")


def _may_publish(link: MqttLink, topic: str) -> bool:
    """Whether what we publish on a topic comes back: no account has any business on the doctor's probe."""
    link.subscribe(topic)
    link.publish(topic, "may the advisor write here?", qos=1)
    end = time.monotonic() + _ECHO_S / 2
    while time.monotonic() < end:
        if (message := link.receive(_GLANCE_S)) is not None and message.topic == topic:
            return True
    return False


def _listen(link: MqttLink, settings: Settings, home: Home, *, traffic: BrokerTraffic, seconds: float) -> None:
    topics, mapped = Topics(home.name), MappedSensors(settings.sensors, home)
    batteries = traffic.batteries = settings.battery_sensors(home)
    elsewhere = {*mapped.roles, *(BATTERY_ROLES if home.batteries else ())}
    own = {topics.sensor(role): role for role in _ROLES if role not in elsewhere}
    link.subscribe(*own, *mapped.topics, *batteries.topics, topics.advisor_status, topics.batteries)
    link.subscribe(f"{PREFIX}/+/+/config", f"{PREFIX}/+/+/+/config")
    end = time.monotonic() + seconds
    with _following(settings, mapped.entities | batteries.entities) as live:
        while time.monotonic() < end and not (_enough(traffic, mapped, own) and _enough_of(batteries)):
            message = link.receive(_GLANCE_S)
            if live is not None:
                _take_states(live, traffic, (mapped, *batteries.mapped.values()))
            batteries.sample(datetime.now(UTC))
            if message is None:
                continue
            _take(message, traffic, home, mapped=mapped, own=own)
            if message.topic == topics.advisor_status:
                traffic.online = message.payload == b"online"
            elif message.topic == topics.batteries:
                traffic.shown = _shown(message.payload)
    now = datetime.now(UTC)
    traffic.readings |= batteries.together(now) | mapped.readings(now)


def _enough_of(batteries: BatterySensors) -> bool:
    return all("battery_soc" in known for known in batteries.readings.values())


def _shown(payload: bytes) -> dict[str, _ShownBattery]:
    """What the service says of each of several batteries; nothing where that cannot be read."""
    with suppress(ValidationError):
        return _SHOWN_BATTERIES.validate_json(payload)
    return {}


def _following(settings: Settings, entities: Collection[str]) -> AbstractContextManager[LiveStates | None]:
    """Home Assistant's own states, where sensors are read from there; the lack of a token is told elsewhere."""
    if entities:
        with suppress(SettingsError):
            return LiveStates(settings.homeassistant.address(), entities, forecast=False)
    return nullcontext()


def _take_states(live: LiveStates, traffic: BrokerTraffic, readers: Sequence[MappedSensors]) -> None:
    faults, _ = take_in(live.collect(), readers, now=datetime.now(UTC))
    for name, fault in faults.items():
        traffic.topics[name] = False
        traffic.faults.pop(name, None)
        if fault:
            traffic.faults[name] = fault


def _enough(traffic: BrokerTraffic, mapped: MappedSensors, own: dict[str, Role]) -> bool:
    """Whether every mapped topic spoke, one of each publisher live, and the own topics that are needed."""
    live = {topic.partition("/")[0] for topic, retained in traffic.topics.items() if not retained}
    publishers = {topic.partition("/")[0] for topic in mapped.topics}
    needed = [topic for topic, role in own.items() if role in REQUIRED]
    return publishers <= live and all(name in traffic.topics for name in (*mapped.topics, *mapped.entities, *needed))


def _take(message: Message, traffic: BrokerTraffic, home: Home, *, mapped: MappedSensors, own: dict[str, Role]) -> None:
    now = datetime.now(UTC)
    if message.topic.startswith(f"{PREFIX}/"):
        if f"{ROOT}_{home.name}_" in message.topic and message.payload:
            traffic.announced.add(message.topic)
        return
    try:
        if traffic.batteries is not None and message.topic in traffic.batteries.topics:
            traffic.batteries.take(message, now=now)
        if message.topic in mapped.topics:
            traffic.topics[message.topic] = traffic.topics.get(message.topic, True) and message.retained
            mapped.update(message.topic, message.payload, retained=message.retained, now=now)
        elif (role := own.get(message.topic)) is not None:
            traffic.topics[message.topic] = message.retained
            traffic.readings[role] = read_payload(role, message.payload, now=now, home=home)
        traffic.faults.pop(message.topic, None)
    except DataError as err:
        traffic.faults[message.topic] = str(err)


def check_roles(settings: Settings, home: Home, traffic: BrokerTraffic, *, now: datetime) -> list[CheckResult]:
    """One finding per role, then the balance, then whether a decision could be made now."""
    roles = [role for role in _ROLES if role in REQUIRED or role in settings.sensors]
    if home.batteries:
        roles.remove("battery_soc")
    findings = [_service(traffic), *(_role(role, settings, home, traffic, now=now) for role in roles)]
    findings += _batteries(settings, traffic, now=now)
    findings += _balance(settings, traffic.readings)
    taken = snapshot(traffic.readings, now=now, max_age_s=settings.policy.max_snapshot_age_s)
    if isinstance(taken, NoSnapshot):
        findings.append(
            CheckResult("decision", "problem", f"no command could be given now: {'; '.join(taken.reasons)}", "as above")
        )
    else:
        findings.append(ok("decision", f"the sensors allow one now: {_in_words(taken)}"))
    return findings


def _batteries(settings: Settings, traffic: BrokerTraffic, *, now: datetime) -> Iterator[CheckResult]:
    """Each of several batteries: its charge, and whether it shows its command."""
    if traffic.batteries is None:
        return
    limit_s = settings.policy.max_snapshot_age_s
    for name, readings in traffic.batteries.readings.items():
        check, charge = f"battery {name}", readings.get("battery_soc")
        topics = traffic.batteries.names(name)
        if fault := next((traffic.faults[topic] for topic in topics if topic in traffic.faults), ""):
            yield CheckResult(check, "problem", fault, f"correct what publishes it, or [batteries.{name}.sensors]")
        elif charge is None:
            fix = f"publish it there, or give the home's own sensor under [batteries.{name}.sensors.battery_soc]"
            yield CheckResult(check, "problem", f"no charge arrives on {', '.join(map(repr, topics))}", fix)
        elif (age_s := (now - charge.at).total_seconds()) > limit_s:
            fix = "let it publish more often, or raise max_age_s and policy.max_snapshot_age_s"
            yield CheckResult(check, "problem", f"its charge is {age_s:.0f} s old, the limit is {limit_s:.0f} s", fix)
        else:
            yield _obeying(check, f"{100 * charge.value:.4g} %", traffic.shown.get(name), online=bool(traffic.online))


def _obeying(check: str, charge: str, shown: _ShownBattery | None, *, online: bool) -> CheckResult:
    """Whether a battery that can be read shows its command."""
    if not online or shown is None or shown.mode is None:
        return ok(check, f"{charge}; no command is in force")
    if shown.confirmed is False or shown.problem:
        fix = "look at its inverter, and at the entities that its automation or [actuation] sets"
        return CheckResult(check, "problem", f"{charge}; commanded to {shown.mode}: {shown.problem}", fix)
    if shown.confirmed is None:
        fix = "give its automation the battery's name, so that it reports what the inverter shows"
        return CheckResult(check, "warning", f"{charge}; commanded to {shown.mode}, and it has not answered", fix)
    return ok(check, f"{charge}; commanded to {shown.mode}, and shows it")


def _service(traffic: BrokerTraffic) -> CheckResult:
    if traffic.online:
        return ok("service", "advisor run is online")
    return CheckResult("service", "note", "advisor run is not online on this broker", "start it when all is well")


def _in_words(taken: Snapshot) -> str:
    return f"load {taken.load_kw:.2f} kW, PV {taken.pv_kw:.2f} kW, battery {100 * taken.soc:.0f} %"


def _role(role: Role, settings: Settings, home: Home, traffic: BrokerTraffic, *, now: datetime) -> CheckResult:
    topics = _topics_of(role, settings, home)
    for topic in topics:
        if topic in traffic.faults:
            text, fix = _explain_fault(role, traffic.faults[topic], settings, home)
            return CheckResult(role, "problem", text, fix)
    level: Level = "problem" if role in REQUIRED else "warning"
    reading, limit_s = traffic.readings.get(role), settings.policy.max_snapshot_age_s
    if reading is None:
        text, fix = _explain_silence(topics, traffic)
        return CheckResult(role, level, text, fix)
    age_s = (now - reading.at).total_seconds()
    if age_s > limit_s:
        fix = "let it publish more often, or raise max_age_s and policy.max_snapshot_age_s"
        return CheckResult(role, level, f"{age_s:.0f} s old, the limit is {limit_s:.0f} s", fix)
    factor, unit = _SHOWN[QUANTITY[role]]
    return ok(role, f"{factor * reading.value:.4g} {unit}, {max(age_s, 0):.0f} s old")


def _explain_silence(topics: tuple[str, ...], traffic: BrokerTraffic) -> tuple[str, str]:
    """Why there is no reading, although nothing was wrong with what was traffic."""
    if not topics:
        return "the balance gives no load", "correct pv_power, grid_power and battery_power first"
    if silent := [topic for topic in topics if topic not in traffic.topics]:
        return f"no message arrives on {silent[0]!r}", _what_publishes(silent[0])
    text = f"only an old value arrives on {topics[0]!r}: its publisher says nothing new"
    return text, "see whether Home Assistant (or the device) runs and is connected; listen longer with --listen"


def _topics_of(role: Role, settings: Settings, home: Home) -> tuple[str, ...]:
    source = settings.sensors.get(role)
    if source is None:
        return (Topics(home.name).sensor(role),)
    return source.names


def _what_publishes(topic: str) -> str:
    if "/" not in topic:
        return "Home Assistant itself is asked for it: see what is said of it below"
    if topic.startswith(f"{ROOT}/"):
        return "publish it there, or map the sensor that the home has: advisor setup"
    return "correct the topic, or let its publisher include it (mqtt_statestream: include: entities)"


def _explain_fault(role: Role, fault: str, settings: Settings, home: Home) -> tuple[str, str]:
    """A fault in words; a number a thousand times too large is watts taken for kilowatts."""
    source = settings.sensors.get(role)
    number = fault.partition(" is outside ")[0].rpartition(" ")[2]
    if " is outside " not in fault or QUANTITY[role] != "power_kw":
        return fault, "correct what publishes it, or [sensors." + role + "]"
    try:
        within_range(role, float(number) / 1000, home)
    except (DataError, ValueError):
        return fault, "check unit, sign and the limits in home.toml"
    unit = source.unit if source else "kW"
    return (
        f"{fault}; a thousandth of it would be right: the sensor measures W, the settings take it for {unit}",
        f"unit = 'W' in [sensors.{role}]" if source else "publish it in W with unit 'W'",
    )


def _balance(settings: Settings, readings: Mapping[Role, Reading]) -> list[CheckResult]:
    """Whether the flows add up now, and if not, which sign would make them."""
    flows = {role: readings[role].value for role in _SIGNED if role in readings}
    load = settings.sensors.get("load_power")
    if not set(_BROUGHT) <= set(flows):
        return []
    if load is not None and load.from_balance:
        load_kw = sum(flows[role] for role in _BROUGHT)
        if load_kw >= -_TELLING_KW:
            return []
        text = f"the balance gives a load of {load_kw:.2f} kW, and a house uses no less than nothing"
        return [_reversed(text, flows, lambda tried: sum(tried[role] for role in _BROUGHT) >= 0)]
    if "load_power" not in flows:
        return []
    if (fault := _off(flows)) is None:
        return [ok("balance", "load is what solar, grid and battery bring")]
    return [_reversed(fault, flows, lambda tried: _off(tried) is None)]


def _off(flows: Mapping[Role, float]) -> str | None:
    pv_kw = max(flows["pv_power"], 0.0)
    return balance_fault(flows["load_power"], pv_kw, grid_kw=flows["grid_power"], battery_kw=flows["battery_power"])


def _reversed(text: str, flows: Mapping[Role, float], holds: Callable[[Mapping[Role, float]], bool]) -> CheckResult:
    """Name the sign whose turning would mend the balance; one before two."""
    telling: list[Role] = [role for role in ("grid_power", "battery_power") if abs(flows[role]) > _TELLING_KW]
    for count in (1, 2):
        turned = [roles for roles in combinations(telling, count) if holds(_with_turned(flows, roles))]
        if turned:
            names = " or ".join(" and ".join(roles) for roles in turned)
            return CheckResult(
                "sign",
                "problem",
                f"{text}. With {names} reversed it would be right",
                f"sign = -1 in [sensors.{turned[0][0]}] (or take it away if it is there); "
                "inside, grid import and battery discharge are positive",
            )
    return CheckResult(
        "balance", "problem", text, "check units (W or kW), signs, and that all sensors are of this home"
    )


def _with_turned(flows: Mapping[Role, float], roles: Collection[Role]) -> dict[Role, float]:
    return {role: -value if role in roles else value for role, value in flows.items()}
