from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event, Thread

import orjson
import pytest

from energy.battery import Battery
from energy.home import Home
from energy.pricing.tariff import FlatTariff
from energy.slots import DAY
from fleet.addresses import FleetHome
from fleet.archive import Archive
from fleet.home_state import STEP, HomeState
from fleet.planning import Planning
from fleet.streams import DECISIONS, READINGS, Changes, Redis, Shard
from fleet.tenure import Tenure
from fleet.worker import Duty, Seat
from knowledge.store import DayStore
from transport.payloads import state_json

NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)
UNITS = {"load_power": "kW", "pv_power": "kW", "battery_soc": "%"}


def home(name: str, *, shard: str = "s0") -> FleetHome:
    facts = Home(
        name=name,
        zone="Etc/UTC",
        pv_peak_kw=5,
        battery=Battery(capacity_kwh=10, max_charge_kw=5, max_discharge_kw=5),
        tariff=FlatTariff(import_price=0.3, export_price=0.05),
    )
    return FleetHome(shard=shard, home=facts, act=True)


HOMES = {name: home(name) for name in ("ada", "bob")}


def readings(name: str, at: datetime, **values: float) -> list[dict[str, bytes | str]]:
    """What a home publishes at a moment, its clock last."""
    shown = {"load_power": 1.0, "pv_power": 0.5, "battery_soc": 50.0} | values
    sent = [(f"house/{role}", state_json(value, UNITS[role], at)) for role, value in shown.items()]
    sent.append(("house/clock", orjson.dumps({"time": at})))
    return [{"home": name, "topic": topic, "payload": payload} for topic, payload in sent]


@pytest.fixture
def shard(redis: Redis) -> Shard:
    return Shard(redis, "s0")


def seat(shard: Shard, duty: Duty, *, wall: datetime | None = None, homes: dict[str, FleetHome] | None = None) -> Seat:
    """A worker of homes that keep a clock of their own, or at a time by the wall clock."""
    tells = None if wall is None else lambda: wall
    return Seat(
        shard, duty, Tenure(shard, duty.group, 30.0), homes=lambda _: HOMES if homes is None else homes, wall=tells
    )


def work_off(worker: Seat) -> None:
    for _ in range(100):
        if not worker.turn() and not worker.turn():
            return


def decisions(shard: Shard) -> list[tuple[str, str, str]]:
    entries = shard.read(DECISIONS, "send", "test", 1000)
    return [
        (one.fields[b"home"].decode(), one.fields[b"slot"].decode(), one.fields[b"outcome"].decode()) for one in entries
    ]


def test_each_home_is_decided_for_once_a_slot(shard: Shard, tmp_path: Path) -> None:
    for at in (NOON, NOON + timedelta(minutes=5), NOON + STEP):
        for name in HOMES:
            shard.add(readings(name, at), {})
    work_off(seat(shard, Planning(shard, tmp_path)))
    assert decisions(shard) == [
        (name, slot.isoformat(), "published") for slot in (NOON, NOON + STEP) for name in ("ada", "bob")
    ]


def test_who_takes_over_goes_on_where_the_other_was(shard: Shard, redis: Redis, tmp_path: Path) -> None:
    """The first worker has taken entries in and dies; the second does them, and decides no slot again."""
    shard.add(readings("ada", NOON), {})
    first = seat(shard, Planning(shard, tmp_path))
    work_off(first)
    shard.add(readings("ada", NOON + timedelta(minutes=5)) + readings("ada", NOON + STEP), {})
    assert len(shard.read(READINGS, "plan", "dead", 3)) == 3
    second = seat(shard, Planning(shard, tmp_path))
    assert second.turn() == 0
    redis.delete(shard.key("seat", "plan"))
    work_off(second)
    assert [slot for _, slot, _ in decisions(shard)] == [NOON.isoformat(), (NOON + STEP).isoformat()]
    assert shard.status()["groups"]["plan"] == {"lag": 0, "pending": 0}


