"""The page's form of a study: what it offers, and what it says as wishes, or what is wrong in which field."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from math import isfinite
from typing import Any

from advisor.study.asking import ASSUMED_CURRENCY, StudyAsked, settings_of
from agent.decision.constraint_words import Language
from agent.language.amounts import read_number
from agent.web.study import StudyForm
from energy.errors import SettingsError
from eval.study.play.gazetteer import town_of
from eval.study.play.tariffs import fitting_tariffs
from eval.study.play.wishes import wish_faults

_MOST_SIZES = 6
# From here on a number is written with its power of ten.
_LONGEST = 1e15
# In per cent, as the form asks.
_MOST_SUBSIDY = 90
# Fields of the form by the keys of wishes that they fill.
_FIELDS = {
    "household.people": "people",
    "household.floor_m2": "floor_m2",
    "household.heating": "heating",
    "kwp": "kwp",
    "battery_kwh": "battery_kwh",
    "prices.battery_per_kwh": "battery_price",
    "prices.pv_per_kwp": "panel_price",
    "prices.subsidy_share": "subsidy",
}
_PRICES = ("battery_price", "panel_price")
_NUMBERS = ("people", "floor_m2", *_PRICES, "subsidy")
_LISTS = ("kwp", "battery_kwh")


@dataclass(frozen=True, slots=True)
class FormFaults:
    """What is wrong with a form, by its fields."""

    fields: Mapping[str, str]


def asked_by(form: StudyForm, language: Language) -> StudyAsked | FormFaults:
    """What a form asks for, checked as the command line's options are; all that is wrong is said at once."""
    found, faults = _numbers(form)
    said = _said(form, found)
    faults = _wish_faults(said) | faults
    asked = StudyAsked(place=form.place, language=language, said=said)
    faults |= _place_fault(form) or _price_faults(form) | _tariff_fault(asked)
    return FormFaults(faults) if faults else asked


def _said(form: StudyForm, found: Mapping[str, Any]) -> dict[str, Any]:
    """The form by the names of wishes; what is no number is left out."""
    given = {key: found[name] for key, name in _FIELDS.items() if name in found}
    household = {"heating": form.heating, "hot_water": form.heating, "cooling": form.cooling, "car": form.car}
    household |= {key.removeprefix("household."): value for key, value in given.items() if key.startswith("household.")}
    prices = {key.removeprefix("prices."): value for key, value in given.items() if key.startswith("prices.")}
    said = {"household": household, "prices": prices} | {name: found[name] for name in _LISTS if name in found}
    return said | ({"tariffs": form.tariffs} if form.tariffs else {})


def _wish_faults(said: Mapping[str, Any]) -> dict[str, str]:
    """What is wrong with values, by the field that they come from."""
    found = {_field(key): text for key, text in wish_faults(said).items()}
    return {field: text for field, text in found.items() if field is not None}


def _numbers(form: StudyForm) -> tuple[dict[str, Any], dict[str, str]]:
    """Every number of the form, and what is none, by the field."""
    found: dict[str, Any] = {}
    faults: dict[str, str] = {}
    for name in _NUMBERS:
        text = getattr(form, name).strip()
        if name in _PRICES and not text:
            continue
        try:
            found[name] = _number(text)
        except ValueError:
            faults[name] = f"{text!r} is not a number" if text else "give a number"
    for name in _LISTS:
        sizes = _sizes(getattr(form, name))
        if sizes is None or not 1 <= len(sizes) <= _MOST_SIZES:
            faults[name] = f"give 1 to {_MOST_SIZES} numbers with a semicolon between them, such as 0; 5; 10"
        else:
            found[name] = sizes
    percent = found.pop("subsidy", 0)
    if 0 <= percent <= _MOST_SUBSIDY:
        found["subsidy"] = percent / 100
    else:
        faults["subsidy"] = f"should be 0 to {_MOST_SUBSIDY} (given: {percent})"
    return found, faults


def _number(text: str) -> float:
    """A number with a comma or a point, whole where it is one; raises ValueError where it is none."""
    # No price or size of these has three decimals.
    number = read_number(text)
    if not isfinite(number):
        raise ValueError(text)
    return int(number) if number.is_integer() and abs(number) < _LONGEST else number


def _sizes(text: str) -> tuple[float, ...] | None:
    """Numbers with semicolons or spaces between them; a comma is a decimal one, or stands before a space."""
    parts = [part.rstrip(",") for part in re.split(r";|\s+", text.strip()) if part.strip(", ")]
    try:
        return tuple(_number(part) for part in parts)
    except ValueError:
        return None


def _place_fault(form: StudyForm) -> dict[str, str]:
    if not form.place.strip():
        return {"place": "give a town, or latitude and longitude, such as 40.4,-3.7"}
    try:
        town = town_of(form.place)
    except SettingsError as err:
        return {"place": str(err)}
    if not fitting_tariffs(town.currency):
        return {
            "place": f"no tariff in {town.currency} can be simulated for {town.name}: give a place in a euro country"
        }
    return {}


def _price_faults(form: StudyForm) -> dict[str, str]:
    """Prices that are missing where none are assumed; the place is known."""
    currency = town_of(form.place).currency
    if currency == ASSUMED_CURRENCY:
        return {}
    told = f"give the price in {currency}: prices are assumed in {ASSUMED_CURRENCY} only"
    return {name: told for name in _PRICES if not getattr(form, name).strip()}


def _tariff_fault(asked: StudyAsked) -> dict[str, str]:
    try:
        settings_of(asked, None)
    except SettingsError as err:
        return {"tariffs": str(err)}
    return {}


def _field(key: str) -> str | None:
    """The field of a key; a list's item belongs to its list."""
    return next((field for known, field in _FIELDS.items() if key == known or key.startswith(f"{known}.")), None)
