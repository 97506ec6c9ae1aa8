"""Homes like this one, with a real Chroma server."""

import gc
import os
import subprocess
import sys
import time
import warnings
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest

from energy.errors import TransportError
from energy.slots import DAY
from fleet.archive import Archive
from fleet.planning import Planning
from fleet.streams import Shard
from knowledge.days import DayRecord
from knowledge.forecast import shape_of
from knowledge.home_index import HomeIndex
from knowledge.like_homes import home_vector, lent_dates
from knowledge.store import DayStore
from tests.conftest import free_port, missing
from tests.fleet.test_worker import NOON, decisions, home, readings, seat, shard, work_off

__all__ = ["shard"]  # a fixture
# Chroma's client leaves sockets of its own to the garbage collector: it takes them before the next module's tests.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
HOUR = timedelta(hours=1)


@pytest.fixture
def index(chroma: str) -> Iterator[HomeIndex]:
    with closing(HomeIndex(chroma)) as opened:
        yield opened


@pytest.fixture(scope="module")
def chroma(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    program, port = Path(sys.executable).with_name("chroma"), free_port()
    if not program.exists():
        missing("chroma is not installed: pip install chromadb")
    command = [str(program), "run", "--path", str(tmp_path_factory.mktemp("chroma")), "--port", str(port)]
    quiet = os.environ | {"ANONYMIZED_TELEMETRY": "False"}
    with subprocess.Popen(
        [*command, "--host", "127.0.0.1"], env=quiet, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as server:
        try:
            with closing(HomeIndex(f"127.0.0.1:{port}")) as index:
                _await(index)
            yield f"127.0.0.1:{port}"
        finally:
            server.kill()
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", ResourceWarning)
                gc.collect()


def _await(index: HomeIndex) -> None:
    deadline = time.monotonic() + 120
    while True:
        try:
            return index.check()
        except TransportError:
            assert time.monotonic() < deadline, "it never answered"
            time.sleep(0.2)


def lived(name: str, load_kw: float, *, days: int, folder: Path, evening: float = 1.0) -> DayStore:
    """A home's last days before that of NOON, in the store: so much load, more of it in the evening."""
    hourly = np.full(24, load_kw)
    hourly[18:21] *= evening
    start = NOON.replace(hour=0)
    store = DayStore(folder)
    store.remember_home(home(name).home)
    past = (start - back * DAY for back in range(days, 0, -1))
    store.append(name, [DayRecord(name, at.date(), at, HOUR, hourly, np.zeros(24)) for at in past])
    return store


def vector_of(name: str, store: DayStore) -> np.ndarray:
    facts = home(name).home
    return home_vector(facts, [shape_of(one, facts.tz, HOUR) for one in store.days(name)])


def test_the_nearest_homes_are_those_of_like_load_in_the_same_zone(index: HomeIndex, tmp_path: Path) -> None:
    for name, load_kw in (("thrifty", 0.2), ("usual", 0.5), ("lavish", 3.0)):
        index.put(home(name).home, vector_of(name, lived(name, load_kw, days=8, folder=tmp_path)))
    far = home("elsewhere").home.model_copy(update={"zone": "Asia/Tokyo"})
    index.put(far, vector_of("usual", DayStore(tmp_path)))
    new = lived("new", 2.5, days=1, folder=tmp_path)
    assert index.near(home("new").home, vector_of("new", new), 2) == ["lavish", "usual"]
    # A home that has changed is known as it is now.
    index.put(home("lavish").home, vector_of("thrifty", DayStore(tmp_path)))
    assert index.near(home("new").home, vector_of("new", new), 1) == ["usual"]


def test_a_new_home_is_planned_for_with_the_days_of_homes_alike(index: HomeIndex, shard: Shard, tmp_path: Path) -> None:
    """The archive says what bob is like; ada has no day of her own, and is lent bob's."""
    lived("bob", 0.6, days=9, folder=tmp_path, evening=4.0)
    for at in (NOON - timedelta(hours=12, minutes=5), NOON - timedelta(hours=12)):
        shard.add(readings("bob", at), {})
    work_off(seat(shard, Archive(shard, tmp_path, likes=index)))
    planning = Planning(shard, tmp_path, likes=index)
    shard.add(readings("ada", NOON), {})
    work_off(seat(shard, planning))
    assert ("ada", NOON.isoformat(), "published") in decisions(shard)
    lent = planning._pasts["ada"].lent
    assert [one.day for one in lent] == lent_dates(len(lent))
    assert lent
    assert all(one.hourly_load_kw[19] == pytest.approx(2.4) for one in lent)
    assert planning._pasts["ada"].recall.known_days(NOON.date()) == 0


def test_without_its_server_a_fleet_goes_on_and_says_so_once(
    shard: Shard, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    index = HomeIndex(f"127.0.0.1:{free_port()}")
    with pytest.raises(TransportError, match="start one with chroma run"):
        index.check()
    for name in ("ada", "bob"):
        shard.add(readings(name, NOON), {})
    work_off(seat(shard, Planning(shard, tmp_path, likes=index)))
    assert {outcome for _, _, outcome in decisions(shard)} == {"published"}
    assert sum("Chroma server" in line for line in caplog.messages) == 1
