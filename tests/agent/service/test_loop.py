"""The service against hostile and failing sensors, over real brokers."""

import json
import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from threading import Event, Thread
from typing import Any, Literal, cast

import orjson
import pytest

from agent.__main__ import control_panel, reconnecting_reviewer
from agent.decision.controls import Acting
from agent.decision.decide import Reviewer, Situation, make_brief, think
from agent.decision.journal import Journal, open_journal
from agent.llm.models import ModelSettings
from agent.llm.reconnecting import ReconnectingReviewer
from agent.llm.review import Brief, NoChoice
from agent.queries import Sources
from agent.service.feed import Feed
from agent.service.loop import Parts, Service
from agent.settings import MqttSettings, ServiceSettings, Settings
from agent.views.service_state import ActingWish, SharedServiceState
from energy.commands import BatteryCommand
from energy.constraints import Reserve
from energy.errors import TransportError
from energy.guard import Policy
from energy.home import Home
from energy.pricing.contract import Contract
from ingest.live.mapping import MappedRole, SensorSource
from ingest.live.meter import MeteredSlot
from ingest.live.snapshot import Snapshot
from knowledge.notes import NoteBook
from knowledge.store import DayStore
from tests.agent.service.fixed_recall import FixedRecall
from transport.broker import EmbeddedBroker
from transport.mqtt import BrokerAddress, Message, MqttLink
from transport.topics import Topics

TOPICS = Topics("test")
STEP = timedelta(minutes=30)


class Stage:
    """Plays the house: publishes sensors and the clock, and listens to the advisor."""

    def __init__(self, link: MqttLink, journal_path: Path) -> None:
        self.link = link
        self.journal_path = journal_path
        # The command that came with the decision of the last tick.
        self.told: BatteryCommand | None = None

    def say(self, name: str, value: float, unit: str, at: datetime) -> None:
        payload = json.dumps({"value": value, "unit": unit, "time": at.isoformat()})
        self.link.publish(TOPICS.sensor(name), payload, retain=True, qos=1)

    def well(self, at: datetime, *, but: str | None = None) -> None:
        # A load that never changes is not believed for long.
        load_kw = 0.6 + at.hour / 1000
        for name, value, unit in (("load_power", load_kw, "kW"), ("pv_power", 0.0, "kW"), ("battery_soc", 20.0, "%")):
            if name != but:
                self.say(name, value, unit, at)

    def tick(self, at: datetime) -> dict[str, Any]:
        """Move the clock and wait for the advisor's decision."""
        self.link.publish(TOPICS.clock, json.dumps({"time": at.isoformat()}), retain=True, qos=1)
        while (message := self.link.receive(20)) is not None:
            if message.topic == TOPICS.decision and not message.retained:
                answer: dict[str, Any] = orjson.loads(message.payload)
                if answer["time"] == at.isoformat():
                    return answer
            elif message.topic == TOPICS.command and orjson.loads(message.payload)["kind"] == "battery":
                self.told = BatteryCommand.model_validate_json(message.payload)
        pytest.fail("the advisor said nothing")

    def decision(self, keep_alive: str) -> dict[str, Any]:
        """The next decision; meanwhile a sensor goes on telling small changes, as they do."""
        for at in range(200):
            self.link.publish(keep_alive, str(at % 2), retain=True)
            message = self.link.receive(0.1)
            if message is not None and message.topic == TOPICS.decision:
                text: dict[str, Any] = orjson.loads(message.payload)
                return text
        pytest.fail("the advisor decided nothing")

    def health(self, keep_alive: str, *, ok: bool) -> list[str]:
        """The problems of the next health that is well or not; meanwhile a sensor goes on."""
        for at in range(200):
            self.link.publish(keep_alive, str(at % 2), retain=True)
            message = self.link.receive(0.1)
            if message is not None and message.topic == TOPICS.health:
                text: dict[str, Any] = orjson.loads(message.payload)
                if text["ok"] is ok:
                    return list(text["problems"])
        pytest.fail("the advisor said nothing of it")

    def command(self) -> BatteryCommand:
        while (message := self.link.receive(20)) is not None:
            if message.topic == TOPICS.command:
                assert not message.retained
                return BatteryCommand.model_validate_json(message.payload)
        pytest.fail("no command came")


@pytest.fixture
def stage(
    broker: BrokerAddress, tmp_path: Path, home: Home, make_situation: Callable[..., Situation]
) -> Iterator[Stage]:
    with running(broker, tmp_path, home, make_situation()) as played:
        yield played


