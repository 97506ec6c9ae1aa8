"""The journal's measured slots, in files of this version and of earlier ones."""

import sqlite3
from datetime import UTC, datetime
from pathlib import Path

from agent.journal import open_journal
from ingest.meter import MeteredSlot

NOON = datetime(2026, 1, 14, 12, tzinfo=UTC)
SLOT = MeteredSlot(NOON, 1.2, 0.3, 0.5, 0.4, 0.9, 0.0, 0.0, 0.0, 3.5, 2.25)


def test_a_slot_is_kept_with_its_temperature_and_what_was_told_of_it(tmp_path: Path) -> None:
    with open_journal(tmp_path / "journal.sqlite") as journal:
        journal.measure("home", SLOT)
        assert journal.measured("home", NOON, NOON.replace(hour=13)) == [SLOT]


def test_a_journal_of_an_earlier_version_is_read_and_written_on(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    with sqlite3.connect(path) as old:
        old.execute(
            "CREATE TABLE measured (home TEXT NOT NULL, slot TEXT NOT NULL, load_kw REAL NOT NULL, "
            "pv_kw REAL NOT NULL, soc REAL NOT NULL, pv_forecast_kw REAL, PRIMARY KEY (home, slot))"
        )
        old.execute("INSERT INTO measured VALUES ('home', ?, 1.0, 0.5, 0.4, NULL)", (NOON.isoformat(),))
    old.close()
    one = MeteredSlot(NOON, 1.0, 0.5, 0.4)
    with open_journal(path, read_only=True) as journal:
        assert journal.measured("home", NOON, NOON.replace(hour=13)) == [one]
    with open_journal(path) as journal:
        journal.measure("home", SLOT)
        assert journal.measured("home", NOON, NOON.replace(hour=13)) == [SLOT]
