"""Mutated inputs through every door: what crashed, what unsafe went out, which decision was lost."""

import json
import logging
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from typing import Any, Literal
from zoneinfo import ZoneInfo

from agent.decision.decide import make_brief, think
from agent.decision.replay import export, read_export, replay
from agent.language.answers.ask import Asker
from agent.language.notes.reading import understand
from agent.llm.models import LoadedModel
from agent.llm.review import Brief, make_reviewer
from agent.queries import Sources
from agent.settings import load_settings
from devtools.chaos.door_result import Door, DoorResult, try_calls
from devtools.chaos.house import BEGIN, HOME, ChaosBench, unsafe
from devtools.chaos.mutations import Mutator
from ingest.history.csv_files import read_csv
from ingest.home_file import load_home
from ingest.live.snapshot import Snapshot
from knowledge.notes import NoteBook
from knowledge.store import DayStore
from simulator.scenario import Scenario
from simulator.yaml_file import read_yaml

_ROOT = Path(__file__).parents[2]
_HANGS_S = 30.0
# After so many messages a house in order must get its command.
_EVERY = 50


def mqtt(clock: Literal["house", "wall"]) -> Door:
    """Messages on every topic that the service listens to; every now and then a decision is due."""

    def door(folder: Path, mutator: Mutator, count: int) -> Iterator[DoorResult]:
        result = DoorResult()
        with ExitStack() as stack:
            bench = ChaosBench(folder / f"mqtt-{clock}", clock, stack)
            bench.live()
            messages = list(_messages(bench))
            for at in range(count):
                topic, valid = mutator.rng.choice(messages)
                began = time.monotonic()
                bench.say(topic, mutator.change(valid), retained=mutator.rng.random() < 0.2)
                bench.work()
                result.inputs += 1
                result.slowest_s = max(result.slowest_s, time.monotonic() - began)
                if at % _EVERY == _EVERY - 1:
                    _expect_decision(bench, result)
                yield result
            result.crashes = bench.caught
            if bench.caught:
                result.note(bench.first_fault())
            yield result

    return door


def _expect_decision(bench: ChaosBench, result: DoorResult) -> None:
    """A house in order gets its command within an hour, whatever was said to it before."""
    known = len(bench.link.commands)
    if bench.clock == "house":
        bench.say(bench.topics.house_status, b"offline")
        bench.say(bench.topics.house_status, b"online")
    bench.act()
    for _ in range(4):
        for _ in range(3):
            bench.live(timedelta(minutes=5))
        if len(bench.link.commands) > known:
            break
    else:
        result.lost += 1
        newest = bench.link.decisions[-1] if bench.link.decisions else {}
        result.note(f"no command within an hour: {newest.get('outcome')} {newest.get('problems')}")
    for command in bench.link.commands:
        if fault := unsafe(command):
            result.unsafe += 1
            result.note(fault)
    result.decisions += len(bench.link.commands)
    bench.link.commands.clear()
    bench.link.decisions.clear()


def _messages(bench: ChaosBench) -> Iterator[tuple[str, bytes]]:
    topics, now = bench.topics, bench.now.isoformat()
    forecast = {"time": now, "step_minutes": 15, "start": now}
    device = {"time": now, "device": "car", "follows": "programme", "power_kw": 0, "needed_kwh": 5, "ready_by": now}
    payloads: dict[str, Any] = {
        topics.command_state: {"time": now, "decision_id": None, "accepted": True, "mode": None, "detail": ""},
        topics.shown: {"decision_id": None, "shown": {"number.x": "1"}, "wanted": {"number.x": "1"}},
        topics.device_state("car"): device,
        topics.device_command_state("car"): {
            "time": now,
            "device": "car",
            "decision_id": None,
            "accepted": True,
            "detail": "",
        },
        topics.sensor("pv_forecast"): forecast | {"values_kw": [0.0, 1.0]},
        topics.sensor("temperature_forecast"): forecast | {"values_c": [4.0, 5.0]},
    }
    for role in ("load_power", "pv_power", "battery_soc", "grid_power", "battery_power", "outdoor_temperature"):
        payloads[topics.sensor(role)] = {"value": 0.5, "unit": "kW", "time": now}
    if bench.clock == "house":
        payloads[topics.clock] = {"time": now}
    yield from ((topic, json.dumps(payload).encode()) for topic, payload in payloads.items())
    yield topics.house_status, b"online"
    for name, value in (("acting", b"act"), ("reserve", b"20"), ("respect", b"1"), ("allow_export", b"OFF")):
        yield topics.control_set(name), value
    yield topics.control_set("note"), b"keep 60 % until 08:00"
    yield topics.control_set("confirm_note"), b"PRESS"
    for name, value in (("pv", b"500"), ("load", b"640.5"), ("soc", b"55")):
        yield f"statestream/sensor/{name}/state", value
    yield "statestream/sensor/forecast/state", json.dumps({"a": {now: 1.0}}).encode()


