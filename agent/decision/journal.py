"""The journal: every decision with everything that led to it, append-only, on disk."""

import logging
import sqlite3
import zlib
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
from pydantic import ValidationError

from agent.decision.record import Decision
from energy.commands import Mode
from energy.errors import MemoryFault
from ingest.live.meter import MeteredSlot
from knowledge.private import private_file, private_folder

_log = logging.getLogger(__name__)

# What waits for a disk that is full: a day of slots and decisions and a little more.
_MOST_WAITING = 500
# Beyond what any home measures, in any unit that is kept.
_MOST = 10_000

_SCHEMA = """
CREATE TABLE IF NOT EXISTS decisions (
  id TEXT PRIMARY KEY, home TEXT NOT NULL, at TEXT NOT NULL, outcome TEXT NOT NULL, record BLOB NOT NULL
);
CREATE INDEX IF NOT EXISTS decisions_at ON decisions (home, at);
CREATE TABLE IF NOT EXISTS measured (
  home TEXT NOT NULL, slot TEXT NOT NULL, load_kw REAL NOT NULL, pv_kw REAL NOT NULL, soc REAL NOT NULL,
  pv_forecast_kw REAL, grid_import_kw REAL, grid_export_kw REAL, charge_kw REAL, discharge_kw REAL,
  temperature_c REAL, temperature_forecast_c REAL, pv_nowcast_kw REAL, devices_kw REAL,
  PRIMARY KEY (home, slot)
);
CREATE TABLE IF NOT EXISTS confirmations (id TEXT NOT NULL, at TEXT NOT NULL, accepted INTEGER NOT NULL, detail TEXT);
CREATE TRIGGER IF NOT EXISTS decisions_stay BEFORE UPDATE ON decisions BEGIN SELECT RAISE(ABORT, 'append-only'); END;
CREATE TABLE IF NOT EXISTS pruned (before TEXT NOT NULL);
DROP TRIGGER IF EXISTS decisions_last;
CREATE TRIGGER decisions_last BEFORE DELETE ON decisions
WHEN OLD.at >= coalesce((SELECT max(before) FROM pruned), '') BEGIN SELECT RAISE(ABORT, 'append-only'); END;
"""


# Columns of `measured` that journals of earlier versions lack.
_ADDED = (
    *("grid_import_kw", "grid_export_kw", "charge_kw", "discharge_kw"),
    *("temperature_c", "temperature_forecast_c", "pv_nowcast_kw", "devices_kw"),
)
_MEASURED = ("load_kw", "pv_kw", "soc", "pv_forecast_kw", *_ADDED)


