import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from devtools.fleet.servers import LocalServers, local_servers
from devtools.fleet.workers import settings_for
from fleet.run import FleetSettings
from fleet.streams import Redis, connect
from tests.conftest import StartMosquitto, missing


@pytest.fixture(scope="module")
def servers(start_mosquitto: StartMosquitto, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalServers]:
    """A real Mosquitto and a real Redis."""
    assert start_mosquitto is not None  # it skips where there is no Mosquitto
    if shutil.which("redis-server") is None:
        missing("redis-server is not installed: apt-get install redis-server")
    with local_servers(tmp_path_factory.mktemp("servers")) as found:
        yield found


@pytest.fixture(scope="module")
def fleet_settings(servers: LocalServers, tmp_path_factory: pytest.TempPathFactory) -> FleetSettings:
    """A fleet of one shard on them."""
    return settings_for(servers, tmp_path_factory.mktemp("fleet"))


@pytest.fixture
def redis(fleet_settings: FleetSettings) -> Iterator[Redis]:
    """An empty Redis."""
    connected = connect(fleet_settings.redis_url)
    connected.flushdb()
    yield connected
    connected.close()


@pytest.fixture
def settings(fleet_settings: FleetSettings, redis: Redis, tmp_path: Path) -> FleetSettings:
    """The same fleet, with nothing stored yet."""
    return replace(fleet_settings, days=tmp_path / "days")
