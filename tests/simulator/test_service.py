import io
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from threading import Event, Thread
from typing import Any

import pytest

from energy.commands import BatteryCommand, Mode, SlotLevels
from simulator.__main__ import main
from simulator.house.house import House
from simulator.house.recording import Recording
from simulator.service import HouseService, Pace
from transport.discovery import house_sensors
from transport.mqtt import BrokerAddress, Message, MqttLink
from transport.payloads import CommandState, Moment, PvForecast, TemperatureForecast
from transport.topics import Topics

StartBroker = Callable[[int], AbstractContextManager[BrokerAddress]]

MINUTE = timedelta(minutes=1)
SLOT = 30 * MINUTE
TOPICS = Topics("casa-1")
WAIT_S = 60.0


@pytest.fixture
def two_hours(recording: Recording) -> Recording:
    shortened = {name: getattr(recording, name)[:2] for name in ("load_kw", "pv_kw", "import_price", "export_price")}
    return replace(recording, temperature_c=recording.temperature_c[:2], **shortened)


def house_of(recording: Recording) -> House:
    return House(recording, step=5 * MINUTE, slot=SLOT, soc=0.5, seed=7)


def charge_to(soc: float, start: datetime, decision: str) -> str:
    slot = SlotLevels(start=start, end=start + 2 * SLOT, charge_to_soc=soc, reserve_soc=soc)
    command = BatteryCommand(
        decision_id=decision,
        valid_from=start,
        valid_until=slot.end,
        reason_code="test",
        reason="a test",
        mode=Mode.CHARGE,
        slots=(slot,),
    )
    return command.model_dump_json()


@contextmanager
def controlled(address: BrokerAddress, *, slots: int) -> Iterator[list[Message]]:
    """A controller that answers the clock of `slots` slots with a command and a go-ahead, and keeps all it heard."""
    received: list[Message] = []
    ended = Event()

    def control(link: MqttLink) -> None:
        answered: set[datetime] = set()
        while not ended.is_set():
            message = link.receive(0.05)
            if message is None:
                continue
            received.append(message)
            if message.topic == TOPICS.clock:
                now = Moment.model_validate_json(message.payload).time
                if now.minute % 30 == 0 and now not in answered and len(answered) < slots:
                    answered.add(now)
                    link.publish(TOPICS.command, charge_to(0.8, now, f"d-{len(answered)}"), qos=1)
                    link.publish(TOPICS.proceed, Moment(time=now).model_dump_json(), qos=1)

    with MqttLink(address, "controller", will=(TOPICS.advisor_status, "offline")) as link:
        link.subscribe("energy_advisor/casa-1/house/+", TOPICS.command_state, "homeassistant/#")
        link.publish(TOPICS.advisor_status, "online", retain=True, qos=1)
        thread = Thread(target=control, args=(link,))
        thread.start()
        yield received
        deadline = time.monotonic() + WAIT_S
        while received[-1].payload != b"offline" and time.monotonic() < deadline:
            time.sleep(0.02)
        ended.set()
        thread.join()


def bodies(heard: list[Message], topic: str) -> list[Any]:
    return [json.loads(message.payload) for message in heard if message.topic == topic]


def test_two_hours_under_a_controller(two_hours: Recording, broker: BrokerAddress) -> None:
    record = io.StringIO()
    with controlled(broker, slots=4) as received:
        HouseService(house_of(two_hours), pace=Pace(), stop=Event(), record=record).run(broker)
    clock = [body["time"] for body in bodies(received, TOPICS.clock)]
    assert len(clock) == 24
    assert clock == sorted(clock)
    answers = [CommandState.model_validate(body) for body in bodies(received, TOPICS.command_state)]
    assert [(answer.decision_id, answer.accepted, answer.mode) for answer in answers] == [
        ("d-1", True, Mode.CHARGE),
        ("d-2", True, answers[1].mode),
        ("d-3", True, Mode.HOLD),
        ("d-4", True, Mode.HOLD),
    ]
    lines = [json.loads(line) for line in record.getvalue().splitlines()]
    assert [line["decision_id"] for line in lines] == [f"d-{index // 6 + 1}" for index in range(24)]
    assert lines[-1]["soc"] == pytest.approx(0.8)
    assert bodies(received, TOPICS.sensor("battery_soc"))[-1] == {
        "value": pytest.approx(80),
        "unit": "%",
        "time": two_hours.end.isoformat(),
    }


