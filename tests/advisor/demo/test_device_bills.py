"""The account of a house with devices: fair between ways of running it, and never below the bound."""

from dataclasses import replace
from datetime import timedelta

import pytest

from advisor.demo.device_bills import Stage, bound, device_bills, live_alone
from advisor.demo.run import Choices, recording
from advisor.demo.scenarios import stage

MINUTE = timedelta(minutes=1)


@pytest.fixture(scope="module")
def car(tmp_path_factory: pytest.TempPathFactory) -> Stage:
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp("car"))
        choices, history = stage("car", Choices())
    played = recording(history, day=choices.day, hours=32)
    return Stage(played, 5 * MINUTE, 30 * MINUTE, choices.start_soc, 7)


def test_a_house_that_was_left_alone_pays_what_a_house_left_alone_pays(car: Stage) -> None:
    alone = live_alone(car.house())
    account = device_bills(alone, car)
    assert account.bills.advisor == account.bills.greedy
    assert account.bills.oracle < account.bills.greedy < account.bills.none
    assert account.bills.balance_error_kwh < 1e-9
    assert account.planned_kwh == account.alone_kwh
    # Two windows were open, the evening's and the one before midnight of the first day.
    assert account.alone_kwh["car"] == pytest.approx(sum(need for _, _, need in sessions(car)), abs=1e-6)


def sessions(car: Stage) -> list[tuple[object, object, float]]:
    device = car.house().devices["car"]
    return device.sessions(car.recording.end)  # type: ignore[attr-defined]


def test_energy_that_a_device_lacks_is_no_saving(car: Stage) -> None:
    alone = live_alone(car.house())
    starved = replace(alone, energy_kwh={"car": alone.energy_kwh["car"] - 5.0})
    mean_price = float(car.recording.import_price.mean())
    extra = device_bills(starved, car).bills.advisor - device_bills(alone, car).bills.advisor
    assert extra == pytest.approx(5.0 * mean_price)


def test_the_bound_is_below_whatever_a_house_can_do(car: Stage) -> None:
    assert bound(car) <= device_bills(live_alone(car.house()), car).bills.greedy


def test_a_battery_that_is_never_emptied_is_compared_with_none_at_all(car: Stage) -> None:
    home = car.recording.home
    kept = home.battery.model_copy(update={"min_soc": 0.1})
    careful = replace(car, recording=replace(car.recording, home=home.model_copy(update={"battery": kept})))
    account = device_bills(live_alone(careful.house()), careful)
    assert account.bills.greedy < account.bills.none
