"""Units of prices as people and integrations write them: EUR/MWh, ct/kWh, p/kWh, øre/kWh, ¥/kWh."""

from dataclasses import dataclass

from energy.errors import DataError

_SIGNS = {"€": "EUR", "£": "GBP", "$": "", "¥": "JPY", "kr": "", "kč": "CZK", "zł": "PLN", "ft": "HUF", "chf": "CHF"}
# Hundredths of a currency: their own name says which one only for pence.
_HUNDREDTHS = {"ct": "", "c": "", "cent": "", "cents": "", "¢": "", "p": "GBP", "pence": "GBP", "øre": "", "öre": ""}
_PER_KWH = {"kwh": 1.0, "mwh": 0.001, "wh": 1000.0}
# What a kWh costs a household at most, by what a currency's unit is worth: about a euro, a crown, a yen.
_MOST = {
    **dict.fromkeys(("EUR", "GBP", "USD", "CHF", "AUD", "CAD", "NZD", "SGD"), 5.0),
    **dict.fromkeys(("DKK", "NOK", "SEK", "CZK", "PLN", "RON", "BGN", "ILS", "BRL", "CNY", "MXN", "ZAR", "TRY"), 60.0),
}
_MOST_ELSEWHERE = 5000.0


@dataclass(frozen=True, slots=True)
class PriceUnit:
    """What one unit is in a currency per kWh; the currency is empty where the unit does not say it."""

    currency: str
    per_kwh: float


def read_unit(text: str) -> PriceUnit:
    """A unit of price.

    Raises:
        DataError: it is none.
    """
    money, _, energy = text.strip().replace(" per ", "/").replace(" ", "").partition("/")
    per = _PER_KWH.get(energy.lower())
    if per is None or not money:
        raise DataError(f"unit {text!r} is not an energy price: write one like 'EUR/kWh', 'ct/kWh' or 'EUR/MWh'")
    small = money.lower()
    if small in _HUNDREDTHS:
        return PriceUnit(_HUNDREDTHS[small], per / 100)
    for suffix in ("cent", "ct"):
        if small.endswith(suffix) and len(money) == 3 + len(suffix):
            return PriceUnit(money[:3].upper(), per / 100)
    if small in _SIGNS:
        return PriceUnit(_SIGNS[small], per)
    if len(money) == 3 and money.isalpha():
        return PriceUnit(money.upper(), per)
    raise DataError(f"unit {text!r}: {money!r} is not a currency: write its three letters, such as 'EUR/kWh'")


def check_currency(unit: PriceUnit, currency: str) -> None:
    """Refuse prices in another currency than the home's.

    Raises:
        DataError: they are.
    """
    if unit.currency and unit.currency != currency:
        raise DataError(f"prices are in {unit.currency!r} and the home's currency is {currency!r}: make them agree")


def doubt(price: float, currency: str) -> str:
    """Why a price per kWh is hard to believe; empty if it is not."""
    if abs(price) <= _MOST.get(currency, _MOST_ELSEWHERE):
        return ""
    return f"{price:g} {currency}/kWh is more than any household pays: check its unit (cents? per MWh?)"