@contextmanager
def running(  # noqa: PLR0913 (what a test may vary)
    broker: BrokerAddress,
    folder: Path,
    home: Home,
    situation: Situation,
    *,
    clock: Literal["house", "wall"] = "house",
    sensors: dict[MappedRole, SensorSource] | None = None,
    grace_s: float = 10,
    shared_state: SharedServiceState | None = None,
    acting: Acting = Acting.ACT,
    reviewer: Reviewer | None = None,
    reviews: Literal["when needed", "always"] = "when needed",
    notes: NoteBook | None = None,
    policy: Policy | None = None,
) -> Iterator[Stage]:
    settings = Settings(
        policy=policy or Policy(),
        home_file=folder / "home.toml",
        memory_dir=folder,
        mqtt=MqttSettings(host=broker.host, port=broker.port),
        service=ServiceSettings(
            clock=clock, slot_minutes=30, grace_s=0.3 if clock == "house" else grace_s, acting=acting
        ),
        sensors=sensors or {},
        model=ModelSettings(reviews=reviews, remarks=True),
    )
    stop = Event()
    path = folder / "journal.sqlite"

    def work() -> None:
        journal = Journal(path)
        panel = control_panel(settings)
        recall: Any = FixedRecall(list(situation.neighbours), dict(situation.shapes))
        try:
            parts = Parts(home, recall, journal, reviewer, "none", panel, shared_state or SharedServiceState(), notes)
            Service(settings, parts, stop).run()
        finally:
            journal.close()

    with MqttLink(broker, "stage") as link:
        link.subscribe(TOPICS.advisor_status, TOPICS.decision, TOPICS.command, TOPICS.health)
        service = Thread(target=work, daemon=True)
        service.start()
        while (message := link.receive(20)) is not None and message.payload != b"online":
            pass
        link.publish(TOPICS.house_status, "online", retain=True, qos=1)
        try:
            yield Stage(link, path)
        finally:
            stop.set()
            service.join(10)
            assert not service.is_alive()


def reading(value: object, unit: str, at: datetime) -> str:
    return json.dumps({"value": value, "unit": unit, "time": at.isoformat()})


# sensor, payload made at a time, what the problem says
HOSTILE: list[tuple[str, Callable[[datetime], str | bytes], str]] = [
    ("load_power", lambda _: b"unavailable", "since then load_power: 'unavailable' is not a reading"),
    ("load_power", lambda at: reading("much", "kW", at), "load_power is 1800 s old"),
    ("load_power", lambda at: reading(600.0, "kW", at), "load_power is 1800 s old"),
    ("load_power", lambda at: reading(0.6, "horses", at), "load_power is 1800 s old"),
    ("battery_soc", lambda at: reading(137.0, "%", at), "battery_soc is 1800 s old"),
    ("battery_soc", lambda at: reading(0.2, "kWh", at), "battery_soc is 1800 s old"),
    ("battery_soc", lambda at: reading(20.0, "%", at + timedelta(hours=3)), "battery_soc is 1800 s old"),
    ("battery_soc", lambda at: reading(20.0, "%", at - timedelta(minutes=3)), "battery_soc is 180 s old"),
    ("pv_power", lambda at: '{"value": NaN, "unit": "kW", "time": "' + at.isoformat() + '"}', "pv_power is 1800 s old"),
    ("pv_power", lambda _: b"\xff\xfe\x00", "pv_power is 1800 s old"),
    ("pv_power", lambda _: b"[" * 5000, "pv_power is 1800 s old"),
    ("pv_power", lambda _: reading(0.1, "kW", datetime(1, 1, 1, tzinfo=UTC)), "pv_power is 1800 s old"),
    ("pv_power", lambda at: reading(int("9" * 400), "kW", at), "pv_power is 1800 s old"),
    ("battery_soc", lambda at: reading(0.2, "%", at), "looks like a fraction"),
    ("pv_power", lambda _: json.dumps({"value": 0.1, "junk": "x" * 1_000_000}), "pv_power is 1800 s old"),
]


