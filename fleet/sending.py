"""Group `send`: commands of decisions go to their homes; what nobody needs any more does not."""

from datetime import datetime

from energy.errors import NewerFormat
from fleet.addresses import COMMAND, HomeTopic
from fleet.home_state import STEP
from fleet.streams import DECISIONS, Entry, Shard
from fleet.worker import Tenure, Wall
from transport.durable import DurableLink

GROUP = "send"
_AT_A_TIME, _PATIENCE_S = 200, 5.0


class Sending:
    """Publishes the commands of a shard, each at least once; a home takes a repeated one for what it is."""

    def __init__(self, shard: Shard, link: DurableLink, tenure: Tenure, *, wall: Wall | None) -> None:
        self._shard, self._link, self._tenure, self._wall = shard, link, tenure, wall
        self._in_step = False

    def turn(self) -> int:
        """Send what waits, a batch at most; how many decisions that were."""
        try:
            return self._turn()
        except NewerFormat as err:
            self._tenure.stand_back(err)
            return 0

    def start_over(self) -> None:
        """Redis was away: what was begun is looked for again."""
        self._in_step = False

    def look_for_gaps(self) -> None:
        """Tell of decisions that somebody deleted before they were sent."""
        if self._in_step and self._tenure.keep():
            self._shard.check_gaps(DECISIONS, GROUP)

    def _turn(self) -> int:
        if not self._tenure.keep():
            self._in_step = False
            if not self._tenure.take():
                return 0
        token, begins = self._tenure.token, not self._in_step
        self._in_step = False
        if begins:
            self._shard.check_gaps(DECISIONS, GROUP)
        read = self._shard.pending if begins else self._shard.read
        entries = read(DECISIONS, GROUP, token, _AT_A_TIME)
        # What the broker does not confirm stays pending, and is sent again with the next turn.
        sent = self._sent(entries)
        self._in_step = sent and not (begins and entries)
        return len(entries) if sent else 0

    def _sent(self, entries: list[Entry]) -> bool:
        if not entries:
            return True
        due = [one for one in entries if one.fields[b"command"]]
        current = [one for one in due if self._is_current(one)]
        for one in current:
            topic = HomeTopic(self._shard.name, one.fields[b"home"].decode(), COMMAND)
            self._link.publish(str(topic), one.fields[b"command"])
        if not self._link.flush(_PATIENCE_S):
            return False
        self._shard.acknowledge(DECISIONS, GROUP, entries)
        self._shard.count("decisions", len(entries))
        self._shard.count("commands", len(current))
        self._shard.count("commands too late", len(due) - len(current))
        return True

    def _is_current(self, decision: Entry) -> bool:
        """Whether the slot of a command is not over; the clock of simulated homes is their own."""
        slot = datetime.fromisoformat(decision.fields[b"slot"].decode())
        return self._wall is None or self._wall() < slot + STEP
