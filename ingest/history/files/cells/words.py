"""What the words of a header mean, in the languages that files come in: a short list, kept as data."""

import re
import tomllib
from functools import cache
from importlib.resources import files
from typing import Any

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


# A unit in brackets, or at the end, of what is neither power nor energy.
_OTHER_UNIT = re.compile(
    r"%|[\[(]\s*(?:V|A|Ah|Hz|°?C|°?F|k?VAr?h?|EUR|€|USD|\$|GBP|£|CHF|kr|m3|m³|l|BTU(?:/h)?|hp|"
    r"therms?|[kMG]?J|k?cal|GWh?|kWh/\d+ ?min)\s*[\])]",
    re.IGNORECASE,
)
# Active energy as meters call it: A+ and A-.
_ACTIVE = (
    (re.compile(r"(?<!\w)(?:\+\s?A|A\s?\+)(?!\w)"), "import"),
    (re.compile(r"(?<!\w)(?:-A|A-)(?!\w)"), "export"),
)


def plain(header: str) -> str:
    """A header in small letters, without accents and double spaces."""
    return " ".join(bare(header).split())


def meaning(header: str) -> str | None:
    """The role that a header's words name; None where they name none that is read."""
    found = _first_meaning(header)
    return None if found == "none" else found


def is_read(header: str) -> bool:
    """Whether a header is one of our own names, or its words name a role."""
    return plain(header).replace(" ", "_") in OWN or meaning(header) is not None


def is_something_else(header: str) -> bool:
    """Whether a header's words name what is not read: a state of charge, a cost, gas."""
    return _first_meaning(header) == "none"


def _first_meaning(header: str) -> str | None:
    if _OTHER_UNIT.search(header):
        return "none"
    apart = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", header)
    for sign, direction in _ACTIVE:
        apart = sign.sub(f" {direction} ", apart)
    words = re.sub(r"[^a-z0-9.]+", " ", plain(apart)).strip()
    return next((role for role, pattern in _meanings() if pattern.search(words)), None)


def without_register(header: str, *, numbers: bool = True) -> tuple[str, ...] | None:
    """A header's words without what tells the parts of one thing apart (T1, HT, L2, night, the 1 of PV1).

    None where nothing does.
    """
    words = re.findall(r"[a-z0-9]+", plain(header))
    kept = [word for word in words if word not in _registers()]
    if numbers:
        kept = [re.sub(r"(?<!\d)\d{1,3}$", "", word) for word in kept]
    return None if kept == words else tuple(word for word in kept if word)


@cache
def _meanings() -> tuple[tuple[str, re.Pattern[str]], ...]:
    return tuple((entry["role"], re.compile(entry["pattern"])) for entry in _words()["meaning"])


@cache
def _registers() -> frozenset[str]:
    return frozenset(_words()["registers"].split())


@cache
def _words() -> dict[str, Any]:
    return tomllib.loads((files("ingest.history.files.cells") / "words.toml").read_text(encoding="utf-8"))
