"""Slot means from sensor readings: what the house did in each slot that is over."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from energy.slots import floor_slot
from ingest.live.snapshot import Reading, Role

_INSTANT = timedelta(microseconds=1)
_REQUIRED: tuple[Role, ...] = ("load_power", "pv_power", "battery_soc")
Metered = Role | Literal["devices"]
_METERED: tuple[Metered, ...] = (*_REQUIRED, "grid_power", "battery_power", "outdoor_temperature", "devices")


@dataclass(frozen=True, slots=True)
class MeteredSlot:
    """Means of a finished slot; `soc` is the last charge heard in it, forecasts what was told when its day began.

    `load_kw` is the house without its cars and other devices, which took `devices_kw`, where there are any.
    The nowcast is what was told last before the slot. Imports and exports, charging and discharging are averaged apart,
    so that a slot with both keeps both; None where the house does not measure them.
    """

    start: datetime
    load_kw: float
    pv_kw: float
    soc: float
    pv_forecast_kw: float | None = None
    grid_import_kw: float | None = None
    grid_export_kw: float | None = None
    charge_kw: float | None = None
    discharge_kw: float | None = None
    temperature_c: float | None = None
    temperature_forecast_c: float | None = None
    pv_nowcast_kw: float | None = None
    devices_kw: float | None = None

    @property
    def whole_load_kw(self) -> float:
        """All that was used: house and devices."""
        return self.load_kw + (self.devices_kw or 0.0)


class SlotMeter:
    """Collects readings; a reading speaks for the time up to it, so one at 12:30:00 belongs to the slot before."""

    def __init__(self, step: timedelta) -> None:
        self._step = step
        self._values: dict[datetime, dict[Metered, list[float]]] = defaultdict(lambda: defaultdict(list))

    def add(self, role: Metered, reading: Reading) -> None:
        """Count a reading of a role that is metered; others are ignored."""
        if role in _METERED:
            self._values[floor_slot(reading.at - _INSTANT, self._step)][role].append(reading.value)

    def finished(self, now: datetime) -> list[MeteredSlot]:
        """Slots that ended by `now` and have all they need, oldest first; each is given once."""
        over = sorted(start for start in self._values if start + self._step <= now)
        slots = [(start, self._values.pop(start)) for start in over]
        return [
            MeteredSlot(
                start=start,
                load_kw=_mean(values["load_power"]),
                pv_kw=max(_mean(values["pv_power"]), 0.0),
                soc=values["battery_soc"][-1],
                grid_import_kw=_mean_part(values["grid_power"], +1),
                grid_export_kw=_mean_part(values["grid_power"], -1),
                charge_kw=_mean_part(values["battery_power"], -1),
                discharge_kw=_mean_part(values["battery_power"], +1),
                temperature_c=_mean(felt) if (felt := values["outdoor_temperature"]) else None,
                devices_kw=_mean(taken) if (taken := values["devices"]) else None,
            )
            for start, values in slots
            if all(values[role] for role in _REQUIRED)
        ]


def _mean(values: list[float]) -> float:
    return sum(values) / len(values)


def _mean_part(values: list[float], sign: int) -> float | None:
    """Mean of the positive (+1) or the negative (-1) part, as a magnitude."""
    return _mean([max(sign * value, 0.0) for value in values]) if values else None
