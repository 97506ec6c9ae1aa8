"""What a fresh process spends up to its first decision: everything the service imports, its index, a month of days."""

import json
import resource
import sys
import tempfile
from pathlib import Path

from advisor.memory import index_of, store_of
from agent.__main__ import serve
from agent.decision.decide import decide
from agent.decision.recall import Recall
from benchmarks.decision import RSS_UNIT, STEP, situation
from ingest.history.recorded import shipped_history, shipped_homes

_DAYS = 30


def first_decision() -> dict[str, float]:
    """Decide once; processor seconds of this process so far, and its memory at its peak in MB."""
    assert serve is not None  # noqa: S101 (imported for what its import costs)
    history = shipped_history(shipped_homes()[0])
    with tempfile.TemporaryDirectory() as folder:
        store = store_of(Path(folder))
        store.append(history.home.name, history.days[:_DAYS])
        with index_of(Path(folder)) as index:
            recall = Recall(history.home, store, index, STEP)
            decide(situation(history.home, history.days[:_DAYS], recall, 20))
            used = resource.getrusage(resource.RUSAGE_SELF)
    return {"cpu_s": used.ru_utime + used.ru_stime, "resident_mb": used.ru_maxrss * RSS_UNIT / 1e6}


if __name__ == "__main__":
    sys.stdout.write(json.dumps(first_decision()) + "\n")
