"""The states of a home's sensors as Home Assistant tells them: subscribed over its WebSocket, with reconnects."""

import json
import logging
import time
from collections.abc import Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from threading import Event, Lock, Thread
from typing import Any, Self

import httpx
from pydantic import AwareDatetime, BaseModel, ConfigDict, ValidationError

from energy.errors import AdvisorError, DataError
from ingest.homeassistant.client import CommandRefused, HomeAssistant, HomeAssistantAddress, TokenRefused
from ingest.homeassistant.entity_diffs import EntityTable
from ingest.homeassistant.solar_forecast import ask_forecast
from ingest.live.mapping import LiveState, MappedSensors
from transport.payloads import PvForecast, first_fault

_log = logging.getLogger(__name__)

# How long nothing may come before Home Assistant is asked whether it is there.
_QUIET_S = 10.0
_LOOK_AGAIN_S = 60.0
_FORECAST_EVERY_S = 1800.0
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 1.0, 15.0
# Home Assistant may lock out an address that keeps coming with a wrong token.
_REFUSED_PAUSE_S = 900.0
_ASK_TIMEOUT_S = 5.0


@dataclass(frozen=True, slots=True)
class StateChanges:
    """What came since the last look: changed states, entities that are not there, a forecast, and how the line is."""

    states: tuple[LiveState, ...] = ()
    lost: tuple[str, ...] = ()
    forecast: PvForecast | None = None
    alive_at: datetime | None = None
    problem: str = ""


