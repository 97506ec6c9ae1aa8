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
    "car_power",
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
    "car_power": "power_kw",
}
REQUIRED: tuple[Role, ...] = ("load_power", "pv_power", "battery_soc")
_LONGEST_PAYLOAD = 4096
_FUTURE_TOLERANCE = timedelta(seconds=5)
# A car takes at least six amperes: less is standby.
CAR_CHARGES_KW = 0.5
# Battery monitors count a little past full and empty; inverters draw a little at night, and say so with a minus.
_PAST_THE_ENDS, _AT_NIGHT = 0.02, 0.02
# Sensors of one house are not read at the same instant: half a kilowatt or a fifth is still a balance.
_BALANCE_KW = 0.5
_BALANCE_SHARE = 0.2


_MISSING = "missing"
_NOTHING_REFUSED: Mapping[Role, str] = {}


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
    """The house now: powers in kW, charge as a fraction; `grid_kw`, `battery_kw` and `car_kw` where measured.

    `car_kw` is what a charger takes that the advisor does not command; it is a part of `load_kw`.
    """

    at: datetime
    load_kw: float
    pv_kw: float
    soc: float
    grid_kw: float | None
    battery_kw: float | None
    temperature_c: float | None
    car_kw: float | None = None

    @property
    def car_draws(self) -> bool:
        """Whether the charger takes more than the panels have left over: the rest comes from battery or grid."""
        if self.car_kw is None:
            return False
        left_kw = max(self.pv_kw - max(self.load_kw - self.car_kw, 0.0), 0.0)
        return self.car_kw > left_kw + CAR_CHARGES_KW


@dataclass(frozen=True, slots=True)
class NoSnapshot:
    """Why the house cannot be judged now; no command may follow. Reasons of other `causes` are news."""

    reasons: tuple[str, ...]
    causes: frozenset[str] = frozenset()


def read_payload(role: Role, payload: bytes, *, now: datetime | None, home: Home) -> Reading:
    """Read one sensor message; without `now` (a house's clock not yet heard) any time is believed.

    Raises:
        DataError: the payload is too long, not a sensor's JSON, of a wrong unit, out of range, or from the future.
    """
    if len(payload) > _LONGEST_PAYLOAD:
        raise DataError(f"{role}: {len(payload)} bytes is not a sensor value: publish one number with unit and time")
    try:
        sensor = SensorPayload.model_validate_json(payload)
    except ValidationError as err:
        shown = payload[:60].decode("utf-8", "replace")
        raise DataError(
            f'{role}: {shown!r} is not a reading: publish {{"value": 1.2, "unit": "kW", "time": "…"}}'
        ) from err
    if now is not None and sensor.time > now + _FUTURE_TOLERANCE:
        raise DataError(f"{role}: time {sensor.time.isoformat()} lies in the future: check the clocks")
    try:
        value = to_inside(sensor.value, sensor.unit, QUANTITY[role])
    except DataError as err:
        raise DataError(f"{role}: {err}") from err
    return Reading(within_range(role, value, home), sensor.time.astimezone(UTC))


def within_range(role: Role, value: float, home: Home) -> float:
    """A value as it is meant: a charge of 100.6 % is full, and what this home cannot measure is refused.

    Raises:
        DataError: the value, in inside units, is out of range.
    """
    low, high = believable_range(role, home)
    if not (math.isfinite(value) and low <= value <= high):
        if role == "battery_soc":
            low, high = 0.0, 1.0
        raise DataError(f"{role}: {value:g} is outside {low:g} to {high:g}: check the sensor, its unit and its sign")
    return min(max(value, 0.0), 1.0) if role == "battery_soc" else value


def believable_range(role: Role, home: Home) -> tuple[float, float]:
    """Widest believable values, from the home's own fixed facts: 50 % above a rating is still a measurement."""
    battery_kw = 1.5 * max(home.battery.max_charge_kw, home.battery.max_discharge_kw) + 0.1
    grid_kw = 1.5 * max(home.grid.import_limit_kw, home.grid.export_limit_kw) + 0.1
    ranges: dict[Role, tuple[float, float]] = {
        "load_power": (0.0, grid_kw + battery_kw + home.pv_peak_kw),
        "pv_power": (-0.1 - _AT_NIGHT * home.pv_peak_kw, pv_limit_kw(home)),
        "grid_power": (-grid_kw, grid_kw),
        "battery_power": (-battery_kw, battery_kw),
        "battery_soc": (-_PAST_THE_ENDS, 1.0 + _PAST_THE_ENDS),
        "outdoor_temperature": (-60.0, 60.0),
        "price_import": (-10.0, 10.0),
        "price_export": (-10.0, 10.0),
        "car_power": (-0.1, grid_kw + battery_kw + home.pv_peak_kw),
    }
    return ranges[role]


def pv_limit_kw(home: Home) -> float:
    """The most that this home's panels can bring, or be expected to bring."""
    return 1.5 * home.pv_peak_kw + 0.1


def snapshot(
    readings: Mapping[Role, Reading],
    *,
    now: datetime,
    max_age_s: float,
    refused: Mapping[Role, str] = _NOTHING_REFUSED,
) -> Snapshot | NoSnapshot:
    """Judge the readings together: all required ones present, fresh, and in balance where that can be checked.

    `refused` says of a role what came last, where that does not count, and why.
    """
    faults = {role: fault for role in REQUIRED if (fault := _fault(role, readings.get(role), now, max_age_s))}
    if faults:
        reasons = (_with_refusal(*fault, refused.get(role, "")) for role, fault in faults.items())
        kinds = (f"{role} {'refused' if role in refused else fault[0]}" for role, fault in faults.items())
        return NoSnapshot(tuple(reasons), frozenset(kinds))

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
        car_kw=value("car_power"),
    )
    imbalance = _imbalance(taken)
    return NoSnapshot((imbalance,), frozenset({"imbalance"})) if imbalance else taken


def _with_refusal(kind: str, fault: str, refusal: str) -> str:
    """A fault, and what came last and does not count; where nothing else ever came, that says it all."""
    if not refusal:
        return fault
    return refusal if kind == _MISSING else f"{fault}; since then {refusal}"


def _fault(role: Role, reading: Reading | None, now: datetime, max_age_s: float) -> tuple[str, str] | None:
    """What is wrong with a reading, in a word and in a sentence."""
    if reading is None:
        return _MISSING, f"{role}: no reading yet"
    age_s = (now - reading.at).total_seconds()
    if age_s > max_age_s:
        return "old", f"{role} is {age_s:.0f} s old, limit {max_age_s:.0f} s"
    if age_s < -_FUTURE_TOLERANCE.total_seconds():
        return "ahead", f"{role} is dated {-age_s:.0f} s ahead of the clock"
    return None


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
        f"powers do not balance: load {load_kw:.2f} kW against {brought:.2f} kW from solar, grid and battery; "
        "check units and signs"
    )
