"""What a person may say about a file where it does not say it itself."""

import re
import shlex
from dataclasses import dataclass
from typing import Literal, get_args
from zoneinfo import ZoneInfo

from energy.errors import SettingsError
from ingest.history.files.cells.units import UNITS

Flow = Literal["load", "pv", "import", "export", "charge", "discharge", "grid", "battery"]
FLOWS: tuple[Flow, ...] = get_args(Flow)
TIMES = ("time", "date", "hour")
OTHERS = (
    "temperature_c",
    "temperature_forecast_c",
    "ghi_w_m2",
    "pv_forecast_kw",
    "import_price",
    "export_price",
    "none",
)
ROLES = (*FLOWS, *TIMES, *OTHERS)
_WISH = re.compile(r"(?P<role>\w+)=(?P<sign>-?)(?P<name>.+)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class ColumnWish:
    """One `--column ROLE=NAME[:UNIT]`; a name `#2` is the second column, a sign in front turns the values."""

    role: str
    name: str
    unit: str | None = None
    turned: bool = False


@dataclass(frozen=True, slots=True)
class Options:
    """Everything that settles what a file means; by default all is left to the file."""

    columns: tuple[ColumnWish, ...] = ()
    dates: Literal["day-first", "month-first"] | None = None
    stamps: Literal["start", "end"] | None = None
    decimal: Literal["point", "comma"] | None = None
    zone: ZoneInfo | None = None
    no_export: bool = False


def column_option(role: str, name: str, unit: str | None = None) -> str:
    """The option that says what a column is, as it is typed in a shell."""
    return f"--column {shlex.quote(f'{role}={name}' + (f':{unit}' if unit else ''))}"


def read_wish(text: str) -> ColumnWish:
    """A wish out of what was typed.

    Raises:
        SettingsError: the form, the role or the unit is not known.
    """
    found = _WISH.fullmatch(text.strip())
    if found is None or found["role"] not in ROLES:
        raise SettingsError(
            f"--column {text!r}: write ROLE=NAME or ROLE=NAME:UNIT, with a role of {', '.join(ROLES)}, "
            "such as load=Consumo_kWh:kWh",
        )
    name, _, unit = found["name"].rpartition(":")
    if name and unit.strip() in UNITS:
        return ColumnWish(found["role"], name.strip(), unit.strip(), turned=bool(found["sign"]))
    if name and re.fullmatch(r"[A-Za-z/€-]{1,12}", unit.strip()) and found["role"] in FLOWS:
        raise SettingsError(f"--column {text!r}: unit {unit.strip()!r} is not known: use one of {', '.join(UNITS)}")
    return ColumnWish(found["role"], found["name"].strip(), turned=bool(found["sign"]))


def read_zone(name: str | None) -> ZoneInfo | None:
    """The zone of a file's clock, by its IANA name.

    Raises:
        SettingsError: there is none of that name.
    """
    if name is None:
        return None
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError) as err:
        raise SettingsError(f"--zone {name!r} is not an IANA zone: use one like 'Europe/Madrid' or 'UTC'") from err
