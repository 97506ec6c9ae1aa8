"""What a real Redis does to a fleet: full, killed, trimmed by hand, written to by another version."""

import signal
from datetime import timedelta
from pathlib import Path

import pytest

from devtools.fleet.servers import redis_server
from fleet import streams
from fleet.archive import Archive
from fleet.home_state import STEP
from fleet.planning import Planning
from fleet.run import FleetSettings
from fleet.sending import Sending
from fleet.streams import DECISIONS, READINGS, Redis, Shard, StreamError, connect
from fleet.tenure import Tenure
from tests.conftest import free_port
from tests.fleet.test_worker import NOON, decisions, readings, seat, shard, work_off
from transport.durable import DurableLink

__all__ = ["shard"]  # a fixture
LATER = NOON + STEP


def test_in_a_full_redis_nothing_is_decided_by_half_and_afterwards_each_slot_once(
    shard: Shard, redis: Redis, tmp_path: Path
) -> None:
    worker = seat(shard, Planning(shard, tmp_path))
    shard.add(readings("ada", NOON), {})
    work_off(worker)
    shard.add(readings("ada", LATER), {})
    redis.config_set("maxmemory", 1)
    try:
        for _ in range(3):
            with pytest.raises(StreamError, match="maxmemory"):
                worker.turn()
        assert redis.xlen(shard.key(DECISIONS)) == 1
    finally:
        redis.config_set("maxmemory", 0)
    # Its seat was not kept meanwhile.
    redis.delete(shard.key("seat", "plan"))
    work_off(worker)
    assert [slot for _, slot, _ in decisions(shard)] == [NOON.isoformat(), LATER.isoformat()]
    assert shard.status()["groups"]["plan"] == {"lag": 0, "pending": 0}


def test_a_killed_redis_comes_back_with_all_it_confirmed(fleet_settings: FleetSettings, tmp_path: Path) -> None:
    port = free_port()
    with redis_server(tmp_path, port) as process:
        connected = connect(f"redis://127.0.0.1:{port}/0")
        shard = Shard(connected, "s0")
        worker = seat(shard, Planning(shard, tmp_path / "days"))
        shard.add(readings("ada", NOON), {})
        work_off(worker)
        shard.add(readings("ada", NOON + timedelta(minutes=5)) + readings("ada", LATER), {})
        # Some are begun and not done with.
        assert len(shard.read(READINGS, "plan", worker._tenure.token, 3)) == 3
        process.send_signal(signal.SIGKILL)
        process.wait()
        with pytest.raises(StreamError):
            worker.turn()
    with redis_server(tmp_path, port):
        worker.start_over()
        work_off(worker)
        assert [slot for _, slot, _ in decisions(shard)] == [NOON.isoformat(), LATER.isoformat()]
        assert shard.status()["groups"]["plan"] == {"lag": 0, "pending": 0}
        assert shard.status()["counts"] == {}
        connected.close()


def test_a_redis_that_came_back_without_its_memory_is_not_taken_for_the_one_we_remember(
    shard: Shard, redis: Redis, tmp_path: Path
) -> None:
    """A power cut may cost it a second: what the worker remembers of that second does not count."""
    worker = seat(shard, Planning(shard, tmp_path))
    shard.add(readings("ada", NOON), {})
    work_off(worker)
    redis.flushdb()
    redis.client_kill_filter(skipme=False, _type="normal")
    with pytest.raises(StreamError):
        worker.turn()
    worker.start_over()
    shard.prepare()
    shard.add(readings("ada", NOON), {})
    work_off(worker)
    assert decisions(shard) == [("ada", NOON.isoformat(), "published")]


def test_what_was_begun_and_then_trimmed_by_hand_is_counted(shard: Shard, redis: Redis, tmp_path: Path) -> None:
    shard.add(readings("ada", NOON), {})
    assert len(shard.read(READINGS, "plan", "dead", 3)) == 3
    redis.xtrim(shard.key(READINGS), maxlen=0, approximate=False)
    shard.add(readings("bob", NOON), {})
    work_off(seat(shard, Planning(shard, tmp_path)))
    assert decisions(shard) == [("bob", NOON.isoformat(), "published")]
    # Three that were begun, and one that was not.
    assert shard.status()["counts"] == {"plan lost": 4}


def test_a_gap_that_is_cut_while_work_goes_on_is_counted_without_a_change_of_owner(
    shard: Shard, redis: Redis, tmp_path: Path
) -> None:
    worker = seat(shard, Archive(shard, tmp_path))
    shard.add(readings("ada", NOON), {})
    work_off(worker)
    worker.look_for_gaps()
    assert shard.status()["counts"] == {}
    shard.add(readings("ada", LATER), {})
    redis.xtrim(shard.key(READINGS), maxlen=0, approximate=False)
    worker.look_for_gaps()
    worker.look_for_gaps()
    assert shard.status()["counts"] == {"archive lost": 4}


def test_decisions_that_were_trimmed_before_they_were_sent_are_counted(
    shard: Shard, redis: Redis, settings: FleetSettings
) -> None:
    shard.add(readings("ada", NOON), {})
    work_off(seat(shard, Planning(shard, settings.days)))
    redis.xtrim(shard.key(DECISIONS), maxlen=0, approximate=False)
    with DurableLink(settings.broker, "test-sender") as link:
        sender = Sending(shard, link, Tenure(shard, "send", 30), wall=None)
        assert sender.turn() == 0
    assert shard.status()["counts"] == {"send lost": 1}


@pytest.mark.parametrize("newer", ["readings", "homes"])
def test_a_worker_that_is_too_old_leaves_its_seat_to_a_newer_one_with_nothing_lost(
    shard: Shard, redis: Redis, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, newer: str
) -> None:
    shard.add(readings("bob", NOON), {})
    if newer == "homes":
        redis.set(shard.key("plan", "format"), 2)
    else:
        monkeypatch.setattr(streams, "FORMAT", 2)
        shard.add(readings("ada", NOON), {})
        monkeypatch.setattr(streams, "FORMAT", 1)
    old = seat(shard, Planning(shard, tmp_path))
    assert [old.turn() for _ in range(3)] == [0, 0, 0]
    assert redis.get(shard.key("seat", "plan")) is None
    assert redis.xlen(shard.key(DECISIONS)) == 0
    assert shard.status()["counts"] == {"plan stood back": 1}
    monkeypatch.setattr(streams, "FORMAT", 2)
    work_off(seat(shard, Planning(shard, tmp_path)))
    homes = ["bob"] if newer == "homes" else ["bob", "ada"]
    assert [home for home, _, _ in decisions(shard)] == homes
    assert shard.status()["groups"]["plan"] == {"lag": 0, "pending": 0}


def test_a_decision_of_a_newer_version_is_not_sent_by_an_old_sender(
    shard: Shard, redis: Redis, settings: FleetSettings
) -> None:
    redis.xadd(shard.key(DECISIONS), {"home": "ada", "slot": NOON.isoformat(), "command": "turn", "format": "x2"})
    with DurableLink(settings.broker, "test-sender") as link:
        sender = Sending(shard, link, Tenure(shard, "send", 30), wall=None)
        assert [sender.turn(), sender.turn(), sender.turn()] == [0, 0, 0]
    assert shard.status()["counts"] == {"send stood back": 1}
    assert shard.status()["groups"]["send"]["pending"] == 1
