from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from pydantic import ValidationError

from energy.day_ahead import known_prices
from energy.errors import DataError
from energy.pricing.calendar import BillingPeriod, billing_period
from energy.pricing.contract import Contract
from energy.pricing.series import PriceRun, PriceSeries

MADRID = ZoneInfo("Europe/Madrid")
NIGHT = {
    "periods": [
        {"name": "night", "price": 0.1, "from_hour": "23:30", "to_hour": 7},
        {"name": "day", "price": 0.3},
    ]
}


def contract(**changes: Any) -> Contract:
    return Contract.model_validate({"import_terms": [{"name": "energy", "price": 0.2}]} | changes)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=MADRID).astimezone(UTC)


def test_terms_add_up_with_their_taxes_and_taxes_on_taxes() -> None:
    made = contract(
        import_terms=[{"name": "energy", "price": 0.10}, {"name": "tolls", "price": 0.05}],
        export_terms=[{"name": "surplus", "price": 0.06}],
        taxes=[
            {"name": "electricity tax", "percent": 5, "on": ["energy", "tolls", "credit"]},
            {"name": "VAT", "percent": 20, "on": ["energy", "electricity tax", "credit"]},
        ],
    )
    prices = made.prices([at("2026-01-14 10:00")], MADRID)
    # energy: 1 + 0.05 + 0.2 * 1.05; tolls carry VAT on the electricity tax alone: 1 + 0.05 + 0.2 * 0.05
    assert prices.import_per_kwh[0] == pytest.approx(0.10 * 1.26 + 0.05 * 1.06)
    assert prices.export_per_kwh[0] == pytest.approx(0.06 * 1.26)


@pytest.mark.parametrize(
    ("local", "price"),
    [
        ("2026-01-14 23:29", 0.3),
        ("2026-01-14 23:30", 0.1),
        ("2026-01-15 00:00", 0.1),
        ("2026-01-15 06:59", 0.1),
        ("2026-01-15 07:00", 0.3),
    ],
)
def test_hours_may_cross_midnight_and_break_on_the_half_hour(local: str, price: float) -> None:
    made = contract(import_terms=[{"name": "energy", "price": NIGHT}])
    assert made.prices([at(local)], MADRID).import_per_kwh.tolist() == [price]


def test_an_hour_with_a_border_inside_costs_the_mean_of_its_parts() -> None:
    made = contract(import_terms=[{"name": "energy", "price": NIGHT}])
    hours = [at("2026-01-14 22:00"), at("2026-01-14 23:00"), at("2026-01-15 00:00")]
    assert made.prices(hours, MADRID).import_per_kwh.tolist() == pytest.approx([0.3, 0.2, 0.1])


def test_the_rate_of_a_tax_is_that_of_the_day_or_of_the_end_of_the_bill() -> None:
    rows = [
        {"name": "VAT", "percent": 10, "on": ["energy"], "last": "2026-03-21"},
        {"name": "VAT", "percent": 20, "on": ["energy"], "first": "2026-03-22"},
    ]
    moments = [at("2026-03-10 12:00"), at("2026-03-25 12:00")]
    daily = contract(taxes=rows)
    assert daily.prices(moments, MADRID).import_per_kwh.tolist() == pytest.approx([0.22, 0.24])
    due = contract(taxes=[row | {"accrues": "period_end"} for row in rows])
    assert due.prices(moments, MADRID).import_per_kwh.tolist() == pytest.approx([0.24, 0.24])


def test_a_tax_with_a_lower_limit_takes_at_least_that_much_of_each_kwh() -> None:
    rate = {"name": "electricity tax", "percent": 0.5, "on": ["energy"], "least_per_kwh": 0.001}
    vat = {"name": "VAT", "percent": 10, "on": ["all"]}
    made = contract(import_terms=[{"name": "energy", "price": 0.1}], taxes=[rate, vat])
    assert made.prices([at("2026-03-25 12:00")], MADRID).import_per_kwh[0] == pytest.approx((0.1 + 0.001) * 1.1)


