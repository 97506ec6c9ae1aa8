"""The owner of a group's seat on one shard: reads in order, leaves changes and acknowledgement behind as one."""

import logging
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Literal, Protocol

from pydantic import ValidationError

from energy.errors import AdvisorError
from energy.slots import floor_slot
from fleet.addresses import FleetHome, Homes
from fleet.home_state import CLOCK, STEP, HomeState, pack_slot
from fleet.streams import READINGS, Changes, Entry, Shard
from fleet.tenure import SeatedWork, Tenure
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

    def _learn(self) -> None:
        stored = self._shard.homes(self._duty.group)
        homes = self._homes(frozenset())
        self._states = {name: HomeState(homes[name].home, stored[name]) for name in stored if name in homes}
        self._duty.start_over()

    def _work(self, entries: list[Entry]) -> bool:
        changes, touched = Changes(), set[str]()
        homes = self._homes({entry.fields[b"home"].decode() for entry in entries})
        for entry in entries:
            name = entry.fields[b"home"].decode()
            if name in homes:
                touched.add(name)
                self._take(homes[name], entry, changes)
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
