from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from agent.decision.decide import decide
from agent.decision.journal import open_journal
from agent.decision.replan import least_costs, run_profile, scene_of
from agent.language.answers.ask import Asker
from agent.language.text import language_of
from agent.llm.grounding import ungrounded_numbers
from agent.queries import Change, Run, Sources, best_start, planned, prices, status, what_if, why, why_not
from energy.commands import Mode
from energy.planning.planner import plan
from knowledge.store import DayStore


def test_why_tells_the_journalled_reason_and_facts_word_for_word(known: Any) -> None:
    decision = known.sources.decision()
    found = why(known.sources)
    assert found.facts["reason"] == decision.reason
    assert decision.facts.items() <= {name: found.facts[name] for name in decision.facts}.items()
    assert found.decisions == (decision.decision_id,)


def test_why_at_a_time_is_about_the_decision_in_force_then(known: Any) -> None:
    earlier = known.now - timedelta(hours=3, minutes=7)
    found = why(known.sources, at=earlier)
    decision = known.sources.decision(earlier)
    assert found.decisions == (decision.decision_id,)
    assert earlier - timedelta(minutes=30) < decision.at <= earlier


def test_why_not_tells_every_loser_with_what_it_would_have_cost_more(known: Any) -> None:
    decision = known.sources.decision()
    found = why_not(known.sources)
    lost = {one.name: one.extra_cost for one in decision.candidates if one.name != decision.chosen}
    assert {row["schedule"]: row["extra_cost"] for row in found.rows} == pytest.approx(lost)


@pytest.mark.parametrize("mode", list(Mode))
def test_no_mode_would_have_been_cheaper_than_the_chosen_one(known: Any, mode: Mode) -> None:
    for back in range(0, 20, 3):
        found = why_not(known.sources, mode, at=known.now - timedelta(hours=back))
        assert found.text != "why_not.cheaper"
        if "wanted_extra_cost" in found.facts:
            assert found.facts["wanted_extra_cost"] >= 0  # type: ignore[operator]


def test_the_plan_is_the_published_schedule_in_order_and_without_gaps(known: Any) -> None:
    found = planned(known.sources)
    command = known.sources.decision().command
    assert found.rows[0]["mode"] == command.mode.value
    assert [row["end"] for row in found.rows[:-1]] == [row["start"] for row in found.rows[1:]]
    assert found.rows[-1]["end"] == command.valid_until


def test_a_journalled_decision_planned_again_is_the_same_plan(known: Any) -> None:
    for back in range(0, 20, 3):
        decision = known.sources.decision(known.now - timedelta(hours=back))
        again = scene_of(decision, known.home).plan
        assert [one.name for one in again.candidates] == [one.name for one in decision.candidates]
        assert again.best.outlook.expected_cost == decision.candidates[0].expected_cost
        assert again.value_now_per_kwh == decision.worth_per_kwh


@pytest.mark.parametrize(
    ("change", "cheaper"),
    [
        (Change(soc=1.0), True),
        (Change(soc=0.0), False),
        (Change(capacity_kwh=0.0), False),
        (Change(capacity_factor=2.0), True),
        (Change(price_factor=2.0), False),
        (Change(import_price=0.01), True),
        (Change(pv_factor=2.0), True),
        (Change(load_factor=1.5), False),
        (Change(run=Run(2.0, 1.5)), False),
    ],
)
def test_what_if_moves_the_cost_the_way_it_must(known: Any, change: Change, cheaper: bool) -> None:
    afternoon = known.now - timedelta(hours=5)
    found = what_if(known.sources, change, at=afternoon)
    assert found.text == ("what_if.cheaper" if cheaper else "what_if.dearer")
    assert found.facts["before_cost"] == known.sources.decision(afternoon).candidates[0].expected_cost


def test_what_if_is_the_plan_of_the_changed_house(known: Any) -> None:
    decision = known.sources.decision()
    scene = scene_of(decision, known.home)
    expected = plan(scene.ensemble, known.home, 0.8 * known.home.battery.capacity_kwh).best.outlook.expected_cost
    assert what_if(known.sources, Change(soc=0.8)).facts["after_cost"] == expected


@pytest.mark.parametrize(
    "change", [Change(soc=1.2), Change(capacity_kwh=-1), Change(price_factor=99), Change(run=Run(0, 1))]
)
def test_an_impossible_change_is_refused(known: Any, change: Change) -> None:
    assert what_if(known.sources, change).text == "unknown.impossible_change"


def test_a_run_past_the_end_of_the_plan_is_not_reckoned(known: Any) -> None:
    start = known.now + timedelta(hours=23)
    assert what_if(known.sources, Change(run=Run(2.0, 4.0, start))).text == "unknown.run_beyond"


def test_the_best_start_is_the_cheapest_of_all_starts(known: Any) -> None:
    found = best_start(known.sources, power_kw=2.0, length_h=1.5, now=known.now)
    scene = scene_of(known.sources.decision(), known.home)
    begin = scene.index_of(known.now)
    without = least_costs(scene, np.zeros((1, len(scene.starts))))[0]
    costs = {
        scene.starts[at]: least_costs(scene, run_profile(scene, at, 2.0, 1.5)[None])[0] - without
        for at in range(begin, len(scene.starts) - 2)
    }
    assert found.facts["extra_cost"] == pytest.approx(min(costs.values()))
    assert costs[found.facts["start"]] == pytest.approx(min(costs.values()), abs=1e-4)
    assert found.facts["worst_cost"] == pytest.approx(max(costs.values()))
    assert found.facts["now_cost"] == pytest.approx(costs[scene.starts[begin]])


