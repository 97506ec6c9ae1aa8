from pathlib import Path

import pytest

from energy.errors import SettingsError
from energy.pricing.tariff import Contract
from ingest.home_file import load_home
from ingest.tariffs.catalogue import named_tariff, tariff_names

HOME = """
name = "mine"
zone = "Europe/Madrid"
pv_peak_kw = 5
[battery]
capacity_kwh = 5
max_charge_kw = 2.5
max_discharge_kw = 2.5
[tariff]
kind = "named"
"""


@pytest.mark.parametrize("name", tariff_names())
def test_every_file_is_a_contract_of_its_name_with_its_sources(name: str) -> None:
    contract = named_tariff(name)
    assert contract.name == name
    assert contract.sources
    assert contract.currency


@pytest.mark.parametrize("name", tariff_names())
def test_what_is_unsure_is_said_in_both_languages(name: str) -> None:
    contract = named_tariff(name)
    rows = (*contract.import_terms, *contract.export_terms, *contract.fixed, *contract.taxes, *contract.peaks)
    for row in rows:
        assert bool(row.unsure) == bool(row.unsure_es)
        assert not row.unsure or row.unsure != row.unsure_es


@pytest.mark.parametrize("name", tariff_names())
def test_every_rate_has_a_last_day_that_is_known_or_says_why_it_has_none(name: str) -> None:
    contract = named_tariff(name)
    rows = (*contract.import_terms, *contract.export_terms, *contract.fixed, *contract.taxes, *contract.peaks)
    for row in rows:
        marked = row.unsure or row.example or row.no_end
        assert marked or row.last or row.known_to, row.name
        assert marked or row.first or row.known_from, row.name
    assert all(row.no_end or row.last for row in contract.netting)


def test_a_households_own_figure_is_known_without_end() -> None:
    mine = named_tariff("es-2.0td", fixed={"power P1": 30.0}, prices={"tolls and charges": 0.05})
    own = [row for row in (*mine.fixed, *mine.import_terms) if row.name in {"power P1", "tolls and charges"}]
    assert [(row.known_from, row.known_to) for row in own] == [(None, None)] * 2


def read(tmp_path: Path, tariff: str) -> Contract:
    path = tmp_path / "home.toml"
    path.write_text(HOME + tariff, encoding="utf-8")
    tariff_read = load_home(path).tariff
    assert isinstance(tariff_read, Contract)
    return tariff_read


def test_the_three_prices_of_a_contract_are_given_by_their_periods() -> None:
    mine = named_tariff("es-2.0td", prices={"energy": {"P1": 0.15, "P3": 0.09}})
    [term] = [one for one in mine.import_terms if one.name == "energy"]
    assert {one.name: one.price for one in term.price.periods} == {"P1": 0.15, "P2": 0.095, "P3": 0.09}
    with pytest.raises(SettingsError, match=r"prices.energy has 'P4': use P3, P1, P2"):
        named_tariff("es-2.0td", prices={"energy": {"P4": 0.15}})


def test_a_home_names_its_tariff_and_gives_its_own_figures(tmp_path: Path) -> None:
    tariff = read(
        tmp_path,
        'name = "es-2.0td"\nprices = { energy = 0.11, surplus = 0.05 }\ncontracted_kw = { P2 = 3.3 }\n'
        "wallet = { fee_per_month = 2 }\nbilling_day = 12\nfixed = { 'meter rental' = 0.9 }",
    )
    assert [term.price for term in tariff.import_terms if term.name == "energy"] == [0.11]
    assert tariff.export_terms[0].price == 0.05
    assert tariff.contracted_kw == {"P1": 4.6, "P2": 3.3}
    assert tariff.credit.cap == "energy_bought"
    assert tariff.credit.wallet is not None
    assert tariff.billing_day == 12
    assert {one.name: one.amount for one in tariff.fixed}["meter rental"] == 0.9


@pytest.mark.parametrize(
    ("tariff", "says"),
    [
        ('name = "es-3.0td"', "tariff 'es-3.0td' is not known: use one of be-flanders-capacity"),
        ('name = "es-2.0td"\nprice = 1', "key 'price' is not known: use prices, contracted_kw"),
        ('name = "es-2.0td"\nprices = { peak = 1 }', "prices has 'peak', which is not a term: use energy, surplus"),
        ('name = "es-2.0td"\nfixed = { rent = 1 }', "fixed has 'rent': use meter rental"),
        ('name = "es-2.0td"\nbilling_day = 31', "billing_day: should be 1 to 28"),
        ('name = "uk-agile-seg"', "currency 'EUR' is not that of tariff 'uk-agile-seg', 'GBP'"),
    ],
)
def test_what_a_home_may_not_say_is_named_with_its_file(tmp_path: Path, tariff: str, says: str) -> None:
    with pytest.raises(SettingsError, match=says) as result:
        read(tmp_path, tariff)
    assert "home.toml" in str(result.value)
