"""Questions about days that a file or Home Assistant brought in, with no service that metered them."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from agent.decision.journal import open_journal
from agent.queries import Sources, Span, metered_in, total_of
from energy.battery import Battery
from energy.home import Home
from energy.pricing.tariff import FlatTariff
from energy.slots import day_bounds
from knowledge.days import DayRecord, Floats
from knowledge.store import DayStore

MADRID = ZoneInfo("Europe/Madrid")
HOME = Home(
    name="mine",
    zone="Europe/Madrid",
    pv_peak_kw=4,
    battery=Battery(capacity_kwh=10, max_charge_kw=3, max_discharge_kw=3),
    tariff=FlatTariff(import_price=0.2, export_price=0.05),
)
DAY = date(2025, 10, 25)
NOW = datetime(2025, 10, 28, tzinfo=MADRID)
LOAD = np.arange(24) / 10


def day(day: date, **series: Floats) -> DayRecord:
    start, end = day_bounds(day, HOME.tz)
    hours = (end - start) // timedelta(hours=1)
    return DayRecord("mine", day, start, timedelta(hours=1), np.resize(LOAD, hours), np.zeros(hours), **series)


@pytest.fixture
def sources(tmp_path: Path) -> Iterator[Sources]:
    store = DayStore(tmp_path / "days")
    store.remember_home(HOME)
    prices = np.full(24, 0.3)
    prices[5] = np.nan
    store.append(
        "mine",
        [
            day(DAY, grid_import_kw=LOAD, grid_export_kw=np.full(24, 0.5)),
            day(DAY + timedelta(days=1)),
            day(DAY + timedelta(days=2), grid_import_kw=LOAD, grid_export_kw=np.zeros(24), import_price=prices),
        ],
    )
    with open_journal(tmp_path / "journal.sqlite") as journal:
        yield Sources(HOME, DayStore(tmp_path / "days"), journal)


def at(day_of_month: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2025, 10, day_of_month, hour, minute, tzinfo=MADRID)


@pytest.mark.parametrize(
    ("quantity", "start", "end", "name", "value"),
    [
        ("load", at(25, 10), at(25, 11), "load_kwh", 1.0),
        ("load", at(25, 10, 30), at(25, 12), "load_kwh", 0.5 + 1.1),
        ("load", at(25, 23), at(26, 1), "load_kwh", 2.3),
        ("import", at(25, 10), at(25, 12), "import_kwh", 2.1),
        ("export", at(25, 10), at(25, 12), "export_kwh", 1.0),
        ("cost", at(25, 10), at(25, 11), "cost", 1.0 * 0.2 - 0.5 * 0.05),
        ("cost", at(27, 10), at(27, 11), "cost", 1.0 * 0.3),
    ],
)
def test_hours_of_days_that_nobody_metered_are_those_of_the_day_store(
    sources: Sources, quantity: str, start: datetime, end: datetime, name: str, value: float
) -> None:
    found = metered_in(sources, quantity, start, end)  # type: ignore[arg-type]
    assert found is not None
    assert (found.known, found.text) == (True, "totals.part")
    assert found.facts[name] == pytest.approx(value)
    assert found.facts["metered_hours"] == (end - start) / timedelta(hours=1)


@pytest.mark.parametrize(
    ("quantity", "start", "end"),
    [
        ("import", at(26, 10), at(26, 11)),
        ("load", at(24, 10), at(24, 11)),
        ("cost", at(27, 4), at(27, 7)),
    ],
)
def test_what_no_file_had_is_not_known(sources: Sources, quantity: str, start: datetime, end: datetime) -> None:
    found = metered_in(sources, quantity, start, end)  # type: ignore[arg-type]
    assert found is not None
    assert found.text == "unknown.not_metered_then"


def test_import_export_and_cost_of_imported_days_are_told(sources: Sources) -> None:
    for quantity, name, value in (
        ("import", "import_kwh", LOAD.sum()),
        ("export", "export_kwh", 12.0),
        ("cost", "cost", LOAD.sum() * 0.2 - 12 * 0.05),
    ):
        found = total_of(sources, quantity, Span(DAY, DAY), now=NOW)  # type: ignore[arg-type]
        assert found.facts[name] == pytest.approx(value)
    tomorrow = DAY + timedelta(days=1)
    assert not total_of(sources, "import", Span(tomorrow, tomorrow), now=NOW).known
    # A slot without a price is not billed, so that its day has no bill.
    monday = DAY + timedelta(days=2)
    assert not total_of(sources, "cost", Span(monday, monday), now=NOW).known
