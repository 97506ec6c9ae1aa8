"""Which foreign sensors measure what: the mapping from roles to MQTT topics or Home Assistant entities."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from energy.errors import DataError
from energy.home import Home
from energy.quantities import to_inside
from ingest.live.foreign import FORECAST_UNITS, number_in, read_forecast
from ingest.live.pv_forecast import joined
from ingest.live.snapshot import QUANTITY, Reading, Role, pv_limit_kw, within_range
from transport.payloads import PvForecast

MappedRole = Role | Literal["pv_forecast"]
# How `mqtt_statestream` names an entity's topic: base, domain, object id.
_ENTITY_TOPIC = re.compile(r"(?:^|/)([a-z_]{1,32})/([a-z0-9_]{1,200})/state$")
# Who publishes the states of entities; no topic can begin with it.
HOME_ASSISTANT = "#homeassistant"

_BALANCE_PARTS: tuple[Role, ...] = ("pv_power", "grid_power", "battery_power")
# A value that stands still on purpose is repeated by nobody who publishes changes only: dark panels, idle batteries.
_MAY_REST: frozenset[Role] = frozenset({"pv_power", "grid_power", "battery_power", "car_power"})
_RESTING_KW = 0.02
_LONGEST_REST = timedelta(hours=24)
# A car takes the same power for hours: believing that it has gone would empty the battery into it.
_STEADY = timedelta(hours=1)
# At this power a charge told in whole per cent changes every half hour only.
_IDLE_SHARE_PER_HOUR = 0.02
# Sensors of one home tell their changes one after the other: until all have, the balance may be off by this much.
_BALANCE_KW, _BALANCE_SHARE = 0.5, 0.2


def _as_tuple(given: object) -> object:
    return (given,) if isinstance(given, str) else given


Names = Annotated[tuple[Annotated[str, Field(min_length=1, pattern=r"^[^#+]+$")], ...], BeforeValidator(_as_tuple)]


Entities = Annotated[tuple[Annotated[str, Field(pattern=r"^[a-z0-9_]+\.[a-z0-9_]+$")], ...], BeforeValidator(_as_tuple)]


class SensorSource(BaseModel):
    """Where one role is measured: topics or entities that are added, others that are subtracted, unit and freshness.

    `entity` names what Home Assistant itself is asked for, which says its unit; `unit` overrules it.
    `sign = -1` turns a sensor that counts the other way round: grid import and battery discharge are positive inside.
    `max_age_s` is how long a value that was not told again still counts while its publisher is alive.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    topic: Names = ()
    entity: Entities = ()
    subtract: Names = ()
    path: str | None = Field(default=None, min_length=1)
    unit: str | None = None
    sign: Literal[1, -1] = 1
    max_age_s: float = Field(default=300.0, gt=0, le=86_400)
    from_balance: bool = False

    @model_validator(mode="after")
    def _says_where(self) -> "SensorSource":
        if [self.from_balance, bool(self.topic), bool(self.entity)].count(True) != 1:
            raise ValueError(
                f"topic {self.topic!r}, entity {self.entity!r}: give one of them, or from_balance = true for the load"
            )
        if self.topic and self.unit is None:
            raise ValueError("unit is missing: say what the sensor measures in, such as unit = 'W'")
        return self

    @property
    def names(self) -> tuple[str, ...]:
        """Every topic or entity of it."""
        return (*self.topic, *self.entity, *self.subtract)


def entity_of(topic: str) -> str | None:
    """The entity whose state a topic of `mqtt_statestream` carries; None for any other topic."""
    found = _ENTITY_TOPIC.search(topic)
    return f"{found[1]}.{found[2]}" if found else None


