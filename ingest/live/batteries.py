"""What each of several batteries says of itself, and what they are together: the one battery that is planned with."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from energy.batteries import shared_soc
from energy.errors import DataError
from energy.home import Home
from ingest.live.mapping import MappedRole, MappedSensors, SensorSource
from ingest.live.snapshot import Reading, Role, read_payload
from transport.mqtt import Message
from transport.topics import Topics

BatterySources = Mapping[MappedRole, SensorSource]
# What is read of one of several batteries.
BATTERY_ROLES: tuple[Role, ...] = ("battery_soc", "battery_power")


class BatterySensors:
    """Charge and power of each battery, on its own topics or as mapped; nothing where a home has only one.

    A battery answers while its charge is known and at most `max_age_s` old. One that was never heard is waited for as
    long.
    """

    def __init__(self, sources: Mapping[str, BatterySources], home: Home, *, max_age_s: float) -> None:
        self.home, self._max_age = home, timedelta(seconds=max_age_s)
        topics = Topics(home.name)
        self._homes = {one.name: home.with_only((one.name,)) for one in home.batteries}
        self.mapped = {name: MappedSensors(sources.get(name, {}), one) for name, one in self._homes.items()}
        self._own: dict[str, tuple[str, Role]] = {
            topics.sensor(f"{role}_{name}"): (name, role)
            for name, mapped in self.mapped.items()
            for role in BATTERY_ROLES
            if role not in mapped.roles
        }
        self._began: datetime | None = None
        self._refused: dict[str, str] = {}
        self.readings: dict[str, dict[Role, Reading]] = {name: {} for name in self._homes}

    @property
    def topics(self) -> frozenset[str]:
        """What to subscribe to."""
        return frozenset(self._own).union(*(mapped.topics for mapped in self.mapped.values()))

    @property
    def entities(self) -> frozenset[str]:
        """The entities that are read from Home Assistant itself."""
        return frozenset[str]().union(*(mapped.entities for mapped in self.mapped.values()))

    @property
    def followed(self) -> frozenset[str]:
        """The entities to ask Home Assistant for."""
        return frozenset[str]().union(*(mapped.followed for mapped in self.mapped.values()))

    def names(self, battery: str) -> tuple[str, ...]:
        """The topics or entities that the charge of one battery comes from."""
        own = [topic for topic, (name, role) in self._own.items() if (name, role) == (battery, "battery_soc")]
        mapped = self.mapped[battery]
        return (*own, *sorted(mapped.topics | mapped.entities)) if not own else tuple(own)

    def take(self, message: Message, *, now: datetime | None, ahead: timedelta = timedelta()) -> None:
        """Take in a message of a battery, whose times may be ahead of the clock by so much.

        Raises:
            DataError: it is not what it should be; it names the battery.
        """
        if (own := self._own.get(message.topic)) is not None:
            self._take_own(*own, message, now and now + ahead)
            return
        for name, mapped in self.mapped.items():
            if now is not None and message.topic in mapped.topics:
                try:
                    mapped.update(message.topic, message.payload, retained=message.retained, now=now)
                except DataError as err:
                    raise DataError(f"battery {name}: {err}") from err

    def _take_own(self, name: str, role: Role, message: Message, now: datetime | None) -> None:
        try:
            reading = read_payload(role, message.payload, now=now, home=self._homes[name])
        except DataError as err:
            self._refused[name] = str(err)
            raise DataError(f"battery {name}: {err}") from err
        self._refused.pop(name, None)
        known = self.readings[name].get(role)
        # What came before the clock was known may be of no time that there is.
        if known is None or reading.at > known.at or (now is not None and known.at > now):
            self.readings[name][role] = reading

    def sample(self, now: datetime) -> None:
        """Look at what is mapped, as it stands now."""
        self._began = self._began or now
        for name, mapped in self.mapped.items():
            for role in mapped.roles:
                self.readings[name].pop(role, None)
            self.readings[name].update(mapped.readings(now))

    def begin_anew(self) -> None:
        """Another house, or the same at another time: nothing heard before counts."""
        self._began = None
        self._refused.clear()
        for known in self.readings.values():
            known.clear()

    def set_back(self, now: datetime) -> None:
        """The clock was set back: what was said is as old as now at most."""
        for mapped in self.mapped.values():
            mapped.set_back(now)

    def answering(self, now: datetime) -> tuple[str, ...]:
        """The batteries that answer; all of them while one that was never heard may still."""
        began = self._began or now
        return tuple(
            name
            for name, known in self.readings.items()
            if now - (known["battery_soc"].at if "battery_soc" in known else began) <= self._max_age
        )

    def socs(self, names: Iterable[str]) -> dict[str, float]:
        """The charge of each of these batteries, where it is known."""
        known = {name: self.readings[name].get("battery_soc") for name in names}
        return {name: reading.value for name, reading in known.items() if reading is not None}

    def together(self, now: datetime) -> dict[Role, Reading]:
        """Charge and power of the batteries that answer, as those of one; power only where that of all is known.

        One that does not answer may do anything: without its power nobody can say what they do together.
        """
        answering = self.answering(now)
        found: dict[Role, Reading] = {}
        charges = [self.readings[name].get("battery_soc") for name in answering]
        known = [charge for charge in charges if charge is not None]
        if known and len(known) == len(charges):
            batteries = [one for one in self.home.batteries if one.name in answering]
            soc = shared_soc(batteries, [charge.value for charge in known])
            found["battery_soc"] = Reading(soc, min(charge.at for charge in known))
        powers = [one["battery_power"] for one in self.readings.values() if "battery_power" in one]
        if powers and len(powers) == len(self.readings):
            found["battery_power"] = Reading(sum(power.value for power in powers), min(power.at for power in powers))
        return found

    def faults(self, now: datetime) -> dict[str, str]:
        """Why each battery that does not answer does not."""
        answering = self.answering(now)
        return {name: self._fault(name, now) for name in self.readings if name not in answering}

    def _fault(self, name: str, now: datetime) -> str:
        charge = self.readings[name].get("battery_soc")
        refused = self._refused.get(name) or self.mapped[name].refusals().get("battery_soc", "")
        if charge is None:
            why = refused or "its charge is not known yet"
        else:
            why = f"its charge is {(now - charge.at).total_seconds():.0f} s old"
        return (
            f"battery {name} does not answer ({why}): it is not commanded, and the others neither charge from the grid "
            "nor sell"
        )
