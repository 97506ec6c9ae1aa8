"""The exam of the language model: grading, kept replies, the report, and a sitting of the real embedded model."""

import json
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from agent.models import LoadedModel, ModelSettings, load_model
from agent.notes import NotUnderstood, Understood
from energy.constraints import NoExport, Reserve
from energy.errors import SettingsError
from eval.model_exam import read_results, sit, write_results
from eval.model_report import write_model_report
from eval.model_scores import Candidate
from eval.note_cases import NoteCase, Wish, grade, note_cases
from eval.replies import with_replies

NOW = note_cases().moment
KEEP = NoteCase(lang="en", text="keep 60 % until 8", want="reserve 2026-01-14T18:00 2026-01-15T08:00 0.6")
TRAP = NoteCase(lang="en", text="we kept 60 %", want="none", trap="past")
MEANT = Reserve(start=NOW, end=NOW + timedelta(hours=14), soc=0.6)


@pytest.mark.parametrize(
    ("case", "read", "mark"),
    [
        (KEEP, Understood(MEANT, "en"), "right"),
        (KEEP, Understood(MEANT.model_copy(update={"soc": 0.5}), "en"), "wrong"),
        (KEEP, Understood(MEANT.model_copy(update={"end": NOW + timedelta(hours=15)}), "en"), "wrong"),
        (KEEP, Understood(NoExport(start=MEANT.start, end=MEANT.end), "en"), "wrong"),
        (KEEP, NotUnderstood("no"), "refused"),
        (KEEP.model_copy(update={"slack_h": 2}), Understood(MEANT, "en"), "right"),
        (TRAP, NotUnderstood("no"), "right"),
        (TRAP, Understood(MEANT, "en"), "wrong"),
    ],
)
def test_a_reading_is_right_only_in_kind_span_and_amount(
    case: NoteCase, read: Understood | NotUnderstood, mark: str
) -> None:
    assert grade(case, read) == mark


def test_the_notes_are_many_in_both_languages_each_once_and_none_is_over() -> None:
    cases = note_cases().cases
    count = Counter((case.lang, bool(case.trap)) for case in cases)
    assert len(cases) >= 120
    assert min(count.values()) >= 25
    assert len({case.text for case in cases}) == len(cases)
    for case in cases:
        wish = Wish.of(case)
        assert (wish is None) == bool(case.trap)
        assert wish is None or NOW <= wish.start < wish.end


def test_the_report_tells_each_row_with_its_interval_and_what_failed(tmp_path: Path) -> None:
    results = sit(Candidate(), parts=["notes"])
    write_results(results, tmp_path / "cases.jsonl")
    assert read_results(tmp_path / "cases.jsonl") == results
    page, text, figures = write_model_report(results, "no model", tmp_path)
    rows = json.loads(figures.read_text())["rows"]
    assert sum(row["cases"] for row in rows) == len(note_cases().cases)
    for row in rows:
        assert row["mean"]["low"] <= row["mean"]["value"] <= row["mean"]["high"]
        assert row["mean"]["value"] == pytest.approx(row["grades"]["right"] / row["cases"])
    assert "No model was asked." in text.read_text()
    assert "<script" not in page.read_text()


def test_an_unknown_part_is_named() -> None:
    with pytest.raises(SettingsError, match="'dancing' is no part"):
        sit(Candidate(), parts=["dancing"])


@pytest.fixture(scope="module")
def embedded() -> Iterator[LoadedModel]:
    model = load_model(ModelSettings(provider="embedded", timeout_s=100))
    assert model is not None
    yield model
    model.close()


@pytest.mark.slow
def test_the_embedded_model_sits_the_notes_and_its_replies_are_kept(embedded: LoadedModel, tmp_path: Path) -> None:
    model, cache = with_replies(embedded, tmp_path)
    first = sit(Candidate(model, cache), parts=["notes"], limit=2)
    made = cache.made
    assert made >= 2
    assert all(one.seconds > 0 and one.prompt_tokens > 100 for one in first if one.who == "model alone")
    assert sit(Candidate(model, cache), parts=["notes"], limit=2) == first
    assert cache.made == made
    cache.clear()
    assert not list(tmp_path.iterdir())