def test_a_series_of_hours_and_then_quarters_is_read_by_its_own_slots() -> None:
    start = datetime(2025, 9, 30, 22, tzinfo=UTC)
    series = PriceSeries(
        runs=(
            PriceRun(start=start, step_minutes=60, per_kwh=(0.1, 0.2)),
            PriceRun(start=start + timedelta(hours=2), step_minutes=15, per_kwh=(0.1, 0.2, None, 0.4, 1, 2, 3, 4)),
        )
    )
    made = contract(import_terms=[{"name": "energy", "price": {"of": {"spot": 1}}}], series={"spot": series})
    quarters = [start + quarter * timedelta(minutes=15) for quarter in range(16)]
    known = made.known(quarters, MADRID).import_per_kwh
    assert known[[0, 3, 4, 8, 9, 11]].tolist() == [0.1, 0.1, 0.2, 0.1, 0.2, 0.4]
    assert np.isnan(known[10])
    hours = [start + hour * timedelta(hours=1) for hour in range(4)]
    assert made.known(hours, MADRID).import_per_kwh[3] == pytest.approx(2.5)
    with pytest.raises(DataError, match=r"no price for 2025-10-01T00:30.*extend the series \(spot\)"):
        made.prices(quarters, MADRID)


def test_what_a_published_series_already_holds_is_taken_out_and_not_added_twice() -> None:
    start = at("2026-01-14 10:00")
    rows = {
        "import_terms": [{"name": "energy", "price": {"published": "pvpc"}}, {"name": "tolls", "price": 0.09}],
        "taxes": [{"name": "VAT", "percent": 21, "on": ["energy", "tolls"]}],
    }
    series = {"runs": [{"start": start.isoformat(), "per_kwh": [0.19]}], "includes": ["tolls"]}
    made = contract(**rows, series={"pvpc": series})
    assert made.prices([start], MADRID).import_per_kwh[0] == pytest.approx(0.19 * 1.21)
    assert made.slot_prices([start], MADRID).imports[0].per_kwh[0] == pytest.approx(0.10)
    taxed = contract(**rows, series={"pvpc": series | {"includes": ["tolls", "VAT"]}})
    assert taxed.prices([start], MADRID).import_per_kwh[0] == pytest.approx(0.19)


def test_the_published_value_is_billed_and_the_formula_stands_in_as_expected() -> None:
    start = at("2026-01-14 10:00")
    price = {"of": {"day_ahead": 0.45, "futures": 0.55}, "plus": 0.01, "published": "pvpc"}
    made = contract(
        import_terms=[{"name": "energy", "price": price}],
        series={
            "day_ahead": {"runs": [{"start": start.isoformat(), "per_kwh": [0.1, 0.2]}]},
            "futures": {"runs": [{"start": start.isoformat(), "per_kwh": [0.06, 0.06]}]},
            "pvpc": {"runs": [{"start": start.isoformat(), "per_kwh": [0.12]}]},
        },
    )
    [term] = made.slot_prices([start, start + timedelta(hours=1)], MADRID).imports
    assert term.per_kwh.tolist() == pytest.approx([0.12, 0.45 * 0.2 + 0.55 * 0.06 + 0.01])
    assert term.expected.tolist() == [False, True]


