"""The Chroma index over the day store: a fingerprint a day, rebuildable from the store at any time."""

import hashlib
import logging
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
from filelock import FileLock, Timeout

from energy.errors import MemoryFault, NotWritable
from knowledge.days import Floats
from knowledge.fingerprint import VERSION
from knowledge.similar import FingerprintTable

_log = logging.getLogger(__name__)

# Fingerprints of another definition lie in another collection, so that they can neither be compared nor collide.
DAYS = f"days-{VERSION}"
_BATCH = 1000
_CHECK_TIMEOUT_S = 60


@dataclass(frozen=True, slots=True)
class Stats:
    """How much is indexed, and how many entries are of another fingerprint version and wait to be redone."""

    days: dict[str, int]
    outdated: int


class MemoryIndex:
    """The one owner of an index folder, inside a `with` block.

    An index that is not byte for byte as its last owner left it is checked in a subprocess first, because some damage
    ends the process that reads it; a damaged one is set aside, to be filled again from the store.
    """

    def __init__(self, path: Path) -> None:
        # What was wrong when it was opened; empty where nothing was.
        self.fault = ""
        self._path = path
        self._lock = FileLock(path.with_name(path.name + ".lock"))
        self._owner = path.with_name(path.name + ".owner")
        self._seal = path.with_name(path.name + ".seal")

    def __enter__(self) -> Self:
        """Take ownership.

        Raises:
            MemoryFault: another process owns the index.
            NotWritable: its folder cannot be written.
        """
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._lock.acquire(timeout=0)
        except Timeout as err:
            raise MemoryFault(
                f"index {str(self._path)!r} is in use by process {self._read_owner()}: stop it, or ask it instead",
            ) from err
        except OSError as err:
            raise NotWritable(f"index {str(self._path)!r} cannot be written: {err}") from err
        try:
            self._open()
        except BaseException:
            self._lock.release()
            raise
        return self

    def _open(self) -> None:
        """Open the index as it is, or a new one in its place.

        Raises:
            NotWritable: the folder cannot be written.
        """
        try:
            if self._path.exists() and not self._is_as_left() and not is_sound(self._path):
                self._set_aside()
            self._seal.unlink(missing_ok=True)
            self._owner.write_text(str(os.getpid()), encoding="utf-8")
        except OSError as err:
            raise NotWritable(f"index {str(self._path)!r} cannot be written: {err}") from err
        try:
            self._connect()
        except Exception as err:  # noqa: BLE001 (whatever is wrong with an index, it can be filled again)
            _log.warning("the index cannot be opened: %s: %s", type(err).__name__, err)
            self._anew()

    def _anew(self) -> None:
        try:
            self._set_aside()
            self._connect()
        except Exception as err:
            raise NotWritable(f"index {str(self._path)!r} cannot be made anew: {err}") from err

    def _connect(self) -> None:
        self._client = _open(str(self._path))
        self._days = self._collection(DAYS)

    def _is_as_left(self) -> bool:
        """Whether every byte is as the last owner left it."""
        return self._seal.exists() and self._seal.read_text(encoding="utf-8") == _digest(self._path)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            self._client.close()
            self._seal.write_text(_digest(self._path), encoding="utf-8")
            self._owner.unlink(missing_ok=True)
        except OSError as err:
            _log.warning("the index is checked at the next start: %s", err)
        finally:
            self._lock.release()

    def clear(self) -> None:
        """Forget everything; the store remembers."""
        self._client.delete_collection(DAYS)
        self._days = self._collection(DAYS)

    def sync_days(self, home: str, table: FingerprintTable) -> int:
        """Bring a home's fingerprints up to date; returns how many had to be written.

        Each entry carries a mark of scale and content, so that a change of either writes it anew. Fingerprints of
        another version are forgotten.
        """
        for outdated in self._outdated():
            self._client.delete_collection(outdated.name)
        if not table.days:
            return 0
        days, vectors = table.days, table.coordinates()
        marks = {_id(home, day): _mark(vector) for day, vector in zip(days, vectors, strict=True)}
        stale = self._stale(self._days, home, marks)
        places = [at for at, day in enumerate(days) if _id(home, day) in stale]
        for start in range(0, len(places), _BATCH):
            part = places[start : start + _BATCH]
            self._days.upsert(
                ids=[_id(home, days[at]) for at in part],
                embeddings=vectors[part].astype(np.float32),
                metadatas=[_metadata(home, days[at], marks) for at in part],
            )
        return len(places)

    def near(self, home: str, day: date, vector: Floats, count: int) -> frozenset[date]:
        """Coarse search: up to `count` days of a home strictly before `day`, near a coordinate.

        Chroma's filter takes longer than the search, so it is only asked for where the nearest of all are not enough.
        """
        before = _number(day)
        found = self._nearest(vector, 2 * count)
        nearest = [entry for entry in found if entry["home"] == home and entry["day"] < before][:count]
        if len(nearest) < count <= len(found):
            nearest = self._nearest(vector, count, where={"$and": [{"home": home}, {"day": {"$lt": before}}]})
        return frozenset(_date(int(entry["day"])) for entry in nearest)

    def _nearest(self, vector: Floats, count: int, *, where: dict[str, Any] | None = None) -> list[dict[str, Any]]:
        found = self._days.query(
            query_embeddings=[vector.astype(np.float32).tolist()],
            n_results=count,
            where=where,
            include=["metadatas"],
        )
        return list((found["metadatas"] or [[]])[0])

    def stats(self) -> Stats:
        """Entries per home."""
        outdated = sum(collection.count() for collection in self._outdated())
        return Stats(_per_home(self._days), outdated)

    def _outdated(self) -> list[Any]:
        return [held for held in self._client.list_collections() if held.name != DAYS]

    def _collection(self, name: str) -> Any:
        return self._client.get_or_create_collection(name, embedding_function=None)

    def _stale(self, collection: Any, home: str, marks: dict[str, str]) -> set[str]:
        """Ids whose entry is missing or carries another mark; entries that should not be there are deleted."""
        held = collection.get(where={"home": home}, include=["metadatas"])
        known = {at: entry["mark"] for at, entry in zip(held["ids"], held["metadatas"], strict=True)}
        if gone := [at for at in known if at not in marks]:
            collection.delete(ids=gone)
        return {at for at, mark in marks.items() if known.get(at) != mark}

    def _read_owner(self) -> str:
        return self._owner.read_text(encoding="utf-8") if self._owner.exists() else "unknown"

    def _set_aside(self) -> None:
        aside = self._path.with_name(self._path.name + ".damaged")
        shutil.rmtree(aside, ignore_errors=True)
        if self._path.exists():
            self._path.rename(aside)
        self.fault = f"the index was damaged and is filled again from the day store; the old one is in {str(aside)!r}"
        _log.warning("%s", self.fault)


