"""`python -m devtools.fleet.load`: a fleet at the pace of real telemetry, each part of it stopped for a minute."""

import argparse
import json
import math
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from datetime import timedelta
from pathlib import Path
from subprocess import Popen
from threading import Event, Thread

from devtools.fleet.servers import LocalServers, local_servers
from devtools.fleet.workers import Workers, await_ingesters, counted, settings_for, watch_decisions, watched_decisions
from fleet.run import ROLES, FleetSettings, Role
from fleet.simulate import FleetCourse, FleetPace, play, simulated_fleet
from fleet.streams import Shard, connect, register

_LOOK_EVERY_S = 1.0
_SETTLES_WITHIN_S = 300.0
Stop = Callable[[], None]


@dataclass(frozen=True, slots=True)
class Stopped:
    """A part that stood still: the most readings that waited then, and seconds from its return until none did."""

    part: str
    seconds: float
    most_behind: int
    caught_up_s: float


@dataclass(frozen=True, slots=True)
class LoadResult:
    """Readings sent and counted by the group that is behind, messages a second, and decisions made of those due."""

    homes: int
    minutes: float
    messages_per_s: float
    readings: int
    counted: int
    decided: int
    decided_twice: int
    due: int
    stopped: list[Stopped] = field(default_factory=list)

    @property
    def well(self) -> bool:
        """Nothing lost, all decided once, and nothing left waiting after any stop."""
        caught_up = all(math.isfinite(one.caught_up_s) for one in self.stopped)
        return self.readings == self.counted and self.decided == self.due and not self.decided_twice and caught_up


class Backlog:
    """Readings that were sent and that the slower of the two groups has not worked through."""

    def __init__(self, shard: Shard, sent: FleetCourse) -> None:
        self._shard, self._sent = shard, sent

    @property
    def counted(self) -> int:
        """Readings that both groups have done with."""
        return min(counted(self._shard, group) for group in ("plan", "archive"))

    def settle(self, timeout_s: float = _SETTLES_WITHIN_S) -> float:
        """Seconds until nothing waits; infinite if that does not come."""
        began = time.monotonic()
        while time.monotonic() - began < timeout_s:
            sent = self._sent.readings
            if self.counted >= sent:
                return round(time.monotonic() - began, 1)
            time.sleep(_LOOK_EVERY_S)
        return math.inf

    @property
    def behind(self) -> int:
        """How many wait."""
        return max(self._sent.readings - self.counted, 0)


def carry(
    servers: LocalServers, settings: FleetSettings, *, homes: int, minutes: float, stop_s: float, speed: float = 1.0
) -> LoadResult:
    """Play simulated homes, a reading of each sensor every 20 s of theirs, and stop each part in turn."""
    redis = connect(settings.redis_url)
    steps = round(minutes * 3 * speed)
    pace = FleetPace(speed, timedelta(seconds=20), steps)
    fleet = simulated_fleet(homes, shards=settings.shards, days=1)
    register(redis, [home for home, _ in fleet])
    shard = Shard(redis, settings.shards[0])
    watch_decisions(redis, shard)
    sent, stopped = FleetCourse(), list[Stopped]()
    backlog = Backlog(shard, sent)
    with Workers(settings) as workers:
        await_ingesters(settings, [shard])
        player = Thread(target=play, args=(fleet, settings.broker, pace, Event()), kwargs={"progress": _into(sent)})
        began = time.monotonic()
        player.start()
        backlog.settle()
        for part, (stop, go_on) in _parts(workers, servers).items():
            if not player.is_alive():
                break
            stopped.append(_stop(part, stop, go_on, backlog, stop_s))
        player.join()
        seconds = time.monotonic() - began
        backlog.settle()
        decided = list(watched_decisions(shard))
    return LoadResult(
        homes=homes,
        minutes=round(seconds / 60, 1),
        messages_per_s=round(sent.published / seconds, 1),
        readings=sent.readings,
        counted=backlog.counted,
        decided=len(decided),
        decided_twice=len(decided) - len(set(decided)),
        due=homes * (1 + (steps - 1) * pace.step // timedelta(minutes=15)),
        stopped=stopped,
    )


def _into(sent: FleetCourse) -> Callable[[FleetCourse], None]:
    def keep(now: FleetCourse) -> None:
        sent.published, sent.readings = now.published, now.readings

    return keep


def _parts(workers: Workers, servers: LocalServers) -> dict[str, tuple[Stop, Stop]]:
    """How each part is stopped and goes on: a role is killed, a server stands still."""

    def killed(role: Role) -> tuple[Stop, Stop]:
        return lambda: workers.kill(role), lambda: workers.start(role)

    def still(process: Popen[bytes]) -> tuple[Stop, Stop]:
        return lambda: process.send_signal(signal.SIGSTOP), lambda: process.send_signal(signal.SIGCONT)

    return {role: killed(role) for role in ROLES} | {
        "Redis": still(servers.redis),
        "broker": still(servers.mosquitto),
    }


def _stop(part: str, stop: Stop, go_on: Stop, backlog: Backlog, stop_s: float) -> Stopped:
    began = time.monotonic()
    stop()
    try:
        time.sleep(stop_s)
    finally:
        go_on()
    return Stopped(part, round(time.monotonic() - began, 1), backlog.behind, backlog.settle())


def main() -> None:
    """Play, print what came of it as JSON, and fail unless all is well."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--homes", type=int, default=1000)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--stop", type=float, default=60.0, help="seconds that each part stands still")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, local_servers(Path(folder)) as servers:
        fleet = settings_for(servers, Path(folder))
        found = carry(servers, fleet, homes=given.homes, minutes=given.minutes, stop_s=given.stop)
    sys.stdout.write(json.dumps(asdict(found)) + "\n")
    sys.exit(0 if found.well else 1)


if __name__ == "__main__":
    main()