def test_who_hears_the_clock_has_heard_every_sensor(two_hours: Recording, broker: BrokerAddress) -> None:
    with controlled(broker, slots=4) as received:
        HouseService(house_of(two_hours), pace=Pace(), stop=Event()).run(broker)
    sensors = {TOPICS.sensor(sensor.name) for sensor in house_sensors("EUR")}
    latest: dict[str, datetime] = {}
    for message in received:
        if message.topic == TOPICS.clock:
            now = Moment.model_validate_json(message.payload).time
            assert latest == dict.fromkeys(sensors, now)
        elif message.topic in sensors:
            latest[message.topic] = datetime.fromisoformat(json.loads(message.payload)["time"])


def test_each_slot_brings_a_forecast_of_what_is_left_of_the_day(two_hours: Recording, broker: BrokerAddress) -> None:
    with controlled(broker, slots=4) as received:
        HouseService(house_of(two_hours), pace=Pace(), stop=Event()).run(broker)
    forecasts = [PvForecast.model_validate(body) for body in bodies(received, TOPICS.sensor("pv_forecast"))]
    assert [forecast.start - two_hours.start for forecast in forecasts] == [index * SLOT for index in range(4)]
    assert [len(forecast.values_kw) for forecast in forecasts] == [46, 45, 44, 43]
    assert {forecast.step_minutes for forecast in forecasts} == {30}
    warmth = bodies(received, TOPICS.sensor("temperature_forecast"))
    assert [TemperatureForecast.model_validate(body).time for body in warmth] == [two_hours.start] * 4


def test_the_house_introduces_itself_and_says_goodbye(two_hours: Recording, broker: BrokerAddress) -> None:
    with controlled(broker, slots=4) as received:
        HouseService(house_of(two_hours), pace=Pace(), stop=Event()).run(broker)
    assert len({message.topic for message in received if message.topic.startswith("homeassistant/sensor/")}) == 23
    statuses = [message.payload for message in received if message.topic == TOPICS.house_status]
    assert (statuses[0], statuses[-1]) == (b"online", b"offline")


def test_a_late_guest_finds_every_state_and_no_command(two_hours: Recording, broker: BrokerAddress) -> None:
    with controlled(broker, slots=4):
        HouseService(house_of(two_hours), pace=Pace(), stop=Event()).run(broker)
    with MqttLink(broker, "late") as late:
        late.subscribe("energy_advisor/casa-1/#")
        found = set()
        while (message := late.receive(0.5)) is not None:
            assert message.retained
            found.add(message.topic.removeprefix("energy_advisor/casa-1/"))
    assert {"house/clock", "house/load_power", "house/pv_forecast", "battery/command_state"} <= found
    assert not found & {"battery/command", "house/proceed/set"}


def test_when_the_controller_stops_answering_patience_ends_once_and_the_day_goes_on(
    two_hours: Recording, broker: BrokerAddress
) -> None:
    record = io.StringIO()
    with controlled(broker, slots=1):
        HouseService(house_of(two_hours), pace=Pace(patience_s=2.0), stop=Event(), record=record).run(broker)
    decisions = [json.loads(line)["decision_id"] for line in record.getvalue().splitlines()]
    assert decisions == ["d-1"] * 12 + [None] * 12


def test_without_a_controller_the_house_waits_once_and_lives_alone(two_hours: Recording, broker: BrokerAddress) -> None:
    record = io.StringIO()
    HouseService(house_of(two_hours), pace=Pace(patience_s=0.2), stop=Event(), record=record).run(broker)
    assert {json.loads(line)["mode"] for line in record.getvalue().splitlines()} == {"self_consumption"}


def test_a_controller_that_goes_offline_is_not_waited_for(two_hours: Recording, broker: BrokerAddress) -> None:
    house = house_of(two_hours)
    service = Thread(target=HouseService(house, pace=Pace(patience_s=600), stop=Event()).run, args=(broker,))
    with MqttLink(broker, "observer") as observer:
        observer.subscribe(TOPICS.clock)
        service.start()
        assert observer.receive(WAIT_S) is not None
        observer.publish(TOPICS.advisor_status, "offline", retain=True, qos=1)
        service.join(WAIT_S)
    assert house.finished


@pytest.mark.parametrize("payload", [b"go", b'{"time": "2099-01-01T00:00:00Z"}', b'{"time": 7', b"\xff"])
def test_a_wrong_go_ahead_moves_nothing(two_hours: Recording, broker: BrokerAddress, payload: bytes) -> None:
    """A command sent after it is answered before the house takes a step."""
    house = house_of(two_hours)
    service = Thread(target=HouseService(house, pace=Pace(patience_s=600), stop=Event()).run, args=(broker,))
    with MqttLink(broker, "stranger") as stranger:
        stranger.subscribe(TOPICS.clock, TOPICS.command_state)
        service.start()
        assert stranger.receive(WAIT_S) is not None
        stranger.publish(TOPICS.proceed, payload, qos=1)
        stranger.publish(TOPICS.command, "nothing to obey", qos=1)
        answer = stranger.receive(WAIT_S)
        assert answer is not None
        assert answer.topic == TOPICS.command_state
        assert house.now == two_hours.start
        stranger.publish(TOPICS.advisor_status, "offline", qos=1)
        service.join(WAIT_S)
    assert house.finished