def file_door(name: str, valid: bytes, read: Callable[[Path], object]) -> Door:
    """A file that is read."""

    def door(folder: Path, mutator: Mutator, count: int) -> Iterator[DoorResult]:
        folder.mkdir(parents=True, exist_ok=True)
        file = folder / name

        def call(given: bytes) -> None:
            file.write_bytes(given)
            read(file)

        yield from try_calls(DoorResult(), count, lambda: mutator.change(valid), call)

    return door


_CSV = (
    "time,load_kw,pv_kw\n"
    + "".join(
        f"2026-01-{day:02}T{hour:02}:{minute:02}:00+00:00,0.5,{max(0, hour - 8) / 10}\n"
        for day in (1, 2)
        for hour in range(24)
        for minute in (0, 30)
    )
).encode()


def _replay_door(folder: Path, mutator: Mutator, count: int) -> Iterator[DoorResult]:
    folder.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        bench = ChaosBench(folder / "replay", "house", stack)
        bench.live()
        decision = bench.journal.last(HOME.name)
    assert decision is not None  # noqa: S101 (the house was in order)
    valid = export(decision, anonymous=False).model_dump_json().encode()
    yield from file_door("decision.json", valid, lambda file: replay(read_export(file)))(folder, mutator, count)


def _notes_door(folder: Path, mutator: Mutator, count: int) -> Iterator[DoorResult]:
    result, book_file = DoorResult(), folder / "notes.jsonl"
    texts = [
        "keep 60 % until 08:00", "guests tonight from 20:00 to 23:00", "no charging from the grid tomorrow",
        "car 12 kWh before 07:00", "away from Friday to Sunday", "mañana no cargar de la red", "guarda el 50 % hoy",
    ]  # fmt: skip
    folder.mkdir(parents=True, exist_ok=True)
    NoteBook(book_file).add("keep", None, now=BEGIN)
    stored = book_file.read_bytes()

    def call(given: bytes) -> None:
        if given.startswith(b"{"):
            book_file.write_bytes(given)
            NoteBook(book_file).active(BEGIN)
        else:
            understand(given.decode("utf-8", "replace"), now=BEGIN, tz=ZoneInfo(HOME.zone), home=HOME)

    payloads = [text.encode() for text in texts] + [stored]
    yield from try_calls(result, count, lambda: mutator.pick(payloads), call)


def _questions_door(folder: Path, mutator: Mutator, count: int) -> Iterator[DoorResult]:
    questions = [
        b"Why do you charge now?", b"How much did I use yesterday?", b"What did the last 3 hours cost?",
        b"When was the battery last full?", b"What if I had 20 kWh?", b"Cu\xc3\xa1nto consum\xc3\xad la semana pasada?",
        b"Which days in January were most expensive?", b"What is the plan between 18:00 and 21:00?",
    ]  # fmt: skip
    with ExitStack() as stack:
        bench = ChaosBench(folder / "questions", "house", stack)
        for _ in range(12):
            bench.live()
        asker = Asker(Sources(HOME, DayStore(folder / "questions" / "days"), bench.journal))
        yield from try_calls(
            DoorResult(), count, lambda: mutator.pick(questions), lambda given: asker.answer(given, now=bench.now)
        )


