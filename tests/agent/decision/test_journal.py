"""What the journal keeps, and what it does where it cannot keep it."""

import random
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from agent.decision.decide import Situation, decide
from agent.decision.journal import open_journal
from ingest.live.meter import MeteredSlot

NOON = datetime(2026, 1, 14, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
LATER = NOON + HOUR
SLOT = MeteredSlot(NOON, 1.2, 0.3, 0.5, 0.4, 0.9, 0.0, 0.0, 0.0, 3.5, 2.25)


def test_a_slot_is_kept_with_its_temperature_and_what_was_told_of_it(tmp_path: Path) -> None:
    with open_journal(tmp_path / "journal.sqlite") as journal:
        journal.measure("home", SLOT)
        assert journal.measured("home", NOON, NOON.replace(hour=13)) == [SLOT]


def test_a_damaged_file_is_set_aside_and_a_new_one_begun(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    path.write_bytes(b"this is no database" * 100)
    with open_journal(path) as journal:
        assert "was damaged" in journal.fault
        journal.measure("home", SLOT)
    with open_journal(path) as journal:
        assert journal.fault == ""
        assert journal.measured("home", NOON, LATER) == [SLOT]
    assert path.with_name("journal.sqlite.damaged").exists()


@pytest.mark.parametrize("seed", range(10))
def test_flipped_bytes_never_stop_it(tmp_path: Path, seed: int, make_situation: Callable[..., Situation]) -> None:
    path, rng = tmp_path / "journal.sqlite", random.Random(seed)  # noqa: S311 (no secret)
    decision = decide(make_situation())
    with open_journal(path) as journal:
        journal.write(decision)
        journal.measure("home", SLOT)
    content = bytearray(path.read_bytes())
    for _ in range(8):
        content[rng.randrange(len(content))] ^= 1 << rng.randrange(8)
    path.write_bytes(content)
    with open_journal(path) as journal:
        journal.last("test")
        journal.measured("home", NOON, LATER)
        journal.modes("test", NOON, LATER)
        journal.measure("home", replace(SLOT, start=LATER))
        assert journal.measured("home", LATER, LATER + HOUR) == [replace(SLOT, start=LATER)]


def test_what_a_full_disk_does_not_take_is_written_when_it_takes_it_again(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    with open_journal(path) as journal:
        blocker = sqlite3.connect(path, isolation_level=None, timeout=0)
        journal._db.execute("PRAGMA busy_timeout=0")
        blocker.execute("BEGIN IMMEDIATE")
        journal.measure("home", SLOT)
        assert "cannot be written now" in journal.fault
        blocker.execute("COMMIT")
        blocker.close()
        journal.measure("home", replace(SLOT, start=LATER))
        assert journal.fault == ""
        assert journal.measured("home", NOON, LATER + HOUR) == [SLOT, replace(SLOT, start=LATER)]


def test_a_place_that_cannot_be_written_is_told_and_nothing_stops(tmp_path: Path) -> None:
    (tmp_path / "memory").write_bytes(b"")
    with open_journal(tmp_path / "memory" / "journal.sqlite") as journal:
        assert "until the next start" in journal.fault
        journal.measure("home", SLOT)
        assert journal.measured("home", NOON, LATER) == [SLOT]


def test_old_decisions_go_and_newer_ones_cannot(tmp_path: Path, make_situation: Callable[..., Situation]) -> None:
    path, now = tmp_path / "journal.sqlite", make_situation().now
    old, new = (
        decide(make_situation()),
        decide(make_situation()).model_copy(update={"decision_id": "b", "at": now + HOUR}),
    )
    with open_journal(path) as journal:
        journal.write(old)
        journal.write(new)
        journal.prune(now + HOUR / 2)
        assert [one.decision_id for one in journal.decisions(old.home)] == ["b"]
        with pytest.raises(sqlite3.IntegrityError, match="append-only"):
            journal._db.execute("DELETE FROM decisions")


def test_only_its_owner_may_read_it(tmp_path: Path) -> None:
    with open_journal(tmp_path / "journal.sqlite") as journal:
        journal.measure("home", SLOT)
        assert {path.stat().st_mode & 0o777 for path in tmp_path.glob("journal.sqlite*")} == {0o600}


def test_a_journal_used_from_the_wrong_thread_is_not_taken_for_damaged(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    with open_journal(path) as journal:
        journal.measure("home", SLOT)
        with ThreadPoolExecutor(1) as other, pytest.raises(sqlite3.ProgrammingError):
            other.submit(journal.measured, "home", NOON, LATER).result()
        assert journal.measured("home", NOON, LATER) == [SLOT]
    assert [one.name for one in tmp_path.glob("*.damaged*")] == []