def check_sources(sources: Mapping[MappedRole, SensorSource]) -> None:
    """Refuse a mapping that cannot work, with the role in the message.

    Raises:
        ValueError: a unit does not fit its role, or a balance lacks a part.
    """
    for role, source in sources.items():
        if source.from_balance and role != "load_power":
            raise ValueError(f"{role}: only load_power can come from_balance")
        if source.topic or source.unit is not None:
            _check_unit(role, source.unit or "")
    load = sources.get("load_power")
    if load and load.from_balance and (missing := [part for part in _BALANCE_PARTS if part not in sources]):
        raise ValueError(f"load_power: from_balance needs [sensors.{missing[0]}] too")


def _check_unit(role: MappedRole, unit: str) -> None:
    if role == "pv_forecast":
        if unit not in FORECAST_UNITS:
            raise ValueError(f"pv_forecast: unit {unit!r} is not of power or energy: use {', '.join(FORECAST_UNITS)}")
        return
    try:
        to_inside(0.0, unit, QUANTITY[role])
    except DataError as err:
        raise ValueError(f"{role}: {err}") from err


@dataclass(frozen=True, slots=True)
class LiveState:
    """What Home Assistant says of an entity: its state and attributes as bytes, its unit, and since when."""

    entity: str
    text: bytes
    unit: str
    at: datetime
    attributes: bytes = b"{}"


@dataclass(slots=True)
class _SensorPart:
    """The last word of one topic or entity about one role, in inside units."""

    name: str
    factor: float
    value: float | None = None
    at: datetime | None = None
    retained: bool = False
    refusal: str = ""


