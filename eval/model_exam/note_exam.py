"""The exam on notes: what the advisor, the advisor with a model, and the model alone make of each."""

from collections.abc import Callable, Iterator
from datetime import datetime
from zoneinfo import ZoneInfo

from agent.decision.constraint_words import describe
from agent.language.notes.model import note_reader
from agent.language.notes.reading import NotUnderstood, Understood, understand
from eval.model_exam.note_cases import ZONE, NoteCase, NoteCases, fresh_note_cases, grade, new_note_cases, note_cases
from eval.model_exam.scores import CaseResult, Examinee, Progress, spread

PART = "notes"
_Reader = Callable[[str, datetime, ZoneInfo], Understood | NotUnderstood]


def sit_notes(candidate: Examinee, limit: int | None, progress: Progress) -> Iterator[CaseResult]:
    """Grade every reader on the notes."""
    every = [(name, asked.moment, case) for name, asked in _sets().items() for case in asked.cases]
    for name, moment, case in spread(every, limit):
        for who, reader in _readers(candidate).items():
            yield _result(case, who, reader(case.text, moment, ZONE), candidate, of=name)
        progress(PART)


def _sets() -> dict[str, NoteCases]:
    """The sets of notes, by what their rows are called."""
    return {"": note_cases(), "fresh ": fresh_note_cases(), "new ": new_note_cases()}


def _readers(candidate: Examinee) -> dict[str, _Reader]:
    def alone(text: str, now: datetime, tz: ZoneInfo) -> Understood | NotUnderstood:
        return understand(text, now=now, tz=tz)

    if candidate.model is None:
        return {"advisor": alone}
    ask = note_reader(candidate.model)

    def both(text: str, now: datetime, tz: ZoneInfo) -> Understood | NotUnderstood:
        return understand(text, now=now, tz=tz, fallback=ask)

    return {"advisor": alone, "advisor, then model": both, "model alone": ask}


def _result(case: NoteCase, who: str, read: Understood | NotUnderstood, candidate: Examinee, *, of: str) -> CaseResult:
    mark = grade(case, read)
    result = read.why if isinstance(read, NotUnderstood) else describe(read.constraint, ZONE)
    group = f"{of}{'traps' if case.trap else 'wishes'}, {case.lang}"
    return CaseResult(
        part=PART,
        group=group,
        who=who,
        case=case.text,
        grade=mark,
        score=float(mark == "right"),
        detail=f"wanted {case.want}{case.trap and f' ({case.trap})'}; got {result}",
        **candidate.spent(),
    )
