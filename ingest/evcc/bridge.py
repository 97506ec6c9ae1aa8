"""The bridge: evcc's site and loadpoints become a house that the advisor knows, and its commands become evcc's."""

import logging
from collections.abc import Callable
from datetime import datetime, timedelta

from pydantic import TypeAdapter, ValidationError

from energy.commands import BatteryCommand, Mode, ReleaseCommand
from energy.devices import Car
from energy.errors import AdvisorError
from energy.home import Home
from ingest.evcc.api import EvccApi, EvccBatteryMode
from ingest.evcc.loadpoints import ControlledLoadpoint
from ingest.evcc.settings import EvccSettings
from ingest.evcc.state import EvccState, Loadpoint
from transport.payloads import CommandState, first_fault, state_json
from transport.topics import Topics

_log = logging.getLogger(__name__)

Publish = Callable[[str, bytes, bool], None]
_MODES: dict[Mode, EvccBatteryMode] = {
    Mode.SELF_CONSUMPTION: "normal",
    Mode.HOLD: "hold",
    Mode.CHARGE: "charge",
    # evcc knows no export from the battery.
    Mode.DISCHARGE: "normal",
}
_SHOWS_WITHIN = timedelta(seconds=90)
# A car takes at least six amperes: less is standby.
_CHARGES_W = 500.0
_Battery = TypeAdapter[BatteryCommand | ReleaseCommand](BatteryCommand | ReleaseCommand)


