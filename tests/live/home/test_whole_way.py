"""A user's whole way on a real Home Assistant, by its WebSocket, as one test: from the token to a dead advisor."""

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from agent.settings import load_settings
from ingest.home_file import load_home
from tests.live.conftest import behind_inverter, cheap_now, running
from tests.live.home.conftest import BATTERY, announce
from tests.live.inverter import MODE, TARGET, drive
from transport.mqtt import MqttLink
from transport.topics import Topics

pytestmark = pytest.mark.live

HOUSE = Topics("behind-inverter")
# What each of the house's sensors is called in Home Assistant, and how it counts there.
WIRES = {
    "pv_power": ("pv_power", 1000.0),
    "grid_power": ("grid_power", -1000.0),
    "battery_power": ("battery_power", 1.0),
    "battery_soc": ("battery_level", 1.0),
}
ACTING = '[service]\nacting = "act"\n[policy]\nmin_minutes_between_commands = 0.0\n[model]\nprovider = "none"\n'


@contextmanager
def wired(watched: Any) -> Iterator[None]:
    """The house's meters tell Home Assistant what happens, under the names that its statistics know."""
    stop = threading.Event()

    def tell() -> None:
        with MqttLink(watched.broker, "wires") as link:
            link.subscribe(HOUSE.sensors)
            announced_s = float("-inf")
            while not stop.is_set():
                if time.monotonic() > announced_s + 2:
                    announce(link)  # a broker that starts again has forgotten it
                    announced_s = time.monotonic()
                message = link.receive(0.2)
                role = message.topic.rpartition("/")[2] if message else ""
                if message is not None and role in WIRES:
                    name, factor = WIRES[role]
                    link.publish(f"devices/{name}", str(factor * read_value(message.payload)), retain=True, qos=1)

    thread = threading.Thread(target=tell, daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(5)


def read_value(payload: bytes) -> float:
    return float(json.loads(payload)["value"])


def advisor(folder: Path, watched: Any, *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "advisor", *arguments],
        cwd=folder,
        env=os.environ | {"ADVISOR_MQTT__PASSWORD": watched.broker.password},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def sensor(name: str) -> str:
    component, title = name.split(".")
    return f"{component}.energy_advisor_home_{title}"


def test_from_a_token_to_an_inverter_that_obeys_and_comes_back_whatever_stops(watched: Any, settings_of: Path) -> None:
    # Setup and history: what a user types is the address, the token and the broker; `-rP` shows how long it took.
    began_s = time.monotonic()
    broker = ("--broker", str(watched.broker), "--username", watched.broker.username)
    advisor(
        settings_of, watched, "setup", "--yes", "--url", watched.homeassistant.url, "--token-file", "token", *broker
    )
    told = json.loads(advisor(settings_of, watched, "ingest", "homeassistant", "--json"))
    sys.stdout.write(f"setup and history: {time.monotonic() - began_s:.0f} s\n")
    assert told["added"] >= 21
    settings = load_settings(settings_of / "advisor.toml")
    assert all(not source.topic for source in settings.sensors.values())
    home = cheap_now(load_home(settings_of / "home.toml"))
    (settings_of / "home.json").write_text(home.model_dump_json(), encoding="utf-8")
    text = (settings_of / "advisor.toml").read_text(encoding="utf-8").replace("home.toml", "home.json")
    (settings_of / "advisor.toml").write_text(f"{text}\n{ACTING}\n[api]\nport = 0\n", encoding="utf-8")
    drive(watched.homeassistant.api, "home")
    house = behind_inverter(settings_of, watched.broker, battery=BATTERY)
    service = running(["advisor", "run"], settings_of / "advisor.log", watched.broker)
    with house, wired(watched), service as process:
        obeyed(watched)
        sys.stdout.write(f"from the token to a battery that obeys: {time.monotonic() - began_s:.0f} s\n")
        lived(watched, process)


def battery(watched: Any, condition: Callable[[float], bool]) -> None:
    watched.homeassistant.api.await_states(
        lambda states: condition(_number(states, "sensor.battery_power")), timeout_s=60
    )


def obeyed(watched: Any) -> None:
    api = watched.homeassistant.api
    # The inverter obeys through the blueprint, and the battery follows.
    api.await_state(sensor("sensor.mode"), "charge", timeout_s=120)
    api.await_state(MODE, "Force charge", timeout_s=90)
    api.await_states(
        lambda states: abs(_number(states, TARGET) - _number(states, sensor("sensor.target_charge"))) <= 1, timeout_s=30
    )
    battery(watched, lambda power: power < -0.5)
    api.await_state(sensor("binary_sensor.in_control"), "on", timeout_s=90)


def lived(watched: Any, process: subprocess.Popen[bytes]) -> None:
    api = watched.homeassistant.api
    # Somebody changes the inverter: it is noticed, and left alone until it is given back.
    time.sleep(4)  # the blueprint reads the last change back after three seconds
    api.act("input_select.select_option", entity_id=MODE, option="Self use")
    api.await_state(sensor("binary_sensor.changed_by_hand"), "on", timeout_s=90)
    api.await_state(sensor("binary_sensor.in_control"), "off", timeout_s=90)
    battery(watched, lambda power: power > -0.01)
    api.act("select.select_option", entity_id=sensor("select.acting"), option="advise only")
    api.act("select.select_option", entity_id=sensor("select.acting"), option="act")
    api.await_state(MODE, "Force charge", timeout_s=90)
    # The broker starts again and has forgotten everything, and so does Home Assistant.
    watched.restart_broker()
    watched.homeassistant.restart()
    api.await_state(sensor("binary_sensor.in_control"), "on", timeout_s=90)
    api.await_state(MODE, "Force charge", timeout_s=60)
    battery(watched, lambda power: power < -0.5)
    # The advisor dies without a word: the inverter returns to self-consumption by itself.
    process.kill()
    api.await_state(MODE, "Self use", timeout_s=60)
    battery(watched, lambda power: power > -0.01)


def _number(states: dict[str, dict[str, Any]], entity: str) -> float:
    try:
        return float(states.get(entity, {}).get("state", "nan"))
    except ValueError:
        return float("nan")
