"""The exam's cases: notes and questions of families that the training data does not hold, with what is meant."""

from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Literal

from pydantic import BaseModel, ConfigDict

_PHRASES = files("eval.language") / "phrases"


class ExamCase(BaseModel):
    """One text; `want` is a note's wish or `none` and why, or the kinds that answer a question, parted by |."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    family: str
    language: Literal["en", "es"]
    text: str
    want: str
    slack_h: float = 0.0


@cache
def exam_notes() -> tuple[ExamCase, ...]:
    """The notes of the exam."""
    return tuple(read_cases(_PHRASES / "exam_notes.txt"))


@cache
def exam_questions() -> tuple[ExamCase, ...]:
    """The questions of the exam."""
    return tuple(read_cases(_PHRASES / "exam_questions.txt"))


@cache
def kitchen_notes() -> tuple[ExamCase, ...]:
    """Notes as people say them at the kitchen table, all written before one of them was read."""
    return tuple(read_cases(_PHRASES / "kitchen_notes.txt"))


@cache
def kitchen_questions() -> tuple[ExamCase, ...]:
    """Questions asked at the kitchen table, written likewise."""
    return tuple(read_cases(_PHRASES / "kitchen_questions.txt"))


@cache
def passing_questions() -> tuple[ExamCase, ...]:
    """Questions asked in passing, written likewise, later."""
    return tuple(read_cases(_PHRASES / "passing_questions.txt"))


@cache
def speakers_notes() -> tuple[ExamCase, ...]:
    """Notes of many imagined speakers, by an author who had read none of the phrases to learn from."""
    return tuple(read_cases(_PHRASES / "speakers_notes.txt"))


@cache
def speakers_questions() -> tuple[ExamCase, ...]:
    """Questions of such speakers, by the same author."""
    return tuple(read_cases(_PHRASES / "speakers_questions.txt"))


@cache
def exam_outside() -> tuple[ExamCase, ...]:
    """Texts about nothing that is known here, to be refused in a chat and as a note; their family is their sort."""
    lines = (_PHRASES / "exam_outside.txt").read_text(encoding="utf-8").splitlines()
    parts = (line.split(";", 2) for line in lines if not line.startswith("#"))
    return tuple(_outside(*map(str.strip, part)) for part in parts)


def exam_texts() -> Iterator[str]:
    """Every text of the exam: none of them may be learnt from."""
    yield from (
        case.text
        for cases in (
            exam_notes,
            exam_questions,
            exam_outside,
            kitchen_notes,
            kitchen_questions,
            passing_questions,
            speakers_notes,
            speakers_questions,
        )
        for case in cases()
    )


def _outside(sort: str, language: str, text: str) -> ExamCase:
    return ExamCase.model_validate({"family": sort, "language": language, "text": text, "want": "none"})


def read_cases(file: Traversable) -> Iterator[ExamCase]:
    """The cases of a file: family; language; text; what is meant; and how many hours its times may be off."""
    for line in file.read_text(encoding="utf-8").splitlines():
        if line.strip() and not line.startswith("#"):
            family, language, text, want, *slack = (part.strip() for part in line.split(";"))
            given = {"family": family, "language": language, "text": text, "want": want}
            yield ExamCase.model_validate(given | ({"slack_h": float(slack[0])} if slack else {}))
