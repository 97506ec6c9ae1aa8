"""Asks a language model for the kind of a note that nothing else is sure of; it may only copy the note's words."""

import json
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, Literal
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, create_model

from agent.language.notes.reading import HELP, Fallback, NotUnderstood, Understood, as_wish, words_of
from agent.language.text import clean
from agent.llm.models import LoadedModel, describe_failure
from agent.llm.sanitise import cut
from prompts.library import Prompt, load

_MAX_NOTE_BYTES = 300

Kind = Literal[
    "reserve",
    "no_grid_charge",
    "no_export",
    "no_discharge_into_car",
    "guests",
    "extra_load",
    "away",
    "car_ready",
    "none",
]


class NoteReading(BaseModel):
    """The model's reading: the reason first, so that it is written before the kind; then words copied from the note."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    rationale: str = Field(max_length=200)
    kind: Kind
    words: tuple[str, ...]


def note_reader(model: LoadedModel, asked: Prompt | None = None) -> Fallback:
    """A fallback for `understand` that asks `model` once, with the newest `note` if no prompt is given."""
    prompt = asked or load("note")

    def read(text: str, now: datetime, tz: ZoneInfo) -> Understood | NotUnderstood:
        note = clean(cut(text, _MAX_NOTE_BYTES))
        words = words_of(note)
        messages = [
            ("system", prompt.render("system")),
            ("human", prompt.render("user", note=_json(note), words=_json(words))),
        ]
        structured = model.chat.with_structured_output(_schema(words), method="json_schema", include_raw=True)
        try:
            answer: Any = structured.invoke(messages)
        except Exception as err:  # noqa: BLE001 (whatever a client library raises must not reach the household)
            return NotUnderstood(f"the model cannot help: {describe_failure(err, model.label)[1]}", by="model")
        if answer["parsed"] is None:
            return NotUnderstood("the model could not read it either: say the wish alone, in one sentence", by="model")
        return checked(NoteReading.model_validate(answer["parsed"].model_dump()), note, now, tz)

    return read


def reader_by(find_model: Callable[[], LoadedModel | None]) -> Fallback:
    """A fallback that asks the model there is at that moment, if it is free; the packaged one reads too poorly."""

    def read(text: str, now: datetime, tz: ZoneInfo) -> Understood | NotUnderstood:
        model = find_model()
        if model is None or model.provider == "embedded" or not model.busy.acquire(blocking=False):
            return NotUnderstood(HELP, by="learned")
        try:
            return note_reader(model)(text, now, tz)
        finally:
            model.busy.release()

    return read


def _schema(words: Sequence[str]) -> type[BaseModel]:
    """The schema of a reading whose words can be none but the note's own."""
    if not words:
        return NoteReading
    own: Any = Literal[tuple(words)]
    return create_model("NoteReading", __base__=NoteReading, words=(tuple[own, ...], ...))


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


def checked(reading: NoteReading, text: str, now: datetime, tz: ZoneInfo) -> Understood | NotUnderstood:
    """A reading as a constraint: words that do not stand in the note are refused, and code reads the rest."""
    if reading.kind == "none":
        return NotUnderstood("this is none of the wishes known", by="model")
    if strange := [word for word in reading.words if word not in text]:
        return NotUnderstood(f"{strange[0]!r} does not stand in the note", by="model")
    return as_wish(reading.kind, text, now=now, tz=tz, by="model")
