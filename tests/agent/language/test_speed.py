"""How long the first word of an answer takes with a year of half-hours behind it."""

import time
from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from agent.decision.journal import open_journal
from agent.language.answers.ask import AnswerPiece, Asker
from agent.queries import Sources
from ingest.live.meter import MeteredSlot
from knowledge.store import DayStore

_DAYS, _STEP = 365, timedelta(minutes=30)


@pytest.fixture(scope="module")
def year(
    known: Any, make_year_record: Callable[[date], Any], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Sources]:
    """A year of remembered days and of metered half-hours, and the decisions of its last day."""
    folder = tmp_path_factory.mktemp("year")
    store = DayStore(folder / "days")
    days = [known.today - timedelta(days=back) for back in range(_DAYS, 0, -1)]
    store.append(known.home.name, [make_year_record(day) for day in days])
    with open_journal(folder / "journal.sqlite") as journal:
        journal._db.execute("BEGIN")
        start = known.now - _DAYS * timedelta(days=1)
        for at in range(_DAYS * 48):
            slot = MeteredSlot(start + at * _STEP, 0.6, 0.2, 0.5, None, 0.4, 0.0, 0.0, 0.0)
            journal.measure(known.home.name, slot)
        for decision in known.journal.decisions(known.home.name):
            journal.write(decision)
        journal._db.execute("COMMIT")
    with open_journal(folder / "journal.sqlite", read_only=True) as journal:
        yield Sources(known.home, DayStore(folder / "days", read_only=True), journal)


QUESTIONS = (
    "Why did you do that?",
    "Why not charge now?",
    "What is the plan?",
    "What if the battery were at 80 %?",
    "How much did we use yesterday?",
    "Which day cost the most last year?",
    "Use per month last year",
    "days like today",
    "How much did the battery save last week?",
    "When should I run the dishwasher?",
)


def first_word_s(asker: Asker, question: str, now: datetime) -> float:
    began = time.perf_counter()
    next(piece for piece in asker.stream(question, now=now) if isinstance(piece, AnswerPiece))
    return time.perf_counter() - began


def test_the_first_word_comes_within_300_ms_with_a_year_of_history(known: Any, year: Sources) -> None:
    """Every question is asked three times and its best time counts: the machine is shared, the bound is of the code."""
    asker = Asker(year)
    asker.warm(known.now)
    best = {question: min(first_word_s(asker, question, known.now) for _ in range(3)) for question in QUESTIONS}
    assert max(best.values()) < 0.3, best
