"""What travels beside commands: sensor states, the clock and its go-ahead, the forecast, the answer to a command."""

import json
from datetime import datetime

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from energy.commands import Mode


class _Payload(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Moment(_Payload):
    """A time of the house: its clock, and the go-ahead that answers it."""

    time: AwareDatetime


class CommandState(_Payload):
    """What the house made of a command; `decision_id` is None where none could be read, `mode` where it tells none."""

    time: AwareDatetime
    decision_id: str | None
    accepted: bool
    mode: Mode | None
    detail: str


class PvForecast(_Payload):
    """Mean PV power of consecutive slots from `start`, as expected at `time`."""

    time: AwareDatetime
    step_minutes: int = Field(ge=5, le=60)
    start: AwareDatetime
    values_kw: tuple[float, ...]


def state_json(value: float, unit: str, time: datetime) -> str:
    """A sensor's state; a millionth is finer than any meter."""
    return json.dumps({"value": round(value, 6), "unit": unit, "time": time.isoformat()}, ensure_ascii=False)


def first_fault(err: ValidationError) -> str:
    """Where a payload or file is wrong first, why, and what it says there, in one line."""
    fault = err.errors(include_url=False)[0]
    where = ".".join(str(part) for part in fault["loc"])
    found = repr(fault["input"])
    shown = found if len(found) <= 80 else f"{found[:77]}..."
    return f"{where}: {fault['msg']}, got {shown}" if where else f"{fault['msg']}, got {shown}"
