"""What a house's sensors say of it: noise, steps, silence while nothing changes, and faults that can be switched on."""

from collections import defaultdict, deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, NamedTuple

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from energy.battery import NamedBattery
from energy.devices import AnyDevice
from simulator.house.rooms import ROOMS
from transport.discovery import Sensor, battery_sensors, device_sensors, house_sensors, room_sensors

ALL = "all"


class Fault(BaseModel):
    """What goes wrong with a sensor (or with `all`) and when, in hours since the house began to be played.

    `dropout` says nothing, and one of several batteries whose charge drops out hears no command either; `stuck` repeats
    its last value as if it were new; `delayed` tells what was true `by` minutes ago, with that time; `restart` reads 0
    and counts energy from 0 again; `wrong_unit` multiplies by `by` and keeps the unit (1000: watts said to be
    kilowatts); `spikes` adds `by` to single values.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    sensor: str = Field(min_length=1, max_length=64)
    kind: Literal["dropout", "stuck", "delayed", "restart", "wrong_unit", "spikes"]
    after_hours: float = Field(default=0.0, ge=0, le=24 * 28)
    hours: float = Field(gt=0, le=24 * 28)
    by: float = Field(default=1000.0, ge=-1e6, le=1e6)


class SensorQuality(BaseModel):
    """How good the sensors are; as it stands here they are perfect and report every step.

    `noise` scales the usual error of each kind of sensor and `resolution` its usual step (1: as most are sold);
    with `report_on_change` a state within that step of the last is only repeated every `heartbeat_minutes`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    noise: float = Field(default=0.0, ge=0, le=20)
    resolution: float = Field(default=0.0, ge=0, le=20)
    report_on_change: bool = False
    heartbeat_minutes: float = Field(default=10.0, gt=0, le=60)
    faults: tuple[Fault, ...] = Field(default=(), max_length=50)


PERFECT = SensorQuality()


class SensorState(NamedTuple):
    """What a sensor says: a value in its own unit and the time it says it is of."""

    name: str
    value: float
    at: datetime


@dataclass(frozen=True, slots=True)
class _Kind:
    """Usual standard error, as a share of the value and as an amount, and usual step, in the sensor's own unit."""

    share: float
    amount: float
    step: float


# Class 1 meters (IEC 62053-21), battery monitors that tell whole per cents, and thermometers of a tenth of a degree.
_KINDS = {
    "power": _Kind(0.01, 0.003, 0.01),
    "energy": _Kind(0.0, 0.0, 0.01),
    "soc": _Kind(0.0, 0.3, 1.0),
    "temperature": _Kind(0.0, 0.1, 0.1),
    "humidity": _Kind(0.0, 1.0, 1.0),
}
_EXACT = _Kind(0.0, 0.0, 0.0)
_SIGNED = frozenset({"grid_power", "price_import", "price_export"})
# One value in this many is hit by a spike.
_SPIKE_EVERY = 4


