"""A synthetic home from what a command line says of it: a preset, a home file, single facts."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from energy.errors import SettingsError
from ingest.home_file import load_home
from simulator.synthetic.presets import preset
from simulator.synthetic.spec import HomeSpec, check_spec

# Nested settings before they are checked; None was not said.
Settings = dict[str, Any]
_USUAL_PEAK_KW = 5.0
# What a home file and a synthetic home both say.
_SHARED = {"zone", "currency", "battery", "grid", "tariff", "pv_peak_kw"}


def spec_from(name: str | None, facts: Path | None, given: Mapping[str, object]) -> HomeSpec:
    """Preset, then the facts of a home file, then what was said: the later wins.

    Raises:
        SettingsError: no place is known, or something is impossible.
    """
    base: Settings = {} if name is None else preset(name).model_dump(mode="json")
    settings = _merged(_merged(base, _from_file(facts)), given)
    if "pv" not in settings:
        settings["pv"] = panels(_USUAL_PEAK_KW, settings.get("place", {}).get("latitude"))
    if missing := [key for key in ("latitude", "longitude") if key not in settings.get("place", {})]:
        raise SettingsError(f"--{missing[0]} is missing: give --latitude, --longitude and --zone, or a --preset")
    return check_spec(settings, source="advisor ingest synthetic")


def _from_file(facts: Path | None) -> Settings:
    """Battery, grid, tariff, zone, currency and panels of a home file."""
    if facts is None:
        return {}
    home = load_home(facts).model_dump(mode="json", include=_SHARED)
    pv = panels(home.pop("pv_peak_kw"), None)
    return home | {"pv": pv}


def _merged(base: Settings, given: Mapping[str, Any]) -> Settings:
    """`base` with all that was said put in its place; what is None was not said."""
    merged = dict(base)
    for key, value in given.items():
        if isinstance(value, dict) and isinstance(merged.get(key), dict) and "kind" not in value:
            merged[key] = _merged(merged[key], value)
        elif isinstance(value, dict):
            merged[key] = {name: inner for name, inner in value.items() if inner is not None}
        elif value is not None:
            merged[key] = value
    return merged


def panels(peak_kw: float | None, latitude: float | None) -> Settings | None:
    """One array that faces the equator, behind an inverter of its size."""
    if peak_kw is None:
        return None
    azimuth_deg = 0.0 if latitude is not None and latitude < 0 else 180.0
    return {"arrays": [{"peak_kw": peak_kw, "azimuth_deg": azimuth_deg}], "inverter_kw": peak_kw or 1.0}


def battery_of(capacity_kwh: float | None) -> Settings | None:
    """A battery that is charged or emptied in two hours."""
    if capacity_kwh is None:
        return None
    return {"capacity_kwh": capacity_kwh, "max_charge_kw": capacity_kwh / 2, "max_discharge_kw": capacity_kwh / 2}


def periods(name: str, texts: list[str] | None) -> list[dict[str, str]] | None:
    """FIRST:LAST of each; whether they are dates is checked with everything else.

    Raises:
        SettingsError: a text is not two days with a colon between.
    """
    if not texts:
        return None
    periods = []
    for text in texts:
        first, colon, last = text.partition(":")
        if not colon:
            raise SettingsError(f"--{name} {text!r}: give FIRST:LAST, such as 2025-08-01:2025-08-15")
        periods.append({"first": first, "last": last})
    return periods
