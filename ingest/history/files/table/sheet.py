"""From a file's bytes to a table: its encoding, its delimiter, where its header stands and which rows are data."""

import codecs
import csv
import io
import re
from collections import Counter
from dataclasses import dataclass
from itertools import accumulate, pairwise
from pathlib import Path

from energy.errors import DataError
from ingest.history.files.cells.moments import looks_like_time
from ingest.history.files.cells.numbers import is_no_value, looks_like_number
from ingest.history.files.cells.units import Unit, is_unit, unit_in
from ingest.history.files.cells.words import is_read, meaning
from ingest.history.files.table.formats import KnownFormat, format_of
from ingest.history.files.table.records import as_rows
from ingest.history.files.table.sections import with_sections
from transport.payloads import is_json

_SNIFFED_LINES = 400
_MOST_PREAMBLE = 200
_DELIMITERS = (";", "\t", "|", ",")
# No time, number or name is longer; patterns take their time over what is.
_LONGEST_CELL = 500
_IDENTIFIER = re.compile(r"\d{6,}")
_UNIT_WORDS = re.compile(r"\W*(unit|einheit|eenheid|unidad|unidade|unite|unité|unità|enhet|enhed|jedn)", re.IGNORECASE)
_SEP = re.compile(r"\s*\"?sep=(.)\"?\s*", re.IGNORECASE)
_NOT_TEXT = {
    b"PK\x03\x04": "an Excel workbook or a ZIP archive",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook",
    b"\x1f\x8b": "a gzip archive",
    b"%PDF": "a PDF",
}
# Order matters: the mark of UTF-32 begins like that of UTF-16.
_MARKS = (
    (codecs.BOM_UTF32_LE, "UTF-32"),
    (codecs.BOM_UTF32_BE, "UTF-32"),
    (codecs.BOM_UTF8, "UTF-8-SIG"),
    (codecs.BOM_UTF16_LE, "UTF-16"),
    (codecs.BOM_UTF16_BE, "UTF-16"),
)


@dataclass(frozen=True, slots=True, eq=False)
class Sheet:
    """A table: its column names, the units of a unit row, and for each data row its cells and its line in the file.

    `ragged` are rows of another width than the header's, by their place among the rows; `hint` is the unit that stands
    apart from the columns, `shape` what was done to have one row for each time.
    """

    path: Path
    encoding: str
    delimiter: str
    names: tuple[str, ...]
    units: tuple[Unit | None, ...]
    rows: list[list[str]]
    lines: list[int]
    ragged: dict[int, str]
    known: KnownFormat | None
    hint: Unit | None = None
    shape: str = ""

    def cells(self, column: int) -> list[str]:
        """A column's cells."""
        return [row[column] for row in self.rows]

    def is_numeric(self, column: int) -> bool:
        """Whether a column holds numbers, other than the one of a meter or a contract."""
        cells = [row[column] for row in self.rows[:_SNIFFED_LINES] if not is_no_value(row[column])]
        if len(set(cells)) == 1 and _IDENTIFIER.fullmatch(cells[0]):
            return False
        return bool(cells) and sum(map(looks_like_number, cells)) >= 0.5 * len(cells)


def read_sheet(path: Path) -> Sheet:
    """Read a table.

    Raises:
        DataError: it cannot be read, is no text, or has no row with a time and a value.
    """
    try:
        raw = path.read_bytes()
    except OSError as err:
        raise DataError(f"{path} cannot be read ({err.strerror}): give the path of a CSV file") from err
    text, encoding = _decoded(path, raw)
    if not text.strip():
        raise DataError(f"{path} is empty: it has 0 rows; download it again")
    _refuse_markup(path, text)
    text, delimiter = _delimiter(text)
    try:
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, skipinitialspace=True)
        records = [([_bare(cell) for cell in cells], reader.line_num) for cells in reader]
    except csv.Error as err:
        raise DataError(f"{path} is not a CSV file ({err}): separate cells by commas, rows by line ends") from err
    return _table(path, encoding, delimiter, as_rows([(cells, line) for cells, line in records if any(cells)]))


def _bare(cell: str) -> str:
    """A cell without spaces and without what keeps spreadsheets from changing it (`="0123"`)."""
    text = cell.strip()[:_LONGEST_CELL]
    return text[2:-1] if text.startswith('="') and text.endswith('"') else text


