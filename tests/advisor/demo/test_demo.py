"""The whole system as separate processes: house, advisor and a broker, played, watched and killed."""

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from advisor.demo.run import recording
from agent.decision.journal import open_journal
from agent.decision.record import Decision
from energy.commands import BatteryCommand
from ingest.history.recorded import shipped_history
from knowledge.store import DayStore
from transport.mqtt import BrokerAddress, Message, MqttLink
from transport.topics import Topics

HOME, DAY = "citylearn-4", date(2016, 8, 31)
TOPICS = Topics(HOME)
ROOT = Path(__file__).parents[3]
Advisor = Callable[..., "subprocess.CompletedProcess[str]"]


@contextmanager
def child(*command: str) -> Iterator["subprocess.Popen[bytes]"]:
    with subprocess.Popen([sys.executable, "-m", *command], stderr=subprocess.DEVNULL) as process:
        try:
            yield process
        finally:
            process.kill()


def drain(link: MqttLink, seconds: float = 0.5) -> list[Message]:
    received = []
    while (message := link.receive(seconds)) is not None:
        received.append(message)
    return received


@pytest.mark.slow
def test_a_demo_on_an_outside_broker_shows_valid_expiring_commands_and_retains_none(
    advisor: Advisor, broker: BrokerAddress, tmp_path: Path
) -> None:
    with MqttLink(broker, "watcher", queue_length=20_000) as link:
        link.subscribe("#")
        options = ["--home", HOME, "--day", str(DAY), "--hours", "3", "--model", "none", "--json"]
        done = advisor("demo", *options, "--broker", str(broker), cwd=tmp_path)
        received = drain(link)
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    assert (result["decisions"], result["published"], result["fallbacks"]) == (6, 6, 0)
    assert result["verdicts"] == {"allowed": 6, "clamped": 0, "rejected": 0}
    assert result["kwh_balance_error"] < 1e-9
    assert result["similar_days"]
    assert all(day < str(DAY) for day in result["similar_days"])
    schema = json.loads(advisor("schema", "command").stdout)
    commands = [json.loads(message.payload) for message in received if message.topic == TOPICS.command]
    assert len(commands) == 6
    for command in commands:
        jsonschema.validate(command, schema)
        spoken = BatteryCommand.model_validate(command)
        assert timedelta(0) < spoken.valid_until - spoken.valid_from <= timedelta(hours=24)
    topics = {message.topic for message in received}
    assert {TOPICS.decision, TOPICS.health, TOPICS.sensor("load_power"), TOPICS.command_state} <= topics
    assert any(topic.startswith("homeassistant/sensor/") for topic in topics)
    with MqttLink(broker, "latecomer") as late:
        late.subscribe("#")
        retained = {message.topic for message in drain(late)}
    assert TOPICS.command not in retained
    assert TOPICS.decision in retained


@dataclass(frozen=True)
class Stage:
    """Files of a house and an advisor that are run by hand."""

    folder: Path
    broker: BrokerAddress

    def prepare(self, hours: int) -> None:
        history = shipped_history(HOME)
        store = DayStore(self.folder / "memory" / "days")
        store.append(HOME, [record for record in history.days if record.day < DAY])
        recording(history, day=DAY, hours=hours).to_json(self.folder / "recording.json")
        (self.folder / "home.json").write_text(history.home.model_dump_json())
        (self.folder / "advisor.toml").write_text(
            f"""
home_file = "home.json"
memory_dir = "{self.folder / "memory"}"
[mqtt]
port = {self.broker.port}
[service]
clock = "house"
slot_minutes = 30
[model]
provider = "none"
[api]
port = 0
""",
        )

    def house(self) -> tuple[str, ...]:
        files = ("--recording", str(self.folder / "recording.json"), "--record", str(self.folder / "played.jsonl"))
        return ("simulator", *files, "--broker", str(self.broker), "--soc", "0.2")

    def advisor(self) -> tuple[str, ...]:
        return ("advisor", "run", "--config", str(self.folder / "advisor.toml"))

    def decisions(self) -> list[Decision]:
        with open_journal(self.folder / "memory" / "journal.sqlite") as journal:
            return journal.decisions(HOME)


def await_online(link: MqttLink) -> None:
    deadline = time.monotonic() + 100
    while time.monotonic() < deadline:
        message = link.receive(1)
        if message is not None and message.topic == TOPICS.advisor_status and message.payload == b"online":
            return
    pytest.fail("the advisor did not come online")


def collect_commands(link: MqttLink, count: int) -> list[BatteryCommand]:
    commands: list[BatteryCommand] = []
    while len(commands) < count:
        message = link.receive(30)
        assert message is not None, f"only {len(commands)} commands came"
        if message.topic == TOPICS.command:
            commands.append(read_command(message))
    return commands


