import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from energy.commands import BatteryCommand, read_command
from fleet.home_state import STEP
from fleet.planning import Planning
from fleet.run import FleetSettings
from fleet.sending import Sending
from fleet.streams import DECISIONS, Redis, Shard
from fleet.tenure import Tenure
from tests.fleet.test_worker import NOON, readings, seat, work_off
from transport.durable import DurableLink, Received

TOPIC = "fleet/s0/ada/battery/command"


@pytest.fixture
def house(settings: FleetSettings) -> Iterator[DurableLink]:
    """What hears the commands of all homes, and hears them now."""
    with (
        DurableLink(settings.broker, "test-house", "fleet/+/+/battery/command") as link,
        DurableLink(settings.broker, "test-probe") as probe,
    ):
        while not link.take(1, 0.2):
            probe.publish(TOPIC, b"probe")
        commands(link)
        yield link


def commands(link: DurableLink, within_s: float = 0.5) -> list[Received]:
    """All that comes until nothing does for a while."""
    found: list[Received] = []
    while more := link.take(100, within_s):
        found += more
        link.confirm(more)
    return found


def decided(shard: Shard, folder: Path) -> None:
    shard.add(readings("ada", NOON), {})
    work_off(seat(shard, Planning(shard, folder)))


@pytest.mark.parametrize(("now", "sent"), [(NOON + timedelta(minutes=1), 1), (NOON + STEP, 0), (None, 1)])
def test_a_command_goes_out_within_its_slot_and_not_after(
    redis: Redis, settings: FleetSettings, house: DurableLink, now: datetime | None, sent: int
) -> None:
    shard = Shard(redis, "s0")
    decided(shard, settings.days)
    with DurableLink(settings.broker, "test-sender") as link:
        sender = Sending(shard, link, Tenure(shard, "send", 30), wall=None if now is None else lambda: now)
        assert sender.turn() + sender.turn() == 1
    found = commands(house)
    assert [one.topic for one in found] == [TOPIC] * sent
    for one in found:
        command = read_command(one.payload)
        assert isinstance(command, BatteryCommand)
        assert command.valid_from == NOON
        assert command.valid_until == NOON + timedelta(hours=24)
    counts = {"decisions": 1, **({"commands": 1} if sent else {"commands too late": 1})}
    assert shard.status()["counts"] == counts
    assert shard.status()["groups"]["send"] == {"lag": 0, "pending": 0}


def test_what_a_dead_sender_had_begun_is_sent_by_the_next(
    redis: Redis, settings: FleetSettings, house: DurableLink
) -> None:
    shard = Shard(redis, "s0")
    decided(shard, settings.days)
    assert len(shard.read(DECISIONS, "send", "dead", 10)) == 1
    with DurableLink(settings.broker, "test-sender") as link:
        sender = Sending(shard, link, Tenure(shard, "send", 30), wall=None)
        deadline = time.monotonic() + 60
        while shard.status()["groups"]["send"]["pending"] and time.monotonic() < deadline:
            sender.turn()
    assert [one.topic for one in commands(house)] == [TOPIC]
