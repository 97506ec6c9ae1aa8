import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from energy.battery import Battery
from energy.errors import DataError
from energy.home import Home
from energy.pricing.tariff import FlatTariff
from ingest.live.mapping import LiveState, MappedRole, MappedSensors, SensorSource, check_sources, entity_of
from ingest.live.snapshot import NoSnapshot, Reading, Role, Snapshot, snapshot

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
HOME = Home(
    name="test",
    zone="UTC",
    pv_peak_kw=4,
    battery=Battery(capacity_kwh=10, max_charge_kw=3, max_discharge_kw=3),
    tariff=FlatTariff(import_price=0.3),
)
PV, GRID, BATTERY = "ha/sensor/pv/state", "ha/sensor/grid/state", "ha/sensor/battery/state"
LOAD, SOC = "ha/sensor/load/state", "ha/sensor/soc/state"
WHOLE: dict[MappedRole, SensorSource] = {
    "pv_power": SensorSource(topic=PV, unit="W"),
    "grid_power": SensorSource(topic=GRID, unit="W", sign=-1),
    "battery_power": SensorSource(topic=BATTERY, unit="kW"),
    "load_power": SensorSource(topic=LOAD, unit="W"),
    "battery_soc": SensorSource(topic=SOC, unit="%"),
}
BALANCED = WHOLE | {"load_power": SensorSource(from_balance=True)}


