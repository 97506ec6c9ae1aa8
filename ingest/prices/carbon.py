"""CO2 of the grid's electricity ahead, in grams per kWh, and what the household lets a kilogram count."""

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Self
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, model_validator

from energy.errors import DataError
from ingest.prices.points import PricePoint
from ingest.prices.timed import read_timed

# Lignite alone emits less; a figure above is in other units.
_MOST_G_PER_KWH = 2000.0
_DEEPEST = 5
_LONGEST_BYTES = 512 * 1024
_KEPT = timedelta(days=2)


class CarbonSettings(BaseModel):
    """Section `[carbon]`: where grams per kWh come from, and what a kilogram counts in the home's currency."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    price_per_kg: float = Field(gt=0, le=10)
    topic: str | None = Field(default=None, min_length=1, pattern=r"^[^#+]+$")
    file: Path | None = None

    @model_validator(mode="after")
    def _says_where(self) -> Self:
        if (self.topic is None) == (self.file is None):
            raise ValueError("give topic or file: where grams of CO2 per kWh are published, see docs/prices.md")
        return self


def read_carbon(document: object, zone: ZoneInfo) -> list[PricePoint]:
    """Grams per kWh by time, from the first list of times and values in a document.

    Raises:
        DataError: there is none, or a value cannot be one.
    """
    points = next(_lists(document, zone), None)
    if not points:
        raise DataError("no CO2 ahead: give a list of objects with 'start' and 'value' in g/kWh")
    wrong = next((point for point in points if not 0 <= point.price <= _MOST_G_PER_KWH), None)
    if wrong is not None:
        raise DataError(f"{wrong.price!r} g/kWh of CO2 is outside 0 to {_MOST_G_PER_KWH:g}: check its unit")
    return points


def carbon_file(path: Path, zone: ZoneInfo) -> list[PricePoint]:
    """The same from a JSON file.

    Raises:
        DataError: it cannot be read, or holds nothing of the kind.
    """
    try:
        return read_carbon(carbon_document(path.read_bytes()), zone)
    except OSError as err:
        raise DataError(f"carbon.file {str(path)!r} cannot be read: {err.strerror}") from err


def carbon_document(payload: bytes) -> object:
    """A message or a file as a document.

    Raises:
        DataError: it is no JSON, or too long.
    """
    if len(payload) > _LONGEST_BYTES:
        raise DataError(f"{len(payload)} bytes is no list of CO2 per kWh")
    try:
        return json.loads(payload)
    except (ValueError, RecursionError) as err:
        raise DataError("the list of CO2 per kWh is no JSON") from err


def _lists(document: object, zone: ZoneInfo, depth: int = 0) -> Iterator[list[PricePoint]]:
    if (found := read_timed(document, zone)) is not None:
        yield found[0]
    elif depth < _DEEPEST and isinstance(document, Mapping):
        for part in document.values():
            yield from _lists(part, zone, depth + 1)


class CarbonForecast:
    """What is known of the hours ahead, from any source; what was published last of an hour holds."""

    def __init__(self, price_per_kg: float) -> None:
        self._price_per_kg = price_per_kg
        self._points: dict[datetime, PricePoint] = {}

    def add(self, points: Sequence[PricePoint], now: datetime) -> None:
        """Take points in, and forget old ones."""
        known = self._points | {point.start: point for point in points}
        self._points = {start: point for start, point in known.items() if point.end > now - _KEPT}

    def cost_per_kwh(self, starts: Sequence[datetime]) -> tuple[float, ...]:
        """What a kWh from the grid counts in each slot; empty where nothing is known of them.

        A slot of which nothing is known counts as the mean of the others, so that no plan flees into the unknown.
        """
        grams = [self._at(start) for start in starts]
        known = [one for one in grams if one is not None]
        if not known:
            return ()
        mean = sum(known) / len(known)
        return tuple(round((mean if one is None else one) / 1000 * self._price_per_kg, 6) for one in grams)

    def _at(self, start: datetime) -> float | None:
        return next((point.price for point in self._points.values() if point.start <= start < point.end), None)
