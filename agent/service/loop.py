"""When to decide and publish: one loop over what arrives, what is due and what the house shows of it."""

import logging
import time
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from threading import Event

from pydantic import ValidationError

from agent.decision.controls import Acting, ControlPanel
from agent.decision.decide import Reviewer, decide
from agent.decision.journal import Journal
from agent.decision.read_back import ChangedByHand, Confirmed, NotConfirmed, ReadBack, ReadBackOutcome
from agent.decision.recall import Recall
from agent.decision.record import Decision
from agent.decision.review_schedule import ReviewSchedule
from agent.service.actuator import Actuator
from agent.service.command_sender import CommandSender
from agent.service.discovery_publisher import DiscoveryPublisher, Identity
from agent.service.feed import Feed, Problems
from agent.service.household import Household, NotesInForce
from agent.service.situation import MeasuredDays, Situations
from agent.service.state import StateDisplay
from agent.settings import Settings
from agent.views.service_state import ServiceState, SharedServiceState
from energy.errors import AdvisorError
from energy.home import Home
from energy.slots import floor_slot
from ingest.homeassistant.live_states import LiveStates
from ingest.live.snapshot import NoSnapshot, Snapshot
from knowledge.notes import NoteBook
from transport.advisor_discovery import Offer
from transport.discovery import HOME_ASSISTANT_STATUS
from transport.mqtt import Message, MqttLink
from transport.payloads import CommandState, Moment
from transport.topics import Topics

_log = logging.getLogger(__name__)

_GLANCE_S = 0.2


@dataclass(frozen=True, slots=True)
class Parts:
    """What the service is built of; `reviewer` is None where there is no model."""

    home: Home
    recall: Recall
    journal: Journal
    reviewer: Reviewer | None
    model: str
    panel: ControlPanel
    shared_state: SharedServiceState = field(default_factory=SharedServiceState)
    notes: NoteBook | None = None
    actuator: Actuator | None = None
    live: LiveStates | None = None


