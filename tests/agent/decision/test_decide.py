from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import jsonschema
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agent.decision.decide import Situation, decide
from agent.decision.explain import reason_in
from agent.decision.journal import open_journal
from agent.llm.grounding import ungrounded_numbers
from agent.llm.review import Brief, Chosen, NoChoice
from energy.commands import command_schema
from energy.constraints import Away, Constraint, ExtraLoad, NoGridCharge, Reserve
from energy.guard import Policy
from energy.home import Grid, Home
from energy.planning.under_rules import BillSoFar, UsualDay
from energy.pricing.contract import Contract
from energy.pricing.tariff import DynamicTariff
from ingest.live.snapshot import NoSnapshot
from knowledge.forecast import DayShape

SituationMaker = Callable[..., Situation]


def choosing(pick: Callable[[Brief], str], **changes: Any) -> Callable[[Brief], Chosen]:
    """A model that picks by a rule."""

    def review(brief: Brief) -> Chosen:
        fields: dict[str, Any] = {
            "choice": pick(brief),
            "rationale": "because",
            "rationale_ok": True,
            "model": "rule",
            "prompt_name": "decide",
            "prompt_version": 1,
            "prompt_hash": "0" * 12,
            "seconds": 0.1,
            "prompt_tokens": 1,
            "output_tokens": 1,
            "cached_tokens": 0,
            "repaired": False,
        }
        return Chosen(**(fields | changes))

    return review


def labelled(words: str) -> Callable[[Brief], str]:
    return lambda brief: next(candidate.id for candidate in brief.candidates if words in candidate.label)


def test_a_decision_carries_a_valid_command_for_a_whole_day(make_situation: SituationMaker) -> None:
    decision = decide(make_situation())
    assert decision.outcome == "published"
    assert decision.command is not None
    jsonschema.validate(decision.command.model_dump(mode="json"), command_schema())
    assert decision.command.valid_until - decision.at >= timedelta(hours=24)
    assert [verdict.verdict for verdict in decision.verdicts] == ["allowed"]
    assert decision.candidates[0].extra_cost == 0
    assert len(decision.neighbours) == 12
    assert decision.ensemble is not None
    assert np.array(decision.ensemble.load_w).shape == (12, 48)


@pytest.mark.parametrize("language", ["en", "es"])
def test_every_number_of_the_reason_stands_in_its_facts(make_situation: SituationMaker, language: str) -> None:
    for soc in (0.0, 0.3, 0.9):
        for hour in range(0, 24, 3):
            now = make_situation().now + timedelta(hours=hour)
            asked = (
                Reserve(start=now + timedelta(hours=3), end=now + timedelta(hours=5), soc=0.8),
                ExtraLoad(start=now, end=now + timedelta(hours=2), power_kw=1.25),
            )
            situation = make_situation(language=language, asked=asked if hour % 2 else ())
            assert not isinstance(situation.snapshot, NoSnapshot)
            snapshot = replace(situation.snapshot, at=now, soc=soc)
            decision = decide(replace(situation, now=now, snapshot=snapshot))
            assert decision.command is not None
            assert decision.command.reason == decision.reason
            assert ungrounded_numbers(decision.reason, decision.facts) == []


def test_the_model_may_choose_within_the_bound(make_situation: SituationMaker) -> None:
    decision = decide(make_situation(policy=Policy(max_regret_per_slot=1.0)), choosing(labelled("reserve")))
    assert (decision.chosen, decision.chosen_by) == ("keep_reserve", "model")
    assert decision.command is not None
    assert all(slot.reserve_soc >= 0.3 for slot in decision.command.slots)
    assert decision.review is not None
    assert decision.review.outcome == "chosen"


def test_outside_the_bound_the_model_is_overruled_by_the_best(make_situation: SituationMaker) -> None:
    decision = decide(make_situation(policy=Policy(max_regret_per_slot=0.0)), choosing(labelled("self-consumption")))
    assert (decision.chosen_by, decision.outcome) == ("planner", "published")
    assert [verdict.verdict for verdict in decision.verdicts] == ["rejected", "allowed"]
    assert "more than the best candidate" in decision.verdicts[0].reasons[0]
    assert decision.review is not None
    assert decision.review.outcome == "overruled"


def adjusting(wish: Constraint) -> Callable[[Brief], Chosen]:
    """A model that wants the plan adjusted."""
    return choosing(lambda _: "adjusted", adjustment=wish)


def half_until(situation: Situation, hours: int) -> Reserve:
    return Reserve(start=situation.now, end=situation.now + timedelta(hours=hours), soc=0.5)


