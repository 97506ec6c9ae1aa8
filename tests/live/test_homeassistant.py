"""That the Home Assistant of these tests is a real one, connected and able to remember."""

import json
import uuid
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from energy.errors import TransportError
from transport.discovery import house_discovery, house_sensors
from transport.mqtt import MqttLink
from transport.payloads import state_json
from transport.topics import Topics

pytestmark = pytest.mark.live


def test_it_takes_up_a_house_that_introduces_itself(estate: Any) -> None:
    topics = Topics(f"probe-{uuid.uuid4().hex[:6]}")
    announced = house_discovery(topics, house_sensors("EUR"))
    with MqttLink(estate.broker, "probe") as link:
        for topic, payload in announced.items():
            link.publish(topic, payload, retain=True, qos=1)
        link.publish(topics.house_status, "online", retain=True, qos=1)
        now = datetime.now(UTC)
        names = {json.loads(payload)["unique_id"] for payload in announced.values()}
        assert len(names) == 15
        api = estate.homeassistant.api
        api.await_states(lambda states: f"sensor.house_{topics.home.replace('-', '_')}_battery_charge" in states)
        link.publish(topics.sensor("battery_soc"), state_json(41.5, "%", now), retain=True, qos=1)
        api.await_state(f"sensor.house_{topics.home.replace('-', '_')}_battery_charge", "41.5")
        for topic in announced:
            link.publish(topic, "", retain=True, qos=1)
        api.await_states(lambda states: not any(topics.home.replace("-", "_") in name for name in states))


def test_it_refuses_a_wrong_token_and_a_second_broker(estate: Any) -> None:
    api = estate.homeassistant.api
    with pytest.raises(TransportError, match="refuses the token"):
        replace(api, token="wrong").command("get_config")
    with pytest.raises(TransportError, match="single_instance_allowed"):
        api.add_mqtt(estate.broker)
