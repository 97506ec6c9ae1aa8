"""What the wizard makes of homes whose dashboard, units, signs and sensors are as people have them."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from typing import Any

import numpy as np
import pytest

from energy.battery import Battery
from energy.commands import Levels
from energy.flows import step_house
from energy.home import Grid as Connection
from ingest.homeassistant.client import EntityState, HomeAssistantConfig, Signed, StatisticMeta, StatisticRow
from ingest.homeassistant.energy_prefs import read_preferences
from ingest.homeassistant.proposal import Way, propose
from ingest.homeassistant.statistics import HOUR, SlotGrid
from ingest.homeassistant.survey import Survey
from ingest.live.mapping import SensorSource
from knowledge.days import Floats

HOURS = 30 * 24
SS = Way("ss")
START = datetime(2026, 3, 1, tzinfo=UTC)
BATTERY = Battery(capacity_kwh=10, max_charge_kw=4, max_discharge_kw=4)
CONFIG = HomeAssistantConfig(version="2026.1.0", time_zone="Europe/Madrid", latitude=40.4, longitude=-3.7)


def played() -> dict[str, Floats]:
    rng = np.random.default_rng(11)
    hour = np.arange(HOURS) % 24
    load = 0.3 + 0.9 * np.exp(-((hour - 20) ** 2) / 5) + rng.gamma(2, 0.15, HOURS)
    cloud = np.repeat(rng.uniform(0.2, 1, HOURS // 24), 24)
    pv = 4 * np.clip(np.sin((hour - 7) / 10 * np.pi), 0, None) * cloud * (hour > 7) * (hour < 17)
    stored, rows = 2.0, []
    for used, sun in zip(load, pv, strict=True):
        flow = step_house(used, sun, stored, levels=Levels(), battery=BATTERY, grid=Connection(), hours=1)
        middle = (stored + float(flow.stored_kwh)) / 2 / BATTERY.capacity_kwh
        stored = float(flow.stored_kwh)
        rows.append((flow.grid_import_kw, flow.grid_export_kw, flow.charge_kw, flow.discharge_kw, middle))
    bought, sold, charged, discharged, soc = np.array(rows, dtype=float).T
    return {
        "load": load,
        "pv": pv,
        "bought": bought,
        "sold": sold,
        "charged": charged,
        "discharged": discharged,
        "soc": soc,
    }


TRUTH = played()
COUNTERS = ("pv", "bought", "sold", "charged", "discharged")


def dashboard(**swapped: str) -> dict[str, Any]:
    """The energy dashboard; names may be put in each other's place."""
    of = {name: f"sensor.{swapped.get(name, name)}_energy" for name in COUNTERS}
    return {
        "energy_sources": [
            {"type": "grid", "stat_energy_from": of["bought"], "stat_energy_to": of["sold"]},
            {"type": "solar", "stat_energy_from": of["pv"]},
            {"type": "battery", "stat_energy_from": of["discharged"], "stat_energy_to": of["charged"]},
        ]
    }


def survey(sensors: dict[str, tuple[Floats, str]], preferences: dict[str, Any] | None = None) -> Survey:
    """A home with these sensors (values in the unit they claim) beside its counters and a charge."""
    rows, known, states = {}, {}, {}
    moments = [START + at * HOUR for at in range(HOURS)]
    for name in COUNTERS:
        totals = list(accumulate(TRUTH[name].tolist(), initial=0.0))
        result = zip([START - HOUR, *moments], totals, strict=True)
        rows[f"sensor.{name}_energy"] = [StatisticRow(start=moment, sum=total) for moment, total in result]
        known[f"sensor.{name}_energy"] = meta(f"sensor.{name}_energy", "energy", "kWh", has_sum=True)
    sensors = sensors | {"sensor.charge": (np.round(TRUTH["soc"] * 100), "%")}
    for name, (values, unit) in sensors.items():
        inside = values * {"W": 0.001, "kW": 1}.get(unit, 1)
        rows[name] = [StatisticRow(start=at, mean=value) for at, value in zip(moments, inside.tolist(), strict=True)]
        known[name] = meta(name, "power" if unit in {"W", "kW"} else None, unit)
        states[name] = EntityState(
            entity_id=name, state="1", attributes={"unit_of_measurement": unit}, last_updated=START
        )
    return Survey(
        CONFIG, states, known, read_preferences(preferences or dashboard()), SlotGrid(START, HOUR, HOURS), rows
    )


