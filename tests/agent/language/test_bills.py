"""The bill of a month in answers: understood as such, the ledger's lines, in both languages."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from agent.language.answers.bill_words import line_detail
from agent.language.answers.wording import Voice, word
from agent.language.questions.question import understand
from agent.language.text import Language
from agent.queries import Sources, bill, billed_months
from energy.billing.bill import bills
from energy.billing.lines import BillLine
from energy.pricing.contract import Contract
from energy.pricing.metering import MeterReadings
from energy.pricing.series import PriceRun, PriceSeries
from energy.pricing.terms import EnergyTerm, Indexed
from ingest.tariffs.catalogue import named_tariff

NOW = datetime(2026, 11, 14, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "aim"),
    [
        ("what is my bill this month?", "bill"),
        ("What's my bill so far?", "bill"),
        ("show me last month's bill", "bill"),
        ("what was the bill in October?", "bill"),
        ("¿cuánto va de factura este mes?", "bill"),
        ("¿Cuánto llevo de factura?", "bill"),
        ("enséñame la factura del mes pasado", "bill"),
        ("why is my bill so high?", "dear_day"),
        ("what was our gas bill last month?", "not_measured"),
        ("how much did yesterday cost?", "totals"),
        ("what would the bill be without the panels?", "panels"),
    ],
)
def test_a_bill_is_asked_for_in_both_languages(text: str, aim: str) -> None:
    assert understand(text, now=NOW, zone=ZoneInfo("Europe/Madrid")).aim == aim


def test_the_month_to_date_is_answered_line_by_line(known: Any) -> None:
    home = known.home.model_copy(update={"tariff": named_tariff("es-2.0td")})
    sources = Sources(known.home, known.store, known.journal)
    sources.follow(lambda: home)
    found = bill(sources, None, now=known.now)
    slots = list(known.metered.values())
    readings = MeterReadings(
        [slot.start for slot in slots],
        np.array([slot.grid_import_kw for slot in slots]) / 2,
        np.array([slot.grid_export_kw for slot in slots]) / 2,
        timedelta(minutes=30),
    )
    [made] = bills(readings, home.tariff, home.tz)
    assert found.text == "bill.to_date"
    assert found.facts["total_cost"] == pytest.approx(made.rounded().total)
    lines = [row for row in found.rows if "amount_cost" in row]
    assert [row["amount_cost"] for row in lines] == [line.amount for line in made.rounded().lines]
    assert {row["kind"] for row in lines} >= {"energy", "fixed", "tax"}
    assert [f"{period.first:%Y-%m}" for period in billed_months(sources, known.now)] == ["2026-01"]
    assert not bill(sources, date(2025, 11, 3), now=known.now).known


@pytest.mark.parametrize(
    ("language", "words"),
    [
        (
            "en",
            ("- Power P1: nothing is published beyond", "- Surplus: the price is an example", "- Not sure: the amount"),
        ),
        ("es", ("- Potencia P1: no hay nada publicado después del", "- Sin confirmar: el importe")),
    ],
)
def test_an_answer_says_what_the_rates_are_not_sure_of(known: Any, language: Language, words: tuple[str, ...]) -> None:
    shipped = named_tariff("es-2.0td")
    last_year = tuple(one.model_copy(update={"known_to": date(2025, 12, 31)}) for one in shipped.fixed)
    home = known.home.model_copy(update={"tariff": shipped.model_copy(update={"fixed": last_year})})
    found = bill(Sources(home, known.store, known.journal), None, now=known.now)
    text = word(found, Voice(language, home.tz, home.currency, known.now))
    for part in words:
        assert part in text


def test_past_hours_are_billed_by_what_was_published_and_never_by_what_a_plan_fills_in(known: Any) -> None:
    slots = list(known.metered.values())
    values = tuple(None if at < 40 else 0.1 for at in range(len(slots)))
    run = PriceRun(start=slots[0].start, step_minutes=30, per_kwh=values)
    term = EnergyTerm(name="energy", price=Indexed(of={"spot": 1.0}))
    published = Contract(import_terms=(term,), series={"spot": PriceSeries(runs=(run,))})
    sources = Sources(
        known.home,
        known.store,
        known.journal,
        billed_home=lambda: known.home.model_copy(update={"tariff": published}),
    )
    found = bill(sources, None, now=known.now)
    assert found.facts["unpriced_hours"] == sum(slot.grid_import_kw > 0 for slot in slots[:40]) / 2
    bought = sum(slot.grid_import_kw for slot in slots[40:]) / 2
    assert found.facts["total_cost"] == pytest.approx(0.1 * bought, abs=0.01)
    text = word(found, Voice("en", known.home.tz, "EUR", known.now))
    assert f"{found.facts['unpriced_hours']:g} h have no price and are not in it." in text


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("what is my bill this month?", ("The bill in January 2026 stands at", "after 4 of 31 days", "- Energy")),
        ("¿cuánto va de factura este mes?", ("La factura en enero de 2026 va por", "tras 4 de 31 días", "- Energía")),
        ("what was the bill in October?", ("Nothing was metered in October 2025",)),
    ],
)
def test_the_answer_is_told_in_the_language_of_the_question(known: Any, text: str, words: tuple[str, ...]) -> None:
    answer = known.asker.answer(text, now=known.now).text
    for part in words:
        assert part in answer


@pytest.mark.parametrize(
    ("per_unit", "shown"),
    [(0.21, "0.21"), (0.2, "0.20"), (0.000123, "0.000123")],
)
def test_a_price_has_the_decimals_that_it_needs(per_unit: float, shown: str) -> None:
    line = BillLine("energy", "base", 2.7, quantity=12.86, unit="kWh", per_unit=per_unit)
    assert line_detail(line, "en") == f"12.86 kWh \u00d7 {shown}"
    assert line_detail(line, "es") == f"12,86 kWh \u00d7 {shown.replace('.', ',')}"


def test_a_tax_on_yen_names_whole_yen() -> None:
    line = BillLine("tax", "tax", 123.0, quantity=1234.0, unit="%", per_unit=10.0)
    assert line_detail(line, "en", 0) == "10 % of 1234"