class Service:
    """One home's advisor on MQTT."""

    def __init__(self, settings: Settings, parts: Parts, stop: Event) -> None:
        home, panel, journal = parts.home, parts.panel, parts.journal
        self._settings, self._parts, self._stop = settings, parts, stop
        self._topics = Topics(home.name)
        self._step = timedelta(minutes=settings.service.slot_minutes)
        self._problems = Problems()
        self._feed = Feed(settings, home, self._problems, on_return=self._start_over, live=parts.live)
        self._schedule = ReviewSchedule(home, timedelta(hours=settings.service.review_hours))
        self._notes = NotesInForce(parts.notes, home, self._problems)
        self._days = MeasuredDays(home, journal, parts.recall, self._step)
        self._situations = Situations(settings, home, panel, parts.recall, self._days)
        self._publisher = _publisher(settings, parts)
        self._sender = CommandSender(self._topics, panel, journal, self._publisher, actuator=parts.actuator)
        self._household = Household(
            panel, self._publisher.note_box, self._sender, self._publisher, parts.shared_state, self._problems
        )
        last = journal.last(home.name)
        begin = ServiceState(home, parts.model, self._step, started=datetime.now(UTC), decision=last)
        self._display = StateDisplay(begin, parts.shared_state, self._feed, panel, self._problems)
        self._in_force = last.chosen if last and last.chosen_by != "planner" else None
        self._slot: datetime | None = None
        self._slot_seen_s = 0.0
        self._blind = False

    def run(self) -> None:
        """Connect and decide until asked to stop.

        Raises:
            TransportError: the broker cannot be reached at first, or refuses the credentials.
        """
        topics = self._topics
        with MqttLink(
            self._settings.mqtt.address,
            f"energy-advisor-{self._parts.home.name}",
            will=(topics.advisor_status, "offline"),
            on_connected=self._publisher.introduce,
        ) as link:
            link.subscribe(*self._feed.topics)
            link.subscribe(topics.command_state, topics.shown, topics.control_set("+"), HOME_ASSISTANT_STATUS)
            while not self._stop.is_set():
                message = link.receive(_GLANCE_S)
                if message is not None:
                    self.take(message, link)
                self.work(link)

    def take(self, message: Message, link: MqttLink) -> None:
        """Take in one message; a bad one is reported once and changes nothing."""
        try:
            self._take(message, link)
        except AdvisorError as err:
            self._problems.report(message.topic, str(err))
        except ValidationError as err:
            self._problems.report(message.topic, f"{message.topic}: {err.error_count()} wrong fields, ignored")

    def work(self, link: MqttLink) -> None:
        """Everything that is due now."""
        if (now := self._feed.now()) is not None:
            self._feed.sample(now)
            if self._notes.read(now) and self._slot is not None:
                self._parts.shared_state.wish_decision()
            for outcome in self._sender.collect(now, link):
                self._judge(outcome)
            self._decide_when_due(now, link)
        self._display.show_when_due()

    def _take(self, message: Message, link: MqttLink) -> None:
        topics = self._topics
        if message.topic == topics.command_state:
            self._confirm(CommandState.model_validate_json(message.payload), retained=message.retained, link=link)
        elif message.topic == topics.shown:
            self._read_back(message, link)
        elif message.topic == HOME_ASSISTANT_STATUS and message.payload == b"online":
            self._publisher.introduce(link)
        elif (control := topics.control_named(message.topic)) is not None:
            self._household.take(control, message, link, now=self._feed.now())
        else:
            self._feed.take(message)

    def _start_over(self) -> None:
        """The house came back, perhaps at another time: nothing decided before counts."""
        self._slot = None
        self._days.start_over()
        self._sender.forget()
        self._schedule.forget()

    def _confirm(self, answer: CommandState, *, retained: bool, link: MqttLink) -> None:
        if not retained and self._sender.confirm(answer, link):
            self._display.show(confirmed=answer.accepted)

    def _read_back(self, message: Message, link: MqttLink) -> None:
        """Somebody reports what the inverter's entities show; a change by hand changes what is decided."""
        if message.retained or (now := self._feed.now()) is None:
            return
        self._judge(self._sender.update(ReadBack.model_validate_json(message.payload), now=now, link=link))

    def _judge(self, outcome: ReadBackOutcome) -> None:
        if isinstance(outcome, Confirmed | NotConfirmed):
            self._display.show(confirmed=isinstance(outcome, Confirmed))
        elif isinstance(outcome, ChangedByHand):
            self._parts.shared_state.wish_decision()

    def _decide_when_due(self, now: datetime, link: MqttLink) -> None:
        slot = floor_slot(now, self._step)
        if slot == self._slot and not self._blind and not self._may_grant_wish(now):
            return
        taken = self._feed.snapshot(now)
        if isinstance(taken, NoSnapshot) and self._may_wait(slot):
            return
        self._slot, self._slot_seen_s = slot, 0.0
        # By the wall clock, sensors that come late in a slot still get their decision in it.
        self._blind = isinstance(taken, NoSnapshot) and self._settings.service.clock == "wall"
        self._days.keep(self._feed.finished_slots(now), now, self._notes)
        if self._parts.panel.controls.acting is Acting.OFF:
            self._rest(now, link)
        else:
            self._act(now, taken, link)

    def _may_wait(self, slot: datetime) -> bool:
        """Whether a snapshot that is not there may still come: within the grace of a new slot, or in one left blind."""
        if slot == self._slot and self._blind:
            return True
        self._slot_seen_s = self._slot_seen_s or time.monotonic()
        return time.monotonic() - self._slot_seen_s < self._settings.service.grace_s

    def _rest(self, now: datetime, link: MqttLink) -> None:
        """Switched off: measure on and say so, decide nothing."""
        self._parts.shared_state.fulfil_wish()
        self._publisher.publish_off(now, link)
        self._let_proceed(now, link)

    def _act(self, now: datetime, taken: Snapshot | NoSnapshot, link: MqttLink) -> None:
        decision = self._decide(now, taken)
        self._parts.journal.write(decision)
        self._parts.shared_state.fulfil_wish()
        self._sender.send(decision, link)
        if decision.problems:
            _log.warning("no command at %s: %s", decision.at.isoformat(), "; ".join(decision.problems))
        self._publisher.publish_decision(decision, link)
        self._let_proceed(decision.at, link)
        self._display.show_decision(now, decision, self._days, self._parts.recall)

    def _may_grant_wish(self, now: datetime) -> bool:
        """A decision between slots, when somebody asked for it and the guard's pause between commands is over."""
        if not self._parts.shared_state.decision_wished:
            return False
        pause = timedelta(minutes=self._settings.policy.min_minutes_between_commands)
        return self._sender.last_command_at is None or now - self._sender.last_command_at >= pause

    def _decide(self, now: datetime, taken: Snapshot | NoSnapshot) -> Decision:
        wished = self._parts.shared_state.decision_wished
        trigger = self._situations.trigger(now, self._schedule, self._notes, wished=wished)
        situation = replace(
            self._situations.at(now, taken, self._feed, self._notes),
            last_command_at=self._sender.last_command_at,
            in_force=self._in_force,
            trigger=trigger or "",
        )
        decision = decide(situation, self._parts.reviewer if trigger else None)
        if decision.review is not None:
            self._schedule.reviewed(decision, notes=self._notes.ids)
            self._in_force = decision.chosen if decision.chosen_by == "model" else None
            failed = "" if decision.review.outcome == "chosen" else decision.review.outcome
            self._publisher.troubles = replace(self._publisher.troubles, model=failed)
        if decision.outcome == "published" and not self._sender.may_act(now):
            return decision.model_copy(update={"outcome": "advised"})
        return decision

    def _let_proceed(self, now: datetime, link: MqttLink) -> None:
        if self._settings.service.clock == "house":
            link.publish(self._topics.proceed, Moment(time=now).model_dump_json(), qos=1)


def _publisher(settings: Settings, parts: Parts) -> DiscoveryPublisher:
    """The advisor as the device that this home's facts and settings make it."""
    offer = Offer(
        currency=parts.home.currency,
        grid_charging=parts.home.grid.allow_grid_charging,
        export=parts.home.grid.allow_battery_export,
        notes=parts.notes is not None,
        least_reserve_soc=settings.policy.min_reserve_soc,
        expire_after_s=max(900, settings.service.slot_minutes * 60 * 3),
    )
    step = timedelta(minutes=settings.service.slot_minutes)
    return DiscoveryPublisher(Identity(parts.home, parts.model, offer, step, parts.notes), parts.panel, parts.journal)