def meta(name: str, kind: str | None, unit: str, *, has_sum: bool = False) -> StatisticMeta:
    return StatisticMeta(
        statistic_id=name, has_sum=has_sum, has_mean=not has_sum, unit_class=kind, statistics_unit_of_measurement=unit
    )


GRID_KW, BATTERY_KW = TRUTH["bought"] - TRUTH["sold"], TRUTH["discharged"] - TRUTH["charged"]
USUAL = {
    "sensor.solar": (TRUTH["pv"] * 1000, "W"),
    "sensor.meter": (GRID_KW, "kW"),
    "sensor.storage": (BATTERY_KW, "kW"),
    "sensor.fridge": (np.linspace(50, 90, HOURS), "W"),
}


def where(source: SensorSource) -> tuple[Any, ...]:
    return source.topic, source.subtract, source.unit, source.sign


def test_the_usual_home() -> None:
    made = propose(survey(USUAL), SS)
    assert {role: where(source) for role, source in made.sensors.items()} == {
        "pv_power": (("ss/sensor/solar/state",), (), "W", 1),
        "grid_power": (("ss/sensor/meter/state",), (), "kW", 1),
        "battery_power": (("ss/sensor/storage/state",), (), "kW", 1),
        "battery_soc": (("ss/sensor/charge/state",), (), "%", 1),
        "load_power": ((), (), None, 1),
    }
    assert made.battery is not None
    assert made.battery.capacity_kwh == pytest.approx(10, rel=0.1)
    assert (made.missing, made.corrected) == ([], False)


@pytest.mark.parametrize(
    ("name", "values", "unit", "role", "expected"),
    [
        ("sensor.meter", -GRID_KW, "kW", "grid_power", ("kW", -1)),
        ("sensor.storage", -BATTERY_KW * 1000, "W", "battery_power", ("W", -1)),
        ("sensor.solar", TRUTH["pv"] * 1000, "kW", "pv_power", ("W", 1)),
        ("sensor.solar", TRUTH["pv"], "W", "pv_power", ("kW", 1)),
        ("sensor.use", TRUTH["load"] * 1000, "W", "load_power", ("W", 1)),
    ],
    ids=["export positive", "charge positive", "says kW, means W", "says W, means kW", "a load sensor"],
)
def test_signs_and_units_are_found_from_what_happened(
    name: str, values: Floats, unit: str, role: Any, expected: tuple[str, int]
) -> None:
    source = propose(survey(USUAL | {name: (values, unit)}), SS).sensors[role]
    assert source.topic == (f"ss/{name.replace('.', '/')}/state",)
    assert (source.unit, source.sign) == expected


def test_import_and_export_sensors_make_one_grid_power() -> None:
    sensors = {name: given for name, given in USUAL.items() if name != "sensor.meter"}
    sensors |= {"sensor.in": (TRUTH["bought"] * 1000, "W"), "sensor.out": (TRUTH["sold"] * 1000, "W")}
    made = propose(survey(sensors), SS)
    assert where(made.sensors["grid_power"]) == (("ss/sensor/in/state",), ("ss/sensor/out/state",), "W", 1)


@pytest.mark.parametrize(
    ("swapped", "role"),
    [
        ({"bought": "sold", "sold": "bought"}, "grid_power"),
        ({"charged": "discharged", "discharged": "charged"}, "battery_power"),
    ],
)
def test_a_dashboard_that_was_filled_in_the_wrong_way_round_is_turned(swapped: dict[str, str], role: Any) -> None:
    made = propose(survey(USUAL, dashboard(**swapped)), SS)
    assert made.corrected
    assert made.statistics == read_preferences(dashboard()).statistics()
    assert "reversed: " in made.why[f"{role} statistics"]
    assert made.sensors[role].sign == 1


def test_what_nothing_follows_is_missing_and_so_is_the_load() -> None:
    made = propose(survey({name: given for name, given in USUAL.items() if name != "sensor.storage"}), SS)
    assert made.missing == ["battery_power", "load_power"]
    assert "load_power" not in made.sensors


