"""Prices of a market, asked by itself: one request a publication, kept on disk, polite, never required.

REData: https://apidatos.ree.es (no token). ESIOS archive 70: https://api.esios.ree.es (no token), asked where REData
has no answer. ENTSO-E Transparency Platform: https://web-api.tp.entsoe.eu/api (token by e-mail).
"""

import json
import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import httpx

from energy.errors import DataError, TransportError
from energy.slots import DAY, day_bounds, local_day
from ingest.prices.markets import read_entsoe, read_esios_archive, read_redata
from ingest.prices.points import PricePoint, scaled
from ingest.prices.settings import PriceSettings

_log = logging.getLogger(__name__)
# At INFO httpx would log addresses, and one of them holds a token.
logging.getLogger("httpx").setLevel(logging.WARNING)

REDATA = "https://apidatos.ree.es"
ESIOS = "https://api.esios.ree.es"
ENTSOE = "https://web-api.tp.entsoe.eu"
_WAITS_S = (1.0, 4.0)
_TRY_AGAIN = frozenset({429, 500, 502, 503, 504})
_TIMEOUT_S = 15.0
_LONGEST_ANSWER = 4 * 1024 * 1024
# Not asked again sooner, whatever the answer was.
_ASKED_AT_MOST = timedelta(minutes=15)
# Local hour from which tomorrow's prices may be out: the auction's at noon, PVPC in the evening.
_OUT_AT_HOUR = {"pvpc": 20, "spot": 13}
_KEPT_DAYS = 45
_PER_MWH = 0.001


@dataclass(frozen=True, slots=True)
class _PriceRequest:
    """One request: where, with what, and how its answer is read."""

    url: str
    parameters: dict[str, str]
    read: Callable[[bytes], list[PricePoint]]


