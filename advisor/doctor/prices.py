"""What `advisor doctor` says of prices: whether they come in, how far they are known, and whether they can be."""

import time
from datetime import UTC, datetime, timedelta

from advisor.doctor.finding import CheckResult, ok
from agent.service.prices import price_document
from agent.service.questions import price_question
from agent.settings import Settings
from energy.errors import AdvisorError, DataError, TransportError
from energy.home import Home
from energy.pricing.tariff import DynamicTariff
from energy.slots import local_day
from ingest.prices.book import PriceBook
from ingest.prices.points import PricePoint
from ingest.prices.reading import ReaderContext, read_prices
from transport.mqtt import Message, MqttLink

_LIST_AHEAD = timedelta(hours=24)
_GLANCE_S = 0.2
_FIX = "correct [prices] in the settings (docs/prices.md)"


def check_prices(settings: Settings, home: Home, *, now: datetime, listen_s: float) -> list[CheckResult]:
    """One finding where prices come in by themselves, or where a list of them ends; none for a fixed tariff."""
    wanted = settings.prices
    if wanted.source == "none":
        return _of_list(home, now)
    try:
        if wanted.source == "mqtt":
            points = _from_broker(settings, home, listen_s)
        else:
            ask = price_question(settings, home)
            points = ask(now) if ask else []
    except AdvisorError as err:
        return [CheckResult("prices", "problem", str(err), _FIX)]
    return [_known(points, home, now, source=wanted.source)]


def _of_list(home: Home, now: datetime) -> list[CheckResult]:
    if not isinstance(home.tariff, DynamicTariff) or home.tariff.end > now + _LIST_AHEAD:
        return []
    until = f"{home.tariff.end.astimezone(home.tz):%Y-%m-%d %H:%M}"
    fix = "let prices come in by [prices] (docs/prices.md), or give newer ones"
    return [CheckResult("prices", "warning", f"the list of prices in the home's file ends at {until}", fix)]


def _from_broker(settings: Settings, home: Home, listen_s: float) -> list[PricePoint]:
    topic, trouble = settings.prices.topic or "", ""
    found: list[PricePoint] = []
    with MqttLink(settings.mqtt.address, f"energy-advisor-doctor-prices-{home.name}") as link:
        link.subscribe(topic)
        end = time.monotonic() + listen_s
        while not found and time.monotonic() < end:
            if (message := link.receive(_GLANCE_S)) is None:
                continue
            try:
                found = _read(message, settings, home)
            except DataError as err:
                trouble = str(err)
    if not found:
        raise TransportError(trouble or f"no prices on {topic!r} in {listen_s:g} s")
    return found


def _read(message: Message, settings: Settings, home: Home) -> list[PricePoint]:
    day = None if message.retained else local_day(datetime.now(UTC), home.tz)
    asked = ReaderContext(home.tz, home.currency, unit=settings.prices.unit, day=day)
    return read_prices(price_document(message), asked)


def _known(points: list[PricePoint], home: Home, now: datetime, *, source: str) -> CheckResult:
    book = PriceBook(home.tz, home.currency)
    book.add(points, now=now)
    until = book.known_until(now)
    if until is None:
        return CheckResult("prices", "problem", f"{source} has {len(points)} prices, none of them for now", _FIX)
    low, high = min(point.price for point in points), max(point.price for point in points)
    end, unit = f"{until.astimezone(home.tz):%Y-%m-%d %H:%M}", f"{home.currency}/kWh"
    return ok("prices", f"known until {end} from {source}: {low:.3f} to {high:.3f} {unit} before what is added")
