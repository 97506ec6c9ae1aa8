"""The owner of a group's seat on one shard: reads in order, leaves changes and acknowledgement behind as one."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Literal, Protocol

from energy.errors import DataError
from energy.home import Home
from energy.slots import floor_slot
from fleet.addresses import FleetHome, Homes
from fleet.home_faults import HomeFaults
from fleet.home_state import CLOCK, PV_FORECAST, STEP, HomeState, pack_slot
from fleet.streams import READINGS, Changes, Entry, Shard
from fleet.tenure import SeatedWork, Tenure
from ingest.live.meter import MeteredSlot
from ingest.live.snapshot import NoSnapshot

Clock = Literal["wall", "house"]
Wall = Callable[[], datetime]
BATCH = 250
Slots = Sequence[MeteredSlot]
# How long into a slot a home's fresh readings are waited for.
_GRACE = timedelta(minutes=2)
_NEEDED = {b"home", b"topic", b"payload"}
_SLOT, _STATE = "slot", "state"


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


class Seat(SeatedWork):
    """A group's work on a shard, by one worker, for as long as it has the seat.

    `wall` tells the time; None where homes are simulated and keep their own.
    """

    def __init__(
        self,
        shard: Shard,
        duty: Duty,
        tenure: Tenure,
        *,
        homes: Homes,
        wall: Wall | None,
    ) -> None:
        super().__init__(shard, tenure, stream=READINGS, group=duty.group, batch=BATCH)
        self._duty, self._homes, self._wall = duty, homes, wall
        self._states: dict[str, HomeState] = {}
        self._stored: dict[str, bytes] = {}
        self._faults = HomeFaults(())

    def _learn(self) -> None:
        # Restored when the home is heard: what cannot be is that home's fault.
        self._stored = self._shard.homes(self._duty.group)
        self._states, self._faults = {}, HomeFaults(self._shard.faults(self._duty.group))
        self._duty.start_over()

    def _work(self, entries: list[Entry]) -> bool:
        changes = Changes()
        heard = [(_home_of(entry), entry) for entry in entries]
        homes = self._homes({name for name, _ in heard})
        for name, entry in heard:
            home = homes.get(name)
            if home is not None and home.shard == self._shard.name:
                self._take(home, entry, changes)
            else:
                changes.counts["not of this shard" if name else "unreadable"] += 1
                self._faults.all_well(changes, name)
        changes.homes = {name: self._states[name].stored() for name, _ in heard if name in self._states}
        self._tenure.keep()
        return self._shard.commit(self._duty.group, self._tenure.token, entries, changes)

    def _take(self, home: FleetHome, entry: Entry, changes: Changes) -> None:
        """Take in a message and what follows from it; whatever is wrong with it is this home's alone."""
        name, topic = home.home.name, entry.fields[b"topic"].decode("utf-8", "replace")
        state = self._state(home.home, changes)
        wall = self._wall() if self._wall is not None else None
        with self._faults.within(changes, name, topic):
            state.take(topic, entry.fields[b"payload"], wall=wall)
            self._faults.well(changes, name, topic)
            if (now := wall or (state.clock if topic == CLOCK else None)) is not None:
                with self._faults.within(changes, name, _SLOT):
                    self._begin_slot(home, state, now, changes)

    def _state(self, home: Home, changes: Changes) -> HomeState:
        """The home as we know it; by its new facts where those changed, and afresh where it cannot be restored."""
        known = self._states.get(home.name)
        if known is not None and (known.home is home or known.home == home):
            return known
        stored = self._stored.pop(home.name, None) if known is None else known.stored()
        self._states[home.name] = HomeState(home)
        with self._faults.within(changes, home.name, _STATE):
            try:
                state = self._states[home.name] = HomeState(home, stored)
            except Exception as err:
                changes.counts["states dropped"] += 1
                raise DataError(f"what was known of the home cannot be read ({err!r}): it starts afresh") from err
            if state.misfit:
                self._faults.say(changes, home.name, PV_FORECAST, state.misfit)
        return self._states[home.name]

    def _begin_slot(self, home: FleetHome, state: HomeState, now: datetime, changes: Changes) -> None:
        slot, before = floor_slot(now, STEP), state.decided
        if (before is not None and slot <= before) or self._may_wait(state, now, slot):
            return
        # Deciding takes time; the seat must be ours when it is done.
        self._tenure.keep()
        state.decided = slot
        ended = state.finished(slot)
        changes.slots += [(home.home.name, pack_slot(one)) for one in ended]
        self._duty.slot_began(home, state, now, ended, changes)
        self._faults.well(changes, home.home.name, _SLOT)
        if before is not None:
            self._faults.well(changes, home.home.name, _STATE)

    def _may_wait(self, state: HomeState, now: datetime, slot: datetime) -> bool:
        """Whether fresh readings may still come, as where a backlog is worked through first."""
        return (
            self._wall is not None
            and now - slot < _GRACE
            and isinstance(state.snapshot(now, _GRACE.total_seconds()), NoSnapshot)
        )


def _home_of(entry: Entry) -> str:
    """Whose entry it is; nobody's where it lacks what an entry has."""
    return entry.fields[b"home"].decode("utf-8", "replace") if entry.fields.keys() >= _NEEDED else ""