def test_a_dashboard_that_names_power_sensors_is_believed_where_there_is_no_history() -> None:
    preferences = dashboard()
    preferences["energy_sources"][2]["stat_rate"] = "sensor.new_storage"
    made = propose(survey({n: given for n, given in USUAL.items() if n != "sensor.storage"}, preferences), SS)
    assert made.sensors["battery_power"].topic == ("ss/sensor/new_storage/state",)
    assert "too little history" in made.why["battery_power"]
    assert made.sensors["load_power"].from_balance


def test_two_days_of_history_promise_nothing() -> None:
    short = survey(USUAL)
    late = START + timedelta(hours=HOURS - 24)
    rows = {name: [row for row in known if row.start >= late] for name, known in short.rows.items()}
    made = propose(replace(short, rows=rows), SS)
    assert set(made.missing) >= {"pv_power", "grid_power", "battery_power", "battery_soc"}
    assert made.statistics["pv_power"] == Signed(add=("sensor.pv_energy",))


def test_read_from_home_assistant_itself_a_sensor_says_its_unit_unless_it_lies() -> None:
    sensors = USUAL | {"sensor.solar": (TRUTH["pv"], "W"), "sensor.meter": (-GRID_KW, "kW")}
    made = propose(survey(sensors), Way())
    assert {role: (source.entity, source.unit, source.sign) for role, source in made.sensors.items()} == {
        "pv_power": (("sensor.solar",), "kW", 1),
        "grid_power": (("sensor.meter",), None, -1),
        "battery_power": (("sensor.storage",), None, 1),
        "battery_soc": (("sensor.charge",), None, 1),
        "load_power": ((), None, 1),
    }


def test_import_and_export_entities_make_one_grid_power() -> None:
    sensors = {name: given for name, given in USUAL.items() if name != "sensor.meter"}
    sensors |= {"sensor.in": (TRUTH["bought"] * 1000, "W"), "sensor.out": (TRUTH["sold"] * 1000, "W")}
    grid = propose(survey(sensors), Way()).sensors["grid_power"]
    assert (grid.entity, grid.subtract, grid.unit) == (("sensor.in",), ("sensor.out",), None)


def test_a_dashboard_that_names_charge_and_capacity_is_believed_where_there_is_no_history() -> None:
    preferences = dashboard()
    preferences["energy_sources"][2] |= {"stat_soc": "sensor.charge", "capacity": 12.5, "power_config": {}}
    short = survey(USUAL, preferences)
    late = START + timedelta(hours=HOURS - 24)
    rows = {name: [row for row in known if row.start >= late] for name, known in short.rows.items()}
    made = propose(replace(short, rows=rows), Way())
    assert made.sensors["battery_soc"].entity == ("sensor.charge",)
    assert "too little history" in made.why["battery_soc"]
    assert short.preferences.capacity_kwh == 12.5


@pytest.mark.parametrize(("capacities", "whole"), [((5, 7), 12), ((5, None), None), ((0,), None), ((), None)])
def test_a_capacity_counts_where_it_is_said_of_every_battery(
    capacities: tuple[float | None, ...], whole: float | None
) -> None:
    result = {"energy_sources": [{"type": "battery", "capacity": capacity} for capacity in capacities]}
    assert read_preferences(result).capacity_kwh == whole


def test_a_power_sensor_may_stand_in_a_configuration_of_its_own() -> None:
    result = {"energy_sources": [{"type": "battery", "power_config": {"stat_rate": "sensor.p"}, "stat_soc": None}]}
    assert read_preferences(result).power("battery") == Signed(add=("sensor.p",))


@pytest.mark.parametrize(
    ("config", "entities", "less", "sign"),
    [
        ({"stat_rate": "sensor.p"}, ("sensor.p",), (), 1),
        ({"stat_rate_inverted": "sensor.p"}, ("sensor.p",), (), -1),
        ({"stat_rate_from": "sensor.bought", "stat_rate_to": "sensor.sold"}, ("sensor.bought",), ("sensor.sold",), 1),
    ],
)
@pytest.mark.parametrize("made", [None, "sensor.energy_grid_power"])
def test_a_named_power_sensor_is_taken_the_way_round_that_the_dashboard_says(
    config: dict[str, str], entities: tuple[str, ...], less: tuple[str, ...], sign: int, made: str | None
) -> None:
    # Since 2025.12 Home Assistant puts a sensor of its own beside what the user chose: the same power once more.
    preferences = dashboard()
    preferences["energy_sources"][0] |= {"power_config": config, "stat_rate": made}
    source = propose(survey({}, preferences), Way()).sensors["grid_power"]
    assert (source.entity, source.subtract, source.sign) == (entities, less, sign)


