"""CO2 while the service runs: from a topic or a file that changes, and said where none of the hours ahead is known."""

import json
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from agent.service.carbon import LiveCarbon
from agent.service.feed import Problems
from agent.settings import Settings
from energy.errors import DataError
from energy.home import Home
from transport.mqtt import Message

NOON = datetime(2026, 1, 14, 12, tzinfo=UTC)
STARTS = [NOON, NOON + timedelta(hours=1)]


def told(*grams: float) -> bytes:
    rows = [{"start": start.isoformat(), "value": value} for start, value in zip(STARTS, grams, strict=True)]
    return json.dumps({"forecast": rows}).encode()


def carbon(home: Home, **section: Any) -> tuple[LiveCarbon, Problems]:
    given = {"home_file": Path("home.toml")} | ({"carbon": {"price_per_kg": 0.1} | section} if section else {})
    problems = Problems()
    return LiveCarbon(Settings.model_validate(given), home, problems), problems


def test_nothing_is_counted_where_nothing_is_set(home: Home) -> None:
    live, problems = carbon(home)
    assert (live.topics, live.cost_per_kwh(STARTS, NOON), problems.texts()) == ((), (), ())


def test_a_topic_tells_and_its_silence_is_said(home: Home) -> None:
    live, problems = carbon(home, topic="grid/co2")
    assert live.topics == ("grid/co2",)
    assert live.cost_per_kwh(STARTS, NOON) == ()
    assert "no CO2 of the hours ahead is known" in problems.texts()[0]
    live.take(Message("grid/co2", told(300, 100)), NOON)
    assert live.cost_per_kwh(STARTS, NOON) == (0.03, 0.01)
    assert problems.texts() == ()
    with pytest.raises(DataError):
        live.take(Message("grid/co2", b"unavailable"), NOON)
    assert live.cost_per_kwh(STARTS, NOON) == (0.03, 0.01)


def test_a_file_is_read_again_when_it_changes(home: Home, tmp_path: Path) -> None:
    file = tmp_path / "co2.json"
    live, problems = carbon(home, file=file)
    assert live.cost_per_kwh(STARTS, NOON) == ()
    assert len(problems.texts()) == 1
    file.write_bytes(told(300, 100))
    assert live.cost_per_kwh(STARTS, NOON) == (0.03, 0.01)
    file.write_bytes(told(0, 500))
    os.utime(file, ns=(1, 1))
    assert live.cost_per_kwh(STARTS, NOON) == (0.0, 0.05)
    assert problems.texts() == ()