def _decoded(path: Path, raw: bytes) -> tuple[str, str]:
    for magic, what in _NOT_TEXT.items():
        if raw.startswith(magic):
            raise DataError(f"{path} is {what}, no text: save or export it as CSV")
    for mark, encoding in _MARKS:
        if raw.startswith(mark):
            return _as(path, raw, encoding), encoding.removesuffix("-SIG")
    if b"\x00" in raw[:4000]:
        odd = raw[1:4000:2].count(0) > raw[0:4000:2].count(0)
        return _as(path, raw, "UTF-16-LE" if odd else "UTF-16-BE"), "UTF-16"
    try:
        return raw.decode("utf-8"), "UTF-8"
    except UnicodeDecodeError:
        return raw.decode("cp1252", errors="replace"), "Latin-1"


def _refuse_markup(path: Path, text: str) -> None:
    """A page, XML such as Green Button's, and JSON hold no rows of cells."""
    first = text.lstrip()[:1]
    if first == "<" or (first in ("{", "[") and is_json(text)):
        what = "a web page or XML" if first == "<" else "JSON"
        raise DataError(f"{path} is {what}, no table: choose CSV where it is downloaded")


def _as(path: Path, raw: bytes, encoding: str) -> str:
    try:
        return raw.decode(encoding)
    except UnicodeDecodeError as err:
        raise DataError(
            f"{path} looks like {encoding} but byte {err.start} does not fit: the file is damaged or cut; "
            "export it again, as UTF-8",
        ) from err


def _delimiter(text: str) -> tuple[str, str]:
    """The text and its delimiter: as a `sep=` line says, else the rarest sign that splits nearly every line alike."""
    first, end, rest = text.partition("\n")
    if declared := _SEP.fullmatch(first):
        return end + rest, declared[1]
    lines = [line for line in text.splitlines()[:_SNIFFED_LINES] if line.strip()]
    for delimiter in _DELIMITERS[:-1]:
        counts = Counter(line.count(delimiter) for line in lines)
        [(most, times)] = counts.most_common(1)
        if most and times >= 0.5 * len(lines):
            return text, delimiter
    return text, ","


def _table(path: Path, encoding: str, delimiter: str, records: list[tuple[list[str], int]]) -> Sheet:
    top = [cells for cells, _ in records[:_MOST_PREAMBLE]]
    known, header = format_of(top)
    if known is not None and known.refuse:
        raise DataError(f"{path}: {known.refuse}")
    first = _first_data(top, after=header)
    if first is None:
        raise _no_rows(path, delimiter, top)
    if header is None:
        header = _header_above(top, first)
    # Rows whose values are all unknown may stand before the first that has one.
    while header is not None and first > header + 1 and any(map(looks_like_time, top[first - 1])):
        first -= 1
    names, units = _names(top, header, first)
    names, found = with_sections(names, records[first:])
    units = (*units, None)[: len(names)]
    rows, lines, ragged = _even(found, names)
    _refuse_uneven(path, names, rows, ragged, lines)
    hint = _unit_above(top[: header or 0])
    return Sheet(path, encoding, delimiter, names, units, rows, lines, ragged, known, hint)


def _first_data(top: list[list[str]], *, after: int | None) -> int | None:
    for at, cells in enumerate(top):
        if after is not None and at <= after:
            continue
        if _is_data(cells) and not _is_preamble(top, at):
            return at
    return None


def _is_data(cells: list[str]) -> bool:
    times = [cell for cell in cells if looks_like_time(cell)]
    values = [cell for cell in cells if looks_like_number(cell) or (is_no_value(cell) and cell)]
    return bool(times) and len(cells) >= 2 and len(values) > sum(looks_like_number(cell) for cell in times)


def _is_preamble(top: list[list[str]], at: int) -> bool:
    """Whether a line with a time and a number tells of the file: names of as many columns as the rest has follow it."""
    after = top[at + 1 :]
    return (
        len(after) >= 2
        and not _is_data(after[0])
        and not any(looks_like_number(cell) for cell in after[0])
        and len(after[0]) == len(after[1]) != len(top[at])
        and _is_data(after[1])
    )


def _no_rows(path: Path, delimiter: str, top: list[list[str]]) -> DataError:
    shown = delimiter.join(top[0])[:60] if top else ""
    return DataError(
        f"{path}: 0 rows with a time and a number were found; the first line is {shown!r}: a table has a line of "
        "column names and then rows such as '2026-01-31T18:30,0.52,1.20' (time, load, solar); see docs/files.md",
    )