def test_speed_paces_the_day_and_commands_act_meanwhile(two_hours: Recording, broker: BrokerAddress) -> None:
    """Two hours at 7,200 simulated seconds per second take a second and no less."""
    record = io.StringIO()
    began = time.monotonic()
    with controlled(broker, slots=4):
        pace = Pace(speed=7200, lockstep=False)
        HouseService(house_of(two_hours), pace=pace, stop=Event(), record=record).run(broker)
        assert time.monotonic() - began > 0.9
    decisions = [json.loads(line)["decision_id"] for line in record.getvalue().splitlines()]
    assert set(decisions) - {None}


def test_a_house_lives_on_without_its_broker_and_is_back_when_it_is(
    recording: Recording, start_broker: StartBroker
) -> None:
    house, stop = house_of(recording), Event()
    service = HouseService(house, pace=Pace(speed=1500, lockstep=False), stop=stop)
    with start_broker(0) as address:
        living = Thread(target=service.run, args=(address,))
        living.start()
        clock_at(address)
    alone_since, deadline = house.now, time.monotonic() + WAIT_S
    while house.now < alone_since + 20 * MINUTE:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    with start_broker(address.port):
        assert clock_at(address) >= alone_since + 20 * MINUTE
        stop.set()
        living.join(WAIT_S)
    assert not living.is_alive()


def clock_at(address: BrokerAddress) -> datetime:
    """What the house says the time is, and that it is there."""
    with MqttLink(address, "watch") as watch:
        watch.subscribe(TOPICS.house_status, TOPICS.clock)
        result: dict[str, bytes] = {}
        while len(result) < 2:
            message = watch.receive(WAIT_S)
            assert message is not None
            result[message.topic] = message.payload
    assert result[TOPICS.house_status] == b"online"
    return Moment.model_validate_json(result[TOPICS.clock]).time


def test_the_program_ends_cleanly_when_asked(two_hours: Recording, broker: BrokerAddress, tmp_path: Path) -> None:
    two_hours.to_json(tmp_path / "day.json")
    arguments = ["--recording", tmp_path / "day.json", "--broker", str(broker), "--record", tmp_path / "steps.jsonl"]
    with MqttLink(broker, "observer") as observer:
        observer.subscribe(TOPICS.clock, TOPICS.house_status)
        with subprocess.Popen(
            [sys.executable, "-m", "simulator", *arguments], stderr=subprocess.PIPE, env=os.environ
        ) as program:
            while (message := observer.receive(WAIT_S)) is not None and message.topic != TOPICS.clock:
                pass
            program.send_signal(signal.SIGTERM)
            _, errors = program.communicate(timeout=WAIT_S)
        assert (program.returncode, errors) == (0, b"")
        farewell = observer.receive(WAIT_S)
        assert farewell is not None
        assert (farewell.topic, farewell.payload) == (TOPICS.house_status, b"offline")


@pytest.mark.parametrize(
    ("arguments", "code", "expected"),
    [
        (["--recording", "none.json"], 1, "recording 'none.json' cannot be read"),
        (["--recording", "DAY", "--broker", "nowhere:x"], 2, "broker 'nowhere:x' is not HOST:PORT"),
        (["--recording", "DAY", "--broker", "127.0.0.1:1"], 1, "no broker at '127.0.0.1:1'"),
        (["--recording", "DAY", "--soc", "1.5"], 2, "starting charge 1.5"),
        (["--recording", "DAY", "--record", "/nowhere/x"], 2, "record '/nowhere/x' cannot be written"),
        (["--recording", "DAY", "--speed", "-3"], 2, "'-3' is not a number above zero"),
    ],
)
def test_wrong_usage_is_one_clear_line(
    two_hours: Recording,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    code: int,
    expected: str,
) -> None:
    two_hours.to_json(tmp_path / "day.json")
    try:
        returned = main([str(tmp_path / "day.json") if part == "DAY" else part for part in arguments])
    except SystemExit as usage:
        returned = usage.code
    assert returned == code
    assert expected in capsys.readouterr().err
