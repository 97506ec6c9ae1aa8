"""Several batteries under one plan: each is sent its part of the command, and answers for itself."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from queue import Queue
from typing import Protocol

from agent.decision.read_back import (
    ChangedByHand,
    Confirmed,
    NotConfirmed,
    ReadBack,
    ReadBackOutcome,
    ReadBackTracker,
    Unchanged,
)
from agent.views.service_state import BatteryState
from energy.batteries import split
from energy.battery import NamedBattery
from energy.commands import BatteryCommand, Levels, ReleaseCommand, SlotLevels
from energy.home import Home
from ingest.live.batteries import BatterySensors
from ingest.live.snapshot import Snapshot
from transport.mqtt import MqttLink
from transport.payloads import CommandState
from transport.topics import Topics

# How long a part stands after it was sent, how soon it is repeated, and how much of a charge makes it another one.
_STANDS, _EVERY, _SAME_SOC = timedelta(minutes=5), timedelta(minutes=2), 0.01
_LOOKS_EVERY = timedelta(seconds=1)
# The sun has to be above the house's need, or below it, by this much before the direction changes.
_TURNS_KW = 0.1
# Neither in nor out, whatever the house does.
_AT_REST = Levels(reserve_soc=1.0, surplus_to_soc=0.0)


class DirectWay(Protocol):
    """A direct way to the inverter of one battery, as `Actuator` is."""

    reports: Queue[ReadBack]

    def apply(self, decision_id: str, command: BatteryCommand | None) -> None:
        """Have a command's positions written; None means self-consumption."""


@dataclass(slots=True)
class _SentCommand:
    """What one battery was sent last, and what it made of it; `until` is how long that may be in force."""

    battery: NamedBattery
    sent: BatteryCommand | None = None
    until: datetime | None = None
    confirmed: bool | None = None
    detail: str = ""
    tracker: ReadBackTracker = field(default_factory=ReadBackTracker)

    def stands(self, now: datetime) -> bool:
        """Whether its command may still be in force: who does not answer may not have received its release."""
        return self.until is not None and now < self.until

    def is_new(self, part: BatteryCommand) -> bool:
        """Whether a part is another one than was sent."""
        last = self.sent
        if last is None or last.decision_id != part.decision_id or last.mode is not part.mode:
            return True
        return _differ(last.slots[0], part.slots[0])

    def is_due(self, part: BatteryCommand) -> bool:
        """Whether it is sent: another one, or the same again before that runs out."""
        return self.sent is None or part.valid_from - self.sent.valid_from >= _EVERY or self.is_new(part)


