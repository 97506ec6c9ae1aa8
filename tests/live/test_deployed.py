"""deploy/ as a user copies it: broker, Home Assistant, package, dashboard, and each example driving its inverter.

The whole chain of a real home stands: the house is seen through Home Assistant's sensors and its statestream, and is
reached through the entities of an inverter only, whose firmware (here) turns them into what the battery does.
"""

import re
import shutil
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from devtools.local_homeassistant import LocalHomeAssistant
from energy.commands import BatteryCommand, Mode, SlotLevels
from energy.errors import TransportError
from transport.mqtt import BrokerAddress, MqttLink
from transport.topics import Topics

pytestmark = pytest.mark.live

SHIPPED = Path(__file__).parent.parent.parent / "deploy" / "homeassistant"
HOUSE = Topics("behind-inverter")
# `default_config` opens what no test should: Bluetooth, cloud, discovery of the network. These are its quiet parts;
# a package is the place that the shipped configuration.yaml has for what is one's own.
QUIET = {"api": None, "config": None, "energy": None, "frontend": None, "history": None, "logbook": None}
PUBLISHES = "automation.energy_advisor_publish_the_sensors_every_minute"
SENSORS = {"pv_power": "kW", "grid_power": "kW", "battery_power": "kW", "battery_soc": "%"}
# Here the inverter's own wires to its battery are a topic too.
BATTERY_BEHIND = f"\nuser house\ntopic write {HOUSE.command}\n"
INVERTERS: dict[str, dict[str, dict[str, Any]]] = {
    "work-mode": {
        "select.inverter_work_mode": {"options": ["Self use", "Backup", "Force charge", "Force discharge"]},
        "number.inverter_charge_target": {"min": 0, "max": 100},
        "number.inverter_minimum_charge": {"min": 10, "max": 100},
    },
    "grid-charge-switch": {
        "switch.inverter_grid_charging": {},
        "number.inverter_charge_limit": {"min": 0, "max": 100},
        "number.inverter_discharge_floor": {"min": 10, "max": 100},
    },
    "power-set-point": {
        "select.inverter_control": {"options": ["Automatic", "Remote"]},
        "number.inverter_power_set_point": {"min": -5000, "max": 5000},
    },
}
AT_REST = {
    "select.inverter_work_mode": "Self use",
    "switch.inverter_grid_charging": "OFF",
    "select.inverter_control": "Automatic",
    "number.inverter_power_set_point": "0",
}


def levels(pattern: str, shown: dict[str, str]) -> tuple[float, float, float | None]:
    """What an inverter of this pattern does: charge up to, not below, and with how many kW at most."""

    def share(entity: str) -> float:
        return float(shown.get(entity, "10")) / 100

    if pattern == "work-mode":
        mode, floor = shown["select.inverter_work_mode"], share("number.inverter_minimum_charge")
        target = share("number.inverter_charge_target") if mode == "Force charge" else 0.0
        return target, 1.0 if mode == "Backup" else max(floor, target), None
    if pattern == "grid-charge-switch":
        is_on, floor = shown["switch.inverter_grid_charging"] == "ON", share("number.inverter_discharge_floor")
        target = share("number.inverter_charge_limit") if is_on else 0.0
        return target, max(floor, target), None
    is_remote, watts = shown["select.inverter_control"] == "Remote", float(shown["number.inverter_power_set_point"])
    target = 1.0 if is_remote and watts > 0 else 0.0
    return target, 1.0 if is_remote else 0.0, watts / 1000 if target else None


@dataclass
class Inverter:
    """The firmware of three inverters in one: it owns its entities, and moves the battery as one of them says."""

    broker: BrokerAddress
    pattern: str = "work-mode"
    shown: dict[str, str] = field(default_factory=lambda: dict(AT_REST))
    stopped: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        with MqttLink(self.broker, "inverter") as link:
            link.subscribe("inverter/+/+/set")
            for entity, value in self.shown.items():
                link.publish(f"inverter/{entity.replace('.', '/')}/state", value, retain=True, qos=1)
            while not self.stopped.is_set():
                if (message := link.receive(0.2)) is None:
                    continue
                entity = ".".join(message.topic.split("/")[1:3])
                self.shown[entity] = message.payload.decode()
                link.publish(f"inverter/{entity.replace('.', '/')}/state", self.shown[entity], retain=True, qos=1)
                if entity in INVERTERS[self.pattern]:
                    link.publish(HOUSE.command, self._command().model_dump_json(), qos=1)

    def _command(self) -> BatteryCommand:
        now = datetime.now(UTC)
        target, reserve, kw = levels(self.pattern, self.shown)
        slot = SlotLevels(
            start=now - timedelta(minutes=5),
            end=now + timedelta(hours=20),
            charge_to_soc=target,
            reserve_soc=reserve,
            max_charge_kw=kw,
        )
        return BatteryCommand(
            decision_id=f"inverter-{now.timestamp()}",
            valid_from=now,
            valid_until=slot.end,
            reason_code="inverter",
            reason=str(self.shown),
            mode=Mode.SELF_CONSUMPTION,
            slots=(slot,),
        )


