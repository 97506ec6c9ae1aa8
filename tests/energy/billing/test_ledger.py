import numpy as np
import pytest

from energy.battery import Battery
from energy.billing.ledger import credit_per_kwh, total
from energy.commands import Levels
from energy.flows import Flows, step_house
from energy.home import Grid
from energy.pricing.tariff import Prices

BATTERY = Battery(capacity_kwh=10, max_charge_kw=3, max_discharge_kw=3, charge_efficiency=0.9, discharge_efficiency=0.8)


def step(levels: Levels, *, load: float, pv: float, stored: float, grid: Grid | None = None) -> Flows:
    return step_house(load, pv, stored, levels=levels, battery=BATTERY, grid=grid or Grid(), hours=1.0)


@pytest.mark.parametrize(
    ("levels", "load", "pv", "stored", "expected"),
    [
        # charge, discharge, import, export, stored after
        (Levels(), 1.0, 0.0, 5.0, (0.0, 1.0, 0.0, 0.0, 3.75)),
        (Levels(reserve_soc=0.5), 1.0, 0.0, 5.0, (0.0, 0.0, 1.0, 0.0, 5.0)),
        (Levels(reserve_soc=0.45), 1.0, 0.0, 5.0, (0.0, 0.4, 0.6, 0.0, 4.5)),
        (Levels(charge_to_soc=0.59, reserve_soc=0.59), 1.0, 0.0, 5.0, (1.0, 0.0, 2.0, 0.0, 5.9)),
        (Levels(charge_to_soc=1, reserve_soc=1), 1.0, 0.0, 5.0, (3.0, 0.0, 4.0, 0.0, 7.7)),
        (Levels(charge_to_soc=1, reserve_soc=1, max_charge_kw=2), 1.0, 0.0, 5.0, (2.0, 0.0, 3.0, 0.0, 6.8)),
        (Levels(), 1.0, 3.0, 9.1, (1.0, 0.0, 0.0, 1.0, 10.0)),
        (Levels(surplus_to_soc=0.5), 1.0, 3.0, 5.0, (0.0, 0.0, 0.0, 2.0, 5.0)),
    ],
)
def test_flows_worked_by_hand(
    levels: Levels, load: float, pv: float, stored: float, expected: tuple[float, ...]
) -> None:
    flow = step(levels, load=load, pv=pv, stored=stored)
    got = (flow.charge_kw, flow.discharge_kw, flow.grid_import_kw, flow.grid_export_kw, flow.stored_kwh)
    assert [float(value) for value in got] == pytest.approx(expected)


def test_selling_stops_at_its_level_and_needs_permission() -> None:
    selling = Levels(export_to_soc=0.3)
    assert float(step(selling, load=0, pv=0, stored=5.0).grid_export_kw) == 0
    sold = step(selling, load=0, pv=0, stored=5.0, grid=Grid(allow_battery_export=True))
    assert (float(sold.grid_export_kw), float(sold.stored_kwh)) == pytest.approx((1.6, 3.0))


def test_the_battery_helps_when_the_house_alone_would_exceed_the_import_limit() -> None:
    flow = step(Levels(reserve_soc=1.0), load=4.0, pv=0, stored=5.0, grid=Grid(import_limit_kw=3.0))
    assert (float(flow.discharge_kw), float(flow.grid_import_kw)) == pytest.approx((1.0, 3.0))


def test_bill_and_shares_of_two_slots() -> None:
    def pair(first: float, second: float) -> np.ndarray:
        return np.array([first, second])

    flows = Flows(
        load_kw=pair(1, 2),
        pv_kw=pair(3, 0),
        charge_kw=pair(1, 0),
        discharge_kw=pair(0, 0.72),
        grid_import_kw=pair(0, 1.28),
        grid_export_kw=pair(1, 0),
        curtailed_kw=pair(0, 0),
        stored_kwh=pair(0.9, 0.0),
    )
    prices = Prices(np.array([0.2, 0.5]), np.array([0.1, 0.1]))
    account = total(flows, prices, battery=BATTERY, hours=1.0, start_kwh=0.0)
    assert account.bill == pytest.approx(1.28 * 0.5 - 0.1)
    assert account.self_consumption == pytest.approx(2 / 3)
    assert account.self_sufficiency == pytest.approx(1.72 / 3)
    assert account.cycles == pytest.approx(0.09)
    assert account.balance_error_kwh < 1e-12
    assert credit_per_kwh(prices, BATTERY) == pytest.approx(0.16)
