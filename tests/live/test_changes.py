"""What happens to Home Assistant while the advisor runs: entities renamed, removed, in another unit, and an update.

Everything comes by WebSocket. One sentence says what is wrong, nothing is commanded on it, and it heals by itself.
"""

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from devtools.local_homeassistant import LocalHomeAssistant, installed_releases
from energy.home import Home
from energy.pricing.tariff import FlatTariff
from ingest.history.recorded import shipped_history
from knowledge.days import DayRecord
from knowledge.store import DayStore
from tests.conftest import free_port
from tests.live.conftest import ROOT, Estate, running
from tests.live.inverter import MODE, drive, install
from transport.mqtt import BrokerAddress, MqttLink
from transport.topics import Topics

pytestmark = pytest.mark.live

TOPICS = Topics("changing")
SENSORS = {
    "pv_power": ("W", "power"),
    "load_power": ("W", "power"),
    "wallbox": ("kW", "power"),
    "charge": ("%", "battery"),
}
ROLES = {"pv_power": "pv_power", "load_power": "load_power", "car_power": "wallbox", "battery_soc": "charge"}


@dataclass
class Changing:
    """A home of four sensors in Home Assistant, and an advisor that reads them there."""

    broker: BrokerAddress
    api: Any
    folder: Path
    port: int
    values: dict[str, float] = field(
        default_factory=lambda: {"pv_power": 0.0, "load_power": 600.0, "wallbox": 0.0, "charge": 60.0}
    )

    def announce(self, link: MqttLink, name: str, *, unit: str | None = None, gone: bool = False) -> None:
        usual, kind = SENSORS[name]
        config = {
            "name": name,
            "default_entity_id": f"sensor.changing_{name}",
            "unique_id": f"changing_{name}",
            "device": {"identifiers": ["changing"], "name": "Changing"},
            "state_topic": f"changing/{name}",
            "availability_topic": f"changing/{name}/status",
            "unit_of_measurement": unit or usual,
            "device_class": kind if unit is None else None,
            "state_class": "measurement",
        }
        told = {key: value for key, value in config.items() if value is not None}
        link.publish(
            f"homeassistant/sensor/changing_{name}/config", "" if gone else json.dumps(told), retain=True, qos=1
        )
        self.be(link, name, "" if gone else "online")

    def be(self, link: MqttLink, name: str, status: str) -> None:
        link.publish(f"changing/{name}/status", status, retain=True, qos=1)

    def say(self, link: MqttLink, **changed: float) -> None:
        self.values |= changed
        for name, value in self.values.items():
            link.publish(f"changing/{name}", str(value), retain=True, qos=1)

    def status(self) -> dict[str, Any]:
        answer: dict[str, Any] = httpx.get(f"http://127.0.0.1:{self.port}/v1/status", timeout=10).json()
        return answer

    def await_status(
        self, link: MqttLink, fits: Callable[[dict[str, Any]], bool], *, timeout_s: float = 90
    ) -> dict[str, Any]:
        """The status once it fits; the house tells small changes meanwhile, as houses do."""
        deadline, load_w = time.monotonic() + timeout_s, self.values["load_power"]
        while True:
            self.say(link, load_power=load_w + round(time.monotonic()) % 7)
            try:
                shown = self.status()
            except httpx.HTTPError:
                shown = {}
            if shown and fits(shown):
                self.values["load_power"] = load_w
                return shown
            assert time.monotonic() < deadline, (
                shown.get("problems"),
                shown.get("complaints"),
                shown.get("flows"),
                (shown.get("decision") or {}).get("reason"),
            )
            time.sleep(0.3)

    def await_no_command(self, link: MqttLink) -> None:
        """Decided on demand, there is no command: what is not known is not guessed."""
        link.publish(TOPICS.control_set("decide_now"), "PRESS", qos=1)
        self.await_status(link, lambda shown: shown["decision"]["mode"] is None and not shown["ok"])


