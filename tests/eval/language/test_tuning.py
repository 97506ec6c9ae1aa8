"""Tuning by a home's own notes: what is learnt from, what is measured, and when it is kept."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from agent.language.kinds.learned import Learned, learned, read_by
from energy.constraints import ExtraLoad, NoDischargeIntoCar, NoExport, Reserve
from energy.errors import DataError
from eval.language import tuning
from eval.language.phrases_file import Phrase
from eval.language.tuning import FEWEST, own_phrases, tune
from knowledge.notes import NoteBook

NOW = datetime(2026, 1, 14, 17, tzinfo=UTC)
LATER = NOW + timedelta(hours=3)
OWN = [Phrase(f"keep {percent} % until 8:00", "reserve", "en", "own") for percent in range(30, 30 + FEWEST)]


def _as_before(_phrases: Sequence[Phrase]) -> Learned:
    return learned()


def test_confirmed_notes_are_learnt_from_once_and_remarks_are_not(tmp_path: Path) -> None:
    notes = NoteBook(tmp_path / "notes.jsonl")
    reserve, load = Reserve(start=NOW, end=LATER, soc=0.5), ExtraLoad(start=NOW, end=LATER, power_kw=1)
    for text, constraint in (
        ("half for the storm", reserve),
        ("half for the storm", reserve),
        ("six guests tonight", load),
        ("sauna 6 kW from 18 to 21", load),
        ("nothing out of the house", NoExport(start=NOW, end=LATER)),
        ("no battery for the car tonight", NoDischargeIntoCar(start=NOW, end=LATER)),
        ("the little one is ill", None),
    ):
        notes.add(text, constraint, now=NOW)
    assert [(one.text, one.kind) for one in own_phrases(notes.list())] == [
        ("half for the storm", "reserve"),
        ("six guests tonight", "guests"),
        ("sauna 6 kW from 18 to 21", "extra_load"),
        ("nothing out of the house", "no_export"),
    ]


def test_too_few_notes_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="too few"):
        tune(OWN[:-1], tmp_path / "language.npz", _as_before)


def test_no_note_is_learnt_from_where_it_is_read(tmp_path: Path) -> None:
    seen: list[set[str]] = []

    def fitting(phrases: Sequence[Phrase]) -> Learned:
        seen.append({one.text for one in phrases if one.family == "own"})
        return learned()

    tune(OWN, tmp_path / "language.npz", fitting)
    texts = {one.text for one in OWN}
    held_out = [texts - learnt for learnt in seen[:-1]]
    assert sorted(text for part in held_out for text in part) == sorted(texts)
    assert seen[-1] == texts


def test_weights_that_read_nothing_better_are_not_kept(tmp_path: Path) -> None:
    result = tune(OWN, tmp_path / "language.npz", _as_before)
    assert (result.own_before, result.own_after, result.is_kept) == (FEWEST, FEWEST, False)
    assert not (tmp_path / "language.npz").exists()


@pytest.mark.parametrize(("exam", "kept"), [((267, 0), True), ((267, 1), False), ((265, 0), False)])
def test_weights_are_kept_where_the_exam_is_passed_better_and_nothing_is_worse(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, exam: tuple[int, int], kept: bool
) -> None:
    sittings = iter([(266, 0), exam])
    monkeypatch.setattr(tuning, "_exam", lambda: next(sittings))
    shipped, path = learned(), tmp_path / "memory" / "language.npz"
    assert tune(OWN, path, _as_before).is_kept is kept
    assert path.exists() is kept
    if kept:
        with read_by(path):
            own = learned()
        assert own is not shipped
        assert own.guess("guests tonight").kind == "guests"


def test_weights_that_cannot_be_read_leave_those_that_ship(tmp_path: Path) -> None:
    shipped, broken = learned(), tmp_path / "language.npz"
    broken.write_bytes(b"PK no weights")
    with read_by(broken):
        assert learned() is shipped
