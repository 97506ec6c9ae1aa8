"""Places and tariffs of a study: known ones are found, others are told what to do."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from energy.errors import SettingsError
from eval.study.play.gazetteer import town_of, towns
from eval.study.play.market import day_ahead_per_kwh, mean_per_kwh
from eval.study.play.tariffs import check_tariffs, study_tariff, usual_tariff
from ingest.tariffs.catalogue import tariff_names


@pytest.mark.parametrize(
    ("text", "name", "zone"),
    [
        ("Madrid", "Madrid", "Europe/Madrid"),
        ("  madrid ", "Madrid", "Europe/Madrid"),
        ("a coruna", "A Coruña", "Europe/Madrid"),
        ("Seville", "Sevilla", "Europe/Madrid"),
        ("Donostia", "San Sebastián", "Europe/Madrid"),
        ("Las Palmas", "Las Palmas de Gran Canaria", "Atlantic/Canary"),
        ("40.4,-3.7", "40.4, -3.7", "Europe/Madrid"),
        ("28.1; -15.4", "28.1, -15.4", "Atlantic/Canary"),
        ("munich", "München", "Europe/Berlin"),
    ],
)
def test_a_place_is_found_by_its_names_and_by_coordinates(text: str, name: str, zone: str) -> None:
    town = town_of(text)
    assert (town.name, town.zone) == (name, zone)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("Madird", "place 'Madird' is not known: did you mean Madrid"),
        ("Xqzwv", "place 'Xqzwv' is not known: give a larger town nearby, or latitude and longitude"),
        ("", "place '' is not known"),
        ("91, 0", "is not on Earth: give latitude -90 to 90"),
        ("-33.9, 151.2", "only Europe is covered"),
    ],
)
def test_an_unknown_place_is_told_the_nearest_names_or_what_to_give(text: str, told: str) -> None:
    with pytest.raises(SettingsError) as raised:
        town_of(text)
    assert told in str(raised.value)


def test_every_town_lies_in_europe_and_has_a_name_of_its_own() -> None:
    names = [name for town in towns() for name in (town.name, *town.also)]
    assert len(names) == len(set(names))
    assert len(towns()) > 140
    for town in towns():
        assert 27 < town.place.latitude < 66
        assert -25 < town.place.longitude < 35
        assert town.mean_c is None or 5 < town.mean_c < 23


@pytest.mark.parametrize(
    ("place", "name"),
    [("Madrid", "es-2.0td"), ("Arrecife", "es-2.0td-canaries"), ("Ceuta", "es-2.0td-ceuta"), ("Lyon", "fr-hp-hc")],
)
def test_the_usual_tariff_is_that_of_the_place(place: str, name: str) -> None:
    assert usual_tariff(town_of(place)) == name


def test_a_country_without_a_tariff_says_which_there_are() -> None:
    with pytest.raises(SettingsError, match="country ships: use be-flanders"):
        usual_tariff(town_of("Lisboa"))


@pytest.mark.parametrize(
    ("names", "told"),
    [
        (("uk-agile-seg",), "tariff 'uk-agile-seg' is in GBP, but Madrid pays in EUR: use "),
        (("no-such",), "tariff 'no-such' is not known"),
    ],
)
def test_a_tariff_that_does_not_fit_is_told_with_those_that_do(names: tuple[str, ...], told: str) -> None:
    with pytest.raises(SettingsError) as raised:
        check_tariffs(names, "EUR", "Madrid")
    assert told in str(raised.value)
    check_tariffs(("es-2.0td", "es-pvpc"), "EUR", "Madrid")


@pytest.mark.parametrize("name", [name for name in tariff_names() if name.startswith(("es-", "nl-", "fr-", "de-"))])
def test_tariffs_in_euros_have_a_price_for_every_hour_of_the_year(name: str) -> None:
    check_tariffs((name,), "EUR", "Madrid")
    contract = study_tariff(name, 2027, "Europe/Madrid")
    starts = [datetime(2026, 12, 4, tzinfo=UTC) + at * timedelta(hours=7) for at in range(1340)]
    assert len(contract.prices(starts, ZoneInfo("Europe/Madrid")).import_per_kwh) == len(starts)


def test_assumed_market_prices_have_cheap_noons_and_the_mean_they_say() -> None:
    year = [datetime(2027, 1, 1) + at * timedelta(hours=1) for at in range(8760)]  # noqa: DTZ001 (local time)
    prices = [day_ahead_per_kwh(moment) for moment in year]
    assert min(prices) >= 0
    assert sum(prices) / len(prices) == pytest.approx(mean_per_kwh(), rel=0.12)
    noon = [price for moment, price in zip(year, prices, strict=True) if moment.month == 5 and moment.hour == 14]
    evening = [price for moment, price in zip(year, prices, strict=True) if moment.month == 5 and moment.hour == 21]
    assert max(noon) < min(evening)
