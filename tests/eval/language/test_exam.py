"""The exam of words: what it may share with the phrases to learn from (nothing), and how well it is passed."""

import json
import re
from collections import Counter
from pathlib import Path

import pytest

from agent.language.kinds.learned import learned
from agent.language.kinds.names import NO_WISHES, WISHES
from eval.language.exam import GradedText, sit, sit_notes, sit_questions
from eval.language.exam_cases import ExamCase, exam_notes, exam_outside, exam_questions, exam_texts, read_cases
from eval.language.phrases_file import normal, training_phrases
from eval.language.report import chats, pairs, refresh
from eval.model_exam.note_cases import fresh_note_cases, new_note_cases, note_cases


@pytest.fixture(scope="module")
def graded() -> list[GradedText]:
    return sit()


def _share(graded: list[GradedText], part: str, grade: str, language: str = "") -> float:
    found = [one for one in graded if one.part == part and language in ("", one.case.language)]
    return sum(one.grade == grade for one in found) / len(found)


def test_no_text_of_an_exam_is_among_the_phrases_to_learn_from() -> None:
    learnt = {normal(one.text) for which in ("notes", "questions") for one in training_phrases(which)}  # type: ignore[arg-type]
    asked = [*exam_texts()]
    asked += [case.text for cases in (note_cases(), fresh_note_cases(), new_note_cases()) for case in cases.cases]
    assert not [text for text in asked if normal(text) in learnt]


def test_there_are_phrases_enough_in_both_languages() -> None:
    for which in ("notes", "questions"):
        found = Counter(one.language for one in training_phrases(which))  # type: ignore[arg-type]
        assert found.total() >= 1500
        assert 0.4 < found["en"] / found.total() < 0.6


def test_what_was_fitted_knows_the_kinds_that_phrases_have() -> None:
    kinds = {one.kind for which in ("notes", "questions") for one in training_phrases(which)}  # type: ignore[arg-type]
    assert set(learned().kinds) == kinds
    assert kinds > WISHES | NO_WISHES


def test_traps_are_never_taken_for_wishes(graded: list[GradedText]) -> None:
    traps = [one for one in graded if one.part == "notes" and one.case.want.startswith("none")]
    assert not [one for one in traps if one.grade != "right"]


@pytest.mark.parametrize(("part", "right"), [("notes", 0.85), ("questions", 0.8)])
def test_most_is_understood_and_little_wrongly(graded: list[GradedText], part: str, right: float) -> None:
    assert _share(graded, part, "right") >= right
    assert _share(graded, part, "wrong") <= 0.03
    assert abs(_share(graded, part, "right", "en") - _share(graded, part, "right", "es")) <= 0.05


def test_tables_stand_between_their_marks_with_the_first_sitting(graded: list[GradedText], tmp_path: Path) -> None:
    document = tmp_path / "language.md"
    document.write_text(
        "# Words\n<!-- tables: advisor eval language -->\nformer\n<!-- end of tables -->\nrest\n", encoding="utf-8"
    )
    refresh(document, graded)
    text = document.read_text(encoding="utf-8")
    assert "former" not in text
    assert text.endswith("rest\n")
    assert re.search(r"\| notes, en \| \d+ \|.*\| 50 / 14 / 1 \|", text)


def test_phrases_are_exported_as_pairs_and_as_chats() -> None:
    pair, chat = json.loads(next(pairs())), json.loads(next(chats()))["messages"]
    assert pair["request"]["kind"] in learned().kinds
    assert [one["role"] for one in chat] == ["user", "assistant"]
    assert json.loads(chat[1]["content"]) == pair["request"]


def test_the_exams_files_are_read_whole() -> None:
    assert len(exam_notes()) >= 130
    assert len(exam_questions()) >= 150
    assert len(exam_outside()) >= 60


def test_what_is_about_nothing_known_is_kept_out_of_both_boxes(graded: list[GradedText]) -> None:
    assert not [one for one in graded if one.part == "outside, as a note" and one.grade != "right"]
    assert _share(graded, "outside, asked", "wrong") <= 0.03


def test_dictated_and_mistyped_texts_are_seldom_taken_for_something_else(graded: list[GradedText]) -> None:
    for part in ("notes, retold", "questions, retold"):
        assert _share(graded, part, "wrong") <= 0.03
        assert _share(graded, part, "right") >= 0.85


def test_what_is_said_at_the_kitchen_table_is_seldom_taken_for_something_else(graded: list[GradedText]) -> None:
    for part in ("notes, kitchen table", "questions, kitchen table"):
        assert len([one for one in graded if one.part == part]) == 40
        assert _share(graded, part, "wrong") <= 0.05
        assert _share(graded, part, "right") >= 0.75


_PEOPLES = tuple(read_cases(Path(__file__).parent / "peoples_phrases.txt"))


@pytest.mark.parametrize("case", _PEOPLES, ids=lambda case: case.text)
def test_peoples_phrases_are_read_as_they_are_meant(case: ExamCase) -> None:
    [one] = (sit_notes if case.family == "note" else sit_questions)([case])
    assert one.grade == "right", one.got
