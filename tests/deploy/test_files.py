"""What stands in deploy/ is read by the programs that will read it: as far as that goes without a container engine."""

import re
import runpy
import shutil
import subprocess
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from advisor.homeassistant.dashboard import SPANISH, dashboard
from advisor.setup.files import statestream_text
from agent.settings import load_settings
from energy.errors import SettingsError, TransportError
from transport.advisor_discovery import Offer, advisor_discovery
from transport.mqtt import BrokerAddress, MqttLink
from transport.topics import Topics

ROOT = Path(__file__).parent.parent.parent
DEPLOY = ROOT / "deploy"


def compose() -> dict[str, Any]:
    read: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text(encoding="utf-8"))
    return read


def against_the_schema(compose_file: Path) -> subprocess.CompletedProcess[str]:
    """The Compose Specification's own JSON schema, as check-jsonschema carries it: nothing is fetched."""
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec", str(compose_file)]
    return subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)


def test_compose_follows_its_schema() -> None:
    done = against_the_schema(DEPLOY / "compose.yaml")
    assert done.returncode == 0, done.stdout
    assert {"mosquitto", "homeassistant", "ollama", "advisor", "house"} <= set(compose()["services"])


@pytest.mark.parametrize(
    ("good", "bad", "named"),
    [
        ("restart: unless-stopped", "restrat: always", "'restrat' was unexpected"),
        ("condition: service_healthy", "condition: service_well", "'service_well' is not one of"),
        ("interval: 30s", "interval: [30]", "[30] is not of type 'string'"),
    ],
)
def test_that_check_would_find_a_mistake(tmp_path: Path, good: str, bad: str, named: str) -> None:
    wrong = (DEPLOY / "compose.yaml").read_text(encoding="utf-8").replace(good, bad, 1)
    (tmp_path / "compose.yaml").write_text(wrong, encoding="utf-8")
    done = against_the_schema(tmp_path / "compose.yaml")
    assert done.returncode == 1
    assert named in done.stdout


@pytest.mark.parametrize("name", sorted(compose()["services"]))
def test_durations_are_such_as_compose_reads(name: str) -> None:
    # The schema calls them strings and says no more.
    check = compose()["services"][name].get("healthcheck", {})
    for key in ("interval", "timeout", "start_period"):
        assert re.fullmatch(r"(\d+(h|ms|us|m|s))+", check.get(key, "0s")), key


def test_what_compose_mounts_and_builds_is_there() -> None:
    for name, service in compose()["services"].items():
        for volume in service.get("volumes", []):
            source = volume.split(":")[0]
            assert not source.startswith(".") or (DEPLOY / source).exists(), name
        if "build" in service:
            assert (DEPLOY / service["build"]["context"] / service["build"]["dockerfile"]).is_file()


def test_named_volumes_are_declared() -> None:
    services = compose()["services"].values()
    used = {volume.split(":")[0] for service in services for volume in service.get("volumes", [])}
    assert {name for name in used if not name.startswith(".")} == set(compose()["volumes"])


def test_every_service_that_stays_is_watched_and_only_the_house_is_a_profile() -> None:
    services = compose()["services"]
    staying = {name for name, service in services.items() if service.get("restart")}
    assert {name for name in staying if "healthcheck" not in services[name]} == {"house"}
    assert {name for name, service in services.items() if service.get("profiles")} == {"house", "history"}


def test_no_secret_has_a_default() -> None:
    text = (DEPLOY / "compose.yaml").read_text(encoding="utf-8")
    assert re.findall(r"\$\{MQTT_PASSWORD(?!:\?)", text) == []
    assert "MQTT_PASSWORD=\n" in (DEPLOY / ".env.example").read_text(encoding="utf-8")


def test_the_containers_settings_are_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    environment = compose()["services"]["advisor"]["environment"]
    for name, value in environment.items():
        monkeypatch.setenv(name, re.sub(r"\$\{\w+:-?([^}]*)\}", r"\1", str(value)))
    shutil.copy(ROOT / "advisor.example.toml", tmp_path / "advisor.toml")
    for path in (DEPLOY / "config" / "simulated.toml", tmp_path / "advisor.toml"):
        settings = load_settings(path)
        assert (settings.mqtt.host, settings.mqtt.username, settings.api.host) == ("mosquitto", "advisor", "0.0.0.0")  # noqa: S104 (in its container)
        assert settings.memory_dir == Path("/memory")