def own_package(port: int) -> str:
    """What is this home's own: its port, the sensors that the shipped package names, and its inverters."""
    sensors = [
        {
            "name": name,
            "object_id": name,
            "unique_id": name,
            "state_topic": HOUSE.sensor(name),
            "value_template": "{{ value_json.value }}",
            "unit_of_measurement": unit,
            "device_class": "battery" if unit == "%" else "power",
            "force_update": True,
        }
        for name, unit in SENSORS.items()
    ]
    entities: dict[str, list[dict[str, Any]]] = {"sensor": sensors, "select": [], "number": [], "switch": []}
    for entity, more in ((name, more) for inverter in INVERTERS.values() for name, more in inverter.items()):
        domain, name = entity.split(".")
        topic = f"inverter/{domain}/{name}"
        told = {"name": name, "object_id": name, "unique_id": name, "command_topic": f"{topic}/set"}
        entities[domain].append(told | {"state_topic": f"{topic}/state"} | more)
    web = {"server_host": "127.0.0.1", "server_port": port}
    return yaml.safe_dump(QUIET | {"http": web, "logger": {"default": "warning"}, "mqtt": [entities]})


def copy_as_a_user(config: Path, lay_out_homeassistant: Callable[[Path], None]) -> None:
    """The files of deploy/, where compose.yaml puts them by the command of its own service for it."""
    lay_out_homeassistant(config)
    text = (config / "configuration.yaml").read_text(encoding="utf-8")
    assert text.count("default_config:\n") == 1
    (config / "configuration.yaml").write_text(text.replace("default_config:\n", ""), encoding="utf-8")


@dataclass
class Deployed:
    """Everything of deploy/, running, and the advisor of `my-home` on it."""

    homeassistant: LocalHomeAssistant
    broker: BrokerAddress
    inverter: Inverter
    said_before: str

    def await_battery(self, condition: Callable[[float], bool]) -> None:
        """Wait until the battery's power, discharge positive, is so."""

        def moved(states: dict[str, dict[str, Any]]) -> bool:
            return condition(float(states["sensor.battery_power"]["state"]))

        self.homeassistant.api.await_states(moved, timeout_s=120)


@pytest.fixture(scope="module")
def deployed(
    start_deployed_mosquitto: Callable[..., AbstractContextManager[BrokerAddress]],
    start_homeassistant: Callable[..., AbstractContextManager[LocalHomeAssistant]],
    lay_out_homeassistant: Callable[[Path], None],
    start_behind_inverter: Callable[..., AbstractContextManager[subprocess.Popen[bytes]]],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Deployed]:
    folder = tmp_path_factory.mktemp("deployed")
    config = folder / "homeassistant"
    config.mkdir()
    copy_as_a_user(config, lay_out_homeassistant)
    prepared: Any = start_homeassistant(config)
    (config / "packages" / "own.yaml").write_text(own_package(prepared.port), encoding="utf-8")
    opened = start_deployed_mosquitto(folder / "mosquitto", "chosen-by-the-user", rules=BATTERY_BEHIND)
    with opened as broker, prepared as homeassistant:
        inverter = Inverter(replace(broker, username="house"))
        firmware = threading.Thread(target=inverter.run)
        firmware.start()
        try:
            homeassistant.api.add_mqtt(replace(broker, username="homeassistant"))
            said_before = homeassistant.log()
            homeassistant.restart()  # statestream looks for MQTT once, when Home Assistant starts
            with start_behind_inverter(folder, broker, "my-home", sensors=statestream_sensors(), house_user="house"):
                yield Deployed(homeassistant, broker, inverter, said_before)
        finally:
            inverter.stopped.set()
            firmware.join(5)


def statestream_sensors() -> str:
    """The sections for what the shipped package publishes."""
    sections = [
        f'[sensors.{role}]\ntopic = "statestream/sensor/{role}/state"\nunit = "{unit}"\n'
        for role, unit in SENSORS.items()
    ]
    return "".join([*sections, "[sensors.load_power]\nfrom_balance = true\n"])


def test_the_broker_knows_its_user_and_refuses_a_stranger(deployed: Deployed) -> None:
    stranger = BrokerAddress(deployed.broker.host, deployed.broker.port)
    with pytest.raises(TransportError, match="refuses user None"), MqttLink(stranger, "stranger"):
        pass


