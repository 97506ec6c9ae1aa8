"""Reads a note that the grammar does not know with a language model; what it says is checked like any other input."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any, Literal
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from agent.language.notes.grammar import language_of
from agent.language.notes.reading import Fallback, NotUnderstood, Understood
from agent.llm.grounding import ungrounded_numbers
from agent.llm.models import LoadedModel, describe_failure
from agent.llm.sanitise import cut
from energy.constraints import Constraint, read_constraint
from prompts.library import Prompt, load

_MAX_NOTE_BYTES = 300
_FURTHEST = timedelta(days=62)
# llama.cpp's grammars know no \d: with it they would allow any text.
_LOCAL_TIME = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}$"

Kind = Literal["reserve", "no_grid_charge", "no_export", "extra_load", "away", "car_ready", "none"]
# Which field of a constraint the amount is, and how many of its units one of the note's makes.
_AMOUNTS: dict[str, tuple[str, float]] = {
    "reserve": ("soc", 0.01),
    "extra_load": ("power_kw", 1.0),
    "car_ready": ("energy_kwh", 1.0),
}


class NoteReading(BaseModel):
    """The model's reading; the reason comes first, so that it is written before the decision."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    rationale: str = Field(max_length=200)
    kind: Kind
    amount: float | None
    start: str = Field(pattern=_LOCAL_TIME)
    end: str = Field(pattern=_LOCAL_TIME)


def note_reader(model: LoadedModel, asked: Prompt | None = None) -> Fallback:
    """A fallback for `understand` that asks `model` once, with the newest `note` if no prompt is given."""
    prompt = asked or load("note")

    def read(text: str, now: datetime, tz: ZoneInfo) -> Understood | NotUnderstood:
        messages = [
            ("system", prompt.render("system", now=f"{now.astimezone(tz):%A %Y-%m-%dT%H:%M}")),
            ("human", prompt.render("user", note=json.dumps(cut(text, _MAX_NOTE_BYTES), ensure_ascii=False))),
        ]
        structured = model.chat.with_structured_output(NoteReading, method="json_schema", include_raw=True)
        try:
            answer: Any = structured.invoke(messages)
        except Exception as err:  # noqa: BLE001 (whatever a client library raises must not reach the household)
            return NotUnderstood(f"the model cannot help: {describe_failure(err, model.label)[1]}")
        if answer["parsed"] is None:
            return NotUnderstood("the model could not read it either: say the wish alone, in one sentence")
        return checked(answer["parsed"], text, now, tz)

    return read


def checked(reading: NoteReading, text: str, now: datetime, tz: ZoneInfo) -> Understood | NotUnderstood:
    """A reading as a constraint, if its amount stands in the note and its times can be."""
    if reading.kind == "none":
        return NotUnderstood("this is none of the wishes known")
    try:
        start, end = (_local(told, tz) for told in (reading.start, reading.end))
        if not now < end <= now + _FURTHEST:
            return NotUnderstood(f"it would end at {reading.end}, which is over or too far ahead")
        constraint = _constraint(reading, text, max(start, now), end)
    except ValidationError as err:
        return NotUnderstood("; ".join(problem["msg"] for problem in err.errors(include_url=False)))
    except ValueError as err:
        return NotUnderstood(str(err))
    return Understood(constraint, language_of(text.casefold()), by="model")


def _local(told: str, tz: ZoneInfo) -> datetime:
    return datetime.fromisoformat(told).replace(tzinfo=tz).astimezone(UTC)


def _constraint(reading: NoteReading, text: str, start: datetime, end: datetime) -> Constraint:
    fields: dict[str, Any] = {"kind": reading.kind, "start": start.isoformat(), "end": end.isoformat()}
    if reading.kind in _AMOUNTS:
        if reading.amount is None:
            raise ValueError("how much? Give the amount with its unit")
        if ungrounded_numbers(f"{reading.amount:g}", text):
            raise ValueError(f"the amount {reading.amount:g} does not stand in the note: say it in figures")
        name, factor = _AMOUNTS[reading.kind]
        fields[name] = reading.amount * factor
    return read_constraint(json.dumps(fields))
