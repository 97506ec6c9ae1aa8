"""What the service shows of itself to other threads, and where they leave a wish for a decision."""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from threading import Event
from types import MappingProxyType

from agent.decision.controls import Acting
from agent.decision.record import Decision
from energy.constraints import Constraint
from energy.home import Home
from ingest.live.meter import MeteredSlot
from ingest.live.snapshot import Reading, Role
from knowledge.forecast import DayShape

# Wishes that nobody has seen to yet; older ones make room.
_WAITING = 8


@dataclass(frozen=True, slots=True)
class ServiceCounters:
    """What the service has done since it was started; `decision_s` is the time that all decisions took."""

    published: int = 0
    advised: int = 0
    no_command: int = 0
    reviews: Mapping[str, int] = field(default_factory=dict)
    decision_s: float = 0.0

    def plus(self, decision: Decision) -> "ServiceCounters":
        """The same with one more decision."""
        reviews = dict(self.reviews)
        if decision.review is not None:
            reviews[decision.review.outcome] = reviews.get(decision.review.outcome, 0) + 1
        return ServiceCounters(
            published=self.published + (decision.outcome == "published"),
            advised=self.advised + (decision.outcome == "advised"),
            no_command=self.no_command + (decision.outcome == "no_command"),
            reviews=MappingProxyType(reviews),
            decision_s=self.decision_s + decision.seconds,
        )


@dataclass(frozen=True, slots=True)
class BatteryState:
    """One of several batteries: its readings, its command, and whether it shows it (None: no answer yet)."""

    name: str
    capacity_kwh: float
    soc: float | None = None
    power_kw: float | None = None
    mode: str | None = None
    charge_to_soc: float | None = None
    reserve_soc: float | None = None
    sent_at: datetime | None = None
    confirmed: bool | None = None
    problem: str = ""


@dataclass(frozen=True, slots=True)
class HouseholdQuestion:
    """What the household is asked: whether what a remark was taken for shall hold, at what it costs more."""

    text: str
    wish: Constraint
    extra_cost: float


@dataclass(frozen=True, slots=True)
class ServiceState:
    """The service at one moment, never changed afterwards.

    `now` is the last time its clock showed, None before the first reading; `awake` is false while that clock is away.
    `connected` says whether the broker can be reached, `caught` how many faults of its own the service survived;
    readings older than `max_age_s` give no command, and `complete_at` all that a decision needs were there last;
    `known_days` of its own the home can compare with.
    `measured` holds the finished slots of yesterday and today, `shapes` the similar days of the last decision;
    `batteries` are the home's where it has several.
    """

    home: Home
    model: str
    step: timedelta
    started: datetime
    now: datetime | None = None
    awake: bool = False
    acting: Acting = Acting.ACT
    acting_until: datetime | None = None
    acting_after: Acting | None = None
    readings: Mapping[Role, Reading] = field(default_factory=dict)
    complaints: tuple[str, ...] = ()
    decision: Decision | None = None
    confirmed: bool | None = None
    measured: tuple[MeteredSlot, ...] = ()
    shapes: tuple[DayShape, ...] = ()
    tally: ServiceCounters = ServiceCounters()
    connected: bool = True
    caught: int = 0
    max_age_s: float = 120.0
    complete_at: datetime | None = None
    forecast_at: datetime | None = None
    known_days: int = 0
    batteries: tuple[BatteryState, ...] = ()
    question: HouseholdQuestion | None = None


@dataclass(frozen=True, slots=True)
class ActingWish:
    """How the household wants the advisor to act, for some hours or until it is changed."""

    acting: Acting
    hours: float | None = None


class SharedServiceState:
    """One writer, many readers: a reader takes the newest state whole, and nobody waits for anybody."""

    def __init__(self) -> None:
        self._shown: ServiceState | None = None
        self._wish = Event()
        self._acting: deque[ActingWish] = deque(maxlen=_WAITING)

    def show(self, state: ServiceState) -> None:
        """Replace what is shown."""
        self._shown = state

    @property
    def shown(self) -> ServiceState | None:
        """The newest state; None before the service has begun."""
        return self._shown

    def wish_decision(self) -> None:
        """Ask the service to decide as soon as it may."""
        self._wish.set()

    def wish_acting(self, wish: ActingWish) -> None:
        """Ask the service to act in another way."""
        self._acting.append(wish)

    def next_acting(self) -> ActingWish | None:
        """The oldest such wish, once."""
        return self._acting.popleft() if self._acting else None

    def fulfil_wish(self) -> None:
        """The service has decided."""
        self._wish.clear()

    @property
    def decision_wished(self) -> bool:
        """Whether somebody waits for a decision."""
        return self._wish.is_set()