def is_sound(path: Path) -> bool:
    """Whether an index can be opened and read, tried in a process that may die of it, or never end."""
    try:
        done = subprocess.run(  # noqa: S603 (our own module)
            [sys.executable, "-m", "knowledge.index", str(path)],
            capture_output=True,
            timeout=_CHECK_TIMEOUT_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        _log.warning("the index could not be checked within %d s and counts as damaged", _CHECK_TIMEOUT_S)
        return False
    return done.returncode == 0


def _digest(folder: Path) -> str:
    """A checksum over every file of a folder."""
    total = hashlib.sha256()
    for path in sorted(one for one in folder.rglob("*") if one.is_file()):
        total.update(str(path.relative_to(folder)).encode() + b"\0")
        with path.open("rb") as file:
            total.update(hashlib.file_digest(file, "sha256").digest())
    return total.hexdigest()


def _open(path: str) -> Any:
    import chromadb  # noqa: PLC0415 (slow: only an opened index needs it)
    from chromadb.config import Settings  # noqa: PLC0415 (as above)

    return chromadb.PersistentClient(path, Settings(anonymized_telemetry=False))


def _check(path: str) -> None:
    for collection in _open(path).list_collections():
        held = collection.get(limit=1, include=["embeddings"])
        if held["ids"]:
            collection.query(query_embeddings=[list(held["embeddings"][0])], n_results=1)


def _per_home(collection: Any) -> dict[str, int]:
    counts: dict[str, int] = {}
    for entry in collection.get(include=["metadatas"])["metadatas"]:
        counts[entry["home"]] = counts.get(entry["home"], 0) + 1
    return counts


def _metadata(home: str, day: date, marks: dict[str, str]) -> dict[str, str | int]:
    return {"home": home, "day": _number(day), "mark": marks[_id(home, day)]}


def _mark(vector: Floats) -> str:
    return hashlib.sha256(np.round(vector, 6).tobytes()).hexdigest()[:16]


def _id(home: str, day: date) -> str:
    return f"{home}:{day.isoformat()}"


def _number(day: date) -> int:
    return day.year * 10_000 + day.month * 100 + day.day


def _date(number: int) -> date:
    return date(number // 10_000, number // 100 % 100, number % 100)


if __name__ == "__main__":
    _check(sys.argv[1])