def after(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def hearing(
    sources: Mapping[MappedRole, SensorSource], *heard: tuple[str, Any], retained: bool = False
) -> MappedSensors:
    sensors = MappedSensors(sources, HOME)
    for topic, value in heard:
        sensors.update(topic, str(value).encode(), retained=retained, now=NOON)
    return sensors


def one(source: SensorSource, payload: str, role: Role = "grid_power") -> Reading | None:
    sensors = MappedSensors({role: source}, HOME)
    sensors.update(source.topic[0], payload.encode(), retained=False, now=NOON)
    return sensors.readings(NOON).get(role)


@pytest.mark.parametrize(
    ("source", "payload", "inside"),
    [
        (SensorSource(topic="a", unit="W"), "1500", 1.5),
        (SensorSource(topic="a", unit="W"), " -1.5e3 \n", -1.5),
        (SensorSource(topic="a", unit="kW", sign=-1), "2", -2.0),
        (SensorSource(topic="a", unit="W", path="ENERGY.Power"), '{"ENERGY": {"Power": 700}}', 0.7),
        (SensorSource(topic="a", unit="W", path="phases.1.w"), '{"phases": [{"w": 1}, {"w": "250"}]}', 0.25),
    ],
)
def test_numbers_and_json_become_readings_in_inside_units(source: SensorSource, payload: str, inside: float) -> None:
    assert one(source, payload) == Reading(pytest.approx(inside), NOON)


@pytest.mark.parametrize(
    ("source", "payload", "expected"),
    [
        (SensorSource(topic="a", unit="W"), "unavailable", "does not answer"),
        (SensorSource(topic="a", unit="W"), "", "does not answer"),
        (SensorSource(topic="a", unit="W"), "1,5", "'1,5' is not a number"),
        (SensorSource(topic="a", unit="W"), '{"w": 3}', "name its place with path"),
        (SensorSource(topic="a", unit="W", path="w"), "3", "ends at 'w'"),
        (SensorSource(topic="a", unit="W", path="w"), "{", "is not JSON"),
        (SensorSource(topic="a", unit="W", path="w"), '{"w": true}', "is not a number"),
        (SensorSource(topic="a", unit="W", path="w"), '{"w": null}', "does not answer"),
        (SensorSource(topic="a", unit="W", path="x"), '{"w": 1}', "there is 'w'"),
        (SensorSource(topic="a", unit="W"), "nan", "does not answer"),
        (SensorSource(topic="a", unit="W"), "inf", "not a finite number"),
        (SensorSource(topic="a", unit="W"), "9" * 20000, "bytes is not a sensor value"),
        (SensorSource(topic="a", unit="kW"), "2300", "2300 is outside"),
    ],
)
def test_what_is_no_value_is_refused_by_name_and_leaves_no_reading(
    source: SensorSource, payload: str, expected: str
) -> None:
    good = "1" if source.path is None else json.dumps({source.path: 1})
    sensors = hearing({"grid_power": source}, ("a", good))
    assert sensors.readings(NOON)
    with pytest.raises(DataError, match=r"grid_power.*") as caught:
        sensors.update("a", payload.encode(), retained=False, now=NOON)
    assert expected in str(caught.value)
    assert sensors.readings(NOON) == {}


@given(st.binary(max_size=200), st.sampled_from([None, "a", "a.0.b"]))
def test_no_payload_raises_anything_but_a_data_error(payload: bytes, path: str | None) -> None:
    sources: dict[MappedRole, SensorSource] = {
        "grid_power": SensorSource(topic="a", unit="W", path=path),
        "pv_forecast": SensorSource(topic="b", unit="W", path=path),
    }
    sensors = MappedSensors(sources, HOME)
    for topic in ("b", "a"):
        try:
            sensors.update(topic, payload, retained=False, now=NOON)
        except DataError:
            assert not sensors.readings(NOON)


def test_import_and_export_sensors_make_one_signed_grid_power() -> None:
    grid = SensorSource(topic=("l1", "l2"), subtract="out", unit="W")
    sensors = hearing({"grid_power": grid}, ("l1", 500), ("l2", 250))
    assert sensors.readings(NOON) == {}
    sensors.update("out", b"1000", retained=False, now=after(3))
    assert sensors.readings(after(3))["grid_power"].value == pytest.approx(-0.25)


def test_load_comes_from_the_balance_where_there_is_no_load_sensor() -> None:
    sensors = hearing(BALANCED, (PV, 1000), (GRID, -500), (BATTERY, -0.25), (SOC, 50))
    assert sensors.readings(NOON)["load_power"].value == pytest.approx(1.25)
    assert isinstance(snapshot(sensors.readings(NOON), now=NOON, max_age_s=120), Snapshot)


@pytest.mark.parametrize(("grid_w", "load_kw"), [(1100, 0.0), (2000, None)])
def test_a_balance_a_hair_below_nothing_is_nothing_and_a_wrong_sign_is_no_load(
    grid_w: float, load_kw: float | None
) -> None:
    sensors = hearing(BALANCED, (PV, 1000), (GRID, grid_w), (BATTERY, 0), (SOC, 50))
    load = sensors.readings(NOON).get("load_power")
    assert (load.value if load else None) == load_kw


def test_an_entity_that_becomes_unavailable_stops_every_command_at_once() -> None:
    sensors = hearing(WHOLE, (PV, 100), (LOAD, 400), (SOC, 50))
    assert isinstance(snapshot(sensors.readings(NOON), now=NOON, max_age_s=120), Snapshot)
    with pytest.raises(DataError):
        sensors.update(SOC, b"unavailable", retained=False, now=NOON)
    assert isinstance(snapshot(sensors.readings(NOON), now=NOON, max_age_s=120), NoSnapshot)


def test_an_unchanged_value_stands_while_its_publisher_lives_and_falls_with_it() -> None:
    sensors = hearing(WHOLE, (PV, 100), (LOAD, 400), (SOC, 50))
    sensors.update(LOAD, b"410", retained=False, now=after(200))
    known = sensors.readings(after(200))
    assert known["battery_soc"].at == known["pv_power"].at == after(200)
    assert isinstance(snapshot(known, now=after(250), max_age_s=120), Snapshot)
    assert isinstance(snapshot(sensors.readings(after(400)), now=after(400), max_age_s=120), NoSnapshot)


def test_a_value_that_should_move_is_stale_after_its_own_age_even_though_others_move() -> None:
    sensors = hearing(WHOLE, (PV, 1500), (LOAD, 400), (SOC, 50), (BATTERY, -1))
    sensors.update(LOAD, b"410", retained=False, now=after(301))
    known = sensors.readings(after(301))
    assert known["pv_power"].at == known["battery_soc"].at == NOON


def test_dark_panels_and_the_charge_of_an_idle_battery_may_stand_all_night() -> None:
    sensors = hearing(WHOLE, (PV, 0), (LOAD, 400), (SOC, 50), (BATTERY, 0))
    night = 9 * 3600
    sensors.update(LOAD, b"410", retained=False, now=after(night))
    assert isinstance(snapshot(sensors.readings(after(night)), now=after(night), max_age_s=120), Snapshot)


def test_another_publisher_does_not_vouch_for_home_assistant() -> None:
    sensors = hearing(WHOLE | {"load_power": SensorSource(topic="meter/load", unit="W")}, (PV, 100), (SOC, 50))
    sensors.update("meter/load", b"400", retained=False, now=after(200))
    assert sensors.readings(after(200))["battery_soc"].at == NOON


def test_what_the_broker_kept_counts_only_once_its_publisher_is_heard_live() -> None:
    sensors = hearing(WHOLE, (PV, 100), (LOAD, 400), (SOC, 50), retained=True)
    assert sensors.readings(NOON) == {}
    sensors.update(LOAD, b"410", retained=False, now=after(5))
    assert {role: reading.at for role, reading in sensors.readings(after(5)).items()} == {
        "pv_power": after(5),
        "load_power": after(5),
        "battery_soc": after(5),
    }


def test_a_retained_repetition_after_a_lost_connection_makes_nothing_younger() -> None:
    sensors = hearing(WHOLE, (SOC, 50))
    sensors.update(SOC, b"50", retained=True, now=after(500))
    assert sensors.readings(after(500))["battery_soc"].at == NOON


@pytest.mark.parametrize(
    ("payload", "source"),
    [
        ({"2026-01-01T13:00+01:00": 500, "2026-01-01T13:30+01:00": 1500}, SensorSource(topic="f", unit="W")),
        ({"2026-01-01T12:00Z": 0.25, "2026-01-01T12:30Z": 0.75}, SensorSource(topic="f", unit="kWh")),
        (
            {
                "d": [
                    {"period_start": f"2026-01-01T12:{at}:00Z", "pv_estimate": kw}
                    for at, kw in (("30", 1.5), ("00", 0.5))
                ]
            },
            SensorSource(topic="f", unit="kW", path="d"),
        ),
    ],
)
def test_pv_forecasts_in_common_forms(payload: Any, source: SensorSource) -> None:
    sensors = MappedSensors({"pv_forecast": source}, HOME)
    result = sensors.update("f", json.dumps(payload).encode(), retained=True, now=NOON)
    assert result is not None
    assert (result.start, result.step_minutes, result.time) == (NOON, 30, NOON)
    assert result.values_kw == pytest.approx((0.5, 1.5))


@pytest.mark.parametrize(
    ("payload", "expected"),
    [
        ("{}", "0 values"),
        ('{"2026-01-01T12:00": 1, "2026-01-01T13:00": 1}', "has no zone"),
        ('{"2026-01-01T12:00Z": 1, "2026-01-01T12:07Z": 1}', "apart"),
        ('{"2026-01-01T12:00Z": 1, "2026-01-01T13:00Z": 1, "2126-01-01T13:00Z": 1}', "two weeks"),
        ('{"2026-01-01T12:00Z": 1, "2026-01-01T13:00Z": NaN}', "not a finite number"),
        ("[1, 2]", "is not a forecast"),
        ("3", "is not a forecast"),
        ('{"0001-01-01T00:00:00+14:00": 1, "0001-01-01T01:00:00+14:00": 1}', "is not a forecast"),
        ('{"9999-12-31T23:00:00-14:00": 1, "9999-12-31T23:30:00-14:00": 1}', "is not a forecast"),
        ('{"2026-01-01T12:00Z": 1, "2026-01-01T13:00Z": ' + "9" * 400 + "}", "is not a forecast"),
        ('{"2026-01-01T12:00Z": 1, "2026-01-01T13:00Z": ' + "9" * 5000 + "}", "is not JSON"),
    ],
)
def test_what_is_no_forecast_is_refused(payload: str, expected: str) -> None:
    sensors = MappedSensors({"pv_forecast": SensorSource(topic="f", unit="W")}, HOME)
    with pytest.raises(DataError, match=expected):
        sensors.update("f", payload.encode(), retained=False, now=NOON)


@pytest.mark.parametrize(
    ("sources", "expected"),
    [
        ({"pv_power": SensorSource(topic="a", unit="%")}, "pv_power: unit '%' does not measure"),
        ({"pv_forecast": SensorSource(topic="a", unit="%")}, "pv_forecast: unit '%'"),
        ({"pv_power": SensorSource(from_balance=True)}, "pv_power: only load_power"),
        ({"load_power": SensorSource(from_balance=True)}, r"needs \[sensors.pv_power\]"),
    ],
)
def test_a_mapping_that_cannot_work_is_refused(sources: dict[MappedRole, SensorSource], expected: str) -> None:
    with pytest.raises(ValueError, match=expected):
        check_sources(sources)


@pytest.mark.parametrize(
    "fields", [{}, {"topic": "a"}, {"topic": "a/#", "unit": "W"}, {"topic": "a", "unit": "W", "from_balance": True}]
)
def test_a_source_says_where_and_in_what_unit(fields: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        SensorSource.model_validate(fields)


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        ("unavailable", "it says 'unavailable': the device behind it does not answer"),
        ("", "it says '': the device behind it does not answer"),
        ("55,5", "'55,5' is not a number"),
        ("180", "1.8 is outside"),
    ],
)
def test_a_sensor_that_was_heard_and_then_says_nonsense_is_told_as_what_it_says(answer: str, why: str) -> None:
    sensors = hearing(WHOLE, (SOC, 55), (PV, 0), (LOAD, 500), (GRID, -500), (BATTERY, 0))
    with pytest.raises(DataError):
        sensors.update(SOC, answer.encode(), retained=False, now=after(5))
    assert why in sensors.refusals()["battery_soc"]
    taken = snapshot(sensors.readings(after(5)), now=after(5), max_age_s=120, refused=sensors.refusals())
    assert isinstance(taken, NoSnapshot)
    assert why in taken.reasons[0]
    sensors.update(SOC, b"100.6", retained=False, now=after(6))
    assert "battery_soc" not in sensors.refusals()
    assert sensors.readings(after(6))["battery_soc"].value == 1.0


