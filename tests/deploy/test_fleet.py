"""The fleet's deployment files with real Mosquittos: a site bridges in, and writes for nobody else."""

import json
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
import yaml

from tests.conftest import StartMosquitto, free_port, missing
from tests.deploy.test_files import against_the_schema
from transport.durable import DurableLink
from transport.mqtt import BrokerAddress, BrokerTls, MqttLink

FLEET = Path(__file__).parent.parent.parent / "deploy" / "fleet"
USERS = ("fleet.ingester", "fleet.planner", "ada", "eve")
SECRETS = {"./fleet/passwords", "./fleet/certs"}
SECRET = "of-the-test"  # noqa: S105 (of servers that end with the test)


def without(lines: str, *beginnings: str) -> str:
    return "\n".join(line for line in lines.splitlines() if not line.startswith(beginnings))


def as_who_starts_it() -> str:
    """Mosquitto would give up root and could then read nothing of the test's."""
    return "\nuser root" if os.getuid() == 0 else ""


@dataclass(frozen=True, slots=True)
class Central:
    """The fleet's broker: one listener for its own programs, one for sites."""

    inside: BrokerAddress
    sites: BrokerAddress

    def login(self, user: str) -> BrokerAddress:
        """Where a user connects, and as whom."""
        return replace(self.inside if user.startswith("fleet.") else self.sites, username=user, password=SECRET)


def certificate(folder: Path) -> None:
    """A certificate of its own authority, as `deploy/fleet/certs` has one."""
    if (openssl := shutil.which("openssl")) is None:
        missing("openssl is not installed: apt-get install openssl")
    request = "req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=127.0.0.1 -addext subjectAltName=IP:127.0.0.1"
    files = ("-keyout", folder / "server.key", "-out", folder / "server.crt")
    subprocess.run([openssl, *request.split(), *files], check=True, capture_output=True, timeout=60)


@pytest.fixture
def central(start_mosquitto: StartMosquitto, tmp_path: Path) -> Iterator[Central]:
    """The fleet's broker as shipped, with some users; its paths and ports are the test's."""
    passwords, acl = tmp_path / "passwords", tmp_path / "acl"
    passwords.touch(mode=0o600)
    acl.write_text((FLEET / "acl").read_text(encoding="utf-8"), encoding="utf-8")
    acl.chmod(0o600)
    for user in USERS:
        subprocess.run(["mosquitto_passwd", "-b", passwords, user, SECRET], check=True, timeout=10)
    certificate(tmp_path)
    port = free_port()
    settings = without((FLEET / "mosquitto.conf").read_text(encoding="utf-8"), "listener 1883", "persistence")
    for shipped, here in (
        ("listener 8883", f"listener {port} 127.0.0.1"),
        ("/mosquitto/config/", f"{tmp_path}/"),
        ("/mosquitto/certs/", f"{tmp_path}/"),
    ):
        settings = settings.replace(shipped, here)
    with start_mosquitto(tmp_path, 0, settings + as_who_starts_it()) as address:
        yield Central(address, BrokerAddress("127.0.0.1", port, tls=BrokerTls(tmp_path / "server.crt")))


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


def test_a_site_writes_for_its_own_home_and_for_no_other(central: Central) -> None:
    with ExitStack() as open_links:
        ingester, ada = (
            open_links.enter_context(DurableLink(central.login(user), f"test-{user}", *filters))
            for user, *filters in (("fleet.ingester", "fleet/s0/+/house/+"), ("ada",))
        )
        subscribed(ingester, ada, "fleet/s0/ada/house/load_power")
        for topic, payload in (
            ("fleet/s0/ada/house/load_power", b"forged"),
            ("fleet/s0/ada/battery/command", b"forged"),
            ("fleet/s0/eve/battery/command", b"forged"),
            ("fleet/s0/ada/house/x/y", b"forged"),
            ("fleet/s0/eve/house/load_power", b"own"),
        ):
            # A link for each: the broker ends a connection that writes what it may not.
            with DurableLink(central.login("eve"), "test-eve") as eve:
                eve.publish(topic, payload)
                assert eve.flush(60)
        while (first := ingester.take(1, 60)) and first[0].payload == b"probe":
            continue
        assert [(one.topic, one.payload) for one in first] == [("fleet/s0/eve/house/load_power", b"own")]


def test_a_site_cannot_wipe_what_waits_for_the_ingester(central: Central) -> None:
    """It connects under the ingester's client id and asks for a clean session."""
    session = ("fleet-ingester-s0", "fleet/s0/+/house/+")
    with DurableLink(central.login("fleet.ingester"), *session):
        pass
    with DurableLink(central.login("ada"), "ada") as ada:
        ada.publish("fleet/s0/ada/house/load_power", b"1")
        assert ada.flush(60)
    with DurableLink(central.login("eve"), session[0]):  # without filters its session is clean
        pass
    with DurableLink(central.login("fleet.ingester"), *session) as ingester:
        assert heard(ingester) == ["fleet/s0/ada/house/load_power"]


def test_a_bridged_home_is_heard_and_gets_its_commands(
    central: Central,
    start_mosquitto: StartMosquitto,
    tmp_path: Path,
) -> None:
    bridge = (FLEET / "site-bridge.conf").read_text(encoding="utf-8")
    for name, value in (
        ("FLEET.EXAMPLE:8883", str(central.sites)),
        ("/etc/ssl/certs/ca-certificates.crt", str(tmp_path / "server.crt")),
        ("PASSWORD", SECRET),
        ("SHARD", "s0"),
        ("HOME", "ada"),
    ):
        bridge = bridge.replace(name, value)
    folder = tmp_path / "site"
    folder.mkdir()
    site_settings = "allow_anonymous true\n" + bridge + as_who_starts_it()
    filters = ("fleet/s0/+/house/+",)
    with (
        start_mosquitto(folder, 0, site_settings) as site,
        DurableLink(central.login("fleet.ingester"), "test-ingester", *filters) as ingester,
        DurableLink(central.login("fleet.planner"), "test-planner") as planner,
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
    assert services["mosquitto"]["ports"] == ["8883:8883"]
    mounted = [volume.split(":")[0] for one in services.values() for volume in one.get("volumes", ())]
    shipped = [FLEET.parent / path for path in mounted if path.startswith("./") and path not in SECRETS]
    assert shipped
    assert all(path.is_file() for path in shipped)


@pytest.mark.parametrize("file", [".gitignore", ".dockerignore"])
def test_passwords_and_keys_are_in_neither_the_repository_nor_the_image(file: str) -> None:
    ignored = (FLEET.parent.parent / file).read_text(encoding="utf-8").splitlines()
    assert {f"deploy/{path.removeprefix('./')}" for path in SECRETS} <= {*ignored}
