"""Names in Spanish in a real Home Assistant: dashboard, blueprint and doctor find the entities, whatever their ids."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event, Thread
from typing import Any

import pytest
import yaml

from advisor.doctor.homeassistant import check_homeassistant
from advisor.homeassistant.remove import remove_device
from agent.settings import load_settings
from energy.commands import BatteryCommand, Mode, SlotLevels
from ingest.home_file import load_home
from ingest.homeassistant.client import HomeAssistant, HomeAssistantAddress
from tests.live.inverter import MODE, drive
from transport.advisor_discovery import Offer, advisor_discovery
from transport.mqtt import MqttLink
from transport.topics import Topics

pytestmark = pytest.mark.live

TOPICS = Topics("hogar")
OFFER = Offer(currency="EUR", export=True, notes=True, language="es")
HEALTH = {
    "ok": True,
    "problems": [],
    "model_problem": "",
    "command_problem": "",
    "changed_by_hand": "",
    "changed_since": None,
    "respected_until": None,
    "in_control": True,
}
HOME = """\
name = "hogar"
zone = "Europe/Madrid"
pv_peak_kw = 4.0
[battery]
capacity_kwh = 10.0
max_charge_kw = 5.0
max_discharge_kw = 5.0
[tariff]
kind = "flat"
import_price = 0.2
"""


@pytest.fixture
def announced(estate: Any) -> Iterator[dict[str, str]]:
    """The entities that Home Assistant made of the Spanish announcement, by their unique ids."""
    offered = advisor_discovery(TOPICS, OFFER)
    wanted = {json.loads(payload)["unique_id"] for payload in offered.values()}
    with MqttLink(estate.broker, "announcer") as link:
        for topic, payload in offered.items():
            link.publish(topic, payload, retain=True, qos=1)
        link.publish(TOPICS.advisor_status, "online", retain=True, qos=1)
        link.publish(TOPICS.health, json.dumps(HEALTH), retain=True, qos=1)
        estate.homeassistant.api.await_states(lambda _: wanted <= registered(estate).keys())
        yield registered(estate)
        link.publish(TOPICS.advisor_status, "", retain=True, qos=1)
    remove_device(estate.broker, "hogar")


def registered(estate: Any) -> dict[str, str]:
    api = estate.homeassistant.api
    with HomeAssistant(HomeAssistantAddress(api.url, api.token)) as assistant:
        return assistant.mqtt_entities()


@pytest.fixture
def folder(estate: Any, tmp_path: Path) -> Path:
    """Settings of the home, with the token."""
    (tmp_path / "token").write_text(estate.homeassistant.api.token, encoding="ascii")
    (tmp_path / "home.toml").write_text(HOME, encoding="utf-8")
    (tmp_path / "advisor.toml").write_text(
        'home_file = "home.toml"\n[service]\nlanguage = "es"\n'
        f'[homeassistant]\nurl = "{estate.homeassistant.url}"\ntoken_file = "token"\n',
        encoding="utf-8",
    )
    return tmp_path


def test_names_are_spanish_and_the_dashboard_shows_the_entities_that_there_are(
    announced: dict[str, str], folder: Path, estate: Any
) -> None:
    states = estate.homeassistant.api.states()
    mode = announced["energy_advisor_hogar_mode"]
    assert states[mode]["attributes"]["friendly_name"] == "Energy Advisor hogar Modo"
    command = [sys.executable, "-m", "advisor", "ha", "dashboard"]
    printed = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=60, check=False)
    assert (printed.returncode, printed.stderr) == (0, "")
    assert yaml.safe_load(printed.stdout)["views"]
    shown = set(re.findall(r"\b[a-z_]+\.energy_advisor_[a-z0-9_]+", printed.stdout))
    assert len(shown) > 15
    assert shown <= states.keys()


def test_the_doctor_knows_them(announced: dict[str, str], folder: Path) -> None:
    settings = load_settings(folder / "advisor.toml")
    found = check_homeassistant(settings, load_home(folder / "home.toml"), None, now=datetime.now(UTC))
    [discovery] = [one for one in found if one.check == "discovery"]
    assert discovery.level == "ok"
    assert f"{sum('_hogar_' in name for name in announced)} entities of 'hogar'" in discovery.text


def test_the_blueprint_drives_and_lets_go(announced: dict[str, str], estate: Any) -> None:
    api = estate.homeassistant.api
    drive(api, "hogar", in_control=announced["energy_advisor_hogar_in_control"])
    api.await_state(announced["energy_advisor_hogar_in_control"], "on")
    with MqttLink(estate.broker, "advisor-hogar") as link:
        # The automation counts as on before it hears the topic.
        publishing = Thread(target=keep_publishing, args=(link, charge().model_dump_json(), stop := Event()))
        publishing.start()
        try:
            api.await_state(MODE, "Force charge", timeout_s=60)
        finally:
            stop.set()
            publishing.join()
        link.publish(TOPICS.advisor_status, "offline", retain=True, qos=1)
        api.await_state(MODE, "Self use", timeout_s=90)


def keep_publishing(link: MqttLink, command: str, stop: Event) -> None:
    while not stop.wait(1):
        link.publish(TOPICS.command, command, qos=1)


def charge() -> BatteryCommand:
    now = datetime.now(UTC)
    slot = SlotLevels(start=now, end=now + timedelta(hours=1), charge_to_soc=0.8, reserve_soc=0.8)
    return BatteryCommand(
        decision_id="spanish",
        valid_from=now,
        valid_until=slot.end,
        mode=Mode.CHARGE,
        slots=(slot,),
        reason_code="test",
        reason="",
    )
