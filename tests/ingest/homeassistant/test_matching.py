from typing import Literal

import numpy as np
import pytest

from energy.battery import Battery
from energy.commands import Levels
from energy.flows import step_house
from energy.home import Grid
from ingest.homeassistant.matching import Floats, likely_signs, match_charge, match_power

BATTERY = Battery(
    capacity_kwh=9.6, max_charge_kw=4, max_discharge_kw=4, charge_efficiency=0.95, discharge_efficiency=0.95
)


def house(days: int = 10) -> dict[str, Floats]:
    rng = np.random.default_rng(5)
    hour = np.arange(24 * days) % 24
    load = 0.3 + 0.9 * np.exp(-((hour - 20) ** 2) / 5) + rng.gamma(2, 0.2, len(hour))
    pv = (
        4
        * np.clip(np.sin((hour - 7) / 10 * np.pi), 0, None)
        * np.repeat(rng.uniform(0.2, 1, days), 24)
        * (hour > 7)
        * (hour < 17)
    )
    stored, rows = 2.0, []
    for used, sun in zip(load, pv, strict=True):
        flow = step_house(used, sun, stored, levels=Levels(), battery=BATTERY, grid=Grid(), hours=1)
        rows.append((flow.grid_import_kw - flow.grid_export_kw, flow.charge_kw, flow.discharge_kw, stored))
        stored = float(flow.stored_kwh)
    grid, charged, discharged, before = np.array(rows, dtype=float).T
    after = np.append(before[1:], stored)
    return {
        "load": load,
        "pv": pv,
        "grid": grid,
        "charged": charged,
        "discharged": discharged,
        "soc": (before + after) / 2 / BATTERY.capacity_kwh,
    }


HOUSE = house()


@pytest.mark.parametrize(
    ("factor", "sign", "scale"),
    [(1, 1, 1), (-1, -1, 1), (1.1, 1, 1), (1000, 1, 0.001), (-1000, -1, 0.001), (0.001, 1, 1000)],
)
def test_a_power_sensor_is_known_by_what_it_did_with_its_sign_and_unit(factor: float, sign: int, scale: float) -> None:
    rng = np.random.default_rng(1)
    candidates = {
        "other": HOUSE["load"],
        "wanted": HOUSE["grid"] * factor * rng.uniform(0.97, 1.03, len(HOUSE["grid"])),
        "dead": np.zeros(len(HOUSE["grid"])),
        "silent": np.full(len(HOUSE["grid"]), np.nan),
    }
    found = match_power(HOUSE["grid"], candidates)
    assert found is not None
    assert (found.name, found.sign, found.scale) == ("wanted", sign, pytest.approx(scale))


@pytest.mark.parametrize("factor", [0.5, 3.6, 2])
def test_what_follows_but_is_another_amount_is_not_taken(factor: float) -> None:
    assert match_power(HOUSE["grid"], {"part": HOUSE["grid"] * factor}) is None


def test_a_day_is_too_little_to_know() -> None:
    assert match_power(HOUSE["grid"][:24], {"wanted": HOUSE["grid"][:24]}) is None


def test_the_charge_sensor_tells_capacity_and_efficiency() -> None:
    phone = np.random.default_rng(2).uniform(0.2, 0.9, len(HOUSE["soc"]))
    fit = match_charge(HOUSE["charged"], HOUSE["discharged"], {"phone": phone, "battery": np.round(HOUSE["soc"], 2)})
    assert fit is not None
    assert fit.name == "battery"
    assert not fit.reversed
    assert fit.capacity_kwh == pytest.approx(9.6, rel=0.1)
    assert fit.efficiency == pytest.approx(0.95, abs=0.03)


def test_a_battery_counted_the_other_way_round_shows_in_its_charge() -> None:
    fit = match_charge(HOUSE["discharged"], HOUSE["charged"], {"battery": HOUSE["soc"]})
    assert fit is not None
    assert fit.reversed


@pytest.mark.parametrize(("grid", "battery"), [(1, 1), (-1, 1), (1, -1), (-1, -1)])
def test_the_balance_tells_which_signs_are_wrong(grid: Literal[1, -1], battery: Literal[1, -1]) -> None:
    flows = HOUSE["discharged"] - HOUSE["charged"]
    found = likely_signs(HOUSE["pv"], grid * HOUSE["grid"], battery * flows)
    assert found == (None if (grid, battery) == (1, 1) else (grid, battery))
