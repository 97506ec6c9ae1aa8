"""The exam of a language model: its parts sat one after another, every case kept as a line of JSON."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from energy.errors import SettingsError
from eval.model_exam.choice_exam import sit_choice
from eval.model_exam.hostile_exam import sit_hostile
from eval.model_exam.note_exam import sit_notes
from eval.model_exam.question_exam import sit_questions
from eval.model_exam.remark_exam import sit_remarks
from eval.model_exam.scores import CaseResult, Examinee, Progress
from eval.model_exam.trajectory_exam import sit_tools

Part = Callable[[Examinee, int | None, Progress], Iterator[CaseResult]]

PARTS: dict[str, Part] = {
    "choice": sit_choice,
    "remarks": sit_remarks,
    "notes": sit_notes,
    "questions": sit_questions,
    "tools": sit_tools,
    "hostile text": sit_hostile,
}


def _unseen(part: str) -> None:
    """Nobody watches."""


def sit(
    candidate: Examinee,
    *,
    parts: Sequence[str] = tuple(PARTS),
    limit: int | None = None,
    progress: Progress = _unseen,
) -> list[CaseResult]:
    """Sit some parts, each on at most `limit` of its cases.

    Raises:
        SettingsError: there is no such part.
    """
    if unknown := [name for name in parts if name not in PARTS]:
        raise SettingsError(f"{unknown[0]!r} is not a part of the model's exam: use {', '.join(PARTS)}")
    return [result for name in parts for result in PARTS[name](candidate, limit, progress)]


def write_results(results: Sequence[CaseResult], path: Path) -> None:
    """One line of JSON a case."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(f"{one.model_dump_json()}\n" for one in results), encoding="utf-8")