def test_the_dashboard_is_there_as_it_is_shipped(deployed: Deployed) -> None:
    shown = deployed.homeassistant.api.command("lovelace/config", url_path="energy-advisor", force=False)
    assert shown == yaml.safe_load((SHIPPED / "dashboard.yaml").read_text(encoding="utf-8"))


def test_statestream_tells_what_the_package_lists(deployed: Deployed) -> None:
    with MqttLink(deployed.broker, "curious") as link:
        link.subscribe("statestream/sensor/+/state")
        heard: dict[str, float] = {}
        deadline = time.monotonic() + 30
        while set(heard) != set(SENSORS) and time.monotonic() < deadline:
            message = link.receive(1)
            if message is not None and message.payload not in {b"unknown", b"unavailable"}:
                heard[message.topic.split("/")[2]] = float(message.payload)
    assert set(heard) == set(SENSORS)


def test_what_a_restart_of_the_broker_left_is_published_over_within_a_minute(deployed: Deployed) -> None:
    topic, began = "statestream/sensor/battery_soc/state", datetime.now(UTC)
    with MqttLink(replace(deployed.broker, username="homeassistant"), "a-restart") as link:
        link.publish(topic, "unavailable", retain=True, qos=1)
    deployed.homeassistant.api.await_states(
        lambda states: last_triggered(states[PUBLISHES]) > began,
        timeout_s=90,
    )
    with MqttLink(deployed.broker, "curious") as link:
        link.subscribe(topic)
        while (message := link.receive(10) or pytest.fail("nothing came")).payload == b"unavailable":
            continue
    assert 0 <= float(message.payload) <= 100


def last_triggered(automation: dict[str, Any]) -> datetime:
    """When it last ran; year 1 for never."""
    at = automation["attributes"].get("last_triggered")
    return datetime.fromisoformat(at) if at else datetime.min.replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("example", "charging", "resting"),
    [
        (
            "work-mode",
            {"select.inverter_work_mode": r"Force charge", "number.inverter_charge_target": r"[3-9]\d|100"},
            {"select.inverter_work_mode": r"Self use|Backup"},
        ),
        (
            "grid-charge-switch",
            {"switch.inverter_grid_charging": "on", "number.inverter_charge_limit": r"[3-9]\d|100"},
            {"switch.inverter_grid_charging": "off"},
        ),
        (
            "power-set-point",
            {"select.inverter_control": "Remote", "number.inverter_power_set_point": "3000"},
            {"number.inverter_power_set_point": "0"},
        ),
    ],
    ids=["select", "switch", "number"],
)
def test_the_example_as_shipped_moves_its_inverter_and_the_battery_follows(
    deployed: Deployed, example: str, charging: dict[str, str], resting: dict[str, str]
) -> None:
    api = deployed.homeassistant.api
    deployed.inverter.pattern = example
    shutil.copy(SHIPPED / "examples" / f"{example}.yaml", deployed.homeassistant.folder / "automations.yaml")
    api.act("automation.reload")
    [automation] = [name for name in api.states() if name.startswith("automation.") and name != PUBLISHES]
    api.await_state(automation, "on")
    api.await_states(lambda states: entity("switch.grid_charging") in states, timeout_s=60)

    api.act("switch.turn_on", entity_id=entity("switch.grid_charging"))
    api.await_state(entity("sensor.mode"), "charge", timeout_s=60)
    api.act("button.press", entity_id=entity("button.decide_now"))
    api.await_states(lambda states: shows(states, charging), timeout_s=90)
    deployed.await_battery(lambda power: power < -0.5)
    api.await_state(entity("binary_sensor.in_control"), "on")
    assert api.state(entity("binary_sensor.command_problem")) == "off"
    assert api.state(entity("binary_sensor.changed_by_hand")) == "off"

    api.act("switch.turn_off", entity_id=entity("switch.grid_charging"))
    api.await_states(lambda states: shows(states, resting), timeout_s=90)
    deployed.await_battery(lambda power: power > -0.01)


def entity(name: str) -> str:
    component, title = name.split(".")
    return f"{component}.energy_advisor_my_home_{title}"


def shows(states: dict[str, dict[str, Any]], wanted: dict[str, str]) -> bool:
    return all(re.fullmatch(pattern, _plain(states[name]["state"])) for name, pattern in wanted.items())


def _plain(state: str) -> str:
    return state.removesuffix(".0")


def test_home_assistant_says_nothing_against_what_it_was_given(deployed: Deployed) -> None:
    words = ("automation", "blueprint", "mqtt", "template", "energy_advisor", "lovelace", "recorder")
    # Before it was given the broker, it says that statestream lacks it, as docs/deploy.md says.
    lines = deployed.homeassistant.log().removeprefix(deployed.said_before).splitlines()
    assert [line for line in lines if any(word in line.lower() for word in words)] == []