def test_prices_not_yet_published_are_last_weeks_mean_of_their_hour() -> None:
    first = at("2026-01-05 00:00")
    values = [0.1 + 0.01 * (hour // 24) for hour in range(9 * 24)]
    series = {"runs": [{"start": first.isoformat(), "per_kwh": values}], "published_at_hour": 13}
    made = contract(import_terms=[{"name": "energy", "price": {"of": {"spot": 1}}}], series={"spot": series})
    now = at("2026-01-12 12:00")
    hours = [now + hour * timedelta(hours=1) for hour in range(14)]
    seen = known_prices(made, hours, MADRID, now=now).import_per_kwh
    assert seen[:12] == pytest.approx(0.17)
    assert seen[12:] == pytest.approx(np.mean([0.1 + 0.01 * day for day in range(1, 8)]))
    later = known_prices(made, hours, MADRID, now=now + timedelta(hours=1)).import_per_kwh
    assert later[12:] == pytest.approx(0.18)


@pytest.mark.parametrize(
    ("day", "billing_day", "period"),
    [
        (date(2026, 3, 15), 1, BillingPeriod(date(2026, 3, 1), date(2026, 3, 31))),
        (date(2026, 3, 11), 12, BillingPeriod(date(2026, 2, 12), date(2026, 3, 11))),
        (date(2026, 12, 31), 12, BillingPeriod(date(2026, 12, 12), date(2027, 1, 11))),
    ],
)
def test_billing_periods(day: date, billing_day: int, period: BillingPeriod) -> None:
    assert billing_period(day, billing_day) == period


HOLE = {"periods": [{"name": "night", "price": 0.1, "from_hour": 23, "to_hour": 7}]}
OVERLAP = {
    "periods": [
        {"name": "noon", "price": 0.1, "from_hour": 10, "to_hour": 14},
        {"name": "lunch", "price": 0.2, "from_hour": 13, "to_hour": 16},
        {"name": "rest", "price": 0.3},
    ]
}


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"import_terms": [{"name": "energy", "price": HOLE}]}, "no period covers workday hour 7 of month 1"),
        (
            {"import_terms": [{"name": "energy", "price": OVERLAP}]},
            r"periods 'noon' \(10:00 to 14:00\) and 'lunch' \(13:00 to 16:00\) overlap",
        ),
        ({"taxes": [{"name": "VAT", "percent": 21, "on": ["power"]}]}, "taxes 'VAT': on 'power' is not known: use"),
        (
            {"taxes": [{"name": "VAT", "percent": 21, "on": ["all"], "first": "2026-04-01", "last": "2026-03-01"}]},
            "last '2026-03-01' is before first '2026-04-01'",
        ),
        (
            {
                "taxes": [
                    {"name": "VAT", "percent": 21, "on": ["all"], "known_from": "2026-04-01", "known_to": "2026-03-01"}
                ]
            },
            "known_to '2026-03-01' is before known_from '2026-04-01'",
        ),
        (
            {
                "taxes": [
                    {"name": "VAT", "percent": 21, "on": ["all"]},
                    {"name": "VAT", "percent": 10, "on": ["all"], "first": "2026-03-22"},
                ]
            },
            "taxes 'VAT': one row holds without end, the next from 2026-03-22",
        ),
        (
            {
                "import_terms": [
                    {"name": "energy", "price": 0.2, "last": "2026-03-10"},
                    {"name": "energy", "price": 0.2, "first": "2026-03-21"},
                ]
            },
            "import_terms 'energy': no row holds from 2026-03-11 to 2026-03-20: set the earlier row's last",
        ),
        (
            {
                "taxes": [
                    {"name": "VAT", "percent": 10, "on": ["all"], "first": "2026-06-01"},
                    {"name": "VAT", "percent": 21, "on": ["all"], "last": "2026-03-15"},
                ]
            },
            "taxes 'VAT': no row holds from 2026-03-16 to 2026-05-31",
        ),
        ({"credit": {"wallet": {"fee_per_month": 2}}}, "set cap"),
        ({"import_terms": [{"name": "energy", "price": {"plus": 0.1}}]}, "names no series"),
        ({"fixed": [{"name": "power", "amount": 1, "contracted": "P1"}]}, "contracted_kw 'P1' is not known"),
        ({"contracted_kw": {"P9": 4.6}}, "contracted_kw 'P9' is not known"),
        ({"contracted_kw": {"P1": -4.6}}, "greater than or equal to 0"),
    ],
)
def test_a_contract_that_cannot_be_says_where_and_what_is_allowed(changes: dict[str, Any], says: str) -> None:
    with pytest.raises(ValidationError, match=says):
        contract(**changes)


def test_rows_may_begin_late_end_early_and_follow_each_other_to_the_day() -> None:
    rows = [("2026-01-01", "2026-03-21"), ("2026-03-22", "2026-06-30"), ("2026-07-01", "2026-12-31")]
    made = contract(
        taxes=[{"name": "VAT", "percent": 10, "on": ["all"], "first": one, "last": two} for one, two in rows]
    )
    assert made.multiplier("energy", date(2025, 12, 31)) == 1
    assert made.multiplier("energy", date(2026, 3, 22)) == pytest.approx(1.1)
    assert made.multiplier("energy", date(2027, 1, 1)) == 1