def test_the_power_of_a_grid_as_2025_12_lists_it_is_counted_once() -> None:
    power = [
        {"stat_rate": "sensor.energy_grid_power", "power_config": {"stat_rate_inverted": "sensor.meter"}},
        {"stat_rate": "sensor.second_meter"},
    ]
    prefs = read_preferences({"energy_sources": [{"type": "grid", "flow_from": [], "flow_to": [], "power": power}]})
    assert prefs.power("grid") == Signed(add=("sensor.second_meter",), subtract=("sensor.meter",))


@pytest.mark.parametrize(
    "strange",
    [
        {"type": "tidal", "stat_energy_from": ["a", "b"], "flow_from": 3},
        {"type": "battery", "stat_energy_from": None, "stat_energy_to": "", "capacity": "10.24 kWh", "stat_soc": 5},
        {"type": "battery", "capacity": None, "power": None, "power_config": None, "name": None},
        {"type": "grid", "flow_from": None, "flow_to": None, "power": None, "number_energy_price": "0.2"},
        {"type": None},
        {},
        "grid",
        None,
    ],
)
def test_what_a_version_leaves_empty_or_says_in_another_way_hides_nothing_else(strange: object) -> None:
    preferences = dashboard()
    found = read_preferences(preferences).statistics()
    preferences["energy_sources"].append(strange)
    assert read_preferences(preferences).statistics() == found


CAR_KW = np.where(np.arange(HOURS) % 48 < 3, 3.4, 0.0)


@pytest.mark.parametrize(
    ("device", "found"),
    [
        ({"stat_consumption": "sensor.garage_energy", "name": "Wallbox"}, True),
        ({"stat_consumption": "sensor.garage_energy", "stat_rate": "sensor.garage", "name": None}, False),
        ({"stat_consumption": "sensor.garage_energy", "stat_rate": "sensor.garage", "name": "Cargador"}, True),
        ({"stat_consumption": "sensor.ev_garage_energy", "stat_rate": "sensor.garage"}, True),
        ({"stat_consumption": "sensor.garage_energy", "stat_rate": "sensor.fridge", "name": "Phone charger"}, False),
        ({"stat_consumption": None, "name": "Wallbox"}, False),
    ],
)
def test_a_car_charger_among_the_devices_is_kept_apart(device: dict[str, str | None], found: bool) -> None:
    seen = survey(USUAL | {"sensor.garage": (CAR_KW * 1000, "W")}, dashboard() | {"device_consumption": [device]})
    moments = [START + at * HOUR for at in range(HOURS)]
    totals = zip([START - HOUR, *moments], accumulate(CAR_KW.tolist(), initial=0.0), strict=True)
    rows = dict(seen.rows) | {
        "sensor.garage_energy": [StatisticRow(start=at, sum=total) for at, total in totals],
        "sensor.garage": [replace_max(row, row.mean or 0.0) for row in seen.rows["sensor.garage"]],
    }
    made = propose(replace(seen, rows=rows), Way())
    assert ("car_power" in made.sensors) is found
    if found:
        assert made.sensors["car_power"].entity == ("sensor.garage",)
        assert made.statistics["car_power"] == Signed(add=(device["stat_consumption"] or "",))
        assert made.corrected


def replace_max(row: StatisticRow, most: float) -> StatisticRow:
    return row.model_copy(update={"max": most})


def test_a_counter_that_is_gone_is_named_and_leaves_only_its_role_unknown() -> None:
    preferences = dashboard()
    preferences["energy_sources"].append({"type": "solar", "stat_energy_from": "sensor.gone"})
    seen = survey(USUAL, preferences)
    assert seen.unknown_statistics() == ["sensor.gone"]
    assert "pv_power" in propose(seen, Way()).missing


def test_the_homes_own_meter_is_its_consumption() -> None:
    prefs = read_preferences({"energy_sources": [{"type": "home", "stat_energy_from": "sensor.used"}]})
    assert prefs.statistics() == {"load_power": Signed(add=("sensor.used",))}
    preferences = dashboard()
    preferences["energy_sources"].append({"type": "home", "power_config": {"stat_rate": "sensor.house"}})
    assert propose(survey({}, preferences), Way()).sensors["load_power"].entity == ("sensor.house",)
