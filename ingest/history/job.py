"""The ingestion job: history into the day store, then into the index; safe to repeat and to interrupt."""

from dataclasses import dataclass

from energy.home import Home
from ingest.history.table import History
from knowledge.days import completeness
from knowledge.index import MemoryIndex
from knowledge.quality import flaws
from knowledge.similar import FingerprintTable
from knowledge.store import Appended, DayStore


@dataclass(frozen=True, slots=True)
class Report:
    """What an ingestion did; `unusable` days, counted by what is wrong, are kept but never used as neighbours.

    `poorer` days knew less than those that were stored, which stay.
    """

    days: Appended
    unusable: dict[str, int]
    indexed: int
    poorer: int = 0


def ingest(history: History, store: DayStore, index: MemoryIndex) -> Report:
    """Store a home's days, then index what the index lacks.

    The store comes first: after an interruption the next run indexes the rest and adds nothing twice.
    """
    home = history.home
    known = {record.day: completeness(record) for record in store.days(home.name)}
    days = [record for record in history.days if completeness(record) >= known.get(record.day, 0.0)]
    store.remember_home(home)
    appended = store.append(home.name, days)
    return Report(appended, flaws(days, home), sync(home, store, index), len(history.days) - len(days))


def sync(home: Home, store: DayStore, index: MemoryIndex) -> int:
    """Bring the index in line with the store; returns how many fingerprints were written."""
    return index.sync_days(home.name, FingerprintTable(home, store.days(home.name)))
