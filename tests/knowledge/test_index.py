import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import chromadb
import pytest

from energy.errors import MemoryFault, NotWritable
from energy.home import Home
from knowledge.days import DayRecord
from knowledge.index import MemoryIndex, is_sound
from knowledge.similar import FingerprintTable

DayMaker = Callable[..., list[DayRecord]]


def test_syncing_twice_writes_once_and_survives_reopening(tmp_path: Path, home: Home, make_days: DayMaker) -> None:
    table = FingerprintTable(home, make_days(60))
    with MemoryIndex(tmp_path / "index") as index:
        assert index.sync_days("test", table) == 60
        assert index.sync_days("test", table) == 0
    with MemoryIndex(tmp_path / "index") as index:
        assert index.stats().days == {"test": 60}
        assert index.sync_days("test", table) == 0
        index.clear()
        assert index.sync_days("test", table) == 60


def test_coarse_search_finds_the_exact_neighbours_and_never_a_later_day(
    tmp_path: Path, home: Home, make_days: DayMaker
) -> None:
    table = FingerprintTable(home, make_days(200))
    with MemoryIndex(tmp_path / "index") as index:
        index.sync_days("test", table)
        for at in (40, 120, 199):
            asked = table.days[at]
            coarse = index.near("test", asked, table.coordinate(asked), 64)
            assert coarse <= set(table.days[:at])
            assert len(coarse) == min(64, at)
            assert index.near("another", asked, table.coordinate(asked), 64) == frozenset()
            exact = {near.day for near in table.rank(asked, 8)}
            assert len(exact & coarse) >= 7


def test_a_vanished_day_is_taken_out(tmp_path: Path, home: Home, make_days: DayMaker) -> None:
    records = make_days(50)
    with MemoryIndex(tmp_path / "index") as index:
        index.sync_days("test", FingerprintTable(home, records))
        assert index.sync_days("test", FingerprintTable(home, records[:45])) == 0
        assert index.stats().days == {"test": 45}


@pytest.mark.parametrize("name", ["days", "days-1-0a1b2c3d"])
def test_fingerprints_of_another_definition_are_counted_and_give_way(
    tmp_path: Path, home: Home, make_days: DayMaker, name: str
) -> None:
    client = chromadb.PersistentClient(str(tmp_path / "index"))
    older = client.create_collection(name, embedding_function=None)
    older.add(ids=["test:2025-01-01", "test:2025-01-02"], embeddings=[[0.1] * 23, [0.2] * 23])
    client.close()
    table = FingerprintTable(home, make_days(40))
    with MemoryIndex(tmp_path / "index") as index:
        assert index.stats().outdated == 2
        assert index.sync_days("test", table) == 40
        assert index.stats().outdated == 0
        assert index.near("test", table.days[-1], table.coordinate(table.days[-1]), 8) <= set(table.days)


def test_a_second_owner_is_told_who_the_first_is(tmp_path: Path) -> None:
    code = (
        "import sys, time; from pathlib import Path; from knowledge.index import MemoryIndex\n"
        "with MemoryIndex(Path(sys.argv[1])): print('open', flush=True); time.sleep(60)"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "index")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as owner:
        assert owner.stdout is not None
        assert owner.stdout.readline() == "open\n"
        with pytest.raises(MemoryFault, match=f"in use by process {owner.pid}"), MemoryIndex(tmp_path / "index"):
            pass
        owner.kill()
    # A killed owner leaves no lock behind, and its index is checked before it is used.
    with MemoryIndex(tmp_path / "index") as index:
        assert index.stats().days == {}


def test_a_damaged_index_is_set_aside_and_filled_again(
    tmp_path: Path, home: Home, make_days: DayMaker, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "index"
    table = FingerprintTable(home, make_days(40))
    with MemoryIndex(path) as index:
        index.sync_days("test", table)
    path.with_name("index.owner").write_text("12345")
    (path / "chroma.sqlite3").write_bytes(b"this is no database" * 100)
    assert not is_sound(path)
    with MemoryIndex(path) as index:
        assert index.sync_days("test", table) == 40
        assert "damaged and is filled again" in index.fault
    assert "damaged" in caplog.text
    with MemoryIndex(path) as index:
        assert not index.fault


def test_an_index_damaged_after_a_clean_stop_is_set_aside_too(
    tmp_path: Path, home: Home, make_days: DayMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, table = tmp_path / "index", FingerprintTable(home, make_days(40))
    with MemoryIndex(path) as index:
        index.sync_days("test", table)
    database = path / "chroma.sqlite3"
    content = bytearray(database.read_bytes())
    content[100 : len(content) // 2] = bytes(len(content) // 2 - 100)
    database.write_bytes(content)
    with MemoryIndex(path) as index:
        assert index.sync_days("test", table) == 40
    # One that is byte for byte as it was left is not checked again: that takes seconds.
    monkeypatch.setattr("knowledge.index.is_sound", lambda _path: pytest.fail("checked without need"))
    with MemoryIndex(path) as index:
        assert index.sync_days("test", table) == 0


def test_a_check_that_does_not_end_counts_as_damage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with MemoryIndex(tmp_path / "index"):
        pass
    monkeypatch.setattr("knowledge.index._CHECK_TIMEOUT_S", 0.01)
    assert not is_sound(tmp_path / "index")


def test_a_folder_that_cannot_be_written_is_told_as_such(tmp_path: Path) -> None:
    (tmp_path / "memory").write_bytes(b"a file where a folder should be")
    with pytest.raises(NotWritable, match="cannot be written"), MemoryIndex(tmp_path / "memory" / "index"):
        pass
