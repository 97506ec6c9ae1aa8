"""The doctor without Home Assistant: this machine, and a house on a broker."""

import json
import os
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from threading import Event, Thread
from typing import Any

import numpy as np
import pytest
from pydantic import SecretStr
from rich.console import Console

from advisor.doctor.broker import listen
from advisor.doctor.finding import CheckResult
from advisor.doctor.machine import check_disk, check_history, check_index, check_noon, check_zone
from advisor.doctor.run import examine, show
from agent.settings import MqttSettings, Settings
from energy.battery import Battery
from energy.home import Home
from energy.pricing.tariff import FlatTariff
from energy.slots import DAY, day_bounds
from knowledge.days import DayRecord
from knowledge.store import DayStore
from tests.conftest import StartDeployed, StartMosquitto
from transport.mqtt import BrokerAddress, MqttLink
from transport.payloads import state_json
from transport.topics import Topics

HOUR = timedelta(hours=1)
MADRID = Home(
    name="mine",
    zone="Europe/Madrid",
    pv_peak_kw=4,
    battery=Battery(capacity_kwh=10, max_charge_kw=3, max_discharge_kw=3),
    tariff=FlatTariff(import_price=0.3),
)
NOW = datetime(2026, 1, 20, 12, tzinfo=UTC)


def days(
    count: int, *, noon: float = 13.25, last: date = date(2026, 1, 19), hole: bool = False, stuck: bool = False
) -> list[DayRecord]:
    """Whole days whose panels give most at an hour of the home's clock."""
    hour = np.arange(24) + 0.5
    pv = np.clip(3 - (hour - noon) ** 2 / 4, 0, None)
    load = np.full(24, np.nan) if hole else np.full(24, 0.5) if stuck else 0.5 + hour / 100
    return [
        DayRecord("mine", day, day_bounds(day, MADRID.tz)[0], HOUR, load, pv)
        for day in (last - at * DAY for at in reversed(range(count)))
    ]


@pytest.mark.parametrize(
    ("records", "level", "text"),
    [
        (days(20), "ok", "20 usable days of 'mine', 2025-12-31 to 2026-01-19"),
        ([], "problem", "no usable day of 'mine'"),
        (days(20, hole=True), "problem", "no usable day of 'mine' is remembered: 20 (gaps)"),
        (days(20, stuck=True), "problem", "20 (a flat line)"),
        (days(5), "warning", "only 5 usable days"),
        (days(20, last=date(2026, 1, 9)), "warning", "the last one is 11 days ago"),
    ],
)
def test_history_must_be_deep_and_recent(records: list[DayRecord], level: str, text: str) -> None:
    found = check_history(records, MADRID, NOW)
    assert (found.level, text in found.text) == (level, True)


@pytest.mark.parametrize(
    ("noon", "longitude", "found"),
    [
        (13.25, None, False),
        (13.25, -3.7, False),
        (11.5, -3.7, False),
        (6.0, None, True),
        (9.5, -3.7, True),
        (19, None, True),
    ],
)
def test_a_history_in_another_zone_shows_in_its_noon(noon: float, longitude: float | None, found: bool) -> None:
    result = check_noon(days(20, noon=noon), MADRID, longitude)
    assert bool(result) is found
    assert all(finding.level == "warning" and "zone" in finding.fix for finding in result)


@pytest.mark.parametrize(("zone", "level"), [("UTC", "note"), ("Europe/Madrid", "ok"), ("Europe/Paris", "ok")])
def test_the_zone_of_this_machine_is_told(zone: str, level: str, monkeypatch: pytest.MonkeyPatch) -> None:
    before = os.environ.get("TZ")
    monkeypatch.setenv("TZ", zone)
    time.tzset()
    try:
        found = check_zone(MADRID, NOW)
    finally:
        monkeypatch.setenv("TZ", before) if before else monkeypatch.delenv("TZ")
        time.tzset()
    assert found.level == level
    assert ("this machine keeps UTC (12:00), the home is in Europe/Madrid (13:00)" in found.text) is (level == "note")


def test_a_full_disk_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert check_disk(tmp_path / "memory" / "deep").level == "ok"
    for free, level in ((0.5, "warning"), (0.1, "problem")):
        used = type("Used", (), {"free": free * 1024**3})
        monkeypatch.setattr("advisor.doctor.machine.shutil.disk_usage", lambda _place, used=used: used)
        assert check_disk(tmp_path).level == level