@pytest.mark.slow
def test_the_house_outlives_a_killed_advisor(broker: BrokerAddress, tmp_path: Path) -> None:
    stage = Stage(tmp_path, broker)
    stage.prepare(hours=30)
    with MqttLink(broker, "watcher", queue_length=50_000) as link:
        link.subscribe(TOPICS.command, TOPICS.advisor_status)
        with child(*stage.advisor()) as killed:
            await_online(link)
            with child(*stage.house()) as house:
                commands = collect_commands(link, 4)
                killed.send_signal(signal.SIGKILL)
                killed.wait(10)
                assert house.wait(60) == 0
        commands += [read_command(message) for message in drain(link) if message.topic == TOPICS.command]
    steps = [json.loads(line) for line in (tmp_path / "played.jsonl").read_text().splitlines()]
    assert_followed(steps, commands[-1])


@pytest.mark.slow
def test_a_restarted_advisor_goes_on_with_journal_and_index(broker: BrokerAddress, tmp_path: Path) -> None:
    stage = Stage(tmp_path, broker)
    stage.prepare(hours=48)
    with MqttLink(broker, "watcher", queue_length=50_000) as link:
        link.subscribe(TOPICS.command, TOPICS.advisor_status)
        with child(*stage.house(), "--speed", "5000"):
            with child(*stage.advisor()) as killed:
                await_online(link)
                collect_commands(link, 2)
                killed.send_signal(signal.SIGKILL)
            drain(link)
            before = stage.decisions()
            with child(*stage.advisor()) as restarted:
                await_online(link)
                collect_commands(link, 2)
                restarted.send_signal(signal.SIGTERM)
                assert restarted.wait(30) == 0
    after = stage.decisions()
    assert after[: len(before)] == before
    assert len(after) >= len(before) + 2
    assert all(decision.outcome == "published" for decision in after[len(before) :])
    assert len(after[-1].neighbours) == 12


def read_command(message: Message) -> BatteryCommand:
    return BatteryCommand.model_validate_json(message.payload)


def assert_followed(steps: list[dict[str, Any]], last: BatteryCommand) -> None:
    """After the kill the house obeys the last schedule slot by slot, and nothing once it is over."""
    obeyed = [step for step in steps if step["decision_id"] == last.decision_id]
    assert len(obeyed) > 200
    soc_before = None
    for step in obeyed:
        moment = datetime.fromisoformat(step["time"])
        assert last.valid_from <= moment < last.valid_until
        if soc_before is not None:
            assert step["mode"] == last.levels_at(moment).mode(soc_before).value
        soc_before = step["soc"]
    alone = [step for step in steps if datetime.fromisoformat(step["time"]) >= last.valid_until]
    assert len(alone) > 12
    assert {step["mode"] for step in alone} == {"self_consumption"}
    assert {step["decision_id"] for step in alone} == {None}


@pytest.mark.slow
def test_the_embedded_model_reviews_and_the_bill_stays_near_the_best(advisor: Advisor, tmp_path: Path) -> None:
    # A night and a morning. How long it takes is the machine's business: other tests measure it.
    done = advisor("demo", "--hours", "10", "--model", "embedded", "--json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    assert result["model"].startswith("embedded/")
    assert result["reviews"] >= 2
    # The schedules stand in random order: what it picks beyond the guard's bound is replaced by the best.
    assert result["fallbacks"] < result["reviews"]
    assert result["published"] == result["decisions"] == 20
    assert result["bill"]["oracle"] <= result["bill"]["advisor"] + 1e-6
    assert result["bill"]["advisor"] <= result["bill"]["greedy"] * 1.01
    assert result["bill"]["advisor"] < result["bill"]["none"]


@pytest.mark.parametrize(
    ("arguments", "code", "expected"),
    [
        (["demo", "--home", "nowhere"], 2, "home 'nowhere' is not known: ingest it, or use one of citylearn-1"),
        (["demo", "--day", "1999-01-01", "--model", "none"], 1, "knows no day before 1999-01-01"),
        (["run", "--config", "missing.toml"], 2, "'missing.toml' does not exist"),
        (["explain"], 2, "give --last or --at"),
        (["days", "similar", "--date", "2017-01-01"], 2, "no home is known in"),
        (
            ["ingest", "csv", "x.csv", "--home", "My Home", "--facts", f"{ROOT}/home.example.toml"],
            2,
            "'My Home' is not",
        ),
        (["ingest", "home", "citylearn:3"], 2, "pip download --no-deps CityLearn==2.1.2"),
    ],
)
def test_wrong_usage_is_one_clear_line(
    advisor: Advisor, tmp_path: Path, arguments: list[str], code: int, expected: str
) -> None:
    done = advisor(*arguments, cwd=tmp_path)
    assert done.returncode == code
    assert expected in done.stderr
    assert "Traceback" not in done.stderr


def test_the_recording_of_a_demo_brings_the_forecasts_of_whole_days() -> None:
    history = shipped_history(HOME)
    played = recording(history, day=DAY, hours=30)
    assert len(played.load_kw) == 30
    assert played.pv_forecast_kw is not None
    assert len(played.pv_forecast_kw) == 48
    with pytest.raises(Exception, match="choose a day between"):
        recording(replace(history, days=history.days[:10]), day=DAY, hours=24)
