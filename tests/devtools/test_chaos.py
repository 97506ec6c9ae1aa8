"""What the chaos bench counts: it must see an unsafe command, a lost decision and a crash where there is one."""

import json
from contextlib import ExitStack
from pathlib import Path

import pytest

from devtools.chaos.__main__ import Results
from devtools.chaos.door_result import DoorResult, try_calls
from devtools.chaos.doors import doors, mqtt, through
from devtools.chaos.house import HOME, ChaosBench, unsafe
from devtools.chaos.mutations import Mutator
from devtools.chaos.report import write
from devtools.chaos.soak import SoakDay, grows
from energy.errors import DataError


def test_the_same_seed_changes_the_same() -> None:
    valid = b'{"time":"2026-01-14T07:00:00Z","value":1.5}'
    drawn = [[Mutator(seed).change(valid) for _ in range(1)] + [Mutator(seed).pick([valid])] for seed in (1, 1, 2)]
    assert drawn[0] == drawn[1] != drawn[2]


def test_a_crash_is_counted_and_a_sentence_is_none() -> None:
    def call(given: bytes) -> None:
        if given == b"1":
            raise DataError("that is no reading: publish one")
        if given == b"2":
            raise OverflowError("date value out of range")

    payloads = iter([b"0", b"1", b"2", b"2"])
    *_, result = try_calls(DoorResult(), 4, lambda: next(payloads), call)
    assert (result.inputs, result.crashes) == (4, 2)
    assert result.examples[0] == "OverflowError: date value out of range <- b'2'"


@pytest.mark.parametrize(
    ("levels", "expected"),
    [
        ({"reserve_soc": 0.1}, ""),
        ({"reserve_soc": 0.05}, "below the least charge"),
        ({"reserve_soc": 1.0, "charge_to_soc": 1.0}, "above the most"),
        ({"reserve_soc": 0.2, "export_to_soc": 0.3}, "which this home forbids"),
    ],
)
def test_an_unsafe_command_is_seen(levels: dict[str, float], expected: str) -> None:
    begin, end = "2026-01-14T07:00:00Z", "2026-01-14T08:00:00Z"
    command = {
        "kind": "battery", "decision_id": "a", "valid_from": begin, "valid_until": end, "mode": "hold",
        "reason_code": "x", "reason": "", "slots": [{"start": begin, "end": end} | levels],
    }  # fmt: skip
    assert expected in unsafe(json.dumps(command).encode())
    assert bool(unsafe(json.dumps(command).encode())) == bool(expected)
    # Another home may have another battery.
    larger = HOME.model_copy(update={"battery": HOME.battery.model_copy(update={"max_soc": 1.0})})
    still = "" if "most" in expected else expected
    assert bool(unsafe(json.dumps(command).encode(), larger)) == bool(still)


@pytest.mark.parametrize("clock", ["house", "wall"])
def test_a_house_in_order_gets_its_commands_and_a_few_hundred_bad_messages_change_nothing(
    tmp_path: Path, clock: str
) -> None:
    result = through(mqtt("house" if clock == "house" else "wall"), tmp_path, seed=7, count=100)
    assert (result.inputs, result.crashes, result.unsafe, result.lost) == (100, 0, 0, 0)
    assert result.decisions >= 2


@pytest.mark.parametrize("name", [name for name in doors() if not name.startswith("MQTT")])
def test_through_every_other_door_bad_input_gets_an_answer_or_a_sentence(tmp_path: Path, name: str) -> None:
    result = through(doors()[name], tmp_path, seed=7, count=25)
    assert result.inputs >= 25
    assert (result.crashes, result.unsafe, result.lost) == (0, 0, 0), result.examples


def test_a_service_that_fails_is_seen_to(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object) -> None:
        raise OverflowError("date value out of range")

    with ExitStack() as stack:
        bench = ChaosBench(tmp_path, "house", stack)
        bench.live()
        known = len(bench.link.commands)
        monkeypatch.setattr("agent.service.loop.decide", fails)
        bench.live()
        assert bench.caught == 1
        assert (known, len(bench.link.commands)) == (1, 1)
        assert bench.journal.last(HOME.name) is not None


def test_a_run_that_was_broken_off_goes_on_with_what_is_not_done(tmp_path: Path) -> None:
    path = tmp_path / "chaos.json"
    results = Results(path, seed=1)
    results.keep("soak", 30, {"due": 1}, finished=True)
    assert Results(path, seed=1).done("soak", 30)
    assert not Results(path, seed=1).done("soak", 31)
    assert not Results(path, seed=1).done("door: CSV", 1)
    assert not Results(path, seed=2).done("soak", 30)


def test_the_page_says_what_was_run_and_nothing_else(tmp_path: Path) -> None:
    day = SoakDay(1, 100.0, 4, 0.5, 0.1, 1.0, 10.0, 96)
    soaked = {"days": [vars_of(day), vars_of(day)], "due": 192, "commands": 192, "unsafe": 0, "caught": 0}
    door = {"inputs": 12_345, "crashes": 3, "unsafe": 0, "lost": 0, "decisions": 0, "slowest_s": 0.5}
    parts = {"door: CSV history": {"result": door}, "soak": {"result": soaked}}
    write({"seed": 15, "parts": parts}, tmp_path / "reliability.md")
    page = (tmp_path / "reliability.md").read_text(encoding="utf-8")
    assert "| CSV history | 12,345 | 3 | - | - | - | 0.50 |" in page
    assert "## 2 days at speed" in page
    assert "Killed and revived" not in page
    assert (tmp_path / "reliability.svg").exists()


def vars_of(day: SoakDay) -> dict[str, float]:
    return {name: getattr(day, name) for name in day.__dataclass_fields__}


def test_memory_that_grows_is_seen() -> None:
    days = [SoakDay(at, 100 + 2 * at, 4, 0.1, 0.1, 1, 1, 96) for at in range(10)]
    assert grows(days) == pytest.approx(2.0)
    assert grows([SoakDay(at, 100, 4, 0.1, 0.1, 1, 1, 96) for at in range(10)]) == 0.0
