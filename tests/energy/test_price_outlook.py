from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from energy.errors import DataError
from energy.price_outlook import price_outlook
from energy.pricing.rules import Tax
from energy.pricing.series import PriceRun, PriceSeries
from energy.pricing.tariff import Contract, DynamicTariff, FlatTariff
from energy.pricing.terms import EnergyTerm, Indexed

MADRID = ZoneInfo("Europe/Madrid")
MONDAY = datetime(2026, 1, 4, 23, tzinfo=UTC)  # local midnight
HOUR = timedelta(hours=1)
SHAPE = 0.1 + 0.1 * np.sin(np.arange(24) / 24 * 2 * np.pi)


def series(days: list[float], **changes: Any) -> DynamicTariff:
    """Days from Monday 5 January on, each of one shape and its own level, the weekend flat."""
    rows = [(SHAPE if at % 7 < 5 else np.full(24, 0.05)) + level for at, level in enumerate(days)]
    prices = tuple(np.concatenate(rows).round(5).tolist())
    return DynamicTariff(
        **({"start": MONDAY, "import_prices": prices, "export_prices": tuple(np.array(prices) - 0.02)} | changes)
    )


def slots(first: datetime, count: int = 24) -> list[datetime]:
    return [first + at * HOUR for at in range(count)]


def test_what_is_published_is_known_and_has_no_members() -> None:
    tariff, starts = series([0.0] * 3, published_at_hour=None), slots(MONDAY + 10 * HOUR)
    seen = price_outlook(tariff, starts, MADRID, now=starts[0], members=12)
    assert (seen.members, seen.known) == (None, 24)
    assert seen.prices.import_per_kwh.tolist() == list(tariff.import_prices[10:34])
    assert price_outlook(FlatTariff(import_price=0.2), starts, MADRID, now=starts[0], members=3).members is None


def test_tomorrow_is_drawn_from_days_of_its_kind_that_followed_a_day_like_today() -> None:
    tariff = series([0.0, 0.02, 0.04, 0.0, 0.02, 0.0, 0.0, 0.0, 0.02])
    tuesday = MONDAY + 8 * 24 * HOUR + 10 * HOUR
    seen = price_outlook(tariff, slots(tuesday), MADRID, now=tuesday, members=3)
    assert seen.known == 14
    assert seen.members is not None
    later = seen.members.import_per_kwh[:, 14:]
    # Each is the shape of a workday, on a level of its own; all agree on what is known.
    assert np.ptp(seen.members.import_per_kwh[:, :14], axis=0).max() == 0
    shapes = later - later.mean(axis=1, keepdims=True)
    assert shapes == pytest.approx(np.tile(SHAPE[:10] - SHAPE[:10].mean(), (3, 1)), abs=1e-4)
    assert np.ptp(later.mean(axis=1)) > 0.002
    assert seen.prices.import_per_kwh[14:] == pytest.approx(later.mean(axis=0), abs=1e-4)
    assert seen.members.export_per_kwh[:, 14:] == pytest.approx(later - 0.02, abs=1e-3)


def test_saturday_is_no_workday() -> None:
    tariff = series([0.0] * 13)
    friday = MONDAY + 11 * 24 * HOUR + 10 * HOUR
    seen = price_outlook(tariff, slots(friday), MADRID, now=friday, members=1)
    assert seen.prices.import_per_kwh[14:] == pytest.approx(np.full(10, 0.05), abs=1e-6)


@pytest.mark.parametrize("now_hour", [9, 12, 14])
def test_prices_that_are_not_published_change_nothing_that_is_expected(now_hour: int) -> None:
    now = MONDAY + (5 * 24 + now_hour - 1) * HOUR
    end = 6 if now_hour < 13 else 7
    levels = [0.0, 0.01, 0.05, 0.02, 0.03, 0.01, 0.02]
    one, other = ([*levels[:end], *[level] * 4] for level in (0.1, -0.1))
    seen = [price_outlook(series(days), slots(now, 36), MADRID, now=now, members=4) for days in (one, other)]
    np.testing.assert_array_equal(seen[0].prices.import_per_kwh, seen[1].prices.import_per_kwh)


@pytest.mark.parametrize("hours_after_the_end", [0, 1, 30, 24 * 12])
def test_past_the_end_of_the_series_prices_are_expected_at_every_hour(hours_after_the_end: int) -> None:
    tariff = series([0.0] * 9, published_at_hour=None)
    now = tariff.end + hours_after_the_end * HOUR
    seen = price_outlook(tariff, slots(now), MADRID, now=now, members=4)
    assert seen.known == 0
    assert np.isfinite(seen.prices.import_per_kwh).all()


def test_a_few_hours_alone_are_their_own_expectation() -> None:
    tariff = DynamicTariff(start=MONDAY, import_prices=(0.1, 0.3), export_prices=(0.0, 0.2), published_at_hour=None)
    seen = price_outlook(tariff, slots(MONDAY + HOUR), MADRID, now=MONDAY + HOUR, members=2)
    assert seen.known == 1
    assert seen.prices.import_per_kwh[1:] == pytest.approx(np.r_[np.full(22, 0.2), 0.1], abs=1e-6)


def test_without_a_single_known_price_nothing_is_expected() -> None:
    tariff = series([0.0] * 3)
    before = MONDAY - 30 * HOUR
    with pytest.raises(DataError, match="no price"):
        price_outlook(tariff, slots(before), MADRID, now=before, members=2)


def test_days_of_23_and_25_hours_have_a_price_in_every_slot() -> None:
    start = datetime(2026, 10, 19, 22, tzinfo=UTC)
    prices = tuple(0.1 + at % 24 / 100 for at in range(5 * 24))
    tariff = DynamicTariff(start=start, import_prices=prices, export_prices=prices)
    now = datetime(2026, 10, 24, 8, tzinfo=UTC)
    seen = price_outlook(tariff, slots(now, 48), MADRID, now=now, members=3)
    assert np.isfinite(seen.prices.import_per_kwh).all()


def test_a_contract_that_reads_a_series_has_its_own_terms_and_taxes_in_what_is_expected() -> None:
    days = 9
    spot = PriceSeries(runs=(PriceRun(start=MONDAY, per_kwh=tuple(SHAPE.tolist() * days)),))
    contract = Contract(
        import_terms=(EnergyTerm(name="energy", price=Indexed(of={"spot": 1.0}, plus=0.05)),),
        export_terms=(EnergyTerm(name="surplus", price=Indexed(of={"spot": 1.0})),),
        taxes=(Tax(name="vat", percent=21, on=("energy",)),),
        series={"spot": spot},
    )
    now = MONDAY + (7 * 24 + 10) * HOUR
    seen = price_outlook(contract, slots(now), MADRID, now=now, members=3)
    assert seen.known == 14
    assert seen.members is not None
    whole = np.roll((SHAPE + 0.05) * 1.21, -10)
    assert seen.prices.import_per_kwh == pytest.approx(whole, abs=1e-4)
    assert seen.prices.export_per_kwh == pytest.approx(np.roll(SHAPE, -10), abs=1e-4)
    late = MONDAY + (days * 24 + 3) * HOUR
    assert price_outlook(contract, slots(late), MADRID, now=late, members=3).known == 0
    bare = contract.model_copy(update={"series": {}})
    with pytest.raises(DataError, match="no price is known"):
        price_outlook(bare, slots(now), MADRID, now=now, members=3)
