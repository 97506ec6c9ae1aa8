"""The house on MQTT: it publishes its sensors, hears commands, and waits for a go-ahead where it is told to."""

import json
import logging
import time
from dataclasses import asdict, dataclass
from datetime import timedelta
from threading import Event
from typing import TextIO

from pydantic import ValidationError

from energy.errors import SettingsError
from simulator.house.house import House, StepRecord
from simulator.house.sensors import PERFECT, SensorQuality, Sensors, check_faults, sensors_of
from transport.discovery import HOME_ASSISTANT_STATUS, house_discovery
from transport.mqtt import BrokerAddress, Message, MqttLink
from transport.payloads import Moment, PvForecast, TemperatureForecast, first_fault, state_json
from transport.topics import Topics

_log = logging.getLogger(__name__)

# How soon a request to stop is noticed while waiting.
_GLANCE_S = 0.2
# More messages than this between two steps are a flood, which must not hold time up.
_MOST_MESSAGES_PER_STEP = 500


@dataclass(frozen=True, slots=True)
class Pace:
    """How time runs: `speed` simulated seconds per second (None: as fast as possible).

    In lockstep each slot waits for a go-ahead (with several batteries, each step), at most `patience_s`. After a miss,
    or when the advisor goes offline, the house lives on alone until it hears from the advisor again.
    """

    speed: float | None = None
    lockstep: bool = True
    patience_s: float = 30.0


