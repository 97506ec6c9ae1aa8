"""The blueprint in a real Home Assistant, by MQTT alone: the advisor moves an inverter's entities, its battery follows.

The house hears nothing of the advisor: between the two stand only Home Assistant's entities, which an automation of the
inverter's own (its firmware, so to say) turns into what the battery does.
"""

import json
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from devtools.local_homeassistant import LocalHomeAssistant
from tests.live.inverter import MODE, TARGET, drive
from transport.mqtt import BrokerAddress, MqttLink

pytestmark = pytest.mark.live

BY_MQTT = "".join(
    f'[sensors.{role}]\ntopic = "energy_advisor/behind-inverter/house/{role}"\npath = "value"\nunit = "{unit}"\n'
    for role, unit in (("load_power", "kW"), ("pv_power", "kW"), ("battery_soc", "%"))
)


@dataclass
class Driven:
    """A home whose inverter only Home Assistant can reach."""

    homeassistant: LocalHomeAssistant
    broker: BrokerAddress
    folder: Path
    advisor: subprocess.Popen[bytes]
    said_before: str

    def battery_kw(self) -> float:
        state = self.homeassistant.api.state("sensor.house_behind_inverter_battery_power")
        return float(state) if state not in {None, "unknown", "unavailable"} else 0.0

    def last_answer(self) -> str:
        with MqttLink(self.broker, "curious") as link:
            link.subscribe("energy_advisor/behind-inverter/battery/command_state")
            message = link.receive(3)
        return message.payload.decode() if message else "the house never heard of a command"

    def await_battery(self, condition: Callable[[float], bool]) -> None:
        deadline = time.monotonic() + 40
        while not condition(power := self.battery_kw()):
            assert time.monotonic() < deadline, f"the battery stays at {power} kW: {self.last_answer()}"
            time.sleep(0.2)


@pytest.fixture(scope="module")
def driven(
    estate: Any,
    start_behind_inverter: Callable[..., AbstractContextManager[subprocess.Popen[bytes]]],
    tmp_path_factory: Any,
) -> Iterator[Driven]:
    folder: Path = tmp_path_factory.mktemp("driven")
    said_before = estate.homeassistant.log()
    drive(estate.homeassistant.api, "driven")
    with start_behind_inverter(folder, estate.broker, "driven", sensors=BY_MQTT) as advisor:
        yield Driven(estate.homeassistant, estate.broker, folder, advisor, said_before)


def sensor(name: str) -> str:
    component, title = name.split(".")
    return f"{component}.energy_advisor_driven_{title}"


def test_the_inverter_does_what_the_advisor_decides_and_the_battery_follows(driven: Driven) -> None:
    api = driven.homeassistant.api
    api.await_state(sensor("sensor.mode"), "charge", timeout_s=150)

    def obeyed(states: dict[str, dict[str, Any]]) -> bool:
        wanted, shown = states[sensor("sensor.target_charge")]["state"], float(states[TARGET]["state"])
        return states[MODE]["state"] == "Force charge" and shown == pytest.approx(float(wanted), abs=1)

    # A slot that begins meanwhile brings another target: what counts is that the inverter follows.
    states = api.await_states(obeyed, timeout_s=90)
    assert float(states[TARGET]["state"]) > 30
    driven.await_battery(lambda power: power < -0.5)
    assert states[sensor("binary_sensor.command_problem")]["state"] == "off"
    api.await_state(sensor("binary_sensor.in_control"), "on")


def test_another_decision_moves_it_on(driven: Driven) -> None:
    api = driven.homeassistant.api
    api.await_state(sensor("switch.grid_charging"), "on", timeout_s=90)
    api.act("switch.turn_off", entity_id=sensor("switch.grid_charging"))
    api.await_states(lambda states: states[MODE]["state"] in {"Self use", "Backup"}, timeout_s=90)
    driven.await_battery(lambda power: power > -0.01)
    api.act("switch.turn_on", entity_id=sensor("switch.grid_charging"))
    api.await_state(MODE, "Force charge", timeout_s=90)


def test_a_change_by_hand_is_noticed_respected_and_reported(driven: Driven) -> None:
    api = driven.homeassistant.api
    api.await_state(MODE, "Force charge", timeout_s=90)
    time.sleep(4)  # the blueprint reads the last change back after three seconds
    api.act("input_select.select_option", entity_id=MODE, option="Self use")
    changed = api.await_state(sensor("binary_sensor.changed_by_hand"), "on", timeout_s=90)
    assert "input_select.inverter_mode was set to 'Self use'" in changed["attributes"]["what"]
    assert changed["attributes"]["respected_until"] is not None
    api.await_state(sensor("binary_sensor.in_control"), "off")
    # The change may have brought a decision already; what counts is that the newest is only advice.
    api.act("button.press", entity_id=sensor("button.decide_now"))

    def advised(states: dict[str, dict[str, Any]]) -> bool:
        seen = states[sensor("sensor.last_decision")]["attributes"]
        return seen.get("outcome") == "advised"

    api.await_states(advised, timeout_s=90)
    assert api.state(MODE) == "Self use"
    assert api.state(sensor("sensor.mode")) == "charge"
    driven.await_battery(lambda power: power > -0.01)


def test_giving_it_back_lets_the_advisor_act_again(driven: Driven) -> None:
    api = driven.homeassistant.api
    api.act("select.select_option", entity_id=sensor("select.acting"), option="advise only")
    api.act("select.select_option", entity_id=sensor("select.acting"), option="act")
    api.await_state(MODE, "Force charge", timeout_s=90)
    api.await_state(sensor("binary_sensor.changed_by_hand"), "off")


def test_home_assistant_says_nothing_against_the_blueprint(driven: Driven) -> None:
    lines = driven.homeassistant.log().removeprefix(driven.said_before).splitlines()
    words = ("automation", "blueprint", "mqtt", "template", "energy_advisor")
    assert [line for line in lines if any(word in line.lower() for word in words)] == []
    assert json.loads((driven.folder / "memory" / "controls.json").read_text())["acting"] == "act"


def test_an_inverter_without_its_advisor_returns_to_self_consumption(driven: Driven) -> None:
    api = driven.homeassistant.api
    api.await_state(sensor("binary_sensor.in_control"), "on", timeout_s=90)
    driven.advisor.terminate()
    driven.advisor.wait(20)
    api.await_state(MODE, "Self use", timeout_s=90)
