"""A bill as a household knows it, in English or Spanish: its lines, and what must be said beside them."""

import re

from agent.language.text import Language
from agent.queries.bills import HouseholdBill
from energy.billing.lines import BillLine, MonthBill

_KINDS: dict[str, dict[Language, str]] = {
    "netting": {"en": "Netted", "es": "Compensado"},
    "credit": {"en": "Surplus credit", "es": "Compensación de excedentes"},
    "cap": {"en": "Credit lost to the month's cap", "es": "Compensación perdida por el tope del mes"},
    "wallet": {"en": "Paid from the wallet", "es": "Pagado con la batería virtual"},
    "wallet_fee": {"en": "Wallet fee", "es": "Cuota de la batería virtual"},
    "peak": {"en": "Peak", "es": "Pico de potencia"},
}
# Names that contracts use, in the household's language; others stay as the contract has them.
_NAMES: dict[str, str] = {
    "energy": "energía",
    "tolls and charges": "peajes y cargos",
    "surplus": "excedentes",
    "power P1": "potencia P1",
    "power P2": "potencia P2",
    "social bonus": "financiación del bono social",
    "meter rental": "alquiler del contador",
    "marketing margin": "margen de comercialización",
    "electricity tax": "impuesto eléctrico",
    "VAT": "IVA",
    "IGIC on rental": "IGIC del alquiler",
    "IPSI on rental": "IPSI del alquiler",
}


def bill_text(found: HouseholdBill, language: Language) -> str:
    """The bill as text, every line to the cent."""
    bill = found.bill.rounded()
    spanish = language == "es"
    title = f"{'Factura' if spanish else 'Bill'} {bill.period.first} / {bill.period.last} ({found.tariff})"
    rows = [
        (
            line_label(line.kind, line.name, line.period, language),
            line_detail(line, language),
            _written(f"{line.amount:.2f}", language),
        )
        for line in bill.lines
    ]
    rows.append(("Total", "", _written(f"{bill.total:.2f} {found.currency}", language)))
    widths = [max(len(row[at]) for row in rows) for at in range(3)]
    table = [f"{label:<{widths[0]}}  {detail:<{widths[1]}}  {amount:>{widths[2]}}" for label, detail, amount in rows]
    return "\n".join([title, "", *table, "", *remarks(found, language)])


def line_label(kind: str, name: str, period: str, language: Language) -> str:
    """What a line is for."""
    if kind in {"cap", "wallet", "wallet_fee"}:
        return _KINDS[kind][language]
    told = _NAMES.get(name, name) if language == "es" else name
    where = f", {period}" if period else ""
    if kind in {"energy", "fixed", "tax"}:
        return f"{told[0].upper()}{told[1:]}{where}"
    return f"{_KINDS[kind][language]}: {told}{where}"


def line_detail(line: BillLine, language: Language) -> str:
    """Quantity and price of a line; empty where it has none."""
    if line.quantity is None:
        return ""
    if line.unit == "%":
        return _written(f"{line.per_unit:g} % {'de' if language == 'es' else 'of'} {line.quantity:.2f}", language)
    unit = {"days": "días"}.get(line.unit, line.unit) if language == "es" else line.unit
    digits = 0 if line.unit == "days" else 2
    price = "" if line.per_unit is None else f" x {line.per_unit:.6f}"
    return _written(f"{line.quantity:.{digits}f} {unit}{price}", language)


def _written(text: str, language: Language) -> str:
    """Decimals with a comma in Spanish."""
    return re.sub(r"(\d)\.(\d)", r"\1,\2", text) if language == "es" else text


def remarks(found: HouseholdBill, language: Language) -> list[str]:
    """What must be said beside the lines."""
    return [_written(texts[language], language) for texts in _remarks(found)]


def _remarks(found: HouseholdBill) -> list[dict[Language, str]]:
    bill = found.bill
    said: list[tuple[bool, dict[Language, str]]] = [
        (
            not bill.complete,
            {
                "en": f"This month is billed to date: {bill.days_billed} of {bill.period.days} days.",
                "es": f"Este mes se factura hasta la fecha: {bill.days_billed} de {bill.period.days} días.",
            },
        ),
        (
            not found.metered,
            {
                "en": "The meter is computed from stored load and solar, with the battery in self-consumption.",
                "es": "El contador se calcula con el consumo y la producción guardados y la batería en autoconsumo.",
            },
        ),
        (bill.cancelled_kwh > 0, _cancelled(bill)),
        (
            bill.hours_without_price > 0,
            {
                "en": f"{bill.hours_without_price:g} h have no price and are not billed.",
                "es": f"{bill.hours_without_price:g} h no tienen precio y no se facturan.",
            },
        ),
        (
            bill.hours_without_meter > 0,
            {
                "en": f"{bill.hours_without_meter:g} h have no reading and are not billed.",
                "es": f"{bill.hours_without_meter:g} h no tienen lectura y no se facturan.",
            },
        ),
        (
            bill.expected_hours > 0,
            {
                "en": f"The price of {bill.expected_hours:g} h is expected, not published.",
                "es": f"El precio de {bill.expected_hours:g} h es el esperado, no el publicado.",
            },
        ),
        (
            bill.carried.wallet > 0,
            {
                "en": f"Left in the wallet for later bills: {bill.carried.wallet:.2f} {found.currency}.",
                "es": f"Queda en la batería virtual para otras facturas: {bill.carried.wallet:.2f} {found.currency}.",
            },
        ),
    ]
    unsure: list[dict[Language, str]] = [
        {"en": f"Not sure: {doubt.en}.", "es": f"Sin confirmar: {doubt.es}."} for doubt in bill.unsure
    ]
    return [text for true, text in said if true] + unsure


def _cancelled(bill: MonthBill) -> dict[Language, str]:
    return {
        "en": f"{bill.cancelled_kwh:.1f} kWh bought and sold within one interval cancelled and cost nothing.",
        "es": f"{bill.cancelled_kwh:.1f} kWh comprados y vertidos en el mismo intervalo se compensan.",
    }
