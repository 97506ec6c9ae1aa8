"""The journal: every decision with everything that led to it, append-only, on disk."""

import sqlite3
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import orjson

from agent.decision.record import Decision
from energy.commands import Mode
from energy.errors import MemoryFault
from ingest.live.meter import MeteredSlot

_SCHEMA = """
CREATE TABLE IF NOT EXISTS decisions (
  id TEXT PRIMARY KEY, home TEXT NOT NULL, at TEXT NOT NULL, outcome TEXT NOT NULL, record BLOB NOT NULL
);
CREATE INDEX IF NOT EXISTS decisions_at ON decisions (home, at);
CREATE TABLE IF NOT EXISTS measured (
  home TEXT NOT NULL, slot TEXT NOT NULL, load_kw REAL NOT NULL, pv_kw REAL NOT NULL, soc REAL NOT NULL,
  pv_forecast_kw REAL, grid_import_kw REAL, grid_export_kw REAL, charge_kw REAL, discharge_kw REAL,
  temperature_c REAL, temperature_forecast_c REAL,
  PRIMARY KEY (home, slot)
);
CREATE TABLE IF NOT EXISTS confirmations (id TEXT NOT NULL, at TEXT NOT NULL, accepted INTEGER NOT NULL, detail TEXT);
CREATE TRIGGER IF NOT EXISTS decisions_stay BEFORE UPDATE ON decisions BEGIN SELECT RAISE(ABORT, 'append-only'); END;
CREATE TRIGGER IF NOT EXISTS decisions_last BEFORE DELETE ON decisions BEGIN SELECT RAISE(ABORT, 'append-only'); END;
"""


# Columns of `measured` that journals of earlier versions lack.
_ADDED = (
    *("grid_import_kw", "grid_export_kw", "charge_kw", "discharge_kw"),
    *("temperature_c", "temperature_forecast_c"),
)
_MEASURED = ("load_kw", "pv_kw", "soc", "pv_forecast_kw", *_ADDED)


