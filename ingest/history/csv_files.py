"""Anybody's history from a CSV file, checked whole before anything of it is used."""

import csv
import math
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import NoReturn
from zoneinfo import ZoneInfo

import numpy as np

from energy.errors import DataError
from energy.home import Home
from energy.tariff import DynamicTariff
from ingest.history.table import History, on_local_days, split_days
from knowledge.days import Floats

# Column -> (series, least, most, lowest value that is a meter's noise and counts as the least).
_COLUMNS: dict[str, tuple[str, float, float, float]] = {
    "load_kw": ("load_kw", 0.0, 1000.0, 0.0),
    "pv_kw": ("pv_kw", 0.0, 1000.0, -0.1),
    "temperature_c": ("temperature_c", -60.0, 60.0, -60.0),
    "ghi_w_m2": ("ghi_w_m2", 0.0, 1500.0, -10.0),
    "pv_forecast_kw": ("pv_forecast_kw", 0.0, 1000.0, 0.0),
    "import_price": ("import_price", -10.0, 10.0, -10.0),
    "export_price": ("export_price", -10.0, 10.0, -10.0),
    "temperature_forecast_c": ("temperature_forecast_c", -60.0, 60.0, -60.0),
}
_TIME = "timestamp"
_REQUIRED = (_TIME, "load_kw", "pv_kw")
_STEPS = tuple(timedelta(minutes=minutes) for minutes in (5, 6, 10, 12, 15, 20, 30, 60))
# Local hours in which missing PV is night, wherever people live.
_NIGHT_ENDS, _NIGHT_STARTS = 4, 22
_MINUTE = timedelta(minutes=1)
# A mistyped year would otherwise become thousands of empty days.
_FIRST_YEAR, _LAST_YEAR = 2000, 2100


@dataclass(frozen=True, slots=True)
class _Row:
    number: int
    time: datetime
    values: dict[str, float]


def read_csv(path: Path, home: Home) -> History:
    """Read a home's history; times without a zone are the home's local time, a gap is a missing row or an empty cell.

    With price columns the home is billed by them instead of by its tariff.

    Raises:
        DataError: naming file, row, column, value and what to do; nothing has been stored then.
    """
    columns, rows = _read(path, home)
    step = _step(path, rows)
    start = rows[0].time
    place = [_place(path, row, start, step) for row in rows]
    series = {name: np.full(place[-1] + 1, np.nan) for name in columns if name in _COLUMNS}
    for at, row in zip(place, rows, strict=True):
        for name, value in row.values.items():
            series[name][at] = value
    series["pv_kw"] = _dark_nights(series["pv_kw"], start, step, home.tz)
    try:
        series, step = on_local_days(series, start, step, home.tz)
    except DataError as err:
        raise DataError(f"{path}: {err}") from err
    home = _billed_as_recorded(path, home, series, start, step)
    ignored = [name for name in columns if name not in {"", _TIME, *_COLUMNS}]
    warnings = (f"columns not known and not read: {', '.join(ignored)}",) if ignored else ()
    return History(home, step, split_days(home, start, step, series), warnings)


def _read(path: Path, home: Home) -> tuple[list[str], list[_Row]]:
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.reader(file)
            columns = _columns(path, next(reader, []))
            rows = list(_rows(path, reader, columns, home.tz))
    except OSError as err:
        raise DataError(f"{path} cannot be read ({err.strerror}): give the path of a CSV file") from err
    except csv.Error as err:
        raise DataError(f"{path} is no CSV file ({err}): separate cells with commas and rows with line ends") from err
    except UnicodeDecodeError as err:
        raise DataError(f"{path} is not UTF-8 text (byte {err.start}): save it as UTF-8") from err
    if len(rows) < 2:
        raise DataError(f"{path} has {len(rows)} rows: a history needs at least two")
    return columns, rows


def _columns(path: Path, first_line: list[str]) -> list[str]:
    columns = [name.strip() for name in first_line]
    if missing := [name for name in _REQUIRED if name not in columns]:
        raise DataError(
            f"{path}: column {missing[0]!r} is missing; the first line, {','.join(columns)[:60]!r}, must name "
            f"{', '.join(_REQUIRED)} and may name {', '.join(name for name in _COLUMNS if name not in _REQUIRED)}, "
            "with commas between",
        )
    if twice := [name for name in (_TIME, *_COLUMNS) if columns.count(name) > 1]:
        raise DataError(f"{path}: column {twice[0]!r} is there twice: keep one")
    if "export_price" in columns and "import_price" not in columns:
        raise DataError(f"{path}: column 'export_price' is there without 'import_price': give both or none")
    return columns


