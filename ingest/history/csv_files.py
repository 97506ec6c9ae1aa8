"""Anybody's history from CSV files, understood whole before anything of it is used."""

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import partial
from pathlib import Path

import numpy as np

from energy.errors import DataError, SettingsError, UnclearError
from energy.home import Home
from ingest.history.files.checks import checked
from ingest.history.files.joining import Joined, join
from ingest.history.files.prices import billed_as_recorded
from ingest.history.files.reading import FileReading, read_file
from ingest.history.files.said_twice import settled_where_alike
from ingest.history.files.table.long import pivoted
from ingest.history.files.table.options import Options
from ingest.history.files.table.sheet import Sheet, read_sheet
from ingest.history.files.table.timecolumns import has_column
from ingest.history.files.table.wide import lengthened
from ingest.history.table import History, on_local_days, split_days
from knowledge.days import DayRecord, Floats, energy_kwh

_SERIES = {
    "load": "load_kw",
    "pv": "pv_kw",
    "import": "grid_import_kw",
    "export": "grid_export_kw",
    "charge": "charge_kw",
    "discharge": "discharge_kw",
}


@dataclass(frozen=True, slots=True)
class UnderstoodFiles:
    """What files were taken for, the history that follows, and the days that were set aside, each with its reason."""

    history: History
    readings: tuple[FileReading, ...]
    set_aside: dict[date, str]


def read_csv(path: Path, home: Home) -> History:
    """Read a home's history from one file that needs no explanation; see `read_files`."""
    return read_files((path,), home, Options()).history


def read_files(paths: Sequence[Path], home: Home, options: Options) -> UnderstoodFiles:
    """Read a home's history; times without a zone are the home's local time, a gap is a missing row or an empty cell.

    With price columns the home is billed by them instead of by its tariff.

    Raises:
        DataError: naming file, row, column, value and what to do; nothing has been stored then.
        UnclearError: something can be meant in two ways, and which option settles it.
    """
    raw = [lengthened(read_sheet(path)) for path in paths]
    alike = Counter(sheet.names for sheet in raw)
    # What is said of a file holds for those with the same header, as the days and months of a portal have it.
    own = {sheet.path for sheet in raw if alike[sheet.names] == 1 and len(alike) > 1}
    sheets = []
    for sheet in raw:
        with _question_of(sheet.path, own):
            sheets.append(pivoted(sheet, options.of(sheet.path)))
    _refuse_lost_wishes(sheets, options)
    readings = []
    for sheet in sheets:
        with _question_of(sheet.path, own):
            read = partial(read_file, sheet.path, sheet, home)
            readings.append(settled_where_alike(read, sheet, options.of(sheet.path)))
    joined = join(readings, home, options)
    series, faults = checked(joined, readings, home)
    start, step = datetime.fromtimestamp(joined.slots.start_s, tz=UTC), joined.slots.step
    try:
        home, price_notes = billed_as_recorded(home, series, start, step)
        days = _days(home, {_SERIES.get(role, role): values for role, values in series.items()}, start, step)
    except DataError as err:
        raise DataError(f"{', '.join(str(path) for path in paths)}: {err}") from err
    kept = tuple(day for day in days if day.day not in faults)
    aside = {day: why for day, why in sorted(faults.items()) if day in {record.day for record in days}}
    if not kept:
        first = next(iter(aside.values()), f"{paths[0]}: no value is known")
        raise DataError(f"{first}; no other day is left")
    notes = (*joined.notes, *price_notes, *(f"{day} set aside: {why}" for day, why in aside.items()))
    return UnderstoodFiles(History(home, kept[0].step, kept, notes), tuple(readings), aside)


@contextmanager
def _question_of(path: Path, own: Collection[Path]) -> Iterator[None]:
    """What is unclear about a file with a header of its `own` is a question about that file alone."""
    try:
        yield
    except UnclearError as err:
        err.file = str(path) if path in own else None
        raise


def summary(understood: UnderstoodFiles) -> list[str]:
    """What was understood, in lines for people: the files, each column, a typical day and the first rows."""
    lines: list[str] = []
    for reading in understood.readings:
        format_ = f" ({reading.format})" if reading.format else ""
        lines.append(f"{reading.path.name}{format_}: {reading.about}")
        lines += [
            f"  {one.name!r} is {_SAID.get(one.role, one.role)}, {one.unit}".rstrip(", ") for one in reading.taken
        ]
    days = understood.history.days
    lines.append(f"typical day: {typical_day(days)}")
    lines.append(f"first rows of {days[0].day}:")
    return lines + [f"  {row}" for row in _first_rows(understood.history)]


def typical_day(days: Sequence[DayRecord]) -> str:
    """Median energies of the days, in words."""
    parts = []
    for name, word in (
        ("load_kw", "used"),
        ("pv_kw", "solar"),
        ("grid_import_kw", "imported"),
        ("grid_export_kw", "exported"),
    ):
        known = [energy_kwh(values, day.step) for day in days if (values := getattr(day, name)) is not None]
        known = [energy for energy in known if not np.isnan(energy)]
        if known:
            parts.append(f"{float(np.median(known)):.1f} kWh {word}")
    return ", ".join(parts)


_SAID = {
    "load": "what the house used",
    "pv": "solar production",
    "import": "what was bought from the grid",
    "export": "what was sold to the grid",
    "charge": "what charged the battery",
    "discharge": "what the battery gave",
    "grid": "the grid, import positive",
    "battery": "the battery, discharge positive",
}


def _first_rows(history: History) -> list[str]:
    day = history.days[0]
    known = np.flatnonzero(~np.isnan(day.load_kw))[:3].tolist()
    return [
        f"{(day.start + at * day.step).astimezone(history.home.tz):%H:%M}  load {day.load_kw[at]:.3f} kW, "
        f"solar {day.pv_kw[at]:.3f} kW"
        for at in known
    ]


def _refuse_lost_wishes(sheets: Sequence[Sheet], options: Options) -> None:
    wishes = [(wish, sheets) for wish in options.columns]
    wishes += [(wish, [sheet]) for sheet in sheets for wish in options.named_alone(sheet.path)]
    for wish, among in wishes:
        if not any(has_column(sheet, wish) for sheet in among):
            names = "; ".join(f"{sheet.path}: {', '.join(sheet.names)}" for sheet in among)
            raise SettingsError(f"--column {wish.role}={wish.name}: no file has that column; there are {names[:400]}")


def _days(home: Home, series: dict[str, Floats], start: datetime, step: timedelta) -> list[DayRecord]:
    """Local days of which something is known."""
    series, step = on_local_days(series, start, step, home.tz)
    days = split_days(home, start, step, series)
    # Nights are taken as dark where nothing is known, which alone makes no day.
    return [day for day in days if not np.isnan(day.load_kw).all() or np.nansum(day.pv_kw) > 0]


__all__ = ["Joined", "UnderstoodFiles", "read_csv", "read_files", "summary", "typical_day"]
