"""`python -m benchmarks answers`: how soon an answer's first word comes with a year behind it, beside a month."""

import json
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path

import typer

from advisor.memory import index_of, store_of
from agent.decision.decide import decide
from agent.decision.journal import Journal, open_journal
from agent.decision.recall import Recall
from agent.language.answers.ask import AnswerPiece, Asker
from agent.queries import Sources
from benchmarks.decision import situation
from energy.home import Home
from ingest.history.recorded import shipped_history, shipped_homes
from ingest.live.meter import MeteredSlot
from knowledge.days import DayRecord

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
_MONTH, _YEAR = 30, 300
_STEP = timedelta(minutes=30)
_DECISIONS, _ROUNDS = 48, 3


@dataclass(frozen=True, slots=True)
class FirstWord:
    """The best of some rounds, in milliseconds, with a month and with most of a year of half-hours."""

    question: str
    month_ms: float
    year_ms: float

    @property
    def ratio(self) -> float:
        """How much longer the longer memory takes."""
        return self.year_ms / self.month_ms


def bench(*, as_json: bool) -> None:
    """Measure and print."""
    measured = measure()
    if as_json:
        typer.echo(json.dumps([asdict(one) | {"ratio": one.ratio} for one in measured]))
        return
    typer.echo(f"time to the first word of an answer, with {_MONTH} and with {_YEAR} days of half-hours behind it:")
    for one in measured:
        typer.echo(f"  {one.question:42} {one.month_ms:6.0f} ms {one.year_ms:6.0f} ms, {one.ratio:.1f} times")


def measure() -> list[FirstWord]:
    """Both memories are warm, and asked in turns."""
    with _asker(_MONTH) as (month, now_month), _asker(_YEAR) as (year, now_year):
        return [
            FirstWord(asked, _best_ms(month, asked, now_month), _best_ms(year, asked, now_year)) for asked in QUESTIONS
        ]


def _best_ms(asker: Asker, question: str, now: datetime) -> float:
    return min(_first_word_ms(asker, question, now) for _ in range(_ROUNDS))


def _first_word_ms(asker: Asker, question: str, now: datetime) -> float:
    began = time.perf_counter()
    next(piece for piece in asker.stream(question, now=now) if isinstance(piece, AnswerPiece))
    return 1000 * (time.perf_counter() - began)


@contextmanager
def _asker(days: int) -> Iterator[tuple[Asker, datetime]]:
    """Who answers from a memory of so many days, the last of which was decided for."""
    history = shipped_history(shipped_homes()[0])
    known = history.days[:days]
    with tempfile.TemporaryDirectory() as folder:
        memory = Path(folder)
        store_of(memory).append(history.home.name, known)
        with open_journal(memory / "journal.sqlite") as journal:
            now = _live(memory, history.home, known, journal)
        with open_journal(memory / "journal.sqlite", read_only=True) as journal:
            asker = Asker(Sources(history.home, store_of(memory), journal))
            asker.warm(now)
            yield asker, now


def _live(memory: Path, home: Home, known: tuple[DayRecord, ...], journal: Journal) -> datetime:
    """Meter every half-hour, decide for a day, and tell when that ends."""
    with index_of(memory) as index:
        recall = Recall(home, store_of(memory), index, _STEP)
        made = [decide(situation(home, known, recall, number)) for number in range(_DECISIONS)]
    now = made[-1].at
    for at in range(len(known) * 48):
        journal.measure(home.name, MeteredSlot(now - (at + 1) * _STEP, 0.6, 0.2, 0.5, None, 0.4, 0.0, 0.0, 0.0))
    for decision in made:
        journal.write(decision)
    return now