class MappedSensors:
    """The last word of every mapped topic and entity, given out as readings that the live gate has checked.

    Publishers such as `mqtt_statestream` tell changes only, and no times: arrival counts, and a value stands until
    `max_age_s` as long as its publisher (the first level of the topic) is heard at all. What a broker retained from
    earlier counts once its publisher is heard live. An entity's state comes with its own time and unit, and stands as
    long as Home Assistant answers. After a restart of the broker statestream leaves `unavailable` retained until each
    value happens to change: while such a topic is silent, `fill_in` takes what Home Assistant itself says.
    """

    def __init__(self, sources: Mapping[MappedRole, SensorSource], home: Home) -> None:
        self._sources = sources
        self._home = home
        self._parts: dict[Role, list[_SensorPart]] = {}
        self._alive: dict[str, datetime] = {}
        forecast = sources.get("pv_forecast")
        self._forecasts: dict[str, PvForecast] = {}
        self._forecast_names = frozenset(forecast.names if forecast else ())
        for role, source in sources.items():
            if role != "pv_forecast":
                self._parts[role] = [
                    _SensorPart(name, factor * source.sign)
                    for names, factor in (((*source.topic, *source.entity), 1.0), (source.subtract, -1.0))
                    for name in names
                ]
        self.entities = frozenset(name for source in sources.values() if source.entity for name in source.names)
        self.topics = frozenset(name for source in sources.values() if source.topic for name in source.names)
        self._spares: dict[str, LiveState | None] = dict.fromkeys(filter(None, map(entity_of, self.topics)))

    @property
    def roles(self) -> tuple[Role, ...]:
        """Roles that are read this way; the advisor's own topics do not count for them."""
        return tuple(self._parts)

    @property
    def followed(self) -> frozenset[str]:
        """The entities to ask Home Assistant for: mapped ones, and those behind topics of its statestream."""
        return self.entities | self._spares.keys()

    def update(self, topic: str, payload: bytes, *, retained: bool, now: datetime) -> PvForecast | None:
        """Take in a message of a mapped topic; a forecast is handed on.

        Raises:
            DataError: the message is no value of its roles; they are unknown until a good one comes.
        """
        if not retained:
            self._alive[_publisher(topic)] = now
        for role, part in self._parts_of(topic):
            self._take(role, part, payload, retained=retained, now=now)
        return self._forecast(topic, payload, now)

    def update_state(self, state: LiveState, *, now: datetime) -> PvForecast | None:
        """Take in an entity's state, true since its own time; a forecast is handed on.

        Raises:
            DataError: the state is no value of its roles; they are unknown until a good one comes.
        """
        if state.entity in self._spares:
            self._spares[state.entity] = state
        for role, part in self._parts_of(state.entity):
            payload = state.attributes if self._sources[role].path else state.text
            self._take(role, part, payload, unit=state.unit, now=min(state.at, now))
        forecast = self._sources.get("pv_forecast")
        return self._forecast(state.entity, state.attributes if forecast and forecast.path else state.text, now)

    def lose(self, entity: str) -> str:
        """Home Assistant has no such entity, or no longer: nothing is known of its roles. What to do about it."""
        if entity not in self.entities:
            self._spares[entity] = None
            return ""
        parts = list(self._parts_of(entity))
        fault = (
            f"{' and '.join(role for role, _ in parts) or 'pv_forecast'}: Home Assistant has no entity {entity!r}: it "
            "was renamed or removed; correct [sensors], or run advisor setup again"
        )
        for _, part in parts:
            part.value, part.refusal = None, fault
        return fault

    def confirm_alive(self, at: datetime) -> None:
        """Home Assistant answered: what its entities said last still stands."""
        self._alive[HOME_ASSISTANT] = at

    def fill_in(self, now: datetime) -> dict[str, str]:
        """Take what Home Assistant itself says for silent topics of its statestream; what is wrong with each."""
        faults: dict[str, str] = {}
        alive = self._alive.get(HOME_ASSISTANT)
        for topic in self._silent(now) if alive is not None else ():
            if (state := self._spares.get(entity_of(topic) or "")) is None:
                continue
            try:
                self.update(topic, state.text, retained=False, now=min(alive or now, now))
                faults[topic] = ""
            except DataError as err:
                faults[topic] = str(err)
        return faults

    def _forecast(self, name: str, payload: bytes, now: datetime) -> PvForecast | None:
        if name not in self._forecast_names:
            return None
        source = self._sources["pv_forecast"]
        forecast = read_forecast(payload, path=source.path, unit=source.unit or "W", now=now)
        check_forecast(forecast, self._home)
        self._forecasts[name] = forecast
        return joined(list(self._forecasts.values()), now=now)

    def readings(self, now: datetime) -> dict[Role, Reading]:
        """Every role that is known now, with the time it is known to have been true; stale ones are the gate's."""
        known = {role: reading for role in self._parts if (reading := self._reading(role, now)) is not None}
        load = self._sources.get("load_power")
        if load is not None and load.from_balance and (balance := self._balance(known)) is not None:
            known["load_power"] = balance
        return known

    def set_back(self, now: datetime) -> None:
        """The clock was set back: what was said is as old as now at most."""
        for part in (part for parts in self._parts.values() for part in parts):
            part.at = None if part.at is None else min(part.at, now)
        self._alive = {publisher: min(at, now) for publisher, at in self._alive.items()}

    def _silent(self, now: datetime) -> frozenset[str]:
        """Topics of sensors from which no value came that counts, or none for half of the time that it would count."""
        return frozenset(
            part.name
            for role, parts in self._parts.items()
            for part in parts
            if part.name in self.topics
            and (part.value is None or part.at is None or now - part.at > self._stands(role, part) / 2)
        )

    def refusals(self) -> dict[Role, str]:
        """What came last for a role where that does not count, and why."""
        return {role: refusal for role in self._parts if (refusal := self._refusal(role))}

    def _refusal(self, role: Role) -> str:
        refusal = next((part.refusal for part in self._parts[role] if part.refusal), "")
        missing = [part.name for part in self._parts[role] if part.value is None and not part.refusal]
        total = self._total(role)
        if refusal or total is None:
            return refusal or (f"{role}: no reading yet on {', '.join(map(repr, missing))}" if missing else "")
        try:
            within_range(role, total, self._home)
        except DataError as err:
            return str(err)
        return ""

    def _parts_of(self, name: str) -> Iterator[tuple[Role, _SensorPart]]:
        return ((role, part) for role, parts in self._parts.items() for part in parts if part.name == name)

    def _take(
        self, role: Role, part: _SensorPart, payload: bytes, *, now: datetime, retained: bool = False, unit: str = ""
    ) -> None:
        source = self._sources[role]
        before, part.value = part.value, None
        try:
            number = number_in(payload, source.path)
            value = part.factor * to_inside(number, source.unit or unit, QUANTITY[role])
        except DataError as err:
            part.refusal = f"{role} on {part.name!r}: {err}"
            raise DataError(part.refusal) from err
        part.value, part.refusal = value, ""
        if not (retained and value == before):
            part.at, part.retained = now, retained
        if (total := self._total(role)) is not None:
            within_range(role, total, self._home)

    def _total(self, role: Role) -> float | None:
        values = [part.value for part in self._parts[role] if part.value is not None]
        return sum(values) if values and len(values) == len(self._parts[role]) else None

    def _reading(self, role: Role, now: datetime) -> Reading | None:
        total = self._total(role)
        moments = [self._true_at(role, part, now) for part in self._parts[role]]
        known = [moment for moment in moments if moment is not None]
        if total is None or len(known) != len(moments):
            return None
        try:
            return Reading(within_range(role, total, self._home), min(known))
        except DataError:
            return None

    def _true_at(self, role: Role, part: _SensorPart, now: datetime) -> datetime | None:
        """When a value was last known to be true: told, or not contradicted by a publisher that is alive."""
        if part.at is None:
            return None
        alive = self._alive.get(self._publisher_of(part))
        if part.retained and (alive is None or alive < part.at):
            return None
        if alive is not None and now - part.at <= self._stands(role, part):
            return max(part.at, alive)
        return part.at

    def _publisher_of(self, part: _SensorPart) -> str:
        return HOME_ASSISTANT if part.name in self.entities else _publisher(part.name)

    def _stands(self, role: Role, part: _SensorPart) -> timedelta:
        """How long an unrepeated value counts: a charge while the battery hardly moves, dark panels until dawn."""
        resting = role in _MAY_REST and abs(part.value or 0.0) <= _RESTING_KW
        battery = self._parts.get("battery_power", [])
        idle_kw = max(_RESTING_KW, _IDLE_SHARE_PER_HOUR * self._home.battery.capacity_kwh)
        idle = all(abs(moving.value or 0.0) <= idle_kw for moving in battery)
        if resting or (role == "battery_soc" and battery and idle):
            return _LONGEST_REST
        stands = timedelta(seconds=self._sources[role].max_age_s)
        return max(stands, _STEADY) if role == "car_power" else stands

    def _balance(self, known: Mapping[Role, Reading]) -> Reading | None:
        """Load = PV + grid import + battery discharge; a hair below nothing is nothing, more is a wrong sign."""
        if any(role not in known for role in _BALANCE_PARTS):
            return None
        parts = [known[role] for role in _BALANCE_PARTS]
        load_kw = sum(part.value for part in parts)
        if load_kw < -max(_BALANCE_KW, _BALANCE_SHARE * parts[0].value):
            return None
        return Reading(max(load_kw, 0.0), min(part.at for part in parts))


def check_forecast(forecast: PvForecast, home: Home) -> None:
    """Refuse a PV forecast that these panels cannot keep.

    Raises:
        DataError: a value is above what the panels can bring.
    """
    most_kw, limit_kw = max(forecast.known_kw, default=0.0), pv_limit_kw(home)
    if most_kw > limit_kw:
        raise DataError(
            f"pv_forecast: {most_kw:g} kW is more than panels of {home.pv_peak_kw:g} kW can bring ({limit_kw:g} kW): "
            "check its unit"
        )


def _publisher(topic: str) -> str:
    return topic.partition("/")[0]
