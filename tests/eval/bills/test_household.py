from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from agent.decision.journal import open_journal
from agent.language.answers.bill_words import bill_text
from agent.language.text import Language
from agent.queries import Sources, billed_months, monthly_bill
from energy.errors import DataError, SettingsError
from energy.pricing.calendar import BillingPeriod
from energy.pricing.contract import Contract
from energy.pricing.tariff import FlatTariff
from energy.slots import day_bounds
from eval.bills.household import WAYS, compare, household_bill, month_of
from eval.bills.words import comparison_text
from eval.collect.homes import with_battery
from ingest.history.recorded import shipped_history
from ingest.history.table import History
from ingest.live.meter import MeteredSlot
from ingest.tariffs.catalogue import named_tariff
from knowledge.days import DayRecord
from knowledge.store import DayStore

NO_JOURNAL = Path("/nowhere/journal.sqlite")
HOUR = timedelta(hours=1)


@pytest.fixture(scope="module")
def history() -> History:
    """Two months of a home in Madrid: 0.5 kW all day, 3 kW of sun from noon to four."""
    facts = shipped_history("citylearn-4").home
    home = facts.model_copy(update={"zone": "Europe/Madrid", "currency": "EUR", "name": "plain"})
    days = []
    for offset in range(59):
        day = date(2026, 1, 1) + timedelta(days=offset)
        load = np.full(24, 0.5)
        pv = np.where((np.arange(24) >= 12) & (np.arange(24) < 16), 3.0, 0.0)
        days.append(DayRecord("plain", day, day_bounds(day, home.tz)[0], HOUR, load, pv))
    return with_battery(History(home, HOUR, tuple(days)), 5.0)


def test_the_last_whole_month_is_billed_where_none_is_named(history: History) -> None:
    assert month_of(history, None, history.home.tariff) == BillingPeriod(date(2026, 2, 1), date(2026, 2, 28))
    short = replace(history, days=history.days[:45])
    assert month_of(short, None, history.home.tariff).first == date(2026, 1, 1)


@pytest.mark.parametrize(
    ("month", "says"), [("March", "month 'March' is not a month"), ("2025-07", "nothing is stored of 2025-07")]
)
def test_a_month_that_is_not_there_is_refused(history: History, month: str, says: str) -> None:
    with pytest.raises(SettingsError, match=says):
        month_of(history, month, history.home.tariff)


def test_a_bill_reads_as_its_lines_and_adds_up_in_both_languages(history: History) -> None:
    tariff = named_tariff("es-2.0td")
    found = household_bill(history, month_of(history, "2026-02", tariff), tariff, NO_JOURNAL)
    # each day 12 kWh used and 12 of sun, of which 2 at once; 5 kWh stored and most of it used at night
    assert found.bill.complete
    assert 28 * 4 < found.bill.export_kwh < 28 * 6
    english, spanish = bill_text(found, "en"), bill_text(found, "es")
    assert spanish.startswith("Factura: 1\u201328 de febrero de 2026 (es-2.0td)\n")
    assert f"{found.bill.rounded().total:.2f} EUR" in english
    assert "Surplus credit: surplus" in english
    assert "Compensación de excedentes: excedentes" in spanish
    assert "IVA" in spanish
    assert "VAT" not in spanish
    rows = english.split("\n\n")[1].splitlines()
    amounts = [float(row.split()[-1]) for row in rows[:-1]]
    assert sum(amounts) == pytest.approx(found.bill.rounded().total)


def test_a_month_to_date_says_how_far_it_goes(history: History) -> None:
    short = replace(history, days=history.days[:45])
    tariff = named_tariff("es-2.0td")
    found = household_bill(short, month_of(short, "2026-02", tariff), tariff, NO_JOURNAL)
    assert "billed to date: 14 of 28 days" in bill_text(found, "en")
    assert "14 de 28 días" in bill_text(found, "es")


def test_two_tariffs_are_compared_with_and_without_a_battery(history: History) -> None:
    tariffs = {name: named_tariff(name) for name in ("es-2.0td", "fr-hp-hc")}
    totals = compare(history, dict(tariffs))
    assert [one.months for one in totals] == [2, 2]
    assert totals[0].totals["self-consumption"] <= totals[1].totals["self-consumption"]
    for one in totals:
        assert one.totals["self-consumption"] < one.totals["no battery"]
    text = comparison_text(totals, "EUR", "en")
    gain = totals[1].totals["self-consumption"] - totals[0].totals["self-consumption"]
    assert text.startswith(f"Best {totals[0].tariff}: {gain:.2f} EUR less than {totals[1].tariff} over 2 months")