def home() -> Home:
    """Where every hour costs the same: without a reason, the battery follows the house."""
    kept = shipped_history("citylearn-4").home
    return kept.model_copy(update={"name": "changing", "zone": "UTC", "tariff": FlatTariff(import_price=0.2)})


def prepare(folder: Path, broker: BrokerAddress, url: str, token: str) -> int:
    """Settings that read the four entities; the port of the page."""
    port, facts = free_port(), home()
    (folder / "home.json").write_text(facts.model_dump_json(), encoding="utf-8")
    (folder / "token").write_text(token, encoding="ascii")
    today = datetime.now(UTC).date()
    DayStore(folder / "memory" / "days").append("changing", days_before(today))
    sections = "".join(f'[sensors.{role}]\nentity = "sensor.changing_{name}"\n' for role, name in ROLES.items())
    (folder / "advisor.toml").write_text(
        f'home_file = "home.json"\nmemory_dir = "{folder / "memory"}"\n'
        f'[mqtt]\nhost = "{broker.host}"\nport = {broker.port}\nusername = "{broker.username}"\n'
        f'[service]\nacting = "act"\n[policy]\nmin_minutes_between_commands = 0.0\n[model]\nprovider = "none"\n'
        f'[api]\nport = {port}\n[homeassistant]\nurl = "{url}"\ntoken_file = "token"\n{sections}',
        encoding="utf-8",
    )
    return port


def days_before(today: date) -> list[DayRecord]:
    """The recorded days, as those before a day."""
    records = shipped_history("citylearn-4").days[-20:]
    moved = [today - timedelta(days=back) for back in range(len(records), 0, -1)]
    begin = [datetime(day.year, day.month, day.day, tzinfo=UTC) for day in moved]
    return [
        replace(record, home="changing", day=day, start=start)
        for record, day, start in zip(records, moved, begin, strict=True)
    ]


def is_well(shown: dict[str, Any]) -> bool:
    return bool(shown["ok"]) and shown["decision"] is not None and shown["decision"]["mode"] is not None


def has_problem(words: str) -> Callable[[dict[str, Any]], bool]:
    return lambda shown: any(words in text for text in (*shown["problems"], *shown["complaints"]))


@pytest.fixture(scope="module")
def changing(estate: Estate, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Changing, MqttLink]]:
    folder, api = tmp_path_factory.mktemp("changing"), estate.homeassistant.api
    port = prepare(folder, estate.broker, estate.homeassistant.url, api.token)
    made = Changing(estate.broker, api, folder, port)
    with MqttLink(estate.broker, "changing-house") as link:
        for name in SENSORS:
            made.announce(link, name)
        made.say(link)
        api.await_states(lambda states: all(f"sensor.changing_{name}" in states for name in SENSORS))
        with running(
            ["advisor", "run", "--config", str(folder / "advisor.toml")], folder / "advisor.log", estate.broker
        ):
            made.await_status(link, is_well)
            yield made, link
        for name in SENSORS:
            made.announce(link, name, gone=True)


def test_an_entity_that_is_renamed_is_said_to_be_gone_and_read_again_when_it_is_back(
    changing: tuple[Changing, MqttLink],
) -> None:
    house, link = changing
    rename = {"entity_id": "sensor.changing_charge", "new_entity_id": "sensor.house_battery"}
    house.api.command("config/entity_registry/update", **rename)
    said = "Home Assistant has no entity 'sensor.changing_charge': it was renamed or removed"
    house.await_status(link, has_problem(said))
    house.await_no_command(link)
    back = {"entity_id": "sensor.house_battery", "new_entity_id": "sensor.changing_charge"}
    house.api.command("config/entity_registry/update", **back)
    house.await_status(link, is_well)


def test_an_entity_that_is_removed_is_said_to_be_gone(changing: tuple[Changing, MqttLink]) -> None:
    house, link = changing
    house.announce(link, "load_power", gone=True)
    house.await_status(link, has_problem("no entity 'sensor.changing_load_power'"))
    house.announce(link, "load_power")
    house.await_status(link, is_well)