class BatteryBank:
    """Shares the command for all out among the batteries that answer.

    A battery that does not answer is let go, and follows the house by itself. The others rest until its command
    has run out, and until there is a plan without it. Nothing is sent on readings that allow no decision: then commands
    run out, and each battery is let go. If somebody else has a hand on one, it is left as it is and the others let go.
    """

    def __init__(self, home: Home, actuators: Mapping[str, DirectWay]) -> None:
        self._topics, self._actuators = Topics(home.name), actuators
        self._lines = {one.name: _SentCommand(one) for one in home.batteries}
        self._command: BatteryCommand | None = None
        self._planned = self._wished_for = tuple(self._lines)
        self._looked_at: datetime | None = None
        self._surplus = False

    @property
    def touched(self) -> tuple[str, ...]:
        """The batteries that somebody else has a hand on."""
        return tuple(name for name, line in self._lines.items() if line.tracker.changed is not None)

    def is_due(self, now: datetime) -> bool:
        """Whether the batteries are to be looked at again."""
        return self._looked_at is None or not timedelta() <= now - self._looked_at < _LOOKS_EVERY

    def done(self, now: datetime) -> None:
        """All that was to be done at a moment is done."""
        self._looked_at = now

    def wishes_plan(self, answering: tuple[str, ...]) -> bool:
        """Whether other batteries answer than before: then there should be a plan for them; said once."""
        before, self._wished_for = self._wished_for, answering
        return before != answering

    def give(self, command: BatteryCommand, names: Sequence[str]) -> None:
        """The command for all, planned for these batteries."""
        self._command, self._planned = command, tuple(names)

    def release(self, release: ReleaseCommand, link: MqttLink) -> None:
        """Let all batteries go, except those that somebody else has a hand on."""
        self._command = None
        for name in self._lines:
            if name not in self.touched:
                self._let_go(name, release, link)

    def step(self, now: datetime, known: BatterySensors, taken: Snapshot | None, link: MqttLink) -> None:
        """Tell each battery what is due; `taken` is the house now, None where it cannot be judged."""
        answering = known.answering(now)
        socs = known.socs(answering)
        if taken is not None and self._in_force(now) and len(socs) == len(answering) and not self.touched:
            # The others first: they rest before the one that does not answer does as it likes.
            self._share_out(now, socs, taken, link)
        for name, line in self._lines.items():
            if line.sent is None:
                continue
            if name in self.touched:
                line.sent = None
            elif self.touched or name not in answering or not line.stands(now):
                self._let_go(name, _release_of(line.sent, now), link)

    def _in_force(self, now: datetime) -> bool:
        return self._command is not None and self._command.valid_from <= now < self._command.valid_until

    def _share_out(self, now: datetime, socs: Mapping[str, float], taken: Snapshot, link: MqttLink) -> None:
        if self._command is None:
            return
        surplus_kw = taken.pv_kw - taken.load_kw
        self._surplus = surplus_kw > (-_TURNS_KW if self._surplus else _TURNS_KW)
        lines = [self._lines[name] for name in socs]
        silent = [line for name, line in self._lines.items() if name not in socs]
        if tuple(socs) != self._planned or any(line.stands(now) for line in silent):
            parts = [_AT_REST] * len(lines)
        else:
            batteries = [line.battery for line in lines]
            parts = split(self._command.levels_at(now), batteries, list(socs.values()), surplus=self._surplus)
        for line, part, soc in zip(lines, parts, socs.values(), strict=True):
            self._send_when_due(line, _part(self._command, part, line.battery, soc=soc, now=now), link)

    def _send_when_due(self, line: _SentCommand, part: BatteryCommand, link: MqttLink) -> None:
        if not line.is_due(part):
            return
        name = line.battery.name
        if line.is_new(part):
            line.confirmed, line.detail = None, ""
            if name in self._actuators:
                self._actuators[name].apply(part.decision_id, part)
        line.sent, line.until = part, part.valid_until
        link.publish(self._topics.battery_command(name), part.model_dump_json(), qos=1)

    def _let_go(self, name: str, release: ReleaseCommand, link: MqttLink) -> None:
        line = self._lines[name]
        line.sent, line.confirmed, line.detail = None, None, ""
        link.publish(self._topics.battery_command(name), release.model_dump_json(), qos=1)
        if name in self._actuators:
            self._actuators[name].apply(release.decision_id, None)

    def confirm(self, name: str, answer: CommandState) -> CommandState | None:
        """Take a battery's own answer; the answer of all, once each has answered the same decision."""
        line = self._lines.get(name)
        if line is None or line.sent is None or answer.decision_id != line.sent.decision_id:
            return None
        line.confirmed, line.detail = answer.accepted, answer.detail
        sent = [one for one in self._lines.values() if one.sent is not None]
        answered = [one for one in sent if one.confirmed is not None]
        if len(answered) < len(sent):
            return None
        wrong = [f"{one.battery.name}: {one.detail}" for one in sent if not one.confirmed]
        detail = "; ".join(wrong) or answer.detail
        return answer.model_copy(update={"accepted": not wrong, "mode": None, "detail": detail[:1000]})

    def update(self, name: str, report: ReadBack, *, now: datetime, respect: timedelta) -> ReadBackOutcome:
        """Judge what the entities of a battery show; the answer of all where that settles it."""
        line = self._lines.get(name)
        if line is None:
            return Unchanged()
        outcome = line.tracker.update(report, now=now, respect=respect)
        match outcome:
            case Confirmed(decision_id):
                return self._settled(name, decision_id, now, "the inverter shows it", accepted=True)
            case NotConfirmed(decision_id, detail):
                return self._settled(name, decision_id, now, detail, accepted=False)
            case ChangedByHand(detail, since=since, until=until):
                return ChangedByHand(f"{name}: {detail}", since, until)
            case _:
                return outcome

    def _settled(self, name: str, decision_id: str, now: datetime, detail: str, *, accepted: bool) -> ReadBackOutcome:
        answer = CommandState(time=now, decision_id=decision_id, accepted=accepted, mode=None, detail=detail[:1000])
        whole = self.confirm(name, answer)
        if whole is None:
            return Unchanged()
        return Confirmed(decision_id) if whole.accepted else NotConfirmed(decision_id, whole.detail)

    def collect(self) -> Iterable[tuple[str, ReadBack]]:
        """What the direct way has read back since, by battery."""
        for name, actuator in self._actuators.items():
            while not actuator.reports.empty():
                yield name, actuator.reports.get_nowait()

    def respects(self, now: datetime) -> bool:
        """Whether a change by somebody else to one of them is to be left alone now."""
        # Each is asked, as each forgets by that what is over.
        return bool([name for name, line in self._lines.items() if line.tracker.respects(now)])

    def take_back(self) -> None:
        """The household wants us to act again."""
        for line in self._lines.values():
            line.tracker.take_back()

    @property
    def changed(self) -> ChangedByHand | None:
        """The change by somebody else that stands, where there is one."""
        found = {name: line.tracker.changed for name, line in self._lines.items() if line.tracker.changed is not None}
        return next((ChangedByHand(f"{name}: {one.detail}", one.since, one.until) for name, one in found.items()), None)

    def states(self, now: datetime, known: BatterySensors) -> tuple[BatteryState, ...]:
        """Each battery with its readings, its command and whether it shows it."""
        faults = known.faults(now)
        return tuple(_state(line, known, faults.get(name, "")) for name, line in self._lines.items())


