"""Fixtures of the agent: a situation to decide in, a server that speaks Ollama, and the embedded model."""

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np
import pytest

from agent.decision.decide import Situation
from agent.llm.models import LoadedModel, ModelSettings, load_model
from devtools.ollama_stand_in import OllamaStandIn, ollama_standing_in
from energy.battery import Battery
from energy.guard import Policy
from energy.home import Home
from energy.pricing.tariff import PresetTariff
from ingest.live.snapshot import Snapshot
from knowledge.forecast import DayShape
from knowledge.similar import SimilarDay

NOW = datetime(2026, 1, 14, 7, 0, tzinfo=UTC)  # a Wednesday, 08:00 in Madrid
TODAY = date(2026, 1, 14)


@pytest.fixture
def home() -> Home:
    return Home(
        name="test",
        zone="Europe/Madrid",
        pv_peak_kw=4,
        battery=Battery(capacity_kwh=10, max_charge_kw=3, max_discharge_kw=3),
        tariff=PresetTariff(name="es-2.0td"),
    )


@pytest.fixture
def shapes() -> dict[date, DayShape]:
    rng = np.random.default_rng(3)
    hour = np.arange(48) / 2
    made = {}
    for back in range(1, 21):
        day = TODAY - timedelta(days=back)
        load = 0.4 + np.exp(-((hour - 20) ** 2) / 6) * 2 + rng.gamma(2, 0.1, 48)
        sun = np.maximum(np.sin((hour - 8) / 9 * np.pi), 0) * rng.uniform(0.2, 1.5)
        made[day] = DayShape(day, load, sun, sun * rng.uniform(0.8, 1.2))
    return made


@pytest.fixture
def make_situation(home: Home, shapes: dict[date, DayShape]) -> Callable[..., Situation]:
    """A winter workday at eight, all well; any field can be changed."""

    def make(**changes: Any) -> Situation:
        fields: dict[str, Any] = {
            "now": NOW,
            "home": home,
            "policy": Policy(),
            "step": timedelta(minutes=30),
            "horizon_hours": 24,
            "snapshot": Snapshot(
                at=NOW, load_kw=0.6, pv_kw=0.0, soc=0.2, grid_kw=0.6, battery_kw=0.0, temperature_c=5.0
            ),
            "neighbours": [
                SimilarDay(TODAY - timedelta(days=back), back / 10, back, "alike in load") for back in range(1, 13)
            ],
            "shapes": shapes,
            "pv_forecast_kw": None,
        }
        return Situation(**(fields | changes))

    return make


@pytest.fixture
def ollama() -> Iterator[OllamaStandIn]:
    with ollama_standing_in(OllamaStandIn()) as fake:
        yield fake


@pytest.fixture(scope="session")
def embedded() -> Iterator[LoadedModel]:
    model = load_model(ModelSettings(provider="embedded", timeout_s=100))
    assert model is not None
    yield model
    model.close()
