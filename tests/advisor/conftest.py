"""A memory folder with two months of a shipped home and a day of decisions, for commands that read one."""

from datetime import date, timedelta
from pathlib import Path

import pytest

from agent.decision.decide import Situation, decide
from agent.decision.journal import open_journal
from energy.guard import Policy
from energy.slots import day_bounds
from ingest.history.recorded import shipped_history
from ingest.live.meter import MeteredSlot
from ingest.live.snapshot import Snapshot
from knowledge.forecast import shape_of
from knowledge.similar import FingerprintTable
from knowledge.store import DayStore

_HOME, _DAYS, _STEP = "citylearn-4", 60, timedelta(minutes=30)


@pytest.fixture(scope="session")
def played_memory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Its last day is 30 September 2016, decided for every two hours and metered without power sensors."""
    memory = tmp_path_factory.mktemp("memory")
    history = shipped_history(_HOME)
    earlier, today = history.days[:_DAYS], history.days[_DAYS]
    store = DayStore(memory / "days")
    store.remember_home(history.home)
    store.append(_HOME, earlier)
    near = FingerprintTable(history.home, earlier).rank(today.day, 8)
    shapes = {record.day: shape_of(record, history.home.tz, _STEP) for record in earlier}
    with open_journal(memory / "journal.sqlite") as journal:
        for hour, (load_kw, pv_kw) in enumerate(zip(today.load_kw, today.pv_kw, strict=True)):
            start = today.start + timedelta(hours=hour)
            for half in (0, 1):
                journal.measure(_HOME, MeteredSlot(start + half * _STEP, float(load_kw), float(pv_kw), 0.4))
            if hour % 2:
                continue
            situation = Situation(
                now=start,
                home=history.home,
                policy=Policy(),
                step=_STEP,
                horizon_hours=24,
                snapshot=Snapshot(start, float(load_kw), float(pv_kw), 0.4, None, None, None),
                neighbours=near,
                shapes=shapes,
            )
            journal.write(decide(situation))
    assert day_bounds(date(2016, 9, 30), history.home.tz)[0] == today.start
    return memory
