from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np
import pytest

from energy.battery import Battery
from energy.billing.bill import bills
from energy.home import Home
from energy.planning.account import Account, BilledSlot, bare_prices, counted, opened
from energy.planning.planner import Ensemble, best_levels, cost_to_go
from energy.planning.under_rules import UsualDay, least_peak_kw, under_rules
from energy.planning.usual import usual_days
from energy.pricing.contract import Contract
from energy.pricing.metering import MeterReadings
from energy.pricing.series import PeakPrice
from energy.pricing.tariff import FlatTariff, Prices
from energy.slots import day_bounds, slots_between

BATTERY = Battery(capacity_kwh=5, max_charge_kw=2.5, max_discharge_kw=2.5, charge_efficiency=1, discharge_efficiency=1)
PRICED: dict[str, Any] = {
    "import_terms": [{"name": "energy", "price": 0.15}, {"name": "tolls", "price": 0.05}],
    "export_terms": [{"name": "surplus", "price": 0.06}],
    "taxes": [{"name": "VAT", "percent": 10, "on": ["all"]}],
}
CAPPED = {"cap": "energy_bought", "cap_on": ["energy"]}
QUARTER = timedelta(minutes=15)
NOON = datetime(2026, 5, 20, 10, tzinfo=UTC)


def home_with(rules: dict[str, Any]) -> Home:
    return Home(
        name="a", zone="Europe/Madrid", pv_peak_kw=5, battery=BATTERY, tariff=Contract.model_validate(PRICED | rules)
    )


def ensemble(home: Home, starts: list[datetime], load: float = 0.5, pv: float = 0.0) -> Ensemble:
    prices = home.tariff.prices(starts, home.tz)
    hours = (starts[1] - starts[0]) / timedelta(hours=1)
    return Ensemble(np.full((2, len(starts)), load), np.full((2, len(starts)), pv), prices, hours)


def slots(start: datetime, count: int, step: timedelta) -> list[datetime]:
    return [start + at * step for at in range(count)]


def seen(home: Home, account: Account, usual: list[UsualDay], step: timedelta = timedelta(hours=1)) -> Prices:
    assert isinstance(home.tariff, Contract)
    starts = slots(NOON, 24, step)
    opened_now = opened(account, home.tariff, NOON, home.tz)
    return under_rules(ensemble(home, starts), starts, home, opened_now, usual).prices


SUNNY = [UsualDay(3.0, 1.0, 0.0, {"energy: ": -10.0, "tolls: ": -10.0})] * 28
DULL = [UsualDay(0.0, 1.0, 0.0, {"energy: ": 10.0, "tolls: ": 10.0})] * 28


def test_without_rules_nothing_is_changed() -> None:
    for tariff in (FlatTariff(import_price=0.2), Contract.model_validate(PRICED)):
        home = home_with({}).model_copy(update={"tariff": tariff})
        starts = slots(NOON, 24, timedelta(hours=1))
        given = ensemble(home, starts)
        assert under_rules(given, starts, home, Account(), SUNNY) is given


@pytest.mark.parametrize(
    ("rules", "usual", "buy", "sell"),
    [
        ({"credit": CAPPED}, DULL, 0.22, 0.066),
        # the cap binds: surplus earns nothing, and each kWh bought lets 0.15 of lost credit count
        ({"credit": CAPPED}, SUNNY, 0.22 - 1.1 * 0.15, 0.0),
        # a wallet keeps it at its money's worth, without taxes
        ({"credit": CAPPED | {"wallet": {}}}, SUNNY, 0.22 - 0.1 * 0.15, 0.06),
        # netting over the month: export gives the whole price back, or import is free
        ({"netting": [{"interval": "month"}]}, DULL, 0.22, 0.22),
        ({"netting": [{"interval": "month"}]}, SUNNY, 0.0, 0.066),
        ({"netting": [{"interval": "year", "terms": ["tolls"], "keeps_credit": True}]}, DULL, 0.22, 0.066 + 0.055),
    ],
)
def test_a_kwh_is_worth_what_it_changes_on_the_bill(
    rules: dict[str, Any], usual: list[UsualDay], buy: float, sell: float
) -> None:
    prices = seen(home_with(rules), Account(), usual)
    assert prices.import_per_kwh[0] == pytest.approx(buy, abs=1e-4)
    assert prices.export_per_kwh[0] == pytest.approx(sell, abs=1e-4)


