"""Prices, paybacks and present values worked by hand."""

from math import inf

import pytest

from eval.study.play.wishes import StudyPrices
from eval.study.worth import battery_pays_below, battery_purchase, panels_purchase, together

# No time value, no ageing: money can be added up by hand.
PLAIN = StudyPrices(
    battery_per_kwh=100,
    pv_per_kwp=1000,
    battery_years=10,
    pv_years=20,
    battery_fade=0,
    pv_fade=0,
    discount_rate=0,
)


def test_a_battery_pays_back_by_what_it_saves() -> None:
    bought = battery_purchase(80, 5, PLAIN)
    assert (bought.price, bought.payback_years, bought.present_value) == (500, 6.25, 300)
    assert battery_pays_below(80, 5, PLAIN) == 160


@pytest.mark.parametrize(
    ("change", "price", "payback", "value"),
    [
        ({"subsidy_share": 0.4}, 300, 3.75, 500),
        ({"battery_years": 5}, 500, inf, -100),
        # 80 + 40 + 20 + ... never reaches 500
        ({"battery_fade": 0.5}, 500, inf, 80 * 2 * (1 - 0.5**10) - 500),
        # 80, 160, 320: after two years 260 are left of 500, three quarters of the third year
        ({"price_rise": 0.1}, 500, None, None),
    ],
)
def test_assumptions_change_it(
    change: dict[str, float], price: float, payback: float | None, value: float | None
) -> None:
    bought = battery_purchase(80, 5, PLAIN.model_copy(update=change))
    assert bought.price == price
    assert payback is None or bought.payback_years == pytest.approx(payback)
    assert value is None or bought.present_value == pytest.approx(value)


def test_later_money_is_worth_less() -> None:
    bought = panels_purchase(100, 1, PLAIN.model_copy(update={"discount_rate": 0.25, "pv_years": 2}))
    assert bought.present_value == pytest.approx(100 / 1.25 + 100 / 1.25**2 - 1000)


def test_what_saves_nothing_never_pays_back_and_what_costs_nothing_has() -> None:
    assert battery_purchase(0, 5, PLAIN).payback_years == inf
    assert battery_purchase(-3, 5, PLAIN).payback_years == inf
    assert panels_purchase(0, 0, PLAIN).payback_years == 0


def test_panels_go_on_when_the_battery_has_ended() -> None:
    # 1,500 in all: 80 + 40 a year for ten years leave 300 for the panels' 80 a year alone
    bought = together(80, 1, 40, 5, PLAIN)
    assert (bought.price, bought.payback_years) == (1500, 10 + 300 / 80)
    assert bought.present_value == 80 * 20 + 40 * 10 - 1500
