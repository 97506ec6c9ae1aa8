"""A home's tariff with the prices that the service kept: what the book holds is billed, the rest has no price."""

from datetime import timedelta
from zoneinfo import ZoneInfo

from energy.pricing.series import PriceSeries
from energy.pricing.tariff import AnyTariff, as_contract
from ingest.prices.book import PriceBook
from ingest.prices.settings import PriceSettings

_QUARTER = timedelta(minutes=15)


def with_known_prices(usual: AnyTariff, settings: PriceSettings, book: PriceBook, zone: ZoneInfo) -> AnyTariff:
    """The tariff as the service makes it of the book, but with no price where the book has none.

    What the tariff's own series say of the time before the book begins stays.
    """
    if book.end is None:
        return usual
    made = settings.tariff(book, usual, zone, step=_QUARTER, now=book.end)
    if made is None:
        return usual
    contract, before = as_contract(made), as_contract(usual).series
    series = {
        name: one if one is before.get(name) else _known(one, before.get(name), book)
        for name, one in contract.series.items()
    }
    return contract.model_copy(update={"series": series})


def _known(made: PriceSeries, before: PriceSeries | None, book: PriceBook) -> PriceSeries:
    """The series without the prices that stand in for unknown ones, behind what was known before it."""
    [run] = made.runs
    values = tuple(
        price if book.at(run.start + at * run.step) is not None else None for at, price in enumerate(run.per_kwh)
    )
    earlier = before.until(run.start) if before else None
    runs = (*(earlier.runs if earlier else ()), run.model_copy(update={"per_kwh": values}))
    return made.model_copy(update={"runs": runs})
