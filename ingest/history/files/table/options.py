"""What a person may say about a file where it does not say it itself."""

import re
import shlex
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
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
# An answer to a question that has several columns to choose from.
ALL_OF_THEM = "all of them, added up"
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
    alone: tuple[tuple[Path, "Options"], ...] = ()

    def of(self, path: Path) -> "Options":
        """What holds for one file: what was said of it alone goes before what was said of all."""
        own = [one for file, one in self.alone if file == path]
        changes = {name: getattr(one, name) for one in own for name in _SETTLED if getattr(one, name) is not None}
        columns = (*(wish for one in own for wish in one.columns), *self.columns)
        return replace(self, columns=columns, alone=(), **changes)

    def named_alone(self, path: Path) -> tuple["ColumnWish", ...]:
        """The columns that were named for one file alone."""
        return tuple(wish for file, one in self.alone if file == path for wish in one.columns)

    def also(self, more: "Options", path: Path | None) -> "Options":
        """These and more, which may be said of one file alone."""
        if path is not None:
            return replace(self, alone=((path, more), *self.alone))
        changes = {name: getattr(more, name) for name in _SETTLED if getattr(more, name) is not None}
        no_export = self.no_export or more.no_export
        return replace(self, columns=(*self.columns, *more.columns), no_export=no_export, **changes)


_SETTLED = ("dates", "stamps", "decimal", "zone")
_CHOICES = {"dates": ("day-first", "month-first"), "stamps": ("start", "end"), "decimal": ("point", "comma")}


def read_options(files: Sequence[Path], typed: Iterable[tuple[str, str]]) -> Options:
    """What was typed, option by option; a value that begins with a file's name and a colon holds for that file alone.

    Raises:
        SettingsError: a value is not known.
    """
    options = Options()
    for option, text in typed:
        file, value = _file_of(text, files)
        options = options.also(read_option(option, value), file)
    return options


def read_option(option: str, text: str) -> Options:
    """One option of the command line.

    Raises:
        SettingsError: its value is not known.
    """
    if option == "column":
        return Options(columns=(read_wish(text),))
    if option == "zone":
        return Options(zone=read_zone(text))
    if text not in _CHOICES[option]:
        known = " or ".join(_CHOICES[option])
        raise SettingsError(f"--{option} {text!r}: use {known}, or FILE:{_CHOICES[option][0]} for one of several files")
    return Options(**{option: text})  # type: ignore[arg-type]  # held against the option's own choices above


def _file_of(text: str, files: Sequence[Path]) -> tuple[Path | None, str]:
    for file in files:
        for name in (str(file), file.name, file.stem):
            if text.startswith(f"{name}:"):
                return file, text.removeprefix(f"{name}:")
    return None, text


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
            "such as load=Consumo_kWh:kWh; for one of several files FILE:ROLE=NAME, with its name as it is given",
        )
    name, _, unit = found["name"].rpartition(":")
    if name and unit.strip() in UNITS:
        return ColumnWish(found["role"], name.strip(), unit.strip(), turned=bool(found["sign"]))
    if name and re.fullmatch(r"[A-Za-z/€-]{1,12}", unit.strip()) and found["role"] in FLOWS:
        raise SettingsError(f"--column {text!r}: unit {unit.strip()!r} is not known: use one of {', '.join(UNITS)}")
    return ColumnWish(found["role"], found["name"].strip(), turned=bool(found["sign"]))


def read_zone(name: str) -> ZoneInfo:
    """The zone of a file's clock, by its IANA name.

    Raises:
        SettingsError: there is none of that name.
    """
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError) as err:
        raise SettingsError(f"--zone {name!r} is not an IANA zone: use one like 'Europe/Madrid' or 'UTC'") from err
