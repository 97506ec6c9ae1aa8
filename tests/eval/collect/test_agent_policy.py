from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date, timedelta
from itertools import cycle

import pytest

from agent.llm.review import Brief, Chosen, NoChoice
from agent.settings import ServiceSettings
from energy.errors import ModelError, SettingsError
from eval.collect import agent_policy
from eval.collect.agent_policy import Consulted
from eval.collect.playing import DecisionCounters, Stretch, stretch
from eval.collect.policies import Sitting, check_policy, sit
from ingest.history.recorded import shipped_history
from ingest.history.table import History

MONDAY = date(2017, 1, 9)


@pytest.fixture(scope="module")
def sitting() -> Sitting:
    whole = shipped_history("citylearn-4")
    first, last = MONDAY - timedelta(days=30), MONDAY
    history: History = replace(whole, days=tuple(day for day in whole.days if first <= day.day <= last))
    played: Stretch = stretch(history.home, history.days[-1:])
    return Sitting(history, played)


def chosen(choice: str) -> Chosen:
    return Chosen(
        choice=choice,
        rationale="",
        rationale_ok=False,
        model="stub",
        prompt_name="decide",
        prompt_version=1,
        prompt_hash="0",
        seconds=2.0,
        prompt_tokens=300,
        output_tokens=40,
        cached_tokens=None,
        repaired=False,
    )


def answering(
    *answers: Chosen | NoChoice,
) -> Callable[[Consulted, DecisionCounters], Callable[[Brief], Chosen | NoChoice]]:
    turn: Iterator[Chosen | NoChoice] = cycle(answers)
    return lambda _consulted, _tally: lambda _brief: next(turn)


@pytest.mark.parametrize(
    ("policy", "provider", "name", "version"),
    [
        ("advisor", "none", None, 1),
        ("advisor:embedded", "embedded", None, 1),
        ("advisor:embedded:decide", "embedded", None, 1),
        ("advisor:ollama/qwen3:4b-instruct:decide.v1", "ollama", "qwen3:4b-instruct", 1),
        ("advisor:ollama/hf.co/some/model:decide", "ollama", "hf.co/some/model", 1),
    ],
)
def test_a_policy_names_its_model_and_prompt(policy: str, provider: str, name: str | None, version: int) -> None:
    found = Consulted.parse(policy)
    assert (found.model.provider, found.model.name) == (provider, name)
    assert found.prompt.version >= version


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        ("advisor:wizard:decide", "use none, auto, embedded, ollama or ollama/NAME"),
        ("advisor:embedded:nothing", "prompt 'nothing' does not exist"),
        ("advisor:embedded:decide.v99", "'decide.v99' does not exist"),
        ("advisor:", "is not advisor:MODEL:PROMPT"),
        ("advisory", "or advisor:MODEL:PROMPT"),
    ],
)
def test_what_cannot_be_asked_is_refused_before_anything_is_played(policy: str, expected: str) -> None:
    with pytest.raises(SettingsError, match=expected):
        check_policy(policy)


def test_without_a_model_the_advisor_decides_as_its_planner_does(sitting: Sitting) -> None:
    whole, plan = sit("advisor", sitting), sit("planner", sitting)
    assert whole.tally.verdicts == {"allowed": 24}
    assert not whole.tally.replies
    assert sum(left == right for left, right in zip(whole.modes, plan.modes, strict=True)) >= 22


def test_what_a_model_answers_is_counted_and_what_costs_too_much_is_overruled(
    sitting: Sitting, monkeypatch: pytest.MonkeyPatch
) -> None:
    late = NoChoice("late", "no answer within 30 s", "stub", 30.0)
    monkeypatch.setattr(agent_policy, "_reviewer", answering(late, chosen("A"), chosen("C")))
    course = sit("advisor:embedded:decide", sitting)
    tally = course.tally
    # Reviewed every four hours: six times a day.
    assert sum(tally.replies.values()) == 6
    assert tally.replies["late"] == 2
    assert tally.replies["chosen"] + tally.replies["overruled"] == 4
    assert tally.verdicts["rejected"] == tally.replies["overruled"]
    assert tally.verdicts["allowed"] == 24
    assert tally.tokens == 4 * 340
    assert max(tally.reply_s) == 30.0


def test_a_model_that_cannot_be_had_ends_the_cell_not_silently(
    sitting: Sitting, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(agent_policy, "load_model", lambda _settings: None)
    with pytest.raises(ModelError, match="no language model"):
        sit("advisor:auto:decide", sitting)


@pytest.mark.slow
def test_a_real_model_sits_the_exam(sitting: Sitting, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(agent_policy, "ServiceSettings", lambda: ServiceSettings(review_hours=12))
    course = sit("advisor:embedded:decide", sitting)
    assert sum(course.tally.replies.values()) == 2
    assert course.tally.tokens > 300
    assert course.tally.versions["model"].startswith("embedded/")
    assert course.tally.versions["prompt"].startswith("decide.v")