def test_hostile_sensors_never_produce_a_command_and_the_service_lives(
    stage: Stage, make_situation: Callable[..., Situation], caplog: pytest.LogCaptureFixture
) -> None:
    now = make_situation().now
    stage.well(now)
    assert stage.tick(now)["outcome"] == "published"
    for sensor, payload, problem in HOSTILE:
        now += STEP
        stage.well(now, but=sensor)
        caplog.clear()
        with caplog.at_level(logging.WARNING):
            stage.link.publish(TOPICS.sensor(sensor), payload(now), qos=1)
            decision = stage.tick(now)
        assert (decision["outcome"], decision["mode"]) == ("no_command", None), sensor
        assert problem in decision["problems"][0]
        assert (
            sum(sensor in record.getMessage() for record in caplog.records if record.name == "agent.service.loop") <= 2
        )
        now += STEP
        stage.well(now)
        assert stage.tick(now)["outcome"] == "published"


@pytest.mark.parametrize(
    "payload",
    [
        b"unavailable",
        b"[" * 5000,
        b'{"time": "2026-01-14T07:00:00Z", "step_minutes": 30, "start": "2026-01-14T07:00:00Z", "values_c": []}',
        b'{"time": "2026-01-14T07:00:00", "step_minutes": 30, "start": "2026-01-14T07:00:00", "values_c": [4]}',
        b'{"time": "2026-01-14T07:00:00Z", "step_minutes": 30, "start": "2026-01-14T07:00:00Z", "values_c": [4000]}',
    ],
)
def test_a_hostile_forecast_is_told_once_and_stops_no_decision(
    stage: Stage, make_situation: Callable[..., Situation], caplog: pytest.LogCaptureFixture, payload: bytes
) -> None:
    now = make_situation().now
    with caplog.at_level(logging.WARNING):
        for _ in range(2):
            stage.link.publish(TOPICS.sensor("temperature_forecast"), payload, qos=1)
            stage.link.publish(TOPICS.sensor("pv_forecast"), payload.replace(b"values_c", b"values_kw"), qos=1)
            stage.well(now)
            assert stage.tick(now)["outcome"] == "published"
            now += STEP
    result = [record for record in caplog.records if "temperature_forecast" in record.getMessage()]
    assert len(result) == 1


def test_powers_that_do_not_balance_are_not_believed(stage: Stage, make_situation: Callable[..., Situation]) -> None:
    now = make_situation().now
    stage.well(now)
    stage.say("grid_power", -3.0, "kW", now)
    stage.say("battery_power", 0.0, "kW", now)
    decision = stage.tick(now)
    assert decision["outcome"] == "no_command"
    assert "do not balance" in decision["problems"][0]


def test_a_command_is_fresh_and_covers_a_day(stage: Stage, make_situation: Callable[..., Situation]) -> None:
    now = make_situation().now
    stage.well(now)
    stage.link.publish(TOPICS.clock, json.dumps({"time": now.isoformat()}), retain=True, qos=1)
    command = stage.command()
    assert command.valid_from == now
    assert command.valid_until - now == timedelta(hours=24)


def test_by_the_wall_clock_it_decides_as_soon_as_the_sensors_are_heard(
    broker: BrokerAddress, tmp_path: Path, home: Home, make_situation: Callable[..., Situation]
) -> None:
    now = datetime.now(UTC)
    with running(broker, tmp_path, home, moved_to(now, make_situation()), clock="wall") as stage:
        stage.well(datetime.now(UTC))
        command = stage.command()
    assert abs(command.valid_from - now) < timedelta(seconds=30)
    assert command.valid_until > now + timedelta(hours=23)


def moved_to(now: datetime, situation: Situation) -> Situation:
    """The same memory, as if its days had just gone by."""
    shift = now.date() - situation.now.date()
    past = {day + shift: replace(shape, day=day + shift) for day, shape in situation.shapes.items()}
    near = [replace(near, day=near.day + shift) for near in situation.neighbours]
    return replace(situation, shapes=past, neighbours=near)


STATESTREAM: dict[MappedRole, SensorSource] = {
    "pv_power": SensorSource(topic="ha/sensor/pv/state", unit="W"),
    "grid_power": SensorSource(topic="ha/sensor/grid/state", unit="W"),
    "battery_power": SensorSource(topic="ha/sensor/battery/state", unit="W", sign=-1),
    "battery_soc": SensorSource(topic="ha/sensor/soc/state", unit="%"),
    "load_power": SensorSource(from_balance=True),
}