class _Reported(BaseModel):
    """When an entity last said what it says, changed or not; Home Assistant tells it since 2024.4."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    last_reported: AwareDatetime | None = None


class LiveStates:
    """Follows entities in a thread of its own, inside its `with` block; the service collects what came.

    Args:
        address: where Home Assistant is.
        entities: what is followed.
        forecast: whether the energy dashboard's solar forecast is asked for too, every half hour.
    """

    def __init__(self, address: HomeAssistantAddress, entities: Collection[str], *, forecast: bool = True) -> None:
        self._address = address
        self._entities = sorted(entities)
        self._forecast_wanted = forecast
        self._table = EntityTable()
        self._lock = Lock()
        self._changed: dict[str, LiveState | None] = {}
        self._forecast: PvForecast | None = None
        self._alive_at: datetime | None = None
        self._problem = ""
        self._stop = Event()
        self._thread = Thread(target=self._follow, name="home-assistant", daemon=True)
        self._lead = timedelta(0)
        self._looked_s = self._forecast_s = float("-inf")

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_exception: object) -> None:
        self._stop.set()
        self._thread.join(_QUIET_S + _ASK_TIMEOUT_S)

    def collect(self) -> StateChanges:
        """Everything that came since the last call; the newest state of each entity only."""
        with self._lock:
            changed, self._changed = self._changed, {}
            forecast, self._forecast = self._forecast, None
            return StateChanges(
                states=tuple(state for state in changed.values() if state is not None),
                lost=tuple(name for name, state in changed.items() if state is None),
                forecast=forecast,
                alive_at=self._alive_at,
                problem=self._problem,
            )

    def _follow(self) -> None:
        """Connect, listen, and after a loss connect again: at once, then at growing distances."""
        pause_s = _FIRST_PAUSE_S
        while not self._stop.is_set():
            began_s = time.monotonic()
            try:
                self._listen()
            except TokenRefused as err:
                self._fail(str(err))
                pause_s = _REFUSED_PAUSE_S
            except AdvisorError as err:
                self._fail(str(err))
            except (KeyError, TypeError, ValueError, AttributeError) as err:
                # What a future version may send; the rest of the advisor goes on.
                self._fail(f"Home Assistant says what is not understood ({type(err).__name__}): update the advisor")
            if self._looked_s > began_s and pause_s <= _LONGEST_PAUSE_S:
                pause_s = _FIRST_PAUSE_S
            self._stop.wait(pause_s)
            pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)

    def _listen(self) -> None:
        """Subscribe, and take in what comes until asked to stop.

        Raises:
            TransportError: the connection cannot be made, or broke.
        """
        with HomeAssistant(self._address) as assistant:
            self._lead = timedelta(seconds=assistant.clock_lead_s() or 0.0)
            self._table = EntityTable()
            assistant.command("subscribe_entities", entity_ids=self._entities)
            self._take_all(assistant)
            self._looked_s = time.monotonic()
            while not self._stop.is_set():
                event = assistant.next_event(_QUIET_S)
                if event is None:
                    assistant.command("ping")
                self._take(event or {})
                self._look_again()
                self._ask_forecast(assistant)

    def _take(self, event: dict[str, Any]) -> None:
        """Take in an event, and that Home Assistant answers."""
        changed = self._table.apply(event)
        now = datetime.now(UTC)
        with self._lock:
            if self._problem:
                _log.info("Home Assistant answers again")
            self._problem, self._alive_at = "", now
            self._changed |= {name: self._state(name, now) for name in changed}

    def _state(self, name: str, now: datetime) -> LiveState | None:
        """An entity's state by our clock; None where it is not there."""
        row = self._table.rows.get(name)
        if row is None:
            return None
        # Clocks that differ by less than the header can tell are one clock.
        at = row.at - self._lead if abs(self._lead) > timedelta(seconds=2) else row.at
        unit = str(row.attributes.get("unit_of_measurement") or "")
        attributes = json.dumps(row.attributes, default=str).encode()
        return LiveState(name, row.text.encode(), unit, min(at, now), attributes)

    def _take_all(self, assistant: HomeAssistant) -> None:
        """The first event tells every entity; those that it does not tell are not there."""
        deadline_s = time.monotonic() + _ASK_TIMEOUT_S
        event: dict[str, Any] = {}
        while "a" not in event and time.monotonic() < deadline_s:
            event = assistant.next_event(_ASK_TIMEOUT_S) or {}
        self._take(event)
        with self._lock:
            self._changed |= {name: None for name in self._entities if name not in self._table.rows}

    def _look_again(self) -> None:
        """Ask when values that stand still were last said: a subscription tells changes only."""
        now_s = time.monotonic()
        if now_s - self._looked_s < _LOOK_AGAIN_S:
            return
        self._looked_s = now_s
        old = datetime.now(UTC) + self._lead - timedelta(seconds=_LOOK_AGAIN_S)
        for name in [name for name, row in self._table.rows.items() if row.at < old]:
            if (reported := self._reported(name)) is not None and self._table.report(name, reported):
                with self._lock:
                    self._changed[name] = self._state(name, datetime.now(UTC))

    def _reported(self, name: str) -> datetime | None:
        url = f"{self._address.url.rstrip('/')}/api/states/{name}"
        headers = {"Authorization": f"Bearer {self._address.token}"}
        with suppress(httpx.HTTPError, ValidationError):
            answer = httpx.get(url, headers=headers, timeout=_ASK_TIMEOUT_S, trust_env=False)
            if answer.status_code == httpx.codes.OK:
                return _Reported.model_validate_json(answer.content).last_reported
        return None

    def _ask_forecast(self, assistant: HomeAssistant) -> None:
        now_s = time.monotonic()
        if not self._forecast_wanted or now_s - self._forecast_s < _FORECAST_EVERY_S:
            return
        self._forecast_s = now_s
        try:
            forecast = ask_forecast(assistant, datetime.now(UTC))
        except (CommandRefused, DataError) as err:
            _log.warning("no solar forecast this time: %s", err)
            return
        except ValidationError as err:
            _log.warning("no solar forecast this time: %s", first_fault(err))
            return
        with self._lock:
            self._forecast = forecast

    def _fail(self, problem: str) -> None:
        with self._lock:
            if not self._problem:
                _log.warning("%s", problem)
            self._problem = problem


def take_in(
    changes: StateChanges, readers: Sequence[MappedSensors], *, now: datetime
) -> tuple[dict[str, str], PvForecast | None]:
    """Give a home's sensors what came: what is wrong with each entity (empty where it is well), and a forecast."""
    faults: dict[str, str] = {}
    forecast = changes.forecast
    for sensors in readers:
        followed = sensors.followed
        faults |= {name: sensors.lose(name) for name in changes.lost if name in followed}
        if changes.alive_at is not None:
            sensors.confirm_alive(changes.alive_at)
        for state in changes.states:
            if state.entity not in followed:
                continue
            try:
                forecast = sensors.update_state(state, now=now) or forecast
                faults.setdefault(state.entity, "")
            except DataError as err:
                faults[state.entity] = str(err)
    return faults, forecast
