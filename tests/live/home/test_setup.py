"""`advisor setup` against a real Home Assistant: what it finds, what it writes, and that the advisor decides by it."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from advisor.setup.learn import read_days
from agent.settings import load_settings
from ingest.home_file import load_home
from knowledge.store import DayStore
from transport.mqtt import MqttLink
from transport.payloads import PvForecast
from transport.topics import Topics

pytestmark = [pytest.mark.live, pytest.mark.slow]


def environment(watched: Any) -> dict[str, str]:
    return os.environ | {"ADVISOR_MQTT__PASSWORD": watched.broker.password}


def advisor(folder: Path, watched: Any, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "advisor", *arguments],
        cwd=folder,
        env=environment(watched),
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def set_up(folder: Path, watched: Any, *more: str) -> subprocess.CompletedProcess[str]:
    address = ("--url", watched.homeassistant.url, "--token-file", "token")
    broker = ("--broker", str(watched.broker), "--username", watched.broker.username)
    return advisor(folder, watched, "setup", "--yes", *address, *broker, *more)


BY_MQTT = {
    "pv_power": (("statestream/sensor/pv_power/state",), "W", 1),
    "grid_power": (("statestream/sensor/grid_power/state",), "W", -1),
    "battery_power": (("statestream/sensor/battery_power/state",), "kW", 1),
    "battery_soc": (("statestream/sensor/battery_level/state",), "%", 1),
    "load_power": ((), None, 1),
}
BY_WEBSOCKET = {
    "pv_power": (("sensor.pv_power",), None, 1),
    "grid_power": (("sensor.grid_power",), None, -1),
    "battery_power": (("sensor.battery_power",), None, 1),
    "battery_soc": (("sensor.battery_level",), None, 1),
    "load_power": ((), None, 1),
}


@pytest.mark.parametrize(("ways", "expected"), [((), BY_WEBSOCKET), (("--mqtt",), BY_MQTT)], ids=["websocket", "mqtt"])
def test_it_finds_roles_signs_and_units_writes_them_and_the_advisor_decides(
    watched: Any, settings_of: Path, ways: tuple[str, ...], expected: Any
) -> None:
    done = set_up(settings_of, watched, *ways)
    assert done.returncode == 0, done.stderr
    settings = load_settings(settings_of / "advisor.toml")
    found = {role: (source.names, source.unit, source.sign) for role, source in settings.sensors.items()}
    assert found == expected
    home = load_home(settings.home_file)
    assert (home.zone, home.currency, home.tariff.kind) == ("Europe/Madrid", "EUR", "flat")
    assert home.battery.capacity_kwh == pytest.approx(9.6, rel=0.1)
    assert 3.5 < home.pv_peak_kw < 6
    assert "s3cret" not in (settings_of / "advisor.toml").read_text(encoding="utf-8") + done.stdout + done.stderr
    assert "20.0 kWh" in done.stdout
    assert "configuration.yaml" not in done.stdout
    if ways:  # by WebSocket, test_whole_way goes on from here
        decision = decided(settings_of, watched, home.name)
        assert decision["outcome"] == "advised", decision["problems"]


def test_the_energy_dashboards_solar_forecast_is_published_where_the_service_hears_it(
    watched: Any, settings_of: Path
) -> None:
    assert set_up(settings_of, watched).returncode == 0
    done = advisor(settings_of, watched, "ha", "forecast", "--once")
    assert done.returncode == 0, done.stderr
    assert "published 20.0 kWh" in done.stdout
    told = json.loads(advisor(settings_of, watched, "ha", "forecast", "--once", "--json").stdout)
    assert sum(told["pv_forecast"]["values_kw"]) == pytest.approx(20)
    with MqttLink(watched.broker, "curious") as link:
        link.subscribe(Topics("home").sensor("pv_forecast"))
        message = link.receive(5)
        link.publish(Topics("home").sensor("pv_forecast"), "", retain=True, qos=1)
    assert message is not None
    forecast = PvForecast.model_validate_json(message.payload)
    assert sum(forecast.values_kw) == pytest.approx(20)
    assert forecast.start.astimezone(watched.zone).hour == 8


def decided(folder: Path, watched: Any, name: str) -> dict[str, Any]:
    """What `advisor run` decides first, once enough past is there, while the sensors go on moving."""
    settings = load_settings(folder / "advisor.toml")
    history = read_days(settings, load_home(settings.home_file))
    DayStore(folder / settings.memory_dir / "days").append(name, history.days)
    text = (folder / "advisor.toml").read_text(encoding="utf-8") + '\n[model]\nprovider = "none"\n[api]\nport = 0\n'
    (folder / "advisor.toml").write_text(text, encoding="utf-8")
    command = [sys.executable, "-m", "advisor", "run"]
    with (
        MqttLink(watched.broker, "probe") as link,
        subprocess.Popen(command, cwd=folder, env=environment(watched), stderr=subprocess.PIPE, text=True) as service,
    ):
        link.subscribe(Topics(name).decision)
        try:
            deadline = time.monotonic() + 300
            at = 0
            while time.monotonic() < deadline:
                watched.publish(link, pv_power=1500 + at % 2, grid_power=700 - at % 3)
                at += 1
                message = link.receive(0.5)
                if message is not None and not message.retained:
                    said: dict[str, Any] = json.loads(message.payload)
                    return said
        finally:
            service.send_signal(signal.SIGTERM)
            _, told = service.communicate(timeout=60)
    pytest.fail(f"the advisor decided nothing: {told[-2000:]}")


def test_it_never_overwrites_silently(watched: Any, settings_of: Path) -> None:
    (settings_of / "home.toml").write_text("mine", encoding="utf-8")
    done = set_up(settings_of, watched)
    assert done.returncode == 2
    assert "home.toml" in done.stderr
    assert "--overwrite" in done.stderr
    assert not (settings_of / "advisor.toml").exists()
    assert set_up(settings_of, watched, "--overwrite").returncode == 0
    assert (settings_of / "home.toml.old").read_text(encoding="utf-8") == "mine"


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        (("--url", "http://127.0.0.1:1"), "no Home Assistant at"),
        (("--username", "stranger"), "refuses user 'stranger'"),
        (("--sensor", "pv_power=sensor.none"), "no entity 'sensor.none'"),
        (("--sensor", "sun=sensor.pv_power"), "with ROLE one of"),
        (("--tariff", "cheap"), "--tariff 'cheap'"),
        (("--capacity-kwh", "-3"), "capacity_kwh: should be greater"),
    ],
)
def test_what_is_wrong_is_told_and_nothing_is_written(
    watched: Any, settings_of: Path, wrong: tuple[str, ...], told: str
) -> None:
    done = set_up(settings_of, watched, *wrong)
    assert done.returncode in {1, 2}
    assert told in done.stderr
    assert not (settings_of / "advisor.toml").exists()