@pytest.mark.parametrize(
    ("last_word", "outcome"),
    [("55", "published"), ("unavailable", "no_command"), ("5500", "no_command")],
)
def test_a_home_on_statestream_is_decided_for_and_an_absurd_word_of_it_withholds_the_command(
    broker: BrokerAddress,
    tmp_path: Path,
    home: Home,
    make_situation: Callable[..., Situation],
    last_word: str,
    outcome: str,
) -> None:
    situation = moved_to(datetime.now(UTC), make_situation())
    with running(broker, tmp_path, home, situation, clock="wall", sensors=STATESTREAM, grace_s=1.5) as stage:
        for entity, state in (("pv", "1200"), ("battery", "400"), ("soc", "50"), ("soc", last_word)):
            stage.link.publish(f"ha/sensor/{entity}/state", state, retain=True)
        decision = stage.decision("ha/sensor/grid/state")
    assert decision["outcome"] == outcome
    if outcome == "published":
        journal = Journal(tmp_path / "journal.sqlite")
        [kept] = journal.decisions("test")
        journal.close()
        assert kept.snapshot is not None
        assert kept.snapshot.load_kw == pytest.approx(0.8, abs=0.001)


def test_a_charge_that_is_gone_between_slots_is_said_at_once_and_so_is_its_return(
    broker: BrokerAddress, tmp_path: Path, home: Home, make_situation: Callable[..., Situation]
) -> None:
    situation, policy = moved_to(datetime.now(UTC), make_situation()), Policy(max_snapshot_age_s=2)
    with running(
        broker, tmp_path, home, situation, clock="wall", sensors=STATESTREAM, grace_s=1.5, policy=policy
    ) as stage:
        for entity, state in (("pv", "1200"), ("battery", "400"), ("soc", "50")):
            stage.link.publish(f"ha/sensor/{entity}/state", state, retain=True)
        assert stage.decision("ha/sensor/grid/state")["outcome"] == "published"
        stage.link.publish("ha/sensor/soc/state", "unavailable", retain=True)
        assert "battery_soc" in stage.health("ha/sensor/grid/state", ok=False)[0]
        stage.link.publish("ha/sensor/soc/state", "50", retain=True)
        assert stage.health("ha/sensor/grid/state", ok=True) == []


def test_a_restarted_service_knows_its_journal(
    broker: BrokerAddress, tmp_path: Path, home: Home, make_situation: Callable[..., Situation]
) -> None:
    situation = make_situation()
    for run in range(2):
        with running(broker, tmp_path, home, situation) as stage:
            now = situation.now + (run + 1) * STEP
            stage.well(now)
            assert stage.tick(now)["outcome"] == "published"
    journal = Journal(tmp_path / "journal.sqlite")
    # On its return it may decide once more for the slot that the house is still in.
    times = [decision.at for decision in journal.decisions("test")]
    assert sorted(set(times)) == [situation.now + STEP, situation.now + 2 * STEP]
    journal.close()


def test_a_wish_is_granted_between_slots_once_the_pause_is_over(
    broker: BrokerAddress, tmp_path: Path, home: Home, make_situation: Callable[..., Situation]
) -> None:
    situation, shared_state = make_situation(), SharedServiceState()
    with running(broker, tmp_path, home, situation, shared_state=shared_state) as stage:
        now = situation.now
        stage.well(now)
        first = stage.tick(now)
        shared_state.wish_decision()
        later = now + timedelta(minutes=5)
        stage.well(later)
        second = stage.tick(later)
        assert (second["outcome"], shared_state.decision_wished) == ("published", False)
        assert second["decision_id"] != first["decision_id"]
        deadline = time.monotonic() + 100
        while (shown := shared_state.shown) is None or shown.tally.published < 2:
            assert time.monotonic() < deadline
            time.sleep(0.05)
        assert shown.decision is not None
        assert shown.decision.decision_id == second["decision_id"]
        assert shown.readings["battery_soc"].value == 0.2


class NoLink:
    connected = True

    def publish(self, *_: object, **__: object) -> None: ...