@pytest.mark.parametrize(
    ("unit", "value", "says"), [("A", 2.6, "load_power on 'sensor.changing_load_power': "), ("kW", 0.61, "")]
)
def test_another_unit_is_understood_or_refused(
    changing: tuple[Changing, MqttLink], unit: str, value: float, says: str
) -> None:
    house, link = changing
    before = house.values["load_power"]
    house.announce(link, "load_power", unit=unit)
    house.values["load_power"] = value
    if says:
        house.await_status(link, has_problem(says))
        house.await_no_command(link)
    else:
        house.await_status(link, lambda shown: is_well(shown) and 0.5 < shown["flows"]["load_kw"] < 8)
    house.values["load_power"] = before
    house.announce(link, "load_power")
    house.await_status(link, lambda shown: is_well(shown) and 0.5 < shown["flows"]["load_kw"] < 0.7)


def test_a_car_at_a_charger_that_nobody_commands_is_kept_out_of_the_battery_through_the_blueprint(
    changing: tuple[Changing, MqttLink],
) -> None:
    house, link = changing
    drive(house.api, "changing", in_control="binary_sensor.energy_advisor_changing_in_control")
    house.await_status(link, lambda shown: is_well(shown) and shown["decision"]["mode"] == "self_consumption")
    house.say(link, wallbox=7.2, load_power=7800.0)
    shown = house.await_status(link, lambda shown: is_well(shown) and shown["decision"]["mode"] == "hold", timeout_s=90)
    assert shown["decision"]["reason_code"] == "hold_for_car"
    assert "a car is charging at 7.2 kW" in shown["decision"]["reason"]
    assert shown["flows"]["car_kw"] == 7.2
    house.api.await_state(MODE, "Backup", timeout_s=90)
    house.be(link, "wallbox", "offline")
    house.say(link, wallbox=0.0, load_power=600.0)
    house.await_status(link, has_problem("car_power on 'sensor.changing_wallbox'"))
    house.be(link, "wallbox", "online")
    house.await_status(link, lambda shown: not has_problem("car_power")(shown), timeout_s=90)


def test_an_update_of_home_assistant_in_the_middle_is_lived_through(
    start_secured_broker: Callable[..., Any], tmp_path: Path
) -> None:
    releases = installed_releases(ROOT)
    if len(releases) < 2:
        pytest.skip("needs two versions of Home Assistant: python -m devtools.local_homeassistant 2024.3.3")
    newer, older = releases[0], releases[-1]
    config = tmp_path / "homeassistant"
    install(config)
    estate = Estate(lambda port: start_secured_broker(tmp_path / "mosquitto", port))
    try:
        with LocalHomeAssistant(config, installed=ROOT / older.folder, packages=True) as homeassistant:
            homeassistant.api.add_mqtt(estate.broker)
            port = prepare(tmp_path, estate.broker, homeassistant.url, homeassistant.api.token)
            house = Changing(estate.broker, homeassistant.api, tmp_path, port)
            command = ["advisor", "run", "--config", str(tmp_path / "advisor.toml")]
            with MqttLink(estate.broker, "house") as link, running(command, tmp_path / "log", estate.broker):
                for name in SENSORS:
                    house.announce(link, name)
                house.await_status(link, is_well)
                assert homeassistant.api.command("get_config")["version"] == older.version
                homeassistant.update(ROOT / newer.folder)
                assert homeassistant.api.command("get_config")["version"] == newer.version
                house.values["charge"] = 59.0
                shown = house.await_status(
                    link, lambda shown: is_well(shown) and round(shown["flows"]["soc"], 3) == 0.59
                )
                assert not has_problem("Home Assistant")(shown)
                homeassistant.api.await_state(
                    "sensor.energy_advisor_changing_mode", shown["decision"]["mode"], timeout_s=60
                )
    finally:
        estate.close()
