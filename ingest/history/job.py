"""The ingestion job: history into the day store, then into the index; safe to repeat and to interrupt."""

from collections.abc import Callable
from dataclasses import dataclass

from energy.home import Home
from ingest.history.table import History
from knowledge.embedder import TextEmbedder
from knowledge.index import MemoryIndex, Text
from knowledge.narrative import narrate
from knowledge.quality import flaws
from knowledge.similar import FingerprintTable
from knowledge.store import Appended, DayStore

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Report:
    """What an ingestion did; `unusable` days, counted by what is wrong, are kept but never used as neighbours."""

    days: Appended
    unusable: dict[str, int]
    indexed: int
    narratives: int


def ingest(history: History, store: DayStore, index: MemoryIndex, *, progress: Progress) -> Report:
    """Store a home's days, then index what the index lacks.

    The store comes first: after an interruption the next run indexes the rest and adds nothing twice.
    """
    home = history.home
    store.remember_home(home)
    appended = store.append(home.name, history.days)
    indexed, narratives = sync(home, store, index, progress=progress)
    return Report(appended, flaws(history.days, home), indexed, narratives)


def sync(home: Home, store: DayStore, index: MemoryIndex, *, progress: Progress) -> tuple[int, int]:
    """Bring the index in line with the store: fingerprints written, narratives written."""
    records = store.days(home.name)
    table = FingerprintTable(home, records)
    texts = [Text(record.day, told) for record, told in zip(records, narrate(home, records), strict=True)]
    indexed = index.sync_days(home.name, table)
    return indexed, index.sync_notes(home.name, texts, TextEmbedder(), progress)
