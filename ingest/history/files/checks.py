"""Every value against what this home can measure: a day with one that it cannot is set aside with the likely cause."""

from collections.abc import Sequence
from datetime import UTC, date, datetime

import numpy as np

from energy.home import Home
from ingest.history.files.cells.clock import day_of
from ingest.history.files.joining import Joined
from ingest.history.files.reading import FileReading
from ingest.history.files.table.options import FLOWS
from ingest.history.files.units_by_size import believable_kw
from knowledge.days import Floats

# What a meter's noise is: counts as nothing.
_NOISE_KW = 0.1
_PLAIN = {
    "temperature_c": (-60.0, 60.0),
    "temperature_forecast_c": (-60.0, 60.0),
    "ghi_w_m2": (-10.0, 1500.0),
}


def checked(joined: Joined, readings: Sequence[FileReading], home: Home) -> tuple[dict[str, Floats], dict[date, str]]:
    """The series without noise below nothing, and the faults of their days; values that are refused become unknown."""
    faults = dict(joined.faults)
    series = {}
    for role, values in joined.series.items():
        limits = _limits(role, home)
        if limits is None:
            series[role] = values
            continue
        low, high = limits
        wrong = np.flatnonzero((values < low) | (values > high))
        for at in wrong.tolist():
            faults.setdefault(_day(joined, at, home), _fault(role, at, joined, readings, home, limits))
        kept = values.copy()
        kept[wrong] = np.nan
        series[role] = np.maximum(kept, 0.0) if role in FLOWS or role in ("ghi_w_m2", "pv_forecast_kw") else kept
    return series, faults


def _limits(role: str, home: Home) -> tuple[float, float] | None:
    if role in FLOWS:
        low, high = believable_kw(role, home)
        return (low - _NOISE_KW if role == "pv" else low - 1e-6), high
    if role == "pv_forecast_kw":
        return -1e-6, believable_kw("pv", home)[1]
    return _PLAIN.get(role)


def _day(joined: Joined, at: int, home: Home) -> date:
    return day_of(joined.slots.start_s + at * joined.slots.step_s, home.tz)


def _fault(
    role: str, at: int, joined: Joined, readings: Sequence[FileReading], home: Home, limits: tuple[float, float]
) -> str:
    moment = datetime.fromtimestamp(joined.slots.start_s + at * joined.slots.step_s, tz=UTC).astimezone(home.tz)
    names = [
        f"{reading.path} row {_line(reading, moment)}, column {one.name!r}"
        for reading in readings
        for one in reading.taken
        if one.role == role
    ]
    where = names[0] if names else f"the balance of the files gives {role}"
    value, (low, high) = joined.series[role][at], limits
    unit = "kW" if role in FLOWS or role == "pv_forecast_kw" else ""
    return (
        f"{where}: {value:.4g} {unit} at {moment:%Y-%m-%d %H:%M} is outside {max(low, 0.0) if unit else low:g} to "
        f"{high:g} {unit}, what this home can measure: {_cause(role, float(value), low, high, home)}"
    )


def _line(reading: FileReading, moment: datetime) -> int:
    place = (int(moment.timestamp()) - reading.slots.start_s) // reading.slots.step_s
    return int(reading.lines[place]) if 0 <= place < len(reading.lines) else 0


def _cause(role: str, value: float, low: float, high: float, home: Home) -> str:
    if value < low:
        return "check its sign"
    if value / 1000 <= high and value > 50 * high:
        return "it looks like watts"
    facts = f"pv_peak_kw = {home.pv_peak_kw:g}" if role == "pv" else f"import_limit_kw = {home.grid.import_limit_kw:g}"
    return f"a slip of the meter, or {facts} is too little"
