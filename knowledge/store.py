"""The day store: the truth on disk, one append-only file of checksummed days per home."""

import hashlib
import logging
import os
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import orjson
from pydantic import ValidationError

from energy.errors import MemoryFault
from energy.home import Home
from energy.validation_messages import validation_messages
from knowledge.days import DayRecord, Floats
from knowledge.private import private_folder

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
    "grid_import_kw",
    "grid_export_kw",
    "charge_kw",
    "discharge_kw",
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

    A `read_only` store may be open while another process appends: it mends nothing, and sees what was added. Lines that
    do not match their checksum are set aside in `days.jsonl.damaged` and told by `faults`; the other days go on.
    """

    def __init__(self, root: Path, *, read_only: bool = False) -> None:
        self._root = root
        self._read_only = read_only
        self._days: dict[str, dict[date, tuple[str, DayRecord]]] = {}
        self._sizes: dict[str, int] = {}
        self._faults: dict[str, tuple[str, ...]] = {}

    def homes(self) -> list[str]:
        """Names of the homes that have days."""
        return sorted(path.parent.name for path in self._root.glob("*/days.jsonl"))

    def remember_home(self, home: Home) -> None:
        """Keep a home's fixed facts beside its days."""
        folder = self._root / home.name
        private_folder(folder)
        draft = folder / "home.json.new"
        draft.write_text(home.model_dump_json(indent=1), encoding="utf-8")
        draft.replace(folder / "home.json")

    def home(self, name: str) -> Home:
        """A home's fixed facts.

        Raises:
            MemoryFault: nothing is known of this home, or its facts are not allowed any more.
        """
        path = self._root / name / "home.json"
        if not path.exists():
            known = ", ".join(self.homes()) or "none"
            raise MemoryFault(f"no home {name!r} in {str(self._root)!r} (known: {known}): ingest its history first")
        try:
            return Home.model_validate_json(path.read_bytes())
        except ValidationError as err:
            wrong = validation_messages(err, Home)
            raise MemoryFault(f"{path}: {wrong}; correct the home's file and ingest again") from err

    def days(self, home: str, *, before: date | None = None) -> list[DayRecord]:
        """Days of a home, oldest first; with `before`, only strictly earlier ones."""
        known = self._load(home)
        return [known[day][1] for day in sorted(known) if before is None or day < before]

    def faults(self, home: str) -> tuple[str, ...]:
        """What is wrong with a home's days: lines that were set aside, a store that was emptied."""
        known, path = self._load(home), self._path(home)
        if known or not (path.parent / "home.json").exists():
            return self._faults.get(home, ())
        emptied = f"{path} holds no day any more: ingest the history again; until then an average household stands in"
        return (*self._faults.get(home, ()), emptied)

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
        private_folder(path.parent)
        with path.open("ab") as file:
            before = file.tell()
            try:
                file.writelines(lines)
                file.flush()
                os.fsync(file.fileno())
            except OSError:
                # Half a line would spoil the next one.
                os.truncate(path, before)
                raise

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
            found = _read(path, mend=not self._read_only) if path.exists() else _ReadDay()
            self._days[home], self._faults[home] = found.days, found.faults
        return self._days[home]


@dataclass(frozen=True, slots=True)
class _ReadDay:
    """What a file holds, and what is wrong with it."""

    days: dict[date, tuple[str, DayRecord]] = field(default_factory=dict)
    faults: tuple[str, ...] = ()


def _read(path: Path, *, mend: bool) -> _ReadDay:
    """All sound days of a file; a torn last line, left by a killed writer, is passed over.

    To `mend` the file, that line is cut off and damaged ones are set aside.
    """
    content = path.read_bytes()
    lines = content[: content.rfind(b"\n") + 1].splitlines(keepends=True)
    days, damaged = {}, []
    for number, line in enumerate(lines, start=1):
        entry = _sound(line)
        if entry is None:
            damaged.append(number)
        else:
            days[entry[1].day] = entry
    if mend and (damaged or sum(map(len, lines)) < len(content)):
        _mend(path, lines, damaged)
    return _ReadDay(days, _fault_texts(path, damaged))


def _sound(line: bytes) -> tuple[str, DayRecord] | None:
    """Checksum and day of a line; None if they do not match."""
    try:
        entry = orjson.loads(line)
        digest, fields = entry["sha256"], entry["record"]
        if hashlib.sha256(orjson.dumps(fields)).hexdigest() != digest:
            return None
        return digest, _decode(fields)
    except (ValueError, KeyError, TypeError):
        return None


def _fault_texts(path: Path, damaged: list[int]) -> tuple[str, ...]:
    if not damaged:
        return ()
    where = ", ".join(map(str, damaged[:5])) + (" …" if len(damaged) > 5 else "")
    sentence = f"{path}: {len(damaged)} damaged (line {where}) and set aside; ingest those days again"
    _log.warning("%s", sentence)
    return (sentence,)


def _mend(path: Path, lines: list[bytes], damaged: list[int]) -> None:
    """Leave only whole, sound lines in the file; where it cannot be written, it stays as it is."""
    if not damaged:
        _log.warning("%s: an unfinished last line was dropped", path)
    aside, draft = path.with_name(path.name + ".damaged"), path.with_name(path.name + ".new")
    bad = set(damaged)
    try:
        if bad:
            with aside.open("ab") as file:
                file.writelines(lines[number - 1] for number in damaged)
        draft.write_bytes(b"".join(line for number, line in enumerate(lines, start=1) if number not in bad))
        draft.replace(path)
    except OSError as err:
        _log.warning("%s cannot be mended: %s", path, err)


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