class Journal:
    """Decisions, what the house made of them, and the means of the slots just measured.

    A `read_only` journal may be opened while the advisor writes, from any thread. One to write in never stops its
    owner: a damaged file is set aside, and what cannot be written now is written later; `fault` says what is wrong.
    """

    def __init__(self, path: Path, *, read_only: bool = False) -> None:
        self.fault = ""
        self._path = path
        self._read_only = read_only
        self._waiting: deque[tuple[str, tuple[object, ...]]] = deque(maxlen=_MOST_WAITING)
        self._db = self._open()
        known = _columns(self._db)
        self._measured = [name if name in known else f"NULL AS {name}" for name in _MEASURED]

    def _open(self) -> sqlite3.Connection:
        try:
            return _open_to_read(self._path) if self._read_only else _open_to_write(self._path)
        except (sqlite3.OperationalError, OSError) as err:
            if self._read_only:
                raise MemoryFault(f"journal {str(self._path)!r} cannot be read: {err}") from err
            return self._in_memory(err)
        except sqlite3.DatabaseError as err:
            if self._read_only:
                raise MemoryFault(
                    f"journal {str(self._path)!r} is damaged: {err}; the advisor begins a new one when it starts"
                ) from err
            return self._begin_anew(err)

    def _begin_anew(self, err: Exception) -> sqlite3.Connection:
        """Set a damaged file aside and begin a new one."""
        aside = self._path.with_name(self._path.name + ".damaged")
        self._say(f"journal {str(self._path)!r} was damaged ({err}): it is in {aside.name!r}, a new one was begun")
        try:
            for ending in ("", "-wal", "-shm"):
                part = self._path.with_name(self._path.name + ending)
                if part.exists():
                    part.replace(self._path.with_name(aside.name + ending))
            return _open_to_write(self._path)
        except (sqlite3.DatabaseError, OSError) as error:
            return self._in_memory(error)

    def _in_memory(self, err: Exception) -> sqlite3.Connection:
        self._say(f"journal {str(self._path)!r} cannot be written ({err}): it is kept until the next start only")
        db = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
        _lay_out(db)
        return db

    def _say(self, fault: str) -> None:
        if fault != self.fault:
            _log.warning("%s", fault)
        self.fault = fault

    def _rows(self, sql: str, values: tuple[object, ...]) -> list[Any]:
        """What a query finds; from a damaged file nothing, and a new one is begun."""
        try:
            return self._db.execute(sql, values).fetchall()
        except sqlite3.DatabaseError as err:
            if self._read_only:
                raise MemoryFault(f"journal {str(self._path)!r} cannot be read: {err}") from err
            if _is_damage(err):
                self._db = self._begin_anew(err)
            elif not isinstance(err, sqlite3.OperationalError):
                raise
            return []

    def _put(self, sql: str, values: tuple[object, ...]) -> None:
        """Write, or keep what cannot be written for the next time."""
        self._waiting.append((sql, values))
        try:
            while self._waiting:
                self._db.execute(*self._waiting[0])
                self._waiting.popleft()
        except sqlite3.OperationalError as err:
            self._say(f"journal {str(self._path)!r} cannot be written now: {err}")
        except sqlite3.IntegrityError as err:
            _log.warning("the journal does not take a row: %s", err)
            self._waiting.popleft()
        except sqlite3.DatabaseError as err:
            if not _is_damage(err):
                raise
            self._db = self._begin_anew(err)
        else:
            if "cannot be written now" in self.fault:
                _log.info("the journal can be written again")
                self.fault = ""

    def close(self) -> None:
        """Close the database."""
        self._db.close()

    def write(self, decision: Decision) -> None:
        """Append a decision; one made again from the same inputs has the same id and is there already."""
        record = zlib.compress(decision.model_dump_json().encode())
        self._put(
            "INSERT OR IGNORE INTO decisions VALUES (?, ?, ?, ?, ?)",
            (decision.decision_id, decision.home, decision.at.isoformat(), decision.outcome, record),
        )

    def confirm(self, decision_id: str, at: datetime, *, accepted: bool, detail: str) -> None:
        """Append what the house answered to a command."""
        self._put(
            "INSERT INTO confirmations VALUES (?, ?, ?, ?)",
            (decision_id, at.isoformat(), int(accepted), detail),
        )

    def confirmations(self, decision_id: str) -> list[tuple[bool, str]]:
        """Answers of the house to one command, oldest first."""
        rows = self._rows("SELECT accepted, detail FROM confirmations WHERE id = ? ORDER BY rowid", (decision_id,))
        return [(bool(accepted), detail) for accepted, detail in rows]

    def decisions(self, home: str, *, since: datetime | None = None) -> list[Decision]:
        """Decisions of a home, oldest first."""
        rows = self._rows(
            "SELECT record FROM decisions WHERE home = ? AND at >= ? ORDER BY at, rowid",
            (home, since.isoformat() if since else ""),
        )
        return _sound(rows)

    def ids(
        self, home: str, *, since: datetime | None = None, until: datetime | None = None, limit: int = 500
    ) -> list[str]:
        """Ids of the newest decisions of a home in [since, until), newest first."""
        rows = self._rows(
            "SELECT id FROM decisions WHERE home = ? AND at >= ? AND at < ? ORDER BY at DESC, rowid DESC LIMIT ?",
            (home, _text(since, ""), _text(until, "9999"), limit),
        )
        return [decision_id for (decision_id,) in rows]

    def decision(self, decision_id: str) -> Decision | None:
        """The decision of that id, of whatever home; None where there is none."""
        return next(iter(_sound(self._rows("SELECT record FROM decisions WHERE id = ?", (decision_id,)))), None)

    def last(self, home: str | None = None, *, at: datetime | None = None) -> Decision | None:
        """The newest decision of a home, or of any; with `at` the newest not later than that.

        Times compare as text because all are UTC and of one form.
        """
        rows = self._rows(
            "SELECT record FROM decisions WHERE home = coalesce(?, home) AND at <= ? ORDER BY rowid DESC LIMIT 3",
            (home, at.isoformat() if at else "9999"),
        )
        return next(iter(_sound(rows)), None)

    def last_of_mode(self, home: str, mode: Mode, start: datetime, end: datetime) -> Decision | None:
        """The newest decision in [start, end) whose command was of a mode."""
        rows = self._rows(
            "SELECT record FROM decisions WHERE home = ? AND at >= ? AND at < ? ORDER BY at DESC, rowid DESC",
            (home, start.isoformat(), end.isoformat()),
        )
        for (record,) in rows:
            command = (_fields(record) or {}).get("command")
            if command is not None and command["mode"] == mode:
                return next(iter(_sound([(record,)])), None)
        return None

    def modes(self, home: str, start: datetime, end: datetime) -> list[tuple[str, datetime, str, float]]:
        """Id, time, mode and charge of the decisions in [start, end) that gave a command, oldest first."""
        rows = self._rows(
            "SELECT id, at, record FROM decisions WHERE home = ? AND at >= ? AND at < ? ORDER BY at, rowid",
            (home, start.isoformat(), end.isoformat()),
        )
        seen = ((name, at, _fields(record) or {}) for name, at, record in rows)
        return [
            (name, datetime.fromisoformat(at), one["command"]["mode"], one["snapshot"]["soc"])
            for name, at, one in seen
            if one.get("command") is not None
        ]

    def outcomes(self, home: str, start: datetime, end: datetime) -> dict[str, int]:
        """How many decisions in [start, end) had each outcome."""
        rows = self._rows(
            "SELECT outcome, count(*) FROM decisions WHERE home = ? AND at >= ? AND at < ? GROUP BY outcome",
            (home, start.isoformat(), end.isoformat()),
        )
        return dict(rows)

    def without_command(self, home: str, start: datetime, end: datetime) -> list[Decision]:
        """The decisions in [start, end) that gave no command, oldest first."""
        rows = self._rows(
            "SELECT record FROM decisions WHERE home = ? AND at >= ? AND at < ? AND outcome = 'no_command' "
            "ORDER BY at, rowid",
            (home, start.isoformat(), end.isoformat()),
        )
        return _sound(rows)

    def refused(self, home: str, start: datetime, end: datetime) -> int:
        """How many commands of decisions in [start, end) the house refused."""
        rows = self._rows(
            "SELECT count(DISTINCT id) FROM confirmations JOIN decisions USING (id) "
            "WHERE home = ? AND decisions.at >= ? AND decisions.at < ? AND NOT accepted",
            (home, start.isoformat(), end.isoformat()),
        )
        return int(rows[0][0]) if rows else 0

    def prune(self, before: datetime) -> None:
        """Forget decisions and what the house answered to them, of before a moment; what was measured stays."""
        moment = before.isoformat()
        self._put("INSERT INTO pruned VALUES (?)", (moment,))
        self._put("DELETE FROM confirmations WHERE at < ?", (moment,))
        self._put("DELETE FROM decisions WHERE at < ?", (moment,))

    def measure(self, home: str, slot: MeteredSlot) -> None:
        """Keep the means of a finished slot, so that a restart forgets nothing of today."""
        self._put(
            f"INSERT OR REPLACE INTO measured (home, slot, {', '.join(_MEASURED)}) "  # noqa: S608 (our own names)
            f"VALUES (?, ?{', ?' * len(_MEASURED)})",
            (home, slot.start.isoformat(), *(getattr(slot, name) for name in _MEASURED)),
        )

    def measured(self, home: str, start: datetime, end: datetime) -> list[MeteredSlot]:
        """Slots that began in [start, end), oldest first."""
        rows = self._rows(
            f"SELECT slot, {', '.join(self._measured)} FROM measured "  # noqa: S608 (our own names)
            "WHERE home = ? AND slot >= ? AND slot < ? ORDER BY slot",
            (home, start.isoformat(), end.isoformat()),
        )
        return [MeteredSlot(datetime.fromisoformat(slot), *values) for slot, *values in rows if _can_be(values)]

    def ends(self, home: str) -> list[MeteredSlot]:
        """The first and the last slot that was metered; empty if none was."""
        rows = self._rows("SELECT min(slot), max(slot) FROM measured WHERE home = ?", (home,))
        found = [datetime.fromisoformat(slot) for row in rows for slot in row if slot is not None]
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
    # Who is at home when stands in it; SQLite makes the files beside it alike.
    private_folder(path.parent)
    private_file(path)
    db = sqlite3.connect(path, isolation_level=None)
    db.execute("PRAGMA journal_mode=WAL")
    db.execute("PRAGMA synchronous=NORMAL")
    if (found := db.execute("PRAGMA quick_check(1)").fetchone()[0]) != "ok":
        db.close()
        raise sqlite3.DatabaseError(found)
    _lay_out(db)
    return db


