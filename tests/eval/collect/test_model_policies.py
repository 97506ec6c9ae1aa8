"""A model at the exam of decisions: what it answers is guarded, obeyed and counted, and kept for a second sitting."""

import json
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from energy.errors import AdvisorError, SettingsError
from eval.collect import model_policies
from eval.collect.playing import stretch
from eval.collect.policies import Sitting, check_policy, sit
from eval.collect.replies import with_replies
from eval.collect.suites import DECISIONS, SUITES, decision_policies, shortened
from ingest.history.recorded import shipped_history
from tests.agent.conftest import ollama  # noqa: F401 (the server that speaks Ollama's protocol)

MONDAY = date(2017, 1, 9)
FULL = json.dumps({"charge_to": [80, 80, 80, 80], "reserve": [0, 50, 90, 100]})
LETTER = json.dumps({"rationale": "It is expected to cost the least.", "choice": "A"})


@pytest.fixture(scope="module")
def sitting() -> Sitting:
    whole = shipped_history("citylearn-4")
    days = tuple(day for day in whole.days if MONDAY - timedelta(days=30) <= day.day <= MONDAY)
    history = replace(whole, days=days)
    return Sitting(history, stretch(history.home, days[-1:]))


@pytest.fixture
def server(ollama: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:  # noqa: F811 (the fixture)
    monkeypatch.setattr(model_policies, "seated", lambda _: with_replies(ollama.connect(), tmp_path / "replies"))
    return ollama


def test_levels_of_a_model_alone_are_obeyed_for_four_hours(server: Any, sitting: Sitting) -> None:
    server.answers = [FULL] * 6
    course = sit("model-alone:ollama/m", sitting)
    assert (course.tally.replies, course.tally.verdicts["allowed"]) == ({"chosen": 6}, 6)
    assert course.tally.verdicts["beyond the bound"] > 0
    assert (course.tally.tokens, len(course.tally.reply_s)) == (6 * 450, 6)
    capacity_kwh = sitting.history.home.battery.capacity_kwh
    assert course.flows.stored_kwh[1] == pytest.approx(0.8 * capacity_kwh, abs=0.05 * capacity_kwh)
    brief = server.asked[0]["messages"][1]["content"]
    assert "00-01 h: price 0.21" in brief
    assert "Days like this: " in brief


def test_a_second_sitting_asks_nothing_again(server: Any, sitting: Sitting) -> None:
    server.answers = [FULL] * 6
    first, second = (sit("model-alone:ollama/m", sitting) for _ in range(2))
    assert len(server.asked) == 6
    assert first.modes == second.modes
    assert first.tally.reply_s == second.tally.reply_s


def test_an_answer_that_cannot_be_used_means_self_consumption(server: Any, sitting: Sitting) -> None:
    server.answers = ['{"charge_to": [80], "reserve": [0]}', "no", FULL.replace("100", "101"), *["{}"] * 3]
    course, plain = sit("model-alone:ollama/m", sitting), sit("greedy", sitting)
    assert course.tally.replies == {"invalid": 6}
    assert course.modes == plain.modes


def test_with_the_planner_it_chooses_a_schedule_and_what_costs_too_much_is_overruled(
    server: Any, sitting: Sitting
) -> None:
    server.answers = [LETTER] * 6
    tally = sit("model-planner:ollama/m", sitting).tally
    assert tally.replies["chosen"] + tally.replies["overruled"] == 6
    assert tally.verdicts["rejected"] == tally.replies["overruled"] > 0
    assert tally.verdicts["allowed"] == 24


def test_with_tools_it_looks_up_first_and_never_what_is_still_to_come(server: Any, sitting: Sitting) -> None:
    server.capabilities = ["completion", "tools"]
    ahead = {"quantity": "load", "first_day": "2017-01-09", "last_day": "2017-01-09"}
    server.answers = [one for _ in range(6) for one in ([("prices", {}), ("history", ahead)], "Known.", LETTER)]
    tally = sit("model-tools:ollama/m", sitting).tally
    assert tally.replies["chosen"] + tally.replies["overruled"] == 6
    prices, of_today = (one["content"] for one in server.asked[1]["messages"] if one["role"] == "tool")
    assert "0.21" in prices
    assert "kWh" not in of_today


def test_a_model_without_tools_cannot_sit_with_tools(server: Any, sitting: Sitting) -> None:
    with pytest.raises(AdvisorError, match="cannot call tools: use it as model-planner"):
        sit("model-tools:ollama/m", sitting)


@pytest.mark.parametrize(
    ("policy", "expected"), [("model-alone", "names no model"), ("model-alone:wizard", "'wizard'")]
)
def test_a_model_that_cannot_be_named_is_refused_before_anything_is_played(policy: str, expected: str) -> None:
    with pytest.raises(SettingsError, match=expected):
        check_policy(policy)


def test_the_exam_of_decisions_is_four_weeks_with_six_decisions_a_day() -> None:
    cells = SUITES[DECISIONS].cells(decision_policies("embedded"))
    assert {one.days for one in cells} == {7}
    assert len(cells) == 4 * 8
    assert {one.days for one in shortened(SUITES[DECISIONS], 2).cells(("none",))} == {2}
