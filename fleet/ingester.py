"""From the broker into one shard's stream: a message is confirmed to the broker once Redis has it."""

import logging
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from threading import Event
from time import monotonic

from fleet.addresses import ROOT, FleetHome, Homes, HomeTopic
from fleet.streams import Shard, StreamError, pause_after
from transport.durable import DurableLink, Received
from transport.mqtt import BrokerAddress

_log = logging.getLogger(__name__)

_AT_A_TIME, _GLANCE_S = 500, 0.2
_LONGEST_PAYLOAD = 64 * 1024
_MOST_MEMORY = 0.8


@dataclass(frozen=True, slots=True)
class IntakeLimits:
    """What a home may send, and what may wait for the workers before no more is taken from the broker."""

    per_second: float = 10.0
    burst: float = 2000.0
    waiting: int = 2_000_000


@dataclass(slots=True)
class Allowance:
    """How many messages a home may send now; it grows by the second."""

    limits: IntakeLimits
    left: float = field(init=False)
    _at: float = 0.0

    def __post_init__(self) -> None:
        self.left = self.limits.burst

    def take(self, now: float) -> bool:
        """Whether one more may come."""
        self.left = min(self.left + (now - self._at) * self.limits.per_second, self.limits.burst)
        self._at = now
        if self.left < 1:
            return False
        self.left -= 1
        return True


class Ingester:
    """Takes in what the homes of one shard send; what is not theirs to send is counted, and thrown away."""

    def __init__(self, shard: Shard, homes: Homes, limits: IntakeLimits) -> None:
        self._shard, self._homes, self._limits = shard, homes, limits
        self._allowances: dict[str, Allowance] = {}
        self._held_back = False

    def run(self, broker: BrokerAddress, stop: Event) -> None:
        """Work until asked to stop.

        Raises:
            TransportError: the broker cannot be reached at first.
        """
        name = self._shard.name
        # No shared subscription: those lose messages and order.
        with DurableLink(broker, f"fleet-ingester-{name}", f"{ROOT}/{name}/+/house/+") as link:
            while not stop.is_set():
                if self._must_wait():
                    stop.wait(_GLANCE_S)
                elif received := link.take(_AT_A_TIME, _GLANCE_S):
                    self._keep(received, stop)
                    if not stop.is_set():
                        link.confirm(received)

    def _must_wait(self) -> bool:
        """Whether the workers are so far behind that the rest stays with the broker."""
        try:
            waiting, used = self._shard.waiting(), self._shard.memory_used()
        except StreamError:
            return False
        # Workers need room to write down what they have done with.
        behind = waiting >= self._limits.waiting or used >= _MOST_MEMORY
        if behind != self._held_back:
            self._held_back = behind
            _log.warning(
                "shard %s: %d readings wait, %s", self._shard.name, waiting, "holding back" if behind else "on"
            )
        return behind

    def _keep(self, received: Sequence[Received], stop: Event) -> None:
        """Write until Redis has it: full or restarted, it will be back."""
        readings, refused = self.sorted_out(received)
        failures = 0
        while not stop.is_set():
            try:
                self._shard.add(readings, refused)
            except StreamError as err:
                failures += 1
                pause_after(err, failures)
            else:
                return

    def sorted_out(self, received: Sequence[Received]) -> tuple[list[dict[str, bytes | str]], Counter[str]]:
        """What belongs into the stream, and how often something did not, by home and reason."""
        topics = [HomeTopic.parse(one.topic) for one in received]
        homes, now = self._homes({topic.home for topic in topics if topic is not None}), monotonic()
        readings: list[dict[str, bytes | str]] = []
        refused: Counter[str] = Counter()
        for one, topic in zip(received, topics, strict=True):
            if topic is None or (home := homes.get(topic.home)) is None:
                refused["not registered"] += 1
            elif why := self._objection(topic, home, one, now):
                refused[f"{topic.home}: {why}"] += 1
            else:
                readings.append({"home": topic.home, "topic": topic.name, "payload": one.payload})
        return readings, refused

    def _objection(self, topic: HomeTopic, home: FleetHome, one: Received, now: float) -> str:
        if home.shard != topic.shard:
            return f"belongs to shard {home.shard}"
        if len(one.payload) > _LONGEST_PAYLOAD:
            return "too long"
        allowance = self._allowances.setdefault(topic.home, Allowance(self._limits))
        return "" if allowance.take(now) else "too many messages"
