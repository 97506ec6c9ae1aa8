"""Home Assistant MQTT discovery: how the house and its advisor introduce their sensors."""

import json
from collections.abc import Iterable
from dataclasses import dataclass

from energy.commands import Mode
from transport.topics import Topics

PREFIX = "homeassistant"
HOME_ASSISTANT_STATUS = f"{PREFIX}/status"

_LONGEST_STATE = 255  # Home Assistant refuses longer states


@dataclass(frozen=True, slots=True)
class Sensor:
    """A sensor in the words of Home Assistant."""

    name: str
    title: str
    unit: str | None = None
    device_class: str | None = None
    state_class: str | None = None


def house_sensors(currency: str) -> tuple[Sensor, ...]:
    """Every measured state of a house; `name` is the last part of its topic."""
    # The device class `monetary` allows plain currencies only, so prices carry none.
    return (
        *(Sensor(f"{what}_power", f"{title} power", "kW", "power", "measurement") for what, title in _POWERS),
        *(
            Sensor(f"{what}_energy", f"{title} energy", "kWh", "energy", "total_increasing")
            for what, title in _ENERGIES
        ),
        Sensor("battery_soc", "Battery charge", "%", "battery", "measurement"),
        Sensor("outdoor_temperature", "Outdoor temperature", "°C", "temperature", "measurement"),
        Sensor("price_import", "Import price", f"{currency}/kWh", state_class="measurement"),
        Sensor("price_export", "Export price", f"{currency}/kWh", state_class="measurement"),
    )


_POWERS = (("load", "Load"), ("pv", "PV"), ("grid", "Grid"), ("battery", "Battery"))
_ENERGIES = (
    ("load", "Load"),
    ("pv", "PV"),
    ("grid_import", "Grid import"),
    ("grid_export", "Grid export"),
    ("battery_charge", "Battery charge"),
    ("battery_discharge", "Battery discharge"),
)


def house_discovery(topics: Topics, sensors: Iterable[Sensor], *, expire_after_s: int = 900) -> dict[str, str]:
    """Retained messages, topic to payload, that introduce the house as one device.

    A state older than `expire_after_s` shows as unavailable: a silent sensor must not look alive.
    """
    device = _device(f"{topics.home}_house", f"House {topics.home}", model="Simulated house")
    return dict(
        _config(
            topics,
            sensor,
            device=device,
            state_topic=topics.sensor(sensor.name),
            availability_topic=topics.house_status,
            value_template="{{ value_json.value }}",
            extra={"expire_after": expire_after_s},
        )
        for sensor in sensors
    )


def advisor_discovery(topics: Topics) -> dict[str, str]:
    """Retained messages, topic to payload, that introduce the advisor: reads `mode`, `reason`, `time` of a decision."""
    device = _device(f"{topics.home}_advisor", f"Advisor {topics.home}", model="Energy Advisor")
    described: tuple[tuple[Sensor, str, dict[str, object]], ...] = (
        (Sensor("mode", "Mode", device_class="enum"), "mode", {"options": [mode.value for mode in Mode]}),
        (Sensor("reason", "Reason"), f"reason[:{_LONGEST_STATE}]", {}),
        (Sensor("decision_time", "Decision time", device_class="timestamp"), "time", {}),
    )
    return dict(
        _config(
            topics,
            sensor,
            device=device,
            state_topic=topics.decision,
            availability_topic=topics.advisor_status,
            value_template=f"{{{{ value_json.{path} }}}}",
            extra=extra,
        )
        for sensor, path, extra in described
    )


def _device(identifier: str, name: str, *, model: str) -> dict[str, object]:
    return {"identifiers": [f"energy_advisor_{identifier}"], "name": name, "model": model}


def _config(
    topics: Topics,
    sensor: Sensor,
    *,
    device: dict[str, object],
    state_topic: str,
    availability_topic: str,
    value_template: str,
    extra: dict[str, object],
) -> tuple[str, str]:
    unique_id = f"energy_advisor_{topics.home}_{sensor.name}"
    payload: dict[str, object | None] = {
        "name": sensor.title,
        "unique_id": unique_id,
        "state_topic": state_topic,
        "value_template": value_template,
        "unit_of_measurement": sensor.unit,
        "device_class": sensor.device_class,
        "state_class": sensor.state_class,
        "availability_topic": availability_topic,
        "device": device,
        "origin": {"name": "Energy Advisor"},
        **extra,
    }
    stated = {key: value for key, value in payload.items() if value is not None}
    return f"{PREFIX}/sensor/{unique_id}/config", json.dumps(stated, ensure_ascii=False)
