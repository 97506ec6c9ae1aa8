"""What the words of a header mean, in the languages that files come in: a short list, kept as data."""

import re
import tomllib
from functools import cache
from importlib.resources import files

from energy.letters import bare

# The advisor's own column names say role and unit.
OWN = {
    "load_kw": ("load", "kW"),
    "pv_kw": ("pv", "kW"),
    "grid_import_kw": ("import", "kW"),
    "grid_export_kw": ("export", "kW"),
    "charge_kw": ("charge", "kW"),
    "discharge_kw": ("discharge", "kW"),
    "temperature_c": ("temperature_c", "C"),
    "temperature_forecast_c": ("temperature_forecast_c", "C"),
    "ghi_w_m2": ("ghi_w_m2", "W/m2"),
    "pv_forecast_kw": ("pv_forecast_kw", "kW"),
    "import_price": ("import_price", "per-kWh"),
    "export_price": ("export_price", "per-kWh"),
}


def plain(header: str) -> str:
    """A header in small letters, without accents and double spaces."""
    return " ".join(bare(header).split())


def meaning(header: str) -> str | None:
    """The role that a header's words name; None where they name none that is read."""
    words = re.sub(r"[^a-z0-9.]+", " ", plain(header)).strip()
    found = next((role for role, pattern in _meanings() if pattern.search(words)), None)
    return None if found == "none" else found


@cache
def _meanings() -> tuple[tuple[str, re.Pattern[str]], ...]:
    text = (files("ingest.history.files.cells") / "words.toml").read_text(encoding="utf-8")
    return tuple((entry["role"], re.compile(entry["pattern"])) for entry in tomllib.loads(text)["meaning"])
