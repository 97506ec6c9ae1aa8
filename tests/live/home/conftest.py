"""A real Home Assistant that has watched a home: statistics, energy dashboard, live sensors on statestream."""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from itertools import accumulate
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from numpy.typing import NDArray

from energy.battery import Battery
from energy.commands import Levels
from energy.flows import step_house
from energy.home import Grid
from energy.slots import DAY, day_bounds, local_day
from tests.live import inverter
from tests.live.conftest import Estate
from transport.mqtt import BrokerAddress, MqttLink

Floats = NDArray[np.float64]
HOUR = timedelta(hours=1)
BATTERY = Battery(capacity_kwh=9.6, max_charge_kw=4, max_discharge_kw=4)
ENTITIES = ("pv_power", "grid_power", "battery_power", "battery_level")
STATESTREAM = "mqtt_statestream:\n  base_topic: statestream\n  include:\n    entities:\n" + "".join(
    f"      - sensor.{name}\n" for name in ENTITIES
)
# An integration that tells a solar forecast, as Forecast.Solar does, without asking anybody.
SUNNY = {
    "manifest.json": '{"domain": "sunny", "name": "Sunny", "version": "1", "config_flow": true, "requirements": []}',
    "__init__.py": """
async def async_setup(hass, config):
    hass.async_create_task(hass.config_entries.flow.async_init("sunny", context={"source": "import"}, data={}))
    return True

async def async_setup_entry(hass, entry):
    return True
""",
    "config_flow.py": """
from homeassistant.config_entries import ConfigFlow

class SunnyFlow(ConfigFlow, domain="sunny"):
    async def async_step_import(self, given):
        await self.async_set_unique_id("roof")
        self._abort_if_unique_id_configured()
        return self.async_create_entry(title="Roof", data={})
""",
    "energy.py": """
from datetime import timedelta
from homeassistant.util import dt

async def async_get_solar_forecast(hass, entry_id):
    today = dt.start_of_local_day()
    hours = [at for day in (0, 24) for at in range(day + 8, day + 18)]
    return {"wh_hours": {(today + timedelta(hours=at)).isoformat(): 1000 for at in hours}}
""",
}
PREFERENCES: dict[str, Any] = {
    "energy_sources": [
        {
            "type": "grid",
            "flow_from": [
                {
                    "stat_energy_from": "sensor.grid_import",
                    "stat_cost": None,
                    "entity_energy_price": None,
                    "number_energy_price": 0.21,
                }
            ],
            "flow_to": [
                {
                    "stat_energy_to": "sensor.grid_export",
                    "stat_compensation": None,
                    "entity_energy_price": None,
                    "number_energy_price": 0.06,
                }
            ],
            "cost_adjustment_day": 0,
        },
        {"type": "solar", "stat_energy_from": "sensor.pv_energy", "config_entry_solar_forecast": None},
        {
            "type": "battery",
            "stat_energy_from": "sensor.battery_discharged",
            "stat_energy_to": "sensor.battery_charged",
        },
    ],
    "device_consumption": [],
}


@dataclass
class WatchedHome:
    """What truly happened, hour by hour, and where it can be read."""

    homeassistant: Any
    broker: BrokerAddress
    restart_broker: Callable[[], None]
    zone: Any
    days: list[date]
    starts: list[datetime]
    series: dict[str, Floats] = field(default_factory=dict)

    def daily_kwh(self, name: str) -> dict[date, float]:
        """Energy of each local day, summed from the truth."""
        sums: dict[date, float] = {}
        for start, value in zip(self.starts, self.series[name], strict=True):
            sums[local_day(start, self.zone)] = sums.get(local_day(start, self.zone), 0.0) + float(value)
        return {day: sums[day] for day in self.days}

    def publish(self, link: MqttLink, **watts: float) -> None:
        """Let the live sensors say something, through Home Assistant."""
        for name, value in watts.items():
            link.publish(f"devices/{name}", str(value), retain=True, qos=1)


