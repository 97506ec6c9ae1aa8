"""Two inverters in a real Home Assistant, each driven by an automation for its own battery, and read back by name."""

import json
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from agent.decision.read_back import ReadBack
from energy.commands import BatteryCommand, Mode, SlotLevels
from tests.live.inverter import FLOOR, MODE, TARGET, drive
from transport.mqtt import MqttLink
from transport.topics import Topics

pytestmark = pytest.mark.live

TOPICS = Topics("pair")
WORK_MODE, WORK_FLOOR, CHARGING = "input_select.work_mode", "input_number.floor", "input_boolean.grid_charging"


def command(mode: Mode, *, charge_to: float = 0.0, reserve: float) -> str:
    now = datetime.now(UTC)
    slot = SlotLevels(start=now, end=now + timedelta(minutes=5), charge_to_soc=charge_to, reserve_soc=reserve)
    return BatteryCommand(
        decision_id="a",
        valid_from=now,
        valid_until=slot.end,
        mode=mode,
        slots=(slot,),
        reason_code="test",
        reason="",
    ).model_dump_json()


def test_each_battery_obeys_its_own_automation_and_says_so_under_its_own_name(estate: Any) -> None:
    api = estate.homeassistant.api
    drive(api, "pair", battery="garage")
    own = {"mode_select": WORK_MODE, "reserve_number": WORK_FLOOR, "charge_switch": CHARGING, "target_number": []}
    drive(api, "pair", battery="cellar", **own)
    with MqttLink(estate.broker, "pair") as link:
        link.subscribe(TOPICS.battery_shown("+"))
        told = {
            "garage": command(Mode.HOLD, reserve=1.0),
            "cellar": command(Mode.CHARGE, charge_to=0.6, reserve=0.6),
        }
        said: dict[str, ReadBack] = {}
        deadline = time.monotonic() + 60
        while len(said) < 2 and time.monotonic() < deadline:
            # Home Assistant subscribes a moment after an automation is on; the advisor repeats itself too.
            for name in told.keys() - said:
                link.publish(TOPICS.battery_command(name), told[name], qos=1)
            while (message := link.receive(3)) is not None:
                if json.loads(message.payload).get("decision_id"):
                    said[TOPICS.battery_named(message.topic) or ""] = ReadBack.model_validate_json(message.payload)
    assert (said["garage"].shown[MODE], float(said["garage"].shown[FLOOR])) == ("Backup", 100)
    assert TARGET not in said["garage"].wanted
    assert (said["cellar"].shown[WORK_MODE], said["cellar"].shown[CHARGING]) == ("Force charge", "on")
    assert float(said["cellar"].shown[WORK_FLOOR]) == 60
    assert MODE not in said["cellar"].wanted
