"""Prices that come while the service runs, over real brokers: they arrive, decisions follow them, none stops."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from threading import Event, Thread
from typing import Any

import orjson
import pytest

from agent.__main__ import control_panel
from agent.decision.controls import Acting
from agent.decision.decide import Situation
from agent.decision.journal import open_journal
from agent.decision.record import Decision
from agent.service.feed import Problems
from agent.service.loop import Parts, Service
from agent.service.prices import LivePrices
from agent.settings import MqttSettings, ServiceSettings, Settings
from agent.views.service_state import SharedServiceState
from energy.home import Home
from energy.pricing.tariff import Contract, FlatTariff
from energy.slots import day_bounds
from ingest.live.snapshot import Reading
from ingest.prices.points import PricePoint
from ingest.prices.settings import PriceSettings
from ingest.tariffs.catalogue import named_tariff
from knowledge.forecast import DayShape
from tests.agent.service.fixed_recall import FixedRecall
from transport.mqtt import BrokerAddress, Message, MqttLink
from transport.topics import Topics

TOPICS = Topics("test")
FIRST = date(2026, 1, 14)
DAYS = 3
QUARTER, HOUR = timedelta(minutes=15), timedelta(hours=1)


def price(moment: datetime, home: Home) -> float:
    """A day's prices: cheap by night, expensive in the evening, each day on a level of its own."""
    local = moment.astimezone(home.tz)
    return round(0.05 + 0.01 * local.day % 3 + (0.3 if 18 <= local.hour < 22 else 0.02 * (local.hour > 6)), 4)


def quarter_price(moment: datetime, home: Home) -> float:
    """The same with quarters of an hour that differ."""
    return round(price(moment, home) + moment.minute / 10_000, 6)


def mean_price(hour: datetime, home: Home, source: object) -> float:
    quarters = [quarter_price(hour + at * QUARTER, home) for at in range(4)]
    return sum(quarters) / 4 if source is nord_pool else price(hour, home)


