"""The day store: the truth on disk, one append-only file of checksummed days per home."""

import hashlib
import logging
import os
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import orjson

from energy.errors import MemoryFault
from energy.home import Home
from knowledge.days import DayRecord, Floats

_log = logging.getLogger(__name__)

_SERIES = (
    "load_kw",
    "pv_kw",
    "temperature_c",
    "ghi_w_m2",
    "pv_forecast_kw",
    "import_price",
    "export_price",
    "temperature_forecast_c",
    "pv_nowcast_kw",
)
# A tenth of a watt: finer than any meter, and it keeps the file small.
_DECIMALS = 4


@dataclass(frozen=True, slots=True)
class Appended:
    """What became of days handed to the store."""

    added: int = 0
    unchanged: int = 0
    replaced: int = 0


class DayStore:
    """All days of all homes under one folder; a later line for a date replaces the earlier one.

    A `read_only` store may be open while another process appends: it mends nothing, and sees what was added.
    """

    def __init__(self, root: Path, *, read_only: bool = False) -> None:
        self._root = root
        self._read_only = read_only
        self._days: dict[str, dict[date, tuple[str, DayRecord]]] = {}
        self._sizes: dict[str, int] = {}

    def homes(self) -> list[str]:
        """Names of the homes that have days."""
        return sorted(path.parent.name for path in self._root.glob("*/days.jsonl"))

    def remember_home(self, home: Home) -> None:
        """Keep a home's fixed facts beside its days."""
        folder = self._root / home.name
        folder.mkdir(parents=True, exist_ok=True)
        draft = folder / "home.json.new"
        draft.write_text(home.model_dump_json(indent=1), encoding="utf-8")
        draft.replace(folder / "home.json")

    def home(self, name: str) -> Home:
        """A home's fixed facts.

        Raises:
            MemoryFault: nothing is known of this home.
        """
        path = self._root / name / "home.json"
        if not path.exists():
            known = ", ".join(self.homes()) or "none"
            raise MemoryFault(f"no home {name!r} in {str(self._root)!r} (known: {known}): ingest its history first")
        return Home.model_validate_json(path.read_bytes())

    def days(self, home: str, *, before: date | None = None) -> list[DayRecord]:
        """Days of a home, oldest first; with `before`, only strictly earlier ones."""
        known = self._load(home)
        return [known[day][1] for day in sorted(known) if before is None or day < before]

    def append(self, home: str, records: Iterable[DayRecord]) -> Appended:
        """Add days; one that is already there with the same content is left alone."""
        known = self._load(home)
        lines: list[bytes] = []
        counts = {"added": 0, "unchanged": 0, "replaced": 0}
        for record in records:
            content = _encode(record)
            digest = hashlib.sha256(content).hexdigest()
            old = known.get(record.day)
            kind = "added" if old is None else "unchanged" if old[0] == digest else "replaced"
            counts[kind] += 1
            if kind != "unchanged":
                lines.append(b'{"sha256":"%s","record":%s}\n' % (digest.encode(), content))
                known[record.day] = (digest, _decode(orjson.loads(content)))
        self._write(home, lines)
        return Appended(**counts)

    def _write(self, home: str, lines: list[bytes]) -> None:
        if not lines:
            return
        path = self._path(home)
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("ab") as file:
            file.writelines(lines)
            file.flush()
            os.fsync(file.fileno())

    def _path(self, home: str) -> Path:
        return self._root / home / "days.jsonl"

    def _load(self, home: str) -> dict[date, tuple[str, DayRecord]]:
        path = self._path(home)
        if self._read_only:
            size = path.stat().st_size if path.exists() else 0
            if size != self._sizes.get(home):
                self._days.pop(home, None)
                self._sizes[home] = size
        if home not in self._days:
            self._days[home] = _read(path, mend=not self._read_only) if path.exists() else {}
        return self._days[home]


def _read(path: Path, *, mend: bool) -> dict[date, tuple[str, DayRecord]]:
    """All days of a file; a torn last line, left by a killed writer, is passed over, and cut off to `mend` the file."""
    content = path.read_bytes()
    whole = content.rfind(b"\n") + 1
    if mend and whole < len(content):
        _log.warning("%s: an unfinished last line was dropped", path)
        os.truncate(path, whole)
    days = {}
    for number, line in enumerate(content[:whole].splitlines(), start=1):
        try:
            entry = orjson.loads(line)
            digest, fields = entry["sha256"], entry["record"]
        except (orjson.JSONDecodeError, KeyError, TypeError) as err:
            raise _damaged(path, number) from err
        if hashlib.sha256(orjson.dumps(fields)).hexdigest() != digest:
            raise _damaged(path, number)
        record = _decode(fields)
        days[record.day] = (digest, record)
    return days


def _damaged(path: Path, number: int) -> MemoryFault:
    return MemoryFault(
        f"{path} line {number}: the day there does not match its checksum; delete that line and ingest the day again",
    )


def _encode(record: DayRecord) -> bytes:
    fields: dict[str, object] = {
        "home": record.home,
        "day": record.day.isoformat(),
        "start": record.start.isoformat(),
        "step_minutes": int(record.step.total_seconds() // 60),
    }
    for name in _SERIES:
        series: Floats | None = getattr(record, name)
        if series is not None:
            fields[name] = [None if np.isnan(value) else round(value, _DECIMALS) for value in series.tolist()]
    if record.notes:
        fields["notes"] = list(record.notes)
    return orjson.dumps(fields)


def _decode(fields: dict[str, Any]) -> DayRecord:
    return DayRecord(
        home=fields["home"],
        day=date.fromisoformat(fields["day"]),
        start=datetime.fromisoformat(fields["start"]),
        step=timedelta(minutes=fields["step_minutes"]),
        **{name: np.array(fields[name], dtype=np.float64) for name in _SERIES if name in fields},
        notes=tuple(fields.get("notes", ())),
    )