class MarketPrices:
    """Prices of today and, once they are out, of tomorrow; answers are kept in `folder` and outlive a lost line."""

    def __init__(
        self,
        settings: PriceSettings,
        zone: ZoneInfo,
        folder: Path,
        *,
        wait: Callable[[float], None],
        client: httpx.Client | None = None,
    ) -> None:
        self._settings, self._zone, self._folder, self._wait = settings, zone, folder, wait
        self._client = client or httpx.Client(timeout=_TIMEOUT_S, headers={"User-Agent": "energy-advisor"})
        self._asked: dict[date, datetime] = {}

    def prices(self, now: datetime) -> list[PricePoint]:
        """What is known of today and tomorrow, per kWh, asked for where it is not kept yet.

        Raises:
            TransportError: nothing is known of today and nobody answers.
            SettingsError: the market asks for a token, and there is none.
        """
        today, known, trouble = local_day(now, self._zone), [], ""
        for day in self._wanted(now, today):
            kept = self._kept(day)
            if kept is None and self._may_ask(day, now):
                try:
                    kept = self._ask(day)
                except (DataError, TransportError) as err:
                    trouble = str(err)
                    _log.warning("no prices of %s: %s", day, err)
            known += kept or []
        if not known and trouble:
            raise TransportError(f"no prices from {self._settings.source}: {trouble}")
        return known

    def _wanted(self, now: datetime, today: date) -> Iterator[date]:
        yield today
        kind = "spot" if self._settings.source == "entsoe" else self._settings.indicator
        if now.astimezone(self._zone).hour >= _OUT_AT_HOUR[kind]:
            yield today + DAY

    def _may_ask(self, day: date, now: datetime) -> bool:
        asked = self._asked.get(day)
        if asked is not None and timedelta(0) <= now - asked < _ASKED_AT_MOST:
            return False
        self._asked = {one: at for one, at in self._asked.items() if one >= day - DAY} | {day: now}
        return True

    def _ask(self, day: date) -> list[PricePoint]:
        """Ask the sources in turn; the first whole answer is kept.

        Raises:
            DataError, TransportError: the last one's trouble.
        """
        trouble: DataError | TransportError = DataError("nobody was asked")
        for question in self._questions(day):
            try:
                points = [point for point in question.read(self._body(question)) if self._is_of(point, day)]
            except (DataError, TransportError) as err:
                trouble = err
                continue
            if points:
                self._keep(day, points)
                return scaled(points, _PER_MWH)
            trouble = DataError(f"{question.url} says nothing of {day}")
        raise trouble

    def _questions(self, day: date) -> Iterator[_PriceRequest]:
        settings, zone = self._settings, self._zone
        if settings.source == "entsoe":
            start, end = (moment.astimezone(UTC).strftime("%Y%m%d%H%M") for moment in day_bounds(day, zone))
            area = settings.area or ""
            asked = {"securityToken": settings.secret(), "documentType": "A44", "in_Domain": area, "out_Domain": area}
            asked |= {"periodStart": start, "periodEnd": end}
            yield _PriceRequest(f"{settings.url or ENTSOE}/api", asked, read_entsoe)
        if settings.source == "redata":
            asked = {"start_date": f"{day}T00:00", "end_date": f"{day}T23:59", "time_trunc": "hour"}
            yield _PriceRequest(
                f"{settings.url or REDATA}/en/datos/mercados/precios-mercados-tiempo-real",
                asked,
                lambda body: read_redata(_parsed(body), settings.indicator, zone),
            )
        if settings.source in {"redata", "esios"} and settings.indicator == "pvpc":
            yield _PriceRequest(
                f"{settings.url or ESIOS}/archives/70/download_json",
                {"locale": "es", "date": day.isoformat()},
                lambda body: read_esios_archive(_parsed(body), zone),
            )

    def _is_of(self, point: PricePoint, day: date) -> bool:
        return local_day(point.start, self._zone) == day

    def _body(self, question: _PriceRequest) -> bytes:
        """One request; faults of the line and of the server are tried again, twice, after a while.

        Raises:
            TransportError: no answer.
        """
        trouble = ""
        for wait_s in (0.0, *_WAITS_S):
            if wait_s:
                self._wait(wait_s)
            try:
                with self._client.stream("GET", question.url, params=question.parameters) as reply:
                    if reply.status_code == httpx.codes.OK:
                        return _limited(reply, question.url)
                    trouble = f"{question.url} answered {reply.status_code}"
                    if reply.status_code not in _TRY_AGAIN:
                        break
            except httpx.HTTPError as err:
                trouble = f"{question.url} cannot be reached ({type(err).__name__}): check the line"
        raise TransportError(trouble)

    def _file(self, day: date) -> Path:
        settings = self._settings
        return self._folder / f"{settings.source}_{settings.area or settings.indicator}_{day}.json"

    def _keep(self, day: date, points: list[PricePoint]) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        rows = [[point.start.isoformat(), point.end.isoformat(), point.price] for point in points]
        draft = self._file(day).with_suffix(".new")
        draft.write_text(json.dumps(rows), encoding="ascii")
        draft.replace(self._file(day))
        self._file(day - _KEPT_DAYS * DAY).unlink(missing_ok=True)

    def _kept(self, day: date) -> list[PricePoint] | None:
        """What was answered of a day before; None where nothing was, or its file is damaged."""
        try:
            rows = json.loads(self._file(day).read_bytes())
            points = [
                PricePoint(datetime.fromisoformat(start), datetime.fromisoformat(end), float(price))
                for start, end, price in rows
            ]
        except (OSError, ValueError, TypeError):
            return None
        return scaled(points, _PER_MWH)


def _limited(reply: httpx.Response, url: str) -> bytes:
    body = b""
    for part in reply.iter_bytes():
        body += part
        if len(body) > _LONGEST_ANSWER:
            raise TransportError(f"the answer of {url} is longer than {_LONGEST_ANSWER} bytes: not read")
    return body


def _parsed(body: bytes) -> object:
    try:
        return json.loads(body)
    except (ValueError, RecursionError) as err:
        raise DataError(f"{body[:60].decode('utf-8', 'replace')!r} is not JSON") from err
