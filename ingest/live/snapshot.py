"""The live snapshot: what the sensors say now, let through only when it is fresh, in range and plausible."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from energy.errors import DataError
from energy.home import Home
from energy.quantities import Quantity, to_inside
from energy.slots import Instant

Role = Literal[
    "load_power",
    "pv_power",
    "grid_power",
    "battery_power",
    "battery_soc",
    "outdoor_temperature",
    "price_import",
    "price_export",
]

QUANTITY: dict[Role, Quantity] = {
    "load_power": "power_kw",
    "pv_power": "power_kw",
    "grid_power": "power_kw",
    "battery_power": "power_kw",
    "battery_soc": "soc",
    "outdoor_temperature": "temperature_c",
    "price_import": "price_per_kwh",
    "price_export": "price_per_kwh",
}
REQUIRED: tuple[Role, ...] = ("load_power", "pv_power", "battery_soc")
_LONGEST_PAYLOAD = 4096
_FUTURE_TOLERANCE = timedelta(seconds=5)
# Sensors of one house are not read at the same instant: half a kilowatt or a fifth is still a balance.
_BALANCE_KW = 0.5
_BALANCE_SHARE = 0.2


class SensorPayload(BaseModel):
    """What a sensor publishes."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    value: float
    unit: str
    time: Instant


@dataclass(frozen=True, slots=True)
class Reading:
    """A value in inside units and when it was measured."""

    value: float
    at: datetime


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The house now: powers in kW, charge as a fraction; `grid_power_kw` and `battery_power_kw` where measured."""

    at: datetime
    load_kw: float
    pv_kw: float
    soc: float
    grid_kw: float | None
    battery_kw: float | None
    temperature_c: float | None


@dataclass(frozen=True, slots=True)
class NoSnapshot:
    """Why the house cannot be judged now; no command may follow."""

    reasons: tuple[str, ...]


def read_payload(role: Role, payload: bytes, *, now: datetime | None, home: Home) -> Reading:
    """Read one sensor message; without `now` (a house's clock not yet heard) any time is believed.

    Raises:
        DataError: the payload is too long, not a sensor's JSON, of a wrong unit, out of range, or from the future.
    """
    if len(payload) > _LONGEST_PAYLOAD:
        raise DataError(f"{role}: {len(payload)} bytes is no sensor value: publish one number with unit and time")
    try:
        said = SensorPayload.model_validate_json(payload)
    except ValidationError as err:
        shown = payload[:60].decode("utf-8", "replace")
        raise DataError(
            f'{role}: {shown!r} is not a reading: publish {{"value": 1.2, "unit": "kW", "time": "…"}}'
        ) from err
    if now is not None and said.time > now + _FUTURE_TOLERANCE:
        raise DataError(f"{role}: time {said.time.isoformat()} lies in the future: check the clocks")
    try:
        value = to_inside(said.value, said.unit, QUANTITY[role])
    except DataError as err:
        raise DataError(f"{role}: {err}") from err
    check_range(role, value, home)
    return Reading(value, said.time.astimezone(UTC))


def check_range(role: Role, value: float, home: Home) -> None:
    """Refuse what this home cannot measure.

    Raises:
        DataError: the value, in inside units, is out of range.
    """
    low, high = believable_range(role, home)
    if not (math.isfinite(value) and low <= value <= high):
        raise DataError(f"{role}: {value:g} is outside {low:g} to {high:g}: check the sensor, its unit and its sign")


def believable_range(role: Role, home: Home) -> tuple[float, float]:
    """Widest believable values, from the home's own fixed facts: 50 % above a rating is still a measurement."""
    battery_kw = 1.5 * max(home.battery.max_charge_kw, home.battery.max_discharge_kw) + 0.1
    grid_kw = 1.5 * max(home.grid.import_limit_kw, home.grid.export_limit_kw) + 0.1
    ranges: dict[Role, tuple[float, float]] = {
        "load_power": (0.0, grid_kw + battery_kw + home.pv_peak_kw),
        "pv_power": (-0.05, 1.5 * home.pv_peak_kw + 0.1),
        "grid_power": (-grid_kw, grid_kw),
        "battery_power": (-battery_kw, battery_kw),
        "battery_soc": (0.0, 1.0),
        "outdoor_temperature": (-60.0, 60.0),
        "price_import": (-10.0, 10.0),
        "price_export": (-10.0, 10.0),
    }
    return ranges[role]


def snapshot(readings: Mapping[Role, Reading], *, now: datetime, max_age_s: float) -> Snapshot | NoSnapshot:
    """Judge the readings together: all required ones present, fresh, and in balance where that can be checked."""
    reasons = []
    for role in REQUIRED:
        if role not in readings:
            reasons.append(f"{role} has never been heard")
        elif (age_s := (now - readings[role].at).total_seconds()) > max_age_s:
            reasons.append(f"{role} is {age_s:.0f} s old, limit {max_age_s:.0f} s")
        elif age_s < -_FUTURE_TOLERANCE.total_seconds():
            reasons.append(f"{role} is dated {-age_s:.0f} s ahead of the clock")
    if reasons:
        return NoSnapshot(tuple(reasons))

    def value(role: Role) -> float | None:
        fresh = role in readings and (now - readings[role].at).total_seconds() <= max_age_s
        return readings[role].value if fresh else None

    taken = Snapshot(
        at=min(readings[role].at for role in REQUIRED),
        load_kw=readings["load_power"].value,
        pv_kw=max(readings["pv_power"].value, 0.0),
        soc=readings["battery_soc"].value,
        grid_kw=value("grid_power"),
        battery_kw=value("battery_power"),
        temperature_c=value("outdoor_temperature"),
    )
    imbalance = _imbalance(taken)
    return NoSnapshot((imbalance,)) if imbalance else taken


def _imbalance(taken: Snapshot) -> str | None:
    """What is wrong with the balance; None if nothing is, or it cannot be checked."""
    if taken.grid_kw is None or taken.battery_kw is None:
        return None
    return balance_fault(taken.load_kw, taken.pv_kw, grid_kw=taken.grid_kw, battery_kw=taken.battery_kw)


def balance_fault(load_kw: float, pv_kw: float, *, grid_kw: float, battery_kw: float) -> str | None:
    """Load must be what PV, grid (import positive) and battery (discharge positive) bring; None if it is."""
    brought = pv_kw + grid_kw + battery_kw
    off = abs(brought - load_kw)
    if off <= max(_BALANCE_KW, _BALANCE_SHARE * max(load_kw, pv_kw)):
        return None
    return (
        f"powers do not balance: load {load_kw:.2f} kW against {brought:.2f} kW from sun, grid and battery; "
        "check units and signs"
    )
