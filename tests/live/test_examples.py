"""The two further examples of the blueprint, word for word, each driving its kind of inverter in a real Home Assistant.

The inverters' entities are MQTT ones, named as the examples name them; an automation of each inverter's own turns them
into what its battery does.
"""

import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from advisor.ha_local import LocalHomeAssistant

pytestmark = pytest.mark.live

SHIPPED = Path(__file__).parent.parent.parent / "deploy" / "homeassistant"
_FIRMWARE = """\
automation: !include automations.yaml
automation inverter:
  - id: the_inverter
    alias: The inverter
    mode: queued
    trigger:
      - platform: state
        entity_id: [{entities}]
    action:
      - service: mqtt.publish
        data:
          topic: energy_advisor/behind-my-home/battery/command
          payload: >-
            {{% set at = now() %}}
            {{% set end, begun = (at + timedelta(hours=20)).isoformat(), (at - timedelta(minutes=5)).isoformat() %}}
            {levels}
            {{% set slot = {{'start': begun, 'end': end, 'charge_to_soc': target, 'reserve_soc': reserve}} %}}
            {{{{ {{'kind': 'battery', 'decision_id': 'inverter-' ~ as_timestamp(at), 'valid_from': at.isoformat(),
                'valid_until': end, 'mode': 'self_consumption', 'reason_code': 'inverter', 'reason': 'inverter',
                'slots': [slot]}} | to_json }}}}
mqtt:
{mqtt}
"""


@dataclass(frozen=True)
class Inverter:
    """A kind of inverter: its entities, what its firmware makes of them, and what they show while it charges or not."""

    example: str
    entities: tuple[str, ...]
    levels: str
    mqtt: str
    charging: dict[str, str]
    resting: dict[str, str]

    @property
    def settings(self) -> str:
        return _FIRMWARE.format(entities=", ".join(self.entities), levels=self.levels, mqtt=self.mqtt)


SWITCHED = Inverter(
    example="grid-charge-switch",
    entities=("switch.inverter_grid_charging", "number.inverter_charge_limit", "number.inverter_discharge_floor"),
    levels="""{% set floor = states('number.inverter_discharge_floor') | float(10) / 100 %}
            {% set limit = states('number.inverter_charge_limit') | float(0) / 100 %}
            {% set target = limit if is_state('switch.inverter_grid_charging', 'on') else 0 %}
            {% set reserve = [floor, target] | max %}""",
    mqtt="""\
  switch:
    - {name: Inverter grid charging, unique_id: inv_switch, command_topic: inverter/grid_charging}
  number:
    - {name: Inverter charge limit, unique_id: inv_limit, command_topic: inverter/limit, min: 0, max: 100}
    - {name: Inverter discharge floor, unique_id: inv_floor, command_topic: inverter/floor, min: 10, max: 100}
""",
    charging={"switch.inverter_grid_charging": "on"},
    resting={"switch.inverter_grid_charging": "off"},
)
POWERED = Inverter(
    example="power-set-point",
    entities=("select.inverter_control", "number.inverter_power_set_point"),
    levels="""{% set power = states('number.inverter_power_set_point') | float(0) %}
            {% set remote = is_state('select.inverter_control', 'Remote') %}
            {% set target = 1.0 if remote and power > 0 else 0 %}
            {% set reserve = 1.0 if remote and power >= 0 else 0.1 %}""",
    mqtt="""\
  select:
    - {name: Inverter control, unique_id: inv_select, command_topic: inverter/control, options: [Automatic, Remote]}
  number:
    - {name: Inverter power set point, unique_id: inv_power, command_topic: inverter/power, min: -5000, max: 5000}
""",
    charging={"select.inverter_control": "Remote", "number.inverter_power_set_point": "3000"},
    resting={"number.inverter_power_set_point": "0"},
)


@pytest.fixture(scope="module", params=[SWITCHED, POWERED], ids=lambda kind: kind.example)
def driven(
    request: pytest.FixtureRequest, drive: Callable[..., AbstractContextManager[Any]], tmp_path_factory: Any
) -> Iterator[tuple[Any, Inverter]]:
    kind: Inverter = request.param
    folder: Path = tmp_path_factory.mktemp(kind.example)
    shutil.copytree(SHIPPED / "blueprints", folder / "homeassistant" / "blueprints")

    def take_up(homeassistant: LocalHomeAssistant) -> None:
        homeassistant.api.await_states(lambda states: set(kind.entities) <= set(states), timeout_s=20)
        shutil.copy(SHIPPED / "examples" / f"{kind.example}.yaml", homeassistant.folder / "automations.yaml")
        homeassistant.api.act("automation.reload")
        homeassistant.api.await_state("automation.energy_advisor_drives_the_inverter", "on")

    with drive(folder, "my-home", prepared=take_up, more=kind.settings) as driven:
        yield driven, kind


def show(states: dict[str, dict[str, Any]], wanted: dict[str, str]) -> bool:
    return all(states[entity]["state"].removesuffix(".0") == value for entity, value in wanted.items())


def test_an_example_charges_the_battery_when_the_advisor_decides_and_lets_it_rest(driven: tuple[Any, Inverter]) -> None:
    house, kind = driven
    api = house.homeassistant.api
    api.await_state("sensor.energy_advisor_my_home_mode", "charge", timeout_s=60)
    api.await_states(lambda states: show(states, kind.charging), timeout_s=15)
    house.await_battery(lambda power: power < -0.5)
    api.await_state("binary_sensor.energy_advisor_my_home_in_control", "on")
    assert api.state("binary_sensor.energy_advisor_my_home_command_problem") == "off"
    api.act("switch.turn_off", entity_id="switch.energy_advisor_my_home_grid_charging")
    api.await_states(lambda states: show(states, kind.resting), timeout_s=15)
    house.await_battery(lambda power: power > -0.01)


def test_home_assistant_says_nothing_against_the_example(driven: tuple[Any, Inverter]) -> None:
    lines = driven[0].homeassistant.log().splitlines()
    words = ("automation", "blueprint", "mqtt", "template", "energy_advisor")
    assert [line for line in lines if any(word in line.lower() for word in words)] == []