def test_a_home_on_statestream_puts_each_day_away_by_itself(
    tmp_path: Path, home: Home, make_situation: Callable[..., Situation], monkeypatch: pytest.MonkeyPatch
) -> None:
    kept: list[tuple[date, list[MeteredSlot]]] = []

    class Keeping(FixedRecall):
        def remember(self, *given: Any, notes: tuple[str, ...] = ()) -> None:
            kept.append(given[:2])

    situation = make_situation()
    recall: Any = Keeping(list(situation.neighbours), dict(situation.shapes))
    settings = Settings(
        home_file=tmp_path / "home.toml",
        memory_dir=tmp_path,
        service=ServiceSettings(slot_minutes=30, grace_s=0),
        sensors=STATESTREAM,
    )
    journal = Journal(tmp_path / "journal.sqlite")
    service, link = (
        Service(settings, Parts(home, recall, journal, None, "none", control_panel(settings)), Event()),
        cast("MqttLink", NoLink()),
    )
    midnight = datetime(2026, 1, 14, 23, 0, tzinfo=UTC)
    for minute in range(-59, 40):
        now = midnight + timedelta(minutes=minute)
        monkeypatch.setattr(Feed, "now", lambda _self, now=now: now)
        # Changes only: the panels are silent, the load doubles at a quarter to twelve.
        result = {"grid": str(500 + 500 * (minute >= -15) + minute % 2)}
        if minute == -59:
            result |= {"pv": "0", "battery": "0", "soc": "50"}
        for entity, state in result.items():
            service.take(Message(f"ha/sensor/{entity}/state", state.encode()), link)
        service.work(link)
    [(day, slots)] = kept
    assert day == date(2026, 1, 14)
    assert [slot.load_kw for slot in slots] == pytest.approx([0.5, 0.75], abs=0.02)
    assert [slot.soc for slot in slots] == [0.5, 0.5]
    journal.close()


def test_a_note_is_obeyed_at_once_between_slots_and_no_longer_once_withdrawn(
    tmp_path: Path, home: Home, make_situation: Callable[..., Situation]
) -> None:
    situation, book = make_situation(), NoteBook(tmp_path / "notes.jsonl")
    now = situation.now
    with (
        EmbeddedBroker(0) as broker,
        running(broker.address, tmp_path, home, situation, notes=book) as stage,
    ):
        stage.well(now)
        stage.tick(now)
        asked = Reserve(start=now, end=now + timedelta(hours=10), soc=0.7)
        note = book.add("keep 70 % until 18:00", asked, now=now)
        later = now + timedelta(minutes=5)
        stage.well(later)
        answer = stage.tick(later)
        assert answer["outcome"] == "published"
        assert "You asked for: at least 70 % in the battery" in answer["reason"]
        command = stage.told
        assert command is not None
        floors = [slot.reserve_soc for slot in command.slots if slot.start < asked.end]
        assert min(floors) >= 0.7
        assert command.mode == "charge"
        book.done(note.id, now=later)
        third = later + timedelta(minutes=5)
        stage.well(third)
        assert "You asked for" not in stage.tick(third)["reason"]
        assert stage.told is not None
        assert min(slot.reserve_soc for slot in stage.told.slots) < 0.7


def test_notes_that_cannot_be_read_leave_the_known_ones_in_force(
    tmp_path: Path, home: Home, make_situation: Callable[..., Situation], caplog: pytest.LogCaptureFixture
) -> None:
    situation, book = make_situation(), NoteBook(tmp_path / "notes.jsonl")
    now = situation.now
    asked = Reserve(start=now, end=now + timedelta(hours=10), soc=0.7)
    book.add("keep 70 %", asked, now=now)
    with (
        EmbeddedBroker(0) as broker,
        running(broker.address, tmp_path, home, situation, notes=NoteBook(tmp_path / "notes.jsonl")) as stage,
    ):
        stage.well(now)
        assert "You asked for" in stage.tick(now)["reason"]
        with (tmp_path / "notes.jsonl").open("a") as file:
            file.write("junk\n")
        later = now + STEP
        stage.well(later)
        assert "You asked for" in stage.tick(later)["reason"]
    assert caplog.text.count("is not a note") == 1


def test_the_model_is_asked_again_when_a_note_comes_and_its_reason_is_recorded(
    tmp_path: Path, home: Home, make_situation: Callable[..., Situation]
) -> None:
    situation, book = make_situation(), NoteBook(tmp_path / "notes.jsonl")
    now, briefs = situation.now, []

    def reviewer(brief: Brief) -> NoChoice:
        briefs.append(brief)
        return NoChoice("invalid", "garbage", "m", 0.1)

    with (
        EmbeddedBroker(0) as broker,
        running(broker.address, tmp_path, home, situation, reviewer=reviewer, notes=book) as stage,
    ):
        triggers = []
        for slot in range(11):
            if slot == 2:
                book.add("guests tonight", None, now=now)
            moment = now + slot * STEP
            stage.well(moment)
            answer = stage.tick(moment)
            assert answer["outcome"] == "published"
            triggers.append(answer["review"] and answer["review"]["trigger"])
    # Until somebody says something there is nothing that the plan does not know.
    # This house never has the sun that was forecast: after four hours the day has departed too far.
    assert triggers == [None, None, "first", *[None] * 6, "departure", None]
    assert [brief.notes for brief in briefs] == [["guests tonight"], ["guests tonight"]]


