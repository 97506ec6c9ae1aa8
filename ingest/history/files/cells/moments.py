"""Dates and times as files write them, taken apart without deciding yet what is ambiguous."""

import re
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Literal
from zoneinfo import ZoneInfo

Order = Literal["day-first", "month-first"]

_YMD = r"(?P<y>\d{4})(?P<s>[-/.])(?P<m>\d{1,2})(?P=s)(?P<d>\d{1,2})"
_AB = r"(?P<a>\d{1,2})(?P<t>[-/.])(?P<b>\d{1,2})(?P=t)(?P<ay>\d{4}|\d{2})\.?"
_PACKED = r"(?P<py>(?:19|20)\d{2})(?P<pm>[01]\d)(?P<pd>[0-3]\d)"
_NAMED = r"(?P<nd>\d{1,2})[ .\-/]*(?P<nm>[^\W\d_]{3,12})\.?[ \-/,]*(?P<ny>\d{4}|\d{2})"
_AMERICAN = r"(?P<um>[^\W\d_]{3,12})\.?\s+(?P<ud>\d{1,2}),?\s+(?P<uy>\d{4})"
_DATE = rf"(?:[^\W\d_]{{2,10}}[.,]*\s+)?(?:{_YMD}|{_AB}|{_PACKED}|{_NAMED}|{_AMERICAN})"
_CLOCK = (
    r"(?P<h>\d{1,2})(?:[:.h](?P<min>\d{2}))?(?:[:.](?P<sec>\d{2})(?:[.,]\d+)?)?"
    r"\s*(?P<half>[ap]\.?\s?m\.?)?(?:\s*(?:uhr|h))?"
)
_PACKED_CLOCK = r"(?P<ph>\d{2})(?P<pmin>\d{2})(?P<psec>\d{2})?"
_OFFSET = r"\s*(?P<zone>Z|[+-]\d{2}:?\d{2}|[+-]\d{2}|[A-Z]{2,5})?"
_RANGE = r"(?:\s*(?:-|–|/|to|a|bis)\s*(?:.*\d.*))?"  # noqa: RUF001 (a dash that files use)
_MOMENT = re.compile(
    rf"{_DATE}(?:(?:T|,|\s|-|_)*\s*(?:{_CLOCK}|{_PACKED_CLOCK}){_OFFSET})?{_RANGE}", re.IGNORECASE | re.UNICODE
)
_ALONE = re.compile(rf"{_CLOCK}{_RANGE}", re.IGNORECASE)
_EPOCH = re.compile(r"(?P<seconds>\d{10})(?:\d{3})?(?:\.\d+)?")
_EPOCH_FIRST, _EPOCH_LAST = 946_684_800, 4_102_444_800
# First letters of the months in English, Spanish, German, French, Italian, Dutch and Portuguese.
_MONTHS = (
    ("jan", "ene", "gen"),
    ("feb", "fev", "fév"),
    ("mar", "mär", "mrz", "maa", "mrt"),
    ("apr", "abr", "avr"),
    ("may", "mai", "mag", "mei"),
    ("jun", "juin", "giu"),
    ("jul", "juil", "lug"),
    ("aug", "ago", "aoû", "aou"),
    ("sep", "set"),
    ("oct", "okt", "ott", "out"),
    ("nov",),
    ("dec", "dic", "dez", "déc"),
)
_ZONES = {"Z": 0, "UTC": 0, "GMT": 0, "BST": 1, "WET": 0, "WEST": 1, "CET": 1, "CEST": 2, "MEZ": 1, "MESZ": 2}
_ZONE_NAME = re.compile(r"\b[A-Z][A-Za-z]+/[A-Z][A-Za-z_]+(?:/[A-Z][A-Za-z_]+)?")
_ZONE_OFFSET = re.compile(
    r"(?<![A-Za-z])(?:UTC|GMT)(?![A-Za-z])(?:\s*(?P<sign>[+-])\s*0?(?P<hours>\d{1,2}))?", re.IGNORECASE
)
_HOUR_S, _DAY_S = 3600, 86_400


@dataclass(frozen=True, slots=True)
class WrittenTime:
    """A date in parts, the second of its day (86,400 for hour 24; None for a date alone) and its offset if it has one.

    Where `ordered` is False, `month` and `day` stand as written and may be the other way round.
    """

    year: int
    month: int
    day: int
    second: int | None
    offset_s: int | None
    ordered: bool = True
    dotted: bool = False


def looks_like_time(cell: str) -> bool:
    """Whether a cell holds a date, a date with a time, or seconds since 1970."""
    return any(sign.isdigit() for sign in cell) and (read_moment(cell) is not None or epoch_seconds(cell) is not None)