def _header_above(top: list[list[str]], first: int) -> int | None:
    """The nearest line above the data that names columns; lines of units alone name none."""
    for at in range(first - 1, -1, -1):
        if (
            sum(bool(cell) for cell in top[at]) >= 2
            and not _is_unit_row(top[at])
            and not any(map(looks_like_time, top[at]))
        ):
            return at
    return None


def _is_unit_row(cells: list[str]) -> bool:
    named = [cell for cell in cells if cell]
    units = [is_unit(cell) for cell in named]
    beside = all(
        unit or "mm" in cell.lower() or cell.lower().strip("[]()") in _BESIDE
        for unit, cell in zip(units, named, strict=True)
    )
    # The cell over the times may say their zone.
    return any(units) and (beside or (len(units) > 2 and all(units[1:])))


# What stands in a row of units where a column has none.
_BESIDE = frozenset(
    {"date", "time", "datetime", "datum", "fecha", "zeit", "utc", "local", "-", "%", "°c", "h", "v", "a"}
)


def _names(top: list[list[str]], header: int | None, first: int) -> tuple[tuple[str, ...], tuple[Unit | None, ...]]:
    width = len(top[first])
    if header is None:
        return tuple(f"#{at + 1}" for at in range(width)), (None,) * width
    names = _with_titles(top, header)
    while len(names) > width and not names[-1]:
        names.pop()
    units: list[Unit | None] = [None] * len(names)
    above = [cells for cells in top[max(header - 1, 0) : header] if _is_unit_row(cells)]
    for cells in [*above, *top[header + 1 : first]]:
        units = [unit_in(cells[at]) if at < len(cells) else None for at in range(len(names))]
    return tuple(names), tuple(units)


def _with_titles(top: list[list[str]], header: int) -> list[str]:
    """The header, with the lines above it that have its columns, as far as it alone says nothing.

    Titles over several columns stand over the first of them, and over none that holds times.
    """
    names = list(top[header])
    for cells in reversed(top[:header]):
        if len(cells) != len(names) or any(meaning(name) for name in names) or _is_unit_row(cells):
            break
        spread = [bool(cell) for cell in cells] != [bool(name) for name in names]
        if spread and (cells[0] or sum(bool(cell) for cell in cells) < 2):
            break
        titles = accumulate(cells, _or_left) if spread else cells
        names = [f"{title} {name}".strip() for title, name in zip(titles, names, strict=True)]
    return names


def _or_left(left: str, cell: str) -> str:
    return cell or left


def _unit_above(lines: list[list[str]]) -> Unit | None:
    """The unit above the header, in a cell under or after one that says so."""
    for above, cells in pairwise([[], *lines]):
        for at, cell in enumerate(cells):
            named = (above[at] if at < len(above) else "", cells[at - 1] if at else "")
            if is_unit(cell) and any(_UNIT_WORDS.match(name) for name in named):
                return unit_in(cell)
    return None


def _even(
    records: list[tuple[list[str], int]], names: tuple[str, ...]
) -> tuple[list[list[str]], list[int], dict[int, str]]:
    """All rows as wide as the header; rows of another width are noted, unless most leave columns of remarks out."""
    width = len(names)
    usual = Counter(len(cells) for cells, _ in records).most_common(1)[0][0]
    least = width if any(is_read(name) for name in names[usual:]) else min(usual, width)
    rows, lines, ragged = [], [], {}
    for at, (cells, line) in enumerate(records):
        if len(cells) < least or any(cells[width:]):
            ragged[at] = f"{len(cells)} cells, the header has {width}"
        rows.append((cells + [""] * (width - len(cells)))[:width])
        lines.append(line)
    return rows, lines, ragged


def _refuse_uneven(
    path: Path, names: tuple[str, ...], rows: list[list[str]], ragged: dict[int, str], lines: list[int]
) -> None:
    # Total rows and footers are often short, and are few.
    if len(ragged) * 2 <= len(rows):
        return
    at, why = next(iter(ragged.items()))
    raise DataError(
        f"{path} row {lines[at]}: {why} ({', '.join(names)[:60]}), and so has most of the file: where decimals are "
        "written with a comma, cells must be separated by semicolons or tabs, or be quoted",
    )
