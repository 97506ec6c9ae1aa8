"""The ingestion job: history into the day store, then into the index; safe to repeat and to interrupt."""

from collections.abc import Callable
from dataclasses import dataclass

from energy.home import Home
from ingest.history.table import History
from knowledge.days import completeness
from knowledge.embedder import TextEmbedder
from knowledge.index import MemoryIndex, Text
from knowledge.narrative import narrate
from knowledge.quality import flaws
from knowledge.similar import FingerprintTable
from knowledge.store import Appended, DayStore

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Report:
    """What an ingestion did; `unusable` days, counted by what is wrong, are kept but never used as neighbours.

    `poorer` days knew less than those that were stored, which stay.
    """

    days: Appended
    unusable: dict[str, int]
    indexed: int
    narratives: int
    poorer: int = 0


def ingest(history: History, store: DayStore, index: MemoryIndex, *, progress: Progress) -> Report:
    """Store a home's days, then index what the index lacks.

    The store comes first: after an interruption the next run indexes the rest and adds nothing twice.
    """
    home = history.home
    known = {record.day: completeness(record) for record in store.days(home.name)}
    days = [record for record in history.days if completeness(record) >= known.get(record.day, 0.0)]
    store.remember_home(home)
    appended = store.append(home.name, days)
    indexed, narratives = sync(home, store, index, progress=progress, texts=False)
    return Report(appended, flaws(days, home), indexed, narratives, len(history.days) - len(days))


def sync(home: Home, store: DayStore, index: MemoryIndex, *, progress: Progress, texts: bool = True) -> tuple[int, int]:
    """Bring the index in line with the store: fingerprints written, narratives written.

    Without `texts` no narrative is embedded: loading the model and embedding a year takes more processor time than all
    the rest, and no decision reads them. `advisor index rebuild` writes them.
    """
    records = store.days(home.name)
    table = FingerprintTable(home, records)
    indexed = index.sync_days(home.name, table)
    if not texts:
        return indexed, 0
    told = [Text(record.day, text) for record, text in zip(records, narrate(home, records), strict=True)]
    return indexed, index.sync_notes(home.name, told, TextEmbedder(), progress)
