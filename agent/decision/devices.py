"""What the devices of a home told, and the weather outside: all that a plan for them rests on."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import numpy as np

from agent.decision.outdoor_temperature import OutdoorTemperature
from energy.devices import Car, HeatPump
from energy.errors import DataError
from energy.home import Home
from energy.slots import hours
from knowledge.days import Floats
from transport.payloads import DeviceState

_DAY = timedelta(days=1)
# A car that was silent for longer may have been unplugged meanwhile; older charging is of older wishes.
_LONGEST_SILENCE, _COUNTED = timedelta(hours=1), timedelta(days=3)
# Readings of one house that are this near tell of one moment.
_SAME_MOMENT = timedelta(minutes=1)
# A device that takes this much more than it can is misread.
_MOST = 1.5


@dataclass(frozen=True, slots=True)
class KnownDevices:
    """What is known of a home's devices when a decision is due; `wall_c` is a zone's walls, as far as air tells."""

    states: Mapping[str, DeviceState] = field(default_factory=dict)
    wall_c: Mapping[str, float] = field(default_factory=dict)
    outdoor_c: Floats | None = None


NOTHING_KNOWN = KnownDevices()


class DeviceRegistry:
    """Takes in the devices of a home, and has the weather `outdoors`."""

    def __init__(self, home: Home) -> None:
        self._home = home
        self._states: dict[str, DeviceState] = {}
        self._wall_c: dict[str, float] = {}
        # When a car was heard, and what it took since the time before.
        self._taken: dict[str, list[tuple[datetime, float]]] = {}
        self.outdoors = OutdoorTemperature(home.tz)

    def update(self, state: DeviceState, *, until: datetime | None = None) -> None:
        """Take in a state of a device that the home has; an older one than known changes nothing.

        Raises:
            DataError: the state is from after `until`, or says more than the device can do.
        """
        device = next((one for one in self._home.devices if one.name == state.device), None)
        last = self._states.get(state.device)
        if last is not None and until is not None and last.time > until:
            # It came before the clock was known, and is of no time that there is.
            last = None
        if device is None or (last is not None and state.time <= last.time):
            return
        if until is not None and state.time > until:
            raise DataError(f"{state.device}: time {state.time.isoformat()} lies in the future: check the clocks")
        if state.power_kw > _MOST * device.max_kw:
            raise DataError(f"{state.device}: {state.power_kw:g} kW is above its {device.max_kw:g} kW: check its unit")
        self._states[state.device] = state
        if isinstance(device, Car):
            self._count(state, last)
        if isinstance(device, HeatPump) and state.temperature_c is not None:
            self._follow_walls(device, state.temperature_c, state.time - last.time if last else _DAY)

    def taken_kw(self, at: datetime, *, charger_kw: float = 0.0) -> float:
        """What devices took at a moment; a charger that is measured by itself may be that of a car that is heard."""
        heard = [state for state in self._states.values() if abs(at - state.time) <= _SAME_MOMENT]
        cars = {device.name for device in self._home.devices if isinstance(device, Car)}
        cars_kw = sum(state.power_kw for state in heard if state.device in cars)
        return max(cars_kw, charger_kw) + sum(state.power_kw for state in heard if state.device not in cars)

    def known(self, starts: Sequence[datetime]) -> KnownDevices:
        """All that is known for a plan over slots."""
        if not self._home.devices:
            return NOTHING_KNOWN
        return KnownDevices(dict(self._states), dict(self._wall_c), self.outdoors.ahead(starts))

    def charged_since_kwh(self, start: datetime) -> float:
        """Energy that cars took since a moment, as far as they were read."""
        return sum(kwh for times in self._taken.values() for at, kwh in times if at > start)

    def _count(self, state: DeviceState, last: DeviceState | None) -> None:
        passed = min(state.time - last.time, _LONGEST_SILENCE) if last else timedelta()
        times = self._taken.setdefault(state.device, [])
        times.append((state.time, last.power_kw * hours(passed) if last else 0.0))
        while times[0][0] < state.time - _COUNTED:
            times.pop(0)

    def _follow_walls(self, device: HeatPump, air_c: float, passed: timedelta) -> None:
        """Walls follow the air with the time constant of their mass."""
        before = self._wall_c.get(device.name, air_c)
        lasts_h = device.mass_kwh_per_k / (device.couple_kw_per_k + device.wall_kw_per_k)
        self._wall_c[device.name] = air_c + (before - air_c) * float(np.exp(-hours(passed) / lasts_h))