def test_a_damaged_index_is_told(tmp_path: Path) -> None:
    assert check_index(tmp_path / "index").level == "note"
    (tmp_path / "index").mkdir()
    (tmp_path / "index" / "chroma.sqlite3").write_bytes(b"this is no database" * 100)
    found = check_index(tmp_path / "index")
    assert (found.level, found.fix) == ("problem", "advisor index rebuild")


WELL = {"pv": 1500.0, "grid": -400.0, "battery": -500.0, "load": 600.0, "soc": 50.0}
SETTINGS = """
home_file = "home.json"
memory_dir = "{folder}/memory"
[mqtt]
host = "{broker.host}"
port = {broker.port}
[model]
provider = "none"
"""
MAPPING = {
    role: {"topic": f"ha/{name}", "unit": "W"}
    for role, name in (("pv_power", "pv"), ("grid_power", "grid"), ("battery_power", "battery"), ("load_power", "load"))
} | {"battery_soc": {"topic": "ha/soc", "unit": "%"}}


@contextmanager
def playing(broker: BrokerAddress, values: dict[str, float]) -> Iterator[None]:
    stop = Event()

    def play() -> None:
        with MqttLink(broker, "house") as link:
            while not stop.wait(0.1):
                for name, value in values.items():
                    link.publish(f"ha/{name}", str(value))

    thread = Thread(target=play, daemon=True)
    thread.start()
    yield
    stop.set()
    thread.join(5)


@pytest.fixture
def examined(broker: BrokerAddress, tmp_path: Path) -> Callable[..., tuple[list[CheckResult], int]]:
    """Examine a home on this broker: its sensors say `values`, and are mapped with `changes`."""

    def look(values: dict[str, float] | None = None, **changes: dict[str, Any]) -> tuple[list[CheckResult], int]:
        (tmp_path / "home.json").write_text(MADRID.model_dump_json(), encoding="utf-8")
        recent = days(20, last=datetime.now(MADRID.tz).date() - DAY)
        DayStore(tmp_path / "memory" / "days").append("mine", recent)
        text = SETTINGS.format(folder=tmp_path, broker=broker)
        for role, source in (MAPPING | changes).items():
            keys = "\n".join(f"{key} = {json.dumps(value)}" for key, value in source.items())
            text += f"\n[sensors.{role}]\n{keys}\n"
        (tmp_path / "advisor.toml").write_text(text, encoding="utf-8")
        with playing(broker, WELL | (values or {})):
            return examine(tmp_path / "advisor.toml", listen_s=3)

    return look


def levels(findings: list[CheckResult]) -> dict[str, str]:
    return {finding.check: finding.level for finding in findings}


def test_a_home_without_home_assistant_can_be_all_well(examined: Callable[..., tuple[list[CheckResult], int]]) -> None:
    findings, code = examined()
    assert code == 0, findings
    assert {"pv_power", "load_power", "battery_soc", "balance", "decision", "broker"} <= set(levels(findings))
    console = Console(record=True, width=120)
    show(findings, console)
    assert "all well" in console.export_text()


@pytest.mark.parametrize(
    ("values", "changes", "check", "text"),
    [
        (
            {},
            {"pv_power": {"topic": "ha/pv", "unit": "kW"}},
            "pv_power",
            "the sensor measures W",
        ),
        ({"grid": 400.0}, {}, "sign", "With grid_power reversed it would be right"),
        ({"battery": 500.0, "load": 600.0}, {}, "sign", "With battery_power reversed"),
        ({"grid": -2000.0}, {"load_power": {"from_balance": True}}, "sign", "a house uses no less than nothing"),
        ({"load": 4500.0}, {}, "balance", "powers do not balance"),
        ({}, {"pv_power": {"topic": "ha/sun", "unit": "W"}}, "pv_power", "no message arrives on 'ha/sun'"),
        ({"soc": 150.0}, {}, "battery_soc", "1.5 is outside 0 to 1"),
    ],
)
def test_each_wrong_sensor_is_named(
    examined: Callable[..., tuple[list[CheckResult], int]],
    values: dict[str, float],
    changes: dict[str, dict[str, Any]],
    check: str,
    text: str,
) -> None:
    findings, code = examined(values, **changes)
    assert code == 1
    assert any(f.check == check and f.level == "problem" and text in f.text and f.fix for f in findings), findings


