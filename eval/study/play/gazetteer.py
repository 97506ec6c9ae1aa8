"""Where a home stands: a town by its name from a small list that ships, or a pair of coordinates."""

import csv
import re
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from importlib.resources import files
from math import cos, hypot, radians

from energy.errors import SettingsError
from energy.panels import Place
from ingest.history.files.cells.words import plain

_PAIR = re.compile(r"\s*(-?\d+(?:\.\d+)?)\s*[,; ]\s*(-?\d+(?:\.\d+)?)\s*")
_CURRENCIES = {
    "GB": "GBP",
    "NO": "NOK",
    "SE": "SEK",
    "DK": "DKK",
    "CH": "CHF",
    "PL": "PLN",
    "CZ": "CZK",
    "HU": "HUF",
    "RO": "RON",
    "RS": "RSD",
    "IS": "ISK",
}
# Beyond this a pair of coordinates takes neither zone nor country from the nearest town.
_NEAR_KM = 250.0
_KM_PER_DEGREE = 111.2


@dataclass(frozen=True, slots=True)
class Town:
    """A town, its country by two letters, and the region of it where other taxes hold ("canaries").

    `mean_c` is the mean temperature of a year where it is known: about 1991 to 2020, rounded by hand to half a kelvin.
    """

    name: str
    country: str
    region: str
    place: Place
    zone: str
    mean_c: float | None = None
    also: tuple[str, ...] = ()

    @property
    def currency(self) -> str:
        """What is paid there."""
        return _CURRENCIES.get(self.country, "EUR")


def town_of(text: str) -> Town:
    """The town of a name, or the point of a pair "latitude, longitude" with the zone of the nearest town.

    Raises:
        SettingsError: nobody knows the name (the nearest ones are named), or the point is far from every town.
    """
    if pair := _PAIR.fullmatch(text):
        return _at(float(pair[1]), float(pair[2]), text)
    wanted = plain(text)
    found = _by_name().get(wanted)
    if found is not None:
        return found
    near = [_by_name()[name].name for name in get_close_matches(wanted, list(_by_name()), n=3, cutoff=0.5)]
    hint = f"did you mean {', '.join(dict.fromkeys(near))}? Else give" if near else "give a larger town nearby, or"
    raise SettingsError(f"place {text!r} is not known: {hint} latitude and longitude, such as 40.4,-3.7")


def place_of(text: str, zone: str) -> Town:
    """The same for a home that has a zone of its own: any coordinates on Earth will do.

    Raises:
        SettingsError: it is neither a known town nor a point on Earth.
    """
    try:
        return town_of(text)
    except SettingsError:
        if not (pair := _PAIR.fullmatch(text)) or abs(float(pair[1])) > 90 or abs(float(pair[2])) > 180:
            raise
        place = Place(latitude=float(pair[1]), longitude=float(pair[2]))
        return Town(f"{place.latitude:g}, {place.longitude:g}", "", "", place, zone)


def _at(latitude: float, longitude: float, text: str) -> Town:
    if abs(latitude) > 90 or abs(longitude) > 180:
        raise SettingsError(f"place {text!r} is not on Earth: give latitude -90 to 90 and longitude -180 to 180")
    near = min(towns(), key=lambda town: _km(town, latitude, longitude))
    if (km := _km(near, latitude, longitude)) > _NEAR_KM:
        raise SettingsError(
            f"place {text!r} is {km:.0f} km from {near.name}, the nearest town known here: only Europe is covered; "
            "bring in a home of your own (advisor ingest) and use --home",
        )
    place = Place(latitude=latitude, longitude=longitude, altitude_m=near.place.altitude_m)
    return Town(f"{latitude:g}, {longitude:g}", near.country, near.region, place, near.zone)


def _km(town: Town, latitude: float, longitude: float) -> float:
    north = town.place.latitude - latitude
    east = (town.place.longitude - longitude) * cos(radians(latitude))
    return _KM_PER_DEGREE * hypot(north, east)


@cache
def towns() -> tuple[Town, ...]:
    """All towns of the list."""
    text = (files("eval.study") / "places.csv").read_text(encoding="utf-8")
    return tuple(_town(row) for row in csv.DictReader(text.splitlines()))


def _town(row: dict[str, str]) -> Town:
    place = Place(
        latitude=float(row["latitude"]), longitude=float(row["longitude"]), altitude_m=float(row["altitude_m"])
    )
    also = tuple(name for name in row["also"].split("|") if name)
    mean_c = float(row["mean_c"]) if row["mean_c"] else None
    return Town(row["name"], row["country"], row["region"], place, row["zone"], mean_c, also)


@cache
def _by_name() -> dict[str, Town]:
    return {plain(name): town for town in towns() for name in (town.name, *town.also)}
