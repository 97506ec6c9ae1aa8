from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from energy.pricing.rules import Tax
from energy.pricing.tariff import Contract, DynamicTariff, FlatTariff
from energy.pricing.terms import EnergyTerm, Indexed
from ingest.prices.book import PriceBook
from ingest.prices.points import PricePoint
from ingest.prices.settings import PriceSettings

MADRID = ZoneInfo("Europe/Madrid")
START = datetime(2026, 1, 14, 23, tzinfo=UTC)
NOW = START + timedelta(hours=5, minutes=7)
HOUR, QUARTER = timedelta(hours=1), timedelta(minutes=15)


def hours(*prices: float, start: datetime = START, step: timedelta = HOUR) -> list[PricePoint]:
    return [PricePoint(start + at * step, start + (at + 1) * step, price) for at, price in enumerate(prices)]


def book(*points: PricePoint, file: Path | None = None) -> PriceBook:
    made = PriceBook(MADRID, "EUR", file)
    made.add(points, now=NOW)
    return made


def published(known: PriceBook) -> list[float]:
    """Prices of all quarter-hours that a book holds, NaN where it has none."""
    found = known.published(QUARTER)
    return [] if found is None else found[1].tolist()


def test_a_later_word_on_the_same_time_replaces_the_earlier_and_the_same_word_is_no_news() -> None:
    known = book(*hours(*[0.1] * 24))
    assert not known.add(hours(0.1), now=NOW)
    assert known.add(hours(0.2, 0.3, start=START + 5 * HOUR, step=QUARTER), now=NOW)
    assert published(known)[20:24] == [0.2, 0.3, 0.1, 0.1]
    assert known.known_until(NOW) == START + 24 * HOUR


@pytest.mark.parametrize(("step", "expected"), [(HOUR, [0.1, 0.35]), (timedelta(minutes=30), [0.1, 0.1, 0.25, 0.45])])
def test_quarters_are_averaged_and_hours_repeated_to_the_services_slots(step: timedelta, expected: list[float]) -> None:
    mixed = [*hours(0.1), *hours(0.2, 0.3, 0.4, 0.5, start=START + HOUR, step=QUARTER)]
    series = book(*mixed).series(step, now=START)
    assert series is not None
    assert series[0] == START
    assert series[1].tolist() == pytest.approx(expected)


def test_what_is_known_behind_a_gap_ahead_does_not_count_and_a_past_gap_takes_the_mean_of_its_hour() -> None:
    past = [*hours(*[0.1] * 3), *hours(*[0.3] * 20, start=START + 4 * HOUR)]
    ahead = hours(*[0.9] * 5, start=START + 30 * HOUR)
    series = book(*past, *ahead).series(HOUR, now=NOW)
    assert series is not None
    assert len(series[1]) == 24
    assert series[1][3] == pytest.approx(np.mean([0.1] * 3 + [0.3] * 20))


def test_prices_outlive_a_restart_and_a_damaged_file_is_put_aside(tmp_path: Path) -> None:
    file = tmp_path / "prices" / "home.json"
    book(*hours(0.1, 0.2, 0.2), file=file)
    again = PriceBook(MADRID, "EUR", file)
    assert published(again) == [0.1] * 4 + [0.2] * 8
    assert published(PriceBook(MADRID, "SEK", file)) == []
    file.write_text('{"currency": "EUR", "runs": [[1, 2')
    assert published(PriceBook(MADRID, "EUR", file)) == []
    assert file.with_suffix(".damaged").exists()


def test_thirteen_months_are_kept_for_bills_and_sixty_days_of_them_for_plans() -> None:
    known = book(*hours(0.1))
    later = START + timedelta(days=400)
    known.add(hours(*[0.2] * 24, start=later), now=later)
    assert published(known)[:4] == [0.1] * 4
    assert sum(not np.isnan(price) for price in published(known)) == 25 * 4
    series = known.series(HOUR, now=later)
    assert series is not None
    assert series[0] == later + timedelta(days=1) - timedelta(days=60)
    known.add(hours(0.3, start=later + timedelta(days=40)), now=later + timedelta(days=40))
    assert published(known)[0] == 0.2


def test_the_book_cannot_grow_by_prices_of_other_years() -> None:
    known = book(*hours(0.1, start=START - timedelta(days=4000)), *hours(0.1, start=START + timedelta(days=4000)))
    assert published(known) == []


def test_a_bill_has_no_price_where_none_was_published_while_a_plan_takes_the_mean_of_its_hour() -> None:
    known = book(*hours(*[0.1] * 3), *hours(*[0.3] * 20, start=START + 4 * HOUR))
    moments = [START + 2 * HOUR, START + 3 * HOUR, START + 4 * HOUR]
    for usual, name in ((FlatTariff(import_price=0.2, export_price=0.05), "import"), (spot_contract(), "spot")):
        planned = PriceSettings(source="redata").tariff(known, usual, MADRID, step=HOUR, now=NOW)
        billed = PriceSettings(source="redata").billed_tariff(known, usual, MADRID)
        assert planned is not None
        assert not np.isnan(planned.prices(moments, MADRID).import_per_kwh).any()
        assert isinstance(billed, Contract)
        assert name in billed.series
        assert np.isnan(billed.known(moments, MADRID).import_per_kwh).tolist() == [False, True, False]


def spot_contract() -> Contract:
    return Contract(import_terms=(EnergyTerm(name="energy", price=Indexed(of={"spot": 1.0})),))


@pytest.mark.parametrize(
    ("changes", "imports", "exports"),
    [
        ({}, 0.1, 0.05),
        ({"add_per_kwh": 0.03, "tax_percent": 21}, 0.1573, 0.05),
        ({"export": "market", "export_add_per_kwh": -0.01}, 0.1, 0.09),
    ],
)
def test_the_tariff_is_the_price_with_what_is_on_top(changes: dict[str, Any], imports: float, exports: float) -> None:
    usual = FlatTariff(import_price=0.2, export_price=0.05)
    settings = PriceSettings(source="redata", **changes)
    tariff = settings.tariff(book(*hours(0.1, 0.1)), usual, MADRID, step=QUARTER, now=START)
    assert isinstance(tariff, DynamicTariff)
    prices = tariff.prices([START, START + 7 * QUARTER], MADRID)
    assert prices.import_per_kwh == pytest.approx(np.full(2, imports))
    assert prices.export_per_kwh == pytest.approx(np.full(2, exports))
    assert tariff.end == START + 2 * HOUR
    assert settings.tariff(book(), usual, MADRID, step=QUARTER, now=START) is None


def test_a_contract_gets_the_prices_as_the_series_that_it_reads_with_what_they_are_said_to_include() -> None:
    contract = Contract(
        import_terms=(EnergyTerm(name="energy", price=Indexed(of={"pvpc": 1.0})),),
        taxes=(Tax(name="vat", percent=21, on=("energy",)),),
    )
    tariff = PriceSettings(source="redata").tariff(book(*hours(0.1, 0.1)), contract, MADRID, step=QUARTER, now=START)
    assert tariff is not None
    assert tariff.prices([START, START + HOUR], MADRID).import_per_kwh == pytest.approx(np.full(2, 0.121))


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"source": "mqtt"}, "needs topic"),
        ({"source": "homeassistant"}, "needs entity"),
        ({"source": "entsoe"}, "needs area"),
        ({"unit": "EUR"}, "not an energy price"),
        ({"source": "tibber"}, "Input should be"),
    ],
)
def test_settings_that_cannot_work_say_what_is_missing(given: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        PriceSettings(**given)
