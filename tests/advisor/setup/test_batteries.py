"""Several batteries of the energy dashboard: found apart, written into both files and read back; else one, and why."""

from datetime import UTC, datetime
from itertools import accumulate
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rich.console import Console

from advisor.setup import run as setup
from advisor.setup.batteries import find_batteries
from advisor.setup.files import batteries_sections, home_text, settings_text
from advisor.setup.run import ChosenSetup, Wishes
from agent.settings import load_settings
from energy.battery import combined
from energy.home import Home
from energy.pricing.tariff import FlatTariff
from ingest.home_file import load_home
from ingest.homeassistant.client import EntityState, HomeAssistantConfig, StatisticMeta, StatisticRow
from ingest.homeassistant.energy_prefs import read_preferences
from ingest.homeassistant.proposal import SensorProposal, Way
from ingest.homeassistant.statistics import HOUR, SlotGrid
from ingest.homeassistant.survey import Survey
from ingest.live.mapping import SensorSource
from transport.mqtt import BrokerAddress

START, HOURS = datetime(2026, 3, 1, tzinfo=UTC), 24 * 20
SIZES = {"garage": 10.0, "cellar": 5.0}
CONFIG = HomeAssistantConfig(version="2026.6.0", time_zone="Europe/Madrid", latitude=40.4, longitude=-3.7)


def played(size: float, seed: int) -> dict[str, list[float]]:
    """A battery that takes by day and gives by night, within its band: kWh an hour, and its mean charge in %."""
    rng, stored = np.random.default_rng(seed), size / 2
    told: dict[str, list[float]] = {"in": [], "out": [], "soc": []}
    for hour in range(HOURS):
        before, wanted = stored, rng.uniform(0, size / 6)
        taken = min(wanted, (size - stored) / 0.95) if 8 <= hour % 24 < 18 else 0.0
        given = min(wanted, (stored - 0.1 * size) * 0.95) if not taken else 0.0
        stored += taken * 0.95 - given / 0.95
        for name, value in (("in", taken), ("out", given), ("soc", 100 * (before + stored) / 2 / size)):
            told[name].append(value)
    return told


def survey(*, charges: tuple[str, ...] = ("garage", "cellar"), **said: Any) -> Survey:
    """A home with two batteries: what the dashboard says of them beside counters, and whose charge is measured."""
    rows: dict[str, list[StatisticRow]] = {}
    known: dict[str, StatisticMeta] = {}
    sources, states = [], {}
    moments = [START + at * HOUR for at in range(HOURS)]
    for seed, (name, size) in enumerate(SIZES.items()):
        told = played(size, seed)
        for way in ("in", "out"):
            counter = f"sensor.{name}_{way}"
            totals = zip([START - HOUR, *moments], accumulate(told[way], initial=0.0), strict=True)
            rows[counter] = [StatisticRow(start=at, sum=total) for at, total in totals]
            known[counter] = meta(counter, "energy", "kWh", has_sum=True)
        if name in charges:
            soc = f"sensor.{name}_soc"
            rows[soc] = [StatisticRow(start=at, mean=value) for at, value in zip(moments, told["soc"], strict=True)]
            known[soc] = meta(soc, None, "%")
            states[soc] = EntityState(
                entity_id=soc, state="50", attributes={"unit_of_measurement": "%"}, last_updated=START
            )
        more = {key: value[name] for key, value in said.items() if name in value}
        counters = {"stat_energy_from": f"sensor.{name}_out", "stat_energy_to": f"sensor.{name}_in"}
        sources.append({"type": "battery", "name": name.title(), **counters, **more})
    grid = SlotGrid(START, HOUR, HOURS)
    return Survey(CONFIG, states, known, read_preferences({"energy_sources": sources}), grid, rows)


def meta(name: str, kind: str | None, unit: str, *, has_sum: bool = False) -> StatisticMeta:
    return StatisticMeta(
        statistic_id=name, has_sum=has_sum, has_mean=not has_sum, unit_class=kind, statistics_unit_of_measurement=unit
    )


