"""The exam's cases: notes and questions of families that the training data does not hold, with what is meant."""

from collections.abc import Iterator
from functools import cache
from importlib.resources import files
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
    return tuple(_read("exam_notes.txt"))


@cache
def exam_questions() -> tuple[ExamCase, ...]:
    """The questions of the exam."""
    return tuple(_read("exam_questions.txt"))


def _read(name: str) -> Iterator[ExamCase]:
    for line in (_PHRASES / name).read_text(encoding="utf-8").splitlines():
        if line.strip() and not line.startswith("#"):
            family, language, text, want, *slack = (part.strip() for part in line.split(";"))
            given = {"family": family, "language": language, "text": text, "want": want}
            yield ExamCase.model_validate(given | ({"slack_h": float(slack[0])} if slack else {}))
