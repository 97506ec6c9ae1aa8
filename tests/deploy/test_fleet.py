"""The fleet's deployment files with real Mosquittos: a site bridges in, and writes for nobody else."""

import json
import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from tests.conftest import StartMosquitto
from tests.deploy.test_files import against_the_schema
from transport.durable import DurableLink
from transport.mqtt import BrokerAddress, MqttLink

FLEET = Path(__file__).parent.parent.parent / "deploy" / "fleet"
USERS = ("fleet.ingester", "fleet.planner", "ada", "eve")
SECRET = "of-the-test"  # noqa: S105 (of servers that end with the test)


def without(lines: str, *beginnings: str) -> str:
    return "\n".join(line for line in lines.splitlines() if not line.startswith(beginnings))


@pytest.fixture
def central(start_mosquitto: StartMosquitto, tmp_path: Path) -> Iterator[BrokerAddress]:
    """The fleet's broker as shipped, with some users; its paths and its port are the test's."""
    passwords, acl = tmp_path / "passwords", tmp_path / "acl"
    passwords.touch(mode=0o600)
    acl.write_text((FLEET / "acl").read_text(encoding="utf-8"), encoding="utf-8")
    acl.chmod(0o600)
    for user in USERS:
        subprocess.run(["mosquitto_passwd", "-b", passwords, user, SECRET], check=True, timeout=10)
    settings = without((FLEET / "mosquitto.conf").read_text(encoding="utf-8"), "listener", "persistence")
    settings = settings.replace("/mosquitto/config/passwords", str(passwords)).replace(
        "/mosquitto/config/acl", str(acl)
    )
    if os.getuid() == 0:
        settings += "\nuser root"  # Mosquitto would give up root and could then read nothing here
    with start_mosquitto(tmp_path, 0, settings) as address:
        yield address


def login(central: BrokerAddress, user: str) -> BrokerAddress:
    return replace(central, username=user, password=SECRET)


def heard(link: DurableLink, within_s: float = 60.0) -> list[str]:
    """Topics that come until nothing more does, at most so long for the first."""
    topics: list[str] = []
    deadline = time.monotonic() + within_s
    while not topics and time.monotonic() < deadline:
        topics += [one.topic for one in link.take(100, 0.5)]
    return topics + [one.topic for one in link.take(100, 0.5)]


def subscribed(link: DurableLink, probe: DurableLink, topic: str) -> None:
    """Until what `probe` may write comes through."""
    while not link.take(10, 0.3):
        probe.publish(topic, b"probe")


def test_a_site_writes_for_its_own_home_and_for_no_other(central: BrokerAddress) -> None:
    with ExitStack() as open_links:
        ingester, ada, eve = (
            open_links.enter_context(DurableLink(login(central, user), f"test-{user}", *filters))
            for user, *filters in (("fleet.ingester", "fleet/s0/+/house/+"), ("ada",), ("eve",))
        )
        subscribed(ingester, ada, "fleet/s0/ada/house/load_power")
        for topic in (
            "fleet/s0/ada/house/load_power",
            "fleet/s0/ada/battery/command",
            "fleet/s0/eve/battery/command",
            "fleet/s0/ada/house/x/y",
        ):
            eve.publish(topic, b"forged")
        eve.publish("fleet/s0/eve/house/load_power", b"own")
        assert set(heard(ingester)) - {"fleet/s0/ada/house/load_power"} == {"fleet/s0/eve/house/load_power"}
        assert b"forged" not in [one.payload for one in ingester.take(100, 0.5)]


def test_a_bridged_home_is_heard_and_gets_its_commands(
    central: BrokerAddress,
    start_mosquitto: StartMosquitto,
    tmp_path: Path,
) -> None:
    bridge = (FLEET / "site-bridge.conf").read_text(encoding="utf-8")
    for name, value in (
        ("FLEET.EXAMPLE:8883", str(central)),
        ("PASSWORD", SECRET),
        ("SHARD", "s0"),
        ("HOME", "ada"),
    ):
        bridge = bridge.replace(name, value)
    folder = tmp_path / "site"
    folder.mkdir()
    # There is no certificate on loopback.
    site_settings = "allow_anonymous true\n" + without(bridge, "bridge_cafile", "#")
    filters = ("fleet/s0/+/house/+",)
    with (
        start_mosquitto(folder, 0, site_settings) as site,
        DurableLink(login(central, "fleet.ingester"), "test-ingester", *filters) as ingester,
        DurableLink(login(central, "fleet.planner"), "test-planner") as planner,
        MqttLink(site, "test-house") as house,
    ):
        house.subscribe("energy_advisor/ada/battery/command")
        deadline = time.monotonic() + 120
        while not (arrived := ingester.take(10, 0.3)):
            assert time.monotonic() < deadline, "the bridge brings nothing"
            house.publish("energy_advisor/ada/house/load_power", b"1.5", qos=1)
        assert (arrived[0].topic, arrived[0].payload) == ("fleet/s0/ada/house/load_power", b"1.5")
        planner.publish("fleet/s0/ada/battery/command", json.dumps({"for": "ada"}))
        planner.publish("fleet/s0/eve/battery/command", json.dumps({"for": "eve"}))
        command = house.receive(60)
        assert command is not None
        assert (command.topic, json.loads(command.payload)) == ("energy_advisor/ada/battery/command", {"for": "ada"})
        assert house.receive(1) is None


def test_compose_of_the_fleet_follows_the_schema_and_ships_its_files() -> None:
    file = FLEET.parent / "compose.fleet.yaml"
    done = against_the_schema(file)
    assert done.returncode == 0, done.stdout + done.stderr
    services = yaml.safe_load(file.read_text(encoding="utf-8"))["services"]
    assert set(services) == {"mosquitto", "redis", "chroma", "ingest", "plan", "archive", "page"}
    mounted = [volume.split(":")[0] for one in services.values() for volume in one.get("volumes", ())]
    shipped = [FLEET.parent / path for path in mounted if path.startswith("./") and "passwords" not in path]
    assert shipped
    assert all(path.is_file() for path in shipped)
