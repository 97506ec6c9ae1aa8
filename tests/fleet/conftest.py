import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from devtools.fleet_chaos import local_servers, settings_for
from fleet.run import FleetSettings
from fleet.streams import Redis, connect
from tests.conftest import StartMosquitto, missing


@pytest.fixture(scope="module")
def fleet_settings(
    start_mosquitto: StartMosquitto, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[FleetSettings]:
    """A real Mosquitto and a real Redis, and a fleet of one shard on them."""
    assert start_mosquitto is not None  # it skips where there is no Mosquitto
    if shutil.which("redis-server") is None:
        missing("redis-server is not installed: apt-get install redis-server")
    folder = tmp_path_factory.mktemp("fleet")
    with local_servers(folder) as (broker, url):
        yield settings_for(broker, url, folder)


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
