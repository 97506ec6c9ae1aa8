"""The journal: every decision with everything that led to it, append-only, on disk."""

import sqlite3
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import orjson

from agent.decision import Decision
from energy.errors import MemoryFault
from ingest.meter import MeteredSlot

_SCHEMA = """
CREATE TABLE IF NOT EXISTS decisions (
  id TEXT PRIMARY KEY, home TEXT NOT NULL, at TEXT NOT NULL, outcome TEXT NOT NULL, record BLOB NOT NULL
);
CREATE INDEX IF NOT EXISTS decisions_at ON decisions (home, at);
CREATE TABLE IF NOT EXISTS measured (
  home TEXT NOT NULL, slot TEXT NOT NULL, load_kw REAL NOT NULL, pv_kw REAL NOT NULL, soc REAL NOT NULL,
  pv_forecast_kw REAL, PRIMARY KEY (home, slot)
);
CREATE TABLE IF NOT EXISTS confirmations (id TEXT NOT NULL, at TEXT NOT NULL, accepted INTEGER NOT NULL, detail TEXT);
CREATE TRIGGER IF NOT EXISTS decisions_stay BEFORE UPDATE ON decisions BEGIN SELECT RAISE(ABORT, 'append-only'); END;
CREATE TRIGGER IF NOT EXISTS decisions_last BEFORE DELETE ON decisions BEGIN SELECT RAISE(ABORT, 'append-only'); END;
"""


class Journal:
    """Decisions, what the house made of them, and the means of the slots just measured."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            self._db = sqlite3.connect(path, isolation_level=None)
            self._db.execute("PRAGMA journal_mode=WAL")
            self._db.execute("PRAGMA synchronous=NORMAL")
            self._db.executescript(_SCHEMA)
        except sqlite3.DatabaseError as err:
            raise MemoryFault(
                f"journal {str(path)!r} cannot be opened: {err}; move it away to begin a new one"
            ) from err

    def close(self) -> None:
        """Close the database."""
        self._db.close()

    def write(self, decision: Decision) -> None:
        """Append a decision."""
        record = zlib.compress(decision.model_dump_json().encode())
        self._db.execute(
            "INSERT INTO decisions VALUES (?, ?, ?, ?, ?)",
            (decision.decision_id, decision.home, decision.at.isoformat(), decision.outcome, record),
        )

    def confirm(self, decision_id: str, at: datetime, *, accepted: bool, detail: str) -> None:
        """Append what the house answered to a command."""
        self._db.execute(
            "INSERT INTO confirmations VALUES (?, ?, ?, ?)",
            (decision_id, at.isoformat(), int(accepted), detail),
        )

    def confirmations(self, decision_id: str) -> list[tuple[bool, str]]:
        """Answers of the house to one command, oldest first."""
        rows = self._db.execute(
            "SELECT accepted, detail FROM confirmations WHERE id = ? ORDER BY rowid", (decision_id,)
        )
        return [(bool(accepted), detail) for accepted, detail in rows]

    def decisions(self, home: str, *, since: datetime | None = None) -> list[Decision]:
        """Decisions of a home, oldest first."""
        rows = self._db.execute(
            "SELECT record FROM decisions WHERE home = ? AND at >= ? ORDER BY at, rowid",
            (home, since.isoformat() if since else ""),
        )
        return [_read(record) for (record,) in rows]

    def last(self, home: str | None = None, *, at: datetime | None = None) -> Decision | None:
        """The newest decision of a home, or of any; with `at` the newest not later than that.

        Times compare as text because all are UTC and of one form.
        """
        row = self._db.execute(
            "SELECT record FROM decisions WHERE home = coalesce(?, home) AND at <= ? ORDER BY rowid DESC LIMIT 1",
            (home, at.isoformat() if at else "9999"),
        ).fetchone()
        return _read(row[0]) if row else None

    def measure(self, home: str, slot: MeteredSlot) -> None:
        """Keep the means of a finished slot, so that a restart forgets nothing of today."""
        self._db.execute(
            "INSERT OR REPLACE INTO measured VALUES (?, ?, ?, ?, ?, ?)",
            (home, slot.start.isoformat(), slot.load_kw, slot.pv_kw, slot.soc, slot.pv_forecast_kw),
        )

    def measured(self, home: str, start: datetime, end: datetime) -> list[MeteredSlot]:
        """Slots that began in [start, end), oldest first."""
        rows = self._db.execute(
            "SELECT slot, load_kw, pv_kw, soc, pv_forecast_kw FROM measured "
            "WHERE home = ? AND slot >= ? AND slot < ? ORDER BY slot",
            (home, start.isoformat(), end.isoformat()),
        )
        return [MeteredSlot(datetime.fromisoformat(slot), *values) for slot, *values in rows]


@contextmanager
def open_journal(path: Path) -> Iterator[Journal]:
    """A journal that is closed at the end."""
    journal = Journal(path)
    try:
        yield journal
    finally:
        journal.close()


def _read(record: bytes) -> Decision:
    return Decision.model_validate(orjson.loads(zlib.decompress(record)))
