"""What travels beside commands: sensor states, the clock and its go-ahead, forecasts, the answer to a command."""

import json
from datetime import datetime, timedelta
from typing import Annotated, Literal, Self

import orjson
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from energy.commands import Mode
from energy.devices import DeviceName
from energy.slots import Instant
from energy.validation_messages import plain, shortened

# Ids and sentences that houses send; what is longer is no answer to a command.
_Id = Annotated[str, Field(max_length=64)]
_Sentence = Annotated[str, Field(max_length=1000)]
# A forecast reaches two weeks of five-minute slots at most.
_LONGEST_FORECAST, _FURTHEST = 4032, timedelta(days=15)


class _Payload(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Moment(_Payload):
    """A time of the house: its clock, and the go-ahead that answers it."""

    time: Instant


class CommandState(_Payload):
    """What the house made of a command; `decision_id` is None where none could be read, `mode` where it tells none."""

    time: Instant
    decision_id: _Id | None
    accepted: bool
    mode: Mode | None
    detail: _Sentence


class DeviceState(_Payload):
    """What a device does and needs; power in kW, `needed_kwh` until `ready_by`, temperatures of a heated zone in °C.

    `follows` says what it obeys: a command, its own programme, or its deadline, which it keeps whatever it is told.
    """

    time: Instant
    device: DeviceName
    power_kw: float = Field(ge=0, le=1000)
    follows: Literal["command", "programme", "deadline"]
    running: bool = False
    needed_kwh: float = Field(default=0.0, ge=0, le=1000)
    ready_by: Instant | None = None
    temperature_c: float | None = Field(default=None, ge=-60, le=80)
    setpoint_c: float | None = Field(default=None, ge=0, le=40)


class DeviceAnswer(_Payload):
    """What a device made of a command; `decision_id` is None where none could be read."""

    time: Instant
    device: _Id
    decision_id: _Id | None
    accepted: bool
    detail: _Sentence


class _Forecast(_Payload):
    """What is expected of consecutive slots from `start`, as of `time`; two weeks at most."""

    time: Instant
    step_minutes: int = Field(ge=5, le=60)
    start: Instant

    @model_validator(mode="after")
    def _begins_near_its_time(self) -> Self:
        if abs(self.start - self.time) > _FURTHEST:
            raise ValueError(f"begins {self.start.isoformat()}, more than {_FURTHEST.days} days from its time")
        return self


class PvForecast(_Forecast):
    """Mean PV power of each slot in kW; None where it is unknown."""

    values_kw: tuple[Annotated[float, Field(ge=-1, le=10_000)] | None, ...] = Field(max_length=_LONGEST_FORECAST)

    @property
    def known_kw(self) -> list[float]:
        """The values that are known."""
        return [value for value in self.values_kw if value is not None]


class TemperatureForecast(_Forecast):
    """Mean outdoor temperature of each slot in °C."""

    values_c: tuple[Annotated[float, Field(ge=-60, le=60)], ...] = Field(min_length=1, max_length=_LONGEST_FORECAST)


def is_json(text: str) -> bool:
    """Whether a text is JSON."""
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


def state_json(value: float, unit: str, time: datetime) -> bytes:
    """A sensor's state; a millionth is finer than any meter, and what is no number is null, which is unknown."""
    return orjson.dumps({"value": round(float(value), 6), "unit": unit, "time": time})


def first_fault(err: ValidationError) -> str:
    """Where a payload or file is wrong first, why, and what it says there, in one line."""
    fault = err.errors(include_url=False)[0]
    where = ".".join(str(part) for part in fault["loc"])
    said = plain(fault["type"], fault["msg"])
    if fault["type"] != "missing":
        said += f" (given: {shortened(fault['input'])})"
    return f"{where}: {said}" if where else said
