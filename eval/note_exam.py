"""The exam on notes: what the grammar, the grammar with the model, and the model alone make of each."""

from collections.abc import Callable, Iterator
from datetime import datetime
from zoneinfo import ZoneInfo

from agent.note_model import note_reader
from agent.note_words import describe
from agent.notes import NotUnderstood, Understood, understand
from eval.model_scores import Candidate, CaseResult, Progress, spread
from eval.note_cases import ZONE, NoteCase, grade, note_cases

PART = "notes"
_Reader = Callable[[str, datetime, ZoneInfo], Understood | NotUnderstood]


def sit_notes(candidate: Candidate, limit: int | None, progress: Progress) -> Iterator[CaseResult]:
    """Grade every reader on the notes."""
    cases, moment = note_cases(), note_cases().moment
    for case in spread(cases.cases, limit):
        for who, reader in _readers(candidate).items():
            read = reader(case.text, moment, ZONE)
            yield _result(case, who, read, candidate)
        progress(PART)


def _readers(candidate: Candidate) -> dict[str, _Reader]:
    def grammar(text: str, now: datetime, tz: ZoneInfo) -> Understood | NotUnderstood:
        return understand(text, now=now, tz=tz)

    if candidate.model is None:
        return {"grammar": grammar}
    ask = note_reader(candidate.model)

    def both(text: str, now: datetime, tz: ZoneInfo) -> Understood | NotUnderstood:
        return understand(text, now=now, tz=tz, fallback=ask)

    return {"grammar": grammar, "grammar, then model": both, "model alone": ask}


def _result(case: NoteCase, who: str, read: Understood | NotUnderstood, candidate: Candidate) -> CaseResult:
    mark = grade(case, read)
    said = read.why if isinstance(read, NotUnderstood) else describe(read.constraint, ZONE)
    group = f"traps, {case.lang}" if case.trap else f"wishes, {case.lang}"
    return CaseResult(
        part=PART,
        group=group,
        who=who,
        case=case.text,
        grade=mark,
        score=float(mark == "right"),
        detail=f"wanted {case.want}{case.trap and f' ({case.trap})'}; got {said}",
        **candidate.spent(),
    )
