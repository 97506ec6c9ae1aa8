"""Roughly where a home lies, from its time zone: the zone's principal place, as the tz database gives it."""

import re
from functools import cache
from importlib.resources import files

from energy.panels import Place

# ISO 6709 as in zone.tab: ±DDMM or ±DDMMSS, then ±DDDMM or ±DDDMMSS.
_ISO_6709 = re.compile(r"([+-])(\d{2})(\d{2})(\d{2})?([+-])(\d{3})(\d{2})(\d{2})?")


def place_of_zone(zone: str) -> Place | None:
    """The principal place of an IANA zone such as `Europe/Madrid`; None for one that has none, such as `Etc/GMT+8`."""
    return _places().get(zone)


@cache
def _places() -> dict[str, Place]:
    rows = (files("tzdata") / "zoneinfo" / "zone.tab").read_text(encoding="utf-8").splitlines()
    cells = (row.split("\t") for row in rows if row and not row.startswith("#"))
    return {zone: _place(where) for _, where, zone, *_ in cells}


def _place(where: str) -> Place:
    found = _ISO_6709.fullmatch(where)
    if found is None:
        raise ValueError(f"{where!r} is not a place as in zone.tab: reinstall tzdata")
    parts = found.groups("0")
    return Place(latitude=_degrees(*parts[:4]), longitude=_degrees(*parts[4:]))


def _degrees(sign: str, degrees: str, minutes: str, seconds: str) -> float:
    size = int(degrees) + int(minutes) / 60 + int(seconds) / 3600
    return -size if sign == "-" else size
