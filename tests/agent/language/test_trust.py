from datetime import timedelta
from typing import Any

import numpy as np
import pytest

from agent.decision.journal import open_journal
from agent.decision.replan import scene_of
from agent.queries import Span, expected, faults, forecast_check, how_sure, planned

DAY = timedelta(days=1)


def test_a_forecast_stands_beside_what_came(known: Any) -> None:
    found = forecast_check(known.sources, Span(known.today, known.today), now=known.now)
    decision = known.sources.decision(
        min(at for at in known.metered if at.astimezone(known.home.tz).date() == known.today)
    )
    scene = scene_of(decision, known.home)
    both = [at for at in scene.starts if at in known.metered]
    load_kwh = scene.ensemble.load_kw[:, : len(both)].sum(axis=1) / 2
    assert found.text == "compare.forecast_today"
    assert found.facts["checked_hours"] == len(both) / 2
    assert found.facts["load_kwh"] == pytest.approx(sum(known.metered[at].load_kw for at in both) / 2)
    assert found.facts["expected_load_kwh"] == pytest.approx(load_kwh.mean())
    assert found.facts["least_load_kwh"] == pytest.approx(load_kwh.min())
    assert found.facts["most_load_kwh"] == pytest.approx(load_kwh.max())
    assert not forecast_check(known.sources, Span(known.today - 9 * DAY, known.today - 9 * DAY), now=known.now).known


def test_what_is_expected_ends_with_the_plan(known: Any) -> None:
    scene = scene_of(known.sources.decision(), known.home)
    found = expected(known.sources, "pv", known.now, known.now + 3 * DAY)
    assert found.facts["end"] == scene.end
    within = [at for at, start in enumerate(scene.starts) if start >= known.now]
    assert found.facts["expected_kwh"] == pytest.approx(scene.ensemble.pv_kw[:, within].sum(axis=1).mean() / 2)
    assert not expected(known.sources, "pv", known.now + 3 * DAY, known.now + 4 * DAY).known


def test_the_costs_of_the_futures_have_the_plan_s_cost_as_their_mean(known: Any) -> None:
    found, plan = how_sure(known.sources), planned(known.sources)
    assert found.facts["mean_cost"] == pytest.approx(plan.facts["expected_cost"], abs=0.001)
    assert found.facts["low_cost"] < found.facts["mean_cost"] < found.facts["high_cost"]
    assert found.facts["second_more_cost"] >= 0


def test_decisions_without_a_command_and_refusals_are_counted(known: Any, tmp_path: Any) -> None:
    decision = known.sources.decision()
    silent = decision.model_copy(
        update={"decision_id": "silent", "outcome": "no_command", "command": None, "problems": ("soc is stale",)}
    )
    with open_journal(tmp_path / "journal.sqlite") as journal:
        sources = type(known.sources)(known.home, known.store, journal)
        assert not faults(sources, known.now - DAY, known.now).known
        journal.write(decision)
        start, end = decision.at, decision.at + timedelta(hours=1)
        assert faults(sources, start, end).text == "status.no_faults"
        journal.write(silent)
        journal.confirm(decision.decision_id, decision.at, accepted=False, detail="busy")
        found = faults(sources, start, end)
    assert found.text == "status.faults"
    assert (found.facts["decisions"], found.facts["silent"], found.facts["refused"]) == (2, 1, 1)
    assert found.rows == ({"at": decision.at, "problems": "soc is stale"},)


def test_the_new_answers_are_told_in_both_languages(known: Any) -> None:
    asked = ["How good was your forecast today?", "How sure are you?", "Did anything go wrong today?"]
    asked += ["¿Qué tal acertaste hoy con la previsión?", "¿Estás seguro?", "¿Está todo bien?"]
    for question in asked:
        answer = known.asker.answer(question, now=known.now)
        assert answer.answered, question
        assert "{" not in answer.text
        assert not np.any([word in answer.text for word in ("nan", "None")])