@pytest.fixture(scope="session")
def watched(
    start_secured_broker: Callable[..., AbstractContextManager[BrokerAddress]],
    start_homeassistant: Callable[..., AbstractContextManager[Any]],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[WatchedHome]:
    folder = tmp_path_factory.mktemp("watched")
    zone = ZoneInfo("Europe/Madrid")
    sunny = folder / "homeassistant" / "custom_components" / "sunny"
    sunny.mkdir(parents=True)
    for name, text in SUNNY.items():
        (sunny / name).write_text(text, encoding="utf-8")
    inverter.install(folder / "homeassistant")
    made = Estate(lambda port: start_secured_broker(folder / "mosquitto", port))
    more = f"{STATESTREAM}sunny:\n{inverter.AUTOMATIONS}"
    prepared = start_homeassistant(folder / "homeassistant", more=more, zone=zone.key, packages=True)
    with closing(made), prepared as running:
        running.api.add_mqtt(made.broker)
        running.restart()  # statestream looks for MQTT once, when Home Assistant starts
        days = _days(datetime.now(UTC), zone)
        home = WatchedHome(running, made.broker, made.restart_broker, zone, days, _hours(days, zone))
        _live(home.starts, home.series, zone)
        _teach(home)
        _announce(home)
        [sunny_entry] = [e["entry_id"] for e in running.api.command("config_entries/get") if e["domain"] == "sunny"]
        grid, solar, battery = PREFERENCES["energy_sources"]
        sources = [grid, solar | {"config_entry_solar_forecast": [sunny_entry]}, battery]
        running.api.command("energy/save_prefs", **PREFERENCES | {"energy_sources": sources})
        yield home


def _days(now: datetime, zone: Any) -> list[date]:
    """Three weeks up to yesterday, and the week around the last change of clocks."""
    yesterday = local_day(now, zone) - DAY
    change = next(
        day for day in (yesterday - at * DAY for at in range(4, 250)) if np.diff(day_bounds(day, zone))[0] != DAY
    )
    wanted = {yesterday - at * DAY for at in range(21)} | {change + at * DAY for at in range(-3, 4)}
    return sorted(wanted)


def _hours(days: list[date], zone: Any) -> list[datetime]:
    bounds = [day_bounds(day, zone) for day in days]
    return [first + at * HOUR for first, following in bounds for at in range((following - first) // HOUR)]


def _live(starts: list[datetime], series: dict[str, Floats], zone: Any) -> None:
    """A house with a battery that stores surplus, in kWh an hour."""
    rng = np.random.default_rng(7)
    hour = np.array([start.astimezone(zone).hour for start in starts])
    load = (
        0.3
        + 0.9 * np.exp(-((hour - 20) ** 2) / 5)
        + 0.5 * np.exp(-((hour - 8) ** 2) / 3)
        + rng.gamma(2, 0.12, len(hour))
    )
    cloud = np.repeat(rng.uniform(0.25, 1.0, len(hour) // 20 + 1), 20)[: len(hour)]
    pv = 4.2 * np.clip(np.sin((hour - 7.5) / 10.5 * np.pi), 0, None) * cloud * (hour >= 8) * (hour < 18)
    stored = 3.0
    names = ("import", "export", "charged", "discharged", "soc")
    rows = []
    for used, sun in zip(load, pv, strict=True):
        flow = step_house(used, sun, stored, levels=Levels(), battery=BATTERY, grid=Grid(), hours=1)
        stored = float(flow.stored_kwh)
        rows.append(
            (flow.grid_import_kw, flow.grid_export_kw, flow.charge_kw, flow.discharge_kw, stored / BATTERY.capacity_kwh)
        )
    series |= {"load": load, "pv": pv} | dict(zip(names, np.array(rows, dtype=float).T, strict=True))


def _teach(home: WatchedHome) -> None:
    series, starts = home.series, home.starts
    for name, key, unit, factor in (
        ("pv_energy", "pv", "Wh", 1000),
        ("grid_import", "import", "kWh", 1),
        ("grid_export", "export", "kWh", 1),
        ("battery_charged", "charged", "MWh", 0.001),
        ("battery_discharged", "discharged", "kWh", 1),
    ):
        sums = list(accumulate((float(kwh) * factor for kwh in series[key]), initial=700.0 * factor))
        told = dict(zip(starts, sums[1:], strict=True))
        # The hour before each run of days, so that its first hour has a total to start from.
        told |= {start - HOUR: sums[at] for at, start in enumerate(starts) if start - HOUR not in told}
        # The meter is read modulo 50 kWh, as one that resets; Home Assistant's sum counts on.
        rows = [
            {"start": start.isoformat(), "sum": total, "state": total % (50 * factor)}
            for start, total in sorted(told.items())
        ]
        _import(home, f"sensor.{name}", unit, rows, has_sum=True)
    for name, values, unit in (
        ("pv_power", series["pv"] * 1000, "W"),
        ("grid_power", (series["export"] - series["import"]) * 1000, "W"),
        ("battery_power", series["discharged"] - series["charged"], "kW"),
        ("battery_level", series["soc"] * 100, "%"),
        ("boiler_power", 300 + 100 * np.sin(np.arange(len(starts))), "W"),
    ):
        rows = [
            {"start": start.isoformat(), "mean": float(value), "min": float(value), "max": float(value)}
            for start, value in zip(starts, values, strict=True)
        ]
        _import(home, f"sensor.{name}", unit, rows, has_sum=False)
    _await_statistics(home)


def _import(home: WatchedHome, name: str, unit: str, rows: list[dict[str, Any]], *, has_sum: bool) -> None:
    metadata = {
        "statistic_id": name,
        "source": "recorder",
        "name": None,
        "unit_of_measurement": unit,
        "has_sum": has_sum,
        "has_mean": not has_sum,
    }
    home.homeassistant.api.command("recorder/import_statistics", metadata=metadata, stats=rows)


def _await_statistics(home: WatchedHome) -> None:
    """The recorder works them off in the background: the one given last ends at the last hour."""
    deadline = time.monotonic() + 300
    asked = {"start_time": home.starts[-1].isoformat(), "statistic_ids": ["sensor.boiler_power"], "period": "hour"}
    while not home.homeassistant.api.command("recorder/statistics_during_period", **asked):
        assert time.monotonic() < deadline, "Home Assistant did not take in the statistics"
        time.sleep(0.2)


def _announce(home: WatchedHome) -> None:
    with MqttLink(home.broker, "devices") as link:
        announce(link)
        home.homeassistant.api.await_states(lambda states: all(f"sensor.{name}" in states for name in ENTITIES))
        time.sleep(0.5)
        home.publish(link, pv_power=1500, grid_power=700, battery_power=-0.4, battery_level=63)
        home.homeassistant.api.await_state("sensor.battery_level", "63")


def announce(link: MqttLink) -> None:
    """Live sensors by MQTT discovery, as an inverter's integration would have them."""
    for name, unit, kind in (
        ("pv_power", "W", "power"),
        ("grid_power", "W", "power"),
        ("battery_power", "kW", "power"),
        ("battery_level", "%", "battery"),
    ):
        payload = {
            "name": name,
            "object_id": name,
            "unique_id": f"watched_{name}",
            "state_topic": f"devices/{name}",
            "unit_of_measurement": unit,
            "device_class": kind,
            "state_class": "measurement",
        }
        link.publish(f"homeassistant/sensor/{name}/config", json.dumps(payload), retain=True, qos=1)


@pytest.fixture
def settings_of(watched: WatchedHome, tmp_path: Path) -> Path:
    """A folder in which the advisor of this home can be set up: only the token is there."""
    (tmp_path / "token").write_text(watched.homeassistant.api.token, encoding="ascii")
    return tmp_path
