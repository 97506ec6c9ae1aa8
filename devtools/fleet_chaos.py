"""`make fleet-chaos`: a fleet whose processes are killed at random, and what that cost; real Redis, real Mosquitto."""

import argparse
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import timedelta
from multiprocessing import get_context
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from threading import Event, Thread

import numpy as np
import orjson
from redis import Redis
from redis.exceptions import BusyLoadingError

from energy.errors import SettingsError
from fleet.addresses import FleetHome, HomeTopic
from fleet.ingester import IntakeLimits
from fleet.run import ROLES, FleetSettings, Role, run
from fleet.simulate import FleetCourse, FleetPace, play, simulated_fleet
from fleet.streams import DECISIONS, Shard, connect, register
from simulator.house.recording import Recording
from transport.durable import DurableLink
from transport.mqtt import BrokerAddress

_PATH = f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin"
_READINGS_A_STEP = 8
Fleet = list[tuple[FleetHome, Recording]]
_WITNESS = "witness"
_OPENS_WITHIN_S, _NOTHING_CHANGES_S = 60.0, 300.0


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
        # Somebody who has read nothing yet: so no decision is trimmed before it is counted.
        redis.xgroup_create(shard.key(DECISIONS), _WITNESS, id="0")
    with _workers(settings) as kill:
        _await_ingesters(settings, shards)
        played = FleetCourse()
        player = Thread(target=_play, args=(fleet, settings.broker, FleetPace(None, step, steps), played))
        player.start()
        killed = _kill_at_random(kill, kills, np.random.default_rng(seed), lambda: played.readings / (readings or 1))
        player.join()
        _wait_until_done(shards, played.readings)
    decisions = Counter(key for shard in shards for key in _decisions(shard))
    counted = {group: sum(_counted(shard, group) for shard in shards) for group in ("plan", "archive")}
    return Outcome(
        readings=played.readings,
        counted_by_plan=counted["plan"],
        counted_by_archive=counted["archive"],
        decided=len(decisions),
        expected=homes * (1 + (steps - 1) * step // timedelta(minutes=15)),
        decided_twice=sum(count > 1 for count in decisions.values()),
        commands_obeyed=played.obeyed,
        kills=dict(killed),
        seconds=round(time.monotonic() - began, 1),
    )


def _play(fleet: Fleet, broker: BrokerAddress, pace: FleetPace, played: FleetCourse) -> None:
    def heard(now: FleetCourse) -> None:
        played.published, played.readings, played.obeyed = now.published, now.readings, now.obeyed

    heard(play(fleet, broker, pace, Event(), progress=heard))


@contextmanager
def _workers(settings: FleetSettings) -> Iterator[Callable[[Role], None]]:
    """One process for each role; gives what kills one and starts it again."""
    context = get_context("forkserver")
    context.set_forkserver_preload(["fleet.run"])
    running: dict[Role, ForkServerProcess] = {}

    def start(role: Role) -> None:
        running[role] = context.Process(target=_work, args=(settings, role), daemon=True)
        running[role].start()

    def kill(role: Role) -> None:
        pid = running[role].pid
        if pid is not None:
            os.kill(pid, signal.SIGKILL)
        running[role].join()
        start(role)

    for role in ROLES:
        start(role)
    try:
        yield kill
    finally:
        for process in running.values():
            process.kill()
            process.join()


def _work(settings: FleetSettings, role: Role) -> None:
    run(settings, [role], Event())


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


def _await_ingesters(settings: FleetSettings, shards: list[Shard]) -> None:
    """Until the broker keeps messages for the ingesters: until they have refused one of a home that is none."""
    with DurableLink(settings.broker, "fleet-probe") as link:
        while not all(shard.status()["refused"] for shard in shards):
            for shard in shards:
                link.publish(str(HomeTopic(shard.name, "nobody", "house/clock")), b"")
            time.sleep(0.2)


def _wait_until_done(shards: list[Shard], readings: int) -> None:
    """Until both groups have counted all readings and nothing is left to do, or nothing changes for long."""
    last, changed = None, time.monotonic()
    while time.monotonic() - changed < _NOTHING_CHANGES_S:
        groups = [one for shard in shards for name, one in shard.status()["groups"].items() if name != _WITNESS]
        counted = [sum(_counted(shard, group) for shard in shards) for group in ("plan", "archive")]
        if counted == [readings, readings] and not any(one["lag"] or one["pending"] for one in groups):
            return
        if (now := (groups, counted)) != last:
            last, changed = now, time.monotonic()
        time.sleep(0.2)


def _decisions(shard: Shard) -> Iterator[tuple[bytes, bytes]]:
    while entries := shard.read(DECISIONS, _WITNESS, _WITNESS, 1000):
        for one in entries:
            yield one.fields[b"home"], one.fields[b"slot"]


def _counted(shard: Shard, group: str) -> int:
    return sum(orjson.loads(state)["counted"] for state in shard.homes(group).values())


@contextmanager
def local_servers(folder: Path) -> Iterator[tuple[BrokerAddress, str]]:
    """A Mosquitto with the fleet's own settings but for passwords, and a Redis that forgets nothing; on free ports.

    Raises:
        SettingsError: one of them is not installed.
    """
    mqtt_port, redis_port = _free_port(), _free_port()
    conf = folder / "mosquitto.conf"
    conf.write_text(
        f"listener {mqtt_port} 127.0.0.1\nallow_anonymous true\nmax_inflight_messages 1000\nmax_queued_messages 0\n",
        encoding="utf-8",
    )
    with _server(["mosquitto", "-c", str(conf)], mqtt_port), redis_server(folder, redis_port):
        yield BrokerAddress("127.0.0.1", mqtt_port), f"redis://127.0.0.1:{redis_port}/0"


@contextmanager
def redis_server(folder: Path, port: int) -> Iterator[subprocess.Popen[bytes]]:
    """A Redis that writes down in the folder what it is given before it says so.

    Raises:
        SettingsError: it is not installed.
    """
    command = ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--dir", str(folder)]
    with _server([*command, "--save", "", "--appendonly", "yes"], port) as process, Redis(port=port) as client:
        while not _has_loaded(client):
            time.sleep(0.02)
        yield process


def _has_loaded(client: Redis) -> bool:
    """Whether it has read what it had written down; it answers before that, but only this."""
    try:
        return bool(client.ping())
    except BusyLoadingError:
        return False


@contextmanager
def _server(command: list[str], port: int) -> Iterator[subprocess.Popen[bytes]]:
    program = shutil.which(command[0], path=_PATH)
    if program is None:
        raise SettingsError(f"{command[0]} is not installed: apt-get install {command[0]}")
    with subprocess.Popen([program, *command[1:]], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:  # noqa: S603 (our own command)
        try:
            deadline = time.monotonic() + _OPENS_WITHIN_S
            while not _answers(port) and time.monotonic() < deadline:
                time.sleep(0.02)
            yield process
        finally:
            process.terminate()


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def settings_for(broker: BrokerAddress, redis_url: str, folder: Path) -> FleetSettings:
    """Settings of a fleet on this machine: short leases, so that a killed worker is soon replaced."""
    return FleetSettings(
        broker=broker,
        redis_url=redis_url,
        shards=("s0",),
        days=folder / "days",
        clock="house",
        limits=IntakeLimits(per_second=1e6, burst=1e6),
        lease_s=1.0,
    )


def main() -> None:
    """Play, print what came of it as JSON, and fail unless all is well."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--readings", type=int, default=1_000_000)
    parser.add_argument("--homes", type=int, default=100)
    parser.add_argument("--kills", type=int, default=60)
    parser.add_argument("--shards", type=int, default=1)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, local_servers(Path(folder)) as (broker, url):
        settings = settings_for(broker, url, Path(folder))
        settings = replace(settings, shards=tuple(f"s{at}" for at in range(given.shards)))
        found = play_chaos(settings, homes=given.homes, readings=given.readings, kills=given.kills)
    sys.stdout.write(json.dumps(asdict(found)) + "\n")
    sys.exit(0 if found.well else 1)


if __name__ == "__main__":
    main()
