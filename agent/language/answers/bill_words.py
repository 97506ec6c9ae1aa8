"""A bill as a household knows it, in English or Spanish: its lines, and what must be said beside them."""

import re
from collections.abc import Sequence
from datetime import date

from babel.dates import format_date, format_interval

from agent.language.answers.book import book_of
from agent.language.text import Language
from agent.queries.bills import HouseholdBill
from energy.billing.lines import KEPT, BillLine, MonthBill

_TIMES = "\u00d7"
_LOCALES = {"en": "en_GB", "es": "es_ES"}
_DAYS = {"en": "d MMMM y", "es": "d 'de' MMMM 'de' y"}


def bill_text(found: HouseholdBill, language: Language) -> str:
    """The bill as text, every line to the cent."""
    bill, decimals = found.rounded, found.decimals
    days = format_interval(bill.period.first, bill.period.last, "yMMMMd", locale=_LOCALES[language])
    words = book_of(language).words
    title = f"{words['bill.title']}: {days} ({words.get(f'bill.tariff.{found.tariff}', found.tariff)})"
    rows = [
        (
            line_label(line.kind, line.name, line.period, language),
            line_detail(line, language, decimals),
            _written(f"{line.amount:.{decimals}f}", language),
        )
        for line in bill.lines
    ]
    rows.append(("Total", "", _written(f"{bill.total:.{decimals}f} {found.currency}", language)))
    widths = [max(len(row[at]) for row in rows) for at in range(3)]
    table = [f"{label:<{widths[0]}}  {detail:<{widths[1]}}  {amount:>{widths[2]}}" for label, detail, amount in rows]
    return "\n".join([title, "", *table, "", *remarks(found, language)])


def line_label(kind: str, name: str, period: str, language: Language) -> str:
    """What a line is for; names that contracts use are in the household's language, others as the contract has them."""
    words = book_of(language).words
    if kind in {"cap", "wallet", "wallet_fee"}:
        return words["bill.kept" if name == KEPT else f"bill.{kind}"]
    named = _term(name, language)
    where = f", {words.get(f'bill.period.{period}', period)}" if period else ""
    if kind in {"energy", "fixed", "tax"}:
        return f"{named[0].upper()}{named[1:]}{where}"
    return f"{words[f'bill.{kind}']}: {named}{where}"


def example_prices(names: Sequence[str], language: Language) -> str:
    """That prices of a tariff are examples, and where the contract's own go."""
    terms = ", ".join(_term(name, language) for name in names)
    return book_of(language).words["bill.remark.examples"].format(terms=terms)


def _term(name: str, language: Language) -> str:
    return book_of(language).words.get(f"bill.name.{name}", name)


def line_detail(line: BillLine, language: Language, decimals: int = 2) -> str:
    """Quantity and price of a line; empty where it has none. `decimals` are those of the currency."""
    if line.quantity is None:
        return ""
    if line.unit == "%":
        of = book_of(language).words["bill.of"]
        return _written(f"{line.per_unit:g} % {of} {line.quantity:.{decimals}f}", language)
    unit = book_of(language).words.get(f"bill.unit.{line.unit}", line.unit)
    digits = 0 if line.unit == "days" else 2
    price = "" if line.per_unit is None else f" {_TIMES} {_price(line.per_unit)}"
    return _written(f"{line.quantity:.{digits}f} {unit}{price}", language)


def _price(per_unit: float) -> str:
    """As many decimals as a price has, two at least and six at most."""
    whole, _, decimals = f"{per_unit:.6f}".partition(".")
    return f"{whole}.{decimals.rstrip('0').ljust(2, '0')}"


def _written(text: str, language: Language) -> str:
    """Decimals with a comma in Spanish."""
    return re.sub(r"(\d)\.(\d)", r"\1,\2", text) if language == "es" else text


def remarks(found: HouseholdBill, language: Language) -> list[str]:
    """What must be said beside the lines."""
    bill, words = found.bill, book_of(language).words
    facts = {
        "to_date": "" if bill.complete else f"{bill.days_billed}",
        "computed": "yes" if 0 < found.computed_days >= bill.days_billed else "",
        "computed_days": f"{found.computed_days}" if 0 < found.computed_days < bill.days_billed else "",
        "sources": "both" if found.service_days and found.file_days else "",
        "cancelled": _some(bill.cancelled_kwh, ".1f"),
        "without_price": _some(bill.hours_without_price, "g"),
        "without_meter": _some(bill.hours_without_meter, "g"),
        "expected": _some(bill.expected_hours, "g"),
        "wallet": _some(bill.carried.wallet, f".{found.decimals}f"),
    }
    given = {
        "days": bill.period.days,
        "currency": found.currency,
        "service_days": found.service_days,
        "file_days": found.file_days,
        **facts,
    }
    remarks = [words[f"bill.remark.{name}"].format_map(given) for name, value in facts.items() if value]
    if bill.examples:
        remarks.append(example_prices(bill.examples, language))
    remarks += [not_sure(doubt, language) for doubt in doubts(bill, language)]
    return [_written(text, language) for text in remarks]


def not_sure(doubt: str, language: Language) -> str:
    """A doubt as a sentence of its own."""
    return book_of(language).words["bill.remark.unsure"].format(doubt=doubt)


def doubts(bill: MonthBill, language: Language) -> list[str]:
    """What the rates of a bill are not sure of; rates that are known to the same day, or from it, in one sentence."""
    words, texts = book_of(language).words, [getattr(doubt, language) for doubt in bill.unsure]
    terms: dict[tuple[date, bool], dict[str, None]] = {}
    for rate in bill.nearest_known:
        terms.setdefault((rate.day, rate.is_last), {})[_term(rate.name, language)] = None
    for (day, is_last), names in terms.items():
        shown = format_date(day, _DAYS[language], locale=_LOCALES[language])
        texts.append(words["bill.known_to" if is_last else "bill.known_from"].format(terms=", ".join(names), day=shown))
    return texts


def _some(value: float, form: str) -> str:
    """A figure as text; empty where it shows as nothing."""
    text = f"{value:{form}}"
    return text if float(text) > 0 else ""
