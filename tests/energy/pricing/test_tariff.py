from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from pydantic import ValidationError

from energy.errors import DataError
from energy.pricing.tariff import DynamicTariff, Period, PresetTariff, TimeOfUseTariff

MADRID = ZoneInfo("Europe/Madrid")


@pytest.mark.parametrize(
    ("local", "price"),
    [
        ("2026-01-14 07:59", 0.10),  # Wednesday night
        ("2026-01-14 08:00", 0.15),
        ("2026-01-14 10:00", 0.22),
        ("2026-01-14 14:00", 0.15),
        ("2026-01-14 21:59", 0.22),
        ("2026-01-14 22:00", 0.15),
        ("2026-01-17 11:00", 0.10),  # Saturday
        ("2026-01-06 11:00", 0.10),  # Epiphany, a Tuesday
        ("2026-10-12 19:00", 0.10),  # national holiday, a Monday
        ("2026-04-03 11:00", 0.22),  # Good Friday moves with the year: it is billed as a workday
    ],
)
def test_spanish_periods_weekends_and_holidays(local: str, price: float) -> None:
    moment = datetime.fromisoformat(local).replace(tzinfo=MADRID).astimezone(UTC)
    assert PresetTariff(name="es-2.0td").prices([moment], MADRID).import_per_kwh.tolist() == [price]


@pytest.mark.parametrize(
    ("local", "price"),
    [
        ("2017-01-11 14:59", 0.21),
        ("2017-01-11 15:00", 0.50),
        ("2017-01-11 20:00", 0.21),
        ("2017-07-12 15:00", 0.54),
        ("2017-07-15 15:00", 0.40),
        ("2017-07-15 05:00", 0.22),
    ],
)
def test_citylearn_prices(local: str, price: float) -> None:
    zone = ZoneInfo("Etc/GMT+8")
    moment = datetime.fromisoformat(local).replace(tzinfo=zone)
    prices = PresetTariff(name="citylearn").prices([moment], zone)
    assert (prices.import_per_kwh[0], prices.export_per_kwh[0]) == (price, 0.05)


def test_a_dynamic_price_is_never_invented() -> None:
    start = datetime(2026, 1, 1, tzinfo=UTC)
    tariff = DynamicTariff(start=start, import_prices=(0.1, -0.02), export_prices=(0.05, -0.02))
    half_past = start + timedelta(minutes=90)
    assert tariff.prices([start, half_past], MADRID).import_per_kwh.tolist() == [0.1, -0.02]
    with pytest.raises(DataError, match="no price for 2026-01-01T02:00"):
        tariff.prices([start + timedelta(hours=2)], MADRID)


def test_an_hour_without_price_is_refused() -> None:
    with pytest.raises(ValidationError, match="no period covers workday hour 8"):
        TimeOfUseTariff(periods=(Period(name="night", import_price=0.1, to_hour=8),))


@pytest.mark.parametrize(
    ("local", "prices"),
    [
        ("2026-01-14 00:29", (0.30, 0.05)),
        ("2026-01-14 00:30", (0.08, 0.05)),
        ("2026-01-14 05:30", (0.30, 0.05)),
        ("2026-01-14 22:59", (0.30, 0.05)),
        ("2026-01-14 23:00", (0.20, 0.12)),
        ("2026-01-14 23:59", (0.20, 0.12)),
        ("2026-01-15 00:00", (0.20, 0.12)),
    ],
)
def test_half_hours_midnight_and_an_export_price_of_its_own(local: str, prices: tuple[float, float]) -> None:
    tariff = TimeOfUseTariff.model_validate(
        {
            "export_price": 0.05,
            "periods": [
                {"name": "cheap", "import_price": 0.08, "from_hour": "00:30", "to_hour": "05:30"},
                {"name": "late", "import_price": 0.20, "export_price": 0.12, "from_hour": 23, "to_hour": "00:10"},
                {"name": "day", "import_price": 0.30},
            ],
        }
    )
    moment = datetime.fromisoformat(local).replace(tzinfo=MADRID).astimezone(UTC)
    found = tariff.prices([moment], MADRID)
    assert (found.import_per_kwh[0], found.export_per_kwh[0]) == prices


@pytest.mark.parametrize(
    ("period", "says"),
    [
        ({"from_hour": "7.30"}, "'7.30' is not a time of day: write \"00:30\""),
        ({"from_hour": 7, "to_hour": 7}, "both 07:00: leave both out for the whole day"),
        ({"from_hour": "00:07"}, "00:07 is not on a step of 5 minutes"),
    ],
)
def test_an_hour_that_cannot_be_says_how_to_write_it(period: dict[str, object], says: str) -> None:
    with pytest.raises(ValidationError, match=says):
        Period.model_validate({"name": "x", "import_price": 0.1} | period)
