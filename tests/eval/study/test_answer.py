"""What households are told: yes or no, in figures that add up."""

from dataclasses import replace
from math import isfinite
from pathlib import Path

import pytest

from eval.study.answer import answer_of
from eval.study.figures import Option
from eval.study.play.wishes import StudyPrices
from eval.study.report.json_view import study_json
from eval.study.report.telling import answer_text
from eval.study.report.words import words_in
from eval.study.study import Study
from tests.eval.study.conftest import first_answer, madrid_wishes


def test_a_family_of_three_in_madrid_is_told_no_at_250_a_kilowatt_hour_and_why(family: Study) -> None:
    answer = answer_of(family)
    assert answer.verdict == "no"
    assert answer.shown == Option("es-2.0td", 5.0, 5.0)
    # the bill's own table has 30 EUR without taxes and tolls; with them a few tens of euros
    assert 20 < answer.saving < 90
    assert answer.pays_below < 250
    assert answer.reason.kind == "cap"
    assert answer.reason.lost > 50
    told = answer_text(family, words_in("en", "EUR"))
    assert told.startswith("No, not at this price. A 5 kWh battery saves €")
    assert "lost to the cap" in told
    assert answer_text(family, words_in("es", "EUR")).startswith(
        "No compensa a este precio. Una batería de 5 kWh ahorra"
    )


def test_the_answer_turns_where_the_answer_says_it_does(family: Study) -> None:
    below = answer_of(family).pays_below
    for price, verdict in ((below - 1, "yes"), (below + 1, "no")):
        assert answer_of(family, StudyPrices(battery_per_kwh=price)).verdict == verdict


def test_a_home_with_a_car_and_a_heat_pump_gets_its_own_answer(family: Study, electric: Study) -> None:
    one, other = answer_of(family), answer_of(electric)
    assert other.saving > 1.3 * one.saving
    assert other.before > 1.8 * one.before
    assert other.battery is not None
    pays = other.battery.present_value > 0
    assert other.verdict == ("yes" if pays else "no")
    assert words_in("en", "EUR").money(other.saving) in answer_text(electric, words_in("en", "EUR"))


def test_the_reason_splits_the_saving_into_what_is_bought_less_and_credited_less(family: Study) -> None:
    answer = answer_of(family)
    assert answer.reason.bought - answer.reason.credit == pytest.approx(answer.saving, abs=0.5)
    assert answer.reason.kwh_less > 500


def test_a_battery_without_panels_is_told_that_it_has_nothing_to_store(family: Study) -> None:
    bare = Option("es-2.0td", 0.0, 5.0)
    assert family.battery_saving(bare) == pytest.approx(0.0, abs=1.0)
    dark = replace(family, wishes=family.wishes.model_copy(update={"kwp": (0.0,)}))
    told = answer_text(dark, words_in("en", "EUR"))
    assert told.startswith("No. A 5 kWh battery saves €0 a year")
    assert told.endswith("has nothing to store. It would pay off at no price.")
    assert answer_text(dark, words_in("es", "EUR")).endswith("No compensaría a ningún precio.")


@pytest.mark.parametrize("worse", [{"battery_efficiency": 0.6}, {"battery_kw": 0.2}])
def test_a_battery_that_loses_more_or_is_weak_saves_less(
    family: Study, study_folder: Path, worse: dict[str, float]
) -> None:
    option = Option("es-2.0td", 5.0, 5.0)
    saved = first_answer(madrid_wishes(**worse), study_folder).battery_saving(option)
    assert 0 < saved < family.battery_saving(option) - 1


def test_a_currency_of_letters_stands_apart_from_its_number() -> None:
    assert words_in("en", "NOK").money(1294.0) == "NOK\u00a01,294"
    assert words_in("en", "EUR").money(1294.0, cents=True) == "€1,294.00"


@pytest.mark.parametrize("kwp", [0.0, 5.0])
@pytest.mark.parametrize("kwh", [0.0, 5.0])
def test_energy_and_money_of_a_year_add_up(family: Study, kwp: float, kwh: float) -> None:
    year = family.figures.year(Option("es-2.0td", kwp, kwh))
    assert len(year.months) == len(year.bills) == 12
    used = year.total("from_pv") + year.total("from_battery") + year.total("bought")
    assert used == pytest.approx(year.total("used"), rel=2e-3)
    assert sum(line.amount for line in year.lines()) == pytest.approx(year.cost, abs=0.01)
    assert year.total("sold") <= year.total("pv") + 1e-6


def test_json_has_every_figure_by_name(family: Study) -> None:
    told = study_json(family, words_in("en", "EUR"))
    assert told["verdict"] == "no"
    assert (told["battery_kw"], told["battery_efficiency"]) == (2.5, 0.9025)
    options = told["options"]
    assert isinstance(options, list)
    assert [(one["kwp"], one["battery_kwh"]) for one in options] == [(0.0, 0.0), (0.0, 5.0), (5.0, 0.0), (5.0, 5.0)]
    shown = next(one for one in options if (one["kwp"], one["battery_kwh"]) == (5.0, 5.0))
    year = shown["self_consumption"]
    assert sum(month["bill"] for month in year["months"]) == pytest.approx(year["bill"], abs=0.1)
    assert shown["purchase"]["price"] == 5 * 250 + 5 * 1200
    assert all(isfinite(value) for value in year["kwh"].values())
