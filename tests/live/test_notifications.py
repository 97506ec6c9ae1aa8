"""The blueprint of notifications in a real Home Assistant: it says what was switched on, no more."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, tzinfo
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from devtools.homeassistant_api import HomeAssistantApi
from transport.advisor_discovery import Offer, advisor_discovery
from transport.mqtt import MqttLink
from transport.topics import Topics

pytestmark = pytest.mark.live

BLUEPRINT = Path(__file__).parents[2] / "deploy/homeassistant/blueprints/automation/energy_advisor/notifications.yaml"
TOPICS = Topics("notified")
PREFIX = "energy_advisor_notified"
SAID = "notified/said"
SWITCHED_ON = ("battery_empty", "cheap_hours", "problem", "plan_changed", "monthly")


def plan(charges: list[float], modes: list[str], zone: tzinfo = UTC) -> str:
    """Half-hours from the last full hour on, the most expensive first."""
    start = datetime.now(zone).replace(minute=0, second=0, microsecond=0)
    slots = [
        {
            "start": (start + at * timedelta(minutes=30)).isoformat(timespec="minutes"),
            "mode": mode,
            "charge": charge,
            "price": 0.5 - at / 1000,
        }
        for at, (charge, mode) in enumerate(zip(charges, modes, strict=True))
    ]
    return json.dumps({"summary": "hold until 07:00", "next_change": None, "slots": slots})


def health(*problems: str) -> str:
    return json.dumps(
        {
            "ok": not problems,
            "problems": problems,
            "model_problem": "",
            "command_problem": "",
            "changed_by_hand": "",
            "changed_since": None,
            "respected_until": None,
            "in_control": True,
        }
    )


def automation(switched_on: tuple[str, ...], **more: Any) -> dict[str, Any]:
    said = {"topic": SAID, "payload": "{{ title }}: {{ message }}"}
    given = {
        "plan": f"sensor.{PREFIX}_plan",
        "data_problem": f"binary_sensor.{PREFIX}_data_problem",
        "saved_this_month": f"sensor.{PREFIX}_saved_this_month",
        "notify": [{"service": "mqtt.publish", "data": said}],
        "problem_minutes": 0,
        **dict.fromkeys(switched_on, True),
        **more,
    }
    return {"use_blueprint": {"path": "energy_advisor/notifications.yaml", "input": given}}


@pytest.fixture(scope="module")
def advised(estate: Any) -> Iterator[tuple[HomeAssistantApi, MqttLink]]:
    """An advisor's entities in Home Assistant, with no advisor behind them."""
    api = estate.homeassistant.api
    yaml = BLUEPRINT.read_text(encoding="utf-8")
    api.command("blueprint/save", domain="automation", path="energy_advisor/notifications.yaml", yaml=yaml)
    with MqttLink(estate.broker, "stand-in") as link:
        link.subscribe(SAID)
        announced = advisor_discovery(TOPICS, Offer(currency="EUR"))
        for topic, payload in announced.items():
            link.publish(topic, payload, retain=True, qos=1)
        link.publish(TOPICS.advisor_status, "online", retain=True, qos=1)
        api.await_state(f"sensor.{PREFIX}_plan", "unavailable", timeout_s=60)
        yield api, link
        for topic in (*announced, TOPICS.advisor_status, TOPICS.plan, TOPICS.health):
            link.publish(topic, "", retain=True, qos=1)


def next_said(link: MqttLink, seconds: float = 20) -> str:
    message = link.receive(seconds)
    return message.payload.decode() if message else ""


def test_what_was_switched_on_is_said_once_and_nothing_else(advised: tuple[HomeAssistantApi, MqttLink]) -> None:
    api, link = advised
    api.configure_automation("quiet", alias="Quiet", **automation(()))
    api.configure_automation("loud", alias="Loud", **automation(SWITCHED_ON, language="es"))
    api.await_state("automation.loud", "on")
    link.publish(TOPICS.health, health(), retain=True, qos=1)
    full = [80.0] * 96
    link.publish(TOPICS.plan, plan(full, ["self_consumption"] * 96), retain=True, qos=1)
    api.await_state(f"sensor.{PREFIX}_plan", "hold until 07:00")
    link.publish(TOPICS.plan, plan([80.0, 60.0, 5.0] + [80.0] * 93, ["self_consumption"] * 96), retain=True, qos=1)
    assert next_said(link).startswith("Batería: Según el plan, la batería estará vacía a las ")
    link.publish(
        TOPICS.plan, plan([80.0, 60.0, 5.0] + [80.0] * 93, ["hold"] * 8 + ["self_consumption"] * 88), retain=True, qos=1
    )
    assert next_said(link) == "Nuevo plan: El plan ha cambiado en 4 horas: hold until 07:00."
    link.publish(TOPICS.health, health("load_power: no reading for 20 min"), retain=True, qos=1)
    assert next_said(link) == "Problema con los datos: load_power: no reading for 20 min"
    assert next_said(link, 2) == ""


def test_the_cheap_hours_of_tomorrow_are_local_hours(advised: tuple[HomeAssistantApi, MqttLink]) -> None:
    api, link = advised
    zone = ZoneInfo(api.command("get_config")["time_zone"])
    link.publish(TOPICS.plan, plan([80.0] * 96, ["self_consumption"] * 96, zone), retain=True, qos=1)
    api.await_state(f"sensor.{PREFIX}_plan", "hold until 07:00")
    soon = datetime.now(zone) + timedelta(seconds=6)
    api.configure_automation(
        "evening", alias="Evening", **automation(("cheap_hours",), evening=f"{soon:%H:%M:%S}", cheap_count=2)
    )
    # Prices fall from slot to slot: the last two full hours of tomorrow are the cheapest.
    assert next_said(link) == "Cheap hours tomorrow: 22:00, 23:00"