class Sensors:
    """Turns what is true into what is said; the same seed says the same."""

    def __init__(self, quality: SensorQuality, *, began: datetime, seed: int) -> None:
        self._quality = quality
        self._perfect = quality == PERFECT
        self._began = began
        self._rng = np.random.default_rng([seed, 1])
        self._last: dict[str, SensorState] = {}
        self._past: defaultdict[str, deque[SensorState]] = defaultdict(lambda: deque(maxlen=600))
        self._restarted_from: dict[str, float] = {}

    def read(self, truth: Mapping[str, float], now: datetime) -> list[SensorState]:
        """States to be published now, in the order of `truth`."""
        if self._perfect:
            return [SensorState(name, value, now) for name, value in truth.items()]
        states = (self._one(name, value, now) for name, value in truth.items())
        return [state for state in states if state is not None]

    def is_reachable(self, name: str, now: datetime) -> bool:
        """Whether what a sensor belongs to can be reached."""
        return not any(fault.kind == "dropout" and self._active(fault, name, now) for fault in self._quality.faults)

    def _one(self, name: str, true: float, now: datetime) -> SensorState | None:
        state: SensorState | None = SensorState(name, self._measured(name, true), now)
        self._past[name].append(SensorState(name, true, now))
        for fault in self._quality.faults:
            if state is not None and self._active(fault, name, now):
                state = self._faulty(fault, state)
        if state is None or not self._is_news(state, now):
            return None
        self._last[name] = state
        return state

    def _measured(self, name: str, true: float) -> float:
        kind, quality = _kind(name), self._quality
        error = quality.noise * (kind.share * abs(true) + kind.amount)
        value = true + (float(self._rng.normal(0, error)) if error and true else 0.0)
        value = _within_scale(name, value - self._restarted_from.get(name, 0.0))
        step = quality.resolution * kind.step
        return round(value / step) * step if step else value

    def _active(self, fault: Fault, name: str, now: datetime) -> bool:
        since = (now - self._began) / timedelta(hours=1)
        return fault.sensor in {name, ALL} and fault.after_hours <= since < fault.after_hours + fault.hours

    def _faulty(self, fault: Fault, state: SensorState) -> SensorState | None:
        match fault.kind:
            case "dropout":
                return None
            case "stuck":
                last = self._last.get(state.name)
                return SensorState(state.name, last.value if last else state.value, state.at)
            case "delayed":
                return self._earlier(state, timedelta(minutes=abs(fault.by)))
            case "restart":
                if _is_counter(state.name):
                    self._restarted_from[state.name] = self._past[state.name][-1].value
                return SensorState(state.name, 0.0, state.at)
            case "wrong_unit":
                return SensorState(state.name, state.value * fault.by, state.at)
            case "spikes":
                hit = self._rng.integers(_SPIKE_EVERY) == 0
                return SensorState(state.name, state.value + fault.by, state.at) if hit else state

    def _earlier(self, state: SensorState, by: timedelta) -> SensorState | None:
        """The newest state that is at least `by` old."""
        old = [past for past in self._past[state.name] if past.at <= state.at - by]
        return old[-1] if old else None

    def _is_news(self, state: SensorState, now: datetime) -> bool:
        last = self._last.get(state.name)
        if last is None or not self._quality.report_on_change:
            return True
        step = max(self._quality.resolution, 1.0) * _kind(state.name).step
        due = now - last.at >= timedelta(minutes=self._quality.heartbeat_minutes)
        return due or abs(state.value - last.value) >= step > 0


def sensors_of(
    currency: str, devices: Iterable[AnyDevice], batteries: Iterable[NamedBattery] = ()
) -> tuple[Sensor, ...]:
    """All that a house with these devices, and these batteries where it has several, may show."""
    rooms = [(room.name, room.title) for room in ROOMS]
    named = [(device.name, device.name.replace("_", " ").capitalize()) for device in devices]
    several = battery_sensors(one.name for one in batteries)
    return house_sensors(currency) + several + room_sensors(rooms) + device_sensors(named)


def check_faults(faults: Iterable[Fault], known: Iterable[str]) -> str | None:
    """Which fault is of a sensor that is not known; None if none is."""
    names = {ALL, *known}
    for at, fault in enumerate(faults):
        if fault.sensor not in names:
            return f"sensors.faults.{at}.sensor: no {fault.sensor!r} here, use one of {', '.join(sorted(names))}"
    return None


def _kind(name: str) -> _Kind:
    # One of several batteries has its name at the end.
    of_one = name.startswith(("battery_soc_", "battery_power_"))
    return _KINDS.get(name.split("_")[1] if of_one else name.rsplit("_", 1)[-1], _EXACT)


def _is_counter(name: str) -> bool:
    return name.endswith("_energy")


def _within_scale(name: str, value: float) -> float:
    """No charge beyond empty and full, and nothing below zero where a meter cannot show it."""
    if name.startswith("battery_soc") or name.endswith("_humidity"):
        return min(max(value, 0.0), 100.0)
    signed = name in _SIGNED or name.startswith("battery_power") or name.endswith("_temperature")
    return value if signed else max(value, 0.0)
