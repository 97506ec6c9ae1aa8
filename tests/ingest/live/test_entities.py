"""Home Assistant's entities as a home's sensors: their units, their ages, and what is lost."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from energy.battery import Battery
from energy.errors import DataError
from energy.home import Home
from energy.pricing.tariff import FlatTariff
from ingest.live.mapping import LiveState, MappedRole, MappedSensors, SensorSource, check_sources

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
HOME = Home(
    name="test",
    zone="UTC",
    pv_peak_kw=4,
    battery=Battery(capacity_kwh=10, max_charge_kw=3, max_discharge_kw=3),
    tariff=FlatTariff(import_price=0.3),
)
SOURCES: dict[MappedRole, SensorSource] = {
    "pv_power": SensorSource(entity="sensor.pv"),
    "grid_power": SensorSource(entity="sensor.bought", subtract="sensor.sold"),
    "battery_power": SensorSource(entity="sensor.battery", sign=-1),
    "battery_soc": SensorSource(entity="sensor.soc", unit="%", max_age_s=3600),
    "load_power": SensorSource(from_balance=True),
}


def after(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def state(entity: str, text: str, unit: str = "W", at: datetime = NOON, attributes: bytes = b"{}") -> LiveState:
    return LiveState(f"sensor.{entity}", text.encode(), unit, at, attributes)


def told(*states: LiveState, now: datetime = NOON) -> MappedSensors:
    sensors = MappedSensors(SOURCES, HOME)
    sensors.confirm_alive(now)
    for one in states:
        sensors.update_state(one, now=now)
    return sensors


ALL = (
    state("pv", "1.5", "kW"),
    state("bought", "0"),
    state("sold", "700"),
    state("battery", "400"),
    state("soc", "63"),
)


def test_units_are_those_of_the_states_and_signs_those_of_the_settings() -> None:
    known = told(*ALL).readings(NOON)
    assert {role: round(reading.value, 3) for role, reading in known.items()} == {
        "pv_power": 1.5,
        "grid_power": -0.7,
        "battery_power": -0.4,
        "battery_soc": 0.63,
        "load_power": 0.4,
    }


def test_an_entity_that_changes_its_unit_keeps_its_value() -> None:
    sensors = told(*ALL)
    sensors.update_state(state("pv", "1600", "W", after(5)), now=after(5))
    assert sensors.readings(after(5))["pv_power"].value == pytest.approx(1.6)


@pytest.mark.parametrize(
    ("bad", "says"),
    [
        (state("pv", "unavailable", ""), "the device behind it does not answer"),
        (state("pv", "1500", "°C"), "pv_power"),
        (state("pv", "1500", ""), "pv_power"),
        (state("pv", "on"), "not a number"),
    ],
)
def test_what_is_no_value_makes_its_role_unknown_and_with_it_the_balance(bad: LiveState, says: str) -> None:
    sensors = told(*ALL)
    with pytest.raises(DataError, match=says):
        sensors.update_state(bad, now=NOON)
    assert not {"pv_power", "load_power"} & set(sensors.readings(NOON))


def test_a_car_that_takes_the_same_for_an_hour_has_not_gone() -> None:
    sensors = MappedSensors({"car_power": SensorSource(entity="sensor.wallbox")}, HOME)
    sensors.update_state(state("wallbox", "7200"), now=NOON)
    for minutes, known in ((10, True), (55, True), (65, False)):
        sensors.confirm_alive(after(60 * minutes))
        reading = sensors.readings(after(60 * minutes))["car_power"]
        assert (reading.value, reading.at == after(60 * minutes)) == (7.2, known)


def test_a_value_stands_while_home_assistant_answers_and_only_as_long_as_it_may() -> None:
    sensors = told(*ALL)
    sensors.confirm_alive(after(200))
    assert sensors.readings(after(200))["pv_power"].at == after(200)
    sensors.confirm_alive(after(400))
    assert sensors.readings(after(400))["pv_power"].at == NOON
    assert sensors.readings(after(400))["battery_soc"].at == after(400)


def test_a_state_from_before_is_as_old_as_it_says_and_one_of_the_future_is_not_newer_than_now() -> None:
    old = told(state("pv", "1500", at=after(-1000)))
    assert old.readings(NOON)["pv_power"].at == after(-1000)
    assert told(state("pv", "1500", at=after(60))).readings(NOON)["pv_power"].at == NOON


def test_a_lost_entity_is_told_with_what_to_do() -> None:
    sensors = told(*ALL)
    assert sensors.lose("sensor.pv").startswith("pv_power: Home Assistant has no entity 'sensor.pv': it was renamed")
    assert "pv_power" not in sensors.readings(NOON)
    sensors.update_state(state("pv", "1500"), now=NOON)
    assert "pv_power" in sensors.readings(NOON)


def test_a_forecast_may_be_an_attribute() -> None:
    sensors = MappedSensors({"pv_forecast": SensorSource(entity="sensor.f", path="hours", unit="kW")}, HOME)
    attributes = b'{"hours": {"2026-01-01T12:00:00+00:00": 1, "2026-01-01T13:00:00+00:00": 2}}'
    forecast = sensors.update_state(state("f", "3", attributes=attributes), now=NOON)
    assert forecast is not None
    assert forecast.values_kw == (1, 2)
    assert sensors.entities == {"sensor.f"}
    assert not sensors.topics


@pytest.mark.parametrize(
    "given",
    [
        {"entity": "sensor.a", "topic": "a/b", "unit": "W"},
        {"entity": "no entity"},
        {"entity": "sensor.a", "from_balance": True},
        {},
    ],
)
def test_a_source_is_one_thing(given: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        SensorSource.model_validate(given)


def test_a_unit_that_overrules_must_fit_its_role() -> None:
    check_sources({"pv_power": SensorSource(entity="sensor.a")})
    with pytest.raises(ValueError, match="pv_power"):
        check_sources({"pv_power": SensorSource(entity="sensor.a", unit="%")})
