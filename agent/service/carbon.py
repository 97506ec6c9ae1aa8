"""CO2 of the grid while the service runs, from a topic or a file: for the plan alone, never for a bill."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from agent.service.feed import Problems
from agent.settings import Settings
from energy.errors import DataError
from energy.home import Home
from ingest.prices.carbon import CarbonForecast, carbon_document, carbon_file, read_carbon
from ingest.prices.points import PricePoint
from transport.mqtt import Message

PROBLEM = "carbon"


class LiveCarbon:
    """What CO2 counts in each slot; nothing where no `[carbon]` is set or nothing is known."""

    def __init__(self, settings: Settings, home: Home, problems: Problems) -> None:
        self._settings, self._home, self._problems = settings.carbon, home, problems
        self._forecast = CarbonForecast(self._settings.price_per_kg) if self._settings else None
        self._read_ns = 0

    @property
    def topics(self) -> tuple[str, ...]:
        """What to subscribe to."""
        topic = self._settings.topic if self._settings else None
        return (topic,) if topic else ()

    def take(self, message: Message, now: datetime | None) -> None:
        """Take in a message of the topic.

        Raises:
            DataError: it holds no CO2 ahead.
        """
        if now is not None:
            self.add(read_carbon(carbon_document(message.payload), self._home.tz), now)

    def add(self, points: Sequence[PricePoint], now: datetime) -> None:
        """Take in what was told."""
        if self._forecast is not None:
            self._forecast.add(points, now)
            self._problems.clear(PROBLEM, "CO2 ahead is known again")

    def cost_per_kwh(self, starts: Sequence[datetime], now: datetime) -> tuple[float, ...]:
        """What CO2 adds to a kWh from the grid in each slot's plan; empty where it is not counted."""
        if self._forecast is None or self._settings is None:
            return ()
        if self._settings.file is not None:
            self._look_into(self._settings.file, now)
        costs = self._forecast.cost_per_kwh(starts)
        if not costs:
            self._problems.report(PROBLEM, "no CO2 of the hours ahead is known: the plan looks at money alone")
        return costs

    def _look_into(self, path: Path, now: datetime) -> None:
        try:
            changed_ns = path.stat().st_mtime_ns
            if changed_ns != self._read_ns:
                self.add(carbon_file(path, self._home.tz), now)
                self._read_ns = changed_ns
        except (OSError, DataError) as err:
            why = err if isinstance(err, DataError) else f"carbon.file {str(path)!r} cannot be read: {err.strerror}"
            self._problems.report(PROBLEM, str(why))
