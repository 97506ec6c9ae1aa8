"""The page's form of a study: what it offers, and what it says as wishes, or what is wrong in which field."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from math import isfinite
from typing import Any

from advisor.study.asking import StudyAsked, settings_of
from agent.decision.constraint_words import Language
from agent.web.study import StudyForm
from energy.errors import SettingsError
from eval.study.play.gazetteer import town_of
from eval.study.play.wishes import wish_faults

_MOST_SIZES = 6
# In per cent, as the form asks.
_MOST_SUBSIDY = 90
# Fields of the form by the keys of wishes that they fill.
_FIELDS = {
    "household.people": "people",
    "household.floor_m2": "floor_m2",
    "household.heating": "heating",
    "household.hot_water": "heating",
    "kwp": "kwp",
    "battery_kwh": "battery_kwh",
    "prices.battery_per_kwh": "battery_price",
    "prices.pv_per_kwp": "panel_price",
    "prices.subsidy_share": "subsidy",
}
_NUMBERS = ("people", "floor_m2", "battery_price", "panel_price", "subsidy")
_LISTS = ("kwp", "battery_kwh")


@dataclass(frozen=True, slots=True)
class FormFaults:
    """What is wrong with a form, by its fields."""

    fields: Mapping[str, str]


def asked_by(form: StudyForm, language: Language) -> StudyAsked | FormFaults:
    """What a form asks for, checked as the command line's options are."""
    found, faults = _numbers(form)
    faults |= _place_fault(form)
    if faults:
        return FormFaults(faults)
    asked = StudyAsked(place=form.place, language=language, said=_said(form, found))
    try:
        settings = settings_of(asked, None)
    except SettingsError as err:
        return FormFaults({"tariffs": str(err)})
    wrong = {_field(key): text for key, text in wish_faults(settings).items()}
    return FormFaults(wrong) if wrong else asked


def _said(form: StudyForm, found: Mapping[str, Any]) -> dict[str, Any]:
    household = {"people": found["people"], "floor_m2": found["floor_m2"], "heating": form.heating}
    household |= {"hot_water": form.heating, "cooling": form.cooling, "car": form.car}
    prices = {"battery_per_kwh": found["battery_price"], "pv_per_kwp": found["panel_price"]}
    said = {
        "household": household,
        "kwp": found["kwp"],
        "battery_kwh": found["battery_kwh"],
        "prices": prices | {"subsidy_share": found["subsidy"] / 100},
    }
    return said | ({"tariffs": form.tariffs} if form.tariffs else {})


def _numbers(form: StudyForm) -> tuple[dict[str, Any], dict[str, str]]:
    """Every number of the form, and what is none, by the field."""
    found: dict[str, Any] = {}
    faults: dict[str, str] = {}
    for name in _NUMBERS:
        text = getattr(form, name).strip()
        try:
            found[name] = _number(text)
        except ValueError:
            faults[name] = f"{text!r} is no number"
    if not 0 <= found.get("subsidy", 0) <= _MOST_SUBSIDY:
        faults["subsidy"] = f"should be 0 to {_MOST_SUBSIDY} (given: {found['subsidy']})"
    for name in _LISTS:
        sizes = _sizes(getattr(form, name))
        if sizes is None or not 1 <= len(sizes) <= _MOST_SIZES:
            faults[name] = f"give 1 to {_MOST_SIZES} numbers with a semicolon between them, such as 0; 5; 10"
        else:
            found[name] = sizes
    return found, faults


def _number(text: str) -> float:
    """A number with a comma or a point, whole where it is one; raises ValueError where it is none."""
    number = float(text.replace(",", "."))
    if not isfinite(number):
        raise ValueError(text)
    return int(number) if number.is_integer() else number


def _sizes(text: str) -> tuple[float, ...] | None:
    """Numbers with semicolons or spaces between them; a comma is a decimal one, or stands before a space."""
    parts = [part.rstrip(",") for part in re.split(r";|\s+", text.strip()) if part.strip(", ")]
    try:
        return tuple(float(part.replace(",", ".")) for part in parts)
    except ValueError:
        return None


def _place_fault(form: StudyForm) -> dict[str, str]:
    if not form.place.strip():
        return {"place": "give a town, or latitude and longitude, such as 40.4,-3.7"}
    try:
        town_of(form.place)
    except SettingsError as err:
        return {"place": str(err)}
    return {}


def _field(key: str) -> str:
    """The field of a key; a list's item belongs to its list."""
    return next((field for known, field in _FIELDS.items() if key == known or key.startswith(f"{known}.")), "place")