def kept_full(ollama: Any, times: int) -> None:
    """A scripted model that wants the battery kept full far into the night, whatever that costs."""
    wish = {"hold": "reserve", "percent": 100, "start": "now", "until": "01:00"}
    ollama.answers = [json.dumps({"rationale": "Somebody at home is ill.", "choice": wish})] * times


def said_back(stage: Stage) -> str:
    """What stands in Home Assistant's box for notes."""
    stage.link.subscribe(TOPICS.note)
    while (message := stage.link.receive(20)) is not None:
        if message.topic == TOPICS.note and (said := str(orjson.loads(message.payload)["said"])) != "no note":
            return said
    pytest.fail("nothing stands there")


def test_beyond_the_bound_the_household_is_asked_once_and_its_yes_raises_the_bound(
    ollama: Any, tmp_path: Path, home: Home, make_situation: Callable[..., Situation]
) -> None:
    keeper = ReconnectingReviewer(ModelSettings(provider="ollama", name="m", base_url=ollama.url), 20)
    keeper.wait(30)
    kept_full(ollama, 9)
    book, situation, shared = NoteBook(tmp_path / "notes.jsonl"), make_situation(), SharedServiceState()
    now = situation.now
    book.add("the little one is ill", None, now=now)

    def tick(slot: int) -> dict[str, Any]:
        moment = now + slot * STEP
        stage.well(moment)
        return stage.tick(moment)

    with (
        EmbeddedBroker(0) as broker,
        running(
            broker.address, tmp_path, home, situation, reviewer=keeper.review, notes=book, shared_state=shared
        ) as stage,
    ):
        refused = tick(0)
        assert (refused["chosen_by"], refused["review"]["outcome"]) == ("planner", "overruled")
        assert refused["review"]["adjustment"]["soc"] == 1.0
        asked = said_back(stage)
        assert asked.startswith("At least 100 % in the battery")
        assert "more than the best schedule" in asked
        while (shown := shared.shown) is None or shown.question is None:
            time.sleep(0.05)
        assert shown.question.text == "the little one is ill"
        assert [one.asked for one in book.list()] == [True]
        stage.link.publish(TOPICS.control_set("confirm_note"), "PRESS", qos=1)
        honoured = tick(1)
        [_, kept] = book.list()
        assert (kept.note.text, kept.note.constraint and kept.note.constraint.kind) == (shown.question.text, "reserve")
        # What the plan holds by now costs nothing more: the model is free to want it again.
        assert (honoured["outcome"], honoured["chosen_by"]) == ("published", "model")
        assert "You asked for: at least 100 %" in honoured["reason"]
        assert honoured["review"]["extra_cost"] == pytest.approx(0)
        while (shown := shared.shown) is None or shown.question is not None:
            time.sleep(0.05)
    keeper.close()


@pytest.mark.parametrize(
    ("behaviour", "outcome"),
    [
        ("garbage", "invalid"),
        ("hangs", "late"),
        ("truncates", "truncated"),
        ("breaks off", "broken"),
        ("full", "busy"),
        ("missing", "missing"),
    ],
)
def test_whatever_the_model_server_does_the_service_decides_on_time(
    ollama: Any, behaviour: str, outcome: str, tmp_path: Path, home: Home, make_situation: Callable[..., Situation]
) -> None:
    deadline_s = 1.0
    keeper = ReconnectingReviewer(ModelSettings(provider="ollama", name="m", base_url=ollama.url), deadline_s)
    keeper.wait(30)
    ollama.chat, ollama.answers = behaviour, ['{"rationale": "The best is the cheapest.", "choice": "A"}'] * 9
    situation = make_situation()
    with (
        EmbeddedBroker(0) as broker,
        running(broker.address, tmp_path, home, situation, reviewer=keeper.review, reviews="always") as stage,
    ):
        for slot in range(3):
            moment = situation.now + slot * STEP
            stage.well(moment)
            answer = stage.tick(moment)
            assert (answer["outcome"], answer["chosen_by"]) == ("published", "planner")
            assert answer["chosen"] == answer["candidates"][0]["name"]
            assert ollama.hanging == (behaviour == "hangs")  # it was decided while the server still thought
            assert answer["review"]["outcome"] == outcome if slot == 0 else answer["review"] is None
            assert stage.told is not None
            assert stage.told.valid_until - moment >= timedelta(hours=23)
    ollama.released.set()
    keeper.close()


