from datetime import datetime, timedelta
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from fleet.archive import Archive
from fleet.page import page_app
from fleet.planning import Planning
from fleet.savings import Saving, saved_on, with_days
from fleet.streams import Redis, Shard, StreamError, register
from ingest.live.meter import MeteredSlot
from tests.fleet.test_worker import NOON, home, readings, seat, shard, work_off

__all__ = ["shard"]  # a fixture


def shown(redis: Redis, query: str = "") -> str:
    answer = TestClient(page_app(redis, ["s0"])).get(f"/{query}")
    assert answer.status_code == 200
    return answer.text


def test_all_homes_are_shown_those_with_a_fault_first(shard: Shard, redis: Redis, tmp_path: Path) -> None:
    register(redis, [home("ada"), home("bob"), home("cy").model_copy(update={"act": False})])
    shard.add(readings("ada", NOON), {"eve: too many messages": 7})
    shard.add([{"home": "bob", "topic": "house/load_power", "payload": b"<script>"}], {})
    work_off(seat(shard, Planning(shard, tmp_path)))
    text = shown(redis)
    assert text.index(">bob<") < text.index(">cy<") < text.index(">ada<")
    assert "2026-03-10 12:00" in text
    assert "50 %" in text
    assert "advice only" in text
    assert "archive 5 (0)" in text
    assert "<script>" not in text


def test_what_a_home_saved_is_what_the_meter_says_against_no_battery(
    shard: Shard, redis: Redis, tmp_path: Path
) -> None:
    """2 kW of load, of which the battery gives half: 24 kWh at 0.3 less."""
    register(redis, [home("ada")])
    at = NOON.replace(hour=0)
    while at <= NOON.replace(hour=0) + timedelta(days=1):
        sent = readings("ada", at, load_power=2.0, pv_power=0.0)
        grid = {
            **sent[0],
            "topic": "house/grid_power",
            "payload": str(sent[0]["payload"], "utf-8").replace("2.0", "1.0"),
        }
        shard.add([grid, *sent], {})
        at += timedelta(minutes=15)
    work_off(seat(shard, Archive(shard, tmp_path)))
    assert Saving.read(shard.savings()["ada"]).total == pytest.approx(7.2 + 0.3 * 0.25)
    assert "7.28 EUR in 2 days" in shown(redis)


def test_what_was_not_metered_is_not_claimed_and_seven_days_are_kept() -> None:
    def slots(at: datetime, grid_kw: float | None) -> list[MeteredSlot]:
        return [
            MeteredSlot(start=at, load_kw=2.0, pv_kw=0.0, soc=0.5, grid_import_kw=grid_kw, grid_export_kw=grid_kw and 0)
        ]

    facts, days = home("ada").home, [NOON + number * timedelta(days=1) for number in range(9)]
    assert saved_on(facts, slots(NOON, None)) is None
    found = with_days(None, facts, {at.date(): slots(at, None if at == days[8] else 1.0) for at in days})
    assert list(found.by_day) == [at.date().isoformat() for at in days[1:8]]
    assert Saving.read(with_days(found, facts, {days[7].date(): slots(days[7], 1.0)}).stored()) == found


def test_many_homes_are_shown_page_by_page(redis: Redis, shard: Shard) -> None:
    register(redis, [home(f"home-{number:04d}") for number in range(1200)])
    assert "Page 3 of 3" in shown(redis, "?page=99")
    assert shown(redis).count("<td>home-") == 500


def test_without_redis_the_page_says_so(shard: Shard, redis: Redis, monkeypatch: pytest.MonkeyPatch) -> None:
    client = TestClient(page_app(redis, ["s0"]))
    monkeypatch.setattr(redis, "execute_command", gone)
    assert client.get("/").status_code == 503


def gone(*_: object, **__: object) -> None:
    raise StreamError
