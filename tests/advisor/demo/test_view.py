"""The terminal picture and the summary, in 80 columns and in both languages."""

import re
from datetime import UTC, datetime, timedelta
from io import StringIO
from zoneinfo import ZoneInfo

import orjson
import pytest
from rich.console import Console

from advisor.demo.view import DayView
from advisor.demo.words import TEXTS
from agent.decision.constraint_words import Language
from transport.topics import Topics

TOPICS = Topics("casa")
START = datetime(2026, 1, 14, 23, tzinfo=UTC)


def view(language: Language) -> DayView:
    """Half a day at the highest figures that a home has, with every mode."""
    shown = DayView(
        topics=TOPICS,
        zone=ZoneInfo("Europe/Madrid"),
        start=START,
        length=timedelta(hours=24),
        currency="EUR/kWh",
        top_price=0.5,
        language=language,
        is_example=True,
    )
    for hour in range(12):
        sensors = {"load_power": 12.34, "pv_power": 10.0, "battery_soc": 100, "grid_power": -10.5, "price_import": 0.5}
        for name, value in sensors.items():
            shown.update(TOPICS.sensor(name), orjson.dumps({"value": value}))
        mode = ("self_consumption", "hold", "charge", "discharge")[hour % 4]
        near = [{"day": "2026-01-13"}, {"day": "2026-01-12"}]
        shown.update(TOPICS.decision, orjson.dumps({"mode": mode, "reason": "x " * 60, "similar_days": near}))
        shown.update(TOPICS.clock, orjson.dumps({"time": (START + timedelta(hours=hour)).isoformat()}))
    return shown


def drawn(shown: DayView, width: int) -> list[str]:
    console = Console(file=StringIO(), width=width, color_system=None)
    console.print(shown)
    assert isinstance(console.file, StringIO)
    return console.file.getvalue().splitlines()


@pytest.mark.parametrize("language", ["en", "es"])
def test_the_picture_is_whole_in_eighty_columns(language: Language) -> None:
    lines, texts = drawn(view(language), 80), TEXTS[language]
    assert max(map(len, lines)) <= 80
    tracks = [
        line
        for line in lines
        if re.match(rf"│ ({texts['house']}|{texts['solar']}|{texts['mode']})\b.*[█▁SHCDAR·]", line)
    ]
    assert len(tracks) >= 3
    text = " ".join(lines)
    for key in ("self_consumption", "hold", "charge", "discharge", "in_force", "to_grid", "no_model_here"):
        assert texts[key] in text
    letters = {"en": "S self-consumption  H hold", "es": "A autoconsumo  R reserva"}
    assert letters[language] in text
    assert "…" not in text


def test_both_languages_say_the_same_things_with_the_same_values() -> None:
    assert TEXTS["en"].keys() == TEXTS["es"].keys()
    for key, text in TEXTS["en"].items():
        assert sorted(re.findall(r"\{\w+\}", text)) == sorted(re.findall(r"\{\w+\}", TEXTS["es"][key])), key
