"""A Mosquitto and a Redis of the fleet's own on this machine, on free ports."""

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from redis import Redis
from redis.exceptions import BusyLoadingError

from energy.errors import SettingsError
from transport.mqtt import BrokerAddress

_PATH = f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin"
_OPENS_WITHIN_S = 60.0


@dataclass(frozen=True, slots=True)
class LocalServers:
    """Where they listen, and their processes."""

    broker: BrokerAddress
    redis_url: str
    mosquitto: subprocess.Popen[bytes]
    redis: subprocess.Popen[bytes]


@contextmanager
def local_servers(folder: Path) -> Iterator[LocalServers]:
    """A Mosquitto with the fleet's own settings but for passwords, and a Redis that forgets nothing.

    Raises:
        SettingsError: one of them is not installed.
    """
    mqtt_port, redis_port = free_port(), free_port()
    conf = folder / "mosquitto.conf"
    conf.write_text(
        f"listener {mqtt_port} 127.0.0.1\nallow_anonymous true\nmax_inflight_messages 1000\nmax_queued_messages 0\n",
        encoding="utf-8",
    )
    with (
        _server(["mosquitto", "-c", str(conf)], mqtt_port) as mosquitto,
        redis_server(folder, redis_port) as redis,
    ):
        yield LocalServers(BrokerAddress("127.0.0.1", mqtt_port), f"redis://127.0.0.1:{redis_port}/0", mosquitto, redis)


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


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
