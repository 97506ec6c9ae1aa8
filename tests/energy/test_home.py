import pytest
from pydantic import ValidationError

from energy.battery import Battery
from energy.home import Home
from energy.pricing.tariff import FlatTariff

NONE = Battery(capacity_kwh=0, max_charge_kw=0, max_discharge_kw=0)


def home(currency: str, price: float) -> Home:
    return Home(
        name="a",
        zone="Europe/Madrid",
        currency=currency,
        pv_peak_kw=0,
        battery=NONE,
        tariff=FlatTariff(import_price=price),
    )


@pytest.mark.parametrize(("currency", "price"), [("JPY", 31), ("HUF", 38), ("GBX", 24.5), ("EUR", -0.5), ("XYZ", 900)])
def test_a_price_of_any_currency_is_taken(currency: str, price: float) -> None:
    assert home(currency, price).tariff.prices([], home(currency, price).tz).import_per_kwh.shape == (0,)


@pytest.mark.parametrize(("currency", "price"), [("GBP", 24.5), ("EUR", 31), ("HUF", 50_000)])
def test_a_price_that_its_currency_makes_absurd_is_refused(currency: str, price: float) -> None:
    with pytest.raises(ValidationError, match=f"a price of {price:g} {currency} per kWh is not plausible"):
        home(currency, price)
