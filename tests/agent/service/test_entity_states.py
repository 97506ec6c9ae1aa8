"""States that do not come over MQTT are asked of Home Assistant, and only those."""

import time
from dataclasses import dataclass
from types import TracebackType
from typing import Self

import pytest

from agent.service.entity_states import EntityStates, entity_of
from energy.errors import TransportError
from ingest.homeassistant.client import HomeAssistantAddress
from transport.mqtt import Message

SOC = "statestream/sensor/battery_soc/state"


@pytest.mark.parametrize(
    ("topic", "entity"),
    [
        (SOC, "sensor.battery_soc"),
        ("sensor/battery_soc/state", "sensor.battery_soc"),
        ("a/b/input_number/x_1/state", "input_number.x_1"),
        ("zigbee2mqtt/plug", None),
        ("tele/plug/SENSOR", None),
        ("statestream/sensor/battery_soc/unit", None),
    ],
)
def test_topics_of_statestream_name_their_entity(topic: str, entity: str | None) -> None:
    assert entity_of(topic) == entity


@dataclass
class FakeState:
    state: str


class FakeHomeAssistant:
    """Fails at first, as after a restart, and then knows a charge."""

    asked = 0

    def __init__(self, _address: HomeAssistantAddress) -> None:
        pass

    def __enter__(self) -> Self:
        type(self).asked += 1
        if self.asked == 1:
            raise TransportError("it is still starting")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    def states(self) -> dict[str, FakeState]:
        return {"sensor.battery_soc": FakeState("55"), "sensor.other": FakeState("1")}


def test_what_is_wanted_is_asked_for_until_it_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("agent.service.entity_states.HomeAssistant", FakeHomeAssistant)
    with EntityStates(HomeAssistantAddress("http://127.0.0.1:1", "t"), every_s=0.01) as states:
        time.sleep(0.1)
        assert FakeHomeAssistant.asked == 0
        states.want([SOC, "zigbee2mqtt/plug"])
        deadline = time.monotonic() + 30
        found: list[Message] = []
        while not found and time.monotonic() < deadline:
            found = states.collect()
            time.sleep(0.01)
        states.want([])
    assert found[0] == Message(SOC, b"55")
