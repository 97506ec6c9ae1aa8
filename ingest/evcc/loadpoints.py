"""One of evcc's loadpoints as a device of the home: a car with its need and deadline, or a heat pump as SG-Ready."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from pydantic import TypeAdapter, ValidationError

from energy.commands import ClimateCommand, LoadCommand, ReleaseCommand
from energy.devices import AnyDevice, Car, HeatPump
from energy.errors import DataError
from ingest.evcc.api import EvccApi
from ingest.evcc.settings import EvccSettings
from ingest.evcc.state import EvccState, Loadpoint
from transport.payloads import DeviceAnswer, DeviceState, first_fault

_VOLTS, _LEAST_A, _MOST_A = 230.0, 6.0, 32.0
# A set-point this far above the usual one is a wish to heat now.
_BOOST_K = 0.3
# So much of a car's last hours is kept free: it charges at full power from then on, whatever it is told.
_MARGIN = timedelta(minutes=30)
_Command = TypeAdapter[LoadCommand | ClimateCommand | ReleaseCommand](LoadCommand | ClimateCommand | ReleaseCommand)


class ControlledLoadpoint:
    """A loadpoint that the advisor may control; what it was like before is given back."""

    def __init__(self, device: AnyDevice, number: int, settings: EvccSettings, api: EvccApi, zone: ZoneInfo) -> None:
        self._zone = zone
        self._device, self._number, self._settings, self._api = device, number, settings, api
        self._command: LoadCommand | ClimateCommand | None = None
        self._original: str | None = None
        self._set: str | None = None
        self._left_alone_until: datetime | None = None
        self._latest_start: datetime | None = None

    def of(self, state: EvccState) -> Loadpoint:
        """This loadpoint in a state.

        Raises:
            DataError: evcc has none of that number.
        """
        if self._number > len(state.loadpoints):
            known = len(state.loadpoints)
            raise DataError(f"evcc has {known} loadpoints, none is {self._number}: correct [evcc.loadpoints]")
        return state.loadpoints[self._number - 1]

    def state(self, state: EvccState, there: Loadpoint, now: datetime) -> DeviceState:
        """What the device does and needs."""
        needed_kwh = state.needed_kwh(there)
        ready_by = there.plan_time if needed_kwh else None
        if needed_kwh and ready_by is None and isinstance(self._device, Car):
            ready_by = self._device.window_after(now, self._zone)[1]
        self._latest_start = self._latest(needed_kwh, ready_by)
        return DeviceState(
            time=now,
            device=self._device.name,
            power_kw=max(there.charge_power, 0.0) / 1000,
            follows="deadline" if self._presses(now) else "command" if self._command is not None else "programme",
            running=there.charging,
            needed_kwh=round(needed_kwh, 3),
            ready_by=ready_by,
        )

    def take(self, payload: bytes, now: datetime) -> DeviceAnswer:
        """Take in a command; what it made of it."""
        try:
            command = _Command.validate_json(payload)
        except ValidationError as err:
            return self._answer(None, now, accepted=False, detail=f"this is not a command: {first_fault(err)}"[:1000])
        if isinstance(command, ReleaseCommand):
            self.release()
            return self._answer(command.decision_id, now, accepted=True, detail="released")
        self._command = command
        return self._answer(command.decision_id, now, accepted=True, detail="taken")

    def act(self, there: Loadpoint, now: datetime) -> bool:
        """Bring the loadpoint to what is commanded; whether a car begins to charge by it.

        A mode that somebody else set is left alone for a while.
        """
        if self._command is not None and now >= self._command.valid_until:
            self.release()
        if not (there.connected or there.is_heating):
            self._give_back()
            return False
        if self._command is None or self._changed_by_hand(there, now):
            return False
        wanted = self._wanted(now)
        if wanted == there.mode:
            self._set = wanted
            return False
        self._original = self._original or there.mode
        if wanted == "now" and isinstance(self._command, LoadCommand):
            self._api.set_max_current(self._number, self._current_a(there, now))
        self._api.set_mode(self._number, wanted)
        self._set = wanted
        return wanted == "now" and not there.is_heating

    def release(self) -> None:
        """Give it back in the mode that it had, and obey no command."""
        self._command = None
        self._give_back()

    def _give_back(self) -> None:
        original, self._original, self._set = self._original, None, None
        if original:
            self._api.set_mode(self._number, original)

    def _wanted(self, now: datetime) -> str:
        if self._presses(now):
            return "now"
        if isinstance(self._command, ClimateCommand) and isinstance(self._device, HeatPump):
            setpoint_c = self._command.setpoint_at(now) or self._device.usual_c
            return "now" if setpoint_c > self._device.usual_c + _BOOST_K else "pv"
        power_kw = self._command.power_at(now) if isinstance(self._command, LoadCommand) else None
        return "now" if power_kw else self._settings.wait_mode

    def _current_a(self, there: Loadpoint, now: datetime) -> float:
        power_kw = self._command.power_at(now) if isinstance(self._command, LoadCommand) else None
        if not power_kw or self._presses(now):
            return _MOST_A
        phases = there.phases_active or (3 if self._device.max_kw > _MOST_A * _VOLTS / 1000 else 1)
        return round(min(max(1000 * power_kw / (_VOLTS * phases), _LEAST_A), _MOST_A), 1)

    def _changed_by_hand(self, there: Loadpoint, now: datetime) -> bool:
        if self._set is not None and there.mode != self._set:
            self._left_alone_until = now + timedelta(hours=self._settings.respect_hours)
            self._set, self._original = None, None
        return self._left_alone_until is not None and now < self._left_alone_until

    def _latest(self, needed_kwh: float, ready_by: datetime | None) -> datetime | None:
        """When a car must begin at its full power to be ready in time."""
        if not needed_kwh or ready_by is None:
            return None
        return ready_by - timedelta(hours=needed_kwh / self._device.max_kw) - _MARGIN

    def _presses(self, now: datetime) -> bool:
        return self._latest_start is not None and now >= self._latest_start

    def _answer(self, decision_id: str | None, now: datetime, *, accepted: bool, detail: str) -> DeviceAnswer:
        return DeviceAnswer(
            time=now, device=self._device.name, decision_id=decision_id, accepted=accepted, detail=detail
        )
