"""`advisor bill` with the prices that the service kept."""

import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from advisor.cli import app
from energy.home import Home
from energy.pricing.tariff import AnyTariff, DynamicTariff, FlatTariff
from energy.slots import day_bounds
from ingest.history.recorded import shipped_history
from ingest.prices.book import PriceBook
from ingest.prices.points import PricePoint
from ingest.tariffs.catalogue import named_tariff
from knowledge.days import DayRecord
from knowledge.store import DayStore

HOUR = timedelta(hours=1)
FIRST, DAYS = date(2026, 2, 1), 28
KNOWN_HOURS = 20 * 24


def dynamic() -> DynamicTariff:
    """Two days before the book begins, and nothing after them."""
    start = datetime(2026, 1, 31, 23, tzinfo=UTC)
    return DynamicTariff(start=start, import_prices=(0.5,) * 48, export_prices=(0.0,) * 48)


def with_memory(folder: Path, tariff: AnyTariff, prices: str) -> Home:
    """A home that buys 1 kWh an hour in February, and a book with a price of 0.1 for 20 days from the third on."""
    facts = shipped_history("citylearn-4").home
    home = facts.model_copy(update={"zone": "Europe/Madrid", "currency": "EUR", "name": "plain", "tariff": tariff})
    store = DayStore(folder / "days")
    store.remember_home(home)
    days = [FIRST + at * timedelta(days=1) for at in range(DAYS)]
    ones, none = np.ones(24), np.zeros(24)
    store.append(
        "plain",
        [
            DayRecord(
                "plain", day, day_bounds(day, home.tz)[0], HOUR, ones, none, grid_import_kw=ones, grid_export_kw=none
            )
            for day in days
        ],
    )
    book = PriceBook(home.tz, "EUR", folder / "prices" / "plain.json")
    start = day_bounds(date(2026, 2, 3), home.tz)[0]
    points = [PricePoint(start + at * HOUR, start + (at + 1) * HOUR, 0.1) for at in range(KNOWN_HOURS) if at != 30]
    book.add(points, now=start)
    Path("advisor.toml").write_text(
        f'home_file = "home.toml"\nmemory_dir = "{folder}"\n[prices]\n{prices}\n', encoding="utf-8"
    )
    return home


def billed(*more: str, memory: Path) -> Any:
    done = CliRunner().invoke(app, ["bill", "--home", "plain", "--json", "--memory", str(memory), *more])
    assert done.exit_code == 0, done.output
    return json.loads(done.output)


@pytest.mark.parametrize(
    ("tariff", "kwh", "amount"),
    [
        (FlatTariff(import_price=0.3), 479, 479 * 0.22),
        (dynamic(), 479 + 48, 479 * 0.22 + 48 * 0.5),
    ],
)
def test_prices_that_the_service_kept_are_billed_and_hours_without_one_are_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tariff: AnyTariff, kwh: float, amount: float
) -> None:
    monkeypatch.chdir(tmp_path)
    with_memory(tmp_path / "memory", tariff, 'source = "redata"\nadd_per_kwh = 0.1\ntax_percent = 10')
    found = billed(memory=tmp_path / "memory")
    [line] = [one for one in found["lines"] if one["kind"] == "energy"]
    assert line["quantity"] == pytest.approx(kwh)
    assert line["amount"] == pytest.approx(amount, abs=0.01)
    assert f"{DAYS * 24 - kwh:g} h have no price and are not billed." in found["remarks"]


def test_a_contract_bills_the_kept_prices_as_its_series_with_its_own_terms(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with_memory(tmp_path / "memory", named_tariff("nl-dynamic"), 'source = "redata"\nindicator = "spot"')
    found = billed(memory=tmp_path / "memory")
    energy = next(one for one in found["lines"] if one["name"] == "energy")
    assert energy["quantity"] == pytest.approx(479)
    assert energy["per_unit"] == pytest.approx(0.118)
    assert {"supplier", "VAT"} <= {one["name"] for one in found["lines"]}


def test_a_tariff_of_the_file_is_billed_without_the_book(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with_memory(tmp_path / "memory", FlatTariff(import_price=0.3), 'source = "none"')
    assert billed(memory=tmp_path / "memory")["total"] == pytest.approx(DAYS * 24 * 0.3)
