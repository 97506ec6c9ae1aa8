"""What is shown: the newest state of the service, put where page, API and metrics read it."""

import time
from dataclasses import replace
from datetime import datetime
from types import MappingProxyType
from typing import Any

from agent.decision.controls import ControlPanel
from agent.decision.recall import Recall
from agent.decision.record import Decision
from agent.service.feed import Feed, Problems
from agent.service.prices import LivePrices
from agent.service.situation import MeasuredDays
from agent.views.service_state import ServiceState, SharedServiceState
from agent.views.status import data_health
from energy.slots import DAY, local_day
from ingest.live.snapshot import REQUIRED

_EVERY_S = 0.5
_AT_LATEST_S = 2.0


class StateDisplay:
    """Keeps the shared state as new as the feed; a decision's parts change with it."""

    def __init__(
        self,
        begin: ServiceState,
        shared: SharedServiceState,
        feed: Feed,
        prices: LivePrices,
        panel: ControlPanel,
        problems: Problems,
    ) -> None:
        self._state, self._shared, self._prices = begin, shared, prices
        self._feed, self._panel, self._problems = feed, panel, problems
        self._shown_s = 0.0
        shared.show(begin)

    def show_when_due(self, *, quiet: bool, **changed: Any) -> None:
        """Show what is new, at most twice a second.

        The sensors of one moment arrive one after another: unless all is `quiet`, the show waits for the rest of them.
        """
        if time.monotonic() - self._shown_s >= (_EVERY_S if quiet else _AT_LATEST_S):
            self.show(**changed)

    def decided_before(self, moment: datetime) -> bool:
        """Whether the newest decision is from before a moment, or there is none."""
        return self._state.decision is None or self._state.decision.at <= moment

    @property
    def data_problem(self) -> str:
        """What is wrong with the readings as they are shown; empty where they allow a decision."""
        return "; ".join(data_health(self._state).problems)

    def show_decision(self, now: datetime, decision: Decision, days: MeasuredDays, recall: Recall) -> None:
        """Show a new decision with the measured slots and the similar days that belong to it."""
        shapes = recall.shapes()
        today = local_day(now, self._state.home.tz)
        self.show(
            decision=decision,
            confirmed=None,
            measured=tuple(days.on(today - DAY) + days.on(today)),
            shapes=tuple(shapes[near.day] for near in decision.neighbours if near.day in shapes),
            tally=self._state.tally.plus(decision),
            known_days=recall.known_days(today),
        )

    def show(self, **changed: Any) -> None:
        """Show the newest readings and problems, and what else has changed."""
        now, readings = self._feed.now(), dict(self._feed.readings)
        is_complete = now is not None and readings.keys() >= set(REQUIRED)
        self._state = replace(
            self._state,
            home=self._prices.home(now),
            now=now or self._state.now,
            awake=now is not None,
            acting=self._panel.controls.acting,
            acting_until=self._panel.controls.acting_until,
            acting_after=self._panel.controls.acting_after,
            readings=MappingProxyType(readings),
            complete_at=now if is_complete else self._state.complete_at,
            complaints=self._problems.texts(),
            forecast_at=self._feed.pv_forecast.made_at,
            **changed,
        )
        self._shown_s = time.monotonic()
        self._shared.show(self._state)
