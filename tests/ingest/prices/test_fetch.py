"""Markets asked over a server of our own on loopback; nobody else is ever asked."""

import json
import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit
from zoneinfo import ZoneInfo

import pytest
from pydantic import SecretStr

from energy.errors import SettingsError, TransportError
from ingest.prices.fetch import MarketPrices
from ingest.prices.settings import PriceSettings

MADRID = ZoneInfo("Europe/Madrid")
MORNING = datetime(2026, 1, 15, 8, tzinfo=UTC)
EVENING = datetime(2026, 1, 15, 20, tzinfo=UTC)
TOLD_TO_NOBODY = "a-token-of-a-test"


def redata(day: str) -> bytes:
    """What REData's answers look like, with made-up prices of one day."""
    start = datetime.fromisoformat(f"{day}T00:00:00+01:00")
    values = [
        {"value": 100.0 + hour, "percentage": 1, "datetime": (start + timedelta(hours=hour)).isoformat()}
        for hour in range(24)
    ]
    series = {"type": "PVPC", "id": "1001", "attributes": {"title": "PVPC", "values": values}}
    return json.dumps({"data": {"type": "Precios"}, "included": [series]}).encode()


def esios(day: str) -> bytes:
    year, month, date = day.split("-")
    rows = [
        {"Dia": f"{date}/{month}/{year}", "Hora": f"{at:02d}-{at + 1:02d}", "PCB": f"{90 + at},5"} for at in range(24)
    ]
    return json.dumps({"PVPC": rows}).encode()


@dataclass
class Market:
    """Answers by path; a list of codes is used up first."""

    url: str = ""
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    codes: dict[str, list[int]] = field(default_factory=dict)
    silent_days: set[str] = field(default_factory=set)

    def answer(self, path: str, query: dict[str, str]) -> tuple[int, bytes]:
        self.asked.append((path, query))
        kind = path.rsplit("/", 1)[-1]
        if (codes := self.codes.get(kind)) and (code := codes.pop(0)) != 200:
            return code, b"{}"
        if kind == "api":
            return 200, b"<Acknowledgement_MarketDocument/>"
        day = query.get("date") or query.get("start_date", "")[:10]
        if day in self.silent_days:
            return 200, b'{"included": []}'
        return 200, redata(day) if kind.startswith("precios") else esios(day)


@contextmanager
def serving(market: Market) -> Iterator[Market]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            code, body = market.answer(parts.path, {key: one for key, [one] in parse_qs(parts.query).items()})
            self.send_response(code)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    market.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield market
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def market() -> Iterator[Market]:
    with serving(Market()) as running:
        yield running


def asking(market: Market, folder: Path, waits: list[float] | None = None, **changes: Any) -> MarketPrices:
    settings = PriceSettings(**({"source": "redata", "url": market.url} | changes))
    return MarketPrices(settings, MADRID, folder, wait=[].append if waits is None else waits.append)


def test_a_day_is_asked_for_once_and_tomorrow_when_it_may_be_out(market: Market, tmp_path: Path) -> None:
    fetcher = asking(market, tmp_path)
    points = fetcher.prices(MORNING)
    assert (len(points), points[0].price) == (24, pytest.approx(0.1))
    assert len(fetcher.prices(MORNING + timedelta(hours=1))) == 24
    assert len(market.asked) == 1
    assert len(fetcher.prices(EVENING)) == 48
    assert len(market.asked) == 2
    assert [query["start_date"] for _, query in market.asked] == ["2026-01-15T00:00", "2026-01-16T00:00"]


def test_what_was_answered_outlives_a_restart_and_a_lost_line(market: Market, tmp_path: Path) -> None:
    asking(market, tmp_path).prices(MORNING)
    again = asking(market, tmp_path)
    assert len(again.prices(MORNING)) == 24
    assert len(market.asked) == 1
    lost = MarketPrices(PriceSettings(source="redata", url="http://127.0.0.1:9"), MADRID, tmp_path, wait=lambda _: None)
    assert len(lost.prices(EVENING)) == 24


def test_a_failing_server_is_tried_three_times_with_growing_pauses_then_the_second_source(
    market: Market, tmp_path: Path
) -> None:
    market.codes["precios-mercados-tiempo-real"] = [500, 502, 503]
    waits: list[float] = []
    points = asking(market, tmp_path, waits).prices(MORNING)
    assert waits == [1.0, 4.0]
    assert points[0].price == pytest.approx(0.0905)
    assert [path.rsplit("/", 1)[-1] for path, _ in market.asked] == [
        *["precios-mercados-tiempo-real"] * 3,
        "download_json",
    ]


def test_a_refusal_is_not_repeated_and_nobody_is_asked_again_within_a_quarter_of_an_hour(
    market: Market, tmp_path: Path
) -> None:
    market.codes = {"precios-mercados-tiempo-real": [403] * 9, "download_json": [404] * 9}
    fetcher = asking(market, tmp_path)
    with pytest.raises(TransportError, match="answered 404"):
        fetcher.prices(MORNING)
    assert len(market.asked) == 2
    assert fetcher.prices(MORNING + timedelta(minutes=5)) == []
    assert len(market.asked) == 2
    with pytest.raises(TransportError):
        fetcher.prices(MORNING + timedelta(minutes=20))


def test_tomorrow_that_is_not_out_yet_leaves_today(market: Market, tmp_path: Path) -> None:
    market.silent_days = {"2026-01-16"}
    fetcher = asking(market, tmp_path)
    assert len(fetcher.prices(EVENING)) == 24
    market.silent_days = set()
    assert len(fetcher.prices(EVENING + timedelta(minutes=20))) == 48


def test_entsoe_is_asked_with_the_token_which_no_log_shows(
    market: Market, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    fetcher = asking(market, tmp_path, source="entsoe", area="10YES-REE------0", token=SecretStr(TOLD_TO_NOBODY))
    with pytest.raises(TransportError):
        fetcher.prices(MORNING)
    [(path, query)] = market.asked
    assert path == "/api"
    assert query["securityToken"] == TOLD_TO_NOBODY
    assert (query["periodStart"], query["periodEnd"]) == ("202601142300", "202601152300")
    assert TOLD_TO_NOBODY not in caplog.text


def test_without_its_token_entsoe_is_not_asked(market: Market, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="ADVISOR_PRICES__TOKEN"):
        asking(market, tmp_path, source="entsoe", area="10YES-REE------0").prices(MORNING)
    assert market.asked == []
