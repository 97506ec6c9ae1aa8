"""The exam on tool trajectories: scripted models that look up well, badly, or what is not there."""

import json
from typing import Any

import pytest

from agent.llm.tool_loop import ToolLoopResult, ToolResult
from eval.model_exam.scores import CaseResult, Examinee
from eval.model_exam.trajectory_exam import Trajectory, grade_of, sit_tools, trajectories
from tests.agent.conftest import ollama  # noqa: F401 (the server that speaks Ollama's protocol)

PRICES = Trajectory(task="When is power cheapest?", needs=("prices",))
KNOWN = {"prices", "plan"}


@pytest.mark.parametrize(
    ("looked", "calls", "mark"),
    [
        ([("prices", "0.2 EUR")], 2, "right"),
        ([("plan", "x"), ("prices", "0.2 EUR")], 3, "right"),
        ([("prices", "error: no")], 2, "missed"),
        ([("plan", "x")], 2, "missed"),
        ([], 1, "missed"),
        ([("prices", "0.2 EUR"), ("set_battery", "no such tool")], 2, "strange tool"),
        ([("prices", "0.2 EUR")], 9, "too many calls"),
    ],
)
def test_a_trajectory_is_right_only_with_the_needed_results(
    looked: list[tuple[str, str]], calls: int, mark: str
) -> None:
    made = ToolLoopResult(tuple(ToolResult(tool, {}, text) for tool, text in looked), "", calls)
    assert grade_of(PRICES, made, KNOWN) == mark


def test_every_needed_tool_exists_and_both_languages_and_traps_are_there() -> None:
    asked = {name for case in trajectories() for name in case.needs}
    assert asked >= {"live_status", "prices", "forecast", "similar_days", "history", "plan", "what_if"}
    assert sum(not case.needs for case in trajectories()) >= 2


def sat(server: Any, *answers: Any, limit: int = 1) -> list[CaseResult]:
    server.capabilities, server.answers = ["completion", "tools"], list(answers)
    return list(sit_tools(Examinee(server.connect()), limit, lambda _: None))


CHOICE = json.dumps({"rationale": "This is the cheapest of the schedules.", "choice": "A"})


def test_calls_fenced_calls_and_calls_of_nothing_are_told_apart(ollama: Any) -> None:  # noqa: F811 (the fixture)
    asked = [[("live_status", {})], "Known.", [("prices", {})], "Known.", CHOICE]
    assert [(one.group, one.grade) for one in sat(ollama, *asked)] == [("tasks", "right"), ("decisions", "right")]
    fenced = ['```json\n{"name": "live_status", "arguments": {}}\n```', "Known.", "Nothing needed.", CHOICE]
    assert [one.grade for one in sat(ollama, *fenced)] == ["right", "chose without tools"]
    strange = [[("set_battery", {"percent": 0})], "Sorry.", "Nothing needed.", "no", "no"]
    assert [one.grade for one in sat(ollama, *strange)] == ["strange tool", "invalid"]


def test_without_a_model_there_is_nothing_to_sit() -> None:
    assert list(sit_tools(Examinee(), None, lambda _: None)) == []