def test_with_the_advisor_months_count_that_have_four_weeks_before_them(history: History) -> None:
    lively = 0.6 - 0.5 * np.cos(np.arange(24) / 24 * 2 * np.pi)
    days = tuple(replace(one, load_kw=lively + 0.01 * one.day.day) for one in history.days[:59])
    short = replace(history, days=days)
    [total] = compare(short, {"es-2.0td": named_tariff("es-2.0td")}, ways=WAYS)
    assert total.months == 1
    assert total.totals["advisor"] <= total.totals["no battery"]
    with pytest.raises(DataError, match="no whole month stored after four weeks to plan with: ingest more days"):
        compare(replace(short, days=short.days[:31]), {"es-2.0td": named_tariff("es-2.0td")}, ways=WAYS)


def test_a_tariff_without_prices_for_some_hours_is_not_called_cheaper_or_dearer(history: History) -> None:
    totals = compare(history, {"es-pvpc": named_tariff("es-pvpc"), "fr-hp-hc": named_tariff("fr-hp-hc")})
    assert [one.tariff for one in totals] == ["fr-hp-hc", "es-pvpc"]
    english, spanish = (comparison_text(totals, "EUR", language) for language in ("en", "es"))
    assert english.startswith("They cannot be compared: es-pvpc has no price for ")
    assert spanish.startswith("No se pueden comparar: es-pvpc no tiene precio en ")


def test_a_comparison_says_which_rates_are_unsure(history: History) -> None:
    [total] = compare(history, {"es-2.0td": named_tariff("es-2.0td")})
    text = comparison_text([total], "EUR", "es")
    assert text.count("Sin confirmar: ") == len(total.unsure["es"]) > 0


def test_a_tariff_of_another_currency_is_neither_compared_nor_billed(history: History) -> None:
    tariff = named_tariff("uk-agile-seg")
    with pytest.raises(SettingsError, match="'uk-agile-seg' is in GBP, the home in EUR: name one in EUR"):
        compare(history, {"uk-agile-seg": tariff})
    with pytest.raises(SettingsError, match="'uk-agile-seg' is in GBP, the home in EUR: name one in EUR"):
        household_bill(history, month_of(history, "2026-02", tariff), tariff, NO_JOURNAL)


def test_stored_import_and_export_are_billed_and_days_without_them_are_computed(history: History) -> None:
    tariff = named_tariff("es-2.0td")
    period = month_of(history, "2026-02", tariff)
    imported, exported = np.full(24, 0.25), np.full(24, 0.125)
    gap = np.where(np.arange(24) == 3, np.nan, imported)

    def metered(day: DayRecord) -> DayRecord:
        known = gap if day.day == date(2026, 2, 5) else imported
        return replace(day, grid_import_kw=known, grid_export_kw=exported)

    whole = replace(history, days=tuple(metered(day) for day in history.days))
    found = household_bill(whole, period, tariff, NO_JOURNAL)
    assert found.computed_days == 0
    assert found.bill.import_kwh == pytest.approx(28 * 6 - 0.25)
    assert found.bill.export_kwh == pytest.approx(28 * 3 - 0.125)
    assert found.bill.hours_without_meter == 1
    assert "computed" not in bill_text(found, "en")

    last = date(2026, 2, 20)
    partly = replace(history, days=tuple(metered(day) if day.day <= last else day for day in history.days))
    found = household_bill(partly, period, tariff, NO_JOURNAL)
    assert found.computed_days == 8
    assert found.bill.days_billed == 28
    assert "Days without meter readings: 8." in bill_text(found, "en")
    assert "Días sin lecturas del contador: 8." in bill_text(found, "es")
    computed = household_bill(history, period, tariff, NO_JOURNAL)
    assert "The meter is computed" in bill_text(computed, "en")