def test_each_battery_is_found_by_what_happened_and_both_files_are_read_back(tmp_path: Path) -> None:
    found, why_one = find_batteries(survey(), Way())
    assert why_one == ""
    assert [one.battery.name for one in found] == ["garage", "cellar"]
    for one in found:
        assert one.battery.capacity_kwh == pytest.approx(SIZES[one.battery.name], rel=0.2)
        assert one.sensors["battery_soc"].entity == (f"sensor.{one.battery.name}_soc",)
        assert "rises and falls with this battery's energy" in one.why["battery_soc"]
    several = tuple(one.battery for one in found)
    tariff = FlatTariff(import_price=0.2)
    home = Home(name="casa", zone="UTC", pv_peak_kw=4, battery=combined(several), batteries=several, tariff=tariff)
    (tmp_path / "home.toml").write_text(home_text(home, {}, {one.battery.name: one.why for one in found}))
    sections = batteries_sections(
        {one.battery.name: one.sensors for one in found}, {one.battery.name: one.why["battery_soc"] for one in found}
    )
    sensors: dict[Any, SensorSource] = {}
    text = settings_text(
        broker=BrokerAddress("h", 1883),
        url="http://ha",
        token_file=None,
        sensors=sensors,
        statistics={},
        why={},
        sections=sections,
    )
    (tmp_path / "advisor.toml").write_text(text)
    settings = load_settings(tmp_path / "advisor.toml")
    assert load_home(settings.home_file) == home
    assert {name: one.sensors for name, one in settings.batteries.items()} == {
        one.battery.name: one.sensors for one in found
    }
    assert settings.battery_sensors(home).entities == {"sensor.garage_soc", "sensor.cellar_soc"}


def test_what_the_dashboard_says_of_a_battery_counts_where_nothing_was_seen() -> None:
    said = {"stat_soc": {"cellar": "sensor.garage_soc_2"}, "capacity": {"cellar": 5.12}}
    seen = survey(charges=("garage",), **said)
    state = EntityState(entity_id="sensor.garage_soc_2", state="50", attributes={}, last_updated=START)
    seen.states["sensor.garage_soc_2"] = state  # type: ignore[index]
    [_, cellar] = find_batteries(seen, Way())[0]
    assert (cellar.battery.capacity_kwh, cellar.why["capacity_kwh"]) == (5.1, "as the energy dashboard says")
    assert cellar.sensors["battery_soc"].entity == ("sensor.garage_soc_2",)


@pytest.mark.parametrize(
    ("seen", "why"),
    [
        (survey(charges=()), "battery garage: no sensor follows its charge"),
        (
            survey(stat_soc=dict.fromkeys(SIZES, "sensor.garage_soc")),
            "sensor.garage_soc would be the charge of more than one",
        ),
    ],
)
def test_batteries_that_cannot_be_told_apart_are_one_and_it_is_said_why(tmp_path: Path, seen: Survey, why: str) -> None:
    found, because = find_batteries(seen, Way())
    assert found == ()
    assert because.startswith(why)
    assert "list them as [[batteries]] in home.toml" in said(tmp_path, one_because=because)


def test_a_home_with_one_battery_hears_nothing_of_several(tmp_path: Path) -> None:
    one = survey()
    alone = read_preferences({"energy_sources": [{"type": "battery", "stat_energy_from": "sensor.garage_out"}]})
    assert find_batteries(Survey(CONFIG, one.states, one.known, alone, one.grid, one.rows), Way()) == ((), "")
    assert "batteries" not in said(tmp_path)


@pytest.mark.parametrize("facts", [{"capacity_kwh": 15.0}, {}])
def test_who_gives_facts_of_one_battery_or_says_so_has_one(facts: dict[str, float | None]) -> None:
    wishes = Wishes(Path(), facts=facts, one_battery=not facts)
    assert setup._several(wishes, survey(), Way()) == ((), "as you said")
    assert len(setup._several(Wishes(Path()), survey(), Way())[0]) == 2


def said(folder: Path, **chosen: Any) -> str:
    tariff = FlatTariff(import_price=0.2)
    battery = combined([one.battery for one in find_batteries(survey(), Way())[0]])
    home = Home(name="casa", zone="UTC", pv_peak_kw=4, battery=battery, tariff=tariff)
    console = Console(record=True, width=400)
    setup._say_next(ChosenSetup(home, SensorProposal({}), {}, Way(), True, **chosen), Wishes(folder), console)
    return console.export_text()
