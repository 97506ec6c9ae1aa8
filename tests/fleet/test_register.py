from threading import Event, Thread

import orjson
import pytest
from fastapi.testclient import TestClient

from fleet import register as under_test
from fleet.page import page_app
from fleet.register import Register
from fleet.run import FleetSettings
from fleet.streams import REGISTER, Redis, register, registered
from tests.conftest import Advisor
from tests.fleet.test_worker import home


def of_a_newer_version(name: str) -> bytes:
    return orjson.dumps(orjson.loads(home(name).model_dump_json()) | {"roof": "flat"})


def test_an_entry_that_cannot_be_read_is_shown_and_stops_no_other(
    redis: Redis, settings: FleetSettings, advisor: Advisor
) -> None:
    register(redis, [home("ada")])
    redis.hset(REGISTER, mapping={"bob": of_a_newer_version("bob"), "cy": b"{", "dot": b""})
    assert [*Register(redis)()] == ["ada"]
    assert "roof" in registered(redis).faults["bob"]
    shown = advisor("fleet", "status", "--redis", settings.redis_url).stdout
    assert "register: 3 entries cannot be read" in shown
    assert "bob: the register's entry cannot be read (roof" in shown
    page = TestClient(page_app(redis, ["s0"])).get("/")
    assert page.status_code == 200
    assert page.text.index(">bob<") < page.text.index(">ada<")
    assert "roof" in page.text


def test_a_home_is_known_as_soon_as_it_is_registered(redis: Redis) -> None:
    homes = Register(redis)
    assert homes() == {}
    register(redis, [home("ada")])
    assert homes({"ada"}) == {"ada": home("ada")}


def test_an_unknown_name_is_looked_up_once_a_second(redis: Redis, monkeypatch: pytest.MonkeyPatch) -> None:
    times = iter((0.0, 0.1, 0.2, 0.9, 1.2, 1.3, 10.1))
    monkeypatch.setattr(under_test, "monotonic", lambda: next(times))
    homes = Register(redis)
    asked = []
    look_up = under_test.registered
    monkeypatch.setattr(under_test, "registered", lambda *given: asked.append(given[1:]) or look_up(*given))
    for _ in range(6):
        homes({"eve"})
    assert asked == [(["eve"],), (["eve"],), ()]


def test_no_home_is_missing_while_the_register_is_read_again(redis: Redis, monkeypatch: pytest.MonkeyPatch) -> None:
    """Threads share the homes; one reads the register over and over, the other misses none."""
    register(redis, [home(f"h{number}") for number in range(500)])
    monkeypatch.setattr(under_test, "_ALL_EVERY_S", -1.0)
    homes, stop, missed = Register(redis), Event(), []
    known = homes()

    def read_again() -> None:
        for _ in range(40):
            homes()
        stop.set()

    thread = Thread(target=read_again)
    thread.start()
    while not stop.is_set():
        if "h5" not in known:
            missed.append(1)
    thread.join()
    assert missed == []


def test_who_left_the_register_is_gone_and_who_changed_is_new(redis: Redis, monkeypatch: pytest.MonkeyPatch) -> None:
    register(redis, [home("ada"), home("bob"), home("cy")])
    monkeypatch.setattr(under_test, "_ALL_EVERY_S", -1.0)
    homes = Register(redis)
    ada = homes()["ada"]
    redis.hdel(REGISTER, "bob")
    register(redis, [home("cy", shard="s1")])
    assert {name: one.shard for name, one in homes().items()} == {"ada": "s0", "cy": "s1"}
    assert homes()["ada"] is ada
