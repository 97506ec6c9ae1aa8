"""Home Assistant MQTT discovery: how a device and its entities introduce themselves, and what a house shows."""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib.metadata import metadata, version

from transport.topics import ROOT, Topics

PREFIX = "homeassistant"
HOME_ASSISTANT_STATUS = f"{PREFIX}/status"


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
        Sensor("battery_capacity", "Battery capacity", "kWh", "energy_storage", "measurement"),
        Sensor("outdoor_temperature", "Outdoor temperature", "°C", "temperature", "measurement"),
        Sensor("price_import", "Import price", f"{currency}/kWh", state_class="measurement"),
        Sensor("price_export", "Export price", f"{currency}/kWh", state_class="measurement"),
    )


def battery_sensors(names: Iterable[str]) -> tuple[Sensor, ...]:
    """Charge and power of each of several batteries."""
    return tuple(
        sensor
        for name in names
        for sensor in (
            Sensor(f"battery_soc_{name}", f"Battery {name} charge", "%", "battery", "measurement"),
            Sensor(f"battery_power_{name}", f"Battery {name} power", "kW", "power", "measurement"),
        )
    )


def room_sensors(rooms: Iterable[tuple[str, str]]) -> tuple[Sensor, ...]:
    """Temperature and humidity of rooms, given as name and title."""
    kinds = (("temperature", "°C"), ("humidity", "%"))
    return tuple(
        Sensor(f"{name}_{what}", f"{title} {what}", unit, what, "measurement")
        for name, title in rooms
        for what, unit in kinds
    )


def device_sensors(devices: Iterable[tuple[str, str]]) -> tuple[Sensor, ...]:
    """Power and energy of large devices, given as name and title."""
    kinds = (("power", "kW", "measurement"), ("energy", "kWh", "total_increasing"))
    return tuple(
        Sensor(f"{name}_{what}", f"{title} {what}", unit, what, state_class)
        for name, title in devices
        for what, unit, state_class in kinds
    )


def origin() -> dict[str, str]:
    """Who announces: name, version, and where its package says that there is help."""
    named = {"name": "Energy Advisor", "sw_version": version("energy-advisor")}
    links = [link.partition(", ")[2] for link in metadata("energy-advisor").get_all("Project-URL") or ()]
    return named | ({"support_url": links[0]} if links else {})


def _entity_name(stated: Mapping[str, object]) -> str:
    """The last part of an entity's id, as Home Assistant makes it of the names of device and entity."""
    device = stated.get("device")
    named = device.get("name") if isinstance(device, Mapping) else ""
    return re.sub(r"[^a-z0-9]+", "_", f"{named} {stated.get('name')}".lower()).strip("_")


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
    device = device_of(topics, "house", name=f"House {topics.home}", model="Simulated house")
    return dict(
        announcement(
            topics,
            "sensor",
            sensor.name,
            {
                "name": sensor.title,
                "state_topic": topics.sensor(sensor.name),
                "value_template": "{{ value_json.value }}",
                "unit_of_measurement": sensor.unit,
                "device_class": sensor.device_class,
                "state_class": sensor.state_class,
                "availability_topic": topics.house_status,
                "expire_after": expire_after_s,
                "device": device,
            },
        )
        for sensor in sensors
    )


def device_of(
    topics: Topics, part: str, *, name: str, model: str, configuration_url: str | None = None
) -> dict[str, object]:
    """The device that all entities of one part of a home share, with the page that Home Assistant links to."""
    linked = {"configuration_url": configuration_url} if configuration_url else {}
    return {
        **linked,
        "identifiers": [f"{ROOT}_{topics.home}_{part}"],
        "name": name,
        "manufacturer": "Energy Advisor",
        "model": model,
        "sw_version": version("energy-advisor"),
    }


def announcement(
    topics: Topics, component: str, name: str, stated: Mapping[str, object], *, shown_as: str | None = None
) -> tuple[str, str]:
    """Topic and payload that introduce one entity; what is None is left out.

    `default_entity_id` keeps ids as dashboards know them, also where Home Assistant would begin them with the area
    (since 2026.11). `shown_as` is the name in another language: versions before 2025.10, which do not know the key,
    make the id of it.
    """
    unique_id = f"{ROOT}_{topics.home}_{name}"
    payload: dict[str, object] = {
        "unique_id": unique_id,
        "default_entity_id": f"{component}.{_entity_name(stated)}",
        **stated,
        "origin": origin(),
    }
    if shown_as is not None:
        payload["name"] = shown_as
    given = {key: value for key, value in payload.items() if value is not None}
    return f"{PREFIX}/{component}/{unique_id}/config", json.dumps(given, ensure_ascii=False)