def test_an_adjustment_within_the_bound_is_planned_with_and_holds_without_another_review(
    make_situation: SituationMaker,
) -> None:
    situation = make_situation(policy=Policy(max_regret_per_slot=1.0), adjustable=True)
    wish = half_until(situation, 14)
    first = decide(situation, adjusting(wish))
    held = decide(replace(situation, in_force=first.chosen, adjustment=first.adjustment))
    for decision, by in ((first, "model"), (held, "earlier review")):
        assert (decision.chosen, decision.chosen_by, decision.adjustment) == ("adjusted", by, wish)
        assert decision.command is not None
        assert all(slot.reserve_soc >= 0.5 for slot in decision.command.slots if slot.start < wish.end)
        assert "at least 50 % in the battery" in decision.reason
        assert "al menos un 50 %" in reason_in(decision, "es")
        [adjusted] = [one for one in decision.candidates if one.name == "adjusted"]
        assert adjusted.extra_cost > 0
    assert first.review is not None
    assert first.review.extra_cost == pytest.approx(adjusted.extra_cost)


def test_an_adjustment_costs_as_much_as_what_the_plan_pays_for_it(make_situation: SituationMaker) -> None:
    situation = make_situation(policy=Policy(max_regret_per_slot=1.0), adjustable=True)
    extra = []
    for hours in (4, 14, 20):
        wish = half_until(situation, hours)
        review = decide(situation, adjusting(wish)).review
        as_note = decide(replace(situation, asked=(wish,))).candidates[0].expected_cost
        assert review is not None
        assert review.extra_cost == pytest.approx(as_note - decide(situation).candidates[0].expected_cost)
        extra.append(review.extra_cost)
    assert extra == sorted(extra)


def test_beyond_the_bound_an_adjustment_is_refused_and_told(make_situation: SituationMaker) -> None:
    situation = make_situation(policy=Policy(max_regret_per_slot=0.0), adjustable=True)
    wish = half_until(situation, 14)
    decision = decide(situation, adjusting(wish))
    assert (decision.chosen, decision.chosen_by, decision.adjustment) == ("best", "planner", None)
    assert [(one.candidate, one.verdict) for one in decision.verdicts] == [
        ("adjusted", "rejected"),
        ("best", "allowed"),
    ]
    assert decision.review is not None
    assert (decision.review.outcome, decision.review.adjustment) == ("overruled", wish)
    # And a refreshed plan gives up one that has become too dear.
    later = decide(replace(situation, in_force="adjusted", adjustment=wish))
    assert (later.chosen, later.chosen_by) == ("best", "planner")


def test_the_plan_may_be_adjusted_only_where_something_was_said(make_situation: SituationMaker) -> None:
    seen: list[Brief] = []

    def review(brief: Brief) -> NoChoice:
        seen.append(brief)
        return NoChoice("late", "gone", "test", 0.1)

    decide(make_situation(), review)
    decide(make_situation(adjustable=True), review)
    assert [bool(brief.times) for brief in seen] == [False, True]
    times = seen[1].times
    assert next(iter(times)) == "now"
    assert all(timedelta(0) < at - times["now"] <= timedelta(days=1) for name, at in times.items() if name != "now")


@pytest.mark.parametrize("kind", ["late", "unreachable", "invalid"])
def test_without_an_answer_the_best_candidate_goes_out_and_the_record_says_why(
    make_situation: SituationMaker, kind: Any
) -> None:
    decision = decide(make_situation(), lambda _: NoChoice(kind, "gone", "test", 0.1))
    assert (decision.outcome, decision.chosen_by) == ("published", "planner")
    assert decision.review is not None
    assert (decision.review.outcome, decision.review.detail) == (kind, "gone")


def test_an_earlier_choice_holds_between_reviews_only_within_the_bound(make_situation: SituationMaker) -> None:
    held = decide(make_situation(in_force="keep_reserve", policy=Policy(max_regret_per_slot=1.0)))
    assert (held.chosen, held.chosen_by) == ("keep_reserve", "earlier review")
    dropped = decide(make_situation(in_force="self_consumption", policy=Policy(max_regret_per_slot=0.0)))
    assert dropped.chosen_by == "planner"


def test_an_ungrounded_rationale_is_not_kept(make_situation: SituationMaker) -> None:
    liar = choosing(lambda brief: brief.candidates[0].id, rationale="saves 999 EUR", rationale_ok=False)
    decision = decide(make_situation(), liar)
    assert decision.review is not None
    assert (decision.review.rationale, decision.review.grounded) == ("", False)


NO_PRICE = DynamicTariff(start=datetime(2020, 1, 1, tzinfo=UTC), import_prices=(0.1,), export_prices=(0.0,))


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"snapshot": NoSnapshot(("battery_soc is 300 s old, limit 120 s",))}, "300 s old"),
        ({"neighbours": []}, "ingest some history"),
    ],
)
def test_what_cannot_be_judged_gives_no_command_and_says_why(
    make_situation: SituationMaker, changes: dict[str, Any], problem: str
) -> None:
    decision = decide(make_situation(**changes))
    assert (decision.outcome, decision.command) == ("no_command", None)
    assert problem in decision.reason