def test_the_dockerfile_copies_what_there_is() -> None:
    lines = (DEPLOY / "Dockerfile").read_text(encoding="utf-8").splitlines()
    sources = [
        word for line in lines if line.startswith("COPY ") and "--from" not in line for word in line.split()[1:-1]
    ]
    assert sources
    assert all((ROOT / source).exists() for source in sources)


def test_the_health_check_knows_life_from_death() -> None:
    is_alive = runpy.run_path(str(DEPLOY / "alive.py"))["is_alive"]
    assert not is_alive(9)


def test_systemd_takes_the_unit(tmp_path: Path) -> None:
    program = shutil.which("systemd-analyze")
    if program is None:
        pytest.skip("systemd-analyze is not installed")
    unit = tmp_path / "energy-advisor.service"
    text = (DEPLOY / "energy-advisor.service").read_text(encoding="utf-8")
    # The only liberty: a program that exists on this machine, else systemd names its absence.
    unit.write_text(re.sub(r"ExecStart=\S+", "ExecStart=/bin/true", text), encoding="utf-8")
    done = subprocess.run([program, "verify", unit], capture_output=True, text=True, timeout=300, check=False)
    assert (done.returncode, [line for line in done.stderr.splitlines() if "energy-advisor" in line]) == (0, [])


def test_another_start_renews_what_is_ours_and_keeps_what_the_user_edited(
    tmp_path: Path, lay_out_homeassistant: Callable[[Path], None]
) -> None:
    lay_out_homeassistant(tmp_path)
    shipped = {path.relative_to(tmp_path): path.read_bytes() for path in tmp_path.rglob("*.yaml")}
    theirs = {Path("configuration.yaml"), Path("automations.yaml"), Path("packages/energy_advisor.yaml")}
    assert theirs < set(shipped)
    for name in shipped:
        (tmp_path / name).write_text("edited", encoding="utf-8")
    lay_out_homeassistant(tmp_path)
    kept = {name for name in shipped if (tmp_path / name).read_text(encoding="utf-8") == "edited"}
    assert kept == theirs | {Path("scripts.yaml"), Path("scenes.yaml")}


def test_the_package_publishes_as_setup_says() -> None:
    package = yaml.safe_load(
        (DEPLOY / "homeassistant" / "packages" / "energy_advisor.yaml").read_text(encoding="utf-8")
    )
    sensors = package["mqtt_statestream"]["include"]["entities"]
    printed = yaml.safe_load(statestream_text("statestream", sensors))
    assert printed == {
        "mqtt_statestream": package["mqtt_statestream"],
        "automation energy_advisor": package["automation"],
    }


def test_mosquitto_takes_its_file_and_nobody_without_a_password(
    tmp_path: Path, start_deployed_mosquitto: Callable[[Path, str], AbstractContextManager[BrokerAddress]]
) -> None:
    with start_deployed_mosquitto(tmp_path / "mosquitto", "secret") as address:
        with MqttLink(address, "probe") as link:
            link.subscribe("energy_advisor/casa/advisor/greeting")
            link.publish("energy_advisor/casa/advisor/greeting", "hello", qos=1)
            assert (link.receive(5) or pytest.fail("nothing came")).payload == b"hello"
        for stranger in (BrokerAddress(address.host, address.port), replace(address, password="wrong")):
            with pytest.raises(TransportError, match="refuses user"), MqttLink(stranger, "stranger"):
                pass


COMMANDS = (
    "energy_advisor/casa/battery/command",
    "energy_advisor/casa/device/car/command",
    "energy_advisor/casa/house/proceed/set",
)
WRITERS = [
    *((topic, {"advisor"}) for topic in COMMANDS),
    ("energy_advisor/casa/advisor/claim", {"advisor"}),
    ("energy_advisor/casa/advisor/control/acting/set", {"advisor", "homeassistant"}),
    ("energy_advisor/casa/battery/shown", {"homeassistant", "house"}),
    ("energy_advisor/casa/battery/command_state", {"advisor", "homeassistant", "house"}),
    ("energy_advisor/casa/device/car/state", {"advisor", "homeassistant", "house"}),
    ("energy_advisor/casa/battery/garage/command", {"advisor"}),
    ("energy_advisor/casa/battery/garage/shown", {"homeassistant", "house"}),
    ("energy_advisor/casa/battery/garage/command_state", {"homeassistant", "house"}),
    ("energy_advisor/casa/house/battery_soc", {"advisor", "homeassistant", "house"}),
    ("energy_advisor/casa/house/load_power", {"advisor", "homeassistant", "house"}),
    ("statestream/sensor/soc/state", {"homeassistant"}),
    ("homeassistant/sensor/energy_advisor_casa/config", {"advisor", "house"}),
]