def best_letter(situation: Situation) -> str:
    """The letter under which the planner's best stands in the brief of this moment."""
    assert isinstance(situation.snapshot, Snapshot)
    brief = make_brief(situation, think(situation, situation.snapshot))
    return min(brief.candidates, key=lambda one: one.extra_cost).id


def test_in_tools_mode_the_model_looks_up_and_chooses_through_the_real_service(
    ollama: Any, tmp_path: Path, home: Home, make_situation: Callable[..., Situation]
) -> None:
    situation = make_situation()
    best = best_letter(situation)
    good = json.dumps({"rationale": "The best of these schedules is the cheapest.", "choice": best})
    ollama.capabilities = ["completion", "tools"]
    ollama.answers = [[("propose_command", {"schedule": best}), ("no_such_tool", {})], "Enough is known.", good]
    settings = Settings(
        home_file=tmp_path / "home.toml",
        model=ModelSettings(provider="ollama", name="m", base_url=ollama.url, mode="tools"),
    )
    Journal(tmp_path / "journal.sqlite").close()
    with open_journal(tmp_path / "journal.sqlite", read_only=True) as journal, EmbeddedBroker(0) as broker:
        notes = NoteBook(tmp_path / "notes.jsonl")
        keeper = reconnecting_reviewer(settings, Sources(home, DayStore(tmp_path / "days"), journal), notes)
        keeper.wait(30)
        asked = keeper.review
        with running(broker.address, tmp_path, home, situation, reviewer=asked, reviews="always", notes=notes) as stage:
            stage.well(situation.now)
            answer = stage.tick(situation.now)
        keeper.close()
    assert (answer["outcome"], answer["chosen_by"], answer["review"]["outcome"]) == ("published", "model", "chosen")
    assert answer["review"]["tools"] == ["propose_command", "no_such_tool"]
    assert "would pass" in ollama.asked[-1]["messages"][1]["content"]


ABSURD = (
    b'{"time":"0001-01-01T00:00:00+14:00"}',
    b'{"time":"9999-12-31T23:59:59-14:00"}',
    b'{"time":' + b"9" * 400 + b"}",
    b"[" * 100_000,
    b'{"a":' * 5000,
    b"\x00",
    b"",
)


def test_no_message_on_any_topic_ends_the_service(stage: Stage, make_situation: Callable[..., Situation]) -> None:
    now = make_situation().now
    stage.well(now)
    assert stage.tick(now)["outcome"] == "published"
    for topic in (
        TOPICS.clock,
        TOPICS.command_state,
        TOPICS.shown,
        TOPICS.advisor_claim,
        TOPICS.device_state("car"),
        TOPICS.device_command_state("car"),
        TOPICS.sensor("pv_forecast"),
        TOPICS.sensor("temperature_forecast"),
        *(TOPICS.control_set(name) for name in ("acting", "reserve", "respect", "note", "confirm_note", "x")),
    ):
        for payload in ABSURD:
            stage.link.publish(topic, payload, qos=1)
    now += STEP
    stage.well(now)
    assert stage.tick(now)["outcome"] == "published"


def test_a_fault_in_a_decision_is_told_and_the_next_slot_is_decided(
    stage: Stage, make_situation: Callable[..., Situation], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object) -> None:
        raise OverflowError("date value out of range")

    now = make_situation().now
    stage.well(now)
    with monkeypatch.context() as broken:
        broken.setattr("agent.service.loop.decide", fails)
        answer = stage.tick(now)
    assert answer["outcome"] == "no_command"
    assert "a fault of the advisor at" in answer["problems"][0]
    stage.well(now + STEP)
    assert stage.tick(now + STEP)["outcome"] == "published"


