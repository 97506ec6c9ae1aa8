"""The page's form becomes what the command line's options become, and what is wrong stands in its field."""

import pytest

from advisor.study.asking import StudyAsked, wishes_of
from advisor.study.form import FormFaults, asked_by
from agent.web.study import StudyForm


def test_the_form_as_it_is_offered_needs_a_place_alone() -> None:
    asked = asked_by(StudyForm(place="Bilbao"), "es")
    assert isinstance(asked, StudyAsked)
    wishes = wishes_of(asked, None)
    assert (wishes.place_name, wishes.tariffs, wishes.kwp) == ("Bilbao", ("es-2.0td",), (0.0, 5.0))
    assert (wishes.battery_kwh, wishes.household.people, wishes.prices.battery_per_kwh) == ((0.0, 5.0, 10.0), 3, 600)
    assert asked.words == "es"


def test_every_field_is_heard() -> None:
    form = StudyForm(
        place="40.4,-3.7",
        people="5",
        floor_m2="90,5",
        heating="heat_pump",
        cooling=True,
        car=True,
        kwp="2,5; 4",
        battery_kwh="0 7.5, 10",
        tariffs=("es-pvpc", "es-2.0td"),
        battery_price="450",
        panel_price="999.5",
        subsidy="40",
    )
    asked = asked_by(form, "en")
    assert isinstance(asked, StudyAsked)
    wishes = wishes_of(asked, None)
    home = wishes.household
    assert (home.people, home.floor_m2, home.heating, home.hot_water) == (5, 90.5, "heat_pump", "heat_pump")
    assert (home.cooling, home.car, wishes.kwp, wishes.battery_kwh) == (True, True, (2.5, 4.0), (0.0, 7.5, 10.0))
    assert wishes.tariffs == ("es-pvpc", "es-2.0td")
    prices = wishes.prices
    assert (prices.battery_per_kwh, prices.pv_per_kwp, prices.subsidy_share) == (450, 999.5, 0.4)


@pytest.mark.parametrize(
    ("changes", "field", "told"),
    [
        ({"place": " "}, "place", "give a town"),
        ({"place": "Madird"}, "place", "did you mean Madrid"),
        ({"people": "0"}, "people", "should be 1 to 10 (given: 0)"),
        ({"people": "many"}, "people", "'many' is not a number"),
        ({"people": "nan"}, "people", "'nan' is not a number"),
        ({"floor_m2": "1e9"}, "floor_m2", "should be 15 to 2000"),
        ({"kwp": "-1"}, "kwp", "should be 0 to 200 (given: -1"),
        ({"kwp": "a, b"}, "kwp", "such as 0; 5; 10"),
        ({"battery_kwh": ""}, "battery_kwh", "such as 0; 5; 10"),
        ({"battery_kwh": "1;2;3;4;5;6;7"}, "battery_kwh", "give 1 to 6 numbers"),
        ({"battery_price": "-5"}, "battery_price", "should be 0 to 100000"),
        ({"subsidy": "95"}, "subsidy", "should be 0 to 90"),
        ({"tariffs": ("uk-agile-seg",)}, "tariffs", "is in GBP"),
        ({"tariffs": ("nobody",)}, "tariffs", "is not known"),
        ({"place": "London"}, "place", "no tariff in GBP can be simulated for London"),
        ({"place": "Roma"}, "tariffs", "no tariff of Roma's country ships: use be-flanders"),
        ({"place": "Oslo", "panel_price": "9000"}, "battery_price", "give the price in NOK"),
        ({"place": "Oslo", "battery_price": "5000"}, "panel_price", "give the price in NOK"),
        ({"people": ""}, "people", "give a number"),
        ({"people": "2.5"}, "people", "should be a whole number, 1 to 10 (given: 2.5)"),
        ({"people": "1e30"}, "people", "1 to 10"),
        ({"heating": "gas"}, "heating", "should be"),
    ],
)
def test_what_cannot_be_stands_in_its_field(changes: dict[str, object], field: str, told: str) -> None:
    found = asked_by(StudyForm.model_validate({"place": "Madrid"} | changes), "en")
    assert isinstance(found, FormFaults)
    assert list(found.fields) == [field]
    assert told in found.fields[field]


def test_all_that_is_wrong_is_said_at_once() -> None:
    wrong = {"place": "Madird", "people": "0", "floor_m2": "1e30", "kwp": "-3; 5", "battery_kwh": "", "subsidy": "120"}
    wrong |= {"battery_price": "-600", "panel_price": "mil"}
    found = asked_by(StudyForm.model_validate(wrong), "en")
    assert isinstance(found, FormFaults)
    assert set(found.fields) == set(wrong)