def test_what_the_month_has_come_to_decides_as_much_as_what_is_expected() -> None:
    home = home_with({"credit": CAPPED})
    assert isinstance(home.tariff, Contract)
    even = [UsualDay(1.0, 0.5, 0.0, {}), UsualDay(0.5, 1.0, 0.0, {})] * 14
    month = opened(Account(), home.tariff, NOON, home.tz).period
    begun = {amount: Account(period=month, year=2026, earned=amount) for amount in (0.0, 3.0, 40.0)}
    sells = [float(seen(home, account, even).export_per_kwh[0]) for account in begun.values()]
    assert sells[0] > sells[1] > sells[2]
    assert sells[0] == pytest.approx(0.033, abs=1e-3)
    assert sells[2] == pytest.approx(0.0, abs=1e-4)


@pytest.mark.parametrize(("balance", "price"), [(2.0, 0.22), (-2.0, 0.066)])
def test_within_the_hour_a_kwh_costs_what_the_open_balance_makes_of_it(balance: float, price: float) -> None:
    home = home_with({"netting": [{"interval": "hour"}]})
    assert isinstance(home.tariff, Contract)
    account = opened(Account(), home.tariff, NOON, home.tz)
    flow = (balance, 0.0) if balance > 0 else (0.0, -balance)
    account = counted(account, BilledSlot(NOON, QUARTER, *flow, 0.06, 0.15), home.tariff, home.tz)
    now = NOON + QUARTER
    starts = slots(now, 24, QUARTER)
    prices = under_rules(ensemble(home, starts), starts, home, account, []).prices
    at_rest, bought, sold = (prices.cost(np.full(24, power_kw)) for power_kw in (0.0, 1.0, -1.0))
    assert (bought - at_rest)[:3] == pytest.approx(price)
    assert (at_rest - sold)[:3] == pytest.approx(price)
    assert (bought - at_rest)[3] == pytest.approx(0.22)
    assert (at_rest - sold)[3] == pytest.approx(0.066)
    # Beyond the open balance it is the other price.
    even_kw = -balance / 0.75
    assert (prices.cost(np.full(24, even_kw + 1)) - prices.cost(np.full(24, even_kw)))[0] == pytest.approx(0.22)
    assert (prices.cost(np.full(24, even_kw)) - prices.cost(np.full(24, even_kw - 1)))[0] == pytest.approx(0.066)


def test_what_was_exported_in_the_hour_is_bought_back_and_no_more() -> None:
    home = home_with({"netting": [{"interval": "hour"}]})
    assert isinstance(home.tariff, Contract)
    account = opened(Account(), home.tariff, NOON, home.tz)
    account = counted(account, BilledSlot(NOON, QUARTER, 0.0, 0.9, 0.06, 0.15), home.tariff, home.tz)
    starts = slots(NOON + QUARTER, 24, QUARTER)
    given = ensemble(home, starts, load=0.2)
    plan = best_levels(ruled := under_rules(given, starts, home, account, []), home, cost_to_go(ruled, home))
    assert plan[0].charge_to_soc > 0
    assert plan[0].max_charge_kw == pytest.approx(0.9 / 0.75 - 0.2)
    assert plan[3].charge_to_soc == 0


def test_the_account_counts_as_the_ledger_bills() -> None:
    home = home_with({"netting": [{"interval": "hour"}], "credit": CAPPED})
    contract = home.tariff
    assert isinstance(contract, Contract)
    starts = slots_between(day_bounds(date(2026, 4, 1), home.tz)[0], day_bounds(date(2026, 4, 9), home.tz)[1], QUARTER)
    rng = np.random.default_rng(1)
    net = rng.normal(0, 1, len(starts))
    metered = MeterReadings(starts, np.maximum(net, 0), np.maximum(-net, 0), QUARTER)
    bare = bare_prices(contract, starts, home.tz)
    account = Account()
    for at, start in enumerate(starts):
        slot = BilledSlot(
            start,
            QUARTER,
            float(metered.import_kwh[at]),
            float(metered.export_kwh[at]),
            float(bare.credit[at]),
            float(bare.capped[at]),
        )
        account = counted(account, slot, contract, home.tz)
    account = opened(account, contract, starts[-1] + QUARTER, home.tz)
    [bill] = bills(metered, contract, home.tz)
    assert account.earned == pytest.approx(-bill.of("credit"))
    assert account.cap == pytest.approx(sum(line.amount for line in bill.lines if line.name == "energy"))


