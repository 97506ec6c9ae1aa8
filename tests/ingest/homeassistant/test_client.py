import http.server
import logging
import socket
import threading
from pathlib import Path
from typing import Any

import pytest

from energy.errors import SettingsError, TransportError
from ingest.homeassistant import client as homeassistant
from ingest.homeassistant.client import HomeAssistant, HomeAssistantAddress, HomeAssistantSettings, Signed
from ingest.homeassistant.energy_prefs import read_preferences

TOKEN = "eyJ-a-token-nobody-may-see"  # noqa: S105 (of the test)


def test_it_asks_and_reads_past_events(assistant: Any) -> None:
    assistant.answers["get_config"] = {
        "version": "2026.1.0",
        "time_zone": "Europe/Madrid",
        "latitude": 40.4,
        "longitude": -3.7,
        "new_key": 1,
    }
    with HomeAssistant(assistant.address) as asked:
        config = asked.config()
        assert asked.energy_preferences() is None
    assert (config.version, config.time_zone) == ("2026.1.0", "Europe/Madrid")


def test_a_wrong_token_is_told_without_showing_any(assistant: Any, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    wrong = HomeAssistantAddress(assistant.url, "eyJ-wrong")
    with pytest.raises(TransportError, match="refuses the token: make a new one") as caught, HomeAssistant(wrong):
        pass
    with HomeAssistant(assistant.address) as asked:
        asked.energy_preferences()
    for text in (str(caught.value), caplog.text, repr(assistant.address), repr(wrong)):
        assert "eyJ" not in text


def test_a_refused_command_is_told_in_home_assistants_words(assistant: Any) -> None:
    with HomeAssistant(assistant.address) as asked, pytest.raises(TransportError, match="'nonsense': 'Unknown command"):
        asked.command("nonsense")


def test_silence_is_told(assistant: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(homeassistant, "_ANSWER_S", 0.3)
    assistant.deaf_to = "get_config"
    with HomeAssistant(assistant.address) as asked, pytest.raises(TransportError, match=r"does not answer in 0\.3 s"):
        asked.config()


def test_nobody_at_the_address_is_told() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        address = HomeAssistantAddress(f"http://127.0.0.1:{probe.getsockname()[1]}", TOKEN)
        with pytest.raises(TransportError, match="no Home Assistant at"), HomeAssistant(address):
            pass


def test_another_web_server_is_told() -> None:
    with http.server.HTTPServer(("127.0.0.1", 0), Quiet) as server:
        thread = threading.Thread(target=server.handle_request, daemon=True)
        thread.start()
        address = HomeAssistantAddress(f"http://127.0.0.1:{server.server_port}", TOKEN)
        with pytest.raises(TransportError, match="not as Home Assistant"), HomeAssistant(address):
            pass
        thread.join(5)


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None: ...


@pytest.mark.parametrize("url", ["homeassistant.local:8123", "ftp://x", "http://", "http://me:secret@x:8123"])
def test_a_url_that_is_none_is_a_wrong_setting(url: str) -> None:
    with pytest.raises(SettingsError, match="write it like"):
        _ = HomeAssistantAddress(url, TOKEN).websocket


@pytest.mark.parametrize(
    ("url", "websocket"),
    [
        ("http://ha.local:8123/", "ws://ha.local:8123/api/websocket"),
        ("https://home.example/ha", "wss://home.example/ha/api/websocket"),
    ],
)
def test_the_websocket_of_a_url(url: str, websocket: str) -> None:
    assert HomeAssistantAddress(url, TOKEN).websocket == websocket


def test_the_token_comes_from_settings_or_a_file_and_never_shows(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text(f"{TOKEN}\n", encoding="utf-8")
    settings = HomeAssistantSettings(token_file=file)
    assert settings.address().token == TOKEN
    assert TOKEN not in repr(HomeAssistantSettings.model_validate({"token": TOKEN}))
    for content in ("", "two words", "x" * 5000):
        file.write_text(content, encoding="utf-8")
        with pytest.raises(SettingsError, match="must hold the token and nothing else"):
            settings.address()
    file.unlink()
    with pytest.raises(SettingsError, match="cannot be read"):
        settings.address()
    with pytest.raises(SettingsError, match="ADVISOR_HOMEASSISTANT__TOKEN"):
        HomeAssistantSettings().address()


OLD = {
    "energy_sources": [
        {
            "type": "grid",
            "flow_from": [
                {
                    "stat_energy_from": "sensor.in",
                    "stat_cost": None,
                    "entity_energy_price": None,
                    "number_energy_price": 0.25,
                }
            ],
            "flow_to": [
                {"stat_energy_to": "sensor.out", "entity_energy_price": "sensor.feed_in", "number_energy_price": None}
            ],
            "cost_adjustment_day": 0,
        },
        {"type": "solar", "stat_energy_from": "sensor.east", "config_entry_solar_forecast": None},
        {"type": "solar", "stat_energy_from": "sensor.west", "stat_rate": "sensor.west_power"},
        {"type": "battery", "stat_energy_from": "sensor.discharged", "stat_energy_to": "sensor.charged"},
        {"type": "gas", "stat_energy_from": "sensor.gas"},
    ],
    "device_consumption": [{"stat_consumption": "sensor.washer"}],
}
NEW = {
    "energy_sources": [
        {
            "type": "grid",
            "stat_energy_from": "sensor.in",
            "stat_energy_to": "sensor.out",
            "number_energy_price": 0.25,
            "entity_energy_price_export": "sensor.feed_in",
            "stat_rate": "sensor.grid_power",
        },
        *OLD["energy_sources"][1:],  # type: ignore[index]
    ],
}


@pytest.mark.parametrize("text", [OLD, NEW])
def test_the_energy_dashboard_names_roles_and_prices_in_old_and_new_versions(text: dict[str, Any]) -> None:
    result = read_preferences(text)
    assert result.statistics() == {
        "pv_power": Signed(add=("sensor.east", "sensor.west")),
        "grid_power": Signed(add=("sensor.in",), subtract=("sensor.out",)),
        "battery_power": Signed(add=("sensor.discharged",), subtract=("sensor.charged",)),
    }
    assert (result.price("import"), result.price("export")) == (0.25, "sensor.feed_in")
    assert result.power("solar").ids == ("sensor.west_power",)


def test_no_energy_dashboard_names_nothing() -> None:
    assert read_preferences(None).statistics() == {}
