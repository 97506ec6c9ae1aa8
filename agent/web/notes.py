"""What the household asks for, over HTTP: read a note back first, keep it once confirmed, withdraw it."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, HTTPException, Request
from pydantic import BaseModel, ConfigDict, Field

from agent.decision.constraint_words import Language, ask_remark, describe
from agent.decision.wording.problem_words import in_language
from agent.language.notes.reading import MAX_CHARS, NotUnderstood, Understood, asked_back, understand
from agent.views.schemas import Problem
from agent.views.service_state import ServiceState
from agent.web.access import BEARER
from agent.web.source import ApiSource
from agent.web.spoken import spoken
from energy.constraints import Constraint
from energy.errors import DataError
from energy.home import Home
from energy.slots import Instant
from knowledge.notes import KnownNote, State

Text = Annotated[str, Field(min_length=1, max_length=MAX_CHARS)]
_REMEMBERED = 20
_REFUSALS: dict[int | str, dict[str, Any]] = {401: {"model": Problem}, 404: {"model": Problem}}


class _Body(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class NoteText(_Body):
    """A note as somebody says it."""

    text: Text


class NewNote(_Body):
    """A note to keep: its text, and what `/v1/notes/understand` made of it and a person confirmed.

    Without a constraint it is a remark, which asks nothing of the plan: a language model weighs it for a day.
    """

    text: Text
    constraint: Constraint | None


class NoteMeaning(_Body):
    """One thing that a note may mean; `means` says it back."""

    constraint: Constraint
    means: str
    assumed: tuple[str, ...] = ()


class ReadNote(_Body):
    """What was made of a note: `means` says it back; where `constraint` is None, `problem` says why.

    An unclear note has `choices`, at most two: `problem` then asks which of them is meant. With `remark` a language
    model may weigh it: `problem` then asks whether to keep it for that.
    """

    constraint: Constraint | None = None
    means: str = ""
    assumed: tuple[str, ...] = ()
    problem: str = ""
    choices: tuple[NoteMeaning, ...] = ()
    remark: bool = False


class NoteLine(_Body):
    """A kept note and where it stands."""

    id: str
    text: str
    means: str
    kind: str
    state: State
    at: Instant
    start: Instant
    end: Instant


def note_routes(source: ApiSource) -> APIRouter:
    """Notes under `/v1/notes`; times of notes are by the service's clock."""
    router = APIRouter(prefix="/v1/notes", tags=["notes"], responses={503: {"model": Problem}})

    @router.get("")
    def get_notes(request: Request) -> list[NoteLine]:
        """Notes that hold or are ahead, and the last that did, newest first."""
        shown, now = _awake(source)
        known = reversed(source.notes.list()[-_REMEMBERED:])
        return [_line(one, shown.home, now, spoken(request, source.language)) for one in known]

    @router.post("/understand")
    def post_understand(request: Request, body: NoteText) -> ReadNote:
        """Say a note back, to be confirmed; nothing is kept."""
        shown, now = _awake(source)
        home = shown.home
        read = understand(body.text, now=now, tz=home.tz, home=home, fallback=source.note_fallback)
        return _reading(read, home, spoken(request, source.language), weighed=source.remarks)

    @router.post("", status_code=201, responses={401: {"model": Problem}}, dependencies=[Depends(BEARER)])
    def post_note(request: Request, body: NewNote) -> NoteLine:
        """Keep a confirmed note and decide anew; the token is needed."""
        shown, now = _awake(source)
        try:
            note = source.notes.add(body.text, body.constraint, now=now)
        except DataError as err:
            raise HTTPException(422, str(err)) from err
        source.shared_state.wish_decision()
        return _line(KnownNote(note=note), shown.home, now, spoken(request, source.language))

    @router.post("/{note_id}/done", responses=_REFUSALS, dependencies=[Depends(BEARER)])
    def post_done(request: Request, note_id: Annotated[str, Field(max_length=40)]) -> NoteLine:
        """Withdraw a note and decide anew; the token is needed."""
        shown, now = _awake(source)
        try:
            known = source.notes.done(note_id, now=now)
        except DataError as err:
            raise HTTPException(404, str(err)) from err
        source.shared_state.wish_decision()
        return _line(known, shown.home, now, spoken(request, source.language))

    return router


def _awake(source: ApiSource) -> tuple[ServiceState, datetime]:
    """The state and its clock.

    Raises:
        HTTPException: the clock that notes go by is not known.
    """
    shown = source.shown()
    if shown.now is None:
        raise HTTPException(503, "no readings from the house yet: its clock, which notes go by, is not known")
    return shown, shown.now


def _reading(answer: Understood | NotUnderstood, home: Home, language: Language, *, weighed: bool) -> ReadNote:
    if isinstance(answer, NotUnderstood):
        if weighed and answer.is_remark:
            return ReadNote(problem=ask_remark(language), remark=True)
        choices = tuple(_meaning(one, home) for one in answer.choices)
        problem = asked_back(answer, home.tz) if choices else in_language(answer.why, language)
        return ReadNote(problem=problem, choices=choices)
    one = _meaning(answer, home)
    return ReadNote(constraint=one.constraint, means=one.means, assumed=one.assumed)


def _meaning(read: Understood, home: Home) -> NoteMeaning:
    means = describe(read.constraint, home.tz, read.language)
    return NoteMeaning(constraint=read.constraint, means=means, assumed=read.assumed)


def _line(known: KnownNote, home: Home, now: datetime, language: Language) -> NoteLine:
    note, constraint = known.note, known.note.constraint
    return NoteLine(
        id=note.id,
        text=note.text,
        means=describe(constraint, home.tz, language)
        if constraint
        else in_language("a remark for the model", language),
        kind=constraint.kind if constraint else "remark",
        state=known.state(now),
        at=note.at,
        start=constraint.start if constraint else note.at,
        end=note.until,
    )
