import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from energy.battery import Battery
from energy.commands import Levels
from energy.flows import Flows, force_battery
from energy.home import Grid, Home
from energy.pricing.tariff import FlatTariff, Prices
from energy.rules import threshold, timer

FULL, HOLD, FOLLOW = Levels(charge_to_soc=1, reserve_soc=1), Levels(reserve_soc=1), Levels()
# Cheap, a peak of four hours, cheap again.
EVENING = [0.2] * 16 + [0.5] * 4 + [0.2] * 4
NIGHT = [0.1] * 6 + [0.3] * 10 + [0.5] * 4 + [0.3] * 4


def home_with(battery: dict[str, float] | None = None, **grid: object) -> Home:
    return Home(
        name="home",
        zone="UTC",
        pv_peak_kw=5,
        battery=Battery(**({"capacity_kwh": 6, "max_charge_kw": 3, "max_discharge_kw": 3} | (battery or {}))),
        grid=Grid.model_validate(grid),
        tariff=FlatTariff(import_price=0.2),
    )


def priced(day: list[float]) -> Prices:
    return Prices(np.array(day), np.zeros(len(day)))


def where(levels: list[Levels], wanted: Levels) -> list[int]:
    return [at for at, level in enumerate(levels) if level == wanted]


def test_the_threshold_fills_up_in_a_quarter_of_the_day_and_of_equal_prices_the_last_before_the_peak() -> None:
    levels = threshold(priced(EVENING), home_with())
    assert where(levels, FULL) == [10, 11, 12, 13, 14, 15]
    assert where(levels, HOLD) == []
    levels = threshold(priced(NIGHT), home_with())
    assert where(levels, FULL) == [0, 1, 2, 3, 4, 5]
    assert where(levels, FOLLOW) == list(range(6, 24))


@pytest.mark.parametrize(
    ("day", "battery", "filled"),
    [
        (EVENING, {}, [13, 14, 15]),
        (EVENING, {"max_charge_kw": 6.5}, [15]),
        (EVENING, {"max_charge_kw": 1}, [9, 10, 11, 12, 13, 14, 15]),
        (NIGHT, {}, [3, 4, 5]),
        ([0.2] * 24, {}, []),
        ([0.5] + [0.2] * 23, {}, [21, 22, 23]),
        (EVENING, {"capacity_kwh": 0, "max_charge_kw": 0, "max_discharge_kw": 0}, []),
    ],
    ids=["before the peak", "quick", "slow", "night", "flat", "peak at midnight", "no battery"],
)
def test_the_timer_fills_up_as_late_as_is_cheapest(
    day: list[float], battery: dict[str, float], filled: list[int]
) -> None:
    levels = timer(priced(day), home_with(battery), 1.0)
    assert where(levels, FULL) == filled
    assert len(where(levels, FOLLOW)) == len(day) - len(filled)


def test_where_the_grid_may_not_charge_rules_follow_the_house() -> None:
    home = home_with(allow_grid_charging=False)
    assert threshold(priced(NIGHT), home) == timer(priced(NIGHT), home, 1.0) == [FOLLOW] * 24


def test_a_setpoint_gone_stale_sells_what_the_house_does_not_need_and_buys_what_it_lacks() -> None:
    home = home_with({"charge_efficiency": 1, "discharge_efficiency": 1})

    def forced(load_kw: float, battery_kw: float, stored_kwh: float) -> Flows:
        return force_battery(
            load_kw, 0.0, stored_kwh, battery_kw=battery_kw, battery=home.battery, grid=home.grid, hours=1.0
        )

    assert forced(1.0, -2.0, 6.0).grid_export_kw == 1.0
    assert forced(3.0, -2.0, 6.0).grid_import_kw == 1.0
    assert forced(3.0, 0.0, 6.0).grid_import_kw == 3.0
    assert forced(1.0, -2.0, 0.5).discharge_kw == 0.5
    assert forced(1.0, 9.0, 0.0).charge_kw == 3.0
    assert forced(1.0, 9.0, 5.5).stored_kwh == 6.0
    assert forced(13.0, 9.0, 0.0).charge_kw == 2.0


@given(
    load_kw=st.floats(0, 20),
    pv_kw=st.floats(0, 8),
    soc=st.floats(0, 1),
    battery_kw=st.floats(-9, 9),
    grid_charging=st.booleans(),
)
def test_whatever_is_forced_energy_is_conserved_and_bounds_hold(
    load_kw: float, pv_kw: float, soc: float, battery_kw: float, grid_charging: bool
) -> None:
    home = home_with(allow_grid_charging=grid_charging, export_limit_kw=3)
    battery = home.battery
    flow = force_battery(load_kw, pv_kw, soc * 6, battery_kw=battery_kw, battery=battery, grid=home.grid, hours=1.0)
    into = flow.pv_kw + flow.grid_import_kw + flow.discharge_kw
    out = flow.load_kw + flow.charge_kw + flow.grid_export_kw + flow.curtailed_kw
    assert into == pytest.approx(out, abs=1e-9)
    assert 0 <= flow.charge_kw <= 3
    assert 0 <= flow.discharge_kw <= 3
    assert flow.charge_kw == 0 or flow.discharge_kw == 0
    assert -1e-9 <= flow.stored_kwh <= 6 + 1e-9
    assert flow.grid_export_kw <= 3
    assert grid_charging or flow.charge_kw <= max(pv_kw - load_kw, 0) + 1e-9
    gained = flow.charge_kw * battery.charge_efficiency - flow.discharge_kw / battery.discharge_efficiency
    assert flow.stored_kwh == pytest.approx(soc * 6 + gained, abs=1e-9)
