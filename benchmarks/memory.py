"""`python -m benchmarks memory`: how long ten years of days take to be indexed, and asked for those like today."""

import json
import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from datetime import timedelta
from pathlib import Path

import numpy as np
import typer

from energy.slots import day_bounds
from ingest.history.recorded import shipped_history, shipped_homes
from ingest.history.table import History
from knowledge.days import DayRecord
from knowledge.index import MemoryIndex
from knowledge.similar import FingerprintTable

_DAYS = 3650
_QUERIES = 50
_COARSE = 96


@dataclass(frozen=True, slots=True)
class MemoryBench:
    """Seconds to index the fingerprints of all days, and the median of a query in milliseconds."""

    days: int
    fingerprints_s: float
    query_ms: float


def measure_memory() -> MemoryBench:
    """A shipped home's year, ten times over with noise, into an empty index; then the days like each of the last."""
    history = shipped_history(shipped_homes()[0])
    home, records = history.home, _ten_years(history)
    with tempfile.TemporaryDirectory() as folder, MemoryIndex(Path(folder) / "index") as index:
        table = FingerprintTable(home, records)
        fingerprints_s = _timed(lambda: index.sync_days(home.name, table))

        def query(record: DayRecord) -> None:
            coarse = index.near(home.name, record.day, table.coordinate(record.day), _COARSE)
            table.rank(record.day, 12, among=coarse)

        times = [_timed(lambda record=record: query(record)) for record in records[-_QUERIES:]]  # type: ignore[misc]
    return MemoryBench(len(records), fingerprints_s, 1000 * statistics.median(times))


def _ten_years(history: History) -> list[DayRecord]:
    rng = np.random.default_rng(1)
    made = []
    for number in range(_DAYS):
        record = history.days[1 + number % (len(history.days) - 2)]
        day = history.days[0].day + timedelta(days=number)
        noisy_kw = record.load_kw * rng.uniform(0.9, 1.1, len(record.load_kw))
        made.append(replace(record, day=day, start=day_bounds(day, history.home.tz)[0], load_kw=noisy_kw))
    return made


def _timed(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def show_memory(*, as_json: bool) -> None:
    """Measure and tell."""
    found = measure_memory()
    if as_json:
        typer.echo(json.dumps(asdict(found)))
        return
    typer.echo(f"{found.days} days: fingerprints indexed in {found.fingerprints_s:.1f} s")
    typer.echo(f"the days like a day: median {found.query_ms:.1f} ms")
