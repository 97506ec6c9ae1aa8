"""Several batteries beside the service: their charges become the one that is planned with, its command one for each."""

import logging
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from threading import Event

from pydantic import ValidationError

from energy.batteries import shared_soc, split
from energy.commands import BatteryCommand, Levels, ReleaseCommand, SlotLevels, read_command
from energy.errors import DataError
from energy.home import Home
from ingest.live.snapshot import Reading, Role, read_payload
from transport.link_thread import LinkThread
from transport.mqtt import BrokerAddress, Message, MqttLink
from transport.payloads import first_fault, state_json
from transport.topics import Topics

_log = logging.getLogger(__name__)

# How old a charge may be, how often commands are looked at again, and how long one outlives its last repetition.
_FRESH, _EVERY, _STANDS = timedelta(minutes=5), timedelta(seconds=30), timedelta(minutes=5)
# The sun has to be above the house's need, or below it, by this much before the direction changes.
_TURNS_KW = 0.1
_POWERS: tuple[Role, ...] = ("load_power", "pv_power")
_GLANCE_S, _ENDS_S = 0.5, 5.0
Publish = Callable[[str, str | bytes, bool], None]


class BatteryBank:
    """Reads each battery's charge and repeats each one's command; without a fresh charge of all, nothing is sent."""

    def __init__(self, home: Home, publish: Publish) -> None:
        self._home, self._publish = home, publish
        self._batteries, self._topics = home.batteries, Topics(home.name)
        self._names = {self._topics.sensor(f"battery_soc_{one.name}"): one.name for one in home.batteries}
        self._socs: dict[str, Reading] = {}
        self._powers: dict[Role, Reading] = {}
        self._surplus = False
        self._command: BatteryCommand | None = None
        self._due: datetime | None = None

    @property
    def topics(self) -> tuple[str, ...]:
        """What to subscribe to."""
        return (*self._names, *map(self._topics.sensor, _POWERS), self._topics.command)

    def take(self, message: Message, now: datetime) -> None:
        """Take in a charge, a power of the house, or the command for all; what cannot be read changes nothing."""
        try:
            if message.topic == self._topics.command:
                self._take_command(message, now)
            elif (name := self._names.get(message.topic)) is not None:
                self._socs[name] = read_payload("battery_soc", message.payload, now=now, home=self._home)
                self._tell_charge(now)
            else:
                self._take_power(message, now)
        except DataError as err:
            _log.warning("%s", err)
        except ValidationError as err:
            _log.warning("%s: %s; ignored", message.topic, first_fault(err))

    def step(self, now: datetime) -> None:
        """Repeat every battery's command when it is due, for as long as the command for all stands."""
        if self._due is not None and now < self._due:
            return
        socs = self._fresh(now)
        if self._command is None or socs is None or not self._knows_direction(now):
            return
        if not self._command.valid_from <= now < self._command.valid_until:
            return
        self._due = now + _EVERY
        levels = self._command.levels_at(now)
        for battery, part, soc in zip(
            self._batteries, split(levels, self._batteries, socs, surplus=self._surplus), socs, strict=True
        ):
            mode = part.mode(soc, floor_soc=battery.min_soc)
            own = self._own(self._command, part, now).model_copy(update={"mode": mode})
            self._publish(self._topics.battery_command(battery.name), own.model_dump_json(), False)

    def _own(self, command: BatteryCommand, levels: Levels, now: datetime) -> BatteryCommand:
        end = min(now + _STANDS, command.valid_until)
        slot = SlotLevels(start=now, end=end, **levels.model_dump())
        return command.model_copy(update={"valid_from": now, "valid_until": end, "slots": (slot,)})

    def _take_command(self, message: Message, now: datetime) -> None:
        if message.retained:
            return
        command = read_command(message.payload)
        if isinstance(command, ReleaseCommand):
            for battery in self._batteries:
                self._publish(self._topics.battery_command(battery.name), command.model_dump_json(), False)
        self._command = command if isinstance(command, BatteryCommand) else None
        self._due = None
        self.step(now)

    def _take_power(self, message: Message, now: datetime) -> None:
        for role in _POWERS:
            if message.topic == self._topics.sensor(role):
                self._powers[role] = read_payload(role, message.payload, now=now, home=self._home)
        if len(self._powers) < len(_POWERS):
            return
        surplus_kw = self._powers["pv_power"].value - self._powers["load_power"].value
        turned = surplus_kw < -_TURNS_KW if self._surplus else surplus_kw > _TURNS_KW
        if turned:
            self._surplus, self._due = not self._surplus, None

    def _tell_charge(self, now: datetime) -> None:
        if (socs := self._fresh(now)) is not None:
            oldest = min(reading.at for reading in self._socs.values())
            percent = round(100 * shared_soc(self._batteries, socs), 2)
            self._publish(self._topics.sensor("battery_soc"), state_json(percent, "%", oldest), True)

    def _fresh(self, now: datetime) -> list[float] | None:
        """Every battery's charge; None while one is not known, or was told too long ago."""
        known = [self._socs.get(battery.name) for battery in self._batteries]
        fresh = [one.value for one in known if one is not None and now - one.at <= _FRESH]
        return fresh if len(fresh) == len(self._batteries) else None

    def _knows_direction(self, now: datetime) -> bool:
        return all(role in self._powers and now - self._powers[role].at <= _FRESH for role in _POWERS)


class BatteryBankRunner(LinkThread):
    """A bank at work inside its `with` block."""

    def __init__(self, home: Home, broker: BrokerAddress) -> None:
        super().__init__("batteries", ends_s=_ENDS_S)
        self._home, self._broker = home, broker

    def work(self, stop: Event) -> None:
        """Listen to the batteries and repeat their commands."""
        with MqttLink(self._broker, f"energy-advisor-batteries-{self._home.name}") as link:
            bank = BatteryBank(
                self._home, lambda topic, payload, retain: link.publish(topic, payload, retain=retain, qos=1)
            )
            link.subscribe(*bank.topics)
            while not stop.is_set():
                if (message := link.receive(_GLANCE_S)) is not None:
                    bank.take(message, datetime.now(UTC))
                bank.step(datetime.now(UTC))