class Journal:
    """Decisions, what the house made of them, and the means of the slots just measured.

    A `read_only` journal may be opened while the advisor writes, from any thread.
    """

    def __init__(self, path: Path, *, read_only: bool = False) -> None:
        try:
            self._db = _open_to_read(path) if read_only else _open_to_write(path)
        except sqlite3.DatabaseError as err:
            raise MemoryFault(
                f"journal {str(path)!r} cannot be opened: {err}; move it away to begin a new one"
            ) from err
        known = _columns(self._db)
        self._measured = [name if name in known else f"NULL AS {name}" for name in _MEASURED]

    def close(self) -> None:
        """Close the database."""
        self._db.close()

    def write(self, decision: Decision) -> None:
        """Append a decision; one made again from the same inputs has the same id and is there already."""
        record = zlib.compress(decision.model_dump_json().encode())
        self._db.execute(
            "INSERT OR IGNORE INTO decisions VALUES (?, ?, ?, ?, ?)",
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

    def ids(
        self, home: str, *, since: datetime | None = None, until: datetime | None = None, limit: int = 500
    ) -> list[str]:
        """Ids of the newest decisions of a home in [since, until), newest first."""
        rows = self._db.execute(
            "SELECT id FROM decisions WHERE home = ? AND at >= ? AND at < ? ORDER BY at DESC, rowid DESC LIMIT ?",
            (home, _text(since, ""), _text(until, "9999"), limit),
        )
        return [decision_id for (decision_id,) in rows]

    def decision(self, decision_id: str) -> Decision | None:
        """The decision of that id, of whatever home; None where there is none."""
        row = self._db.execute("SELECT record FROM decisions WHERE id = ?", (decision_id,)).fetchone()
        return _read(row[0]) if row else None

    def last(self, home: str | None = None, *, at: datetime | None = None) -> Decision | None:
        """The newest decision of a home, or of any; with `at` the newest not later than that.

        Times compare as text because all are UTC and of one form.
        """
        row = self._db.execute(
            "SELECT record FROM decisions WHERE home = coalesce(?, home) AND at <= ? ORDER BY rowid DESC LIMIT 1",
            (home, at.isoformat() if at else "9999"),
        ).fetchone()
        return _read(row[0]) if row else None

    def last_of_mode(self, home: str, mode: Mode, start: datetime, end: datetime) -> Decision | None:
        """The newest decision in [start, end) whose command was of a mode."""
        rows = self._db.execute(
            "SELECT record FROM decisions WHERE home = ? AND at >= ? AND at < ? ORDER BY at DESC, rowid DESC",
            (home, start.isoformat(), end.isoformat()),
        )
        for (record,) in rows:
            command = orjson.loads(zlib.decompress(record))["command"]
            if command is not None and command["mode"] == mode:
                return _read(record)
        return None

    def modes(self, home: str, start: datetime, end: datetime) -> list[tuple[str, datetime, str, float]]:
        """Id, time, mode and charge of the decisions in [start, end) that gave a command, oldest first."""
        rows = self._db.execute(
            "SELECT id, at, record FROM decisions WHERE home = ? AND at >= ? AND at < ? ORDER BY at, rowid",
            (home, start.isoformat(), end.isoformat()),
        )
        seen = ((name, at, orjson.loads(zlib.decompress(record))) for name, at, record in rows)
        return [
            (name, datetime.fromisoformat(at), one["command"]["mode"], one["snapshot"]["soc"])
            for name, at, one in seen
            if one["command"] is not None
        ]

    def outcomes(self, home: str, start: datetime, end: datetime) -> dict[str, int]:
        """How many decisions in [start, end) had each outcome."""
        rows = self._db.execute(
            "SELECT outcome, count(*) FROM decisions WHERE home = ? AND at >= ? AND at < ? GROUP BY outcome",
            (home, start.isoformat(), end.isoformat()),
        )
        return dict(rows.fetchall())

    def without_command(self, home: str, start: datetime, end: datetime) -> list[Decision]:
        """The decisions in [start, end) that gave no command, oldest first."""
        rows = self._db.execute(
            "SELECT record FROM decisions WHERE home = ? AND at >= ? AND at < ? AND outcome = 'no_command' "
            "ORDER BY at, rowid",
            (home, start.isoformat(), end.isoformat()),
        )
        return [_read(record) for (record,) in rows]

    def refused(self, home: str, start: datetime, end: datetime) -> int:
        """How many commands of decisions in [start, end) the house refused."""
        row = self._db.execute(
            "SELECT count(DISTINCT id) FROM confirmations JOIN decisions USING (id) "
            "WHERE home = ? AND decisions.at >= ? AND decisions.at < ? AND NOT accepted",
            (home, start.isoformat(), end.isoformat()),
        ).fetchone()
        return int(row[0])

    def measure(self, home: str, slot: MeteredSlot) -> None:
        """Keep the means of a finished slot, so that a restart forgets nothing of today."""
        self._db.execute(
            f"INSERT OR REPLACE INTO measured (home, slot, {', '.join(_MEASURED)}) "  # noqa: S608 (our own names)
            f"VALUES (?, ?{', ?' * len(_MEASURED)})",
            (home, slot.start.isoformat(), *(getattr(slot, name) for name in _MEASURED)),
        )

    def measured(self, home: str, start: datetime, end: datetime) -> list[MeteredSlot]:
        """Slots that began in [start, end), oldest first."""
        rows = self._db.execute(
            f"SELECT slot, {', '.join(self._measured)} FROM measured "  # noqa: S608 (our own names)
            "WHERE home = ? AND slot >= ? AND slot < ? ORDER BY slot",
            (home, start.isoformat(), end.isoformat()),
        )
        return [MeteredSlot(datetime.fromisoformat(slot), *values) for slot, *values in rows]

    def ends(self, home: str) -> list[MeteredSlot]:
        """The first and the last slot that was metered; empty if none was."""
        rows = self._db.execute("SELECT min(slot), max(slot) FROM measured WHERE home = ?", (home,)).fetchone()
        found = [datetime.fromisoformat(slot) for slot in rows if slot is not None]
        return [slot for start in found for slot in self.measured(home, start, start + timedelta(seconds=1))]


@contextmanager
def open_journal(path: Path, *, read_only: bool = False) -> Iterator[Journal]:
    """A journal that is closed at the end."""
    journal = Journal(path, read_only=read_only)
    try:
        yield journal
    finally:
        journal.close()


def _open_to_write(path: Path) -> sqlite3.Connection:
    path.parent.mkdir(parents=True, exist_ok=True)
    db = sqlite3.connect(path, isolation_level=None)
    db.execute("PRAGMA journal_mode=WAL")
    db.execute("PRAGMA synchronous=NORMAL")
    db.executescript(_SCHEMA)
    for name in sorted(set(_ADDED) - _columns(db)):
        db.execute(f"ALTER TABLE measured ADD COLUMN {name} REAL")
    return db


def _columns(db: sqlite3.Connection) -> set[str]:
    """Columns of `measured` in this file."""
    return {row[1] for row in db.execute("PRAGMA table_info(measured)")}


def _open_to_read(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, check_same_thread=False)


def _text(moment: datetime | None, otherwise: str) -> str:
    if moment is None:
        return otherwise
    try:
        return moment.astimezone(UTC).isoformat()
    except OverflowError:
        return f"{moment.year:04d}"  # within hours of the first or the last moment there is


def _read(record: bytes) -> Decision:
    return Decision.model_validate(orjson.loads(zlib.decompress(record)))
