from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from energy.day_ahead import known_prices
from energy.errors import DataError
from energy.pricing.tariff import DynamicTariff, FlatTariff

MADRID = ZoneInfo("Europe/Madrid")
START = datetime(2026, 3, 20, tzinfo=MADRID).astimezone(UTC)
HOUR = timedelta(hours=1)


def tariff(days: int = 12, **changed: int | None) -> DynamicTariff:
    """Each price tells its day and hour: day 3, hour 14 costs 0.314."""
    imports = tuple(day / 10 + hour / 1000 for day in range(days) for hour in range(24))
    return DynamicTariff(
        start=START, import_prices=imports, export_prices=tuple(price - 1 for price in imports), **changed
    )


def ahead(now: datetime, slots: int = 24) -> list[datetime]:
    return [now + at * HOUR for at in range(slots)]


def test_in_the_morning_tomorrow_is_only_usual() -> None:
    now = START + 8 * 24 * HOUR + 10 * HOUR
    seen = known_prices(tariff(), ahead(now), MADRID, now=now)
    np.testing.assert_allclose(seen.import_per_kwh[:14], [0.8 + hour / 1000 for hour in range(10, 24)])
    week = np.mean([day / 10 for day in range(2, 9)])
    np.testing.assert_allclose(seen.import_per_kwh[14:], [week + hour / 1000 for hour in range(10)])
    np.testing.assert_allclose(seen.export_per_kwh, seen.import_per_kwh - 1)


def test_once_published_tomorrow_is_known() -> None:
    now = START + 8 * 24 * HOUR + 13 * HOUR
    seen = known_prices(tariff(), ahead(now), MADRID, now=now)
    np.testing.assert_array_equal(seen.import_per_kwh, tariff().prices(ahead(now), MADRID).import_per_kwh)


@pytest.mark.parametrize("hour", [0, 9, 12])
def test_nothing_that_is_not_out_yet_matters(hour: int) -> None:
    now = START + 8 * 24 * HOUR + hour * HOUR
    wild = tariff().model_copy(update={"import_prices": tariff().import_prices[: 9 * 24] + (9.9,) * 3 * 24})
    seen, other = (known_prices(one, ahead(now), MADRID, now=now) for one in (tariff(), wild))
    np.testing.assert_array_equal(seen.import_per_kwh, other.import_per_kwh)


def test_past_the_end_of_the_series_the_usual_stands_in() -> None:
    now = START + 11 * 24 * HOUR + 20 * HOUR
    seen = known_prices(tariff(), ahead(now), MADRID, now=now)
    assert seen.import_per_kwh[3] == pytest.approx(1.123)
    assert seen.import_per_kwh[4] == pytest.approx(np.mean([day / 10 for day in range(5, 12)]))


def test_a_tariff_known_in_advance_is_known_in_advance() -> None:
    now = START + 8 * 24 * HOUR
    free = known_prices(tariff(published_at_hour=None), ahead(now, 48), MADRID, now=now)
    np.testing.assert_array_equal(free.import_per_kwh, tariff().prices(ahead(now, 48), MADRID).import_per_kwh)
    flat = known_prices(FlatTariff(import_price=0.2), ahead(now, 48), MADRID, now=now)
    assert set(flat.import_per_kwh) == {0.2}


def test_now_itself_needs_a_price() -> None:
    now = START + 12 * 24 * HOUR
    with pytest.raises(DataError, match="extend the price series"):
        known_prices(tariff(), ahead(now), MADRID, now=now)
    with pytest.raises(DataError, match="no price for"):
        known_prices(tariff(), ahead(START - HOUR), MADRID, now=START - HOUR)