def test_the_plan_keeps_to_the_peak_that_the_month_has_paid_for() -> None:
    night = {"periods": [{"name": "night", "price": 0.05, "to_hour": 8}, {"name": "day", "price": 0.4}]}
    rules = {"import_terms": [{"name": "energy", "price": night}], "peaks": [{"per_kw_month": 5.0, "floor_kw": 1.5}]}
    home = home_with(rules)
    start = day_bounds(date(2026, 5, 20), home.tz)[0]
    starts = slots(start, 24, timedelta(hours=1))
    plain = ensemble(home, starts)
    assert isinstance(home.tariff, Contract)
    ruled = under_rules(plain, starts, home, opened(Account(), home.tariff, start, home.tz), DULL)
    # Of equally cheap hours the last before the day is taken.
    bought = best_levels(plain, home, cost_to_go(plain, home))[7]
    careful = best_levels(ruled, home, cost_to_go(ruled, home))[7]
    assert bought.charge_to_soc > 0
    assert bought.max_charge_kw is None
    assert careful.charge_to_soc > 0
    assert careful.max_charge_kw == pytest.approx(1.0)  # 0.5 kW of load below a peak of 1.5 kW


def test_a_peak_that_is_made_once_costs_once_and_is_ignored_where_that_is_cheaper() -> None:
    prices = PeakPrice(np.full((2, 3), [[1.0], [2.0]]), np.full((2, 3), 4.0), np.array([1.0, 1.0]))
    imports = np.array([[0.5, 3.0, 3.0], [0.0, 1.5, 1.0]])
    # 2 kW above the first tier and 1 kW above the second, however many slots reach it; half a kW above the first.
    assert prices.cost_of_highest(imports) == pytest.approx([3.0, 0.5])
    assert prices.cost(imports).sum(axis=1) == pytest.approx([24.0, 2.0])


def test_what_the_month_reached_and_what_it_will_need_are_two_tiers() -> None:
    rules = {"peaks": [{"per_kw_month": 5.0}]}
    home = home_with(rules)
    contract = home.tariff
    assert isinstance(contract, Contract)
    days = [UsualDay(0.0, 1.0, 2.0 + at / 10, {}) for at in range(28)]
    start = day_bounds(date(2026, 5, 10), home.tz)[0]
    starts = slots(start, 24, timedelta(hours=1))
    month = opened(Account(), contract, start, home.tz)
    begun = replace(month, peaks={"peak": {date(2026, 5, 2): 3.0}})
    peak = under_rules(ensemble(home, starts, load=1.0), starts, home, begun, days).prices.peak
    assert peak is not None
    # Of 22 days left, one is as likely as not to need 4.7 kW; below 3.0 kW they all stay hardly ever.
    assert peak.above_kw[:, 0] == pytest.approx([3.0, 4.7])
    assert 0 < peak.per_kw[0] < 0.01 * 5.5
    assert peak.per_kw.sum() == pytest.approx(5.5)
    high = replace(month, peaks={"peak": {date(2026, 5, 2): 6.0}})
    peak = under_rules(ensemble(home, starts, load=4.0), starts, home, high, days).prices.peak
    assert peak is not None
    assert peak.above_kw[:, 0] == pytest.approx([6.0])
    # 0.5 kW of load and 2.5 kW into the battery cannot reach it.
    assert under_rules(ensemble(home, starts), starts, home, high, days).prices.peak is None


@pytest.mark.parametrize(
    ("net", "peak"),
    [
        ([1.0, 1.0, 1.0], 0.0),  # 5 kWh cover it all
        ([0.0, 4.0, 4.0], 1.5),  # 2.5 kW is what the battery gives, and 5 kWh last two hours
        ([0.0, 4.0, 4.0, 4.0], 2.33),  # 5 kWh over three hours of 4 kW: 4 - 5/3
    ],
)
def test_the_least_peak_that_a_battery_can_keep_to(net: list[float], peak: float) -> None:
    found = least_peak_kw(np.array(net), home_with({}), 1.0)
    assert found == pytest.approx(peak, abs=4 / 39)


def test_usual_days_are_counted_as_the_bill_counts_them() -> None:
    home = home_with({"credit": CAPPED, "netting": [{"interval": "month"}]})
    starts = slots_between(
        *[day_bounds(date(2026, 4, 1), home.tz)[0], day_bounds(date(2026, 4, 2), home.tz)[1]], QUARTER * 4
    )
    load = np.full(48, 1.0)
    pv = np.where([12 <= start.astimezone(home.tz).hour < 14 for start in starts], 5.0, 0.0)
    (first, second), stored = usual_days(starts, load, pv, home, start_kwh=0.0)
    # 12 hours of 1 kWh, then 8 kWh of surplus of which 5 are stored, then 10 hours less 5 kWh
    assert first.cap == pytest.approx((12 + 5) * 0.15)
    assert first.earned == pytest.approx(3 * 0.06)
    assert first.registers["energy: "] == pytest.approx(17 - 3)
    assert second.cap == pytest.approx(first.cap)
    assert stored == pytest.approx(0.0)
