"""A process of the fleet: the roles it has on its shards, until it is asked to stop."""

import logging
import os
import socket
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from threading import Event, Thread
from time import monotonic
from typing import Literal

from fleet.archive import Archive
from fleet.ingester import Ingester, IntakeLimits
from fleet.planning import Planning
from fleet.register import Register
from fleet.sending import Sending
from fleet.streams import Shard, StreamError, connect, pause_after
from fleet.tenure import Tenure
from fleet.worker import Clock, Duty, Seat, wall_of
from knowledge.home_index import HomeIndex
from transport.durable import DurableLink
from transport.mqtt import BrokerAddress

_log = logging.getLogger(__name__)

Role = Literal["ingest", "plan", "archive"]
ROLES: tuple[Role, ...] = ("ingest", "plan", "archive")
_IDLE_S, _TRIM_EVERY_S = 0.05, 1.0


@dataclass(frozen=True, slots=True)
class FleetSettings:
    """Where a process finds things and how it works."""

    broker: BrokerAddress
    redis_url: str
    shards: Sequence[str]
    days: Path
    clock: Clock = "wall"
    limits: IntakeLimits = field(default_factory=IntakeLimits)
    lease_s: float = 15.0
    chroma: str | None = None

    @property
    def worker(self) -> str:
        """Who we say we are to other workers."""
        return f"{socket.gethostname()}-{os.getpid()}"

    def likes(self) -> HomeIndex | None:
        """What homes are like, where there is a server for it."""
        return None if self.chroma is None else HomeIndex(self.chroma)


def run(settings: FleetSettings, roles: Sequence[Role], stop: Event) -> None:
    """Do the work of the roles; each on a thread of its own, and one that fails ends the process.

    Raises:
        TransportError: the broker, Redis or Chroma cannot be reached at first.
    """
    connect(settings.redis_url).close()
    if (likes := settings.likes()) is not None:
        likes.check()
        likes.close()
    work: dict[Role, Callable[[FleetSettings, Event], None]] = {"ingest": _ingest, "plan": _plan, "archive": _archive}
    _side_by_side({role: partial(work[role], settings, stop) for role in roles}, stop)


def _side_by_side(work: Mapping[str, Callable[[], None]], stop: Event) -> None:
    """Each on a thread of its own, by name; where one fails all are asked to stop, and its reason is raised."""
    failures: list[Exception] = []

    def guarded(one: Callable[[], None]) -> None:
        try:
            one()
        except Exception as err:  # noqa: BLE001 (it is raised again where the threads have ended)
            failures.append(err)
            stop.set()

    threads = [Thread(target=guarded, args=(one,), name=name) for name, one in work.items()]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]


def _ingest(settings: FleetSettings, stop: Event) -> None:
    redis = connect(settings.redis_url)
    register = Register(redis)
    ingesters = {name: Ingester(Shard(redis, name), register, settings.limits) for name in settings.shards}
    _side_by_side({f"ingest {name}": partial(one.run, settings.broker, stop) for name, one in ingesters.items()}, stop)


def _plan(settings: FleetSettings, stop: Event) -> None:
    redis = connect(settings.redis_url)
    shards = [Shard(redis, name) for name in settings.shards]
    register, likes = Register(redis), settings.likes()
    with DurableLink(settings.broker, f"fleet-planner-{settings.worker}") as link:
        seats: list[Seat | Sending] = [
            _seat(settings, shard, Planning(shard, settings.days, likes=likes), register) for shard in shards
        ]
        seats += [
            Sending(one, link, Tenure(one, "send", settings.lease_s), wall=wall_of(settings.clock)) for one in shards
        ]
        _work(seats, shards, stop)


def _archive(settings: FleetSettings, stop: Event) -> None:
    redis = connect(settings.redis_url)
    shards, register = [Shard(redis, name) for name in settings.shards], Register(redis)
    likes = settings.likes()
    _work(
        [_seat(settings, shard, Archive(shard, settings.days, likes=likes), register) for shard in shards],
        shards,
        stop,
    )


def _seat(settings: FleetSettings, shard: Shard, duty: Duty, register: Register) -> Seat:
    tenure = Tenure(shard, duty.group, settings.lease_s)
    return Seat(shard, duty, tenure, homes=register, wall=wall_of(settings.clock))


def _work(seats: Sequence[Seat | Sending], shards: Sequence[Shard], stop: Event) -> None:
    """Turn after turn over all shards; a Redis that cannot be reached is waited for."""
    trimmed, failures = monotonic(), 0
    while not stop.is_set():
        try:
            done = sum(seat.turn() for seat in seats)
            if monotonic() - trimmed > _TRIM_EVERY_S:
                trimmed = monotonic()
                _tidy(seats, shards)
        except StreamError as err:
            failures += 1
            for seat in seats:
                seat.start_over()
            pause_after(err, failures)
            _prepare(shards)
            continue
        failures = 0
        if not done:
            stop.wait(_IDLE_S)


def _tidy(seats: Sequence[Seat | Sending], shards: Sequence[Shard]) -> None:
    for seat in seats:
        seat.look_for_gaps()
    for shard in shards:
        shard.trim()


def _prepare(shards: Sequence[Shard]) -> None:
    """A Redis that came back empty has no groups."""
    with suppress(StreamError):
        for shard in shards:
            shard.prepare()
