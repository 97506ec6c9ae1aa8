import time
from collections.abc import Callable
from collections.abc import Set as AbstractSet
from threading import Event, Thread

import pytest

from fleet.addresses import FleetHome, HomeTopic
from fleet.ingester import Ingester, IntakeLimits
from fleet.run import FleetSettings
from fleet.streams import READINGS, Redis, Shard
from tests.fleet.test_worker import home
from transport.durable import DurableLink, Received

HOMES = {"ada": home("ada"), "bob": home("bob", shard="s1")}


def registered(_wanted: AbstractSet[str]) -> dict[str, FleetHome]:
    return HOMES


def wait_for(what: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 120
    while not what():
        assert time.monotonic() < deadline, "it never came to be"
        time.sleep(0.05)


@pytest.mark.parametrize(
    ("topic", "payload", "refused"),
    [
        ("fleet/s0/ada/house/load_power", b"any", {}),
        ("fleet/s0/nobody/house/load_power", b"", {"not registered": 1}),
        ("fleet/s0/../house/load_power", b"", {"not registered": 1}),
        ("energy_advisor/ada/house/load_power", b"", {"not registered": 1}),
        ("fleet/s0/ada", b"", {"not registered": 1}),
        ("fleet/s0/bob/house/load_power", b"", {"bob: belongs to shard s1": 1}),
        ("fleet/s0/ada/house/load_power", b"x" * 100_000, {"ada: too long": 1}),
    ],
)
def test_a_message_is_of_a_home_of_this_shard_or_refused(
    redis: Redis, topic: str, payload: bytes, refused: dict[str, int]
) -> None:
    taken, counted = Ingester(Shard(redis, "s0"), registered, IntakeLimits()).sorted_out(
        [Received(topic, payload, 1, 1)]
    )
    assert dict(counted) == refused
    assert len(taken) == (not refused)


def test_a_home_that_floods_is_cut_and_no_other(redis: Redis) -> None:
    both = {"ada": HOMES["ada"], "eve": home("eve")}
    ingester = Ingester(Shard(redis, "s0"), lambda _: both, IntakeLimits(per_second=0.001, burst=50))
    flood = [Received(f"fleet/s0/{name}/house/load_power", b"", 1, 1) for name in ["eve"] * 500 + ["ada"] * 50]
    taken, counted = ingester.sorted_out(flood)
    assert counted == {"eve: too many messages": 450}
    assert sum(one["home"] == "ada" for one in taken) == 50


@pytest.fixture
def ingesting(settings: FleetSettings, redis: Redis) -> Callable[[IntakeLimits], tuple[Shard, Event, Thread]]:
    def start(limits: IntakeLimits) -> tuple[Shard, Event, Thread]:
        shard, stop = Shard(redis, "s0"), Event()
        thread = Thread(target=Ingester(shard, registered, limits).run, args=(settings.broker, stop))
        thread.start()
        return shard, stop, thread

    return start


def publish(settings: FleetSettings, count: int) -> None:
    with DurableLink(settings.broker, "fleet-test") as link:
        for number in range(count):
            link.publish(str(HomeTopic("s0", "ada", "house/load_power")), str(number))
        assert link.flush(60)


def test_what_comes_while_redis_is_full_or_the_workers_are_behind_waits_in_the_broker(
    settings: FleetSettings, redis: Redis, ingesting: Callable[[IntakeLimits], tuple[Shard, Event, Thread]]
) -> None:
    shard, stop, thread = ingesting(IntakeLimits(waiting=300, burst=1e9))
    try:
        wait_for(lambda: bool(redis.client_list()) and _subscribed(settings, shard))
        redis.config_set("maxmemory", 1)
        publish(settings, 500)
        assert shard.waiting() == 0
        redis.config_set("maxmemory", 0)
        wait_for(lambda: shard.waiting() >= 300)
        before = shard.waiting()
        publish(settings, 100)
        assert shard.waiting() <= before + 500
        redis.xtrim(shard.key(READINGS), maxlen=0, approximate=False)
        wait_for(lambda: redis.xinfo_stream(shard.key(READINGS))["entries-added"] >= 600)
    finally:
        redis.config_set("maxmemory", 0)
        stop.set()
        thread.join()


def _subscribed(settings: FleetSettings, shard: Shard) -> bool:
    with DurableLink(settings.broker, "fleet-probe") as link:
        link.publish("fleet/s0/nobody/house/clock", b"")
    return bool(shard.status()["refused"])
