"""When to decide and publish: one loop over what arrives, what is due and what the house shows of it."""

import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from threading import Event

from pydantic import ValidationError

from agent.decision.controls import Acting, ControlPanel
from agent.decision.decide import Reviewer, Situation, decide, without_command
from agent.decision.journal import Journal
from agent.decision.read_back import ChangedByHand, Confirmed, NotConfirmed, ReadBack, ReadBackOutcome
from agent.decision.recall import Recall
from agent.decision.record import Decision
from agent.decision.review_schedule import ReviewSchedule
from agent.language.notes.reading import Fallback
from agent.service.actuator import Actuator
from agent.service.background_review import BackgroundReview
from agent.service.battery_bank import BatteryBank
from agent.service.car_watch import CarWatch
from agent.service.carbon import LiveCarbon
from agent.service.claim import HomeClaim
from agent.service.command_sender import CommandSender
from agent.service.discovery_publisher import DiscoveryPublisher, Identity
from agent.service.fault_net import FaultNet
from agent.service.feed import Feed, Problems
from agent.service.fetched import AskPrices, AskPvForecast, Fetched
from agent.service.household import Household, NotesInForce
from agent.service.open_bill import OpenBill
from agent.service.prices import LivePrices
from agent.service.situation import MeasuredDays, Situations
from agent.service.state import StateDisplay
from agent.settings import Settings
from agent.views.service_state import HouseholdQuestion, ServiceState, SharedServiceState
from energy.errors import AdvisorError
from energy.home import Home
from energy.slots import floor_slot
from ingest.homeassistant.live_states import LiveStates
from ingest.live.snapshot import NoSnapshot, Snapshot
from knowledge.notes import NoteBook
from transport.advisor_discovery import Offer
from transport.discovery import HOME_ASSISTANT_STATUS
from transport.mqtt import Message, MqttLink
from transport.payloads import CommandState, Moment, first_fault
from transport.topics import Topics

_log = logging.getLogger(__name__)

_GLANCE_S = 0.2
# A review keeps its deadline by itself; past this multiple of it, nobody waits for it any longer.
_REVIEW_SLACK = 1.5


@dataclass(frozen=True, slots=True)
class Parts:
    """What the service is built of; `reviewer` is None where there is no model.

    `faults` says what is wrong with the parts beside it, by their names; `label_now` what the model is called now.
    """

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
    battery_actuators: Mapping[str, Actuator] = field(default_factory=dict)
    advisor_id: str = "advisor"
    faults: Callable[[], Mapping[str, str]] = dict
    label_now: Callable[[], str] | None = None
    # Asked in the background: prices of today and tomorrow, and the PV forecast; None where nobody is.
    ask_prices: AskPrices | None = None
    ask_pv_forecast: AskPvForecast | None = None
    # Reads notes that nothing else is sure of.
    note_fallback: Fallback | None = None


