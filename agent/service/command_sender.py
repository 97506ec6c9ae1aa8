"""The hand on the inverter: commands go out only where the advisor may act, and count only when the house shows it."""

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta

from agent.decision.controls import Acting, ControlPanel
from agent.decision.journal import Journal
from agent.decision.read_back import ChangedByHand, Confirmed, NotConfirmed, ReadBack, ReadBackOutcome, ReadBackTracker
from agent.decision.record import Decision
from agent.service.actuator import Actuator
from agent.service.battery_bank import BatteryBank
from agent.service.discovery_publisher import DiscoveryPublisher
from energy.commands import ReleaseCommand, addressed
from transport.mqtt import MqttLink
from transport.payloads import CommandState
from transport.topics import Topics

_log = logging.getLogger(__name__)


class CommandSender:
    """Sends, releases and hears what became of it."""

    def __init__(
        self,
        topics: Topics,
        panel: ControlPanel,
        journal: Journal,
        presence: DiscoveryPublisher,
        *,
        actuator: Actuator | None = None,
        bank: BatteryBank | None = None,
    ) -> None:
        self.last_command_at: datetime | None = None
        self._topics = topics
        self._panel = panel
        self._journal = journal
        self._publisher = presence
        self._read_back = ReadBackTracker()
        self._unconfirmed: str | None = None
        self._actuator = actuator
        self._bank = bank
        self._devices: set[str] = set()
        # A command of before the start that may still stand in the house.
        self._left_until: datetime | None = None

    def resume(self, last: Decision | None) -> None:
        """Know of the command that was sent before the start: it can be released, and holds up no other."""
        if last is not None and last.command is not None and last.outcome == "published":
            self._left_until = last.command.valid_until
            self._devices = {addressed(command) for command in last.device_commands}

    def may_act(self, now: datetime) -> bool:
        """Whether the household lets it, and nobody else has a hand on the inverter."""
        touched = self._read_back.respects(now) or (self._bank is not None and self._bank.respects(now))
        return self._panel.controls.acting is Acting.ACT and not touched

    def send(self, decision: Decision, link: MqttLink, answering: Sequence[str] = ()) -> None:
        """Publish the command of a decision that is to be acted on; of several batteries it is planned for these."""
        if decision.command is None or decision.outcome != "published":
            return
        if not link.connected:
            # Kept back by the client it would go out later, when it rests on nothing: the next connection decides anew.
            _log.warning("no way to the broker: command %s is not sent", decision.decision_id)
            return
        if self._unconfirmed is not None:
            problem = f"the house has not answered command {self._unconfirmed}"
            _log.warning("%s", problem)
            self._publisher.publish_problems(decision.at, link, command=problem)
        link.publish(self._topics.command, decision.command.model_dump_json(), qos=1)
        if self._actuator is not None:
            self._actuator.apply(decision.decision_id, decision.command)
        if self._bank is not None:
            self._bank.give(decision.command, answering)
        for command in decision.device_commands:
            link.publish(self._topics.device_command(addressed(command)), command.model_dump_json(), qos=1)
            self._devices.add(addressed(command))
        self.last_command_at, self._unconfirmed = decision.at, decision.decision_id
        self._publisher.publish_problems(decision.at, link, in_control=True, changed=None)

    def release(self, now: datetime, link: MqttLink) -> None:
        """Let the house go: it returns to plain self-consumption now, not at the end of the schedule."""
        if self.last_command_at is None and (self._left_until is None or self._left_until <= now):
            return
        self._left_until = None
        release = ReleaseCommand(
            decision_id=f"{now:%Y%m%dT%H%M%SZ}-release",
            valid_from=now,
            valid_until=now + timedelta(minutes=15),
            reason_code="released",
            reason="The household lets the advisor act no longer.",
        )
        for topic in (self._topics.command, *map(self._topics.device_command, sorted(self._devices))):
            link.publish(topic, release.model_dump_json(), qos=1)
        self._devices.clear()
        if self._actuator is not None:
            self._actuator.apply(release.decision_id, None)
        self.last_command_at, self._unconfirmed = None, release.decision_id
        if self._bank is not None:
            self._bank.release(release, link)
            self._unconfirmed = None
        self._publisher.publish_problems(now, link, in_control=False)

    def take_back(self, now: datetime, link: MqttLink) -> None:
        """The household wants it to act, whoever changed what before."""
        self._read_back.take_back()
        if self._bank is not None:
            self._bank.take_back()
        self._publisher.publish_problems(now, link, changed=None)

    def forget(self) -> None:
        """Another house, or the same at another time: nothing sent before counts."""
        self.last_command_at = None

    def confirm(self, answer: CommandState, link: MqttLink) -> bool:
        """Take the house's own answer to a command; whether it was to the last one."""
        if answer.decision_id is None or answer.decision_id != self._unconfirmed:
            return False
        self._unconfirmed = None
        self._journal.confirm(answer.decision_id, answer.time, accepted=answer.accepted, detail=answer.detail)
        problem = "" if answer.accepted else f"the house refused {answer.decision_id}: {answer.detail}"
        if problem:
            _log.warning("%s", problem)
        self._publisher.publish_problems(answer.time, link, command=problem)
        return True

    def confirm_battery(self, name: str, answer: CommandState, link: MqttLink) -> CommandState | None:
        """Take the answer of one of several batteries; that of all, where it settles the last command."""
        whole = self._bank.confirm(name, answer) if self._bank is not None else None
        return whole if whole is not None and self.confirm(whole, link) else None

    def collect(self, now: datetime, link: MqttLink) -> list[ReadBackOutcome]:
        """Judge what the direct way has read back since."""
        outcomes = []
        for name, report in self._bank.collect() if self._bank is not None else ():
            outcomes.append(self.update(report, now=now, link=link, battery=name))
        while self._actuator is not None and not self._actuator.reports.empty():
            outcomes.append(self.update(self._actuator.reports.get_nowait(), now=now, link=link))
        return outcomes

    def update(self, report: ReadBack, *, now: datetime, link: MqttLink, battery: str | None = None) -> ReadBackOutcome:
        """Judge what the inverter's entities show, or those of one of several, keep it and say it."""
        respect = timedelta(hours=self._panel.controls.respect_hours)
        if self._bank is not None and battery is not None:
            outcome = self._bank.update(battery, report, now=now, respect=respect)
        else:
            outcome = self._read_back.update(report, now=now, respect=respect)
        match outcome:
            case Confirmed(decision_id):
                self.confirm(_answer(decision_id, now, "the inverter shows it", accepted=True), link)
            case NotConfirmed(decision_id, detail):
                self.confirm(_answer(decision_id, now, detail, accepted=False), link)
            case ChangedByHand(detail, until=until):
                _log.warning("changed by hand: %s; left alone until %s", detail, until.isoformat(timespec="minutes"))
                self._publisher.publish_problems(now, link, changed=outcome, in_control=False)
            case _:
                changed = self._read_back.changed or (self._bank.changed if self._bank is not None else None)
                self._publisher.publish_problems(now, link, changed=changed)
        return outcome


def _answer(decision_id: str, now: datetime, detail: str, *, accepted: bool) -> CommandState:
    return CommandState(time=now, decision_id=decision_id, accepted=accepted, mode=None, detail=detail)
