"""Grams of CO2 per kWh: read from a list of times and values, believed within reason, weighed by the household."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from pydantic import ValidationError

from energy.errors import DataError
from ingest.prices.carbon import CarbonForecast, CarbonSettings, carbon_document, carbon_file, read_carbon

ZONE = ZoneInfo("Europe/Madrid")
NOON = datetime(2026, 1, 14, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def told(*grams: float, start: datetime = NOON) -> list[dict[str, Any]]:
    return [{"start": (start + at * HOUR).isoformat(), "value": value} for at, value in enumerate(grams)]


@pytest.mark.parametrize("shape", [lambda rows: rows, lambda rows: {"forecast": rows}, lambda rows: {"a": {"b": rows}}])
def test_a_list_is_found_wherever_it_lies(shape: Any) -> None:
    points = read_carbon(shape(told(250, 90)), ZONE)
    assert [(point.start, point.price) for point in points] == [(NOON, 250), (NOON + HOUR, 90)]


@pytest.mark.parametrize(
    ("document", "says"),
    [
        (None, "no CO2 ahead"),
        (["250"], "no CO2 ahead"),
        ({"state": "250"}, "no CO2 ahead"),
        (told(250, 4000), "4000.0 g/kWh of CO2 is outside 0 to 2000"),
        (told(-1), "outside 0 to 2000"),
    ],
)
def test_what_cannot_be_is_refused(document: object, says: str) -> None:
    with pytest.raises(DataError, match=says):
        read_carbon(document, ZONE)


@pytest.mark.parametrize("payload", [b"", b"{", b"\xff", b"[" * 100_000, b"1" * 600_000])
def test_what_is_no_document_is_refused(payload: bytes) -> None:
    with pytest.raises(DataError):
        read_carbon(carbon_document(payload), ZONE)


def test_grams_become_money_and_the_unknown_counts_as_the_mean() -> None:
    forecast = CarbonForecast(price_per_kg=0.2)
    starts = [NOON + at * HOUR / 2 for at in range(6)]
    assert forecast.cost_per_kwh(starts) == ()
    forecast.add(read_carbon(told(300, 100), ZONE), NOON)
    assert forecast.cost_per_kwh(starts) == (0.06, 0.06, 0.02, 0.02, 0.04, 0.04)
    forecast.add(read_carbon(told(200), ZONE), NOON)
    assert forecast.cost_per_kwh(starts[:3]) == (0.04, 0.04, 0.02)
    forecast.add([], NOON + timedelta(days=3))
    assert forecast.cost_per_kwh(starts) == ()


def test_a_file_is_read_and_one_that_is_not_there_is_named(tmp_path: Path) -> None:
    path = tmp_path / "carbon.json"
    with pytest.raises(DataError, match=r"carbon.json' cannot be read"):
        carbon_file(path, ZONE)
    path.write_text(json.dumps(told(250)), encoding="utf-8")
    assert len(carbon_file(path, ZONE)) == 1


@pytest.mark.parametrize(
    "given",
    [
        {"price_per_kg": 0.1},
        {"price_per_kg": 0.1, "topic": "a", "file": "b"},
        {"price_per_kg": 0, "topic": "a"},
        {"price_per_kg": 0.1, "topic": "a/#"},
    ],
)
def test_settings_that_cannot_work_are_refused(given: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        CarbonSettings.model_validate(given)
