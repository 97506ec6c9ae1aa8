"""The always-on advisor: hears the house, decides each slot, publishes, watches for the echo, remembers."""

import logging
import time
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from threading import Event
from types import MappingProxyType
from typing import Any

import numpy as np
from pydantic import ValidationError

from agent.decision.controls import Acting, ControlPanel
from agent.decision.decide import Reviewer, Situation, decide
from agent.decision.device_plan import effective_prices
from agent.decision.devices import DeviceRegistry
from agent.decision.journal import Journal
from agent.decision.pv_forecast import PvForecasts
from agent.decision.read_back import ChangedByHand, Confirmed, NotConfirmed, ReadBack, ReadBackOutcome
from agent.decision.recall import Recall, day_shape
from agent.decision.record import Decision
from agent.decision.review_schedule import ReviewSchedule
from agent.service.actuator import Actuator
from agent.service.command_sender import CommandSender
from agent.service.discovery_publisher import DiscoveryPublisher, Identity
from agent.settings import Settings
from agent.views.service_state import ServiceState, SharedServiceState
from energy.day_ahead import known_prices
from energy.errors import AdvisorError, DataError
from energy.home import Home
from energy.slots import DAY, day_bounds, floor_slot, local_day
from ingest.live.mapping import MappedSensors
from ingest.live.meter import MeteredSlot, SlotMeter
from ingest.live.plausible import PlausibilityCheck
from ingest.live.snapshot import REQUIRED, NoSnapshot, Reading, Role, Snapshot, read_payload, snapshot
from knowledge.fingerprint import Expected
from knowledge.forecast import NOTHING_RECENT, DayShape, Recent
from knowledge.notes import Note, NoteBook
from transport.advisor_discovery import Offer
from transport.discovery import HOME_ASSISTANT_STATUS
from transport.mqtt import Message, MqttLink
from transport.payloads import CommandState, DeviceAnswer, DeviceState, Moment, PvForecast, TemperatureForecast
from transport.topics import Topics

_log = logging.getLogger(__name__)

_GLANCE_S = 0.2
_RECENT = timedelta(hours=2)
_SAMPLE = timedelta(seconds=1)
_SHOW_EVERY_S = 0.5
_ROLES: tuple[Role, ...] = (
    *REQUIRED,
    "grid_power",
    "battery_power",
    "outdoor_temperature",
    "price_import",
    "price_export",
)


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


