"""A table with several rows for each time, told apart by a word (Register, Read Type), with a column for each word."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import combinations

from ingest.history.files.cells.moments import looks_like_time
from ingest.history.files.cells.numbers import looks_like_number
from ingest.history.files.cells.units import Unit, is_unit, unit_in
from ingest.history.files.cells.words import meaning
from ingest.history.files.table.options import Options
from ingest.history.files.table.sheet import Sheet
from ingest.history.files.table.timecolumns import time_columns

# A change of clocks or a slip repeats a few times; beyond that a table has several rows for each.
_MOST_TWICE, _FEW = 0.2, 0.1
_MOST_WORDS = 40
_IDENTIFIER = re.compile(r"\d{8,}")
# Columns that say what a row measures, where all rows measure the same.
_SAYS_WHAT = re.compile(r"regis|\btyp|tipo|type|kind|direc|flow|channel|kanal|magnit|grandeur|concept|measure|con/gen")
_SAYS_WHICH = re.compile(r"meter|zahler|zähler|contador|compteur|device|gerät|number|nummer|\bid\b|\bnr\b|\bno\b")
Key = tuple[str, ...]


def pivoted(sheet: Sheet, options: Options) -> Sheet:
    """The table itself, or, where words in a column tell several rows of each time apart, one row for each time.

    Raises:
        UnclearError: the column of times is not clear.
    """
    if sheet.known is not None:
        return sheet
    used = sorted(time_columns(sheet, options).used)
    times = [tuple(row[at] for at in used) for row in sheet.rows]
    if len(times) - len(set(times)) <= _MOST_TWICE * len(times):
        return _named_by_its_word(replace(sheet, hint=_unit_said(sheet, sheet.rows) or sheet.hint), used)
    keys = _telling_apart(sheet, used, times)
    values = _value_columns(sheet, used, keys) if keys else []
    return _with_columns(sheet, used, times, keys, values) if values else sheet


def _telling_apart(sheet: Sheet, used: Sequence[int], times: Sequence[Key]) -> tuple[int, ...]:
    """The column, or the two, whose words make the rows of each time different; the first whose words say most."""
    few = [at for at in range(len(sheet.names)) if at not in used and _has_words(sheet, at)]
    for size in (1, 2):
        fitting = []
        for columns in combinations(few, size):
            words = [tuple(row[at] for at in columns) for row in sheet.rows]
            if len(words) - len(set(zip(times, words, strict=True))) <= _FEW * len(words):
                says = sum(_says(" ".join(word)) for word in set(words))
                fitting.append((says, not any(map(_IDENTIFIER.fullmatch, words[0])), columns))
        if fitting:
            return max(fitting, key=lambda one: one[:2])[2]
    return ()


def _says(word: str) -> int:
    """How much a word says: more than nothing with a role, most with one whose direction is known."""
    role = meaning(word)
    return 0 if role is None else 1 if role in ("grid", "battery") else 2


def _has_words(sheet: Sheet, at: int) -> bool:
    words = {row[at] for row in sheet.rows}
    if not 1 < len(words) <= _MOST_WORDS or any(map(looks_like_time, words)):
        return False
    if _SAYS_WHAT.search(sheet.names[at].lower()) or _SAYS_WHICH.search(sheet.names[at].lower()):
        return all(word.isdecimal() or not looks_like_number(word) for word in words)
    return not any(map(looks_like_number, words)) or all(map(_IDENTIFIER.fullmatch, words))


def _value_columns(sheet: Sheet, used: Sequence[int], keys: Sequence[int]) -> list[int]:
    """Columns of numbers that are not the same for all rows of a word, as the number of a meter is."""
    found = []
    for at in range(len(sheet.names)):
        if at in used or at in keys or not sheet.is_numeric(at):
            continue
        by_word: dict[Key, set[str]] = {}
        for row in sheet.rows:
            by_word.setdefault(tuple(row[key] for key in keys), set()).add(row[at])
        if any(len(cells) > 1 for cells in by_word.values()):
            found.append(at)
    return found


def _with_columns(
    sheet: Sheet, used: Sequence[int], times: Sequence[Key], keys: Sequence[int], values: Sequence[int]
) -> Sheet:
    words = list(dict.fromkeys(tuple(row[at] for at in keys) for row in sheet.rows))
    width, place_of = len(values), {word: at for at, word in enumerate(words)}
    rows: list[list[str]] = []
    lines: list[int] = []
    ragged: dict[int, str] = {}
    places: dict[tuple[Key, int], int] = {}
    seen: Counter[tuple[Key, Key]] = Counter()
    for at, (time, row) in enumerate(zip(times, sheet.rows, strict=True)):
        word, cells = tuple(row[key] for key in keys), [row[value] for value in values]
        start = len(used) + place_of[word] * width
        nth = seen[time, word]
        # A row that says nothing and one that says it are the same; else a time that is there twice is in autumn.
        if nth and not (any(cells) and any(rows[places[time, nth - 1]][start : start + width])):
            nth -= 1
            cells = cells if any(cells) else rows[places[time, nth]][start : start + width]
        if (time, nth) not in places:
            places[time, nth] = len(rows)
            rows.append([*time, *[""] * (width * len(words))])
            lines.append(sheet.lines[at])
        place = places[time, nth]
        rows[place][start : start + width] = cells
        seen[time, word] = nth + 1
        if at in sheet.ragged:
            ragged[place] = sheet.ragged[at]
    own = [[row for row in sheet.rows if tuple(row[key] for key in keys) == word] for word in words]
    units = [_unit(sheet, value, said) for said in own for value in values]
    names = [_name(sheet, word, value, alone=width == 1) for word in words for value in values]
    told = " and ".join(repr(sheet.names[key]) for key in keys)
    return replace(
        sheet,
        names=(*(sheet.names[at] for at in used), *names),
        units=(*(sheet.units[at] for at in used), *units),
        rows=rows,
        lines=lines,
        ragged=ragged,
        shape=f"{len(words)} rows for each time, which {told} tells apart",
    )


def _name(sheet: Sheet, word: Key, value: int, *, alone: bool) -> str:
    text = " ".join(word)
    return text if alone and meaning(text) is not None else f"{text} {sheet.names[value]}"


def _unit(sheet: Sheet, value: int, rows: Sequence[Sequence[str]]) -> Unit | None:
    return sheet.units[value] or unit_in(sheet.names[value]) or _unit_said(sheet, rows) or sheet.hint


def _unit_said(sheet: Sheet, rows: Sequence[Sequence[str]]) -> Unit | None:
    """The unit that stands in a column of its own, where it is the same in all rows."""
    for at in range(len(sheet.names)):
        cells = {row[at] for row in rows if row[at]}
        if len(cells) == 1 and is_unit(cell := cells.pop()):
            return unit_in(cell)
    return None


def _named_by_its_word(sheet: Sheet, used: Iterable[int]) -> Sheet:
    """One column of numbers that names nothing is what a column with one word for all rows says."""
    numbers = [at for at in range(len(sheet.names)) if at not in used and sheet.is_numeric(at)]
    if len(numbers) != 1 or meaning(sheet.names[numbers[0]]) is not None:
        return sheet
    for at, name in enumerate(sheet.names):
        words = {row[at] for row in sheet.rows}
        if _SAYS_WHAT.search(name.lower()) and len(words) == 1 and meaning(word := words.pop()) is not None:
            names = list(sheet.names)
            names[numbers[0]] = word
            return replace(sheet, names=tuple(names), shape=f"{name!r} says what is measured")
    return sheet
