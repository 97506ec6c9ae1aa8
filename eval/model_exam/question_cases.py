"""Questions about a recorded home's own past, in English and Spanish, with answers computed from its days alone."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from agent.decision.journal import Journal, open_journal
from agent.queries import Sources
from eval.model_exam.choice_cases import EXAM_HOME
from ingest.history.recorded import shipped_history
from ingest.history.table import History
from knowledge.days import DayRecord
from knowledge.store import DayStore

# A Wednesday at noon, with half a year behind it.
TODAY, _HOUR = date(2017, 2, 15), 12
_DAY = timedelta(days=1)
# A tenth of a unit is what an answer shows.
_SHOWN = 0.0501


@dataclass(frozen=True, slots=True)
class QuestionCase:
    """A question and what its answer must hold: a number in a unit, or a date."""

    lang: str
    text: str
    want: float | date

    def is_in(self, facts: dict[str, str]) -> bool:
        """Whether one of an answer's facts says it, as exactly as answers are shown."""
        if isinstance(self.want, date):
            return self.want.isoformat() in facts.values()
        return any(abs(value - self.want) <= _SHOWN for value in map(_number, facts.values()) if value is not None)


@cache
def _history() -> History:
    return shipped_history(EXAM_HOME)


@contextmanager
def known_home(write: Callable[[Journal], None] | None = None) -> Iterator[tuple[Sources, datetime]]:
    """The home's past up to today in a memory of its own, and the moment it is asked at; `write` fills its journal."""
    history = _history()
    days = [record for record in history.days if record.day < TODAY]
    now = datetime(TODAY.year, TODAY.month, TODAY.day, _HOUR, tzinfo=history.home.tz)
    with TemporaryDirectory() as folder:
        store = DayStore(Path(folder) / "days")
        store.remember_home(history.home)
        store.append(history.home.name, days)
        with open_journal(Path(folder) / "journal.sqlite") as journal:
            if write is not None:
                write(journal)
            yield Sources(history.home, store, journal), now


def question_cases() -> list[QuestionCase]:
    """Every question in both languages, with its answer."""
    return [
        QuestionCase(lang, text, want(_days(first, last)))
        for first, last, want, texts in _asked()
        for lang, text in zip(("en", "es"), texts, strict=True)
    ]


_Want = Callable[[list[DayRecord]], float | date]


def _asked() -> Iterator[tuple[date, date, _Want, tuple[str, str]]]:
    yesterday, monday = TODAY - _DAY, TODAY - timedelta(days=TODAY.weekday())
    week = (monday - 7 * _DAY, monday - _DAY)
    january = (date(2017, 1, 1), date(2017, 1, 31))
    december = (date(2016, 12, 1), date(2016, 12, 31))
    for first, last, en, es in (
        (yesterday, yesterday, "yesterday", "ayer"),
        (*week, "last week", "la semana pasada"),
        (*january, "in January", "en enero"),
        (*december, "in December", "en diciembre"),
        (date(2017, 2, 3), date(2017, 2, 3), "on 2017-02-03", "el 2017-02-03"),
    ):
        yield first, last, _load_kwh, (f"How much did we use {en}?", f"¿Cuánto consumimos {es}?")
        yield first, last, _pv_kwh, (f"How much solar did we make {en}?", f"¿Cuánto sol produjimos {es}?")
    for first, last, en, es in ((*january, "in January", "en enero"), (*december, "in December", "en diciembre")):
        yield first, last, _most_load, (f"Which day did we use the most {en}?", f"¿Qué día consumimos más {es}?")
        yield first, last, _least_load, (f"Which day did we use the least {en}?", f"¿Qué día consumimos menos {es}?")
        yield first, last, _most_sun, (f"Which day had the most sun {en}?", f"¿Qué día hubo más sol {es}?")


def _days(first: date, last: date) -> list[DayRecord]:
    return [record for record in _history().days if first <= record.day <= last]


def _kwh(record: DayRecord, power_kw: np.ndarray) -> float:
    return float(np.nansum(power_kw)) * record.step.total_seconds() / 3600


def _load_kwh(days: list[DayRecord]) -> float:
    return sum(_kwh(record, record.load_kw) for record in days)


def _pv_kwh(days: list[DayRecord]) -> float:
    return sum(_kwh(record, record.pv_kw) for record in days)


def _most_load(days: list[DayRecord]) -> date:
    return max(days, key=lambda record: _kwh(record, record.load_kw)).day


def _least_load(days: list[DayRecord]) -> date:
    return min(days, key=lambda record: _kwh(record, record.load_kw)).day


def _most_sun(days: list[DayRecord]) -> date:
    return max(days, key=lambda record: _kwh(record, record.pv_kw)).day


def _number(text: str) -> float | None:
    try:
        return float(text.split(maxsplit=1)[0].replace(",", ""))
    except (ValueError, IndexError):
        return None
