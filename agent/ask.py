"""Answers questions about the home in English and Spanish, from facts; a model may only route and reword."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime

from pydantic import AwareDatetime, BaseModel, ConfigDict

from agent.answering import run
from agent.inquiry import Finding, Sources, unknown
from agent.question import MAX_QUESTION, Language, Question, clean, language_of, understand
from agent.wording import Voice, figures, word


class Answer(BaseModel):
    """An answer and everything it rests on; `text` is worded by rules, unless `worded_by` names a model."""

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
    at: AwareDatetime
    worded_by: str
    seconds: float


@dataclass(frozen=True, slots=True)
class Ran:
    """A piece of a stream: an inquiry has run."""

    tool: str


@dataclass(frozen=True, slots=True)
class Said:
    """A piece of a stream: more of the text."""

    text: str


@dataclass(frozen=True, slots=True)
class Done:
    """The last piece of a stream: the whole answer. Its text is what the pieces said."""

    answer: Answer


Piece = Ran | Said | Done


class Asker:
    """Answers questions about one home."""

    def __init__(self, sources: Sources) -> None:
        self._sources = sources

    def answer(self, question: str | bytes, *, now: datetime | None = None, language: Language | None = None) -> Answer:
        """Answer a question; nothing is raised for what a person may write, and nothing is ever changed by it.

        `language` is used where the question does not show its own.
        """
        *_, last = self.stream(question, now=now, language=language)
        assert isinstance(last, Done)  # noqa: S101 (the last piece is)
        return last.answer

    def stream(
        self, question: str | bytes, *, now: datetime | None = None, language: Language | None = None
    ) -> Iterator[Piece]:
        """The same answer in pieces: the inquiries that ran, the text word by word, and the whole."""
        began = time.perf_counter()
        moment = now or datetime.now(UTC)
        asked = self._understand(question, moment, language or "en")
        finding = asked if isinstance(asked, Finding) else run(self._sources, asked, now=moment)
        spoken = language_of(clean(question), language or "en")
        voice = Voice(spoken, self._sources.home.tz, self._sources.home.currency, moment)
        yield Ran(finding.inquiry)
        text = word(finding, voice)
        for line in text.splitlines(keepends=True):
            yield from (Said(piece) for piece in _words(line))
        yield Done(
            Answer(
                question=clean(question)[:MAX_QUESTION],
                text=text,
                language=spoken,
                answered=finding.known,
                facts=figures(finding, voice),
                tools=(finding.inquiry,),
                decisions=finding.decisions,
                days=finding.days,
                at=moment,
                worded_by="rules",
                seconds=time.perf_counter() - began,
            ),
        )

    def _understand(self, question: str | bytes, now: datetime, language: Language) -> Question | Finding:
        if len(question) > MAX_QUESTION:
            return unknown("scope", "too_long", length=len(question), limit=MAX_QUESTION)
        text = clean(question)
        if not text:
            return unknown("scope", "empty")
        return understand(text, now=now, zone=self._sources.home.tz, before=language)


def _words(line: str) -> Iterator[str]:
    """A line in pieces that join to it again."""
    start = 0
    for at, char in enumerate(line):
        if char == " ":
            yield line[start : at + 1]
            start = at + 1
    if start < len(line):
        yield line[start:]
