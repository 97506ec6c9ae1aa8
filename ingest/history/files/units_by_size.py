"""The unit of a column that names none, where only one gives what a house can measure; else the likely cause."""

from collections.abc import Iterable

import numpy as np

from energy.home import Home
from ingest.history.files.cells.units import UNITS, Kind, Unit
from ingest.live.snapshot import Role, believable_range
from knowledge.days import Floats

_LIVE: dict[str, Role] = {
    "load": "load_power",
    "pv": "pv_power",
    "import": "grid_power",
    "export": "grid_power",
    "charge": "battery_power",
    "discharge": "battery_power",
    "grid": "grid_power",
    "battery": "battery_power",
}
# A house that uses less than this is no house, and one that uses more is a factory; panels give a share of their peak.
_LEAST_KW, _LEAST_PEAK_SHARE = 0.02, 0.02


def believable_kw(role: str, home: Home) -> tuple[float, float]:
    """Widest believable powers of a flow, as of live values."""
    low, high = believable_range(_LIVE[role], home)
    return (low if role in ("grid", "battery") else min(low, 0.0) if role == "pv" else 0.0, high)


def is_believable(power_kw: Floats, role: str, home: Home) -> bool:
    """Whether a whole column can be this home's: hardly a value too high, and not all of them next to nothing."""
    known = power_kw[~np.isnan(power_kw)]
    if not len(known) or not known.any():
        return True
    low, high = believable_kw(role, home)
    fits = (known >= low - 0.1) & (known <= high)
    return bool(fits.mean() >= 0.99 and not is_tiny(known, role, home))


def is_tiny(known_kw: Floats, role: str, home: Home) -> bool:
    """Whether a column is a thousand times too small to be what it is called."""
    if role == "load":
        return abs(float(np.mean(known_kw))) < _LEAST_KW / 4
    if role == "pv":
        return float(np.max(known_kw)) < _LEAST_PEAK_SHARE / 4 * home.pv_peak_kw and float(np.max(known_kw)) > 0
    return False


def units_that_fit(values: Floats, role: str, home: Home, hours: float, kind: Kind | None = None) -> dict[float, Unit]:
    """Units under which values are believable, one for each factor; of W and Wh in an hour they are the same."""
    found: dict[float, Unit] = {}
    for unit in (UNITS[name] for name in ("kW", "W", "kWh", "Wh")):
        if kind is not None and unit.kind != kind:
            continue
        factor = unit.factor / (hours if unit.kind == "energy" else 1.0)
        if is_believable(values * factor, role, home) and not _is_nothing(values * factor):
            found.setdefault(round(factor, 9), unit)
    return found


def _is_nothing(power_kw: Floats) -> bool:
    """Whether a flow never reaches what a lamp takes, although it is not always nothing."""
    most = float(np.nanmax(np.abs(power_kw), initial=0.0))
    return 0.0 < most < _LEAST_KW


def other_unit(values: Floats, role: str, home: Home, hours: float, but: Iterable[Unit]) -> Unit | None:
    """The first unit, other than some, under which values are believable."""
    tried = {unit.name for unit in but}
    fitting = units_that_fit(values, role, home, hours).values()
    return next((unit for unit in fitting if unit.name not in tried), None)