def test_no_broker_is_told_and_the_rest_is_still_looked_at(tmp_path: Path) -> None:
    (tmp_path / "home.json").write_text(MADRID.model_dump_json(), encoding="utf-8")
    text = SETTINGS.format(folder=tmp_path, broker=BrokerAddress("127.0.0.1", 1))
    (tmp_path / "advisor.toml").write_text(text, encoding="utf-8")
    findings, code = examine(tmp_path / "advisor.toml", listen_s=1)
    assert code == 1
    assert levels(findings)["broker"] == "problem"
    assert {"disk", "history", "zone", "index"} <= set(levels(findings))


TWO = [{"name": name, "capacity_kwh": 5, "max_charge_kw": 2, "max_discharge_kw": 2} for name in ("garage", "cellar")]


@pytest.mark.parametrize(
    ("shown", "cellar", "level", "text"),
    [
        ({"mode": "hold", "confirmed": True}, 40.0, "ok", "40 %; commanded to hold, and shows it"),
        ({"mode": "hold", "confirmed": None}, 40.0, "warning", "it has not answered"),
        (
            {"mode": "hold", "confirmed": False, "problem": "no such mode"},
            40.0,
            "problem",
            "commanded to hold: no such mode",
        ),
        ({"mode": None}, 40.0, "ok", "no command is in force"),
        ({"mode": "hold"}, None, "problem", "no charge arrives on 'ha/cellar'"),
        ({"mode": "hold"}, 400.0, "problem", "battery cellar: battery_soc: 4 is outside 0 to 1"),
    ],
)
def test_each_of_several_batteries_is_listed_with_what_it_shows(
    broker: BrokerAddress, tmp_path: Path, shown: dict[str, Any], cellar: float | None, level: str, text: str
) -> None:
    facts = MADRID.model_dump(mode="json", exclude={"battery"}) | {"batteries": TWO}
    (tmp_path / "home.json").write_text(json.dumps(facts), encoding="utf-8")
    settings = SETTINGS.format(folder=tmp_path, broker=broker)
    for role in ("pv_power", "load_power"):
        settings += f"\n[sensors.{role}]\n" + "\n".join(f"{k} = {json.dumps(v)}" for k, v in MAPPING[role].items())
    settings += '\n[batteries.cellar.sensors.battery_soc]\ntopic = "ha/cellar"\nunit = "%"\n'
    (tmp_path / "advisor.toml").write_text(settings, encoding="utf-8")
    topics = Topics("mine")
    with playing(broker, WELL | ({} if cellar is None else {"cellar": cellar})), MqttLink(broker, "advisor") as link:
        now = datetime.now(UTC)
        link.publish(topics.sensor("battery_soc_garage"), state_json(60, "%", now), retain=True, qos=1)
        link.publish(topics.advisor_status, "online", retain=True, qos=1)
        link.publish(topics.batteries, json.dumps({"garage": {"mode": None}, "cellar": shown}), retain=True, qos=1)
        findings, _ = examine(tmp_path / "advisor.toml", listen_s=3)
    found = {finding.check: finding for finding in findings}
    assert found["battery garage"].level == "ok"
    assert (found["battery cellar"].level, text in found["battery cellar"].text) == (level, True), found
    assert "battery_soc" not in found


def access(address: BrokerAddress) -> CheckResult:
    """What the doctor says of who may write, with the advisor's account."""
    mqtt = MqttSettings(host=address.host, port=address.port, username="advisor", password=SecretStr("secret"))
    findings, _ = listen(Settings(home_file=Path("home.toml"), mqtt=mqtt), MADRID, 0.2)
    return next(one for one in findings if one.check == "access")


def test_the_shipped_access_list_is_seen(tmp_path: Path, start_deployed_mosquitto: StartDeployed) -> None:
    with start_deployed_mosquitto(tmp_path / "deployed", "secret") as address:
        found = access(address)
    assert (found.level, found.text) == ("ok", "strangers are refused, and an access list is in force")


def test_a_broker_without_an_access_list_is_told(tmp_path: Path, start_mosquitto: StartMosquitto) -> None:
    passwords = tmp_path / "passwords"
    passwords.touch(mode=0o600)
    subprocess.run(["mosquitto_passwd", "-b", passwords, "advisor", "secret"], check=True, timeout=10)
    rules = f"allow_anonymous false\npassword_file {passwords}"
    if os.getuid() == 0:
        rules += "\nuser root"  # Mosquitto would give up root and could then read nothing here
    with start_mosquitto(tmp_path, 0, rules) as address:
        found = access(address)
    assert (found.level, "has no access list" in found.text) == ("note", True)