def test_a_sensor_that_was_never_heard_is_told_with_its_topic() -> None:
    assert hearing(WHOLE).refusals()["battery_soc"] == f"battery_soc: no reading yet on {SOC!r}"


def test_panels_may_draw_a_little_at_night() -> None:
    assert hearing(WHOLE, (PV, -80)).readings(NOON)["pv_power"].value == pytest.approx(-0.08)


@pytest.mark.parametrize(("most_kw", "believed"), [(5.9, True), (6.2, False), (100, False)])
def test_a_forecast_above_what_the_panels_can_bring_is_refused(most_kw: float, believed: bool) -> None:
    sensors = MappedSensors({"pv_forecast": SensorSource(topic="f", unit="kW")}, HOME)
    payload = json.dumps({"2026-01-01T12:00Z": most_kw, "2026-01-01T13:00Z": 0.1}).encode()
    if believed:
        assert sensors.update("f", payload, retained=False, now=NOON) is not None
        return
    with pytest.raises(DataError, match="more than panels of 4 kW can bring"):
        sensors.update("f", payload, retained=False, now=NOON)


@pytest.mark.parametrize(
    ("topic", "entity"),
    [
        (SOC, "sensor.soc"),
        ("sensor/battery_soc/state", "sensor.battery_soc"),
        ("a/b/input_number/x_1/state", "input_number.x_1"),
        ("zigbee2mqtt/plug", None),
        ("tele/plug/SENSOR", None),
        ("statestream/sensor/battery_soc/unit", None),
    ],
)
def test_topics_of_statestream_name_their_entity(topic: str, entity: str | None) -> None:
    assert entity_of(topic) == entity