class Service:
    """One home's advisor on MQTT."""

    def __init__(self, settings: Settings, parts: Parts, stop: Event) -> None:
        self._settings = settings
        self._parts = parts
        self._stop = stop
        self._home = parts.home
        self._topics = Topics(parts.home.name)
        self._step = timedelta(minutes=settings.service.slot_minutes)
        self._mapped = MappedSensors(settings.sensors, parts.home)
        self._roles = {self._topics.sensor(role): role for role in _ROLES if role not in self._mapped.roles}
        self._sampled_at: datetime | None = None
        self._readings: dict[Role, Reading] = {}
        self._complaints: dict[str, str] = {}
        self._meter = SlotMeter(self._step)
        self._plausibility, self._devices = PlausibilityCheck(self._home), DeviceRegistry(self._home)
        self._forecast = PvForecasts(self._home.tz)
        self._house_time: datetime | None = None
        self._house_online: bool | None = None
        self._slot: datetime | None = None
        self._slot_seen_s = 0.0
        self._blind = False
        self._schedule = ReviewSchedule(parts.home, timedelta(hours=settings.service.review_hours))
        self._notes: tuple[Note, ...] = ()
        last = parts.journal.last(parts.home.name)
        self._in_force = last.chosen if last and last.chosen_by != "planner" else None
        self._day: date | None = None
        self._panel = parts.panel
        self._publisher = _publisher(settings, parts)
        self._sender = CommandSender(self._topics, parts.panel, parts.journal, self._publisher, actuator=parts.actuator)
        self._shown = ServiceState(parts.home, parts.model, self._step, started=datetime.now(UTC), decision=last)
        self._shown_s = 0.0
        parts.shared_state.show(self._shown)

    def run(self) -> None:
        """Connect and decide until asked to stop.

        Raises:
            TransportError: the broker cannot be reached at first, or refuses the credentials.
        """
        topics = self._topics
        with MqttLink(
            self._settings.mqtt.address,
            f"energy-advisor-{self._home.name}",
            will=(topics.advisor_status, "offline"),
            on_connected=self._publisher.introduce,
        ) as link:
            link.subscribe(topics.device_states, topics.device_command_states)
            link.subscribe(topics.sensors, topics.command_state, topics.shown, topics.control_set("+"))
            link.subscribe(HOME_ASSISTANT_STATUS, *self._mapped.topics)
            while not self._stop.is_set():
                message = link.receive(_GLANCE_S)
                if message is not None:
                    self._hear(message, link)
                if (now := self._now()) is not None:
                    self._sample_mapped(now)
                    self._read_notes(now)
                    for outcome in self._sender.collect(now, link):
                        self._judge(outcome)
                    self._decide_when_due(now, link)
                if time.monotonic() - self._shown_s >= _SHOW_EVERY_S:
                    self._show()

    def _now(self) -> datetime | None:
        """Time by the configured clock; None while a house that keeps its own has not been heard or is away."""
        if self._settings.service.clock == "wall":
            return datetime.now(UTC)
        return self._house_time if self._house_online else None

    def _hear(self, message: Message, link: MqttLink) -> None:
        """Take in one message; a bad one is reported once and changes nothing."""
        try:
            self._take(message, link)
        except AdvisorError as err:
            self._complain(message.topic, str(err))
        except ValidationError as err:
            self._complain(message.topic, f"{message.topic}: {err.error_count()} wrong fields, ignored")

    def _take(self, message: Message, link: MqttLink) -> None:
        topics = self._topics
        if message.topic == topics.clock:
            self._house_time = Moment.model_validate_json(message.payload).time.astimezone(UTC)
        elif message.topic == topics.house_status:
            self._take_status(online=message.payload == b"online")
        elif message.topic == topics.command_state:
            self._confirm(CommandState.model_validate_json(message.payload), retained=message.retained, link=link)
        elif message.topic == topics.shown:
            self._hear_shown(message, link)
        elif message.topic == HOME_ASSISTANT_STATUS and message.payload == b"online":
            self._publisher.introduce(link)
        elif (control := topics.control_named(message.topic)) is not None:
            self._turn(control, message, link)
        else:
            self._take_measured(message)

    def _take_measured(self, message: Message) -> None:
        if message.topic == self._topics.sensor("pv_forecast"):
            self._forecast.update(PvForecast.model_validate_json(message.payload))
        elif message.topic == self._topics.sensor("temperature_forecast"):
            self._devices.outdoors.update(TemperatureForecast.model_validate_json(message.payload))
        elif message.topic.startswith(self._topics.devices):
            self._take_device(message)
        elif (role := self._roles.get(message.topic)) is not None:
            self._take_reading(role, message)
        elif message.topic in self._mapped.topics:
            self._take_mapped(message)

    def _take_status(self, *, online: bool) -> None:
        """A house that comes back may live at another time: nothing heard of it before counts."""
        if online and self._house_online is False:
            self._house_time, self._slot, self._day = None, None, None
            self._sender.forget()
            self._schedule.forget()
            self._readings.clear()
            self._meter = SlotMeter(self._step)
            self._plausibility = PlausibilityCheck(self._home)
            self._devices = DeviceRegistry(self._home)
        self._house_online = online

    def _take_reading(self, role: Role, message: Message) -> None:
        now = self._now()
        if now is not None and self._settings.service.clock == "house":
            # A house with its own clock publishes its states before it: they may be ahead, by a slot at most.
            now += self._step
        reading = read_payload(role, message.payload, now=now, home=self._home)
        known = self._readings.get(role)
        if known is None or reading.at > known.at:
            self._readings[role] = reading
            self._plausibility.update(role, reading)
            self._meter.add(role, self._devices.base_load(reading) if role == "load_power" else reading)
            if role == "outdoor_temperature":
                self._devices.outdoors.feel(reading)
        if self._complaints.pop(message.topic, None):
            _log.info("%s is well again", role)

    def _take_mapped(self, message: Message) -> None:
        if (now := self._now()) is None:
            return
        forecast = self._mapped.update(message.topic, message.payload, retained=message.retained, now=now)
        if forecast is not None:
            self._forecast.update(forecast)
        if self._complaints.pop(message.topic, None):
            _log.info("%s is well again", message.topic)

    def _sample_mapped(self, now: datetime) -> None:
        """Look at the mapped sensors at an even pace: they tell changes only, and a mean is one over time."""
        if self._sampled_at is not None and now - self._sampled_at < _SAMPLE:
            return
        self._sampled_at = now
        known = self._mapped.readings(now)
        for role in self._mapped.roles:
            self._readings.pop(role, None)
        self._readings.update(known)
        for role, reading in known.items():
            self._plausibility.update(role, reading)
            if (now - reading.at).total_seconds() <= self._settings.policy.max_snapshot_age_s:
                self._meter.add(role, replace(reading, at=now))

    def _read_notes(self, now: datetime) -> None:
        """Notes that hold or are ahead; one that comes or goes between slots asks for a decision at once."""
        if self._parts.notes is None:
            return
        try:
            notes = tuple(self._parts.notes.active(now))
        except AdvisorError as err:
            # The notes known so far go on: a damaged line must not undo what the household asked for.
            self._complain("notes", str(err))
            return
        if self._complaints.pop("notes", None):
            _log.info("the notes can be read again")
        if {note.id for note in notes} != {note.id for note in self._notes} and self._slot is not None:
            self._parts.shared_state.wish_decision()
        self._notes = notes

    def _take_device(self, message: Message) -> None:
        if message.topic.endswith("/state"):
            now = self._now()
            until = now + self._step if now is not None else None
            self._devices.update(DeviceState.model_validate_json(message.payload), until=until)
        elif message.topic.endswith("/command_state") and not message.retained:
            answer = DeviceAnswer.model_validate_json(message.payload)
            if not answer.accepted:
                _log.warning("%s refused %s: %s", answer.device, answer.decision_id, answer.detail)

    def _complain(self, topic: str, problem: str) -> None:
        if topic not in self._complaints:
            _log.warning("%s", problem)
        self._complaints[topic] = problem

    def _confirm(self, answer: CommandState, *, retained: bool, link: MqttLink) -> None:
        if not retained and self._sender.confirm(answer, link):
            self._show(confirmed=answer.accepted)

    def _hear_shown(self, message: Message, link: MqttLink) -> None:
        """Somebody says what the inverter's entities show; a hand taken off or laid on changes what is decided."""
        if message.retained or (now := self._now()) is None:
            return
        self._judge(self._sender.update(ReadBack.model_validate_json(message.payload), now=now, link=link))

    def _judge(self, outcome: ReadBackOutcome) -> None:
        if isinstance(outcome, Confirmed | NotConfirmed):
            self._show(confirmed=isinstance(outcome, Confirmed))
        elif isinstance(outcome, ChangedByHand):
            self._parts.shared_state.wish_decision()

    def _turn(self, control: str, message: Message, link: MqttLink) -> None:
        """Turn a control; what it changes shows in a new decision at once.

        Raises:
            DataError: it cannot stand there, or the message may be an old one.
        """
        if message.retained:
            raise DataError(f"{message.topic}: retained, so it may be old: publish controls without the retain flag")
        acted = self._panel.controls.acting is Acting.ACT
        if control in {"note", "confirm_note"}:
            self._take_note(control, message.payload, link)
            return
        try:
            if control != "decide_now":
                self._panel.turn(control, message.payload)
        finally:
            self._publisher.show_controls(link)
        if (now := self._now()) is not None and control == "acting":
            self._give_or_take(now, acted, link)
        self._complaints.pop(message.topic, None)
        self._parts.shared_state.wish_decision()

    def _take_note(self, control: str, payload: bytes, link: MqttLink) -> None:
        """A note is typed, or the one that was said back is confirmed; the notes are read anew in the next round."""
        now = self._now()
        if now is None:
            raise DataError("the house has not been heard: its clock, which notes go by, is not known yet")
        if control == "note":
            self._publisher.note_box.write(payload, now=now)
        else:
            self._publisher.note_box.confirm(now=now)
        self._publisher.show_note(link)

    def _give_or_take(self, now: datetime, acted: bool, link: MqttLink) -> None:
        if self._panel.controls.acting is Acting.ACT:
            self._sender.take_back(now, link)
        elif acted:
            self._sender.release(now, link)

    def _decide_when_due(self, now: datetime, link: MqttLink) -> None:
        slot = floor_slot(now, self._step)
        if slot == self._slot and not self._blind and not self._may_grant_wish(now):
            return
        limit_s = self._settings.policy.max_snapshot_age_s
        taken = self._plausibility.judged(snapshot(self._readings, now=now, max_age_s=limit_s))
        if slot == self._slot and self._blind and isinstance(taken, NoSnapshot):
            return
        self._slot_seen_s = self._slot_seen_s or time.monotonic()
        waited_s = time.monotonic() - self._slot_seen_s
        if isinstance(taken, NoSnapshot) and waited_s < self._settings.service.grace_s:
            return
        self._slot, self._slot_seen_s = slot, 0.0
        # By the wall clock, sensors that come late in a slot still get their decision in it.
        self._blind = isinstance(taken, NoSnapshot) and self._settings.service.clock == "wall"
        self._remember_measured(now)
        if self._panel.controls.acting is Acting.OFF:
            self._rest(now, link)
            return
        decision = self._decide(now, taken)
        self._parts.journal.write(decision)
        self._parts.shared_state.fulfil_wish()
        self._publish(decision, link)
        self._show_decision(now, decision)

    def _rest(self, now: datetime, link: MqttLink) -> None:
        """Switched off: measure on and say so, decide nothing."""
        self._parts.shared_state.fulfil_wish()
        self._publisher.publish_off(now, link)
        self._let_proceed(now, link)

    def _may_grant_wish(self, now: datetime) -> bool:
        """A decision between slots, when somebody asked for it and the guard's pause between commands is over."""
        if not self._parts.shared_state.decision_wished:
            return False
        pause = timedelta(minutes=self._settings.policy.min_minutes_between_commands)
        return self._sender.last_command_at is None or now - self._sender.last_command_at >= pause

    def _show_decision(self, now: datetime, decision: Decision) -> None:
        shapes = self._parts.recall.shapes()
        today = local_day(now, self._home.tz)
        self._show(
            decision=decision,
            confirmed=None,
            measured=tuple(self._measured(today - DAY) + self._measured(today)),
            shapes=tuple(shapes[near.day] for near in decision.neighbours if near.day in shapes),
            tally=self._shown.tally.plus(decision),
        )

    def _show(self, **changed: Any) -> None:
        """Put the newest state on the board: the decision's parts where they changed, the sensors always."""
        now = self._now()
        self._shown = replace(
            self._shown,
            now=now or self._shown.now,
            awake=now is not None,
            acting=self._panel.controls.acting,
            readings=MappingProxyType(dict(self._readings)),
            complaints=tuple(self._complaints.values()),
            **changed,
        )
        self._shown_s = time.monotonic()
        self._parts.shared_state.show(self._shown)

    def _decide(self, now: datetime, taken: Snapshot | NoSnapshot) -> Decision:
        settings, recall = self._settings.service, self._parts.recall
        today, slot_start = local_day(now, self._home.tz), floor_slot(now, self._step)
        so_far = self._today(now)
        situation = Situation(
            now=now,
            home=self._panel.controls.home(self._home),
            policy=self._panel.controls.policy(self._settings.policy),
            step=self._step,
            horizon_hours=settings.horizon_hours,
            snapshot=taken,
            neighbours=recall.neighbours(so_far, settings.members, self._expected(today)),
            shapes=recall.shapes() | {today: so_far},
            pv_forecast_kw=self._forecast.ahead(slot_start, timedelta(hours=settings.horizon_hours), self._step),
            recent=self._recent(now),
            last_command_at=self._sender.last_command_at,
            in_force=self._in_force,
            notes=tuple(note.text for note in self._notes),
            asked=self._devices.still_wanted([note.constraint for note in self._notes if note.constraint is not None]),
            language=settings.language,
            devices=self._devices.known(self._slots_ahead(slot_start)),
        )
        trigger = self._trigger(now, slot_start)
        reviewer = self._parts.reviewer if trigger else None
        decision = decide(replace(situation, trigger=trigger or ""), reviewer)
        if decision.review is not None:
            self._schedule.reviewed(decision, notes=[note.id for note in self._notes])
            self._in_force = decision.chosen if decision.chosen_by == "model" else None
            failed = "" if decision.review.outcome == "chosen" else decision.review.outcome
            self._publisher.troubles = replace(self._publisher.troubles, model=failed)
        if decision.outcome == "published" and not self._sender.may_act(now):
            return decision.model_copy(update={"outcome": "advised"})
        return decision

    def _slots_ahead(self, first: datetime) -> list[datetime]:
        reach = timedelta(hours=self._settings.service.horizon_hours)
        return [first + at * self._step for at in range(reach // self._step)]

    def _trigger(self, now: datetime, slot_start: datetime) -> str | None:
        """Why the model should be asked in this decision."""
        hours = timedelta(hours=self._settings.service.horizon_hours)
        starts = self._slots_ahead(slot_start)
        try:
            ahead = effective_prices(known_prices(self._home.tariff, starts, self._home.tz, now=now), self._home)
        except AdvisorError:
            # Without prices there is no plan to review: the decision itself says so.
            return None
        pairs = zip(ahead.import_per_kwh.tolist(), ahead.export_per_kwh.tolist(), strict=True)
        return self._schedule.due(
            now,
            notes=[note.id for note in self._notes],
            prices=dict(zip(starts, pairs, strict=True)),
            measured=self._parts.journal.measured(self._home.name, now - hours, now),
            asked=self._parts.shared_state.decision_wished,
        )

    def _publish(self, decision: Decision, link: MqttLink) -> None:
        self._sender.send(decision, link)
        if decision.problems:
            _log.warning("no command at %s: %s", decision.at.isoformat(), "; ".join(decision.problems))
        self._publisher.publish_decision(decision, link)
        self._let_proceed(decision.at, link)

    def _let_proceed(self, now: datetime, link: MqttLink) -> None:
        if self._settings.service.clock == "house":
            link.publish(self._topics.proceed, Moment(time=now).model_dump_json(), qos=1)

    def _remember_measured(self, now: datetime) -> None:
        """Keep the slots that are over; after midnight, yesterday goes into memory."""
        for slot in self._meter.finished(now):
            told = replace(
                slot,
                pv_forecast_kw=self._forecast.day_ahead(slot.start),
                temperature_forecast_c=self._devices.outdoors.day_ahead(slot.start),
            )
            self._parts.journal.measure(self._home.name, told)
        today = local_day(now, self._home.tz)
        if self._day is not None and today != self._day:
            day, measured = self._day, self._measured(self._day)
            self._parts.recall.remember(day, measured, self._step, notes=self._said_of(day))
        self._day = today

    def _expected(self, today: date) -> Expected:
        return Expected(
            pv_kwh=self._forecast.energy_kwh(today),
            temperature_c=self._devices.outdoors.mean_c(today),
            notes=self._said_of(today),
        )

    def _said_of(self, day: date) -> tuple[str, ...]:
        """What the household said of a day; a damaged note book was reported when it was read."""
        if self._parts.notes is None:
            return ()
        try:
            return self._parts.notes.said_of(day, self._home.tz)
        except AdvisorError:
            return ()

    def _measured(self, day: date) -> list[MeteredSlot]:
        return self._parts.journal.measured(self._home.name, *day_bounds(day, self._home.tz))

    def _today(self, now: datetime) -> DayShape:
        """Today as far as it was measured."""
        today = local_day(now, self._home.tz)
        return day_shape(today, [slot for slot in self._measured(today) if slot.start < now], self._home.tz, self._step)

    def _recent(self, now: datetime) -> Recent:
        """The measured slots of the last two hours; nothing if they do not reach up to now."""
        rows = self._parts.journal.measured(self._home.name, now - _RECENT, now)
        if not rows or rows[-1].start + self._step < floor_slot(now, self._step):
            return NOTHING_RECENT
        foreseen_kw = [np.nan if row.pv_forecast_kw is None else row.pv_forecast_kw for row in rows]
        return Recent(
            np.array([row.load_kw for row in rows]), np.array([row.pv_kw for row in rows]), np.array(foreseen_kw)
        )


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
