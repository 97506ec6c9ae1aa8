"""Which tariff suits, in English or Spanish."""

from collections.abc import Sequence

from babel.numbers import get_currency_precision

from agent.language.answers.bill_words import example_prices, not_sure
from agent.language.text import Language
from eval.bills.household import TariffTotal

_WAYS = {"no battery": "sin batería", "self-consumption": "autoconsumo", "advisor": "con el asesor"}


def comparison_text(totals: Sequence[TariffTotal], currency: str, language: Language) -> str:
    """Which tariff suits, in a sentence, and the totals behind it."""
    ways, decimals = list(totals[0].totals), get_currency_precision(currency)
    names = [_WAYS.get(way, way) if language == "es" else way for way in ways]
    width = max(len(one.tariff) for one in totals)
    rows = [f"{'':<{width}}  " + "  ".join(f"{name:>16}" for name in names)]
    for one in totals:
        rows.append(f"{one.tariff:<{width}}  " + "  ".join(f"{one.totals[way]:>16.{decimals}f}" for way in ways))
        if one.examples:
            rows.append(f"  {example_prices(one.examples, language)}")
        rows += [f"  {not_sure(text, language)}" for text in one.unsure[language]]
    return "\n".join([_answer(totals, names[-1], currency, language), "", *rows])


def _answer(totals: Sequence[TariffTotal], way: str, currency: str, language: Language) -> str:
    """Which tariff costs less by the last way, unless one has no price for some of the hours."""
    best, last, spanish = totals[0], totals[-1], language == "es"
    if last.hours_without_price:
        lacking = f"{last.hours_without_price:g} h"
        return (
            f"No se pueden comparar: {last.tariff} no tiene precio en {lacking}; añade sus precios (docs/bills.md)."
            if spanish
            else f"They cannot be compared: {last.tariff} has no price for {lacking}; add its series (docs/bills.md)."
        )
    gain = list(last.totals.values())[-1] - list(best.totals.values())[-1]
    less = f"{best.tariff}: {gain:.{get_currency_precision(currency)}f} {currency}"
    return (
        f"Conviene {less} menos que {last.tariff} en {best.months} meses ({way})."
        if spanish
        else f"Best {less} less than {last.tariff} over {best.months} months ({way})."
    )
