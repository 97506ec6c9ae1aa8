"""The day's account against self-consumption, by hand and over a played day."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import pytest

from agent.decision.decide import Situation, decide
from agent.views.daily_bill import BillHistory, DailyBill, daily_bill, to_day_end
from energy.battery import Battery
from energy.home import Home
from energy.pricing.tariff import FlatTariff
from ingest.live.meter import MeteredSlot

HOUR = timedelta(hours=1)
MIDNIGHT = datetime(2026, 1, 13, 23, tzinfo=UTC)  # in Madrid


@pytest.fixture
def plain() -> Home:
    """10 kWh without losses, 0.30 in and 0.10 out: every figure can be worked out by hand."""
    battery = Battery(
        capacity_kwh=10,
        max_charge_kw=5,
        max_discharge_kw=5,
        charge_efficiency=1,
        discharge_efficiency=1,
        min_soc=0,
    )
    tariff = FlatTariff(kind="flat", import_price=0.3, export_price=0.1)
    return Home(name="plain", zone="Europe/Madrid", pv_peak_kw=4, battery=battery, tariff=tariff)


def slot(hour: int, load_kw: float, pv_kw: float, soc: float, **flows: float) -> MeteredSlot:
    return MeteredSlot(MIDNIGHT + hour * HOUR, load_kw, pv_kw, soc, **flows)


def test_held_back_energy_costs_now_and_is_credited(plain: Home) -> None:
    # Self-consumption would have given 1 kWh each hour; the battery stood still, so 2 kWh were bought and 2 are left.
    held = daily_bill([slot(0, 1, 0, 0.5), slot(1, 1, 0, 0.5)], plain, HOUR, before=slot(-1, 1, 0, 0.5))
    assert held == DailyBill(paid=0.6, greedy=0.0, stored_kwh=5, greedy_kwh=3, credit_per_kwh=0.3, hours=2)
    assert held.greedy_alike == pytest.approx(0.6)
    assert held.saved == pytest.approx(0.0)


def test_a_measured_grid_counts_rather_than_a_guessed_one(plain: Home) -> None:
    measured = slot(0, 1, 0, 0.4, grid_import_kw=0.2, grid_export_kw=0.1, charge_kw=0.0, discharge_kw=1.0)
    went = daily_bill([measured], plain, HOUR, before=slot(-1, 1, 0, 0.5))
    assert went.paid == pytest.approx(0.2 * 0.3 - 0.1 * 0.1)
    assert went.greedy == pytest.approx(0.0)


def test_what_a_car_took_is_paid_in_both_accounts(plain: Home) -> None:
    # 1 kWh of the house from the battery, 7 of the car from the grid; self-consumption would have given the car 4 more.
    measured = slot(0, 1, 0, 0.4, devices_kw=7.0, grid_import_kw=7.0, grid_export_kw=0.0, charge_kw=0, discharge_kw=1)
    went = daily_bill([measured], plain, HOUR, before=slot(-1, 1, 0, 0.5))
    assert went.paid == pytest.approx(2.1)
    assert went.greedy == pytest.approx(0.9)
    assert went.saved == pytest.approx(0.0)


def test_a_gap_is_in_neither_account(plain: Home) -> None:
    # Before the gap 1 kWh was held back; after it both batteries are as the real one: at 90 %.
    went = daily_bill([slot(0, 1, 0, 0.5), slot(5, 1, 0, 0.9)], plain, HOUR, before=slot(-1, 1, 0, 0.5))
    assert went.hours == 2
    assert went.paid == pytest.approx(0.6)
    assert (went.stored_kwh, went.greedy_kwh) == (pytest.approx(9), pytest.approx(8))
    assert went.saved == pytest.approx(0.0)


def test_following_the_house_saves_nothing_against_itself(plain: Home) -> None:
    day = [slot(0, 1, 0, 0.4), slot(1, 1, 3, 0.6), slot(2, 2, 0, 0.4)]
    assert daily_bill(day, plain, HOUR, before=slot(-1, 1, 0, 0.5)).saved == pytest.approx(0.0)


def test_a_month_is_the_sum_of_its_days(plain: Home) -> None:
    slots = [slot(hour, 1, 0, 0.5, grid_import_kw=1 + hour / 100) for hour in range(-24 * 20, 10)]
    months = BillHistory(plain, HOUR).month(slots, MIDNIGHT + 9 * HOUR)
    assert next(iter(months)) == date(2026, 1, 1)
    assert list(months)[-1] == date(2026, 1, 14)
    assert months[date(2026, 1, 14)].hours == 9
    assert all(months[date(2026, 1, day)].hours == 24 for day in range(1, 14))


def test_the_day_is_expected_to_end_no_dearer_than_self_consumption(
    home: Home, make_situation: Callable[..., Situation]
) -> None:
    situation = make_situation()
    decision = decide(situation)
    nothing_yet = DailyBill()
    expected = to_day_end(nothing_yet, decision, home)
    assert expected is not None
    assert expected.hours == 16  # from eight o'clock to midnight
    assert expected.paid > 0
    # The plan looks a day ahead, and the account ends at midnight with the rest of the battery at its least worth.
    assert expected.saved > -0.05 * expected.paid
    assert to_day_end(nothing_yet, decide(make_situation(shapes={}, neighbours=[])), home) is None
