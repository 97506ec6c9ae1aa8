import tomllib
from datetime import UTC, datetime
from typing import Any

import pytest

from advisor.setup.files import forecast_section, prices_section
from advisor.setup.prices import find_prices, find_tariff
from energy.errors import SettingsError
from energy.pricing.tariff import FlatTariff
from ingest.homeassistant.client import EntityState, HomeAssistantConfig
from ingest.homeassistant.energy_prefs import read_preferences
from ingest.homeassistant.statistics import HOUR, SlotGrid
from ingest.homeassistant.survey import Survey

NOW = datetime(2026, 3, 1, 9, tzinfo=UTC)


def grid(**price: Any) -> dict[str, Any]:
    return {"energy_sources": [{"type": "grid", "stat_energy_from": "sensor.in", **price}]}


def survey(preferences: dict[str, Any], *, currency: str = "EUR", **states: tuple[str, str, dict[str, Any]]) -> Survey:
    config = HomeAssistantConfig(
        version="2026.1.0", time_zone="Europe/Madrid", latitude=40.4, longitude=-3.7, currency=currency
    )
    known = {
        f"sensor.{name}": EntityState(
            entity_id=f"sensor.{name}",
            state=state,
            attributes={"unit_of_measurement": unit} | attributes,
            last_updated=NOW,
        )
        for name, (state, unit, attributes) in states.items()
    }
    return Survey(config, known, {}, read_preferences(preferences), SlotGrid(NOW, HOUR, 24), {})


BY_ENTITY = grid(entity_energy_price="sensor.price")


@pytest.mark.parametrize(
    ("preferences", "text", "state", "price", "why"),
    [
        (grid(number_energy_price=0.21), None, ("", ""), 0.21, "fixed price"),
        (BY_ENTITY, None, ("0.33", "EUR/kWh"), 0.33, "taken as flat"),
        (BY_ENTITY, None, ("0.33", ""), 0.33, "taken as flat"),
        (BY_ENTITY, None, ("85.3", "EUR/MWh"), 0.0853, "85.3 EUR/MWh"),
        (BY_ENTITY, None, ("6.8", "EUR/MWh"), 0.0068, "6.8 EUR/MWh"),
        (BY_ENTITY, None, ("24.5", "ct/kWh"), 0.245, "24.5 ct/kWh"),
        (BY_ENTITY, None, ("85.3", "EUR/kWh"), 0.25, "more than any household pays"),
        (BY_ENTITY, None, ("1.2", "SEK/kWh"), 0.25, "prices are in 'SEK'"),
        (BY_ENTITY, None, ("0.33", "W"), 0.25, "is not an energy price"),
        (BY_ENTITY, None, ("unavailable", "EUR/kWh"), 0.25, "GUESS"),
        (grid(number_energy_price=31), None, ("", ""), 0.25, "more than any household pays"),
        (grid(), None, ("", ""), 0.25, "GUESS"),
        (grid(number_energy_price=0.21), "flat:0.4", ("", ""), 0.4, "as you said"),
    ],
)
def test_the_tariff_is_the_dashboards_price_in_its_unit_and_says_where_it_comes_from(
    preferences: dict[str, Any], text: str | None, state: tuple[str, str], price: float, why: str
) -> None:
    """Kind of the case setup-price-crash: a unit is read, and what cannot be is a sentence."""
    tariff, result = find_tariff(survey(preferences, price=(*state, {})), text)
    assert isinstance(tariff, FlatTariff)
    assert tariff.import_price == pytest.approx(price)
    assert why in result


def test_a_fixed_price_in_yen_is_taken_as_it_is() -> None:
    tariff, _ = find_tariff(survey(grid(number_energy_price=31), currency="JPY"), None)
    assert isinstance(tariff, FlatTariff)
    assert tariff.import_price == 31


@pytest.mark.parametrize("text", ["cheap", "flat:1e9", "flat:nan"])
def test_a_tariff_that_cannot_be_is_refused(text: str) -> None:
    with pytest.raises(SettingsError, match="--tariff"):
        find_tariff(survey(grid()), text)


def listed(hours: int) -> dict[str, Any]:
    start = datetime(2026, 2, 28, 23, tzinfo=UTC)
    return {"data": [{"start_time": (start + at * HOUR).isoformat(), "price_per_kwh": 0.1} for at in range(hours)]}


def test_an_entity_that_holds_prices_ahead_is_found_by_what_it_holds_whatever_it_is_called() -> None:
    pvpc = {f"price_{hour:02d}h": 0.1 for hour in range(24)}
    known = survey(
        grid(entity_energy_price="sensor.of_the_dashboard"),
        of_the_dashboard=("0.1", "€/kWh", pvpc),
        longer=("0.1", "EUR/kWh", listed(36)),
        alone=("0.1", "EUR/kWh", {}),
        weather=("12", "°C", listed(48)),
    )
    prices, why = find_prices(known, lambda _: 0.0)
    assert prices is not None
    assert (prices.entity, prices.unit, prices.tax_percent) == ("sensor.of_the_dashboard", "€/kWh", 0.0)
    assert "So do sensor.longer" in why


def test_tax_is_asked_once_and_stands_in_the_settings() -> None:
    asked: list[str] = []

    def ask(entity: str) -> float:
        asked.append(entity)
        return 21.0

    prices, why = find_prices(survey(grid(), price=("85", "EUR/MWh", {"today": [85.0] * 24})), ask)
    assert asked == ["sensor.price"]
    text = "\n".join([*prices_section(prices, {"prices": why}), *forecast_section((40.4168, -3.7038))])
    assert tomllib.loads(text) == {
        "prices": {"source": "homeassistant", "entity": "sensor.price", "unit": "EUR/MWh", "tax_percent": 21.0},
        "forecast": {"latitude": 40.42, "longitude": -3.7},
    }


def test_without_such_an_entity_nobody_is_asked_about_tax() -> None:
    def ask(_entity: str) -> float:
        raise AssertionError

    assert find_prices(survey(grid(), price=("0.1", "EUR/kWh", {})), ask) == (None, "")
    assert prices_section(None, {}) == []
