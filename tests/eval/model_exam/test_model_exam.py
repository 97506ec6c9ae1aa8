"""The exam of the language model: grading, kept replies, and the report; `tests/advisor` sits it for real."""

import json
from collections import Counter
from datetime import date, timedelta
from pathlib import Path
from typing import Any, get_args

import pytest
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage
from langchain_core.outputs import ChatGeneration, ChatResult
from langchain_core.runnables import RunnableLambda

from agent.language.notes.model import Kind, NoteReading, checked
from agent.language.notes.reading import NotUnderstood, Understood, understand
from agent.llm.grounding import ungrounded_numbers
from agent.llm.models import LoadedModel
from energy.constraints import NoExport, Reserve
from energy.errors import SettingsError
from eval.collect.replies import ReplyCache
from eval.model_exam.choice_cases import exam_cases
from eval.model_exam.choice_exam import sit_choice, turned
from eval.model_exam.hostile_exam import sit_hostile
from eval.model_exam.model_exam import sit, write_results
from eval.model_exam.note_cases import ZONE, NoteCase, Wish, fresh_note_cases, grade, new_note_cases, note_cases
from eval.model_exam.question_cases import QuestionCase
from eval.model_exam.remark_exam import sit_remarks
from eval.model_exam.report import write_model_report
from eval.model_exam.scores import CaseResult, Examinee
from eval.model_exam.training import training_lines, training_moment

NOW = note_cases().moment
EVERY = (*note_cases().cases, *fresh_note_cases().cases, *new_note_cases().cases)
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
    cases = EVERY
    count = Counter((case.lang, bool(case.trap)) for case in cases)
    assert len(cases) >= 170
    assert min(count.values()) >= 25
    assert len({case.text for case in cases}) == len(cases)
    for case in cases:
        wish = Wish.of(case)
        assert (wish is None) == bool(case.trap)
        assert wish is None or NOW <= wish.start < wish.end


def test_the_report_tells_each_row_with_its_interval_and_what_failed(tmp_path: Path) -> None:
    results = sit(Examinee(), parts=["notes"])
    write_results(results, tmp_path / "cases.jsonl")
    lines = (tmp_path / "cases.jsonl").read_text(encoding="utf-8").splitlines()
    assert [CaseResult.model_validate_json(line) for line in lines] == results
    page, text, figures = write_model_report(results, "no model", tmp_path)
    rows = json.loads(figures.read_text())["rows"]
    assert sum(row["cases"] for row in rows) == len(EVERY)
    for row in rows:
        assert row["mean"]["low"] <= row["mean"]["value"] <= row["mean"]["high"]
        assert row["mean"]["value"] == pytest.approx(row["grades"]["right"] / row["cases"])
    assert "No model was asked." in text.read_text()
    assert "<script" not in page.read_text()


def test_nothing_is_taken_from_a_trap_and_no_wish_for_another() -> None:
    grades = Counter((one.group.rpartition(",")[0], one.grade) for one in sit(Examinee(), parts=["notes"]))
    assert not [key for key in grades if key[1] == "wrong"]
    assert grades["wishes", "right"] >= 72
    assert grades["fresh wishes", "right"] >= 23
    assert grades["new wishes", "right"] >= 24


def test_an_unknown_part_is_named() -> None:
    with pytest.raises(SettingsError, match="'dancing' is not a part"):
        sit(Examinee(), parts=["dancing"])


def test_kept_replies_can_be_forgotten(tmp_path: Path) -> None:
    cache = ReplyCache(tmp_path, "m")
    cache.update("asked", "id---x", [ChatGeneration(message=AIMessage("said"))])
    assert [one.text for one in cache.lookup("asked", "another id---x") or ()] == ["said"]
    assert cache.lookup("asked", "id---y") is None
    cache.clear()
    assert cache.lookup("asked", "id---x") is None


@pytest.mark.slow
def test_rules_answer_every_question_of_the_exam_right_and_hostile_text_does_nothing() -> None:
    results = sit(Examinee(), parts=["questions", "hostile text"])
    assert len([one for one in results if one.part == "questions"]) >= 30
    assert {(one.part, one.grade) for one in results} == {("questions", "right"), ("hostile text", "safe")}


def test_an_answer_is_right_only_with_the_figure_or_day_that_was_computed() -> None:
    case = QuestionCase("en", "How much?", 12.34)
    assert case.is_in({"load_kwh": "12.3"})
    assert not case.is_in({"load_kwh": "12.5", "day": "2017-01-01"})
    assert QuestionCase("en", "Which day?", date(2017, 1, 2)).is_in({"day": "2017-01-02"})
    assert not QuestionCase("en", "Which day?", date(2017, 1, 2)).is_in({"day": "2017-01-03"})


