"""The questions that a terminal asks where nothing was given: the page's form, checked answer by answer."""

import os
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any, get_args

import typer

from advisor.study.asking import ASSUMED_CURRENCY, StudyAsked
from advisor.study.form import asked_by
from agent.decision.wording.problem_words import in_language
from agent.web.page import texts_of
from agent.web.study import StudyForm
from energy.errors import SettingsError
from eval.study.play.gazetteer import Town, town_of
from eval.study.play.tariffs import usual_tariff
from eval.study.play.wishes import Language, StudyPrices

_HEATINGS = ("other", "heat_pump", "resistive")
_YES, _NO = ("y", "yes", "s", "si", "sí"), ("n", "no")


def asked_in_a_terminal(asked: StudyAsked) -> StudyAsked:
    """The same with what a person answers; what cannot be is said at once, and asked again."""
    if asked.language is None:
        usual: Language = "es" if os.environ.get("LANG", "").startswith("es") else "en"
        chosen = _Questions(usual).one_of(get_args(Language), "Language / idioma (en, es)", usual, "answer en or es")
        asked = replace(asked, language="es" if chosen == "es" else "en")
    said = dict(asked.said or {})
    filled = _Questions(asked.words).filled(_offered(said))
    answered = asked_by(filled, asked.words)
    assert isinstance(answered, StudyAsked)  # noqa: S101 (every field was checked)
    for name, value in (answered.said or {}).items():
        said[name] = {**said.get(name, {}), **value} if isinstance(value, dict) else value
    return replace(asked, place=filled.place, said=said)


def _offered(said: Mapping[str, Any]) -> StudyForm:
    """The form with what options have said already."""
    household, prices = said.get("household", {}), said.get("prices", {})
    texts = {
        "people": household.get("people"),
        "floor_m2": household.get("floor_m2"),
        "battery_price": prices.get("battery_per_kwh"),
        "panel_price": prices.get("pv_per_kwp"),
        "subsidy": 100 * prices.get("subsidy_share", 0),
    }
    given = {name: f"{value:g}" for name, value in texts.items() if value is not None}
    given |= {name: "; ".join(f"{size:g}" for size in said[name]) for name in ("kwp", "battery_kwh") if name in said}
    flags = {name: bool(household.get(name)) for name in ("cooling", "car")}
    return StudyForm.model_validate(
        given | flags | {"heating": household.get("heating", "other"), "tariffs": said.get("tariffs", ())}
    )


def _prices_offered(form: StudyForm, town: Town) -> dict[str, str]:
    """The assumed prices where none were given; none in a currency for which none are assumed."""
    if town.currency != ASSUMED_CURRENCY:
        return {"battery_price": "", "panel_price": ""}
    assumed = StudyPrices()
    return {
        "battery_price": form.battery_price or f"{assumed.battery_per_kwh:g}",
        "panel_price": form.panel_price or f"{assumed.pv_per_kwp:g}",
    }


@dataclass(frozen=True, slots=True)
class _Questions:
    """The form's fields as questions in a language."""

    language: Language

    def filled(self, form: StudyForm) -> StudyForm:
        """The form, asked field by field."""
        form = self._typed(form, "place")
        town = town_of(form.place)
        form = self._typed(self._typed(form, "people"), "floor_m2")
        form = form.model_copy(update={"heating": self._heating(form.heating)})
        for name in ("cooling", "car"):
            form = form.model_copy(update={name: self._yes(name, usual=getattr(form, name))})
        form = self._typed(self._typed(form, "kwp"), "battery_kwh")
        form = self._with(form, "tariffs", lambda: self._tariffs(form, town))
        form = form.model_copy(update=_prices_offered(form, town))
        form = self._typed(form, "battery_price", unit=f" ({town.currency})")
        form = self._typed(form, "panel_price", unit=f" ({town.currency})")
        return self._typed(form, "subsidy")

    def _typed(self, form: StudyForm, name: str, unit: str = "") -> StudyForm:
        label = self._text(name) + unit
        if hint := texts_of(self.language).get(f"study.{name}.hint"):
            typer.echo(hint)
        return self._with(form, name, lambda: _prompt(label, getattr(form, name)))

    def _with(self, form: StudyForm, name: str, ask: Callable[[], object]) -> StudyForm:
        """The form with an answer; asked until it can be."""
        while True:
            form = form.model_copy(update={name: ask()})
            found = asked_by(form, self.language)
            if isinstance(found, StudyAsked) or name not in found.fields:
                return form
            self._tell(found.fields[name])

    def _tariffs(self, form: StudyForm, town: Town) -> tuple[str, ...]:
        try:
            usual = " ".join(form.tariffs) or usual_tariff(town)
        except SettingsError:
            usual = ""
        return tuple(_prompt(self._text("tariffs"), usual).replace(",", " ").split())

    def _heating(self, usual: str) -> str:
        numbers = {str(at): name for at, name in enumerate(_HEATINGS, start=1)}
        words = "; ".join(f"{at}: {self._text(f'heating.{name}')}" for at, name in numbers.items())
        known = next((number for number, name in numbers.items() if name == usual), "1")
        label = f"{self._text('heating')} ({words})"
        return numbers[self.one_of(numbers, label, known, f"give a number from 1 to {len(numbers)}")]

    def _yes(self, name: str, *, usual: bool) -> bool:
        yes = self._text("yes")
        label = f"{self._text(name)} ({yes} / no)"
        return self.one_of((*_YES, *_NO), label, yes if usual else "no", "answer yes or no") in _YES

    def one_of(self, answers: Collection[str], label: str, usual: str, fault: str) -> str:
        while (said := _prompt(label, usual).lower()) not in answers:
            self._tell(fault)
        return said

    def _text(self, key: str) -> str:
        return texts_of(self.language)[f"study.{key}"]

    def _tell(self, fault: str) -> None:
        told = in_language(fault, self.language)
        typer.echo(f"{told[:1].upper()}{told[1:].rstrip('.')}.")


def _prompt(label: str, usual: str) -> str:
    return str(typer.prompt(label, default=usual or None)).strip()
