"""The household's notes on disk: what was asked, what was understood, until when, and whether it was withdrawn."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

import orjson
from filelock import FileLock, Timeout
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from energy.constraints import Constraint
from energy.errors import DataError, MemoryFault
from energy.slots import Instant, day_bounds
from knowledge.private import private_file, private_folder

_LOCK_S = 5.0
# How long a remark is weighed.
REMARK_LASTS = timedelta(days=1)

State = Literal["ahead", "in force", "expired", "done"]


class _NoteEvent(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Note(_NoteEvent):
    """One note as it was confirmed; without a constraint it is a remark that only a model may weigh."""

    event: Literal["added"] = "added"
    id: str = Field(pattern=r"^[a-z0-9-]{1,40}$")
    at: Instant
    text: str = Field(min_length=1, max_length=500)
    constraint: Constraint | None = None
    until: Instant


class _Withdrawn(_NoteEvent):
    event: Literal["done"] = "done"
    id: str
    at: Instant


class _AskedEvent(_NoteEvent):
    event: Literal["asked"] = "asked"
    id: str
    at: Instant


_Line = Note | _Withdrawn | _AskedEvent
_ENTRY: TypeAdapter[_Line] = TypeAdapter(Annotated[_Line, Field(discriminator="event")])


class KnownNote(_NoteEvent):
    """A note, when it was withdrawn, if it was, and whether the household was asked about what it may want."""

    note: Note
    done_at: Instant | None = None
    asked: bool = False

    def state(self, now: datetime) -> State:
        """Where the note stands at a moment."""
        if self.done_at is not None and self.done_at <= now:
            return "done"
        if self.note.until <= now:
            return "expired"
        begins = self.note.constraint.start if self.note.constraint else self.note.at
        return "ahead" if begins > now else "in force"


# The kind of day that a wish tells of; other wishes say nothing of how much will be used.
_WORDS = {"away": "away", "extra_load": "guests", "car_ready": "drive"}


def word_for(wish: Constraint) -> str:
    """The word under which days with such a wish are alike in any language; empty if they are like others."""
    return _WORDS.get(wish.kind, "")


def notes_of(memory: Path, home: str) -> "NoteBook":
    """The notes of a home, in the advisor's memory."""
    return NoteBook(memory / "notes" / f"{home}.jsonl")


class NoteBook:
    """Notes in an append-only file of JSON lines that several processes may share; nothing is ever deleted.

    A damaged line is passed over and told by `faults`: the other notes go on.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._seen: tuple[int, int] | None = None
        self._known: dict[str, KnownNote] = {}
        self.faults: tuple[str, ...] = ()

    def add(self, text: str, constraint: Constraint | None, *, now: datetime, until: datetime | None = None) -> Note:
        """Keep a confirmed note; `until` is when a remark without a constraint ends, a day from now if not said.

        Raises:
            DataError: its constraint is over already.
            MemoryFault: the file cannot be written.
        """
        if constraint and constraint.end <= now:
            raise DataError(f"the note ended at {constraint.end.isoformat()}: nothing to keep")
        note = Note(
            id=f"{now.astimezone(UTC):%Y%m%d}-{secrets.token_hex(4)}",
            at=now,
            text=text,
            constraint=constraint,
            until=constraint.end if constraint else until or now + REMARK_LASTS,
        )
        self._append(note)
        return note

    def done(self, note_id: str, *, now: datetime) -> KnownNote:
        """Withdraw a note; the start of its id is enough where it is the only one.

        Raises:
            DataError: there is no such note, or several, or it is over already.
        """
        found = [known for known in self.list_by_id().values() if known.note.id.startswith(note_id)]
        exact = [known for known in found if known.note.id == note_id] or found
        if len(exact) != 1:
            what = "is not a note" if not exact else f"fits {len(exact)} notes"
            raise DataError(f"{note_id!r} {what}: give an id that `advisor notes list` shows")
        if (state := exact[0].state(now)) in {"done", "expired"}:
            raise DataError(f"note {exact[0].note.id!r} is {state} already: nothing to withdraw")
        self._append(_Withdrawn(id=exact[0].note.id, at=now))
        return self.list_by_id()[exact[0].note.id]

    def asked(self, note_id: str, *, now: datetime) -> None:
        """Keep that the household was asked about a remark, so that it is asked once.

        Raises:
            MemoryFault: the file cannot be written.
        """
        self._append(_AskedEvent(id=note_id, at=now))

    def list_by_id(self) -> dict[str, KnownNote]:
        """Every note by its id; read anew only when the file has changed.

        Raises:
            MemoryFault: the file cannot be read as notes.
        """
        try:
            stat = self._path.stat()
        except FileNotFoundError:
            return {}
        seen = (stat.st_size, stat.st_mtime_ns)
        if seen != self._seen:
            self._known = self._read()
            self._seen = seen
        return dict(self._known)

    def active(self, now: datetime) -> list[Note]:
        """Notes that hold now or are still ahead.

        Raises:
            MemoryFault: the file cannot be read as notes.
        """
        return [known.note for known in self.list_by_id().values() if known.state(now) in {"ahead", "in force"}]

    def texts_about(self, day: date, zone: ZoneInfo) -> tuple[str, ...]:
        """What was said of a day by its end and not withdrawn, in the words that similar days are looked for by.

        Raises:
            MemoryFault: the file cannot be read as notes.
        """
        start, end = day_bounds(day, zone)
        texts = set()
        for known in self.list_by_id().values():
            note, withdrawn = known.note, known.done_at is not None and known.done_at < end
            begins = note.constraint.start if note.constraint else note.at
            if not withdrawn and note.at < end and begins < end and start < note.until:
                texts.add(word_for(note.constraint) if note.constraint else note.text)
        return tuple(sorted(texts - {""}))

    def _read(self) -> dict[str, KnownNote]:
        private_file(self._path)
        known: dict[str, KnownNote] = {}
        lines = self._path.read_bytes().split(b"\n")
        faults = []
        for number, line in enumerate(lines[:-1], start=1):
            try:
                entry = _ENTRY.validate_json(line)
            except ValidationError:
                faults.append(f"{self._path}, line {number} is not a note: {line[:80]!r}: correct or remove the line")
                continue
            if isinstance(entry, Note):
                known[entry.id] = KnownNote(note=entry)
            elif entry.id in known:
                change = {"asked": True} if isinstance(entry, _AskedEvent) else {"done_at": entry.at}
                known[entry.id] = known[entry.id].model_copy(update=change)
        self.faults = tuple(faults)
        return known

    def _append(self, entry: _Line) -> None:
        with self._locked():
            private_file(self._path)
            kept = self._path.read_bytes()
            with self._path.open("ab") as file:
                # A write that was cut off has no line end: nobody was told that it is kept.
                file.truncate(kept.rfind(b"\n") + 1)
                file.write(orjson.dumps(entry.model_dump(mode="json")) + b"\n")

    @contextmanager
    def _locked(self) -> Iterator[None]:
        try:
            private_folder(self._path.parent)
            with FileLock(f"{self._path}.lock", timeout=_LOCK_S):
                yield
        except Timeout as err:
            raise MemoryFault(f"notes {str(self._path)!r} are being written by another process: try again") from err
        except OSError as err:
            raise MemoryFault(f"notes {str(self._path)!r} cannot be written: {err}") from err

    def list(self) -> list[KnownNote]:
        """Every note ever added, oldest first.

        Raises:
            MemoryFault: the file cannot be read as notes.
        """
        return [*self.list_by_id().values()]