def test_off_while_the_model_is_waited_for_gives_no_command(
    broker: BrokerAddress, tmp_path: Path, home: Home, make_situation: Callable[..., Situation]
) -> None:
    asked, released = Event(), Event()

    def reviewer(_brief: Brief) -> NoChoice:
        asked.set()
        released.wait(60)
        return NoChoice("late", "it took its time", "m", 1.0)

    situation = make_situation()
    with running(broker, tmp_path, home, situation, reviewer=reviewer, reviews="always") as stage:
        stage.well(situation.now)
        stage.link.publish(TOPICS.clock, json.dumps({"time": situation.now.isoformat()}), retain=True, qos=1)
        assert asked.wait(20)
        stage.link.publish(TOPICS.control_set("acting"), "off", qos=1)
        seen = []
        while (message := stage.link.receive(20)) is not None:
            seen.append(message.topic)
            if message.topic == TOPICS.decision and not message.retained:
                break
        released.set()
        assert orjson.loads(message.payload)["outcome"] == "off" if message else False
        assert TOPICS.command not in seen
        assert stage.link.receive(1.0) is None or TOPICS.command not in seen


def test_switched_off_on_the_page_it_sends_nothing_until_the_time_is_over(
    broker: BrokerAddress, tmp_path: Path, home: Home, make_situation: Callable[..., Situation]
) -> None:
    situation, shared_state = make_situation(), SharedServiceState()
    with running(broker, tmp_path, home, situation, shared_state=shared_state) as stage:
        now, outcomes = situation.now, []
        stage.well(now)
        outcomes.append(stage.tick(now)["outcome"])
        shared_state.wish_acting(ActingWish(Acting.OFF, hours=1))
        while (shown := shared_state.shown) is None or shown.acting is not Acting.OFF:
            time.sleep(0.05)
        assert (shown.acting_until, shown.acting_after) == (now + timedelta(hours=1), Acting.ACT)
        for _ in range(2):
            now += STEP
            stage.well(now)
            outcomes.append(stage.tick(now)["outcome"])
        assert outcomes == ["published", "off", "published"]


def test_a_house_clock_set_back_by_hours_is_decided_for_at_once(
    stage: Stage, make_situation: Callable[..., Situation]
) -> None:
    now = make_situation().now
    stage.well(now)
    assert stage.tick(now)["outcome"] == "published"
    earlier = now - timedelta(hours=5)
    stage.link.publish(TOPICS.clock, json.dumps({"time": earlier.isoformat()}), retain=True, qos=1)
    stage.well(earlier + STEP)
    assert stage.tick(earlier + STEP)["outcome"] == "published"


def test_a_second_advisor_of_a_home_refuses_and_the_first_goes_on(
    tmp_path: Path, home: Home, make_situation: Callable[..., Situation]
) -> None:
    situation = make_situation()
    with EmbeddedBroker(0) as broker, running(broker.address, tmp_path, home, situation) as stage:
        stage.well(situation.now)
        assert stage.tick(situation.now)["outcome"] == "published"
        second = tmp_path / "second"
        settings = Settings(
            home_file=tmp_path / "home.toml",
            memory_dir=second,
            mqtt=MqttSettings(host=broker.address.host, port=broker.address.port),
        )
        recall: Any = FixedRecall(list(situation.neighbours), dict(situation.shapes))
        with open_journal(second / "journal.sqlite") as journal:
            parts = Parts(home, recall, journal, None, "none", control_panel(settings), advisor_id="other")
            with pytest.raises(TransportError, match=r"another advisor .* stop it, or give this home another name"):
                Service(settings, parts, Event()).run()
        later = situation.now + STEP
        stage.well(later)
        assert stage.tick(later)["outcome"] == "published"


def test_a_tariff_with_rules_is_planned_with_the_month_to_date(
    broker: BrokerAddress, tmp_path: Path, home: Home, make_situation: Callable[..., Situation]
) -> None:
    tariff = Contract.model_validate(
        {
            "import_terms": [{"name": "energy", "price": 0.2}],
            "export_terms": [{"name": "surplus", "price": 0.08}],
            "credit": {"cap": "energy_bought"},
        }
    )
    now = make_situation().now
    with running(broker, tmp_path, home.model_copy(update={"tariff": tariff}), make_situation()) as stage:
        for at in range(4):
            stage.well(now + at * STEP)
            assert stage.tick(now + at * STEP)["outcome"] == "published"
    with open_journal(tmp_path / "journal.sqlite", read_only=True) as journal:
        decision, slots = journal.last("test"), journal.measured("test", now - STEP, now + 3 * STEP)
    assert decision is not None
    assert decision.inputs is not None
    bill = decision.inputs.bill
    assert bill is not None
    assert len(slots) >= 3
    assert bill.account.cap == pytest.approx(sum(0.2 * slot.load_kw / 2 for slot in slots))
    assert bill.known_from == slots[0].start
