"""Recorded prices become the home's tariff, after a look whether they can be prices of a kWh."""

from datetime import datetime, timedelta

import numpy as np

from energy.errors import DataError
from energy.home import Home
from energy.pricing.tariff import DynamicTariff
from ingest.history.files.table.options import column_option
from knowledge.days import Floats

_NAMES = ("import_price", "export_price")
# What a kWh usually costs at most, in currencies whose unit is worth about a euro, and in those of smaller units.
_USUAL = {"EUR": 1.0, "USD": 1.0, "GBP": 1.0, "CHF": 1.0, "AUD": 1.2, "CAD": 1.0, "NZD": 1.2}
_USUAL_ELSEWHERE = 8.0
# A tariff takes no price beyond this.
_MOST = 10.0
_MOST_UNKNOWN = 0.5


def billed_as_recorded(
    home: Home, series: dict[str, Floats], start: datetime, step: timedelta
) -> tuple[Home, tuple[str, ...]]:
    """The home with the recorded prices as its tariff, and what was done about slots without one.

    A slot without a price keeps none in the day's record, so that it has no bill; the tariff, which must be whole, goes
    on with the price of the same time a day before.

    Raises:
        DataError: prices are not per kWh, or most are missing.
    """
    if "import_price" not in series:
        if "export_price" in series:
            raise DataError("column 'export_price' is there without 'import_price': give both or none")
        return home, ()
    imports = series["import_price"]
    exports = series.get("export_price")
    for name, prices in zip(_NAMES, (imports, exports), strict=True):
        if prices is not None:
            _refuse_odd(name, prices, home)
    gaps = np.isnan(imports)
    notes = (_gap_note(gaps, start, step, home),) if gaps.any() else ()
    day = timedelta(days=1) // step
    tariff = DynamicTariff(
        start=start,
        step_minutes=step // timedelta(minutes=1),
        import_prices=tuple(_filled(imports, day).tolist()),
        export_prices=tuple((np.zeros_like(imports) if exports is None else _filled(exports, day)).tolist()),
    )
    return home.model_copy(update={"tariff": tariff}), notes


def _refuse_odd(name: str, prices: Floats, home: Home) -> None:
    known = np.abs(prices[~np.isnan(prices)])
    if len(known) < _MOST_UNKNOWN * len(prices):
        raise DataError(
            f"column {name!r}: only {len(known)} of {len(prices)} slots have a price: complete it, or leave it out "
            f"with "
            f"--column none={name}",
        )
    usual = _USUAL.get(home.currency, _USUAL_ELSEWHERE)
    middle = float(np.median(known))
    if middle <= usual and float(known.max(initial=0.0)) <= _MOST:
        return
    looks = "cent-per-kWh" if middle < 50 * usual else "per-MWh"
    shown = middle if middle > usual else float(known.max())
    raise DataError(
        f"column {name!r}: {shown:g} {home.currency} per kWh is more than a kWh costs: it looks like "
        f"{looks.replace('-', ' ')}"
        f": say {column_option(name, name, looks)}",
    )


def _filled(prices: Floats, day: int) -> Floats:
    """Prices with the unknown ones as the day before at the same time, else as the one before, else as the next."""
    filled = prices.copy()
    for at in np.flatnonzero(np.isnan(filled)).tolist():
        filled[at] = filled[at - day] if at >= day else filled[at - 1] if at else np.nan
    first = np.flatnonzero(~np.isnan(filled))[0]
    filled[:first] = filled[first]
    return filled


def _gap_note(gaps: np.typing.NDArray[np.bool_], start: datetime, step: timedelta, home: Home) -> str:
    first = (start + int(np.flatnonzero(gaps)[0]) * step).astimezone(home.tz)
    return f"no import price in {int(gaps.sum())} slots, the first at {first:%Y-%m-%d %H:%M}: they are not billed"
