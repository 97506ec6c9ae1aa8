"""Prices out of a survey: the tariff in the energy dashboard with its unit, and entities that hold prices ahead."""

from collections.abc import Callable
from zoneinfo import ZoneInfo

from pydantic import ValidationError

from energy.errors import DataError, SettingsError
from energy.pricing.tariff import AnyTariff, FlatTariff, PresetTariff
from ingest.homeassistant.client import EntityState
from ingest.homeassistant.prices import price_entities
from ingest.homeassistant.survey import Survey
from ingest.prices.reading import ReaderContext
from ingest.prices.settings import PriceSettings
from ingest.prices.units import PriceUnit, check_currency, doubt, read_unit

_UNKNOWN_PRICE = 0.25
_NEEDS_A_LIST = "If your prices change by hour, see docs/prices.md"


def find_tariff(survey: Survey, given: str | None) -> tuple[AnyTariff, str]:
    """The tariff that was given, else the price in the energy dashboard, and why.

    Raises:
        SettingsError: what was given is no tariff, or no price that a household pays.
    """
    export, _ = _price(survey, "export")
    if given in {"es-2.0td", "citylearn"}:
        return PresetTariff.model_validate({"name": given, "export_price": export or 0.0}), "as you said"
    if given is not None:
        try:
            price = float(given.removeprefix("flat:"))
        except ValueError as err:
            raise SettingsError(f"--tariff {given!r}: write flat:0.25, es-2.0td or citylearn") from err
        return _flat(price, export, survey), "as you said"
    price_now, why = _price(survey, "import")
    if price_now is None:
        guess = "GUESS: the energy dashboard has no price. Put yours here before you trust a decision"
        return _flat(_UNKNOWN_PRICE, export, survey), f"{guess}. {why}" if why else guess
    return _flat(price_now, export, survey), why


def _flat(import_price: float, export_price: float | None, survey: Survey) -> FlatTariff:
    currency = survey.config.currency
    if why := doubt(import_price, currency):
        raise SettingsError(f"{why}. Give yours with --tariff flat:0.25")
    try:
        return FlatTariff(import_price=import_price, export_price=export_price or 0.0)
    except ValidationError as err:
        raise SettingsError(
            f"a price of {import_price:g} {currency}/kWh is impossible: give --tariff flat:0.25"
        ) from err


def _price(survey: Survey, direction: str) -> tuple[float | None, str]:
    """A price per kWh in the home's currency; None with the reason where there is none that can be believed."""
    given = survey.preferences.price("import" if direction == "import" else "export")
    currency = survey.config.currency
    if isinstance(given, float | int):
        why = "the fixed price in the energy dashboard; a flat price leaves little to decide"
        return _believed(float(given), why, currency)
    state = survey.states.get(given) if given else None
    if state is None or state.number is None:
        return None, ""
    try:
        unit = _unit(state, currency)
    except DataError as err:
        return None, f"{state.entity_id}: {err}"
    why = f"the price of {state.entity_id} at this moment ({state.state} {state.unit}), taken as flat. {_NEEDS_A_LIST}"
    return _believed(state.number * unit.per_kwh, why, currency)


def _unit(state: EntityState, currency: str) -> PriceUnit:
    """What an entity's number is; one without a unit is taken as the home's currency per kWh.

    Raises:
        DataError: it is not an energy price, or in another currency.
    """
    if not state.unit:
        return PriceUnit(currency, 1.0)
    unit = read_unit(state.unit)
    check_currency(unit, currency)
    return unit


def _believed(price: float, why: str, currency: str) -> tuple[float | None, str]:
    return (None, why_not) if (why_not := doubt(price, currency)) else (round(price, 6), why)


def find_prices(survey: Survey, ask_tax: Callable[[str], float]) -> tuple[PriceSettings | None, str]:
    """The entity that holds prices ahead, the dashboard's own first, and why; None where none does.

    `ask_tax` is asked once what comes on top of its prices, in per cent: 0 where they hold all tax.
    """
    asked = ReaderContext(ZoneInfo(survey.config.time_zone), survey.config.currency)
    found = price_entities(survey.states, asked)
    if not found:
        return None, ""
    dashboards = survey.preferences.price("import")
    state = next((one for one in found if one.entity_id == dashboards), found[0])
    tax_percent = ask_tax(state.entity_id)
    unit = state.unit if "/" in state.unit else None
    why = f"{state.entity_id} holds prices ahead" + (
        f"; {tax_percent:g} % tax comes on top" if tax_percent else "; its prices are taken to include all taxes"
    )
    if others := [one.entity_id for one in found if one is not state][:3]:
        why += f". So do {', '.join(others)}"
    return PriceSettings(source="homeassistant", entity=state.entity_id, unit=unit, tax_percent=tax_percent), why
