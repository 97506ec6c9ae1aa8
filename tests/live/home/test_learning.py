"""History written into a real Home Assistant comes back through the command that a user types."""

import json
import sqlite3
import subprocess
import sys
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from energy.battery import Battery
from energy.home import Home
from energy.pricing.tariff import FlatTariff
from energy.slots import DAY, day_slots
from ingest.homeassistant.client import HomeAssistant, HomeAssistantAddress
from ingest.homeassistant.energy_prefs import read_preferences
from ingest.homeassistant.statistics import read_statistics
from knowledge.days import energy_kwh
from knowledge.store import DayStore

pytestmark = [pytest.mark.live, pytest.mark.slow]

HOME = """
name = "watched"
zone = "Europe/Madrid"
pv_peak_kw = 5
[battery]
capacity_kwh = 9.6
max_charge_kw = 4
max_discharge_kw = 4
[tariff]
kind = "preset"
name = "es-2.0td"
"""


def ingest(folder: Path) -> dict[str, Any]:
    command = [sys.executable, "-m", "advisor", "ingest", "homeassistant", "--json"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    told: dict[str, Any] = json.loads(done.stdout)
    return told


def test_daily_energies_come_back_within_a_tenth_of_a_percent_across_a_change_of_clocks(
    watched: Any, settings_of: Path
) -> None:
    (settings_of / "home.toml").write_text(HOME, encoding="utf-8")
    (settings_of / "advisor.toml").write_text(
        f'home_file = "home.toml"\nmemory_dir = "memory"\n[homeassistant]\n'
        f'url = "{watched.homeassistant.url}"\ntoken_file = "token"\n',
        encoding="utf-8",
    )
    told = ingest(settings_of)
    records = {record.day: record for record in DayStore(settings_of / "memory" / "days").days("watched")}
    assert set(watched.days) <= set(records)
    assert {len(records[day].load_kw) for day in watched.days} > {24}
    for name in ("load", "pv"):
        for day, kwh in watched.daily_kwh(name).items():
            record = records[day]
            series = record.load_kw if name == "load" else record.pv_kw
            assert energy_kwh(series, record.step) == pytest.approx(kwh, rel=1e-3), (name, day)
            assert record.step == timedelta(hours=1)
    assert told["added"] == len(records)
    again = ingest(settings_of)
    assert (again["added"], again["replaced"], again["unchanged"]) == (0, 0, 0)
    assert watched.days[-1] + DAY not in records


FIVE_MINUTES = timedelta(minutes=5)


def test_five_minute_statistics_of_the_last_days_are_preferred(watched: Any) -> None:
    yesterday = watched.days[-1]
    with closing(sqlite3.connect(watched.homeassistant.folder / "home-assistant_v2.db")) as database:
        # Home Assistant imports hours only; its five minutes are written as its own recorder writes them.
        ids = dict(database.execute("SELECT statistic_id, id FROM statistics_meta"))
        slots = [day_slots(yesterday, watched.zone, FIVE_MINUTES)[0] - FIVE_MINUTES]
        slots += day_slots(yesterday, watched.zone, FIVE_MINUTES)
        for name, per_slot in PER_SLOT.items():
            rows = [
                (start.timestamp() + 300, ids[f"sensor.{name}"], start.timestamp(), at * per_slot)
                for at, start in enumerate(slots)
            ]
            database.executemany(
                "INSERT INTO statistics_short_term (created_ts, metadata_id, start_ts, sum) VALUES (?, ?, ?, ?)", rows
            )
        database.commit()
    address = HomeAssistantAddress(watched.homeassistant.url, watched.homeassistant.api.token)
    with HomeAssistant(address) as assistant:
        sources = read_preferences(assistant.energy_preferences()).statistics()
        history = read_statistics(assistant, FACTS, sources, since=yesterday - DAY, now=datetime.now(UTC))
    before, fine = history.days
    assert (before.step, fine.step) == (timedelta(hours=1), FIVE_MINUTES)
    assert energy_kwh(fine.pv_kw, fine.step) == pytest.approx(0.05 * len(fine.pv_kw), rel=1e-3)
    assert energy_kwh(fine.load_kw, fine.step) == pytest.approx(0.04 * len(fine.pv_kw), rel=1e-3)


# As their units are: pv_energy in Wh, battery_charged in MWh. PV 0.05 + import 0.02 - export 0.01 - charged 0.02 kWh.
PER_SLOT = {
    "pv_energy": 50.0,
    "grid_import": 0.02,
    "grid_export": 0.01,
    "battery_charged": 0.00002,
    "battery_discharged": 0.0,
}
FACTS = Home(
    name="watched",
    zone="Europe/Madrid",
    pv_peak_kw=5,
    battery=Battery(capacity_kwh=9.6, max_charge_kw=4, max_discharge_kw=4),
    tariff=FlatTariff(import_price=0.21),
)
