"""`python -m benchmarks decision`: how long a whole decision takes without a model, and what the service holds."""

import json
import resource
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import typer

from advisor.memory import index_of, store_of
from agent.decision.decide import Situation, decide
from agent.decision.journal import open_journal
from agent.decision.recall import Recall
from agent.service.feed import Problems
from agent.service.open_bill import OpenBill
from energy.guard import Policy
from energy.home import Home
from energy.pricing.contract import Contract
from energy.slots import day_bounds
from ingest.history.recorded import shipped_history, shipped_homes
from ingest.live.snapshot import Snapshot
from knowledge.days import DayRecord
from knowledge.fingerprint import NOTHING_EXPECTED
from knowledge.forecast import DayShape, shape_of

STEP = timedelta(minutes=30)
_MEMBERS = 12
_DECISIONS = 96
_HISTORY_DAYS = 300
RULED = Contract.model_validate(
    {
        "import_terms": [
            {
                "name": "energy",
                "price": {
                    "periods": [
                        {"name": "peak", "price": 0.5, "from_hour": 16, "to_hour": 21},
                        {"name": "base", "price": 0.21},
                    ]
                },
            }
        ],
        "export_terms": [{"name": "surplus", "price": 0.05}],
        "netting": [{"interval": "hour"}],
        "credit": {"cap": "energy_bought"},
        "peaks": [{"per_kw_month": 4.0}],
        "taxes": [{"name": "VAT", "percent": 21, "on": ["all"]}],
    }
)
# The kernel counts peak memory in kilobytes, except on macOS.
RSS_UNIT = 1 if sys.platform == "darwin" else 1024


@dataclass(frozen=True, slots=True)
class Bench:
    """Latencies in milliseconds, resident memory at its peak in MB; `ruled_` under a tariff with rules of the bill."""

    decisions: int
    members: int
    slots: int
    history_days: int
    median_ms: float
    p95_ms: float
    ruled_median_ms: float
    ruled_p95_ms: float
    resident_mb: float


def bench(*, as_json: bool) -> None:
    """Measure and print."""
    measured = measure()
    if as_json:
        typer.echo(json.dumps(asdict(measured)))
        return
    typer.echo(
        f"a whole decision (snapshot, recall, plan of {measured.members} futures over {measured.slots} half-hours, "
        f"guard, journal) with {measured.history_days} days of memory:\n"
        f"  median {measured.median_ms:.1f} ms, 95th percentile {measured.p95_ms:.1f} ms, n = {measured.decisions}\n"
        f"under a capped credit, netting within the hour and a peak charge, with the month to date:\n"
        f"  median {measured.ruled_median_ms:.1f} ms, 95th percentile {measured.ruled_p95_ms:.1f} ms\n"
        f"  resident memory {measured.resident_mb:.0f} MB at its peak",
    )


def measure() -> Bench:
    """Make a day's decisions twice over on a shipped home, with memory and journal on disk, and again under rules."""
    history = shipped_history(shipped_homes()[0])
    home, known = history.home, history.days[:_HISTORY_DAYS]
    plain, ruled = _decided(home, known), _decided(home.model_copy(update={"tariff": RULED}), known)
    return Bench(
        decisions=len(plain),
        members=_MEMBERS,
        slots=timedelta(hours=24) // STEP,
        history_days=len(known),
        median_ms=statistics.median(plain),
        p95_ms=float(np.quantile(plain, 0.95)),
        ruled_median_ms=statistics.median(ruled),
        ruled_p95_ms=float(np.quantile(ruled, 0.95)),
        resident_mb=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * RSS_UNIT / 1e6,
    )


def _decided(home: Home, known: Sequence[DayRecord]) -> list[float]:
    """Milliseconds of each decision."""
    times = []
    with tempfile.TemporaryDirectory() as folder:
        memory = Path(folder)
        store = store_of(memory)
        store.append(home.name, known)
        with index_of(memory) as index, open_journal(memory / "journal.sqlite") as journal:
            recall, bill = Recall(home, store, index, STEP), OpenBill(home, journal, STEP, Problems())
            for number in range(_DECISIONS):
                began = time.perf_counter()
                due = situation(home, known, recall, number)
                journal.write(decide(replace(due, bill=bill.at(due.now, home, recall.shapes()))))
                times.append(1000 * (time.perf_counter() - began))
    return times


def situation(home: Home, known: Sequence[DayRecord], recall: Recall, number: int) -> Situation:
    """What is known at the half-hour of that number on the day after the last one known."""
    today = known[-1].day + timedelta(days=1)
    start, _ = day_bounds(today, home.tz)
    now, so_far = start + number % 48 * STEP, _so_far(today, shape_of(known[0], home.tz, STEP), number % 48)
    return Situation(
        now=now,
        home=home,
        policy=Policy(),
        step=STEP,
        horizon_hours=24,
        snapshot=Snapshot(now, load_kw=0.8, pv_kw=0.0, soc=0.4, grid_kw=0.8, battery_kw=0.0, temperature_c=None),
        neighbours=recall.neighbours(so_far, _MEMBERS, NOTHING_EXPECTED),
        shapes=recall.shapes(),
    )


def _so_far(today: date, like: DayShape, slots: int) -> DayShape:
    """Today as another day was, up to a slot."""
    load_kw, pv_kw = like.load_kw.copy(), like.pv_kw.copy()
    load_kw[slots:], pv_kw[slots:] = np.nan, np.nan
    return DayShape(today, load_kw, pv_kw)
