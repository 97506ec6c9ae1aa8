import json
from importlib.metadata import version

import pytest

from transport.discovery import house_discovery, house_sensors
from transport.topics import Topics

TOPICS = Topics("casa-1")


def test_a_sensor_introduces_itself_like_this() -> None:
    announced = house_discovery(TOPICS, house_sensors("EUR"))
    assert json.loads(announced["homeassistant/sensor/energy_advisor_casa-1_battery_soc/config"]) == {
        "name": "Battery charge",
        "unique_id": "energy_advisor_casa-1_battery_soc",
        "default_entity_id": "sensor.house_casa_1_battery_charge",
        "state_topic": "energy_advisor/casa-1/house/battery_soc",
        "value_template": "{{ value_json.value }}",
        "unit_of_measurement": "%",
        "device_class": "battery",
        "state_class": "measurement",
        "availability_topic": "energy_advisor/casa-1/house/status",
        "device": {
            "identifiers": ["energy_advisor_casa-1_house"],
            "name": "House casa-1",
            "manufacturer": "Energy Advisor",
            "model": "Simulated house",
            "sw_version": version("energy-advisor"),
        },
        "origin": {"name": "Energy Advisor", "sw_version": version("energy-advisor")},
        "expire_after": 900,
    }


# Allowed combinations: developers.home-assistant.io/docs/core/entity/sensor
@pytest.mark.parametrize(
    ("name", "unit", "device_class", "state_class"),
    [
        ("load_power", "kW", "power", "measurement"),
        ("pv_power", "kW", "power", "measurement"),
        ("grid_power", "kW", "power", "measurement"),
        ("battery_power", "kW", "power", "measurement"),
        ("battery_soc", "%", "battery", "measurement"),
        ("outdoor_temperature", "°C", "temperature", "measurement"),
        ("price_import", "USD/kWh", None, "measurement"),
        ("price_export", "USD/kWh", None, "measurement"),
        ("load_energy", "kWh", "energy", "total_increasing"),
        ("pv_energy", "kWh", "energy", "total_increasing"),
        ("grid_import_energy", "kWh", "energy", "total_increasing"),
        ("grid_export_energy", "kWh", "energy", "total_increasing"),
        ("battery_charge_energy", "kWh", "energy", "total_increasing"),
        ("battery_discharge_energy", "kWh", "energy", "total_increasing"),
    ],
)
def test_each_house_sensor_has_its_unit_and_classes(
    name: str, unit: str, device_class: str | None, state_class: str
) -> None:
    sensor = next(sensor for sensor in house_sensors("USD") if sensor.name == name)
    assert (sensor.unit, sensor.device_class, sensor.state_class) == (unit, device_class, state_class)


def test_all_sensors_of_a_house_share_one_device_and_differ_in_id() -> None:
    configs = [json.loads(payload) for payload in house_discovery(TOPICS, house_sensors("EUR")).values()]
    assert len(configs) == 15
    assert len({config["unique_id"] for config in configs}) == len(configs)
    assert len({json.dumps(config["device"]) for config in configs}) == 1
