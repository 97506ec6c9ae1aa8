"""The processes of a fleet on this machine, one for each role, that may be killed and started again."""

import os
import signal
import time
from collections.abc import Iterator, Sequence
from multiprocessing import get_context
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from threading import Event
from typing import Self

import orjson

from devtools.fleet.servers import LocalServers
from fleet.addresses import HomeTopic
from fleet.ingester import IntakeLimits
from fleet.run import ROLES, FleetSettings, Role, run
from fleet.streams import DECISIONS, Redis, Shard
from transport.durable import DurableLink

WITNESS = "witness"


class Workers:
    """All roles, from entering to leaving."""

    def __init__(self, settings: FleetSettings) -> None:
        self._settings = settings
        self._context = get_context("forkserver")
        self._context.set_forkserver_preload(["fleet.run"])
        self._running: dict[Role, ForkServerProcess] = {}

    def __enter__(self) -> Self:
        for role in ROLES:
            self.start(role)
        return self

    def __exit__(self, *_: object) -> None:
        for process in self._running.values():
            process.kill()
            process.join()

    def start(self, role: Role) -> None:
        """Start a role's process."""
        self._running[role] = self._context.Process(target=_work, args=(self._settings, role), daemon=True)
        self._running[role].start()

    def kill(self, role: Role) -> None:
        """End it where it stands."""
        pid = self._running[role].pid
        if pid is not None:
            os.kill(pid, signal.SIGKILL)
        self._running[role].join()

    def kill_and_start(self, role: Role) -> None:
        """End it where it stands, and start it again."""
        self.kill(role)
        self.start(role)


def _work(settings: FleetSettings, role: Role) -> None:
    run(settings, [role], Event())


def settings_for(servers: LocalServers, folder: Path) -> FleetSettings:
    """Settings of a fleet on this machine: short leases, so that a killed worker is soon replaced."""
    return FleetSettings(
        broker=servers.broker,
        redis_url=servers.redis_url,
        shards=("s0",),
        days=folder / "days",
        clock="house",
        limits=IntakeLimits(per_second=1e6, burst=1e6),
        lease_s=1.0,
    )


def await_ingesters(settings: FleetSettings, shards: Sequence[Shard]) -> None:
    """Until the broker keeps messages for the ingesters: until they have refused one of a home that is none."""
    with DurableLink(settings.broker, "fleet-probe") as link:
        while not all(shard.status()["refused"] for shard in shards):
            for shard in shards:
                link.publish(str(HomeTopic(shard.name, "nobody", "house/clock")), b"")
            time.sleep(0.2)


def watch_decisions(redis: Redis, shard: Shard) -> None:
    """Have decisions kept from now on, until somebody has counted them: a group that has read nothing yet."""
    redis.xgroup_create(shard.key(DECISIONS), WITNESS, id="0")


def watched_decisions(shard: Shard) -> Iterator[tuple[bytes, bytes]]:
    """Home and slot of each decision since."""
    while entries := shard.read(DECISIONS, WITNESS, WITNESS, 1000):
        for one in entries:
            yield one.fields[b"home"], one.fields[b"slot"]


def counted(shard: Shard, group: str) -> int:
    """Readings that a group has worked through."""
    return sum(orjson.loads(state)["counted"] for state in shard.homes(group).values())
