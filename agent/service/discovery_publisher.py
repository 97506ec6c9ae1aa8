"""The advisor as a device: how it introduces itself, and the states that a new broker or Home Assistant must learn."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import orjson

from agent.decision.constraint_words import Language
from agent.decision.controls import ControlPanel
from agent.decision.journal import Journal
from agent.decision.record import Decision
from agent.decision.wording.problem_words import in_language
from agent.language.notes.note_box import NoteBox
from agent.language.notes.reading import Fallback
from agent.views.daily_bill import BillHistory, to_day_end
from agent.views.mqtt_states import (
    Troubles,
    batteries_state,
    bill_state,
    health_state,
    off_state,
    plan_state,
    summary,
)
from agent.views.plan_picture import draw_plan
from agent.views.schemas import PlanView
from agent.views.service_state import BatteryState, HouseholdQuestion
from agent.views.status import plan_of
from energy.home import Home
from energy.slots import day_bounds, local_day
from knowledge.notes import NoteBook
from transport.advisor_discovery import Offer, advisor_discovery
from transport.mqtt import MqttLink
from transport.topics import Topics


@dataclass(frozen=True, slots=True)
class Identity:
    """Who speaks: the home, the label of its model, and what its entities depend on."""

    home: Home
    model: str
    offer: Offer
    step: timedelta
    notes: NoteBook | None = None
    note_fallback: Fallback | None = None
    remarks: bool = False
    # The home with the prices known at a moment, where those come while the service runs.
    home_at: Callable[[datetime], Home] | None = None

    @property
    def language(self) -> Language:
        """In which its states are worded."""
        return self.offer.language


class DiscoveryPublisher:
    """Tells states, and tells them all again whenever somebody may have forgotten them."""

    def __init__(self, identity: Identity, panel: ControlPanel, journal: Journal) -> None:
        self.troubles = Troubles()
        self.note_box = NoteBox(identity.home, identity.notes, identity.note_fallback)
        self.note_box.is_weighed = identity.remarks
        self._identity = identity
        self._home = identity.home
        self._topics = Topics(identity.home.name)
        self._introduction = advisor_discovery(self._topics, identity.offer)
        self._panel = panel
        self._journal = journal
        self._bills = BillHistory(identity.home, identity.step, identity.home_at)
        self._published: dict[str, bytes] = {}
        self._problems: tuple[str, ...] = ()

    def introduce(self, link: MqttLink) -> None:
        """Announce every entity, then every state; runs in the network thread after each connection."""
        for topic, payload in self._introduction.items():
            link.publish(topic, payload, retain=True, qos=1)
        link.publish(self._topics.advisor_status, "online", retain=True, qos=1)
        self.show_controls(link)
        self.show_note(link)
        for topic, published in list(self._published.items()):
            link.publish(topic, published, retain=True, qos=1)

    def name_model(self, label: str) -> None:
        """The model that reviews the plan has come, or another one."""
        self._identity = replace(self._identity, model=label)

    def show_controls(self, link: MqttLink) -> None:
        """Say how every control stands: also after a turn that was refused, so that no dial shows a wish."""
        for name, state in self._panel.controls.states().items():
            link.publish(self._topics.control(name), state, retain=True, qos=1)

    def show_note(self, link: MqttLink) -> None:
        """Say how the note that was typed last is understood."""
        link.publish(self._topics.note, orjson.dumps(self.note_box.state()), retain=True, qos=1)

    def ask(self, question: HouseholdQuestion, link: MqttLink) -> None:
        """Ask the household what the model would cost more for than it may."""
        self.note_box.ask(question.text, question.wish, question.extra_cost, self._identity.language)
        self.show_note(link)

    def show_news(self, link: MqttLink) -> None:
        """Say how the note is understood, where a model has read it since."""
        if self.note_box.news.is_set():
            self.note_box.news.clear()
            self.show_note(link)

    def publish_decision(self, decision: Decision, link: MqttLink) -> None:
        """Publish everything that a new decision changes."""
        plan = plan_of(decision, self._home)
        states = {
            self._topics.decision: summary(decision, self._identity.model, self._identity.language),
            self._topics.bill: self._bill(decision),
            self._topics.health: self._health(decision.at, decision.problems),
        }
        self._publish(states, plan, link)

    def publish_off(self, now: datetime, link: MqttLink) -> None:
        """Publish that the household has switched the advisor off."""
        states = {
            self._topics.decision: off_state(now, self._identity.model, self._identity.language),
            self._topics.health: self._health(now, ()),
        }
        self._publish(states, None, link)

    def publish_problems(self, now: datetime, link: MqttLink, **changed: Any) -> None:
        """Publish what is wrong, when that has changed."""
        troubles = replace(self.troubles, **changed)
        if troubles == self.troubles:
            return
        self.troubles = troubles
        payload = orjson.dumps(self._health(now, self._problems))
        self._published[self._topics.health] = payload
        link.publish(self._topics.health, payload, retain=True, qos=1)

    def publish_batteries(self, states: Sequence[BatteryState], link: MqttLink) -> None:
        """Publish how each of several batteries stands, when that has changed."""
        payload = orjson.dumps(batteries_state(states, self._identity.language))
        if self._published.get(self._topics.batteries) != payload:
            self._published[self._topics.batteries] = payload
            link.publish(self._topics.batteries, payload, retain=True, qos=1)

    def _publish(self, states: Mapping[str, dict[str, object]], plan: PlanView | None, link: MqttLink) -> None:
        payloads = {topic: orjson.dumps(state) for topic, state in states.items()}
        payloads[self._topics.plan] = orjson.dumps(plan_state(plan, self._home.tz, self._identity.language))
        payloads[self._topics.plan_picture] = draw_plan(plan, self._home.tz, self._identity.language).encode()
        for topic, payload in payloads.items():
            self._published[topic] = payload
            link.publish(topic, payload, retain=True, qos=1)

    def _bill(self, decision: Decision) -> dict[str, object]:
        now, home = decision.at, self._home
        first, _ = day_bounds(local_day(now, home.tz).replace(day=1), home.tz)
        month = self._bills.month(self._journal.measured(home.name, first - self._identity.step, now), now)
        expected = to_day_end(month[local_day(now, home.tz)], decision, home)
        return bill_state(month, expected, now=now, zone=home.tz)

    def _health(self, now: datetime, problems: tuple[str, ...]) -> dict[str, object]:
        self._problems = problems
        since = (self.troubles.data,) if self.troubles.data else ()
        shown = tuple(in_language(problem, self._identity.language) for problem in problems or since)
        return health_state(now, shown, self.troubles)