class Service:
    """One home's advisor on MQTT."""

    def __init__(self, settings: Settings, parts: Parts, stop: Event) -> None:
        home, panel, journal = parts.home, parts.panel, parts.journal
        self._settings, self._parts, self._stop = settings, parts, stop
        self._topics = Topics(home.name)
        self._step = timedelta(minutes=settings.service.slot_minutes)
        self._problems, self._net = Problems(), FaultNet()
        self._claim = HomeClaim(self._topics.advisor_claim, parts.advisor_id)
        self._feed = Feed(settings, home, self._problems, on_return=self._start_over, live=parts.live)
        self._car = CarWatch(self._feed)
        self._prices = LivePrices(settings, home, self._problems, on_new=self._replan)
        self._schedule = ReviewSchedule(home, timedelta(hours=settings.service.review_hours))
        self._notes = NotesInForce(parts.notes, home, self._problems, weighed=settings.model.remarks)
        self._days = MeasuredDays(
            home, journal, parts.recall, self._step, timedelta(days=settings.service.journal_days)
        )
        self._bill = OpenBill(home, journal, self._step, self._problems)
        self._carbon = LiveCarbon(settings, home, self._problems)
        self._situations = Situations(settings, self._prices, panel, parts.recall, self._days, self._bill, self._carbon)
        self._publisher = _publisher(settings, parts, self._prices.home)
        self._bank = BatteryBank(home, parts.battery_actuators) if home.batteries else None
        self._sender = CommandSender(
            self._topics, panel, journal, self._publisher, actuator=parts.actuator, bank=self._bank
        )
        self._household = Household(
            panel, self._publisher.note_box, self._sender, self._publisher, parts.shared_state, self._problems
        )
        last = journal.last(home.name)
        begin = ServiceState(
            home,
            parts.model,
            self._step,
            started=datetime.now(UTC),
            decision=last,
            max_age_s=settings.policy.max_snapshot_age_s,
        )
        self._display = StateDisplay(begin, parts.shared_state, self._feed, self._prices, panel, self._problems)
        self._sender.resume(last)
        self._fetched = Fetched(
            parts.ask_prices,
            parts.ask_pv_forecast,
            prices=self._prices,
            feed=self._feed,
            problems=self._problems,
            stop=stop,
        )
        # The decision whose choice holds until the next review.
        self._held = last
        self._review: BackgroundReview | None = None
        self._model, self._connected = parts.model, True
        self._causes: frozenset[str] = frozenset()
        self._slot: datetime | None = None
        self._slot_seen_s, self._blind = 0.0, False

    def run(self) -> None:
        """Connect and decide until asked to stop.

        Raises:
            TransportError: the broker cannot be reached at first, or refuses the credentials; or another advisor
                decides for this home on it.
        """
        topics = self._topics
        with MqttLink(
            self._settings.mqtt.address,
            # Of its own: with the same one, a second advisor would throw the first off the broker again and again.
            f"energy-advisor-{self._parts.home.name}-{self._parts.advisor_id}",
            will=(topics.advisor_status, "offline"),
            on_connected=self._introduce,
        ) as link:
            link.subscribe(self._claim.topic, *self._feed.topics, *self._prices.topics, *self._carbon.topics)
            link.subscribe(topics.command_state, topics.shown, topics.control_set("+"), HOME_ASSISTANT_STATUS)
            if self._bank is not None:
                link.subscribe(topics.battery_command_state("+"), topics.battery_shown("+"))
            self._claim.listen()
            self._fetched.start()
            while not self._stop.is_set():
                message = link.receive(_GLANCE_S)
                if message is not None and message.topic == self._claim.topic:
                    self._claim.take(message.payload, retained=message.retained)
                elif message is not None:
                    self.take(message, link)
                self.work(link, quiet=message is None)
            self._claim.release(link)

    def _introduce(self, link: MqttLink) -> None:
        self._claim.announce(link)
        self._publisher.introduce(link)

    def take(self, message: Message, link: MqttLink) -> None:
        """Take in one message; a bad one is reported once and changes nothing."""
        with self._net.around(f"taking in {message.topic!r}"):
            try:
                self._take(message, link)
            except AdvisorError as err:
                self._problems.report(message.topic, str(err))
            except ValidationError as err:
                self._problems.report(message.topic, f"{message.topic}: {first_fault(err)}; ignored")

    def work(self, link: MqttLink, *, quiet: bool = True) -> None:
        """Everything that is due now; `quiet` where no message came just now."""
        with self._net.around("what is due"):
            if (now := self._feed.now()) is not None:
                self._work(now, link)
        with self._net.around("showing the state"):
            self._publisher.show_news(link)
            self._notice(link)
            self._display.show_when_due(
                quiet=quiet, connected=link.connected, caught=self._net.caught, model=self._model
            )

    def _work(self, now: datetime, link: MqttLink) -> None:
        if self._feed.clock_was_set_back(now):
            self._start_over()
        self._feed.sample(now)
        if self._car.begins(now):
            self._replan()
        self._fetched.take(now)
        self._prices.check(self._feed.readings, now)
        if self._notes.read(now):
            # What the household has said since answers the question, or it is about something that is over.
            self._display.show(question=None)
            if self._slot is not None:
                self._parts.shared_state.wish_decision()
        for outcome in self._sender.collect(now, link):
            self._judge(outcome)
        if self._claim.settled(link):
            self._household.see_to_acting(now, link)
            self._decide_when_due(now, link)
            self._command_batteries(now, link)
        self._tell_missing_data(now, link)

    def _tell_missing_data(self, now: datetime, link: MqttLink) -> None:
        """Say between decisions too that the readings allow none; a house that keeps its own time waits for each."""
        problem = self._display.data_problem if self._slot is not None else ""
        shown = self._publisher.troubles.data
        # The age in it grows all the time; it is told once.
        if self._settings.service.clock == "wall" and bool(problem) != bool(shown):
            self._publisher.publish_problems(now, link, data=problem)

    def _command_batteries(self, now: datetime, link: MqttLink) -> None:
        """Send each of several batteries its part of the command; a house that keeps its own time waits for that."""
        if self._bank is None or not self._bank.is_due(now):
            return
        if self._bank.wishes_plan(self._feed.answering):
            self._replan()
        if link.connected:
            taken = self._feed.snapshot(now)
            self._bank.step(now, self._feed.batteries, taken if isinstance(taken, Snapshot) else None, link)
        states = self._bank.states(now, self._feed.batteries)
        self._publisher.publish_batteries(states, link)
        self._display.show(batteries=states)
        if self._review is None and self._slot == floor_slot(now, self._step):
            self._bank.done(now)
            self._let_proceed(now, link)

    def _notice(self, link: MqttLink) -> None:
        """What changes beside messages: parts of the memory that fail or heal, the model, the way to the broker."""
        self._problems.keep("part", self._parts.faults())
        if self._parts.label_now is not None and (label := self._parts.label_now()) != self._model:
            self._model = label
            self._publisher.name_model(label)
            if label != "none":
                self._schedule.forget()
                self._parts.shared_state.wish_decision()
        if link.connected and not self._connected:
            # What was decided meanwhile reached nobody.
            self._parts.shared_state.wish_decision()
        self._connected = link.connected

    def _take(self, message: Message, link: MqttLink) -> None:
        topics = self._topics
        if message.topic == topics.command_state:
            self._confirm(CommandState.model_validate_json(message.payload), retained=message.retained, link=link)
        elif message.topic == topics.shown:
            self._read_back(message, link)
        elif (battery := topics.battery_named(message.topic)) is not None:
            self._take_battery_answer(battery, message, link)
        elif message.topic == HOME_ASSISTANT_STATUS and message.payload == b"online":
            self._publisher.introduce(link)
        elif (control := topics.control_named(message.topic)) is not None:
            self._household.take(control, message, link, now=self._feed.now())
        elif self._prices.is_mine(message.topic):
            self._prices.take(message, self._feed.now())
            self._problems.clear(message.topic, f"{message.topic} is well again")
        elif message.topic in self._carbon.topics:
            self._carbon.take(message, self._feed.now())
            self._problems.clear(message.topic, f"{message.topic} is well again")
        else:
            self._feed.take(message)

    def _replan(self) -> None:
        """A plan that was made without the new prices is made anew."""
        if self._slot is not None:
            self._parts.shared_state.wish_decision()

    def _start_over(self) -> None:
        """The house came back, perhaps at another time: nothing decided before counts."""
        self._slot = None
        self._days.start_over()
        self._bill.start_over()
        self._sender.forget()
        self._schedule.forget()
        self._review = None

    def _confirm(self, answer: CommandState, *, retained: bool, link: MqttLink) -> None:
        if not retained and self._sender.confirm(answer, link):
            self._display.show(confirmed=answer.accepted)

    def _take_battery_answer(self, name: str, message: Message, link: MqttLink) -> None:
        """What one of several batteries made of its command, or what its entities show."""
        if message.topic == self._topics.battery_shown(name):
            self._read_back(message, link, battery=name)
        elif not message.retained:
            answer = CommandState.model_validate_json(message.payload)
            if (whole := self._sender.confirm_battery(name, answer, link)) is not None:
                self._display.show(confirmed=whole.accepted)

    def _read_back(self, message: Message, link: MqttLink, *, battery: str | None = None) -> None:
        """Somebody reports what the inverter's entities show; a change by hand changes what is decided."""
        if message.retained or (now := self._feed.now()) is None:
            return
        report = ReadBack.model_validate_json(message.payload)
        self._judge(self._sender.update(report, now=now, link=link, battery=battery))

    def _judge(self, outcome: ReadBackOutcome) -> None:
        if isinstance(outcome, Confirmed | NotConfirmed):
            self._display.show(confirmed=isinstance(outcome, Confirmed))
        elif isinstance(outcome, ChangedByHand):
            self._parts.shared_state.wish_decision()

    def _decide_when_due(self, now: datetime, link: MqttLink) -> None:
        slot = floor_slot(now, self._step)
        if self._review is not None:
            self._conclude_review(self._review, now, link)
            return
        if slot == self._slot and not self._blind and not self._may_grant_wish(now):
            return
        taken = self._feed.snapshot(now)
        if isinstance(taken, NoSnapshot) and self._may_wait(slot, taken, now):
            return
        self._slot, self._slot_seen_s = slot, 0.0
        self._causes = taken.causes if isinstance(taken, NoSnapshot) else frozenset()
        # By the wall clock, sensors that come late in a slot still get their decision in it.
        self._blind = isinstance(taken, NoSnapshot) and self._settings.service.clock == "wall"
        self._days.keep(self._feed.finished_slots(now), now, self._notes)
        if self._parts.panel.controls.acting is Acting.OFF:
            self._rest(now, link)
        else:
            self._act(now, taken, link)

    def _conclude_review(self, review: BackgroundReview, now: datetime, link: MqttLink) -> None:
        """Decide with the model's answer once it is there, from what is known and allowed then."""
        if self._parts.panel.controls.acting is Acting.OFF:
            self._review = None
            self._rest(now, link)
            return
        done, reviewer = review.done()
        if done:
            self._review, self._slot = None, floor_slot(now, self._step)
            self._publish(self._made(now, self._feed.snapshot(now), reviewer, trigger=review.trigger), now, link)

    def _may_wait(self, slot: datetime, taken: NoSnapshot, now: datetime) -> bool:
        """Whether a snapshot that is not there may still come: within the grace of a new slot, or in one left blind.

        In one left blind, something else that is wrong is said once the pause between decisions is over.
        """
        if slot == self._slot and self._blind:
            return taken.causes == self._causes or not self._display.decided_before(now - self._pause)
        self._slot_seen_s = self._slot_seen_s or time.monotonic()
        return time.monotonic() - self._slot_seen_s < self._settings.service.grace_s

    def _rest(self, now: datetime, link: MqttLink) -> None:
        """Switched off: measure on and say so, decide nothing."""
        self._parts.shared_state.fulfil_wish()
        self._publisher.publish_off(now, link)
        self._proceed_unless_shared_out(now, link)

    def _act(self, now: datetime, taken: Snapshot | NoSnapshot, link: MqttLink) -> None:
        self._feed.note_missing_forecast(now)
        trigger = self._trigger(now)
        if trigger is not None and self._parts.reviewer is not None and isinstance(taken, Snapshot):
            with self._net.around("asking the model"):
                situation = self._situation(now, taken, trigger=trigger)
                limit_s = self._settings.service.review_deadline_s * _REVIEW_SLACK
                self._review = BackgroundReview(situation, self._parts.reviewer, limit_s)
                return
        self._publish(self._made(now, taken, None, trigger=""), now, link)

    def _made(
        self, now: datetime, taken: Snapshot | NoSnapshot, reviewer: Reviewer | None, *, trigger: str
    ) -> Decision:
        """A decision, whatever happens in making it."""
        with self._net.around("deciding"):
            return self._decide(now, taken, reviewer, trigger=trigger)
        return without_command(self._parts.home, now, (self._net.last,))

    def _publish(self, decision: Decision, now: datetime, link: MqttLink) -> None:
        self._parts.journal.write(decision)
        self._parts.shared_state.fulfil_wish()
        self._car.decided(now)
        self._sender.send(decision, link, self._feed.answering)
        if decision.problems:
            _log.warning("no command at %s: %s", decision.at.isoformat(), "; ".join(decision.problems))
        self._publisher.publish_decision(decision, link)
        self._ask_household(decision, now, link)
        self._proceed_unless_shared_out(decision.at, link)
        self._display.show_decision(now, decision, self._days, self._parts.recall)

    def _ask_household(self, decision: Decision, now: datetime, link: MqttLink) -> None:
        """Ask once whether what the model took a remark for shall hold, where it costs more than the model may."""
        review = decision.review
        if review is None or review.outcome != "overruled" or review.adjustment is None:
            return
        if (said := self._notes.ask_once(now)) is not None:
            question = HouseholdQuestion(said, review.adjustment, review.extra_cost or 0.0)
            self._publisher.ask(question, link)
            self._display.show(question=question)

    def _may_grant_wish(self, now: datetime) -> bool:
        """A decision between slots, when somebody asked for it and the guard's pause between commands is over."""
        if not self._parts.shared_state.decision_wished:
            return False
        return self._sender.last_command_at is None or now - self._sender.last_command_at >= self._pause

    @property
    def _pause(self) -> timedelta:
        return timedelta(minutes=self._settings.policy.min_minutes_between_commands)

    def _trigger(self, now: datetime) -> str | None:
        """Why the model should be asked now; None where it should not, or that cannot be said."""
        with self._net.around("asking whether to review"):
            wished = self._parts.shared_state.decision_wished
            return self._situations.trigger(now, self._schedule, self._notes, wished=wished)
        return None

    def _situation(self, now: datetime, taken: Snapshot | NoSnapshot, *, trigger: str) -> Situation:
        held = self._held if self._held and self._held.chosen_by != "planner" else None
        wish = held.adjustment if held else None
        return replace(
            self._situations.at(now, taken, self._feed, self._notes),
            last_command_at=self._sender.last_command_at,
            in_force=held.chosen if held else None,
            # An adjustment goes with the remark that it was made for, and with its time.
            adjustment=wish if wish and self._notes.remarks and wish.end > now else None,
            trigger=trigger,
        )

    def _decide(
        self, now: datetime, taken: Snapshot | NoSnapshot, reviewer: Reviewer | None, *, trigger: str
    ) -> Decision:
        decision = decide(self._situation(now, taken, trigger=trigger), reviewer)
        if decision.review is not None:
            self._schedule.reviewed(decision, notes=self._notes.ids)
            self._held = decision
            failed = "" if decision.review.outcome == "chosen" else decision.review.outcome
            self._publisher.troubles = replace(self._publisher.troubles, model=failed)
        # Without a way to the broker a command reaches nobody: it is advice.
        if decision.outcome == "published" and not (self._connected and self._sender.may_act(now)):
            return decision.model_copy(update={"outcome": "advised"})
        return decision

    def _proceed_unless_shared_out(self, now: datetime, link: MqttLink) -> None:
        """Several batteries are sent their parts first."""
        if self._bank is None:
            self._let_proceed(now, link)

    def _let_proceed(self, now: datetime, link: MqttLink) -> None:
        if self._settings.service.clock == "house":
            link.publish(self._topics.proceed, Moment(time=now).model_dump_json(), qos=1)


def _publisher(settings: Settings, parts: Parts, home_at: Callable[[datetime], Home]) -> DiscoveryPublisher:
    """The advisor as the device that this home's facts and settings make it."""
    offer = Offer(
        currency=parts.home.currency,
        grid_charging=parts.home.grid.allow_grid_charging,
        export=parts.home.grid.allow_battery_export,
        notes=parts.notes is not None,
        least_reserve_soc=settings.policy.min_reserve_soc,
        expire_after_s=max(900, settings.service.slot_minutes * 60 * 3),
        page_url=settings.api.page_url,
        language=settings.service.language,
        batteries=tuple(one.name for one in parts.home.batteries),
    )
    step = timedelta(minutes=settings.service.slot_minutes)
    identity = Identity(
        parts.home,
        parts.model,
        offer,
        step,
        parts.notes,
        parts.note_fallback,
        remarks=settings.model.remarks,
        home_at=home_at,
    )
    return DiscoveryPublisher(identity, parts.panel, parts.journal)