class _ChatText:
    """What a chat model's client gives back for a text."""

    usage_metadata = None

    def __init__(self, text: str) -> None:
        self.text = text


class _Chat:
    """A model that answers what it is given to answer, parsed as the real clients parse it."""

    def __init__(self) -> None:
        self.answer = ""
        self._schema: Any = None

    def with_structured_output(self, schema: Any, **_: Any) -> "_Chat":
        """Answers are held against a schema."""
        self._schema = schema
        return self

    def invoke(self, _messages: Any) -> dict[str, Any]:
        """The next answer."""
        try:
            return {
                "raw": _ChatText(self.answer),
                "parsed": self._schema.model_validate_json(self.answer),
                "parsing_error": None,
            }
        except ValueError as err:
            return {"raw": _ChatText(self.answer), "parsed": None, "parsing_error": err}


def _model_door(folder: Path, mutator: Mutator, count: int) -> Iterator[DoorResult]:
    with ExitStack() as stack:
        bench = ChaosBench(folder / "model", "house", stack)
        bench.live()
        taken = bench.service._feed.snapshot(bench.now)  # noqa: SLF001 (the bench looks inside)
        assert isinstance(taken, Snapshot)  # noqa: S101 (the house was in order)
        situation = bench.service._situation(bench.now, taken, trigger="first")  # noqa: SLF001 (the bench looks inside)
        brief: Brief = make_brief(situation, think(situation, taken))
        chat: Any = _Chat()
        model = LoadedModel(chat, "m", "ollama", lambda: None)
        review = make_reviewer(model, _HANGS_S)

        def call(given: bytes) -> None:
            chat.answer = given.decode("utf-8", "replace")
            with model.busy:
                # The thread of the last answer has ended.
                pass
            answer = review(brief)
            kind = getattr(answer, "kind", None)
            if kind in {"failed", "late"}:
                raise RuntimeError(getattr(answer, "why", ""))

        valid = b'{"rationale": "The best schedule costs least and keeps the house supplied.", "choice": "A"}'
        yield from try_calls(DoorResult(), count, lambda: mutator.change(valid), call)


def _http_door(folder: Path, mutator: Mutator, count: int) -> Iterator[DoorResult]:
    from devtools.chaos.http_door import requests  # noqa: PLC0415 (it brings the web server)

    yield from requests(folder, mutator, count)


def _described_door(folder: Path, mutator: Mutator, count: int) -> Iterator[DoorResult]:
    from devtools.chaos.http_door import described_requests  # noqa: PLC0415 (as above)

    yield from described_requests(folder, mutator, count)


def doors() -> dict[str, Door]:
    """Every door by its name."""
    settings = (_ROOT / "advisor.example.toml").read_bytes()
    home = (_ROOT / "home.example.toml").read_bytes()
    scenario = next(iter(sorted((_ROOT / "simulator").rglob("*.yaml")))).read_bytes()
    return {
        "MQTT, house clock": mqtt("house"),
        "MQTT, wall clock": mqtt("wall"),
        "HTTP": _http_door,
        "HTTP, by schemathesis": _described_door,
        "CSV history": file_door("history.csv", _CSV, lambda file: read_csv(file, HOME)),
        "settings (TOML)": file_door("advisor.toml", settings, load_settings),
        "home facts (TOML)": file_door("home.toml", home, load_home),
        "scenario (YAML)": file_door("scenario.yaml", scenario, lambda file: read_yaml(file, Scenario)),
        "notes": _notes_door,
        "questions": _questions_door,
        "model replies": _model_door,
        "replay files": _replay_door,
    }


def quiet() -> None:
    """Ten thousand refusals need no log."""
    logging.disable(logging.CRITICAL)


def through(door: Door, folder: Path, seed: int, count: int) -> DoorResult:
    """All inputs of a door."""
    *_, last = door(folder, Mutator(seed), count)
    return last