def pvpc(now: datetime, home: Home) -> Iterator[tuple[str, str]]:
    """Attributes by the hour, each on its own topic as mqtt_statestream publishes them; tomorrow's from 20:30 on."""
    local = now.astimezone(home.tz)
    for after in range(2 if (local.hour, local.minute) >= (20, 30) else 1):
        start, end = day_bounds(local.date() + timedelta(days=after), home.tz)
        for at in range((end - start) // HOUR):
            hour = start + at * HOUR
            name = f"price_{'next_day_' if after else ''}{hour.astimezone(home.tz).hour:02d}h"
            yield f"statestream/sensor/pvpc/{name}", str(price(hour, home))
    yield "statestream/sensor/pvpc/friendly_name", '"PVPC"'


def nord_pool(now: datetime, home: Home) -> Iterator[tuple[str, str]]:
    """Quarter-hours of today and, from 13:15 on, of tomorrow."""
    local = now.astimezone(home.tz)
    out = (local.hour, local.minute) >= (13, 15)
    for name, after in (("raw_today", 0), ("raw_tomorrow", 1)):
        start, end = day_bounds(local.date() + timedelta(days=after), home.tz)
        moments = [start + at * QUARTER for at in range((end - start) // QUARTER)] if after == 0 or out else []
        rows = [
            {
                "start": one.astimezone(home.tz).isoformat(),
                "end": (one + QUARTER).isoformat(),
                "value": quarter_price(one, home),
            }
            for one in moments
        ]
        yield f"statestream/sensor/nordpool/{name}", json.dumps(rows)


def first_day_alone(now: datetime, home: Home) -> Iterator[tuple[str, str]]:
    """A source that falls silent after the first day: nothing is ever known of tomorrow."""
    if now.astimezone(home.tz).date() == FIRST:
        yield from ((topic, text) for topic, text in nord_pool(now, home) if topic.endswith("raw_today"))


def hourly(shape: DayShape) -> DayShape:
    """A day of half-hours as one of hours."""
    return DayShape(shape.day, shape.hourly_load_kw, shape.pv_kw.reshape(24, 2).mean(axis=1))


@contextmanager
def running(
    broker: BrokerAddress, folder: Path, situation: Situation, home: Home, prices: PriceSettings
) -> Iterator[Any]:
    settings = Settings(
        home_file=folder / "home.toml",
        memory_dir=folder,
        mqtt=MqttSettings(host=broker.host, port=broker.port),
        service=ServiceSettings(clock="house", slot_minutes=60, grace_s=0.3, acting=Acting.ACT),
        prices=prices,
    )
    recall: Any = FixedRecall(list(situation.neighbours), {day: hourly(one) for day, one in situation.shapes.items()})
    stop, state = Event(), SharedServiceState()

    def serve() -> None:
        with open_journal(folder / "journal.sqlite") as journal:
            service = Service(
                settings, Parts(home, recall, journal, None, "none", control_panel(settings), state), stop
            )
            service.run()

    thread = Thread(target=serve)
    with MqttLink(broker, "house") as link:
        link.subscribe(TOPICS.decision, TOPICS.advisor_status)
        thread.start()
        while (message := link.receive(20)) is not None and message.payload != b"online":
            pass
        link.publish(TOPICS.house_status, "online", retain=True, qos=1)
        try:
            yield link, state
        finally:
            stop.set()
            thread.join(30)


def decided(link: MqttLink, at: datetime) -> None:
    """Move the clock and wait for its decision."""
    load_kw = 0.6 + 0.01 * at.hour
    for name, value, unit in (("load_power", load_kw, "kW"), ("pv_power", 0.0, "kW"), ("battery_soc", 50.0, "%")):
        payload = json.dumps({"value": value, "unit": unit, "time": at.isoformat()})
        link.publish(TOPICS.sensor(name), payload, retain=True, qos=1)
    link.publish(TOPICS.clock, json.dumps({"time": at.isoformat()}), retain=True, qos=1)
    while (message := link.receive(20)) is not None:
        if message.topic == TOPICS.decision and orjson.loads(message.payload)["time"] == at.isoformat():
            return
    pytest.fail(f"no decision at {at}")


def played(
    link: MqttLink, home: Home, source: Callable[[datetime, Home], Iterator[tuple[str, str]]], folder: Path
) -> list[Decision]:
    """Three days, hour by hour: the source tells what it knows, then the clock moves on to the hour."""
    start = day_bounds(FIRST, home.tz)[0]
    for hour in range(DAYS * 24):
        now = start + hour * HOUR
        if hour:
            tell(link, source(now - timedelta(minutes=30), home))
        decided(link, now)
    with open_journal(folder / "journal.sqlite", read_only=True) as journal:
        made = {one.at: one for one in journal.decisions("test")}
    return [made[at] for at in sorted(made)]


def tell(link: MqttLink, said: Iterator[tuple[str, str]]) -> None:
    for topic, payload in said:
        link.publish(topic, payload, qos=1)


@pytest.mark.parametrize(
    ("source", "topic", "published_at"),
    [(pvpc, "statestream/sensor/pvpc/+", 20), (nord_pool, "statestream/sensor/nordpool/+", 13)],
)
def test_prices_arrive_and_decisions_follow_them(
    source: Callable[[datetime, Home], Iterator[tuple[str, str]]],
    topic: str,
    published_at: int,
    broker: BrokerAddress,
    tmp_path: Path,
    home: Home,
    make_situation: Callable[..., Situation],
) -> None:
    house = home.model_copy(update={"tariff": FlatTariff(import_price=0.15, export_price=0.05)})
    settings = PriceSettings(source="mqtt", topic=topic, unit="EUR/kWh")
    with running(broker, tmp_path, make_situation(), house, settings) as (link, _):
        decisions = played(link, house, source, tmp_path)
    assert len(decisions) == DAYS * 24
    assert [one.outcome for one in decisions] == ["published"] * len(decisions)
    for one in decisions[1:]:
        assert one.ensemble is not None
        known = one.ensemble.known_slots or len(one.ensemble.import_prices)
        result = [mean_price(one.ensemble.start + at * HOUR, house, source) for at in range(known)]
        assert list(one.ensemble.import_prices[:known]) == pytest.approx(result)
        local = one.at.astimezone(house.tz)
        expected = 0 < local.hour <= published_at
        assert (one.ensemble.known_slots is not None) == expected, local
        assert ("not published yet" in one.reason) == expected
    # The evening is expensive every day: nobody buys then, and the battery is filled before.
    assert any(one.command and one.command.mode == "charge" for one in decisions)
    assert not any(
        one.command and one.command.mode == "charge" and 18 <= one.at.astimezone(house.tz).hour < 22
        for one in decisions
    )


def test_a_house_that_hears_nothing_of_tomorrow_goes_on_with_what_days_were_like(
    broker: BrokerAddress, tmp_path: Path, home: Home, make_situation: Callable[..., Situation]
) -> None:
    house = home.model_copy(update={"tariff": FlatTariff(import_price=0.15, export_price=0.05)})
    settings = PriceSettings(source="mqtt", topic="statestream/sensor/nordpool/+", unit="EUR/kWh")
    with running(broker, tmp_path, make_situation(), house, settings) as (link, state):
        decisions = played(link, house, first_day_alone, tmp_path)
        shown = state.shown
    assert [one.outcome for one in decisions] == ["published"] * (DAYS * 24)
    last = decisions[-1]
    assert last.ensemble is not None
    assert last.ensemble.known_slots == 0
    assert "No prices are published from now on" in last.reason
    # The evening of the only day that is known is expected to come again.
    local = [last.ensemble.start.astimezone(house.tz) + at * HOUR for at in range(24)]
    evening = [p for at, p in zip(local, last.ensemble.import_prices, strict=True) if 18 <= at.hour < 22]
    assert min(evening) > 0.3
    assert shown is not None
    assert any("prices are known until" in problem for problem in shown.complaints)
    assert any("no solar forecast" in problem for problem in shown.complaints)


@pytest.mark.parametrize(
    ("name", "source", "topic"), [("es-pvpc", pvpc, "pvpc"), ("nl-dynamic", nord_pool, "nordpool")]
)
def test_a_tariff_by_name_is_decided_and_billed_with_prices_that_come(
    name: str,
    source: Callable[[datetime, Home], Iterator[tuple[str, str]]],
    topic: str,
    broker: BrokerAddress,
    tmp_path: Path,
    home: Home,
    make_situation: Callable[..., Situation],
) -> None:
    contract = named_tariff(name, contracted_kw={"P1": 4.6, "P2": 4.6}) if name == "es-pvpc" else named_tariff(name)
    house = home.model_copy(update={"tariff": contract, "zone": "Europe/Madrid"})
    settings = PriceSettings(source="mqtt", topic=f"statestream/sensor/{topic}/+", unit="EUR/kWh")
    with running(broker, tmp_path, make_situation(), house, settings) as (link, _):
        link.subscribe(TOPICS.bill)
        start = day_bounds(FIRST, house.tz)[0]
        tell(link, source(start, house))
        for hour in range(12):
            now = start + hour * HOUR
            tell(link, source(now, house))
            decided(link, now)
        bill = None
        while (message := link.receive(2)) is not None:
            bill = orjson.loads(message.payload) if message.topic == TOPICS.bill else bill
    with open_journal(tmp_path / "journal.sqlite", read_only=True) as journal:
        last = max(journal.decisions("test"), key=lambda one: one.at)
    assert last.outcome == "published"
    assert last.ensemble is not None
    # The published price holds tolls: taxes alone come on top of it.
    bare = mean_price(last.ensemble.start, house, source)
    taxed = last.ensemble.import_prices[0]
    assert taxed == pytest.approx(contract_price(contract, last.ensemble.start, bare, house), rel=1e-3)
    assert bill is not None
    assert bill["paid"] == pytest.approx(0.66 * taxed * 12, rel=0.6)


def contract_price(contract: Contract, moment: datetime, bare: float, home: Home) -> float:
    """What a kWh costs whose series says so much."""
    day = moment.astimezone(home.tz).date()
    if contract.name == "es-pvpc":
        return bare * contract.multiplier("energy", day)
    terms = {"energy": bare + 0.018, "energy tax": 0.0916}
    return sum(value * contract.multiplier(name, day) for name, value in terms.items())


def now_at(hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 1, 14, hour, minute, tzinfo=UTC)


@pytest.mark.parametrize(
    ("reading", "minute", "expected"),
    [(0.80, 10, True), (0.15, 10, False), (0.152, 10, False), (0.80, 2, False)],
)
def test_a_price_sensor_that_contradicts_the_tariff_is_told(
    reading: float, minute: int, expected: bool, tmp_path: Path, home: Home
) -> None:
    """Kind of the case price-sensor-ignored; just after a slot begins a sensor may still say the last one's price."""
    house = home.model_copy(update={"tariff": FlatTariff(import_price=0.15, export_price=0.05)})
    problems = Problems()
    prices = LivePrices(Settings(home_file=tmp_path / "home.toml", memory_dir=tmp_path), house, problems)
    now = now_at(9, minute)
    prices.check({"price_import": Reading(reading, now)}, now)
    assert any("price_import says 0.800 EUR/kWh and the tariff 0.150" in text for text in problems.texts()) == expected
    prices.check({"price_import": Reading(0.15, now)}, now)
    assert problems.texts() == ()


def test_an_old_list_without_a_date_is_of_no_day_and_a_dated_one_counts(tmp_path: Path, home: Home) -> None:
    settings = Settings(
        home_file=tmp_path / "home.toml",
        memory_dir=tmp_path,
        prices=PriceSettings(source="mqtt", topic="ha/price/#", unit="EUR/kWh"),
    )
    prices = LivePrices(settings, home, Problems())
    undated, dated = b"[" + b"0.1," * 23 + b"0.1]", b'[{"start": "2026-01-14T10:00:00+01:00", "price": 0.1}]'
    assert not prices.take(Message("ha/price/today", undated, retained=True), now_at(9))
    assert prices.take(Message("ha/price/today", undated, retained=False), now_at(9))
    assert not prices.take(Message("ha/price/raw_today", dated, retained=True), now_at(9))
    assert prices.is_mine("ha/price/raw_today")
    assert not prices.is_mine("ha/other/raw_today")


def test_prices_heard_before_the_houses_clock_wait_for_it(tmp_path: Path, home: Home) -> None:
    settings = Settings(
        home_file=tmp_path / "home.toml",
        memory_dir=tmp_path,
        prices=PriceSettings(source="mqtt", topic="ha/+", unit="EUR/kWh"),
    )
    prices = LivePrices(settings, home, Problems())
    dated = b'[{"start": "2026-01-14T10:00:00+01:00", "price": 0.1}]'
    assert not prices.take(Message("ha/raw_today", dated, retained=True), None)
    assert prices.add([PricePoint(now_at(10), now_at(11), 0.2)], now_at(9))
    prices.take(Message("ha/friendly_name", b'"PVPC"', retained=True), now_at(9))
    assert prices.home(now_at(9)).tariff.prices([now_at(9)], home.tz).import_per_kwh.tolist() == [0.1]


def test_new_prices_ask_for_a_new_plan_and_the_same_ones_again_do_not(tmp_path: Path, home: Home) -> None:
    asked: list[str] = []
    settings = Settings(home_file=tmp_path / "home.toml", memory_dir=tmp_path, prices=PriceSettings(source="redata"))
    prices = LivePrices(settings, home, Problems(), on_new=lambda: asked.append("new"))
    points = [PricePoint(now_at(9), now_at(10), 0.2), PricePoint(now_at(10), now_at(11), 0.3)]
    for result in (points, points, [*points, PricePoint(now_at(11), now_at(12), 0.1)]):
        prices.add(result, now_at(9))
    assert asked == ["new", "new"]
    again = LivePrices(settings, home, Problems())
    assert again.home(now_at(9)).tariff.prices([now_at(11)], home.tz).import_per_kwh.tolist() == [0.1]


def test_without_any_price_the_tariff_of_the_file_holds_and_the_page_says_so(tmp_path: Path, home: Home) -> None:
    settings = Settings(home_file=tmp_path / "home.toml", memory_dir=tmp_path, prices=PriceSettings(source="redata"))
    problems = Problems()
    assert LivePrices(settings, home, problems).home(now_at(9)) == home
    assert problems.texts() == ("no prices received yet: planning with the tariff in the home's file",)
