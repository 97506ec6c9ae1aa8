"""Answers of markets that are asked by themselves: REData and the ESIOS archive of Spain, ENTSO-E's documents.

REData: https://www.ree.es/en/datos/apidata, `mercados/precios-mercados-tiempo-real`, EUR/MWh. ESIOS archive 70: PVPC of
a day, EUR/MWh with decimal commas, `PCB` for the peninsula and the islands, `CYM` for Ceuta and Melilla. ENTSO-E:
publication documents A44, in which a price that is not repeated goes on (curve type A03).
"""

import json
import re
from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta
from typing import Literal
from xml.etree import ElementTree as ET
from zoneinfo import ZoneInfo

from energy.errors import DataError
from ingest.prices.points import PricePoint, over_day
from ingest.prices.timed import read_timed

Indicator = Literal["pvpc", "spot"]
_TITLES: dict[Indicator, re.Pattern[str]] = {
    "pvpc": re.compile("pvpc", re.IGNORECASE),
    "spot": re.compile("spot", re.IGNORECASE),
}
_RESOLUTION = re.compile(r"PT(\d+)([MH])")


def read_redata(answer: object, indicator: Indicator, zone: ZoneInfo) -> list[PricePoint]:
    """One indicator of an answer of REData, in EUR/MWh.

    Raises:
        DataError: it is no such answer, or lacks the indicator.
    """
    included = answer.get("included") if isinstance(answer, Mapping) else None
    for series in included if isinstance(included, list) else []:
        attributes = series.get("attributes", {}) if isinstance(series, Mapping) else {}
        if _TITLES[indicator].search(f"{series.get('type')} {attributes.get('title')}"):
            found = read_timed(attributes.get("values"), zone)
            if found is not None:
                return found[0]
    raise DataError(f"the answer holds no series of {indicator!r}: {_shown(answer)}")


def read_esios_archive(answer: object, zone: ZoneInfo, *, column: Literal["PCB", "CYM"] = "PCB") -> list[PricePoint]:
    """The PVPC of one day in archive 70 of ESIOS, in EUR/MWh.

    Raises:
        DataError: it is no such answer.
    """
    rows = answer.get("PVPC") if isinstance(answer, Mapping) else None
    try:
        days = {row["Dia"] for row in rows or ()}
        values: list[float | None] = [float(row[column].replace(".", "").replace(",", ".")) for row in rows or ()]
        [day] = [_spanish_date(text) for text in days]
    except (AttributeError, KeyError, TypeError, ValueError) as err:
        raise DataError(f"the answer is not an archive of one day's PVPC: {_shown(answer)}") from err
    return over_day(values, day, zone)


def _spanish_date(text: str) -> date:
    day, month, year = (int(part) for part in text.split("/"))
    return date(year, month, day)


def read_entsoe(document: bytes) -> list[PricePoint]:
    """The prices of a publication document of ENTSO-E, per MWh; of several auctions of one time the finest counts.

    Raises:
        DataError: it is no such document, or says that there is no data.
    """
    if b"<!DOCTYPE" in document or b"<!ENTITY" in document:
        raise DataError("the document declares entities: not read")
    try:
        root = ET.fromstring(document)  # noqa: S314 (no entities, see above)
    except ET.ParseError as err:
        raise DataError(f"the answer is not XML: {_shown(document)}") from err
    points: dict[datetime, PricePoint] = {}
    found = [one for period in root.iterfind(".//{*}TimeSeries/{*}Period") for one in _period(period)]
    for point in sorted(found, key=lambda one: one.end - one.start, reverse=True):
        points[point.start] = point
    if not points:
        raise DataError(f"the document holds no prices: {(root.findtext('.//{*}Reason/{*}text') or '')[:120]!r}")
    return _without_overlap(sorted(points.values()))


def _period(period: ET.Element) -> Iterator[PricePoint]:
    """Prices of one period; positions that are left out repeat the one before."""
    start, end = (_moment(period.findtext(f"{{*}}timeInterval/{{*}}{name}")) for name in ("start", "end"))
    resolution = _RESOLUTION.fullmatch(period.findtext("{*}resolution") or "")
    if start is None or end is None or resolution is None or not int(resolution[1]):
        raise DataError("a period of the document has no interval or no resolution")
    step = timedelta(minutes=int(resolution[1]) * (60 if resolution[2] == "H" else 1))
    named: dict[int, float] = {}
    for point in period.iterfind("{*}Point"):
        position, amount = point.findtext("{*}position"), point.findtext("{*}price.amount")
        if position and amount:
            named[int(position) - 1] = float(amount)
    last: float | None = None
    for at in range((end - start) // step):
        last = named.get(at, last)
        if last is not None:
            yield PricePoint(start + at * step, start + (at + 1) * step, last)


def _without_overlap(points: list[PricePoint]) -> list[PricePoint]:
    """A coarse price ends where a finer one begins."""
    cut = []
    for point, following in zip(points, [*points[1:], None], strict=True):
        end = point.end if following is None else min(point.end, following.start)
        cut.append(PricePoint(point.start, end, point.price))
    return cut


def _moment(text: str | None) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text or "")
    except ValueError:
        return None
    return moment if moment.tzinfo else None


def _shown(answer: object) -> str:
    text = answer.decode("utf-8", "replace") if isinstance(answer, bytes) else json.dumps(answer, default=str)
    return repr(text[:80])
