"""The bound by the bill: what the programme says it costs is what the ledger bills for its flows."""

from datetime import date, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from energy.battery import Battery
from energy.billing.bill import total_of
from energy.home import Home
from energy.planning.bill_programme import fixed_cost
from energy.planning.billed_oracle import optimise_bill
from energy.planning.oracle import Optimum
from energy.pricing.calendar import billing_period
from energy.pricing.contract import Contract
from energy.pricing.metering import MeterReadings
from energy.pricing.series import Floats
from energy.slots import day_bounds, slots_between

MADRID = ZoneInfo("Europe/Madrid")
BATTERY = Battery(capacity_kwh=5, max_charge_kw=2.5, max_discharge_kw=2.5)
BY_HOUR = {
    "periods": [
        {"name": "night", "price": 0.10, "to_hour": 8},
        {"name": "evening", "price": 0.30, "from_hour": 18, "to_hour": 22},
        {"name": "day", "price": 0.20},
    ]
}
PRICED: dict[str, Any] = {
    "import_terms": [{"name": "energy", "price": BY_HOUR}, {"name": "tolls", "price": 0.03}],
    "export_terms": [{"name": "surplus", "price": 0.06}],
    "taxes": [{"name": "VAT", "percent": 10, "on": ["all"]}],
}
CAPPED: dict[str, Any] = {"cap": "energy_bought", "cap_on": ["energy"]}
FIXED = [{"name": "rent", "amount": 3.0}]

RULES: dict[str, dict[str, Any]] = {
    "prices alone": {},
    "netting within the hour": {"netting": [{"interval": "hour"}]},
    "cap": {"netting": [{"interval": "hour"}], "credit": CAPPED},
    "wallet": {"credit": CAPPED | {"wallet": {}}, "fixed": FIXED},
    "peak": {"peaks": [{"per_kw_month": 4.0, "floor_kw": 0.5}]},
    "peak of three days": {"peaks": [{"per_kw_month": 4.0, "interval": "hour", "mean_of_days": 3}]},
    "steps": {"peaks": [{"steps": [{"up_to_kw": 1, "per_month": 2}, {"up_to_kw": 9, "per_month": 9}]}]},
    "windows": {"peaks": [{"per_kw_month": 4.0, "windows": [{"from_hour": 17, "to_hour": 23}]}]},
    "year": {"netting": [{"interval": "year", "terms": ["tolls"], "keeps_credit": True}]},
    "month": {"netting": [{"interval": "month", "terms": ["energy"]}]},
    "least tax": {
        "taxes": [
            {"name": "electricity tax", "percent": 0.5, "on": ["energy"], "least_per_kwh": 0.01},
            {"name": "VAT", "percent": 10, "on": ["all"]},
        ]
    },
}


def home_with(rules: dict[str, Any]) -> Home:
    return Home(
        name="a", zone="Europe/Madrid", pv_peak_kw=5, battery=BATTERY, tariff=Contract.model_validate(PRICED | rules)
    )


def days(step: timedelta) -> tuple[list[Any], Floats, Floats]:
    """Ten days over the end of a month, sunny and dull in turn."""
    starts = slots_between(day_bounds(date(2026, 3, 27), MADRID)[0], day_bounds(date(2026, 4, 5), MADRID)[1], step)
    rng = np.random.default_rng(3)
    hour = np.array([start.hour + start.minute / 60 for start in starts])
    bright = np.repeat(rng.uniform(0.1, 1.0, 11), 24 * 4)[: len(starts)]
    pv = np.maximum(np.sin((hour - 6) / 12 * np.pi), 0) * 5 * bright * rng.uniform(0.3, 1.0, len(starts))
    load = 0.3 + rng.exponential(0.4, len(starts)) + 1.5 * ((hour >= 18) & (hour < 21))
    return starts, load, pv


def bill_of(home: Home, starts: list[Any], net_kw: Floats, best: Optimum, step: timedelta) -> float:
    at_grid = net_kw + best.charge_kw - best.discharge_kw
    h = step / timedelta(hours=1)
    metered = MeterReadings(starts, np.maximum(at_grid, 0) * h, np.maximum(-at_grid, 0) * h, step)
    return total_of(metered, home.tariff, home.tz)


@pytest.mark.parametrize("rules", RULES.values(), ids=RULES)
@pytest.mark.parametrize("minutes", [30, 60])
def test_the_bound_costs_what_its_flows_are_billed(rules: dict[str, Any], minutes: int) -> None:
    step, home = timedelta(minutes=minutes), home_with(rules)
    starts, load, pv = days(step)
    best = optimise_bill(load, pv, starts=starts, home=home, start_kwh=0.0, end_value_per_kwh=0.0)
    contract = home.tariff
    assert isinstance(contract, Contract)
    march, april = (billing_period(date(2026, month, 1)) for month in (3, 4))
    fixed = fixed_cost(contract, march) * 5 / 31 + fixed_cost(contract, april) * 5 / 30
    assert best.cost + fixed == pytest.approx(bill_of(home, starts, load - pv, best, step), abs=1e-5)


@pytest.mark.parametrize("rules", RULES.values(), ids=RULES)
def test_no_battery_and_plain_greed_never_cost_less(rules: dict[str, Any]) -> None:
    step, home = timedelta(minutes=60), home_with(rules)
    starts, load, pv = days(step)
    best = optimise_bill(load, pv, starts=starts, home=home, start_kwh=0.0, end_value_per_kwh=0.0)
    idle = Optimum(0.0, np.zeros(len(load)), np.zeros(len(load)), np.zeros(len(load)))
    assert bill_of(home, starts, load - pv, best, step) <= bill_of(home, starts, load - pv, idle, step) + 1e-6
