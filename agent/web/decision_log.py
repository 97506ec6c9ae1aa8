"""The decision log as the API shows it, read from the journal beside the service that writes it."""

from collections import OrderedDict
from datetime import datetime
from pathlib import Path

from agent.decision.constraint_words import Language
from agent.decision.explain import reason_in
from agent.decision.journal import Journal, open_journal
from agent.decision.record import Decision
from agent.decision.wording.problem_words import in_language
from agent.views.schemas import DecisionLine, Why

_REMEMBERED = 4096


class DecisionLog:
    """Reads what was decided; decisions never change, so a line once read is kept.

    Used from several threads: a race costs a second reading, never a wrong line.
    """

    def __init__(self, path: Path, home: str) -> None:
        self._path = path
        self._home = home
        self._lines: OrderedDict[tuple[str, Language], DecisionLine] = OrderedDict()

    def lines(
        self, *, since: datetime | None, until: datetime | None, limit: int, language: Language = "en"
    ) -> list[DecisionLine]:
        """The newest decisions in [since, until), newest first."""
        with open_journal(self._path, read_only=True) as journal:
            ids = journal.ids(self._home, since=since, until=until, limit=limit)
            return [self._line(journal, decision_id, language) for decision_id in ids]

    def why(self, decision_id: str, language: Language = "en") -> Why | None:
        """All that led to a decision of this home; None where there is none of that id."""
        with open_journal(self._path, read_only=True) as journal:
            decision = journal.decision(decision_id)
            if decision is None or decision.home != self._home:
                return None
            answers = journal.confirmations(decision_id)
        shown = decision.model_dump(include=set(Why.model_fields))
        why = Why(**shown, confirmed=answers[-1][0] if answers else None)
        return why.model_copy(update=_texts_in(decision, language))

    def _line(self, journal: Journal, decision_id: str, language: Language) -> DecisionLine:
        known = self._lines.get((decision_id, language))
        if known is None:
            decision = journal.decision(decision_id)
            if decision is None:
                raise LookupError(f"decision {decision_id!r} vanished from an append-only journal")
            known = self._lines[decision_id, language] = _line(decision, language)
            if len(self._lines) > _REMEMBERED:
                self._lines.popitem(last=False)
        return known


def _texts_in(decision: Decision, language: Language) -> dict[str, object]:
    """The texts of a decision in a language."""
    verdicts, neighbours = decision.verdicts, decision.neighbours
    return {
        "reason": reason_in(decision, language),
        "problems": tuple(in_language(one, language) for one in decision.problems),
        "verdicts": tuple(
            one.model_copy(update={"reasons": tuple(in_language(reason, language) for reason in one.reasons)})
            for one in verdicts
        ),
        "neighbours": tuple(near.model_copy(update={"why": in_language(near.why, language)}) for near in neighbours),
    }


def _line(decision: Decision, language: Language) -> DecisionLine:
    return DecisionLine(
        decision_id=decision.decision_id,
        at=decision.at,
        outcome=decision.outcome,
        mode=decision.command.mode.value if decision.command else None,
        soc=decision.snapshot.soc if decision.snapshot else None,
        reason=reason_in(decision, language),
        chosen=decision.chosen,
        chosen_by=decision.chosen_by,
        stake=decision.stake,
        levels=decision.command.levels_at(max(decision.at, decision.command.valid_from)) if decision.command else None,
    )
