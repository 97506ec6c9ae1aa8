"""Flows of remembered days, which files and Home Assistant brought in: energies and costs between two moments."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import numpy as np

from energy.home import Home
from energy.pricing.tariff import prices_where_known
from energy.slots import hours
from knowledge.days import ENOUGH, DayRecord, Floats

# Name of a flow's energy, and the series of a day that holds its power.
FLOWS = {
    "load_kwh": "load_kw",
    "pv_kwh": "pv_kw",
    "import_kwh": "grid_import_kw",
    "export_kwh": "grid_export_kw",
    "charge_kwh": "charge_kw",
    "discharge_kwh": "discharge_kw",
}
_HOUR = timedelta(hours=1)


def energies_between(records: Sequence[DayRecord], start: datetime, end: datetime) -> tuple[dict[str, float], float]:
    """Energies in kWh of the flows that were measured between two moments, and in how many hours.

    A slot that lies in the stretch in part counts in part. A flow of which nothing is known is left out.
    """
    found: dict[str, float] = {}
    longest_h = 0.0
    for name, series in FLOWS.items():
        known_h = 0.0
        for record in records:
            power_kw: Floats | None = getattr(record, series)
            if power_kw is not None:
                inside_h = np.where(np.isnan(power_kw), 0.0, _hours_inside(record, start, end))
                known_h += float(inside_h.sum())
                found[name] = found.get(name, 0.0) + float((np.nan_to_num(power_kw) * inside_h).sum())
        if known_h == 0:
            found.pop(name, None)
        longest_h = max(longest_h, known_h)
    return found, longest_h


def cost_between(records: Sequence[DayRecord], home: Home, start: datetime, end: datetime) -> float | None:
    """What import less export cost at the meter between two moments; None where a flow or a price is not known."""
    total, known = 0.0, False
    for record in records:
        inside_h = _hours_inside(record, start, end)
        if not inside_h.any():
            continue
        slots = slot_costs(record, home) * inside_h
        if np.isnan(slots[inside_h > 0]).any():
            return None
        total, known = total + float(slots[inside_h > 0].sum()), True
    return total if known else None


def day_energies(record: DayRecord, home: Home) -> dict[str, float]:
    """What a whole day bought, sold, charged and cost; NaN for what was not measured nearly all through."""
    names = {name: series for name, series in FLOWS.items() if name not in ("load_kwh", "pv_kwh")}
    found = {name: _energy_kwh(getattr(record, series), record.step) for name, series in names.items()}
    costs = slot_costs(record, home)
    return found | {"cost": float(costs.sum() * hours(record.step)) if not np.isnan(costs).any() else np.nan}


def slot_costs(record: DayRecord, home: Home) -> Floats:
    """Cost per hour of each slot at its own recorded price, else the tariff's; NaN where flow or price is unknown."""
    bought, sold = record.grid_import_kw, record.grid_export_kw
    unknown = np.full(len(record.load_kw), np.nan)
    if bought is None or sold is None:
        return unknown
    imports, exports = _prices(record, home)
    return bought * imports - sold * exports


def _prices(record: DayRecord, home: Home) -> tuple[Floats, Floats]:
    unknown = np.full(len(record.load_kw), np.nan)
    if record.import_price is not None:
        return record.import_price, np.zeros_like(unknown) if record.export_price is None else record.export_price
    starts = [record.start + at * record.step for at in range(len(unknown))]
    prices = prices_where_known(home.tariff, starts, home.tz)
    return prices.import_per_kwh, prices.export_per_kwh


def _energy_kwh(power_kw: Floats | None, step: timedelta) -> float:
    if power_kw is None or np.isnan(power_kw).mean() > 1 - ENOUGH:
        return np.nan
    return float(np.nansum(power_kw) * hours(step))


def _hours_inside(record: DayRecord, start: datetime, end: datetime) -> Floats:
    """How many hours of each slot lie between two moments."""
    first = np.arange(len(record.load_kw)) * hours(record.step)
    low, high = (start - record.start) / _HOUR, (end - record.start) / _HOUR
    inside: Floats = np.clip(np.minimum(first + hours(record.step), high) - np.maximum(first, low), 0.0, None)
    return inside