def test_a_silent_topic_of_statestream_is_filled_in_by_what_home_assistant_itself_says() -> None:
    sources: dict[MappedRole, SensorSource] = {role: WHOLE[role] for role in ("battery_soc", "load_power")}
    sensors = hearing(sources, (LOAD, 500))
    with pytest.raises(DataError):
        sensors.update(SOC, b"unavailable", retained=True, now=NOON)
    assert sensors.followed == {"sensor.soc", "sensor.load"}
    # Changed yesterday, still true: Home Assistant answers now.
    sensors.update_state(LiveState("sensor.soc", b"55", "%", NOON - timedelta(days=1)), now=NOON)
    sensors.update_state(LiveState("sensor.load", b"900", "W", NOON), now=NOON)
    assert sensors.fill_in(NOON) == {}  # it is not known to answer
    sensors.confirm_alive(NOON)
    assert sensors.fill_in(NOON) == {SOC: ""}
    readings = sensors.readings(NOON)
    assert (readings["battery_soc"].value, readings["load_power"].value) == (0.55, 0.5)


def test_what_home_assistant_does_not_know_either_stays_unknown() -> None:
    sensors = MappedSensors({"battery_soc": WHOLE["battery_soc"]}, HOME)
    sensors.confirm_alive(NOON)
    assert sensors.lose("sensor.soc") == ""
    assert sensors.fill_in(NOON) == {}
    sensors.update_state(LiveState("sensor.soc", b"unavailable", "%", NOON), now=NOON)
    assert "does not answer" in sensors.fill_in(NOON)[SOC]
    assert sensors.readings(NOON) == {}


def test_after_a_clock_was_set_back_values_stand_as_of_now() -> None:
    sensors = hearing(WHOLE, (SOC, 55), (PV, 800), (LOAD, 500), (GRID, -500), (BATTERY, 1))
    sensors.set_back(after(-7200))
    assert {reading.at for reading in sensors.readings(after(-7200)).values()} == {after(-7200)}
