"""Group `archive`: each home's metered slots become days in the day store, when its local day is over."""

from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from agent.decision.recall import day_record
from energy.home import Home
from energy.slots import local_day
from fleet.addresses import FleetHome
from fleet.home_state import STEP, HomeState, unpack_slot
from fleet.savings import Saving, with_days
from fleet.streams import Changes, Shard
from fleet.worker import Slots
from ingest.live.meter import MeteredSlot
from knowledge.forecast import shape_of
from knowledge.home_index import HomeIndex
from knowledge.like_homes import ENOUGH_TO_LEND, LATELY, home_vector, lately
from knowledge.store import DayStore


class Archive:
    """Writes finished days; to write one again changes nothing, so a killed worker's may be repeated."""

    group = "archive"

    def __init__(self, shard: Shard, days: Path, *, likes: HomeIndex | None = None) -> None:
        self._shard, self._days, self._likes = shard, days, likes
        self._open: dict[str, list[MeteredSlot]] = {}

    def start_over(self) -> None:
        """Somebody else may have archived meanwhile."""
        self._open.clear()

    def slot_began(self, home: FleetHome, state: HomeState, now: datetime, ended: Slots, changes: Changes) -> None:
        """Store the days that are over."""
        del state
        name, zone = home.home.name, home.home.tz
        if name not in self._open:
            self._open[name] = [unpack_slot(one) for one in self._shard.slots(self.group, name)]
        days = _by_day([*self._open[name], *ended], zone)
        self._open[name] = days.pop(local_day(now, zone), [])
        changes.kept[name] = len(self._open[name])
        if days:
            # Read afresh: the days of all homes of a fleet are not kept in memory.
            store = DayStore(self._days)
            store.remember_home(home.home)
            store.append(name, [day_record(home.home, day, of, STEP) for day, of in days.items()])
            self._describe(home.home, store, local_day(now, zone))
            known = self._shard.savings(name).get(name)
            changes.savings[name] = with_days(Saving.read(known) if known else None, home.home, days).stored()

    def _describe(self, home: Home, store: DayStore, today: date) -> None:
        """Say what the home is like, for new ones like it."""
        if self._likes is None:
            return
        late = [shape_of(one, home.tz, STEP) for one in store.days(home.name) if one.day >= today - LATELY]
        if len(late) >= ENOUGH_TO_LEND:
            self._likes.put(home, home_vector(home, lately(late, today)))


def _by_day(slots: Slots, zone: ZoneInfo) -> dict[date, list[MeteredSlot]]:
    days: dict[date, list[MeteredSlot]] = {}
    for slot in slots:
        days.setdefault(local_day(slot.start, zone), []).append(slot)
    return days
