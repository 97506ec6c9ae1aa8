"""The questions that a terminal asks where nothing was given; every answer is also an option."""

from dataclasses import replace

import typer

from advisor.study.asking import StudyAsked
from energy.errors import SettingsError
from eval.study.play.gazetteer import Town, town_of
from eval.study.play.tariffs import usual_tariff

_QUESTIONS: dict[str, dict[str, str]] = {
    "en": {
        "place": "Where is the home (a town, or latitude,longitude)?",
        "people": "How many people live there?",
        "heat_pump": "Is it heated by a heat pump?",
        "cooling": "Is there air conditioning?",
        "car": "Is there an electric car that charges at home?",
        "kwp": "Panels to look at, in kWp",
        "battery": "Batteries to look at, in kWh",
        "tariff": "Tariff",
        "battery_price": "What a battery costs, installed, per kWh",
        "panel_price": "What panels cost, installed, per kWp",
    },
    "es": {
        "place": "¿Dónde está la casa (ciudad, o latitud,longitud)?",
        "people": "¿Cuántas personas viven en ella?",
        "heat_pump": "¿Se calienta con aerotermia?",
        "cooling": "¿Hay aire acondicionado?",
        "car": "¿Hay un coche eléctrico que se carga en casa?",
        "kwp": "Placas que se quieren comparar, en kWp",
        "battery": "Baterías que se quieren comparar, en kWh",
        "tariff": "Tarifa",
        "battery_price": "Precio de la batería, instalada, por kWh",
        "panel_price": "Precio de las placas, instaladas, por kWp",
    },
}


def asked_in_a_terminal(asked: StudyAsked) -> StudyAsked:
    """The same with what a person answers; a wrong place is asked again."""
    language = asked.language or typer.prompt("Language / idioma (en, es)", default="en")
    asked = replace(asked, language=language)
    text, said = _QUESTIONS[asked.words], dict(asked.said or {})
    town = _town(text["place"])
    said["household"] = _household(text, said.get("household", {}))
    prices = {
        "battery_per_kwh": typer.prompt(text["battery_price"], default=600.0),
        "pv_per_kwp": typer.prompt(text["panel_price"], default=1200.0),
    }
    said["prices"] = {**said.get("prices", {}), **prices}
    said["kwp"], said["battery_kwh"] = _numbers(text["kwp"], "0, 5"), _numbers(text["battery"], "0, 5, 10")
    said["tariffs"] = (typer.prompt(text["tariff"], default=usual_tariff(town)),)
    place = f"{town.place.latitude},{town.place.longitude}" if town.name[:1].isdigit() else town.name
    return replace(asked, place=place, said=said)


def _household(text: dict[str, str], said: dict[str, object]) -> dict[str, object]:
    household = {**said, "people": typer.prompt(text["people"], default=3, type=int)}
    if typer.confirm(text["heat_pump"], default=False):
        household |= {"heating": "heat_pump", "hot_water": "heat_pump"}
    household["cooling"] = typer.confirm(text["cooling"], default=False)
    household["car"] = typer.confirm(text["car"], default=False)
    return household


def _town(question: str) -> Town:
    while True:
        try:
            return town_of(typer.prompt(question))
        except SettingsError as err:
            typer.echo(str(err))


def _numbers(question: str, default: str) -> list[float]:
    """Numbers with commas between; asked again until they are some."""
    while True:
        said = str(typer.prompt(question, default=default))
        try:
            return [float(part) for part in said.replace(";", ",").split(",") if part.strip()]
        except ValueError:
            typer.echo(f"{said!r}: 0, 5, 10")
