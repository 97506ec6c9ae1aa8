"""Temperature and humidity of the rooms: they follow the heated zone, or the weather slowly, each in its own way."""

from dataclasses import dataclass
from math import exp

# Without a heated zone of its own the house is kept at this by something that no meter shows.
_KEPT_C = 20.5
_LEAK = 0.08
_OUTDOOR_RH = 70.0


@dataclass(frozen=True, slots=True)
class Room:
    """A room's difference to the house's air, and the water that its life adds to the air, in g/kg."""

    name: str
    title: str
    offset_k: float
    moisture_g_per_kg: float


ROOMS = (
    Room("living_room", "Living room", 0.4, 1.6),
    Room("kitchen", "Kitchen", 0.7, 2.4),
    Room("bedroom", "Bedroom", -1.3, 1.8),
    Room("bathroom", "Bathroom", 1.1, 3.0),
)


def room_readings(outdoor_c: float, air_c: float | None) -> dict[str, float]:
    """Temperature in °C and relative humidity in % of each room, given the heated zone's air where there is one."""
    if air_c is None:
        air_c = _KEPT_C + _LEAK * (outdoor_c - 10.0)
    outside_g = _OUTDOOR_RH / 100 * _saturation_g_per_kg(outdoor_c)
    readings = {}
    for room in ROOMS:
        room_c = air_c + room.offset_k
        humidity = 100 * (outside_g + room.moisture_g_per_kg) / _saturation_g_per_kg(room_c)
        readings[f"{room.name}_temperature"] = room_c
        readings[f"{room.name}_humidity"] = min(max(humidity, 5.0), 99.0)
    return readings


def _saturation_g_per_kg(air_c: float) -> float:
    """Water that air can hold at sea level: Magnus's formula (WMO-No. 8, annex 4.B)."""
    pressure_hpa = 6.112 * exp(17.62 * air_c / (243.12 + air_c))
    return 622.0 * pressure_hpa / (1013.25 - pressure_hpa)