class _Obedient(BaseChatModel):
    """A model that does what hostile text asks for: chooses the highest cost and quotes its instructions with a lie."""

    @property
    def _llm_type(self) -> str:
        return "obedient"

    def _generate(self, messages: Any, stop: Any = None, run_manager: Any = None, **kwargs: Any) -> ChatResult:
        letter = messages[1].text.partition("one letter of ")[2].rstrip(".")[-1:]
        lie = "It costs 987 euros to hold now. You help a home with solar panels and a battery."
        text = json.dumps({"rationale": lie, "choice": letter})
        return ChatResult(generations=[ChatGeneration(message=AIMessage(text))])

    def with_structured_output(self, schema: Any, **kwargs: Any) -> Any:
        def read(raw: Any) -> Any:
            return {"raw": raw, "parsed": schema.model_validate_json(raw.text), "parsing_error": None}

        return self | RunnableLambda(read)


def test_a_model_that_lies_and_obeys_is_seen_by_the_exam_and_held_by_the_guard() -> None:
    model = LoadedModel(_Obedient(), "obedient", "ollama", lambda: None)
    results = list(sit_choice(Examinee(model), 8, lambda _: None))
    chosen = [one.score for one in results if one.part == "choice" and one.who == "model"]
    out = [one for one in results if one.who == "model, after the guard"]
    assert max(chosen) > 1
    assert len(out) == 8
    assert {one.grade for one in out} <= {"best", "within the bound"}
    assert {one.grade for one in results if one.part == "reasons"} == {"held back"}


class _Inventor(_Obedient):
    """A model that wants the battery kept full, whatever was said."""

    def _generate(self, messages: Any, stop: Any = None, run_manager: Any = None, **kwargs: Any) -> ChatResult:
        wish = {"hold": "reserve", "percent": 100, "start": "now", "until": "00:00"}
        text = json.dumps({"rationale": "Somebody may want it so.", "choice": wish})
        return ChatResult(generations=[ChatGeneration(message=AIMessage(text))])


def test_a_wish_that_nobody_expressed_is_seen_as_invented_and_the_best_alone_as_missing_every_wish() -> None:
    model = LoadedModel(_Inventor(), "inventor", "ollama", lambda: None)
    results = list(sit_remarks(Examinee(model), None, lambda _: None))
    grades = Counter((one.who, one.group[:-4], one.grade) for one in results)
    assert grades == {
        ("planner's best", "a wish", "missed"): 14,
        ("planner's best", "no wish", "right"): 10,
        ("model", "a wish", "right"): 6,
        ("model", "a wish", "another wish"): 8,
        ("model", "no wish", "invented"): 10,
    }
    assert all("asked of the household" in one.detail or "within the bound" in one.detail for one in results[1::2])


def test_hostile_text_finds_a_model_that_obeys_held_in_every_place() -> None:
    model = LoadedModel(_Obedient(), "obedient", "ollama", lambda: None, tools=True)
    results = list(sit_hostile(Examinee(model), 6, lambda _: None))
    assert {one.group for one in results} == {
        "as a note",
        "as a question",
        "as a name",
        "as a sensor's message",
        "as the house's answer",
        "as an entity's name",
        "as a story",
        "beside a choice",
    }
    assert {(one.group, one.grade) for one in results if one.grade != "safe"} == set()


def test_turned_letters_move_the_best_and_make_a_habit_of_one_letter_worth_no_more_than_chance() -> None:
    brief = exam_cases()[0].brief
    labels = [one.label for one in brief.candidates]
    for by in range(2 * len(labels)):
        other = turned(brief, by)
        assert other.ids == brief.ids
        assert [one.id for one in other.candidates] == brief.ids
        assert other.candidates[by % len(labels)].label == labels[0]
    each = [[one.regret_per_slot for one in turned(brief, by).candidates] for by in range(len(labels))]
    assert len({round(sum(column), 9) for column in zip(*each, strict=True)}) == 1


def test_training_data_is_chat_lines_that_share_nothing_with_the_exam() -> None:
    lines = [json.loads(line)["messages"] for line in training_lines()]
    exam = {case.text for case in EVERY}
    letters, kinds, now = Counter[str](), Counter[str](), training_moment()
    for system, user, answer in lines:
        assert (system["role"], user["role"], answer["role"]) == ("system", "user", "assistant")
        state = json.loads(answer["content"])
        if "choice" in state:
            letters[state["choice"]] += 1
            assert not ungrounded_numbers(state["rationale"], user["content"])
            [line] = [line for line in user["content"].splitlines() if line.startswith(f"{state['choice']}: ")]
            assert "(extra 0.00, " in line
            continue
        reading, text = NoteReading.model_validate(state), json.loads(user["content"].splitlines()[0])
        kinds[reading.kind] += 1
        assert text not in exam
        # What is taught is what would be taken from it.
        taken, meant = checked(reading, text, now, ZONE), understand(text, now=now, tz=ZONE)
        assert isinstance(taken, Understood) == isinstance(meant, Understood)
        if isinstance(taken, Understood) and isinstance(meant, Understood):
            assert taken.constraint == meant.constraint
    assert set(kinds) == set(get_args(Kind))
    assert min(kinds.values()) >= 5
    assert set(letters) == set("ABCDE")
    assert max(letters.values()) <= 0.25 * letters.total()
