"""`advisor doctor` against a real Home Assistant and a real broker: green after setup, and each mistake by its name."""

import json
import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from advisor.doctor import run as doctor
from advisor.doctor.finding import CheckResult
from transport.mqtt import MqttLink

Examine = Callable[..., tuple[int, list[CheckResult]]]
pytestmark = [pytest.mark.live, pytest.mark.slow]


def advisor(folder: Path, watched: Any, *arguments: str, **changed: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "advisor", *arguments],
        cwd=folder,
        env=os.environ | {"ADVISOR_MQTT__PASSWORD": watched.broker.password} | changed,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


@pytest.fixture(scope="module")
def prepared(watched: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that `advisor setup` and `advisor ingest homeassistant` have been run in."""
    folder = tmp_path_factory.mktemp("prepared")
    (folder / "token").write_text(watched.homeassistant.api.token, encoding="ascii")
    address = ("--url", watched.homeassistant.url, "--token-file", "token")
    broker = ("--broker", str(watched.broker), "--username", watched.broker.username)
    for command in (("setup", "--yes", "--mqtt", *address, *broker), ("ingest", "homeassistant")):
        done = advisor(folder, watched, *command)
        assert done.returncode == 0, done.stderr
    settings = folder / "advisor.toml"
    settings.write_text(settings.read_text(encoding="utf-8") + '\n[model]\nprovider = "none"\n', encoding="utf-8")
    return folder


@contextmanager
def moving(watched: Any, **watts: float) -> Iterator[None]:
    """The home's sensors go on telling small changes."""
    stop = threading.Event()

    def move() -> None:
        with MqttLink(watched.broker, "moving") as link:
            at = 0
            while not stop.wait(0.2):
                at += 1
                values = {"pv_power": 1500.0, "grid_power": 700.0, "battery_power": -0.4, "battery_level": 63} | watts
                watched.publish(link, **values | {"pv_power": values["pv_power"] + at % 2})

    thread = threading.Thread(target=move, daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(5)


@pytest.fixture
def examine(watched: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., tuple[int, list[CheckResult]]]]:
    """Examines a folder's home in this process while its sensors say `watts`, with these environment variables."""

    def look(folder: Path, *, watts: dict[str, float] | None = None, **changed: str) -> tuple[int, list[CheckResult]]:
        monkeypatch.chdir(folder)
        for name, value in ({"ADVISOR_MQTT__PASSWORD": watched.broker.password} | changed).items():
            monkeypatch.setenv(name, value)
        time.tzset()
        with moving(watched, **(watts or {})):
            time.sleep(0.5)
            findings, code = doctor.examine(Path("advisor.toml"), listen_s=10)
        return code, findings

    yield look
    monkeypatch.undo()
    time.tzset()


def copied(prepared: Path, folder: Path, *pairs: tuple[str, str], home: tuple[str, str] | None = None) -> Path:
    """The same settings with something else in their place, and the same memory."""
    text = (
        (prepared / "advisor.toml")
        .read_text(encoding="utf-8")
        .replace(".advisor/memory", str(prepared / ".advisor/memory"))
    )
    for pattern, new in pairs:
        text, count = re.subn(pattern, new, text, flags=re.DOTALL)
        assert count == 1, pattern
    facts = (prepared / "home.toml").read_text(encoding="utf-8")
    if home is not None:
        assert home[0] in facts
        facts = facts.replace(*home)
    (folder / "advisor.toml").write_text(text, encoding="utf-8")
    (folder / "home.toml").write_text(facts, encoding="utf-8")
    (folder / "token").write_bytes((prepared / "token").read_bytes())
    return folder


def named(findings: list[CheckResult], check: str, text: str) -> bool:
    """Whether a problem of that name says that, with a way to mend it."""
    return any(f.check == check and f.level == "problem" and text in f.text and f.fix for f in findings)


def test_it_is_green_after_setup_and_ingestion(watched: Any, prepared: Path) -> None:
    with moving(watched):
        done = advisor(prepared, watched, "doctor", "--json")
    told = json.loads(done.stdout)
    assert (done.returncode, told["worst"]) == (0, "note"), told
    seen = {finding["check"] for finding in told["findings"]}
    assert {"broker", "home assistant", "clock", "zone", "history", "index", "disk", "model", "discovery"} <= seen
    assert {"pv_power", "grid_power", "battery_power", "battery_soc", "load_power", "decision"} <= seen


def test_it_is_green_where_the_states_come_from_home_assistant_itself_and_names_what_is_lost(
    watched: Any, examine: Examine, prepared: Path, tmp_path: Path
) -> None:
    copied(prepared, tmp_path)
    text = (tmp_path / "advisor.toml").read_text(encoding="utf-8")
    text = re.sub(r'topic = "statestream/sensor/(\w+)/state"\nunit = "[^"]*"', r'entity = "sensor.\1"', text)
    (tmp_path / "advisor.toml").write_text(text, encoding="utf-8")
    code, findings = examine(tmp_path)
    assert (code, [finding for finding in findings if finding.level in {"problem", "warning"}]) == (0, [])
    (tmp_path / "advisor.toml").write_text(text.replace("sensor.pv_power", "sensor.solar_power"), encoding="utf-8")
    code, findings = examine(tmp_path)
    assert code == 1
    assert named(findings, "pv_power", "Home Assistant has no entity 'sensor.solar_power'"), findings


def test_the_command_says_what_is_wrong_and_how_to_mend_it_by_its_exit_code_too(
    watched: Any, prepared: Path, tmp_path: Path
) -> None:
    copied(prepared, tmp_path, ("sign = -1\n", ""), ("pv_power/state", "solar_power/state"))
    with moving(watched):
        done = advisor(tmp_path, watched, "doctor", "--json")
    told = json.loads(done.stdout)
    assert (done.returncode, told["worst"]) == (1, "problem"), told
    found = {one["check"]: one for one in told["findings"] if one["level"] == "problem"}
    assert "no entity 'sensor.solar_power'" in found["pv_power"]["text"]
    assert "reversed sign" in found["grid_power"]["text"]
    assert all(one["fix"] for one in found.values())
    refused = advisor(prepared, watched, "doctor", "--json", ADVISOR_MQTT__PASSWORD="not-this-one")
    told = json.loads(refused.stdout)
    assert (refused.returncode, told["worst"]) == (1, "problem"), told
    assert any(one["check"] == "broker password" and "refuses user" in one["text"] for one in told["findings"])
    assert "not-this-one" not in refused.stdout + refused.stderr


@pytest.mark.parametrize(
    ("pair", "check", "text"),
    [
        (
            ('(battery_power/state".*?)unit = "kW"', r'\1unit = "W"'),
            "battery_power",
            "measures in kW, the settings",
        ),
        (('(battery_power/state"\n)', r"\1sign = -1\n"), "battery_power", "reversed sign"),
        (('url = "[^"]*"', 'url = "http://127.0.0.1:1"'), "home assistant", "no Home Assistant at"),
        ((r"port = \d+", "port = 1"), "broker", "no broker at"),
    ],
    ids=["kW for W", "battery reversed", "no HA", "no broker"],
)
def test_each_mistake_in_the_settings_is_found_and_named(
    examine: Examine, prepared: Path, tmp_path: Path, pair: tuple[str, str], check: str, text: str
) -> None:
    code, findings = examine(copied(prepared, tmp_path, pair))
    assert code == 1
    assert named(findings, check, text), findings


def test_a_wrong_token_is_found_and_named(examine: Examine, prepared: Path) -> None:
    code, findings = examine(prepared, ADVISOR_HOMEASSISTANT__TOKEN="eyJ-wrong")
    assert code == 1
    assert named(findings, "token", "refuses the token")
    assert "eyJ" not in str(findings)


def test_a_host_in_utc_with_a_home_elsewhere_is_named_and_does_no_harm(examine: Examine, prepared: Path) -> None:
    code, findings = examine(prepared, TZ="UTC")
    [zone] = [finding for finding in findings if finding.check == "zone"]
    assert code == 0
    assert "this machine keeps UTC" in zone.text
    assert "Europe/Madrid" in zone.text


def test_a_home_that_was_given_the_hosts_utc_is_found_and_named(
    examine: Examine, prepared: Path, tmp_path: Path
) -> None:
    folder = copied(prepared, tmp_path, home=('zone = "Europe/Madrid"', 'zone = "UTC"'))
    code, findings = examine(folder, TZ="UTC")
    assert code == 1
    assert named(findings, "zone", "home.toml says zone 'UTC', Home Assistant is in 'Europe/Madrid'")


def test_a_live_balance_below_nothing_names_the_sign(examine: Examine, prepared: Path, tmp_path: Path) -> None:
    folder = copied(prepared, tmp_path, ("sign = -1\n", ""))
    _, findings = examine(folder, watts={"pv_power": 0.0, "grid_power": -900.0, "battery_power": 0.0})
    assert named(findings, "sign", "With grid_power reversed it would be right")
    assert named(findings, "decision", "load_power: no reading yet")


def test_settings_that_cannot_be_read_end_with_two(examine: Examine, tmp_path: Path) -> None:
    (tmp_path / "advisor.toml").write_text("home_file = 'home.toml'\n[mqtt]\nport = 99999\n", encoding="utf-8")
    code, [finding] = examine(tmp_path)
    assert (code, finding.check) == (2, "settings")
    assert "mqtt.port" in finding.text