def test_each_day_is_billed_by_the_source_that_covers_more_of_it(history: History, tmp_path: Path) -> None:
    tariff, file = FlatTariff(import_price=0.2), tmp_path / "journal.sqlite"
    period = month_of(history, "2026-02", tariff)

    def stored(day: DayRecord) -> DayRecord:
        imported = np.full(24, 0.25)
        imported[: 12 * (day.day == date(2026, 2, 11))] = np.nan
        is_known = date(2026, 2, 10) <= day.day <= date(2026, 2, 28)
        return replace(day, grid_import_kw=imported, grid_export_kw=np.zeros(24)) if is_known else day

    known = replace(history, days=tuple(stored(day) for day in history.days))
    # The service measured 1 kW from the first of February to the end of the eleventh, but for half of the tenth.
    start = day_bounds(date(2026, 2, 1), history.home.tz)[0]
    with open_journal(file) as journal:
        for at in range(11 * 48):
            if not 9 * 48 <= at < 9 * 48 + 24:
                slot = MeteredSlot(start + at * HOUR / 2, 1.0, 0.0, 0.5, grid_import_kw=1.0, grid_export_kw=0.0)
                journal.measure("plain", slot)
    found = household_bill(known, period, tariff, file)
    assert (found.service_days, found.file_days, found.computed_days) == (10, 18, 0)
    assert found.bill.import_kwh == pytest.approx(10 * 24 * 1.0 + 18 * 24 * 0.25)
    assert found.bill.complete
    english, spanish = bill_text(found, "en"), bill_text(found, "es")
    assert "Meter: 10 days as the service measured them, 18 days as files have them" in english
    assert "Contador: 10 días según las medidas del servicio y 18 según los ficheros" in spanish

    store = DayStore(tmp_path / "days")
    store.append("plain", list(known.days))
    with open_journal(file, read_only=True) as journal:
        sources = Sources(known.home.model_copy(update={"tariff": tariff}), store, journal)
        now = datetime(2026, 3, 5, tzinfo=UTC)
        assert billed_months(sources, now) == [period]
        shown = monthly_bill(sources, period, now)
    assert shown is not None
    assert (shown.service_days, shown.file_days) == (10, 18)
    assert shown.bill.rounded() == found.bill.rounded()


def test_prices_that_are_examples_are_told_in_the_bill_and_the_comparison_until_the_home_has_its_own(
    history: History,
) -> None:
    def footer(tariff: Contract, language: Language) -> str:
        found = household_bill(history, month_of(history, "2026-02", tariff), tariff, NO_JOURNAL)
        return bill_text(found, language)

    shipped = named_tariff("es-2.0td")
    assert "Prices of this tariff are examples (energy, surplus): put those of your contract" in footer(shipped, "en")
    assert "Esta tarifa lleva precios de ejemplo (energía, excedentes): pon los de tu contrato" in footer(shipped, "es")
    partly = named_tariff("es-2.0td", prices={"energy": 0.14})
    assert "are examples (surplus)" in footer(partly, "en")
    one_period = named_tariff("es-2.0td", prices={"energy": {"P1": 0.15}, "surplus": 0.05})
    assert "are examples (energy)" in footer(one_period, "en")
    periods = named_tariff("es-2.0td", prices={"energy": {"P1": 0.15, "P2": 0.12, "P3": 0.09}, "surplus": 0.05})
    assert "examples" not in footer(periods, "en")
    own = named_tariff("es-2.0td", prices={"energy": 0.14, "surplus": 0.05})
    assert "examples" not in footer(own, "en")
    totals = compare(history, {"es-2.0td": shipped, "own": own})
    rows = comparison_text(totals, "EUR", "en").splitlines()
    told = [earlier.split()[0] for earlier, later in pairwise(rows) if "are examples (energy, surplus)" in later]
    assert told == ["es-2.0td"]
    assert "precios de ejemplo" in comparison_text(totals, "EUR", "es")


def test_a_wallet_that_keeps_the_rest_of_the_credit_does_not_call_it_lost(history: History) -> None:
    home = history.home.model_copy(update={"pv_peak_kw": 9.0})
    sunny = replace(history, home=home, days=tuple(replace(day, pv_kw=day.pv_kw * 3) for day in history.days))
    lost = named_tariff("es-2.0td")
    kept = named_tariff("es-2.0td", wallet={"fee_per_month": 2.0})
    texts = {}
    for name, tariff in (("lost", lost), ("kept", kept)):
        found = household_bill(sunny, month_of(sunny, "2026-02", tariff), tariff, NO_JOURNAL)
        texts[name] = bill_text(found, "en"), bill_text(found, "es")
    assert "Credit lost to the month's cap" in texts["lost"][0]
    assert "lost" not in texts["kept"][0]
    assert "Credit above the month's cap, kept in the wallet" in texts["kept"][0]
    assert "Compensación por encima del tope del mes, a la batería virtual" in texts["kept"][1]
    assert "perdida" not in texts["kept"][1]


def test_a_currency_without_cents_is_billed_in_whole_units(history: History) -> None:
    yen = replace(history, home=history.home.model_copy(update={"currency": "JPY"}))
    tariff = FlatTariff(import_price=35.6, export_price=8.5)
    found = household_bill(yen, month_of(yen, "2026-02", tariff), tariff, NO_JOURNAL)
    assert all(line.amount == round(line.amount) for line in found.rounded.lines)
    assert f"  {found.rounded.total:.0f} JPY\n" in bill_text(found, "en")
    assert (
        "." not in comparison_text(compare(yen, {"flat": tariff, "other": tariff}), "JPY", "en").partition(" over ")[0]
    )