def _lay_out(db: sqlite3.Connection) -> None:
    """Make the tables that are missing, and the columns that journals of earlier versions lack."""
    db.executescript(_SCHEMA)
    for name in sorted(set(_ADDED) - _columns(db)):
        db.execute(f"ALTER TABLE measured ADD COLUMN {name} REAL")
    lacking = {"home", "slot", *_MEASURED} - _columns(db)
    if lacking:
        raise sqlite3.DatabaseError(f"its table of measured slots lacks {', '.join(sorted(lacking))}")


def _is_damage(err: sqlite3.DatabaseError) -> bool:
    """Whether the file itself is broken or no database: its kinds have classes of their own for all else."""
    return type(err) is sqlite3.DatabaseError


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


def _fields(record: bytes) -> dict[str, Any] | None:
    """A stored record; None where its bytes were damaged."""
    try:
        found: dict[str, Any] = orjson.loads(zlib.decompress(record))
    except (zlib.error, ValueError, TypeError):
        _log.warning("a damaged decision in the journal is passed over")
        return None
    return found


def _sound(rows: Sequence[tuple[bytes]]) -> list[Decision]:
    """The decisions of rows that can be read."""
    known = []
    for (record,) in rows:
        if (fields := _fields(record)) is not None:
            try:
                known.append(Decision.model_validate(fields))
            except ValidationError:
                _log.warning("a damaged decision in the journal is passed over")
    return known


def _can_be(values: Sequence[float | None]) -> bool:
    """Whether measured values are numbers that a home can have measured."""
    return all(value is None or (isinstance(value, float | int) and abs(value) <= _MOST) for value in values)