def test_commands_come_from_the_advisor_alone(
    tmp_path: Path, start_deployed_mosquitto: Callable[..., AbstractContextManager[BrokerAddress]]
) -> None:
    with (
        start_deployed_mosquitto(tmp_path / "mosquitto", "secret") as address,
        MqttLink(address, "listener") as listener,
    ):
        listener.subscribe("#")
        with MqttLink(replace(address, username="house"), "first") as link:
            # What is published before the broker has taken the subscription is not heard.
            ready = "energy_advisor/casa/house/ready"
            while listener.receive(0.2) is None:
                link.publish(ready, "", qos=1)
        for user in ("advisor", "homeassistant", "house"):
            with MqttLink(replace(address, username=user), f"writer-{user}") as link:
                for topic, _ in WRITERS:
                    link.publish(topic, user, qos=1)
                # The last one is allowed to this user: what came before it was refused or has arrived.
                link.publish(f"energy_advisor/casa/{'advisor' if user == 'advisor' else 'house'}/end", user, qos=1)
                seen: set[str] = set()
                while (message := listener.receive(10)) is not None and not message.topic.endswith("/end"):
                    seen.add(message.topic)
            seen.discard(ready)
            assert seen == {topic for topic, users in WRITERS if user in users}, user


def test_the_dashboard_shows_only_entities_that_the_advisor_has() -> None:
    result = advisor_discovery(Topics("casa-1"), Offer(currency="EUR", export=True, notes=True))
    known = set()
    for topic, payload in result.items():
        title = yaml.safe_load(payload)["name"].lower().replace(" ", "_").replace("-", "_")
        known.add(f"{topic.split('/')[1]}.energy_advisor_casa_1_{title}")
    shown = set(re.findall(r"\b\w+\.energy_advisor_\w+", dashboard("casa-1")))
    assert shown
    assert shown <= known


def test_the_dashboard_speaks_the_households_language_and_shows_several_batteries() -> None:
    english, spanish = (dashboard("casa-1", batteries=("garage",), language=language) for language in ("en", "es"))
    assert "sensor.energy_advisor_casa_1_battery_garage_charge" in english
    said = {language: _texts(yaml.safe_load(text)) for language, text in (("en", english), ("es", spanish))}
    same = said["en"] & said["es"]
    assert same == {"Energy Advisor"}, same
    # Only words differ: the same cards with the same entities.
    entities = [re.findall(r"\b\w+\.energy_advisor_\w+", text) for text in (english, spanish)]
    assert entities[0] == entities[1]
    assert all(text in english for text in SPANISH)


def test_the_dashboard_has_the_entities_as_home_assistant_calls_them() -> None:
    known = {"energy_advisor_casa-1_mode": "sensor.other", "energy_advisor_casa-1_plan": "sensor.my_plan"}
    text = dashboard("casa-1", known=known)
    assert "'sensor.my_plan'" in text
    assert "casa_1_plan'" not in text
    assert "entity: image.energy_advisor_casa_1_plan_picture" in text


def _texts(part: Any) -> set[str]:
    """Every title, name and content of a dashboard, and the quoted words of its templates."""
    if isinstance(part, list):
        return set().union(*map(_texts, part))
    if not isinstance(part, dict):
        return set()
    own = {value for key, value in part.items() if key in {"title", "name"}}
    bare = re.sub(r"{[{%].*?[%}]}|<[^>]*>", "", str(part.get("content", "")), flags=re.DOTALL)
    if re.search(r"[A-Za-z]{4,}", bare):
        own.add(part["content"])
    return own.union(*map(_texts, part.values()))


def test_a_dashboard_for_no_home_is_refused() -> None:
    with pytest.raises(SettingsError, match="'Casa Uno' is not a home's name"):
        dashboard("Casa Uno")
