"""Notes on disk: kept, listed with where they stand, withdrawn; a torn write or a second process loses nothing."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from energy.constraints import Away, NoGridCharge, Reserve
from energy.errors import DataError
from knowledge.notes import NoteBook, notes_of

NOW = datetime(2026, 1, 14, 17, tzinfo=UTC)
HOUR = timedelta(hours=1)


def _reserve(after: int = 0, hours: int = 12) -> Reserve:
    return Reserve(start=NOW + after * HOUR, end=NOW + (after + hours) * HOUR, soc=0.6)


@pytest.mark.parametrize(
    ("after_h", "state", "active"),
    [(-1, "ahead", True), (0, "in force", True), (11.99, "in force", True), (12, "expired", False)],
)
def test_a_note_is_shown_as_what_it_is(tmp_path: Path, after_h: float, state: str, active: bool) -> None:
    book = notes_of(tmp_path, "home")
    note = book.add("keep 60 %", _reserve(), now=NOW - HOUR)
    moment = NOW + after_h * HOUR
    [known] = book.list()
    assert known.state(moment) == state
    assert book.active(moment) == ([note] if active else [])


def test_a_withdrawn_note_stays_in_the_list(tmp_path: Path) -> None:
    book = NoteBook(tmp_path / "n.jsonl")
    kept = book.add("stay", _reserve(), now=NOW)
    gone = book.add("away", Away(start=NOW, end=NOW + HOUR), now=NOW)
    book.done(gone.id, now=NOW)
    assert [known.state(NOW) for known in book.list()] == ["in force", "done"]
    assert [note.id for note in NoteBook(tmp_path / "n.jsonl").active(NOW)] == [kept.id]
    with pytest.raises(DataError, match="is done already"):
        book.done(gone.id, now=NOW)
    with pytest.raises(DataError, match="is not a note"):
        book.done("x", now=NOW)
    with pytest.raises(DataError, match="fits 2 notes"):
        book.done("2026", now=NOW)


def test_that_the_household_was_asked_about_a_remark_is_kept(tmp_path: Path) -> None:
    book = NoteBook(tmp_path / "n.jsonl")
    remark = book.add("the little one is ill", None, now=NOW)
    book.add("sauna evening", None, now=NOW)
    book.asked(remark.id, now=NOW)
    book.done(remark.id, now=NOW + HOUR)
    known = NoteBook(tmp_path / "n.jsonl").list()
    assert [(one.asked, one.state(NOW)) for one in known] == [(True, "in force"), (False, "in force")]
    assert [one.state(NOW + HOUR) for one in known] == ["done", "in force"]


def test_a_reader_sees_what_another_process_added(tmp_path: Path) -> None:
    reader, writer = NoteBook(tmp_path / "n.jsonl"), NoteBook(tmp_path / "n.jsonl")
    assert reader.active(NOW) == []
    writer.add("one", _reserve(), now=NOW)
    assert len(reader.active(NOW)) == 1
    writer.add("two", None, now=NOW)
    assert [note.text for note in reader.active(NOW)] == ["one", "two"]


def test_many_writers_lose_nothing(tmp_path: Path) -> None:
    def write(number: int) -> None:
        NoteBook(tmp_path / "n.jsonl").add(str(number), None, now=NOW)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(write, range(1000)))
    assert sorted(int(known.note.text) for known in NoteBook(tmp_path / "n.jsonl").list()) == list(range(1000))


def test_a_torn_write_is_dropped_and_a_wrong_line_is_named(tmp_path: Path) -> None:
    path = tmp_path / "n.jsonl"
    book = NoteBook(path)
    book.add("one", _reserve(), now=NOW)
    with path.open("ab") as file:
        file.write(b'{"event":"added","id":')
    assert [known.note.text for known in NoteBook(path).list()] == ["one"]
    book.add("two", None, now=NOW)
    assert [known.note.text for known in NoteBook(path).list()] == ["one", "two"]
    with path.open("ab") as file:
        file.write(b"junk\n")
    path.chmod(0o644)
    damaged = NoteBook(path)
    assert [known.note.text for known in damaged.list()] == ["one", "two"]
    assert "line 3 is not a note: b'junk'" in damaged.faults[0]
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_constraint_survives_the_disk_and_is_bounded() -> None:
    given = NoGridCharge(start=NOW, end=NOW + HOUR)
    assert NoGridCharge.model_validate_json(given.model_dump_json()) == given
    for wrong in ({"soc": 1.2}, {"end": NOW}, {"end": NOW + timedelta(days=99)}, {"soc": float("nan")}):
        with pytest.raises(ValueError, match="validation error"):
            Reserve.model_validate({"start": NOW, "end": NOW + HOUR, "soc": 0.5} | wrong)


def test_a_note_says_what_kind_of_day_it_is_whatever_its_language(tmp_path: Path) -> None:
    book, madrid = NoteBook(tmp_path / "home.jsonl"), ZoneInfo("Europe/Madrid")
    book.add("nos vamos hasta mañana", Away(start=NOW, end=NOW + 24 * HOUR), now=NOW)
    book.add("keep 60 %", _reserve(), now=NOW)
    remark = book.add("the chimney sweep comes", None, now=NOW, until=NOW + 2 * HOUR)
    assert book.texts_about(NOW.date(), madrid) == ("away", "the chimney sweep comes")
    assert book.texts_about(NOW.date() + timedelta(days=1), madrid) == ("away",)
    assert book.texts_about(NOW.date() + timedelta(days=2), madrid) == ()
    assert book.texts_about(NOW.date() - timedelta(days=1), madrid) == ()
    book.done(remark.id, now=NOW + HOUR)
    assert book.texts_about(NOW.date(), madrid) == ("away",)
