"""The owner of a group's seat on one shard: reads in order, leaves changes and acknowledgement behind as one."""

import logging
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from time import monotonic
from typing import Literal, Protocol
from uuid import uuid4

from pydantic import ValidationError

from energy.errors import AdvisorError, NewerFormat
from energy.slots import floor_slot
from fleet.addresses import FleetHome
from fleet.home_state import CLOCK, STEP, HomeState, pack_slot
from fleet.streams import READINGS, Changes, Entry, Shard
from ingest.live.meter import MeteredSlot
from ingest.live.snapshot import NoSnapshot
from transport.payloads import first_fault

_log = logging.getLogger(__name__)

Clock = Literal["wall", "house"]
Wall = Callable[[], datetime]
BATCH = 250
Slots = Sequence[MeteredSlot]
# How long into a slot a home's fresh readings are waited for.
_GRACE = timedelta(minutes=2)
_MOST_TOLD = 300
# How long a worker that is too old leaves its seat to others.
_LEASES_AWAY = 4


def wall_of(clock: Clock) -> Wall | None:
    """What tells the time where homes live by the wall clock."""
    return (lambda: datetime.now(UTC)) if clock == "wall" else None


class Duty(Protocol):
    """What a group does with its homes."""

    group: str

    def start_over(self) -> None:
        """Somebody else may have worked meanwhile: nothing in memory counts."""
        ...

    def slot_began(self, home: FleetHome, state: HomeState, now: datetime, ended: Slots, changes: Changes) -> None:
        """A slot of a home began, others ended; `changes` take what is to be kept of it."""
        ...


class Tenure:
    """The one seat of a group on a shard: whose it is, it is for `lease_s` after each sign of life."""

    def __init__(self, shard: Shard, group: str, lease_s: float) -> None:
        self.token = ""
        self._shard, self._group, self._lease_s = shard, group, lease_s
        self._away_until = 0.0

    def keep(self) -> bool:
        """Stay in the seat."""
        return bool(self.token) and self._shard.keep_seat(self._group, self.token, self._lease_s)

    def take(self) -> bool:
        """Take the seat if it is free, under a new token: what its last owner began is not ours to end."""
        if monotonic() < self._away_until:
            return False
        self.token = uuid4().hex
        return self._shard.take_seat(self._group, self.token, self._lease_s)

    def stand_back(self, why: NewerFormat) -> None:
        """Leave the seat to a worker that understands what there is to do, and look again some leases later."""
        _log.error("%s of shard %s stands back: %s", self._group, self._shard.name, why)
        self._away_until = monotonic() + _LEASES_AWAY * self._lease_s
        self._shard.count(f"{self._group} stood back")
        self._shard.leave_seat(self._group, self.token)
        self.token = ""


class Seat:
    """A group's work on a shard, by one worker, for as long as it has the seat.

    `wall` tells the time; None where homes are simulated and keep their own.
    """

    def __init__(
        self,
        shard: Shard,
        duty: Duty,
        tenure: Tenure,
        *,
        homes: Mapping[str, FleetHome],
        wall: Wall | None,
    ) -> None:
        self._shard, self._duty, self._tenure, self._homes, self._wall = shard, duty, tenure, homes, wall
        self._states: dict[str, HomeState] = {}
        # Whether what we know is what Redis has: until then, what was left undone comes first.
        self._in_step = False

    def turn(self) -> int:
        """Work through what waits, a batch at most; how many entries that were."""
        try:
            return self._turn()
        except NewerFormat as err:
            self._tenure.stand_back(err)
            return 0

    def start_over(self) -> None:
        """Redis was away, and may have forgotten what we remember: with the next turn we know what it knows."""
        self._in_step = False

    def look_for_gaps(self) -> None:
        """Tell of entries that somebody deleted before they were read."""
        if self._in_step and self._tenure.keep():
            self._shard.check_gaps(READINGS, self._duty.group)

    def _turn(self) -> int:
        if not self._tenure.keep():
            self._in_step = False
            if not self._tenure.take():
                return 0
        begins = not self._in_step
        # An exception on the way leaves it so.
        self._in_step = False
        entries = self._left_undone() if begins else self._new()
        committed = not entries or self._work(entries)
        self._in_step = committed and not (begins and entries)
        return len(entries) if committed else 0

    def _left_undone(self) -> list[Entry]:
        """What the owner before us took and did not finish, with the homes as it left them."""
        stored, group = self._shard.homes(self._duty.group), self._duty.group
        self._states = {name: HomeState(self._homes[name].home, stored[name]) for name in stored if name in self._homes}
        self._duty.start_over()
        self._shard.check_gaps(READINGS, group)
        return self._shard.pending(READINGS, group, self._tenure.token, BATCH)

    def _new(self) -> list[Entry]:
        return self._shard.read(READINGS, self._duty.group, self._tenure.token, BATCH)

    def _work(self, entries: list[Entry]) -> bool:
        changes, touched = Changes(), set[str]()
        for entry in entries:
            name = entry.fields[b"home"].decode()
            if name in self._homes:
                touched.add(name)
                self._take(self._homes[name], entry, changes)
        changes.homes = {name: self._states[name].stored() for name in touched}
        self._tenure.keep()
        return self._shard.commit(self._duty.group, self._tenure.token, entries, changes)

    def _take(self, home: FleetHome, entry: Entry, changes: Changes) -> None:
        """Take in a message and what follows from it; whatever is wrong with it is this home's alone."""
        name, topic = home.home.name, entry.fields[b"topic"].decode("utf-8", "replace")
        state = self._states.setdefault(name, HomeState(home.home))
        wall = self._wall() if self._wall is not None else None
        try:
            state.take(topic, entry.fields[b"payload"], wall=wall)
            if (now := wall or (state.clock if topic == CLOCK else None)) is not None:
                self._begin_slot(home, state, now, changes)
        except ValidationError as err:
            changes.faults[name] = f"{topic}: {first_fault(err)}"[:_MOST_TOLD]
        except AdvisorError as err:
            changes.faults[name] = str(err)[:_MOST_TOLD]
        except Exception as err:  # noqa: BLE001 (one home's worst message must not end the work for the others)
            _log.exception("home %s, %s", name, topic)
            changes.faults[name] = f"{type(err).__name__}: {err}"[:_MOST_TOLD]

    def _begin_slot(self, home: FleetHome, state: HomeState, now: datetime, changes: Changes) -> None:
        slot = floor_slot(now, STEP)
        if (state.decided is not None and slot <= state.decided) or self._may_wait(state, now, slot):
            return
        # Deciding takes time; the seat must be ours when it is done.
        self._tenure.keep()
        state.decided = slot
        ended = state.finished(slot)
        changes.slots += [(home.home.name, pack_slot(one)) for one in ended]
        self._duty.slot_began(home, state, now, ended, changes)

    def _may_wait(self, state: HomeState, now: datetime, slot: datetime) -> bool:
        """Whether fresh readings may still come, as where a backlog is worked through first."""
        return (
            self._wall is not None
            and now - slot < _GRACE
            and isinstance(state.snapshot(now, _GRACE.total_seconds()), NoSnapshot)
        )
