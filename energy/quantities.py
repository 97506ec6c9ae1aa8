"""Units at the borders: what a sensor may say and what it means inside (kW, kWh, fraction, degrees)."""

from typing import Literal

from energy.errors import DataError

Quantity = Literal["power_kw", "energy_kwh", "soc", "temperature_c", "price_per_kwh", "irradiance_w_m2"]

# unit -> (factor, offset): inside = outside * factor + offset
_UNITS: dict[Quantity, dict[str, tuple[float, float]]] = {
    "power_kw": {"kW": (1, 0), "W": (0.001, 0), "MW": (1000, 0)},
    "energy_kwh": {"kWh": (1, 0), "Wh": (0.001, 0), "MWh": (1000, 0)},
    "soc": {"%": (0.01, 0), "fraction": (1, 0)},
    "temperature_c": {"°C": (1, 0), "K": (1, -273.15), "°F": (5 / 9, -160 / 9)},
    "price_per_kwh": {},
    "irradiance_w_m2": {"W/m²": (1, 0), "kW/m²": (1000, 0)},
}


def to_inside(value: float, unit: str, quantity: Quantity) -> float:
    """Convert a value with its unit to the unit used inside.

    Prices may carry any currency: `EUR/kWh`, or per MWh.

    Raises:
        DataError: the unit does not measure this quantity.
    """
    if quantity == "price_per_kwh":
        currency, _, per = unit.partition("/")
        if currency.isalpha() and per in {"kWh", "MWh"}:
            return value / (1000 if per == "MWh" else 1)
        raise DataError(f"unit {unit!r} is not a price per energy: use one like 'EUR/kWh'")
    known = _UNITS[quantity]
    if unit not in known:
        raise DataError(f"unit {unit!r} does not measure {quantity}: use one of {', '.join(known)}")
    factor, offset = known[unit]
    return value * factor + offset