def test_a_missing_price_gives_no_command(make_situation: SituationMaker, home: Home) -> None:
    decision = decide(make_situation(home=home.model_copy(update={"tariff": NO_PRICE})))
    assert decision.outcome == "no_command"
    assert "no price for" in decision.reason


def test_the_guard_has_the_last_word_on_grid_charging(make_situation: SituationMaker, home: Home) -> None:
    closed = home.model_copy(update={"grid": Grid(allow_grid_charging=False)})
    decision = decide(make_situation(home=closed))
    assert decision.command is not None
    assert all(slot.charge_to_soc == 0 for slot in decision.command.slots)


def test_nothing_after_the_decision_changes_it(make_situation: SituationMaker, shapes: dict[date, DayShape]) -> None:
    today = date(2026, 1, 14)
    rng = np.random.default_rng(9)
    later = {today + timedelta(days=n): DayShape(today, rng.random(48) * 9, rng.random(48) * 9) for n in (0, 1, 2)}
    later[today].load_kw[16:] = np.nan
    later[today].pv_kw[16:] = np.nan
    with_later = decide(make_situation(shapes=shapes | later))
    only_today = decide(make_situation(shapes=shapes | {today: later[today]}))
    assert with_later.command is not None
    assert only_today.command is not None
    assert with_later.command.slots == only_today.command.slots


def test_the_journal_gives_back_what_was_decided_and_never_changes_it(
    tmp_path: Any, make_situation: SituationMaker
) -> None:
    decision = decide(make_situation())
    with open_journal(tmp_path / "journal.sqlite") as journal:
        journal.write(decision)
        journal.confirm(decision.decision_id, decision.at, accepted=True, detail="")
        with pytest.raises(Exception, match="append-only"):
            journal._db.execute("DELETE FROM decisions")
    with open_journal(tmp_path / "journal.sqlite") as journal:
        assert journal.last("test") == decision
        assert journal.last("test", at=decision.at - timedelta(seconds=1)) is None
        assert journal.decisions("test") == [decision]
        assert journal.confirmations(decision.decision_id) == [(True, "")]


def test_a_reason_says_what_was_asked_for_in_the_household_language_and_whether_it_is_out_of_reach(
    make_situation: SituationMaker,
) -> None:
    now = make_situation().now
    asked = (Reserve(start=now, end=now + timedelta(hours=2), soc=0.9),)
    english, spanish = (decide(make_situation(asked=asked, language=language)) for language in ("en", "es"))
    assert english.reason.startswith("Charging from the grid to 90 %, as you asked: each stored kWh costs ")
    assert "You asked for: at least 90 % in the battery, bought from the grid where needed, from Wed 14 Jan" in (
        english.reason
    )
    assert "That cannot be met all the time: the battery is expected to be as low as 20 %." in english.reason
    assert spanish.reason.startswith(
        "Cargando de la red hasta el 90 %, como pediste: cada kWh almacenado cuesta ahora 0,"
    )
    assert "No se podrá cumplir todo el tiempo: se espera que la batería llegue a estar al 20 %." in spanish.reason
    assert english.asked == asked
    assert english.command is not None
    assert english.command.slots[0].charge_to_soc == 0.9


@pytest.mark.parametrize("words", [None, "reserve", "self-consumption"])
def test_a_reason_can_be_said_again_in_the_other_language(make_situation: SituationMaker, words: str | None) -> None:
    """Word for word what would have been written in it, whichever schedule was chosen."""
    now, policy = make_situation().now, Policy(max_regret_per_slot=1.0)
    reviewer = choosing(labelled(words)) if words else None
    for asked in ((), (Reserve(start=now, end=now + timedelta(hours=6), soc=0.7),)):
        english, spanish = (
            decide(make_situation(asked=asked, language=language, policy=policy), reviewer) for language in ("en", "es")
        )
        assert reason_in(english, "es") == spanish.reason != english.reason
        assert reason_in(spanish, "en") == english.reason == reason_in(english, "en")


def test_guests_raise_the_expected_load_and_absence_lowers_it(make_situation: SituationMaker) -> None:
    now = make_situation().now

    def load_wh(*asked: Constraint) -> float:
        ensemble = decide(make_situation(asked=asked)).ensemble
        assert ensemble is not None
        return float(np.array(ensemble.load_w).mean(axis=0).sum()) / 2

    usual = load_wh()
    assert load_wh(ExtraLoad(start=now, end=now + timedelta(hours=4), power_kw=1)) == pytest.approx(usual + 4000)
    assert load_wh(Away(start=now, end=now + timedelta(days=2), load_factor=0.5)) == pytest.approx(usual / 2, abs=30)


