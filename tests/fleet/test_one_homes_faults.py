"""What is wrong with one home, its state, its entries or its shard, is told, ends no work and goes when it is well."""

from datetime import timedelta
from pathlib import Path
from unittest.mock import Mock

import orjson
import pytest

from energy.slots import DAY
from fleet.addresses import FleetHome
from fleet.home_state import STEP
from fleet.planning import Planning
from fleet.streams import Redis, Shard, StreamError, register
from fleet.worker import Seat
from tests.fleet.test_page import shown
from tests.fleet.test_worker import HOMES, NOON, decisions, home, readings, seat, shard, work_off

__all__ = ["shard"]  # a fixture


def another(redis: Redis, shard: Shard, folder: Path, homes: dict[str, FleetHome] | None = None) -> Seat:
    """A worker that takes over from a dead one."""
    redis.delete(shard.key("seat", "plan"))
    return seat(shard, Planning(shard, folder), homes=homes)


def with_facts(known: FleetHome, **facts: object) -> FleetHome:
    return known.model_copy(update={"home": known.home.model_copy(update=facts)})


@pytest.mark.parametrize("stored", [b"{}", b"", b"null", b"\xff", b'{"readings": 3}'])
def test_a_state_that_cannot_be_restored_is_dropped_and_told(
    shard: Shard, redis: Redis, tmp_path: Path, stored: bytes
) -> None:
    redis.hset(shard.key("plan", "homes"), "ada", stored)
    register(redis, HOMES.values())
    assert ">bob<" in shown(redis)
    for name in HOMES:
        shard.add(readings(name, NOON), {})
    work_off(seat(shard, Planning(shard, tmp_path)))
    assert [name for name, _, outcome in decisions(shard) if outcome == "published"] == ["ada", "bob"]
    assert "it starts afresh" in shard.status()["faults"]["ada"]
    assert shard.status()["counts"] == {"plan states dropped": 1}
    shard.add(readings("ada", NOON + STEP), {})
    work_off(another(redis, shard, tmp_path))
    assert shard.status()["faults"] == {}


@pytest.mark.parametrize("missing", ["home", "topic", "payload"])
def test_an_entry_that_lacks_something_is_counted_and_done_with(shard: Shard, tmp_path: Path, missing: str) -> None:
    broken = {name: value for name, value in readings("ada", NOON)[0].items() if name != missing}
    shard.add([broken, *readings("bob", NOON)], {})
    work_off(seat(shard, Planning(shard, tmp_path)))
    assert [name for name, _, _ in decisions(shard)] == ["bob"]
    assert shard.status()["counts"] == {"plan unreadable": 1}
    assert shard.status()["groups"]["plan"] == {"lag": 0, "pending": 0}


def test_a_home_that_moved_is_left_to_its_new_shard(shard: Shard, redis: Redis, tmp_path: Path) -> None:
    homes, new = dict(HOMES), Shard(redis, "s1")
    worker = seat(shard, Planning(shard, tmp_path), homes=homes)
    shard.add([{"home": "ada", "topic": "house/load_power", "payload": b"?"}, *readings("bob", NOON)], {})
    work_off(worker)
    homes["ada"] = home("ada", shard="s1")
    for one in (shard, new):
        one.add(readings("ada", NOON), {})
    work_off(worker)
    work_off(seat(new, Planning(new, tmp_path), homes=homes))
    assert [name for name, _, _ in decisions(shard)] == ["bob"]
    assert [name for name, _, _ in decisions(new)] == ["ada"]
    assert shard.status()["counts"] == {"plan not of this shard": 4}
    assert shard.status()["faults"] == {}


def test_a_fault_stays_until_what_it_is_about_is_well(shard: Shard, redis: Redis, tmp_path: Path) -> None:
    def taken(*entries: dict[str, bytes | str]) -> str:
        shard.add(entries, {})
        # Each time by another worker: faults outlive it.
        work_off(another(redis, shard, tmp_path))
        return str(shard.status()["faults"].get("ada", ""))

    load, pv, *_ = readings("ada", NOON)
    assert "is not a reading" in taken({**load, "payload": b"?"})
    assert "is not a reading" in taken(pv)
    assert taken(load) == ""
    assert taken({**load, "payload": b"?"}, load) == ""


def test_a_decision_that_fails_is_told_until_the_next_one(
    shard: Shard, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    duty = Planning(shard, tmp_path)
    worker = seat(shard, duty)
    with monkeypatch.context() as broken:
        broken.setattr(duty, "slot_began", lambda *_: int("?"))
        shard.add(readings("ada", NOON) + readings("ada", NOON + timedelta(minutes=5)), {})
        work_off(worker)
    assert shard.status()["faults"] == {"ada": "slot: ValueError: invalid literal for int() with base 10: '?'"}
    shard.add(readings("ada", NOON + STEP), {})
    work_off(worker)
    assert shard.status()["faults"] == {}


def test_a_redis_that_is_away_is_no_homes_fault(shard: Shard, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    duty = Planning(shard, tmp_path)
    worker = seat(shard, duty)
    worker.turn()
    shard.add(readings("ada", NOON), {})
    with monkeypatch.context() as away:
        away.setattr(duty, "slot_began", Mock(side_effect=StreamError("away")))
        with pytest.raises(StreamError, match="away"):
            worker.turn()
    work_off(worker)
    assert decisions(shard) == [("ada", NOON.isoformat(), "published")]
    assert shard.status()["faults"] == {}


def test_new_facts_of_a_home_reach_a_worker_that_runs(shard: Shard, tmp_path: Path) -> None:
    homes = dict(HOMES)
    worker = seat(shard, Planning(shard, tmp_path), homes=homes)
    shard.add(readings("ada", NOON), {})
    work_off(worker)
    homes["ada"] = with_facts(homes["ada"], pv_peak_kw=500.0)
    shard.add(readings("ada", NOON + timedelta(minutes=5), pv_power=200.0) + readings("ada", NOON + STEP), {})
    work_off(worker)
    assert shard.status()["faults"] == {}
    # What was known stays: no slot is decided again.
    assert [slot for _, slot, _ in decisions(shard)] == [NOON.isoformat(), (NOON + STEP).isoformat()]


def test_a_forecast_that_new_panels_cannot_keep_is_dropped_and_nothing_else(
    shard: Shard, redis: Redis, tmp_path: Path
) -> None:
    forecast = orjson.dumps({"time": NOON, "start": NOON, "step_minutes": 60, "values_kw": [4.0]})
    shard.add([{"home": "ada", "topic": "house/pv_forecast", "payload": forecast}, *readings("ada", NOON)], {})
    work_off(seat(shard, Planning(shard, tmp_path)))
    assert shard.status()["faults"] == {}
    homes = HOMES | {"ada": with_facts(HOMES["ada"], pv_peak_kw=1.0)}
    shard.add(readings("ada", NOON + timedelta(minutes=5)) + readings("ada", NOON + DAY), {})
    work_off(another(redis, shard, tmp_path, homes))
    assert "4 kW is more than panels of 1 kW can bring" in shard.status()["faults"]["ada"]
    assert [slot for _, slot, _ in decisions(shard)] == [NOON.isoformat(), (NOON + DAY).isoformat()]
