"""Whatever an integration publishes about prices, read by its shape: a state with attributes, an answer, one list."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from zoneinfo import ZoneInfo

from energy.errors import DataError
from ingest.prices.points import PricePoint, scaled
from ingest.prices.timed import read_timed
from ingest.prices.undated import read_by_hour, read_day_lists
from ingest.prices.units import check_currency, doubt, read_unit

# How deep lists of prices lie: the answer of an action names its home or its area above them.
_DEEPEST = 5
# Lists of one document that say the same again, the better one first.
_LISTS_FIRST = ("raw_today", "raw_tomorrow")
# Energi Data Service guesses prices of the days after tomorrow beside those that are known.
_GUESSED = frozenset({"forecast"})


@dataclass(frozen=True, slots=True)
class ReaderContext:
    """What a reader must know: the home's zone and currency, and the unit where the publisher does not say it.

    `day` is the local day on which the document was said; None where that is not known.
    """

    zone: ZoneInfo
    currency: str
    unit: str | None = None
    day: date | None = None


def read_prices(document: object, asked: ReaderContext) -> list[PricePoint]:
    """Prices per kWh in the home's currency; empty where the document holds none.

    Raises:
        DataError: a list of prices cannot be read, or its unit or currency cannot be.
    """
    found: dict[object, PricePoint] = {}
    unit = asked.unit or _unit_in(document)
    dated = list(_dated(document, asked.zone))
    for points, own_unit in dated:
        for point in _inside(points, _named(own_unit, unit), asked):
            found.setdefault(point.start, point)
    if not dated and asked.day is not None and isinstance(document, Mapping):
        undated = read_day_lists(document, asked.day, asked.zone) + read_by_hour(document, asked.day, asked.zone)
        found = {point.start: point for point in _inside(undated, unit, asked)}
    return sorted(found.values())


def holds_prices(document: object, asked: ReaderContext) -> bool:
    """Whether a document is one of prices ahead: two of them at least."""
    try:
        return len(read_prices(document, asked)) > 1
    except DataError:
        return False


def _dated(answer: object, zone: ZoneInfo, depth: int = 0) -> Iterator[tuple[list[PricePoint], str]]:
    """Every list of times and prices in a document, wherever it lies."""
    if (found := read_timed(answer, zone)) is not None:
        yield found
    elif isinstance(answer, Mapping) and depth < _DEEPEST:
        first = [key for key in _LISTS_FIRST if key in answer]
        for key in (*first, *(key for key in answer if key not in first)):
            if key not in _GUESSED and isinstance(answer[key], Mapping | list | tuple):
                yield from _dated(answer[key], zone, depth + 1)
    elif isinstance(answer, Sequence) and not isinstance(answer, str | bytes) and depth < _DEEPEST:
        for one in answer[:_DEEPEST]:
            if isinstance(one, Mapping):
                yield from _dated(one, zone, depth + 1)


def _named(own: str, unit: str | None) -> str | None:
    """What a price's own name says of its unit goes before what its document says, of energy alone too (`/kWh`)."""
    if own.startswith("/"):
        return f"{unit.partition('/')[0]}{own}" if unit else None
    return own or unit


def _unit_in(document: object) -> str | None:
    """The unit that a state's attributes name."""
    if not isinstance(document, Mapping):
        return None
    unit = document.get("unit_of_measurement")
    if isinstance(unit, str) and "/" in unit:
        return unit
    currency, energy = document.get("currency"), document.get("unit")
    if isinstance(currency, str) and isinstance(energy, str):
        cents = document.get("price_in_cents") is True
        return f"{'ct' if cents else currency}/{energy}"
    return None


def _inside(points: Sequence[PricePoint], unit: str | None, asked: ReaderContext) -> list[PricePoint]:
    """Prices per kWh in the home's currency.

    Raises:
        DataError: the currency is another one, or a price is not to be believed.
    """
    factor = 1.0
    if unit:
        read = read_unit(unit)
        check_currency(read, asked.currency)
        factor = read.per_kwh
    inside = scaled(points, factor)
    highest = max((abs(point.price) for point in inside), default=0.0)
    if why := doubt(highest, asked.currency):
        raise DataError(why)
    return inside