def _rows(path: Path, reader: Iterator[list[str]], columns: list[str], zone: ZoneInfo) -> Iterator[_Row]:
    before: datetime | None = None
    for number, cells in enumerate(reader, start=2):
        if not any(cell.strip() for cell in cells):
            continue
        if len(cells) != len(columns):
            raise DataError(f"{path} row {number}: {len(cells)} cells, the first line has {len(columns)}: mend the row")
        named = dict(zip(columns, (cell.strip() for cell in cells), strict=True))
        time = _time(path, number, named[_TIME], zone=zone, before=before)
        if before is not None and time <= before:
            what = "is there twice" if time == before else "comes after a later one"
            _refuse(path, number, _TIME, named[_TIME], f"{what}: sort the rows and keep one of each")
        before = time
        values = {name: _value(path, number, name, named[name]) for name in columns if name in _COLUMNS}
        yield _Row(number, time, values)


def _time(path: Path, number: int, text: str, *, zone: ZoneInfo, before: datetime | None) -> datetime:
    """A time in UTC; of a local hour that happens twice, the first row is the earlier."""
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        _refuse(path, number, _TIME, text, "is no ISO time: write it like 2026-01-31T18:30 or 2026-01-31T18:30+01:00")
    if not _FIRST_YEAR <= time.year <= _LAST_YEAR:
        _refuse(path, number, _TIME, text, f"is not between {_FIRST_YEAR} and {_LAST_YEAR}: correct the year")
    if time.tzinfo is not None:
        return time.astimezone(UTC)
    exact = time.replace(tzinfo=zone).astimezone(UTC)
    if exact.astimezone(zone).replace(tzinfo=None) != time:
        _refuse(
            path, number, _TIME, text, f"does not exist in {zone.key}: clocks jump over it; give times with an offset"
        )
    if before is not None and exact <= before:
        later = time.replace(tzinfo=zone, fold=1).astimezone(UTC)
        return later if later > before else exact
    return exact


def _value(path: Path, number: int, column: str, text: str) -> float:
    if not text:
        return math.nan
    _, least, most, noise = _COLUMNS[column]
    try:
        value = float(text)
    except ValueError:
        hint = "write decimals with a point" if "," in text else "leave unknown values empty"
        _refuse(path, number, column, text, f"is no number: {hint}")
    if not (noise <= value <= most):
        _refuse(path, number, column, text, f"is outside {least:g} to {most:g}: check its unit and sign")
    return max(value, least)


def _refuse(path: Path, number: int, column: str, text: str, why: str) -> NoReturn:
    raise DataError(f"{path} row {number}, column {column!r}: {text[:60]!r} {why}")


def _step(path: Path, rows: list[_Row]) -> timedelta:
    """The commonest distance between rows, which must be one that hours are made of."""
    pairs = pairwise(rows)
    [(step, _)] = Counter(later.time - earlier.time for earlier, later in pairs).most_common(1)
    if step not in _STEPS:
        allowed = ", ".join(f"{known // _MINUTE}" for known in _STEPS)
        raise DataError(f"{path}: rows are mostly {step} apart: resample to one of {allowed} minutes")
    return step


def _place(path: Path, row: _Row, start: datetime, step: timedelta) -> int:
    if (row.time - start) % step:
        _refuse(path, row.number, _TIME, row.time.isoformat(), f"is off the grid of {step} from {start.isoformat()}")
    return (row.time - start) // step


def _dark_nights(pv_kw: Floats, start: datetime, step: timedelta, zone: ZoneInfo) -> Floats:
    """PV with missing values of the night taken as zero."""
    filled = pv_kw.copy()
    for at in np.flatnonzero(np.isnan(pv_kw)):
        hour = (start + int(at) * step).astimezone(zone).hour
        if hour >= _NIGHT_STARTS or hour < _NIGHT_ENDS:
            filled[at] = 0.0
    return filled


def _billed_as_recorded(path: Path, home: Home, series: dict[str, Floats], start: datetime, step: timedelta) -> Home:
    if "import_price" not in series:
        return home
    imports = series["import_price"]
    exports = series.get("export_price", np.zeros_like(imports))
    for name, prices in (("import_price", imports), ("export_price", exports)):
        if np.isnan(prices).any():
            first = start + int(np.flatnonzero(np.isnan(prices))[0]) * step
            raise DataError(
                f"{path}: no {name} at {first.isoformat()}: a bill needs a price for every slot; fill it in"
            )
    tariff = DynamicTariff(
        start=start,
        step_minutes=step // _MINUTE,
        import_prices=tuple(imports.tolist()),
        export_prices=tuple(exports.tolist()),
    )
    return home.model_copy(update={"tariff": tariff})