def test_a_run_carries_exactly_its_energy_even_in_part_of_a_slot(known: Any) -> None:
    scene = scene_of(known.sources.decision(), known.home)
    assert run_profile(scene, 4, 3.0, 1.25).sum() * scene.ensemble.hours == pytest.approx(3.75)


def test_a_load_must_be_done_by_its_latest_end(known: Any) -> None:
    latest = known.now + timedelta(hours=4)
    found = best_start(known.sources, power_kw=2.0, length_h=2.0, latest_end=latest, now=known.now)
    assert found.facts["end"] <= latest  # type: ignore[operator]
    none = best_start(known.sources, power_kw=2.0, length_h=5.0, latest_end=latest, now=known.now)
    assert none.text == "unknown.no_start"


@pytest.mark.parametrize(("power_kw", "length_h"), [(0.0, 1.0), (-2.0, 1.0), (1e9, 1.0), (2.0, 0.0), (2.0, 1e6)])
def test_an_impossible_load_is_refused(known: Any, power_kw: float, length_h: float) -> None:
    assert (
        best_start(known.sources, power_kw=power_kw, length_h=length_h, now=known.now).text == "unknown.impossible_load"
    )


def test_prices_are_those_of_the_tariff(known: Any) -> None:
    found = prices(known.sources, now=known.now)
    assert (
        found.facts["price_now_per_kwh"],
        found.facts["lowest_price_per_kwh"],
        found.facts["highest_price_per_kwh"],
    ) == (
        0.22,
        0.10,
        0.22,
    )


def test_status_is_the_newest_snapshot(known: Any) -> None:
    seen = known.sources.decision().snapshot
    found = status(known.sources, now=known.now)
    assert (found.facts["charge_percent"], found.facts["load_kw"]) == (seen.soc * 100, seen.load_kw)


def test_how_full_it_was_at_a_time_is_about_that_time(known: Any) -> None:
    answer = known.asker.answer("How full was the battery at noon?", now=known.now)
    then = known.sources.decision(known.now.replace(hour=11, minute=0))  # noon in Madrid
    assert answer.decisions == (then.decision_id,)
    assert answer.facts["charge_percent"] == f"{then.snapshot.soc * 100:.0f}"


def test_without_a_decision_everything_says_so(known: Any, tmp_path: Path) -> None:
    with open_journal(tmp_path / "journal.sqlite") as journal:
        sources = Sources(known.home, DayStore(tmp_path / "days"), journal)
        for found in (why(sources), why_not(sources), planned(sources), status(sources, now=known.now)):
            assert (found.text, found.known) == ("unknown.no_decision", False)
        for found in (
            what_if(sources, Change(soc=0.5)),
            prices(sources, now=known.now),
            best_start(sources, power_kw=1, length_h=1, now=known.now),
        ):
            assert (found.text, found.known) == ("unknown.no_plan", False)


def test_a_decision_without_a_command_is_told_with_its_problems(known: Any, tmp_path: Path) -> None:
    decision = known.sources.decision()
    silent = decision.model_copy(
        update={"decision_id": "silent", "outcome": "no_command", "command": None, "problems": ("battery_soc is old",)}
    )
    with open_journal(tmp_path / "journal.sqlite") as journal:
        journal.write(silent)
        sources = Sources(known.home, DayStore(tmp_path / "days"), journal)
        assert why(sources).facts["problems"] == "battery_soc is old"
        assert {why(sources).text, why_not(sources).text, planned(sources).text} == {
            "why.no_command",
            "why_not.no_command",
            "plan.no_command",
        }


def test_nothing_an_inquiry_does_changes_the_scene(known: Any) -> None:
    scene = scene_of(known.sources.decision(), known.home)
    before = scene.ensemble.load_kw.copy()
    replace(scene, soc=0.9).plan  # noqa: B018 (planned for its effects, of which there must be none)
    what_if(known.sources, Change(load_factor=2, pv_factor=0))
    assert (scene.ensemble.load_kw == before).all()


@pytest.mark.parametrize("written", ["en", "es"])
def test_a_reason_is_told_in_the_language_of_the_question_from_its_own_facts(
    known: Any, tmp_path: Path, make_situation: Any, written: str
) -> None:
    situation = make_situation(language=written)
    decision = decide(situation)
    with open_journal(tmp_path / "journal.sqlite") as journal:
        journal.write(decision)
        asker = Asker(Sources(situation.home, DayStore(tmp_path / "days"), journal))
        asked = {"en": "Why?", "es": "¿Por qué?"}
        texts = {language: asker.answer(question, now=situation.now).text for language, question in asked.items()}
    for language, text in texts.items():
        assert language_of(text) == language
        assert ungrounded_numbers(text, {**decision.facts, "at": "08:00"}) == []
    assert decision.reason in texts[written]