def _state(line: _SentCommand, known: BatterySensors, fault: str) -> BatteryState:
    name, sent, readings = line.battery.name, line.sent, known.readings[line.battery.name]
    charge, power = readings.get("battery_soc"), readings.get("battery_power")
    return BatteryState(
        name=name,
        capacity_kwh=line.battery.capacity_kwh,
        soc=charge.value if charge and not fault else None,
        power_kw=power.value if power and not fault else None,
        mode=sent.mode.value if sent else None,
        charge_to_soc=sent.slots[0].charge_to_soc if sent else None,
        reserve_soc=sent.slots[0].reserve_soc if sent else None,
        sent_at=sent.valid_from if sent else None,
        confirmed=line.confirmed,
        problem=fault or ("" if line.confirmed is not False else line.detail),
    )


def _part(
    command: BatteryCommand, levels: Levels, battery: NamedBattery, *, soc: float, now: datetime
) -> BatteryCommand:
    end = min(now + _STANDS, command.valid_until)
    slot = SlotLevels(start=now, end=end, **levels.model_dump())
    mode = levels.mode(soc, floor_soc=battery.min_soc)
    return command.model_copy(update={"valid_from": now, "valid_until": end, "mode": mode, "slots": (slot,)})


def _release_of(sent: BatteryCommand, now: datetime) -> ReleaseCommand:
    return ReleaseCommand(
        decision_id=f"{sent.decision_id[:48]}-release",
        valid_from=max(now, sent.valid_from),
        valid_until=max(now, sent.valid_from) + _STANDS,
        reason_code="released",
        reason="Nothing is known that a command to this battery could rest on.",
    )


def _differ(one: Levels, other: Levels) -> bool:
    """Whether two parts are not the same, give or take a hundredth of the charge."""

    def levels(part: Levels) -> tuple[float, ...]:
        sold, stored = part.export_to_soc, part.surplus_to_soc
        charge_kw = part.max_charge_kw
        return (
            part.charge_to_soc,
            part.reserve_soc,
            -1.0 if sold is None else sold,
            2.0 if stored is None else stored,
            -1.0 if charge_kw is None else charge_kw / 100,
        )

    return any(abs(a - b) > _SAME_SOC for a, b in zip(levels(one), levels(other), strict=True))
