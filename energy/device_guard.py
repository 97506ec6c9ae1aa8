"""The guard of devices: the last, deterministic word on every command to a load, a zone or the grid connection."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from energy.commands import ClimateCommand, DeviceCommand, ExportCommand, LoadCommand
from energy.devices import AnyLoad, HeatPump
from energy.guard import Policy
from energy.home import Home

_AHEAD = timedelta(minutes=5)
# Rounding of what is published.
_TINY = 1e-3


@dataclass(frozen=True, slots=True)
class DeviceAllowed:
    """The command may go out, narrowed where `reasons` say so."""

    command: DeviceCommand
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class DeviceRefused:
    """Nothing may go out."""

    reasons: tuple[str, ...]


def review_device(
    command: DeviceCommand, home: Home, policy: Policy, *, now: datetime, state_at: datetime | None
) -> DeviceAllowed | DeviceRefused:
    """Check a command against time, the freshness of the device's state, and the limits of the device.

    `state_at` is when the device was last heard; an export limit rests on none.
    """
    refusals = [*_time_refusals(command, policy, now), *_state_refusals(command, policy, now, state_at)]
    if refusals:
        return DeviceRefused(tuple(refusals))
    match command:
        case LoadCommand():
            return _review_load(command, home)
        case ClimateCommand():
            return _review_climate(command, home)
        case ExportCommand():
            return _review_export(command, home)


def _time_refusals(command: DeviceCommand, policy: Policy, now: datetime) -> list[str]:
    refusals = []
    if command.valid_until <= now:
        refusals.append(f"expired at {command.valid_until.isoformat()}")
    if command.valid_from > now + _AHEAD:
        refusals.append(f"starts in the future, at {command.valid_from.isoformat()}")
    if command.valid_until - now > timedelta(hours=policy.max_horizon_hours):
        refusals.append(f"reaches past {policy.max_horizon_hours:g} hours")
    return refusals


def _state_refusals(command: DeviceCommand, policy: Policy, now: datetime, state_at: datetime | None) -> list[str]:
    if isinstance(command, ExportCommand):
        return []
    if state_at is None:
        return ["no message from the device yet"]
    age_s = (now - state_at).total_seconds()
    if not 0 <= age_s <= policy.max_snapshot_age_s:
        return [f"rests on a state {age_s:.0f} s old, limit {policy.max_snapshot_age_s:.0f} s"]
    return []


def _review_load(command: LoadCommand, home: Home) -> DeviceAllowed | DeviceRefused:
    device = next((one for one in home.devices if one.name == command.device and isinstance(one, AnyLoad)), None)
    if device is None:
        return DeviceRefused((f"no load is called {command.device!r} here",))
    most = min(device.max_kw, home.grid.import_limit_kw)
    if max(command.power_kw, *(slot.power_kw for slot in command.slots)) <= most + _TINY:
        return DeviceAllowed(command)
    slots = tuple(slot.model_copy(update={"power_kw": min(slot.power_kw, most)}) for slot in command.slots)
    narrowed = command.model_copy(update={"power_kw": min(command.power_kw, most), "slots": slots})
    return DeviceAllowed(narrowed, (f"power of {device.name} lowered to its {most:g} kW",))


def _review_climate(command: ClimateCommand, home: Home) -> DeviceAllowed | DeviceRefused:
    device = next((one for one in home.devices if one.name == command.zone and isinstance(one, HeatPump)), None)
    if device is None:
        return DeviceRefused((f"no heated zone is called {command.zone!r} here",))

    def within(setpoint_c: float) -> float:
        return min(max(setpoint_c, device.min_c), device.max_c)

    slots = tuple(slot.model_copy(update={"setpoint_c": within(slot.setpoint_c)}) for slot in command.slots)
    narrowed = command.model_copy(update={"setpoint_c": within(command.setpoint_c), "slots": slots})
    reason = f"set-points of {device.name} brought into its band of {device.min_c:g} to {device.max_c:g} °C"
    return DeviceAllowed(command) if narrowed == command else DeviceAllowed(narrowed, (reason,))


def _review_export(command: ExportCommand, home: Home) -> DeviceAllowed:
    most = home.grid.export_limit_kw
    if command.limit_kw <= most:
        return DeviceAllowed(command)
    reason = f"export limit lowered to the connection's {most:g} kW"
    return DeviceAllowed(command.model_copy(update={"limit_kw": most}), (reason,))
