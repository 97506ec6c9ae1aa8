"""Which tariff suits, in English or Spanish."""

from collections.abc import Sequence

from babel.numbers import get_currency_precision

from agent.language.answers.bill_words import example_prices
from agent.language.text import Language
from eval.bills.household import TariffTotal

_WAYS = {"no battery": "sin batería", "self-consumption": "autoconsumo", "advisor": "con el asesor"}


def comparison_text(totals: Sequence[TariffTotal], currency: str, language: Language) -> str:
    """Which tariff suits, in a sentence, and the totals behind it."""
    ways = list(totals[0].totals)
    best, months = totals[0], totals[0].months
    spanish = language == "es"
    names = [_WAYS.get(way, way) if spanish else way for way in ways]
    gain = totals[-1].totals[ways[-1]] - best.totals[ways[-1]]
    decimals = get_currency_precision(currency)
    less = f"{best.tariff}: {gain:.{decimals}f} {currency}"
    answer = (
        f"Conviene {less} menos que {totals[-1].tariff} en {months} meses ({names[-1]})."
        if spanish
        else f"Best {less} less than {totals[-1].tariff} over {months} months ({names[-1]})."
    )
    width = max(len(one.tariff) for one in totals)
    rows = [f"{'':<{width}}  " + "  ".join(f"{name:>16}" for name in names)]
    for one in totals:
        rows.append(f"{one.tariff:<{width}}  " + "  ".join(f"{one.totals[way]:>16.{decimals}f}" for way in ways))
        if one.hours_without_price:
            missing = f"{one.hours_without_price:g} h"
            rows.append(f"  {missing} {'sin precio: no comparable' if spanish else 'without a price: not comparable'}")
        if one.examples:
            rows.append(f"  {example_prices(one.examples, language)}")
    return "\n".join([answer, "", *rows])
