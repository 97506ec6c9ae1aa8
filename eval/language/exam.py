"""The exam of words: each note and question of the exam is read, and graded right, refused or wrong."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from agent.language.kinds.names import WISHES
from agent.language.notes.reading import NotUnderstood, Understood
from agent.language.notes.reading import understand as read_note
from agent.language.questions.question import understand as read_question
from energy.battery import Battery
from energy.constraints import CarReady, Constraint, ExtraLoad, Reserve
from energy.home import Home
from energy.pricing.tariff import FlatTariff
from eval.language.exam_cases import (
    ExamCase,
    exam_notes,
    exam_outside,
    exam_questions,
    kitchen_notes,
    kitchen_questions,
    passing_questions,
    speakers_notes,
    speakers_questions,
)
from eval.language.retelling import retold

ZONE = ZoneInfo("Europe/Madrid")
NOW = datetime(2026, 1, 14, 18, tzinfo=ZONE).astimezone(UTC)
HOME = Home(
    name="exam",
    zone="Europe/Madrid",
    pv_peak_kw=5,
    battery=Battery(capacity_kwh=10, max_charge_kw=3, max_discharge_kw=3),
    tariff=FlatTariff(import_price=0.2, export_price=0.05),
)
# What a question is taken for that is about nothing known here: each is answered by saying what can be asked.
_NOTHING_ASKED = frozenset({"off_subject", "unsure", "help", "order"})
_EXACT, _ROUGH = 0.01, 0.25

# right: what was meant, or nothing where nothing was meant · refused: not understood, and said so · wrong: taken for
# something that was not meant, or answered beside the point.
Grade = Literal["right", "refused", "wrong"]
Part = Literal[
    "notes", "questions", "notes, retold", "questions, retold", "notes, kitchen table", "questions, kitchen table",
    "questions, in passing", "notes, other speakers", "questions, other speakers", "outside, asked",
    "outside, as a note",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class GradedText:
    """One text, how it was read, and what was made of it."""

    part: Part
    case: ExamCase
    grade: Grade
    got: str

    @property
    def kind(self) -> str:
        """What was wanted: a kind, the first of several, or none."""
        return self.case.want.split()[0].split("|")[0]


def sit() -> list[GradedText]:
    """Read and grade every case."""
    outside = [graded for case in exam_outside() for graded in _outside(case)]
    return [
        *map(_note, exam_notes()),
        *map(_question, exam_questions()),
        *outside,
        *_retold(),
        *_written_later(),
    ]


def sit_notes(cases: Sequence[ExamCase]) -> Iterator[GradedText]:
    """Read and grade some notes."""
    return map(_note, cases)


def sit_questions(cases: Sequence[ExamCase]) -> Iterator[GradedText]:
    """Read and grade some questions."""
    return map(_question, cases)


def _note(case: ExamCase) -> GradedText:
    read = read_note(case.text, now=NOW, tz=ZONE, home=HOME)
    if isinstance(read, NotUnderstood):
        return GradedText("notes", case, "right" if case.want.startswith("none") else "refused", read.why)
    return GradedText("notes", case, "right" if _is_meant(case, read) else "wrong", _shown(read))


def _retold() -> Iterator[GradedText]:
    """The notes and questions told in other ways, graded as parts of their own."""
    for case in exam_notes():
        yield from (replace(_note(one), part="notes, retold") for one in retold(case))
    for case in exam_questions():
        yield from (replace(_question(one), part="questions, retold") for one in retold(case))


def _written_later() -> Iterator[GradedText]:
    """The notes and questions that were written after the others, graded as parts of their own."""
    yield from (replace(_note(case), part="notes, kitchen table") for case in kitchen_notes())
    yield from (replace(_question(case), part="questions, kitchen table") for case in kitchen_questions())
    yield from (replace(_question(case), part="questions, in passing") for case in passing_questions())
    yield from (replace(_note(case), part="notes, other speakers") for case in speakers_notes())
    yield from (replace(_question(case), part="questions, other speakers") for case in speakers_questions())


def _outside(case: ExamCase) -> Iterator[GradedText]:
    """A text about nothing known here: right where both boxes say so, wrong where one takes it for something."""
    asked = read_question(case.text, now=NOW, zone=ZONE).aim
    yield GradedText("outside, asked", case, "right" if asked in _NOTHING_ASKED else "wrong", asked)
    yield replace(_note(case), part="outside, as a note")


def _is_meant(case: ExamCase, read: Understood) -> bool:
    """Whether a constraint says what the note means, as exactly as the note does."""
    if case.want.startswith("none"):
        return False
    kind, start, end, amount = case.want.split()
    one, slack = read.constraint, timedelta(hours=case.slack_h)
    near = abs(one.start - _local(start)) <= slack and abs(one.end - _local(end)) <= slack
    said = amount_of(one)
    if amount == "*" or said is None:
        return one.kind == kind and near
    wanted = float(amount.rstrip("~"))
    tolerance = _ROUGH if amount.endswith("~") else _EXACT
    return one.kind == kind and near and abs(said - wanted) <= tolerance * wanted


def amount_of(one: Constraint) -> float | None:
    """The number that a constraint carries: charge 0..1, kW or kWh."""
    match one:
        case Reserve():
            return one.soc
        case ExtraLoad():
            return one.power_kw
        case CarReady():
            return one.energy_kwh
        case _:
            return None


def _local(text: str) -> datetime:
    """A time such as 14T18:00 in January 2026, or a whole ISO time."""
    whole = text if len(text) > 8 else f"2026-01-{text}"
    return datetime.fromisoformat(whole).replace(tzinfo=ZONE).astimezone(UTC)


def _shown(read: Understood) -> str:
    one = read.constraint
    start, end = (f"{moment.astimezone(ZONE):%dT%H:%M}" for moment in (one.start, one.end))
    return f"{one.kind} {start} {end} {amount_of(one)}"


def _question(case: ExamCase) -> GradedText:
    asked = read_question(case.text, now=NOW, zone=ZONE)
    wanted = set(case.want.split("|"))
    got: str = asked.aim
    if got == "wish" and wanted & WISHES:
        return GradedText("questions", case, "right", got)
    if got in _NOTHING_ASKED - {"order"}:
        right = bool(wanted & {got, "refuse"}) or (got == "unsure" and "off_subject" in wanted)
        return GradedText("questions", case, "right" if right else "refused", got)
    return GradedText("questions", case, "right" if got in wanted else "wrong", f"{got} ({asked.confidence:.2f})")
