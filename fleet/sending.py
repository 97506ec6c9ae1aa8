"""Group `send`: commands of decisions go to their homes; what nobody needs any more does not."""

from datetime import datetime

from fleet.addresses import COMMAND, HomeTopic
from fleet.home_state import STEP
from fleet.streams import DECISIONS, Entry, Shard
from fleet.tenure import SeatedWork, Tenure
from fleet.worker import Wall
from transport.durable import DurableLink

GROUP = "send"
_AT_A_TIME, _PATIENCE_S = 200, 5.0


class Sending(SeatedWork):
    """Publishes the commands of a shard, each at least once; a home takes a repeated one for what it is."""

    def __init__(self, shard: Shard, link: DurableLink, tenure: Tenure, *, wall: Wall | None) -> None:
        super().__init__(shard, tenure, stream=DECISIONS, group=GROUP, batch=_AT_A_TIME)
        self._link, self._wall = link, wall

    def _learn(self) -> None:
        """Nothing is remembered from turn to turn."""

    def _work(self, entries: list[Entry]) -> bool:
        # What the broker does not confirm stays pending, and is sent again with the next turn.
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