class HouseService:
    """Plays a house to its end, or until asked to stop."""

    def __init__(
        self,
        house: House,
        *,
        pace: Pace,
        stop: Event,
        record: TextIO | None = None,
        quality: SensorQuality = PERFECT,
    ) -> None:
        self.published = 0
        self._house = house
        self._pace = pace
        self._stop = stop
        self._record = record
        self._several = bool(house.recording.home.batteries)
        self._topics = Topics(house.recording.home.name)
        self._shown = Sensors(quality, began=house.now, seed=house.seed)
        readings = house.readings()
        home = house.recording.home
        shown = sensors_of(home.currency, home.devices, home.batteries)
        self._sensors = {sensor.name: sensor for sensor in shown if sensor.name in readings}
        self._publications = {name: (self._topics.sensor(name), one.unit or "") for name, one in self._sensors.items()}
        if strange := check_faults(quality.faults, readings):
            raise SettingsError(strange)
        self._proceed: Moment | None = None
        self._expects_proceed = pace.lockstep

    def run(self, address: BrokerAddress) -> None:
        """Connect and live.

        Raises:
            TransportError: the broker cannot be reached at first.
        """
        topics = self._topics
        with MqttLink(
            address,
            f"energy-advisor-house-{topics.home}",
            will=(topics.house_status, "offline"),
            on_connected=self._introduce,
        ) as link:
            commands = topics.battery_commands if self._several else topics.command
            link.subscribe(commands, topics.device_commands, topics.proceed)
            link.subscribe(topics.advisor_status, HOME_ASSISTANT_STATUS)
            due = time.monotonic()
            while not self._house.finished and not self._stop.is_set():
                due = max(due, time.monotonic()) + self._seconds_per_step()
                self._live_one_step(link)
                self._receive_until(due, link)
            # Where the house ended is shown, but no clock: nothing is to be decided for a house that is gone.
            self._publish_states(link)
            self.published = link.published

    def _seconds_per_step(self) -> float:
        return self._house.step_length.total_seconds() / self._pace.speed if self._pace.speed else 0.0

    def _live_one_step(self, link: MqttLink) -> None:
        self._publish(link)
        self._receive_waiting(link)
        if self._house.at_slot_boundary or self._several:
            self._await_proceed(link)
        step = self._house.step()
        if self._record is not None:
            self._record.write(record_line(step) + "\n")

    def _introduce(self, link: MqttLink) -> None:
        for topic, payload in house_discovery(self._topics, self._sensors.values()).items():
            link.publish(topic, payload, retain=True)
        link.publish(self._topics.house_status, "online", retain=True, qos=1)

    def _publish(self, link: MqttLink) -> None:
        """Publish every state; the clock comes last, so that who hears it has them all."""
        self._publish_states(link)
        if self._house.at_slot_boundary:
            self._publish_forecasts(link)
        link.publish(self._topics.clock, Moment(time=self._house.now).model_dump_json(), retain=True)

    def _publish_states(self, link: MqttLink) -> None:
        for device in self._house.device_states():
            link.publish(self._topics.device_state(device.device), device.model_dump_json(), retain=True)
        for state in self._shown.read(self._house.readings(), self._house.now):
            topic, unit = self._publications[state.name]
            link.publish(topic, state_json(state.value, unit, state.at), retain=True)

    def _publish_forecasts(self, link: MqttLink) -> None:
        now, slot = self._house.now, self._house.slot_length
        minutes = slot // timedelta(minutes=1)
        played, topics = self._house.recording, self._topics
        if values_kw := played.forecast_from(now, slot):
            sun = PvForecast(time=now, step_minutes=minutes, start=now, values_kw=values_kw)
            link.publish(topics.sensor("pv_forecast"), sun.model_dump_json(), retain=True)
        begins, values_c = played.temperatures_on(now, slot)
        if values_c:
            warmth = TemperatureForecast(time=begins, step_minutes=minutes, start=begins, values_c=values_c)
            link.publish(topics.sensor("temperature_forecast"), warmth.model_dump_json(), retain=True)

    def _await_proceed(self, link: MqttLink) -> None:
        awaited = Moment(time=self._house.now)
        deadline = time.monotonic() + self._pace.patience_s
        while self._expects_proceed and self._proceed != awaited and not self._stop.is_set():
            self._receive(link, min(_GLANCE_S, deadline - time.monotonic()))
            if time.monotonic() >= deadline and self._proceed != awaited:
                self._expects_proceed = False
                _log.warning("no go-ahead for %s within %g s: living on alone", awaited.time, self._pace.patience_s)

    def _receive_until(self, due: float, link: MqttLink) -> None:
        while (left_s := due - time.monotonic()) > 0 and not self._stop.is_set():
            self._receive(link, min(_GLANCE_S, left_s))

    def _receive_waiting(self, link: MqttLink) -> None:
        for _ in range(_MOST_MESSAGES_PER_STEP):
            if not self._receive(link, 0):
                return

    def _receive(self, link: MqttLink, timeout_s: float) -> bool:
        """Act on the next message; whether there was one."""
        message = link.receive(max(timeout_s, 0))
        if message is None:
            return False
        if message.topic == self._topics.command:
            answer = self._house.obey(message.payload, retained=message.retained)
            link.publish(self._topics.command_state, answer.model_dump_json(), retain=True, qos=1)
        elif (name := self._topics.battery_named(message.topic)) is not None:
            self._on_battery(name, message, link)
        elif message.topic.startswith(self._topics.devices):
            self._on_device(message, link)
        elif message.topic == self._topics.proceed:
            self._on_proceed(message)
        elif message.topic == self._topics.advisor_status:
            self._on_advisor(message)
        elif message.topic == HOME_ASSISTANT_STATUS and message.payload == b"online":
            self._introduce(link)
        return True

    def _on_battery(self, name: str, message: Message, link: MqttLink) -> None:
        if self._shown.is_reachable(f"battery_soc_{name}", self._house.now):
            answer = self._house.obey(message.payload, retained=message.retained, battery=name)
            link.publish(self._topics.battery_command_state(name), answer.model_dump_json(), retain=True, qos=1)

    def _on_device(self, message: Message, link: MqttLink) -> None:
        name = message.topic.split("/")[-2]
        answer = self._house.obey_device(name, message.payload, retained=message.retained)
        link.publish(self._topics.device_command_state(name), answer.model_dump_json(), retain=True, qos=1)

    def _on_proceed(self, message: Message) -> None:
        try:
            self._proceed = Moment.model_validate_json(message.payload)
        except ValidationError as err:
            _log.warning("go-ahead ignored: %s", first_fault(err))
        else:
            self._expects_proceed = self._pace.lockstep

    def _on_advisor(self, message: Message) -> None:
        # A retained `offline` is from before us: the advisor may be on its way, so patience decides.
        if message.payload == b"online":
            self._expects_proceed = self._pace.lockstep
        elif not message.retained:
            self._expects_proceed = False


def record_line(step: StepRecord) -> str:
    """A step as one line of JSON: its start, flows, charge at its end, prices, mode and decision."""
    fields = asdict(step)
    return json.dumps({"time": fields.pop("start").isoformat(), **fields.pop("flows"), **fields})