def test_who_lost_the_seat_while_it_thought_leaves_nothing_behind(
    shard: Shard, redis: Redis, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow, other = Planning(shard, tmp_path), seat(shard, Planning(shard, tmp_path))
    began = slow.slot_began

    def overtaken(*given: object) -> None:
        redis.delete(shard.key("seat", "plan"))
        work_off(other)
        began(*given)  # type: ignore[arg-type]  # what came in goes on

    monkeypatch.setattr(slow, "slot_began", overtaken)
    worker = seat(shard, slow)
    worker.turn()
    shard.add(readings("ada", NOON), {})
    assert worker.turn() == 0
    assert decisions(shard) == [("ada", NOON.isoformat(), "published")]


@pytest.mark.parametrize(
    ("topic", "payload", "told"),
    [
        ("house/load_power", b"\xff\x00 no", "is not a reading"),
        ("house/load_power", state_json(1e9, "kW", NOON), "is outside"),
        ("house/clock", b'{"time": "yesterday"}', "time: "),
        ("house/clock", b'{"time": "9999-12-31T23:59:59Z"}', ""),
        ("house/pv_forecast", b"[" * 5000, "Invalid JSON"),
    ],
)
def test_what_one_home_sends_is_its_own_affair(
    shard: Shard, tmp_path: Path, topic: str, payload: bytes, told: str
) -> None:
    shard.add([{"home": "ada", "topic": topic, "payload": payload}, *readings("bob", NOON)], {})
    for duty in (Planning(shard, tmp_path), Archive(shard, tmp_path)):
        work_off(seat(shard, duty))
    assert ("bob", NOON.isoformat(), "published") in decisions(shard)
    assert told in shard.status()["faults"].get("ada", "")
    assert not any("published" in outcome for name, _, outcome in decisions(shard) if name == "ada")


def test_stale_readings_are_decided_without_a_command(shard: Shard, tmp_path: Path) -> None:
    late = [one for one in readings("ada", NOON + STEP) if one["topic"] == "house/clock"]
    shard.add([*readings("ada", NOON), *late], {})
    work_off(seat(shard, Planning(shard, tmp_path)))
    assert decisions(shard)[-1] == ("ada", (NOON + STEP).isoformat(), "no_command")


@pytest.mark.parametrize(
    ("readings_at", "now", "outcome"),
    [
        (timedelta(seconds=5), timedelta(seconds=10), "published"),
        # A backlog is worked through first: fresh readings may follow.
        (timedelta(minutes=-9), timedelta(seconds=10), None),
        (timedelta(minutes=-9), timedelta(minutes=3), "no_command"),
        (timedelta(minutes=9), timedelta(seconds=10), None),
    ],
)
def test_by_the_wall_clock_only_fresh_readings_lead_to_a_command(
    shard: Shard, tmp_path: Path, readings_at: timedelta, now: timedelta, outcome: str | None
) -> None:
    shard.add(readings("ada", NOON + readings_at), {})
    work_off(seat(shard, Planning(shard, tmp_path), wall=NOON + now))
    assert [found for _, _, found in decisions(shard)] == ([] if outcome is None else [outcome])


def test_a_day_is_archived_once_it_is_over_and_planned_with(shard: Shard, tmp_path: Path) -> None:
    at = NOON.replace(hour=0)
    while at <= NOON.replace(hour=0) + DAY:
        shard.add(readings("ada", at, load_power=2.0), {})
        at += timedelta(minutes=5)
    for duty in (Archive(shard, tmp_path), Planning(shard, tmp_path)):
        work_off(seat(shard, duty))
    [before, day] = DayStore(tmp_path).days("ada")
    assert day.day == NOON.date()
    assert (day.load_kw == 2.0).all()
    assert len(day.load_kw) == 96
    # The reading of midnight speaks for the slot before it.
    assert before.day == NOON.date() - DAY
    assert shard.slots("archive", "ada") == []


def test_a_home_state_survives_its_worker() -> None:
    state = HomeState(HOMES["ada"].home)
    for minutes in range(0, 50, 5):
        for one in readings("ada", NOON + timedelta(minutes=minutes), load_power=1 + minutes / 10):
            payload = one["payload"]
            assert isinstance(payload, bytes)
            state.take(str(one["topic"]), payload, wall=None)
    again = HomeState(HOMES["ada"].home, state.stored())
    assert again.stored() == state.stored()
    assert again.finished(NOON + timedelta(hours=1)) == state.finished(NOON + timedelta(hours=1))


def test_streams_are_trimmed_by_the_slowest_group(shard: Shard, redis: Redis, tmp_path: Path) -> None:
    for seconds in range(1000):
        shard.add(readings("ada", NOON + timedelta(seconds=seconds)), {})
    work_off(seat(shard, Archive(shard, tmp_path)))
    shard.trim()
    assert shard.waiting() == 4000
    work_off(seat(shard, Planning(shard, tmp_path)))
    shard.trim()
    # Redis trims whole nodes of its tree only.
    assert shard.waiting() < 500


def test_a_stream_that_was_trimmed_too_far_is_told_and_goes_on(shard: Shard, redis: Redis, tmp_path: Path) -> None:
    shard.add(readings("ada", NOON), {})
    redis.xtrim(shard.key(READINGS), maxlen=0, approximate=False)
    shard.add(readings("bob", NOON), {})
    work_off(seat(shard, Planning(shard, tmp_path)))
    assert decisions(shard) == [("bob", NOON.isoformat(), "published")]
    assert shard.status()["counts"] == {"plan lost": 4}
    assert shard.status()["groups"]["plan"]["lag"] == 0


def test_a_stream_that_grows_meanwhile_has_no_gap(shard: Shard, redis: Redis) -> None:
    stop = Event()

    def grow() -> None:
        while not stop.is_set():
            shard.add(readings("ada", NOON), {})

    thread = Thread(target=grow)
    thread.start()
    for _ in range(200):
        shard.check_gaps(READINGS, "plan")
    stop.set()
    thread.join()
    assert shard.status()["counts"] == {}


def test_a_batch_that_takes_longer_than_the_lease_is_done_once_where_nobody_else_came(
    shard: Shard, redis: Redis, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow = Planning(shard, tmp_path)
    began = slow.slot_began

    def lapsed(*given: object) -> None:
        began(*given)  # type: ignore[arg-type]  # what came in goes on
        redis.delete(shard.key("seat", "plan"))

    monkeypatch.setattr(slow, "slot_began", lapsed)
    shard.add(readings("ada", NOON), {})
    worker = seat(shard, slow)
    assert [worker.turn(), worker.turn()] == [0, 4]
    assert decisions(shard) == [("ada", NOON.isoformat(), "published")]


def test_changes_without_the_seat_are_refused(shard: Shard) -> None:
    shard.add(readings("ada", NOON), {})
    entries = shard.read(READINGS, "plan", "w", 10)
    assert not shard.commit("plan", "nobody", entries, Changes(homes={"ada": b"x"}))
    assert shard.homes("plan") == {}