class EvccBridge:
    """One home's evcc. `step` looks and acts, `take` hears commands, `release` lets everything go."""

    def __init__(self, home: Home, settings: EvccSettings, api: EvccApi, publish: Publish) -> None:
        self.problem = ""
        self._home, self._settings, self._api, self._publish = home, settings, api, publish
        self._topics = Topics(home.name)
        self._command: BatteryCommand | None = None
        self._asked_at: datetime | None = None
        self._unanswered = False
        self._commanded: EvccBatteryMode | None = None
        devices = {device.name: device for device in home.devices}
        self._loadpoints = {
            name: ControlledLoadpoint(devices[name], number, settings, api, home.tz)
            for name, number in settings.loadpoints.items()
            if name in devices
        }

    @property
    def topics(self) -> tuple[str, ...]:
        """What to subscribe to."""
        return (self._topics.command, *map(self._topics.device_command, self._loadpoints))

    def take(self, topic: str, payload: bytes, now: datetime) -> None:
        """Take in a command of the advisor; what is none is answered with why."""
        for name, loadpoint in self._loadpoints.items():
            if topic == self._topics.device_command(name):
                answer = loadpoint.take(payload, now)
                self._publish(self._topics.device_command_state(name), answer.model_dump_json().encode(), False)
        if topic == self._topics.command:
            self._take_battery(payload, now)

    def step(self, now: datetime) -> None:
        """Read evcc, publish it, and bring evcc to what is commanded; a fault is logged once and nothing follows."""
        try:
            state = self._api.state()
            self._publish_state(state, now)
            begins = [loadpoint.act(loadpoint.of(state), now) for loadpoint in self._loadpoints.values()]
            self._command_battery(state, now, begins=any(begins))
        except AdvisorError as err:
            if not self.problem:
                _log.warning("%s", err)
            self.problem = str(err)
            return
        if self.problem:
            _log.info("evcc answers again")
        self.problem = ""

    def release(self) -> None:
        """Give battery and loadpoints back as they were."""
        try:
            if self._commanded is not None:
                self._api.release_battery()
            for loadpoint in self._loadpoints.values():
                loadpoint.release()
        except AdvisorError as err:
            _log.warning("evcc was not released: %s; it forgets battery commands after a minute", err)
        self._command, self._commanded = None, None

    def _publish_state(self, state: EvccState, now: datetime) -> None:
        """Devices first: what they take at the moment of the load reading is theirs, not the house's."""
        for name, loadpoint in self._loadpoints.items():
            device = loadpoint.state(state, loadpoint.of(state), now)
            self._publish(self._topics.device_state(name), device.model_dump_json().encode(), True)
        charging = sum(max(one.charge_power, 0.0) for one in state.loadpoints)
        load = state.home_power + charging if state.home_power is not None else None
        for sensor, value, unit in (
            ("pv_power", state.pv_power, "W"),
            ("grid_power", state.grid_power, "W"),
            ("battery_power", state.battery_power, "W"),
            ("battery_soc", state.battery_soc, "%"),
            ("load_power", load, "W"),
        ):
            if value is not None:
                self._publish(self._topics.sensor(sensor), state_json(value, unit, now), True)

    def _take_battery(self, payload: bytes, now: datetime) -> None:
        try:
            command = _Battery.validate_json(payload)
        except ValidationError as err:
            self._answer(None, now, accepted=False, detail=f"this is not a command: {first_fault(err)}"[:1000])
            return
        self._command = command if isinstance(command, BatteryCommand) else None
        self._asked_at, self._unanswered = now, self._command is not None
        if self._command is None:
            self._answer(command.decision_id, now, accepted=True, detail="evcc commands the battery by its own rules")

    def _command_battery(self, state: EvccState, now: datetime, *, begins: bool) -> None:
        """Repeat the mode in force: evcc forgets it after a minute, and so ends what a lost advisor had asked for."""
        if self._unanswered:
            self._read_back(state, now)
        if self._command is None or now >= self._command.valid_until or state.battery_soc is None:
            self._let_battery_go()
            return
        wanted = self._wanted(self._command, state, now, begins=begins)
        self._api.set_battery_mode(wanted)
        self._commanded = wanted

    def _wanted(self, command: BatteryCommand, state: EvccState, now: datetime, *, begins: bool) -> EvccBatteryMode:
        """The mode of the command; a battery that would feed a car, or one that begins to charge, is held."""
        soc = (state.battery_soc or 0.0) / 100
        levels = command.levels_at(now)
        wanted = _MODES[levels.mode(soc, floor_soc=self._home.battery.min_soc)]
        feeds_car = begins or any(self._is_fed(one, state) for one in state.loadpoints)
        may_feed = self._settings.discharge_into_car and not levels.hold_for_car
        return "hold" if wanted == "normal" and feeds_car and not may_feed else wanted

    def _is_fed(self, loadpoint: Loadpoint, state: EvccState) -> bool:
        """Whether a car takes more than the panels have left over for it."""
        left_w = (state.pv_power or 0.0) - (state.home_power or 0.0)
        return not loadpoint.is_heating and loadpoint.charge_power > max(left_w, 0.0) + _CHARGES_W

    def _let_battery_go(self) -> None:
        if self._commanded is not None:
            self._api.release_battery()
            self._commanded = None

    def _read_back(self, state: EvccState, now: datetime) -> None:
        """Answer a command once evcc shows what was asked for, or has not in time."""
        if self._command is None or self._asked_at is None or self._commanded is None:
            return
        if state.battery_mode == self._commanded:
            self._answer(self._command.decision_id, now, accepted=True, detail=f"evcc shows {state.battery_mode}")
        elif now - self._asked_at >= _SHOWS_WITHIN:
            detail = f"evcc shows {state.battery_mode[:40]!r}, not {self._commanded!r}: is its battery controllable?"
            self._answer(self._command.decision_id, now, accepted=False, detail=detail)

    def _answer(self, decision_id: str | None, now: datetime, *, accepted: bool, detail: str) -> None:
        self._unanswered = False
        mode = self._command.mode if self._command is not None and accepted else None
        answer = CommandState(time=now, decision_id=decision_id, accepted=accepted, mode=mode, detail=detail)
        self._publish(self._topics.command_state, answer.model_dump_json().encode(), False)


def missing_devices(settings: EvccSettings, home: Home) -> tuple[str, ...]:
    """Loadpoints that the settings name and the home does not have as a car or heat pump."""
    known = {device.name for device in home.devices if isinstance(device, Car) or device.kind == "heat_pump"}
    return tuple(sorted(set(settings.loadpoints) - known))