def test_what_a_choice_costs_is_recorded(make_situation: SituationMaker) -> None:
    free = make_situation(policy=Policy(max_regret_per_slot=1.0), trigger="note")
    review = decide(free, choosing(labelled("reserve"))).review
    assert review is not None
    assert (review.trigger, review.extra_cost is not None) == ("note", True)
    assert review.regret_per_slot is not None
    assert review.regret_per_slot >= (review.extra_cost or 0) / 48


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, 40), st.integers(1, 30), st.floats(0, 1), st.booleans(), st.floats(0, 1))
def test_what_is_published_obeys_what_was_asked_for(
    make_situation: SituationMaker, start: int, length: int, soc: float, banned: bool, charge: float
) -> None:
    base = make_situation()
    assert not isinstance(base.snapshot, NoSnapshot)
    begins = base.now + start * base.step
    ends = begins + length * base.step
    asked: tuple[Constraint, ...] = (Reserve(start=begins, end=ends, soc=soc),)
    asked += (NoGridCharge(start=begins, end=ends),) if banned else ()
    decision = decide(replace(base, snapshot=replace(base.snapshot, soc=charge), asked=asked), choosing(lambda _: "A"))
    assert decision.command is not None
    for slot in decision.command.slots:
        if slot.start < ends and begins < slot.end:
            assert slot.reserve_soc >= soc - 0.001
            assert slot.charge_to_soc == 0 if banned else slot.charge_to_soc >= soc - 0.001
    assert ungrounded_numbers(decision.reason, decision.facts) == []


def test_what_remembered_days_show_already_is_not_counted_twice(make_situation: SituationMaker) -> None:
    plain = make_situation()
    away = Away(start=plain.now, end=plain.now + timedelta(hours=24), load_factor=0.5)

    def planned_w(situation: Situation) -> float:
        decision = decide(situation)
        assert decision.ensemble is not None
        return float(np.mean(decision.ensemble.load_w))

    result = [replace(near, notes=("away",)) for near in plain.neighbours]
    assert planned_w(replace(plain, asked=(away,))) == pytest.approx(0.5 * planned_w(plain), rel=0.01)
    assert planned_w(replace(plain, asked=(away,), neighbours=result)) == pytest.approx(planned_w(plain))


def capped(home: Home) -> Home:
    contract = {
        "import_terms": [{"name": "energy", "price": 0.2}],
        "export_terms": [{"name": "surplus", "price": 0.08}],
        "credit": {"cap": "energy_bought"},
        "peaks": [{"per_kw_month": 5.0, "floor_kw": 2.5}],
    }
    return home.model_copy(update={"tariff": Contract.model_validate(contract)})


def test_the_month_to_date_decides_what_an_exported_kwh_is_worth(make_situation: SituationMaker, home: Home) -> None:
    sunny = tuple([UsualDay(earned=2.0, cap=1.0, peak_kw=3.2, registers={})] * 28)
    billed = capped(home)
    without = decide(make_situation(home=billed))
    reached = decide(make_situation(home=billed, bill=BillSoFar(usual=sunny)))
    assert "bill_export" not in without.facts
    assert (reached.facts["bill_export"], reached.facts["bill_export_price"]) == ("0.00", "0.08")
    assert reached.facts["peak_kw"] == "3.2"
    assert "an exported kWh is now worth 0.00 instead of 0.08" in reached.reason
    assert not ungrounded_numbers(reached.reason, reached.facts)
    spanish = decide(make_situation(home=billed, bill=BillSoFar(usual=sunny), language="es"))
    assert "un kWh vertido vale ahora 0,00 en vez de 0,08" in spanish.reason
    assert reached.ensemble == without.ensemble
    assert reached.worth_per_kwh < without.worth_per_kwh


def test_co2_guides_the_plan_is_said_in_the_reason_and_is_on_no_bill(make_situation: SituationMaker) -> None:
    slots = 48
    without = decide(make_situation())
    counted = decide(make_situation(carbon=(0.05,) * slots))
    assert counted.facts["carbon_now"] == "0.050"
    assert "Emissions count 0.050 EUR for each kWh from the grid now" in counted.reason
    assert not ungrounded_numbers(counted.reason, counted.facts)
    assert "carbon_now" not in without.facts
    assert counted.ensemble == without.ensemble
    assert counted.facts["price_now"] == without.facts["price_now"]
    assert "bill_import" not in counted.facts
    assert counted.worth_per_kwh > without.worth_per_kwh
    spanish = decide(make_situation(carbon=(0.05,) * slots, language="es"))
    assert "Las emisiones cuentan ahora 0,050 EUR por cada kWh de la red" in spanish.reason
