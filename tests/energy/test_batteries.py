"""Several batteries under one plan: shared out by size and charge, and never charging each other."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from energy.batteries import shared_soc, split
from energy.battery import NamedBattery, combined
from energy.commands import Levels, Mode
from energy.flows import step_house
from energy.home import Grid, Home

BIG = NamedBattery(name="garage", capacity_kwh=10, max_charge_kw=5, max_discharge_kw=5, min_soc=0.1)
SMALL = NamedBattery(name="cellar", capacity_kwh=5, max_charge_kw=2, max_discharge_kw=2.5, charge_efficiency=0.9)
PAIR = (BIG, SMALL)
GRID = Grid(allow_battery_export=True)
soc = st.floats(0, 1)


@st.composite
def levels(draw: st.DrawFn) -> Levels:
    charge_to, reserve = sorted((draw(soc), draw(soc)))
    export = draw(st.none() | st.floats(reserve, 1))
    surplus = draw(st.none() | soc)
    return Levels(
        charge_to_soc=charge_to * draw(st.sampled_from((0, 1))),
        reserve_soc=reserve,
        export_to_soc=export,
        surplus_to_soc=surplus,
        max_charge_kw=draw(st.none() | st.floats(0, 9)),
    )


@given(levels(), soc, soc, st.booleans(), st.floats(0, 20), st.floats(0, 12), st.floats(0.01, 1))
def test_never_does_one_charge_while_another_discharges_whatever_the_house_does(
    wanted: Levels, first: float, second: float, surplus: bool, load_kw: float, pv_kw: float, hours: float
) -> None:
    parts = split(wanted, PAIR, (first, second), surplus=surplus)
    stored = [BIG.capacity_kwh * max(first, BIG.min_soc), SMALL.capacity_kwh * second]
    # Each inverter measures the house as it is before the others act: none knows of the other.
    apart = [
        step_house(load_kw, pv_kw, kwh, levels=part, battery=battery, grid=GRID, hours=hours)
        for battery, kwh, part in zip(PAIR, stored, parts, strict=True)
    ]
    # Or the second measures what the first has left over, whichever way that is.
    one = apart[0]
    left_kw = (load_kw + one.charge_kw, pv_kw + one.discharge_kw)
    then = step_house(*left_kw, stored[1], levels=parts[1], battery=SMALL, grid=GRID, hours=hours)
    for flows in (apart, [one, then]):
        assert not (any(flow.charge_kw > 0 for flow in flows) and any(flow.discharge_kw > 0 for flow in flows))


@given(levels(), soc, soc, st.booleans())
def test_together_they_reach_the_plans_levels_and_no_further(
    wanted: Levels, first: float, second: float, surplus: bool
) -> None:
    socs = (max(first, BIG.min_soc), second)
    parts, held = split(wanted, PAIR, socs, surplus=surplus), shared_soc(PAIR, socs)
    mode = wanted.mode(held, floor_soc=combined(PAIR).min_soc)
    if mode is Mode.CHARGE:
        reached = shared_soc(PAIR, [max(at, part.charge_to_soc) for at, part in zip(socs, parts, strict=True)])
        assert reached == pytest.approx(min(wanted.charge_to_soc, shared_soc(PAIR, (1, 1))), abs=1e-6)
    elif mode is Mode.SELF_CONSUMPTION and not surplus:
        kept = shared_soc(PAIR, [min(at, part.reserve_soc) for at, part in zip(socs, parts, strict=True)])
        assert kept == pytest.approx(max(min(wanted.reserve_soc, held), shared_soc(PAIR, (BIG.min_soc, 0))), abs=1e-6)


@pytest.mark.parametrize(
    ("wanted", "socs", "surplus", "expected"),
    [
        # Bought up to 60 %: the fuller one has its share already.
        (Levels(charge_to_soc=0.6, reserve_soc=0.6), (0.9, 0.0), False, [(None, 1.0), (0.0, 1.0)]),
        (Levels(charge_to_soc=0.5, reserve_soc=0.5), (0.4, 0.1), False, [(0.518, 1.0), (0.464, 1.0)]),
        # Down to 30 %: the emptier one keeps what it has.
        (Levels(reserve_soc=0.3), (0.9, 0.1), False, [(0.4, 0.0), (None, 0.0)]),
    ],
)
def test_worked_by_hand(
    wanted: Levels, socs: tuple[float, float], surplus: bool, expected: list[tuple[float | None, float]]
) -> None:
    parts = split(wanted, PAIR, socs, surplus=surplus)
    for part, (level, other) in zip(parts, expected, strict=True):
        mine = part.charge_to_soc if part.reserve_soc == 1 else part.reserve_soc
        assert level is None or mine == pytest.approx(level, abs=0.001)
        assert (part.reserve_soc if part.reserve_soc == 1 else part.surplus_to_soc) == other


def test_several_are_planned_as_their_sum() -> None:
    together = combined(PAIR)
    assert (together.capacity_kwh, together.max_charge_kw, together.max_discharge_kw) == (15, 7, 7.5)
    assert together.min_soc == pytest.approx(1 / 15)
    assert together.charge_efficiency == pytest.approx((10 * 0.95 + 5 * 0.9) / 15)
    assert shared_soc(PAIR, (0.5, 0.2)) == pytest.approx(0.4)


def facts(**more: Any) -> dict[str, Any]:
    tariff = {"kind": "flat", "import_price": 0.2}
    return {"name": "home", "zone": "UTC", "pv_peak_kw": 5, "tariff": tariff, **more}


def test_a_home_takes_several_and_comes_back_from_its_own_file() -> None:
    home = Home.model_validate(facts(batteries=[one.model_dump() for one in PAIR]))
    assert home.battery == combined(PAIR)
    assert Home.model_validate_json(home.model_dump_json()) == home


@pytest.mark.parametrize(
    "wrong",
    [
        {"batteries": [BIG.model_dump()]},
        {"batteries": [BIG.model_dump(), BIG.model_dump()]},
        {"batteries": [one.model_dump() for one in PAIR], "battery": BIG.model_dump(exclude={"name"})},
        {},
    ],
)
def test_batteries_that_contradict_each_other_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Home.model_validate(facts(**wrong))
