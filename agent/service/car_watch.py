"""A car that begins to charge is noticed between slots too, so that the battery is not emptied into it meanwhile."""

from datetime import datetime

from agent.service.feed import Feed
from ingest.live.snapshot import Snapshot


class CarWatch:
    """Whether the charger that is measured draws on battery or grid, and whether that was decided on."""

    def __init__(self, feed: Feed) -> None:
        self._feed = feed
        self._known = False

    def begins(self, now: datetime) -> bool:
        """Whether a car draws now that did not at the newest decision; true once until the next.

        That it ends can wait for the next slot: a charger that follows the sun would have the battery commanded anew
        with every cloud.
        """
        if self._known or not self._draws(now):
            return False
        self._known = True
        return True

    def decided(self, now: datetime) -> None:
        """A decision was made, from what is measured now."""
        self._known = self._draws(now)

    def _draws(self, now: datetime) -> bool:
        if "car_power" not in self._feed.readings:
            return False
        taken = self._feed.snapshot(now)
        return isinstance(taken, Snapshot) and taken.car_draws
