"""CO2 moves a plan to the cleaner of two equally priced hours, and nothing where it is not counted."""

import numpy as np

from energy.battery import Battery
from energy.home import Home
from energy.planning.carbon import with_carbon
from energy.planning.planner import Ensemble, plan
from energy.pricing.series import Prices
from energy.pricing.tariff import FlatTariff

HOME = Home(
    name="home",
    zone="UTC",
    pv_peak_kw=0,
    battery=Battery(capacity_kwh=4, max_charge_kw=4, max_discharge_kw=4),
    tariff=FlatTariff(import_price=0.3),
)
# One expensive evening; before it two hours of one price, the second of which is cleaner.
PRICES = Prices(np.array([0.1, 0.1, 0.5]), np.zeros(3))
CLEANER_LATER = (0.05, 0.01, 0.05)


def ensemble(members: Prices | None = None) -> Ensemble:
    load = np.array([[0.0, 0.0, 3.0]])
    return Ensemble(load, np.zeros_like(load), PRICES, 1.0, members, None if members is None else 1)


def charged(made: Ensemble) -> list[float]:
    best = plan(made, HOME, 0.0).best
    return [levels.charge_to_soc for levels in best.levels]


def test_the_cleaner_of_two_equal_hours_is_chosen() -> None:
    first, second, _ = charged(with_carbon(ensemble(), CLEANER_LATER))
    assert (first, second > 0.7) == (0.0, True)
    first, _, _ = charged(with_carbon(ensemble(), tuple(reversed((0.05, 0.01, 0.0)))))
    assert first > 0.7


def test_nothing_is_changed_where_co2_is_not_counted_and_the_billed_prices_never_are() -> None:
    made = ensemble()
    assert with_carbon(made, ()) is made
    counted = with_carbon(made, CLEANER_LATER)
    assert np.allclose(counted.prices.import_per_kwh - made.prices.import_per_kwh, CLEANER_LATER)
    assert (counted.prices.export_per_kwh == made.prices.export_per_kwh).all()
    assert (made.prices.import_per_kwh == [0.1, 0.1, 0.5]).all()


def test_every_possible_price_is_raised_alike() -> None:
    members = Prices(np.array([[0.1, 0.2, 0.3]]), np.zeros((1, 3)))
    counted = with_carbon(ensemble(members), CLEANER_LATER)
    assert counted.price_members is not None
    assert np.allclose(counted.price_members.import_per_kwh, [[0.15, 0.21, 0.35]])
