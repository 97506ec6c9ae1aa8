"""What arrives: MQTT messages become the house's clock, checked readings, forecasts and states of its devices."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from agent.decision.devices import DeviceRegistry
from agent.decision.pv_forecast import PvForecasts
from agent.settings import Settings
from energy.errors import DataError
from energy.home import Home
from ingest.homeassistant.live_states import LiveStates, StateChanges, take_in
from ingest.live.mapping import MappedSensors, check_forecast
from ingest.live.meter import MeteredSlot, SlotMeter
from ingest.live.plausible import PlausibilityCheck
from ingest.live.pv_forecast import in_slots
from ingest.live.snapshot import REQUIRED, NoSnapshot, Reading, Role, Snapshot, read_payload, snapshot
from transport.mqtt import Message
from transport.payloads import DeviceAnswer, DeviceState, Moment, PvForecast, TemperatureForecast
from transport.topics import Topics

_log = logging.getLogger(__name__)

_SAMPLE = timedelta(seconds=1)
# Clocks are corrected by seconds all the time; by more, what was measured before is of another time.
_SET_BACK = timedelta(minutes=1)
_ROLES: tuple[Role, ...] = (
    *REQUIRED,
    "grid_power",
    "battery_power",
    "outdoor_temperature",
    "price_import",
    "price_export",
    "car_power",
)


NO_PV_FORECAST = (
    "no solar forecast: the solar yield of similar past days is assumed instead, so on a day unlike them more is "
    "bought or sold than necessary; docs/prices.md says how to get one"
)


class Problems:
    """What is wrong with a source now, by its name; logged when it begins and when it ends."""

    def __init__(self) -> None:
        self._by_source: dict[str, str] = {}

    def report(self, source: str, problem: str) -> None:
        """Something is wrong with a source."""
        if source not in self._by_source:
            _log.warning("%s", problem)
        self._by_source[source] = problem

    def clear(self, source: str, ended: str = "") -> None:
        """A source is well; `ended` is logged where it was not."""
        if self._by_source.pop(source, None) and ended:
            _log.info("%s", ended)

    def keep(self, group: str, faults: Mapping[str, str]) -> None:
        """All that is wrong with a group of sources; what is not named is well."""
        for source in [one for one in self._by_source if one.startswith(f"{group}: ")]:
            if source.removeprefix(f"{group}: ") not in faults:
                self.clear(source, f"{source} is well again")
        for name, fault in faults.items():
            self.report(f"{group}: {name}", fault)

    def texts(self) -> tuple[str, ...]:
        """All problems there are."""
        return tuple(self._by_source.values())


class Feed:
    """Everything that is known of the house from what it published."""

    def __init__(
        self,
        settings: Settings,
        home: Home,
        problems: Problems,
        on_return: Callable[[], None],
        live: LiveStates | None = None,
    ) -> None:
        self.readings: dict[Role, Reading] = {}
        self.devices = DeviceRegistry(home)
        self.pv_forecast = PvForecasts(home.tz)
        self.batteries = settings.battery_sensors(home)
        # The batteries that are commanded, where there are several.
        self.answering = tuple(one.name for one in home.batteries)
        self._settings, self._home, self._problems, self._on_return = settings, home, problems, on_return
        self._live = live
        self._topics = Topics(home.name)
        self._step = timedelta(minutes=settings.service.slot_minutes)
        self._mapped = MappedSensors(settings.sensors, home)
        elsewhere = {*self._mapped.roles, *(("battery_soc", "battery_power") if home.batteries else ())}
        self._roles = {self._topics.sensor(role): role for role in _ROLES if role not in elsewhere}
        self._takers = self._takers_by_topic()
        self._meter = SlotMeter(self._step)
        self._plausibility = PlausibilityCheck(home)
        self._sampled_at: datetime | None = None
        self._house_time: datetime | None = None
        self._last_now: datetime | None = None
        self._refused: dict[Role, str] = {}
        self._house_online: bool | None = None

    @property
    def topics(self) -> tuple[str, ...]:
        """What to subscribe to."""
        return (
            self._topics.device_states,
            self._topics.device_command_states,
            self._topics.sensors,
            *self._mapped.topics,
            *self.batteries.topics,
        )

    def now(self) -> datetime | None:
        """Time by the configured clock; None while a house that keeps its own has not been heard or is away."""
        if self._settings.service.clock == "wall":
            return datetime.now(UTC)
        return self._house_time if self._house_online else None

    def take(self, message: Message) -> None:
        """Take in a message of the house; one that is none of its changes nothing.

        Raises:
            AdvisorError, ValidationError: it cannot be what it should; nothing has changed.
        """
        if (taker := self._takers.get(message.topic)) is not None:
            taker(message)
        elif message.topic.startswith(self._topics.devices):
            self._take_device(message)
        elif (role := self._roles.get(message.topic)) is not None:
            self._take_reading(role, message)
        else:
            if message.topic in self.batteries.topics:
                self._take_battery(message)
            if message.topic in self._mapped.topics:
                self._take_mapped(message)

    def sample(self, now: datetime) -> None:
        """Look at the mapped sensors at an even pace: they publish changes only, and a mean is one over time."""
        if self._sampled_at is not None and now - self._sampled_at < _SAMPLE:
            return
        self._sampled_at = now
        if self._live is not None:
            self._take_states(self._live.collect(), now)
        known = self._mapped.readings(now)
        for role in self._mapped.roles:
            self.readings.pop(role, None)
        self.readings.update(known)
        self._sample_batteries(now)
        for role, reading in known.items():
            # What a battery does that does not answer is in the power of all, and not in the charge of the others.
            if role != "battery_power" or len(self.answering) == len(self._home.batteries):
                self._plausibility.update(role, reading)
            if (now - reading.at).total_seconds() <= self._settings.policy.max_snapshot_age_s:
                self._count(role, replace(reading, at=now))

    def _count(self, role: Role, reading: Reading) -> None:
        """Keep a reading for its slot; what cars and other devices take is kept beside the load, not in it."""
        charger = self.readings.get("car_power")
        if role == "load_power" and (charger is not None or self._home.devices):
            is_fresh = charger and (reading.at - charger.at).total_seconds() <= self._settings.policy.max_snapshot_age_s
            charger_kw = max(charger.value, 0.0) if charger and is_fresh else 0.0
            taken_kw = min(self.devices.taken_kw(reading.at, charger_kw=charger_kw), reading.value)
            self._meter.add("devices", replace(reading, value=taken_kw))
            reading = replace(reading, value=reading.value - taken_kw)
        self._meter.add(role, reading)

    def _sample_batteries(self, now: datetime) -> None:
        """The several batteries of a home as one; those that begin or cease to answer make it another one."""
        if not self._home.batteries:
            return
        self.batteries.sample(now)
        self._problems.keep("battery", self.batteries.faults(now))
        if (answering := self.batteries.answering(now)) != self.answering:
            self.answering = answering
            self._plausibility = PlausibilityCheck(self._home.with_only(answering))
        together = self.batteries.together(now)
        for role in ("battery_soc", "battery_power"):
            if role in self._mapped.roles:
                continue
            before, reading = self.readings.pop(role, None), together.get(role)
            if reading is None:
                continue
            self.readings[role] = reading
            if before is None or reading.at > before.at:
                self._plausibility.update(role, reading)
                self._meter.add(role, reading)

    def take_pv_forecast(self, forecast: PvForecast) -> None:
        """Take in a forecast of PV, whoever makes it.

        Raises:
            DataError: these panels cannot give as much.
        """
        check_forecast(forecast, self._home)
        self.pv_forecast.update(in_slots(forecast, self._step), now=self.now())
        self._problems.clear("pv_forecast", "there is a solar forecast")

    def note_missing_forecast(self, now: datetime) -> None:
        """Say what it costs where panels have no forecast."""
        if self._home.pv_peak_kw and not self.pv_forecast.is_fresh(now):
            self._problems.report("pv_forecast", NO_PV_FORECAST)

    def snapshot(self, now: datetime) -> Snapshot | NoSnapshot:
        """The house now, if its readings are fresh, in range, in balance and believable."""
        limit_s, refused = self._settings.policy.max_snapshot_age_s, self._refused | self._mapped.refusals()
        return self._plausibility.judged(snapshot(self.readings, now=now, max_age_s=limit_s, refused=refused))

    def clock_was_set_back(self, now: datetime) -> bool:
        """Whether the clock stands earlier than before: then everything known of the house is of another time."""
        last, self._last_now = self._last_now, now
        if last is None or now >= last - _SET_BACK:
            return False
        _log.warning("the clock was set back from %s to %s: readings begin anew", last.isoformat(), now.isoformat())
        self._begin_anew()
        self._mapped.set_back(now)
        self.batteries.set_back(now)
        return True

    def finished_slots(self, now: datetime) -> list[MeteredSlot]:
        """Slots that are over since the last call, each with what was forecast for it when its day began."""
        return [
            replace(
                slot,
                pv_forecast_kw=self.pv_forecast.day_ahead(slot.start),
                pv_nowcast_kw=self.pv_forecast.nowcast(slot.start),
                temperature_forecast_c=self.devices.outdoors.day_ahead(slot.start),
            )
            for slot in self._meter.finished(now)
        ]

    def _takers_by_topic(self) -> Mapping[str, Callable[[Message], None]]:
        return {
            self._topics.clock: self._take_clock,
            self._topics.house_status: self._take_status,
            self._topics.sensor("pv_forecast"): self._take_pv_forecast,
            self._topics.sensor("temperature_forecast"): self._take_temperature_forecast,
        }

    def _take_clock(self, message: Message) -> None:
        self._house_time = Moment.model_validate_json(message.payload).time.astimezone(UTC)

    def _take_status(self, message: Message) -> None:
        """A house that comes back may live at another time: nothing known of it before counts."""
        online = message.payload == b"online"
        if online and self._house_online is False:
            self._house_time = self._last_now = None
            self._begin_anew()
            self._on_return()
        self._house_online = online

    def _begin_anew(self) -> None:
        self.readings.clear()
        self._refused.clear()
        self._meter = SlotMeter(self._step)
        self._plausibility = PlausibilityCheck(self._home)
        self.batteries.begin_anew()
        self.devices = DeviceRegistry(self._home)
        self._sampled_at = None

    def _take_pv_forecast(self, message: Message) -> None:
        self.take_pv_forecast(PvForecast.model_validate_json(message.payload))
        self._problems.clear(message.topic)

    def _take_temperature_forecast(self, message: Message) -> None:
        self.devices.outdoors.update(TemperatureForecast.model_validate_json(message.payload), now=self.now())
        self._problems.clear(message.topic)

    def _take_reading(self, role: Role, message: Message) -> None:
        now = self.now()
        if now is not None and self._settings.service.clock == "house":
            # A house with its own clock publishes its states before it: they may be ahead, by a slot at most.
            now += self._step
        try:
            reading = read_payload(role, message.payload, now=now, home=self._home)
        except DataError as err:
            self._refused[role] = str(err)
            raise
        self._refused.pop(role, None)
        known = self.readings.get(role)
        if known is not None and now is not None and known.at > now + _SET_BACK:
            # It came before the clock was known, and is of no time that there is.
            known, self._plausibility = None, PlausibilityCheck(self._home)
        if known is None or reading.at > known.at:
            self.readings[role] = reading
            self._plausibility.update(role, reading)
            self._count(role, reading)
            if role == "outdoor_temperature":
                self.devices.outdoors.feel(reading)
        self._problems.clear(message.topic, f"{role} is well again")

    def _take_battery(self, message: Message) -> None:
        ahead = self._step if self._settings.service.clock == "house" else timedelta()
        self.batteries.take(message, now=self.now(), ahead=ahead)
        self._problems.clear(message.topic, f"{message.topic} is well again")

    def _take_mapped(self, message: Message) -> None:
        if (now := self.now()) is None:
            return
        forecast = self._mapped.update(message.topic, message.payload, retained=message.retained, now=now)
        if forecast is not None:
            self.take_pv_forecast(forecast)
        self._problems.clear(message.topic, f"{message.topic} is well again")

    def _take_states(self, changes: StateChanges, now: datetime) -> None:
        """What Home Assistant itself said of its entities, and whether it answers."""
        faults, forecast = take_in(changes, (self._mapped, *self.batteries.mapped.values()), now=now)
        if forecast is not None:
            self.take_pv_forecast(forecast)
        # Where topics bring everything, a Home Assistant that does not answer is nobody's problem.
        line = {"homeassistant": changes.problem} if self._mapped.entities or self.batteries.entities else {}
        for mapped in (self._mapped, *self.batteries.mapped.values()):
            faults |= mapped.fill_in(now)
        for source, fault in (faults | line).items():
            if fault:
                self._problems.report(source, fault)
            else:
                self._problems.clear(source, f"{source} is well again")

    def _take_device(self, message: Message) -> None:
        if message.topic.endswith("/state"):
            now = self.now()
            until = now + self._step if now is not None else None
            self.devices.update(DeviceState.model_validate_json(message.payload), until=until)
        elif message.topic.endswith("/command_state") and not message.retained:
            answer = DeviceAnswer.model_validate_json(message.payload)
            if not answer.accepted:
                _log.warning("%s refused %s: %s", answer.device, answer.decision_id, answer.detail)
