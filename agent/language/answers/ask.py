"""Answers questions about the home in English and Spanish, from facts; a model may only route and reword."""

import re
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime

from pydantic import BaseModel, ConfigDict

from agent.decision.constraint_words import describe
from agent.language.answers.answering import run
from agent.language.answers.interpreter import Interpreter
from agent.language.answers.wording import Voice, figures, word
from agent.language.notes.reading import Understood
from agent.language.notes.reading import understand as read_note
from agent.language.questions.question import Question, understand, with_aim
from agent.language.text import MAX_CHARS, Language, clean, language_of
from agent.queries import Finding, Sources, unknown
from energy.slots import Instant

# How many earlier questions of a conversation a short one may lean on.
_REMEMBERED = 5
# The fact that holds what a house answered, in its own words.
_QUOTED = "house_detail"


class AskedFor(BaseModel):
    """What a question was taken for: its kind, the words of its times, those times, and how sure that is."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: str
    slots: tuple[str, ...] = ()
    intervals: tuple[tuple[Instant, Instant], ...] = ()
    confidence: float
    understander: str


class Answer(BaseModel):
    """An answer and everything it rests on.

    `text` is worded by rules; `reworded` is the same in the words of a model (`model`), empty where there is none or a
    figure that it wrote does not stand in the facts.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    question: str
    text: str
    language: Language
    # True where the question was answered, False where the text says why not.
    answered: bool
    # Every figure of the text, by name: numbers as they are rounded, dates and local times in ISO form.
    facts: dict[str, str]
    # The inquiries that ran.
    tools: tuple[str, ...]
    decisions: tuple[str, ...]
    days: tuple[date, ...]
    at: Instant
    asked: AskedFor | None = None
    reworded: str = ""
    model: str = ""
    seconds: float


@dataclass(frozen=True, slots=True)
class Ran:
    """A piece of a stream: an inquiry has run."""

    tool: str


@dataclass(frozen=True, slots=True)
class AnswerPiece:
    """A piece of a stream: more of the text."""

    text: str


@dataclass(frozen=True, slots=True)
class Done:
    """The last piece of a stream: the whole answer. Its text is what the pieces said."""

    answer: Answer


Piece = Ran | AnswerPiece | Done


class Asker:
    """Answers questions about one home; a model, if `find_interpreter` has one, may sort questions and reword."""

    def __init__(self, sources: Sources, find_interpreter: Callable[[], Interpreter | None] = lambda: None) -> None:
        self._sources = sources
        self._find_interpreter = find_interpreter

    @property
    def sources(self) -> Sources:
        """What the answers are computed from."""
        return self._sources

    def warm(self, now: datetime) -> None:
        """Work out the totals of all past days and their likeness, so that the first question finds them ready."""
        span = self._sources.known_span(now)
        if span is not None:
            self._sources.day_totals(span, now)
            self._sources.similar(span.last, 1)

    def answer(
        self,
        question: str | bytes,
        *,
        now: datetime | None = None,
        language: Language | None = None,
        before: Sequence[str] = (),
    ) -> Answer:
        """Answer a question; nothing is raised for what a person may write, and nothing is ever changed by it.

        `language` is used where the question does not show its own; `before` are the earlier questions of the same
        conversation, oldest first, from which a short one takes what it leaves out.
        """
        *_, last = self.stream(question, now=now, language=language, before=before)
        assert isinstance(last, Done)  # noqa: S101 (the last piece is)
        return last.answer

    def stream(
        self,
        question: str | bytes,
        *,
        now: datetime | None = None,
        language: Language | None = None,
        before: Sequence[str] = (),
    ) -> Iterator[Piece]:
        """The same answer in pieces: the inquiries that ran, the text word by word, and the whole.

        The text by rules comes at once; the whole comes when a model has reworded it, or has failed to in time.
        """
        began = time.perf_counter()
        moment = now or datetime.now(UTC)
        interpreter = self._find_interpreter()
        asked = self._understand(question, moment, language or "en", interpreter, before)
        finding = asked if isinstance(asked, Finding) else self._find(asked, moment)
        said = clean(question)[:MAX_CHARS]
        spoken = language_of(said, language or "en")
        voice = Voice(spoken, self._sources.home.tz, self._sources.home.currency, moment)
        yield Ran(finding.inquiry)
        text = word(finding, voice)
        for line in text.splitlines(keepends=True):
            yield from map(AnswerPiece, re.findall(r"[^ ]* |[^ ]+\Z", line))
        facts, reworded = figures(finding, voice), ""
        # Words that others wrote are no facts to a model: an answer that quotes them stands as it is.
        if interpreter is not None and finding.known and finding.facts and _QUOTED not in finding.facts:
            reworded = interpreter.reword(said, text, spoken)
        yield Done(
            Answer(
                question=said,
                text=text,
                language=spoken,
                answered=finding.known,
                facts=facts,
                tools=(finding.inquiry,),
                decisions=finding.decisions,
                days=finding.days,
                at=moment,
                asked=None if isinstance(asked, Finding) else _asked_for(asked),
                reworded=reworded,
                model=interpreter.label if interpreter and reworded else "",
                seconds=time.perf_counter() - began,
            ),
        )

    def _find(self, asked: Question, now: datetime) -> Finding:
        """What answers a question; a wish is said back as the note that it would make."""
        if asked.aim != "wish":
            return run(self._sources, asked, now=now)
        home = self._sources.home
        read = read_note(asked.text, now=now, tz=home.tz, home=home)
        if not isinstance(read, Understood):
            return unknown("scope", "wish_unclear", why_not=read.why)
        return unknown("scope", "wish", meant=describe(read.constraint, home.tz, asked.language), wish=asked.text)

    def _understand(
        self,
        question: str | bytes,
        now: datetime,
        language: Language,
        interpreter: Interpreter | None,
        before: Sequence[str],
    ) -> Question | Finding:
        if len(question) > MAX_CHARS:
            return unknown("scope", "too_long", length=len(question), limit=MAX_CHARS)
        text = clean(question)
        if not text:
            return unknown("scope", "empty")
        zone, earlier = self._sources.home.tz, None
        for one in before[-_REMEMBERED:]:
            if said := clean(one)[:MAX_CHARS]:
                earlier = understand(said, now=now, zone=zone, before=language, earlier=earlier)
        asked = understand(text, now=now, zone=zone, before=language, earlier=earlier)
        if asked.aim in ("off_subject", "unsure") and interpreter is not None:
            found = interpreter.sort(text)
            return asked if found is None else with_aim(asked, *found)
        return asked


def _asked_for(asked: Question) -> AskedFor:
    window = asked.window
    intervals = ((window.start, window.end),) if window is not None and len(asked.spans) < 2 else ()
    return AskedFor(
        kind=asked.aim,
        slots=asked.slots,
        intervals=intervals,
        confidence=round(asked.confidence, 3),
        understander=asked.by,
    )
