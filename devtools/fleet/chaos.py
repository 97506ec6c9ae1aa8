"""`make fleet-chaos`: a fleet whose processes are killed at random, and what that cost; real Redis, real Mosquitto."""

import argparse
import json
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from datetime import timedelta
from pathlib import Path
from threading import Event, Thread

import numpy as np

from devtools.fleet.servers import local_servers
from devtools.fleet.workers import (
    WITNESS,
    Workers,
    await_ingesters,
    counted,
    settings_for,
    watch_decisions,
    watched_decisions,
)
from fleet.addresses import FleetHome
from fleet.run import ROLES, FleetSettings, Role
from fleet.simulate import FleetCourse, FleetPace, play, simulated_fleet
from fleet.streams import Shard, connect, register
from simulator.house.recording import Recording
from transport.mqtt import BrokerAddress

_READINGS_A_STEP = 8
Fleet = list[tuple[FleetHome, Recording]]
_NOTHING_CHANGES_S = 300.0


@dataclass(frozen=True, slots=True)
class Outcome:
    """What was sent, what arrived in which group, and what was decided.

    A group counts a reading that is newer than its sensor's last: one that is lost, or overtaken, is missing.
    """

    readings: int
    counted_by_plan: int
    counted_by_archive: int
    decided: int
    expected: int
    decided_twice: int
    commands_obeyed: int
    kills: dict[str, int]
    seconds: float

    @property
    def well(self) -> bool:
        """Nothing lost, nothing overtaken, nothing decided twice or not at all."""
        whole = self.readings == self.counted_by_plan == self.counted_by_archive
        return whole and self.decided == self.expected and not self.decided_twice


def play_chaos(settings: FleetSettings, *, homes: int, readings: int, kills: int, seed: int = 1) -> Outcome:
    """Play simulated homes while processes are killed, each role in turn, and count when all is worked through."""
    began = time.monotonic()
    redis = connect(settings.redis_url)
    steps = max(readings // (homes * _READINGS_A_STEP), 1)
    step = timedelta(seconds=20)
    days = -(-steps * step // timedelta(days=1))
    fleet = simulated_fleet(homes, shards=settings.shards, days=days, seed=seed)
    register(redis, [home for home, _ in fleet])
    shards = [Shard(redis, name) for name in settings.shards]
    for shard in shards:
        watch_decisions(redis, shard)
    with Workers(settings) as workers:
        await_ingesters(settings, shards)
        played = FleetCourse()
        player = Thread(target=_play, args=(fleet, settings.broker, FleetPace(None, step, steps), played))
        player.start()
        killed = _kill_at_random(
            workers.kill_and_start, kills, np.random.default_rng(seed), lambda: played.readings / (readings or 1)
        )
        player.join()
        _wait_until_done(shards, played.readings)
    decisions = Counter(key for shard in shards for key in watched_decisions(shard))
    done = {group: sum(counted(shard, group) for shard in shards) for group in ("plan", "archive")}
    return Outcome(
        readings=played.readings,
        counted_by_plan=done["plan"],
        counted_by_archive=done["archive"],
        decided=len(decisions),
        expected=homes * (1 + (steps - 1) * step // timedelta(minutes=15)),
        decided_twice=sum(count > 1 for count in decisions.values()),
        commands_obeyed=played.obeyed,
        kills=dict(killed),
        seconds=round(time.monotonic() - began, 1),
    )


def _play(fleet: Fleet, broker: BrokerAddress, pace: FleetPace, played: FleetCourse) -> None:
    def keep(now: FleetCourse) -> None:
        played.published, played.readings, played.obeyed = now.published, now.readings, now.obeyed

    keep(play(fleet, broker, pace, Event(), progress=keep))


def _kill_at_random(
    kill: Callable[[Role], None], kills: int, rng: np.random.Generator, progress: Callable[[], float]
) -> Counter[str]:
    """Kill at random moments of the play, each role as often as the others."""
    moments = np.sort(rng.uniform(0.05, 0.95, kills))
    killed: Counter[str] = Counter()
    for at, moment in enumerate(moments):
        while progress() < moment:
            time.sleep(0.02)
        role = ROLES[at % len(ROLES)]
        kill(role)
        killed[role] += 1
    return killed


def _wait_until_done(shards: list[Shard], readings: int) -> None:
    """Until both groups have counted all readings and nothing is left to do, or nothing changes for long."""
    last, changed = None, time.monotonic()
    while time.monotonic() - changed < _NOTHING_CHANGES_S:
        groups = [one for shard in shards for name, one in shard.status()["groups"].items() if name != WITNESS]
        done = [sum(counted(shard, group) for shard in shards) for group in ("plan", "archive")]
        if done == [readings, readings] and not any(one["lag"] or one["pending"] for one in groups):
            return
        if (now := (groups, done)) != last:
            last, changed = now, time.monotonic()
        time.sleep(0.2)


def main() -> None:
    """Play, print what came of it as JSON, and fail unless all is well."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--readings", type=int, default=1_000_000)
    parser.add_argument("--homes", type=int, default=100)
    parser.add_argument("--kills", type=int, default=60)
    parser.add_argument("--shards", type=int, default=1)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, local_servers(Path(folder)) as servers:
        settings = settings_for(servers, Path(folder))
        settings = replace(settings, shards=tuple(f"s{at}" for at in range(given.shards)))
        found = play_chaos(settings, homes=given.homes, readings=given.readings, kills=given.kills)
    sys.stdout.write(json.dumps(asdict(found)) + "\n")
    sys.exit(0 if found.well else 1)


if __name__ == "__main__":
    main()
