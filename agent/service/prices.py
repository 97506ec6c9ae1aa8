"""Prices while the service runs: heard, kept, made into the home's tariff, and held against the price sensor."""

import json
import logging
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from agent.service.feed import Problems
from agent.settings import Settings
from energy.errors import AdvisorError, DataError
from energy.home import Home
from energy.slots import floor_slot, local_day
from ingest.live.snapshot import Reading, Role
from ingest.prices.book import PriceBook, book_file
from ingest.prices.points import PricePoint
from ingest.prices.reading import ReaderContext, read_prices
from transport.mqtt import Message, is_subscribed

_log = logging.getLogger(__name__)

_LONGEST_PAYLOAD = 512 * 1024
# A price sensor may lag behind the turn of a slot, and be rounded.
_LAGS = timedelta(minutes=5)
_SAME_SHARE, _SAME_PER_KWH = 0.02, 0.005
_CHECKED_FOR = timedelta(hours=1)
PROBLEM = "prices"


class LivePrices:
    """The home as the prices known now make it."""

    def __init__(
        self, settings: Settings, home: Home, problems: Problems, on_new: Callable[[], None] = lambda: None
    ) -> None:
        self._on_new = on_new
        self._settings, self._home, self._problems = settings.prices, home, problems
        self._step = timedelta(minutes=settings.service.slot_minutes)
        wanted = self._settings.source != "none"
        file = book_file(settings.memory_dir, home.name) if wanted else None
        self._book = PriceBook(home.tz, home.currency, file)
        self._made: tuple[datetime, Home] | None = None
        self._early: dict[str, Message] = {}

    @property
    def topics(self) -> tuple[str, ...]:
        """What to subscribe to."""
        topic = self._settings.topic
        return (topic,) if self._settings.source == "mqtt" and topic else ()

    def is_mine(self, topic: str) -> bool:
        """Whether a message is of the topic that tells prices."""
        return any(is_subscribed(mine, topic) for mine in self.topics)

    def take(self, message: Message, now: datetime | None) -> bool:
        """Take in a message of prices; whether any is new. One that comes before the house's clock waits for it.

        Raises:
            DataError: it tells prices that cannot be read.
        """
        if now is None:
            self._early[message.topic] = message
            return False
        early, self._early = [one for one in self._early.values() if one.topic != message.topic], {}
        for one in early:
            self.take(one, now)
        document = price_document(message)
        # Of an old message nobody knows which day its today was.
        day = None if message.retained else local_day(now, self._home.tz)
        asked = ReaderContext(self._home.tz, self._home.currency, unit=self._settings.unit, day=day)
        return self.add(read_prices(document, asked), now)

    def add(self, points: list[PricePoint], now: datetime) -> bool:
        """Take prices in; whether any is new."""
        if not points:
            return False
        new = self._book.add(points, now=now)
        if new:
            self._made = None
            _log.info("%s prices, known until %s", len(points), self._book.known_until(now))
            self._on_new()
        self._problems.clear(PROBLEM, "prices come again")
        return new

    def home(self, now: datetime | None) -> Home:
        """The home with its tariff as far as prices are known, or as it stands in its file while none is."""
        if self._settings.source == "none" or now is None:
            return self._home
        slot = floor_slot(now, self._step)
        if self._made is None or self._made[0] != slot:
            self._made = (slot, self._with_tariff(now))
        return self._made[1]

    def _with_tariff(self, now: datetime) -> Home:
        home = self._home
        tariff = self._settings.tariff(self._book, home.tariff, home.tz, step=self._step, now=now)
        if tariff is None:
            self._problems.report(PROBLEM, "no prices received yet: planning with the tariff in the home's file")
            return home
        if self._book.known_until(now) is None and (ended := self._book.end) is not None:
            until = f"{ended.astimezone(home.tz):%Y-%m-%d %H:%M}"
            self._problems.report(PROBLEM, f"prices are known until {until} only: planning with those of similar days")
        return home.model_copy(update={"tariff": tariff})

    def check(self, readings: Mapping[Role, Reading], now: datetime) -> None:
        """Hold the price sensors against the tariff; what contradicts it is a problem that is told."""
        home = self.home(now)
        for role in ("price_import", "price_export"):
            reading = readings.get(role)
            if reading is None or now - reading.at > _CHECKED_FOR:
                continue
            # By its own time: a simulated house tells the price of a slot just before the clock turns to it.
            slot = floor_slot(reading.at, self._step)
            why = _contradiction(role, reading, home, slot)
            if why and reading.at - slot > _LAGS:
                self._problems.report(role, why)
            elif not why:
                self._problems.clear(role, f"{role} agrees with the tariff again")


def _contradiction(role: Role, reading: Reading, home: Home, slot: datetime) -> str:
    """How a price sensor contradicts the tariff; empty where it does not, or where no price is known."""
    try:
        prices = home.tariff.prices([slot], home.tz)
    except AdvisorError:
        return ""
    price = float((prices.import_per_kwh if role == "price_import" else prices.export_per_kwh)[0])
    if abs(reading.value - price) <= max(_SAME_PER_KWH, _SAME_SHARE * abs(price)):
        return ""
    return (
        f"{role} says {reading.value:.3f} {home.currency}/kWh and the tariff {price:.3f}: the plan follows the tariff; "
        "correct [tariff] in the home's file, or let prices come in by [prices] (docs/prices.md)"
    )


def price_document(message: Message) -> object:
    """A message as a document of attributes; one attribute alone goes by the last level of its topic."""
    if len(message.payload) > _LONGEST_PAYLOAD:
        raise DataError(f"{message.topic}: {len(message.payload)} bytes is not a list of prices")
    try:
        content = json.loads(message.payload)
    except (ValueError, RecursionError):
        return None
    return content if isinstance(content, Mapping) else {message.topic.rpartition("/")[2]: content}
