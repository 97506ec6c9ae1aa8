"""Whether the house does as it was told: what its entities show after a command, and who changed them since."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

_UNKNOWN = frozenset({"", "unknown", "unavailable", "none"})
# Inverters round: a set-point read back within half a step of what was written is the same.
_SAME = 0.5
_MOST = 16

State = Annotated[str, Field(max_length=255)]
Entity = Annotated[str, Field(pattern=r"^[a-z_]+\.[a-z0-9_]+$", max_length=255)]
States = Annotated[dict[Entity, State], Field(max_length=_MOST)]


class ReadBack(BaseModel):
    """What the inverter's entities show; with `decision_id` after a command, and what was wanted of them."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    decision_id: str | None = Field(default=None, max_length=64)
    wanted: States = {}
    shown: States


@dataclass(frozen=True, slots=True)
class Confirmed:
    """The entities show what the command wanted."""

    decision_id: str


@dataclass(frozen=True, slots=True)
class NotConfirmed:
    """Some entities do not."""

    decision_id: str
    detail: str


@dataclass(frozen=True, slots=True)
class ChangedByHand:
    """Somebody else changed an entity that we had set; until when that is respected."""

    detail: str
    since: datetime
    until: datetime


@dataclass(frozen=True, slots=True)
class Unchanged:
    """Nothing to be said."""


ReadBackOutcome = Confirmed | NotConfirmed | ChangedByHand | Unchanged


class ReadBackTracker:
    """The ledger of one inverter: what we last saw it take from us, and whose hand is on it now."""

    def __init__(self) -> None:
        self._owned: dict[str, str] = {}
        self.changed: ChangedByHand | None = None

    def update(self, report: ReadBack, *, now: datetime, respect: timedelta) -> ReadBackOutcome:
        """Judge a report.

        What is set back by hand to what we wanted, or given back to us, is ours again.
        """
        if report.decision_id is not None:
            return self._after_command(report.decision_id, report)
        if not self._owned:
            return Unchanged()
        foreign = _differences(self._owned, report.shown)
        if not foreign:
            self.changed = None
            return Unchanged()
        if respect <= timedelta():
            return Unchanged()
        self.changed = ChangedByHand("; ".join(foreign), now, now + respect)
        return self.changed

    def respects(self, now: datetime) -> bool:
        """Whether a change by somebody else is to be left alone now."""
        if self.changed is not None and now >= self.changed.until:
            self.changed = None
        return self.changed is not None

    def take_back(self) -> None:
        """The household wants us to act again."""
        self.changed = None

    def _after_command(self, decision_id: str, report: ReadBack) -> ReadBackOutcome:
        self._owned = {
            entity: wanted
            for entity, wanted in report.wanted.items()
            if entity in report.shown and _same(wanted, report.shown[entity])
        }
        wrong = [
            f"{entity} shows {report.shown.get(entity, 'nothing')!r} instead of {wanted!r}"
            for entity, wanted in report.wanted.items()
            if entity not in self._owned
        ]
        return NotConfirmed(decision_id, "; ".join(wrong)) if wrong else Confirmed(decision_id)


def _differences(owned: Mapping[str, str], shown: Mapping[str, str]) -> list[str]:
    """What is not as we left it; an entity that is away says nothing."""
    return [
        f"{entity} was set to {shown[entity]!r}, we had {ours!r}"
        for entity, ours in owned.items()
        if entity in shown and shown[entity].lower() not in _UNKNOWN and not _same(ours, shown[entity])
    ]


def _same(one: str, other: str) -> bool:
    try:
        return abs(float(one) - float(other)) <= _SAME
    except ValueError:
        return one.strip().lower() == other.strip().lower()