@cache
def read_moment(cell: str) -> WrittenTime | None:
    """A date or a date with a time; None if the cell is neither."""
    found = _MOMENT.fullmatch(cell.strip())
    if found is None:
        return None
    parts = _date_parts(found)
    if parts is None:
        return None
    second = _second(found)
    if second is None and (found["h"] or found["ph"]):
        return None
    zone = (found["zone"] or "").upper()
    offset = _offset(zone) if zone else None
    return WrittenTime(*parts, second, offset, ordered=found["a"] is None, dotted=found["t"] == ".")


@cache
def clock_seconds(cell: str) -> int | None:
    """The second of the day of a clock alone (`18:30`, `6:30 PM`, `00:00 - 01:00`), 86,400 for 24:00."""
    found = _ALONE.fullmatch(cell.strip())
    if found is None or (found["min"] is None and found["half"] is None):
        return None
    return _clock(found["h"], found["min"], found["sec"], found["half"])


def signless_clock_seconds(cell: str) -> int | None:
    """The second of the day of a clock that may have no signs (`0015`, `001500`)."""
    if (second := clock_seconds(cell)) is not None:
        return second
    found = re.fullmatch(r"([0-2]\d)([0-5]\d)([0-5]\d)?", cell.strip())
    return _clock(found[1], found[2], found[3], None) if found else None


def epoch_seconds(cell: str) -> int | None:
    """Seconds since 1970, where a cell counts seconds or milliseconds."""
    found = _EPOCH.fullmatch(cell)
    if found is None or not _EPOCH_FIRST <= int(found["seconds"]) <= _EPOCH_LAST:
        return None
    return int(found["seconds"])


def zone_said(header: str) -> tuple[ZoneInfo | None, int | None]:
    """The zone that a header names (`Time (Europe/Oslo)`), or the offset in seconds (`UTC`, `GMT+1`), if it does."""
    if name := _ZONE_NAME.search(header):
        with suppress(KeyError, ValueError, OSError):
            return ZoneInfo(name[0]), None
    found = _ZONE_OFFSET.search(header)
    if found is None:
        return None, None
    return None, (-1 if found["sign"] == "-" else 1) * int(found["hours"] or 0) * _HOUR_S


def order_of(moments: Iterable[WrittenTime]) -> Order | None:
    """Whether day or month stands first; None where every date can be read in both ways."""
    loose = {(moment.month, moment.day, moment.dotted) for moment in moments if not moment.ordered}
    if any(dotted or first > 12 for first, _, dotted in loose):
        return "day-first"
    return "month-first" if any(second > 12 for _, second, _ in loose) else None


@cache
def ordinal(year: int, first: int, second: int, order: Order | None) -> int | None:
    """The day's number, 1 for the first of 1970; None for a date that does not exist."""
    month, day = (second, first) if order == "day-first" else (first, second)
    try:
        return date(year, month, day).toordinal() - date(1970, 1, 1).toordinal() + 1
    except ValueError:
        return None


def _date_parts(found: re.Match[str]) -> tuple[int, int, int] | None:
    if found["y"]:
        return int(found["y"]), int(found["m"]), int(found["d"])
    if found["py"]:
        return int(found["py"]), int(found["pm"]), int(found["pd"])
    if found["a"]:
        return _full_year(found["ay"]), int(found["a"]), int(found["b"])
    year, month, day = (
        (found["ny"], found["nm"], found["nd"]) if found["nd"] else (found["uy"], found["um"], found["ud"])
    )
    number = _month(month)
    return None if number is None else (_full_year(year), number, int(day))


def _full_year(text: str) -> int:
    return int(text) + (2000 if len(text) == 2 else 0)


def _month(word: str) -> int | None:
    return next((at for at, names in enumerate(_MONTHS, start=1) if word.lower().startswith(names)), None)


def _second(found: re.Match[str]) -> int | None:
    if found["ph"]:
        return _clock(found["ph"], found["pmin"], found["psec"], None)
    return _clock(found["h"], found["min"], found["sec"], found["half"]) if found["h"] else None


def _clock(hour: str, minute: str | None, second: str | None, half: str | None) -> int | None:
    at = int(hour)
    if half:
        at = at % 12 + (12 if half[0].lower() == "p" else 0)
    seconds = at * _HOUR_S + int(minute or 0) * 60 + int(second or 0)
    # Hours 25 stand on the day clocks go back, in files that count them.
    return seconds if seconds <= _DAY_S + _HOUR_S and int(minute or 0) < 60 else None


def _offset(zone: str) -> int | None:
    if zone in _ZONES:
        return _ZONES[zone] * _HOUR_S
    if zone[0] not in "+-":
        return None
    digits = zone[1:].replace(":", "").ljust(4, "0")
    return (1 if zone[0] == "+" else -1) * (int(digits[:2]) * _HOUR_S + int(digits[2:]) * 60)
