"""Household notes and what a person means by them, and how a reading of one is graded."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from importlib.resources import files
from typing import Literal
from zoneinfo import ZoneInfo

import yaml
from pydantic import BaseModel, ConfigDict

from agent.language.notes.reading import NotUnderstood, Understood
from energy.constraints import Constraint
from eval.language.exam import amount_of

ZONE = ZoneInfo("Europe/Madrid")
_CASES = files("eval") / "cases"
_EXACT, _ROUGH = 0.01, 0.25

# right: what was meant, or nothing where nothing was meant · refused: not understood, and said so · wrong: taken for
# something that was not meant, which the household would have to notice when it is shown back.
Grade = Literal["right", "refused", "wrong"]


class NoteCase(BaseModel):
    """One note; `want` is kind, start, end and amount, or none; see the head of the file."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    lang: Literal["en", "es"]
    text: str
    want: str
    slack_h: float = 0.0
    trap: str = ""


class NoteCases(BaseModel):
    """All notes and the local time they are read at."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    now: str
    cases: tuple[NoteCase, ...]

    @property
    def moment(self) -> datetime:
        """The time they are read at, in UTC."""
        return _utc(self.now)


@cache
def note_cases() -> NoteCases:
    """The notes of the exam."""
    return _read("notes.yaml")


@cache
def fresh_note_cases() -> NoteCases:
    """Notes that were written without looking at the rules."""
    return _read("notes_fresh.yaml")


@cache
def new_note_cases() -> NoteCases:
    """Notes by whose misses the rules of then were mended."""
    return _read("notes_new.yaml")


def _read(name: str) -> NoteCases:
    return NoteCases.model_validate(yaml.safe_load((_CASES / name).read_text(encoding="utf-8")))


@dataclass(frozen=True, slots=True)
class Wish:
    """What a person means: a kind of constraint, its span in UTC, and an amount with its tolerance."""

    kind: str
    start: datetime
    end: datetime
    amount: float | None
    tolerance: float

    @classmethod
    def of(cls, case: NoteCase) -> "Wish | None":
        """The wish of a case; None where nothing is to be taken from it."""
        if case.want == "none":
            return None
        kind, start, end, amount = case.want.split()
        value = None if amount == "*" else float(amount.rstrip("~"))
        return cls(kind, _utc(start), _utc(end), value, _ROUGH if amount.endswith("~") else _EXACT)

    def is_met_by(self, one: Constraint, slack: timedelta) -> bool:
        """Whether a constraint says the same, as exactly as the note did."""
        near = abs(one.start - self.start) <= slack and abs(one.end - self.end) <= slack
        return one.kind == self.kind and near and self._has_amount(one)

    def _has_amount(self, one: Constraint) -> bool:
        amount = amount_of(one)
        return self.amount is None or (amount is not None and abs(amount - self.amount) <= self.tolerance * self.amount)


def grade(case: NoteCase, read: Understood | NotUnderstood) -> Grade:
    """How well a note was read."""
    wish = Wish.of(case)
    if isinstance(read, NotUnderstood):
        return "right" if wish is None else "refused"
    met = wish is not None and wish.is_met_by(read.constraint, timedelta(hours=case.slack_h))
    return "right" if met else "wrong"


def _utc(local: str) -> datetime:
    return datetime.fromisoformat(local).replace(tzinfo=ZONE).astimezone(UTC)
