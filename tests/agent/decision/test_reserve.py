"""What is never given away: the battery's least charge in every level, the standing reserve in the plan."""

from collections.abc import Callable

import pytest

from agent.decision.decide import Situation, decide
from agent.decision.inverter_mapping import Actuation, Positions
from agent.decision.replay import export, replay
from energy.battery import Battery
from energy.commands import Mode
from energy.guard import Policy
from energy.home import Home
from ingest.live.snapshot import Snapshot


def at_charge(situation: Situation, soc: float) -> Snapshot:
    now = situation.now
    return Snapshot(at=now, load_kw=0.6, pv_kw=0.0, soc=soc, grid_kw=None, battery_kw=None, temperature_c=None)


@pytest.mark.parametrize("min_soc", [0.1, 0.2, 0.1255])
def test_no_published_level_goes_below_the_batterys_least_charge(
    home: Home, make_situation: Callable[..., Situation], min_soc: float
) -> None:
    careful = home.model_copy(update={"battery": home.battery.model_copy(update={"min_soc": min_soc})})
    for soc in (min_soc, 0.5, 1.0):
        decision = decide(make_situation(home=careful, snapshot=at_charge(make_situation(), soc)))
        assert decision.command is not None
        assert all(slot.reserve_soc >= min_soc for slot in decision.command.slots)
        assert {one.verdict for one in decision.verdicts} == {"allowed"}


def test_an_empty_battery_at_its_floor_follows_the_house_and_holds_nothing(
    home: Home, make_situation: Callable[..., Situation]
) -> None:
    careful = home.model_copy(update={"battery": home.battery.model_copy(update={"min_soc": 0.2})})
    decision = decide(make_situation(home=careful, snapshot=at_charge(make_situation(), 0.2), pv_forecast_kw=None))
    assert decision.command is not None
    slot = decision.command.slots[0]
    held = slot.reserve_soc > 0.201
    assert decision.command.mode in ({Mode.HOLD, Mode.CHARGE} if held else {Mode.SELF_CONSUMPTION})


@pytest.mark.parametrize(("lowest", "min_soc", "written"), [(0, 0.2, "20"), (10, 0.05, "10"), (0, 0.125, "13")])
def test_an_inverter_is_left_with_a_reserve_that_is_never_below_the_batterys_own(
    lowest: float, min_soc: float, written: str
) -> None:
    battery = Battery(capacity_kwh=10, max_charge_kw=5, max_discharge_kw=5, min_soc=min_soc)
    actuation = Actuation(entities={"number.reserve": Positions(self_consumption="{reserve}")}, lowest_reserve=lowest)
    assert actuation.above(battery).wanted(None) == {"number.reserve": written}


def test_the_reserve_control_is_planned_with_and_its_cost_is_said(make_situation: Callable[..., Situation]) -> None:
    snapshot = at_charge(make_situation(), 0.8)
    free = decide(make_situation(snapshot=snapshot))
    kept = decide(make_situation(snapshot=snapshot, policy=Policy(min_reserve_soc=0.8)))
    assert kept.command is not None
    assert free.command is not None
    assert all(slot.reserve_soc >= 0.8 - 1e-9 for slot in kept.command.slots)
    assert kept.command.mode is Mode.HOLD
    assert {one.verdict for one in kept.verdicts} == {"allowed"}
    assert "The Reserve control keeps 80 % in the battery" in kept.reason
    costs = {one.name: one.expected_cost for one in kept.candidates}[kept.chosen]
    cheapest = min(one.expected_cost for one in free.candidates)
    assert costs > cheapest
    assert f"at an expected cost of {costs - cheapest:.2f} EUR" in kept.reason
    assert "Reserve control" not in free.reason


def test_a_reserve_above_the_charge_is_kept_from_what_is_there_and_nothing_is_bought_for_it(
    make_situation: Callable[..., Situation],
) -> None:
    policy = Policy(min_reserve_soc=0.9)
    free = decide(make_situation(snapshot=at_charge(make_situation(), 0.3)))
    kept = decide(make_situation(snapshot=at_charge(make_situation(), 0.3), policy=policy))
    assert kept.command is not None
    assert free.command is not None
    assert all(slot.reserve_soc >= 0.9 for slot in kept.command.slots)
    assert kept.command.slots[0].charge_to_soc <= max(slot.charge_to_soc for slot in free.command.slots)


def test_a_decision_under_a_standing_reserve_is_made_again_from_its_file(
    make_situation: Callable[..., Situation],
) -> None:
    kept = decide(make_situation(snapshot=at_charge(make_situation(), 0.8), policy=Policy(min_reserve_soc=0.5)))
    assert replay(export(kept, anonymous=False)).differences == ()
