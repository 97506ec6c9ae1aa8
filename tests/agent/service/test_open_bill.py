"""The month to date as the service carries it: counted from the journal, the same after a restart."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from agent.decision.journal import Journal, open_journal
from agent.service.feed import Problems
from agent.service.open_bill import OpenBill
from energy.billing.bill import bills
from energy.home import Home
from energy.planning.account import opened
from energy.planning.under_rules import BillSoFar
from energy.pricing.contract import Contract
from energy.pricing.metering import MeterReadings
from energy.slots import DAY, day_bounds
from ingest.live.meter import MeteredSlot
from knowledge.forecast import DayShape

STEP = timedelta(minutes=15)
CONTRACT: dict[str, Any] = {
    "import_terms": [{"name": "energy", "price": 0.2}],
    "export_terms": [{"name": "surplus", "price": 0.06}],
    "netting": [{"interval": "hour"}],
    "credit": {"cap": "energy_bought"},
    "peaks": [{"per_kw_month": 5.0}],
}
FIRST = date(2026, 4, 1)


@pytest.fixture
def billed(home: Home) -> Home:
    return home.model_copy(update={"tariff": Contract.model_validate(CONTRACT)})


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    with open_journal(tmp_path / "journal.sqlite") as opened_journal:
        yield opened_journal


def measure(journal: Journal, home: Home, start: datetime, count: int) -> list[MeteredSlot]:
    net_kw = np.random.default_rng(4).normal(0, 2, count)
    slots = [
        MeteredSlot(
            start + at * STEP,
            load_kw=1.0,
            pv_kw=1.0,
            soc=0.5,
            grid_import_kw=max(float(net_kw[at]), 0.0),
            grid_export_kw=max(-float(net_kw[at]), 0.0),
        )
        for at in range(count)
    ]
    for slot in slots:
        journal.measure(home.name, slot)
    return slots


def standing(bill: BillSoFar | None, home: Home, now: datetime) -> tuple[float, float, float, float]:
    assert bill is not None
    assert isinstance(home.tariff, Contract)
    account = opened(bill.account, home.tariff, now, home.tz)
    return account.earned, account.cap, account.balance_kwh, account.peak_kw(home.tariff.peaks[0])


def test_the_month_to_date_is_what_the_ledger_bills(billed: Home, journal: Journal) -> None:
    begin = day_bounds(FIRST, billed.tz)[0]
    slots = measure(journal, billed, begin, 4 * 24 * 5 + 2)
    now = slots[-1].start + STEP
    problems = Problems()
    found = OpenBill(billed, journal, STEP, problems).at(now, billed, {})
    metered = MeterReadings(
        [slot.start for slot in slots],
        np.array([slot.grid_import_kw or 0.0 for slot in slots]) / 4,
        np.array([slot.grid_export_kw or 0.0 for slot in slots]) / 4,
        STEP,
    )
    [whole_hours] = bills(metered.part(np.arange(len(slots)) < len(slots) - 2), billed.tariff, billed.tz)
    [bill] = bills(metered, billed.tariff, billed.tz)
    earned, cap, balance, peak = standing(found, billed, now)
    gross = sum(line.amount for line in whole_hours.lines if line.kind == "credit")
    assert earned == pytest.approx(-gross)
    assert cap == pytest.approx(whole_hours.of("energy"))
    assert balance == pytest.approx(float((metered.import_kwh - metered.export_kwh)[-2:].sum()))
    assert peak == pytest.approx(bill.peak_kw["peak"])
    assert problems.texts() == ()


def test_a_restart_and_a_clock_set_back_count_the_same(billed: Home, journal: Journal) -> None:
    begin = day_bounds(FIRST, billed.tz)[0]
    count = 4 * 24 * 2
    measure(journal, billed, begin, count)
    kept = OpenBill(billed, journal, STEP, Problems())
    for at in range(count + 1):
        stepwise = kept.at(begin + at * STEP, billed, {})
    now = begin + count * STEP
    anew = OpenBill(billed, journal, STEP, Problems()).at(now, billed, {})
    assert standing(stepwise, billed, now) == pytest.approx(standing(anew, billed, now))
    earlier = begin + 30 * STEP
    back = kept.at(earlier, billed, {})
    assert standing(back, billed, earlier) == pytest.approx(
        standing(OpenBill(billed, journal, STEP, Problems()).at(earlier, billed, {}), billed, earlier)
    )


def test_what_is_unknown_of_the_month_is_told_until_the_next(billed: Home, journal: Journal) -> None:
    start = datetime(2026, 4, 14, 8, tzinfo=UTC)
    measure(journal, billed, start, 8)
    problems = Problems()
    bill = OpenBill(billed, journal, STEP, problems)
    found = bill.at(start + 8 * STEP, billed, {})
    assert found is not None
    assert found.known_from == start
    assert problems.texts() == (
        "the month's bill is unknown before 2026-04-14 10:00: plans take it that nothing was bought or sold until then",
    )
    following = bill.at(day_bounds(date(2026, 5, 1), billed.tz)[0], billed, {})
    assert following is not None
    assert (following.known_from, problems.texts()) == (None, ())


def test_a_tariff_without_rules_needs_no_bill(home: Home, journal: Journal) -> None:
    problems = Problems()
    assert OpenBill(home, journal, STEP, problems).at(datetime(2026, 4, 14, 8, tzinfo=UTC), home, {}) is None
    assert problems.texts() == ()


def test_the_days_before_stand_for_what_is_left_of_the_month(billed: Home, journal: Journal) -> None:
    sunny = np.where((np.arange(96) > 40) & (np.arange(96) < 60), 4.0, 0.0)
    shapes = {
        FIRST - back * DAY: DayShape(FIRST - back * DAY, np.full(96, 0.1 if back > 1 else np.nan), sunny)
        for back in range(1, 40)
    }
    bill = OpenBill(billed, journal, STEP, Problems())
    found = bill.at(day_bounds(FIRST, billed.tz)[0], billed, shapes)
    assert found is not None
    # Four weeks, of which yesterday was not measured whole.
    assert len(found.usual) == 27
    assert all(day.earned > day.cap for day in found.usual[1:])
