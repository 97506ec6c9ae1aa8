"""`advisor bill` with the prices that the service kept."""

import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from typer.testing import CliRunner

from advisor.cli import app
from energy.home import Home
from energy.pricing.tariff import AnyTariff, DynamicTariff, FlatTariff
from energy.slots import day_bounds, slots_between
from ingest.history.recorded import shipped_history
from ingest.prices.book import PriceBook, book_file
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
    remember(folder, home, days, bought_kw=dict.fromkeys(range(24), 1.0), sold_kw={})
    book = PriceBook(home.tz, "EUR", book_file(folder, "plain"))
    start = day_bounds(date(2026, 2, 3), home.tz)[0]
    points = [PricePoint(start + at * HOUR, start + (at + 1) * HOUR, 0.1) for at in range(KNOWN_HOURS) if at != 30]
    book.add(points, now=start)
    Path("advisor.toml").write_text(
        f'home_file = "home.toml"\nmemory_dir = "{folder}"\n[prices]\n{prices}\n', encoding="utf-8"
    )
    return home


def remember(
    folder: Path, home: Home, days: list[date], *, bought_kw: dict[int, float], sold_kw: dict[int, float]
) -> None:
    """Days whose meter has these powers at these hours."""
    records = []
    for day in days:
        starts = slots_between(*day_bounds(day, home.tz), HOUR)
        hours = [start.astimezone(home.tz).hour for start in starts]
        bought, sold = (np.array([by_hour.get(hour, 0.0) for hour in hours]) for by_hour in (bought_kw, sold_kw))
        records.append(
            DayRecord("plain", day, starts[0], HOUR, bought, sold, grid_import_kw=bought, grid_export_kw=sold)
        )
    DayStore(folder / "days").append("plain", records)


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


@pytest.mark.parametrize(
    ("surplus", "sold", "lost", "expected"),
    [
        # 31 kWh sold: at the 0.05 that is expected where nobody publishes a price, or at a published 0.06
        (None, -1.55, 0.31, ["The price of 31 h is expected, not published."]),
        (0.06, -1.86, 0.62, []),
    ],
)
def test_a_pvpc_month_with_a_change_of_tax_is_billed_by_the_book(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    surplus: float | None,
    sold: float,
    lost: float,
    expected: list[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    first = day_bounds(date(2026, 3, 1), ZoneInfo("Europe/Madrid"))[0]
    own = {"surplus": {"runs": [{"start": first.isoformat(), "per_kwh": [surplus] * 743}]}} if surplus else {}
    home = with_memory(tmp_path / "memory", named_tariff("es-pvpc", series=own), 'source = "esios"\nindicator = "pvpc"')
    days = [date(2026, 3, 1) + at * timedelta(days=1) for at in range(31)]
    remember(tmp_path / "memory", home, days, bought_kw={12: 0.5}, sold_kw={15: 1.0})
    book = PriceBook(home.tz, "EUR", book_file(tmp_path / "memory", "plain"))
    book.add([PricePoint(first + at * HOUR, first + (at + 1) * HOUR, 0.15) for at in range(743)], now=first)
    found = billed("--month", "2026-03", memory=tmp_path / "memory")
    # The published price holds tolls and charges; 11 kWh bought in P1 and 4.5 in P3. From 22 March taxes are 0.5 and
    # 10 %, by which the whole month is billed, as it falls due then.
    assert [(line["name"], line["period"], line["amount"]) for line in found["lines"]] == [
        ("energy", "", 1.24),
        ("tolls and charges", "P1", 1.07),
        ("tolls and charges", "P3", 0.01),
        ("surplus", "", sold),
        ("beyond the cap", "", lost),
        ("power P1", "", 10.82),
        ("power P2", "", 0.28),
        ("marketing margin", "", 1.22),
        ("social bonus", "", 0.59),
        ("meter rental", "", 0.83),
        ("electricity tax", "", 0.07),
        ("VAT", "", 1.49),
    ]
    assert found["total"] == pytest.approx(16.38)
    assert [text for text in found["remarks"] if "is expected, not published" in text] == expected
    assert found["days_by_files"] == 31


def test_a_tariff_of_the_file_is_billed_without_the_book(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with_memory(tmp_path / "memory", FlatTariff(import_price=0.3), 'source = "none"')
    assert billed(memory=tmp_path / "memory")["total"] == pytest.approx(DAYS * 24 * 0.3)
