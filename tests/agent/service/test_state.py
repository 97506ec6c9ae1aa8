from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from agent.decision.controls import Acting
from agent.service import state
from agent.service.state import StateDisplay
from agent.views.service_state import ServiceState, SharedServiceState
from energy.home import Home
from ingest.live.snapshot import Reading

_NOW = datetime(2026, 1, 15, 12, 0, tzinfo=UTC)


def test_the_readings_of_one_moment_are_shown_together_unless_they_never_pause(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = SimpleNamespace(at=100.0)
    monkeypatch.setattr(state, "time", SimpleNamespace(monotonic=lambda: clock.at))
    feed: Any = SimpleNamespace(now=lambda: _NOW, readings={}, pv_forecast=SimpleNamespace(made_at=None))
    prices: Any = SimpleNamespace(home=lambda _now: home)
    panel: Any = SimpleNamespace(controls=SimpleNamespace(acting=Acting.ACT, acting_until=None, acting_after=None))
    problems: Any = SimpleNamespace(texts=lambda: ())
    shared = SharedServiceState()
    begin = ServiceState(home, "none", timedelta(minutes=30), started=_NOW)
    display = StateDisplay(begin, shared, feed, prices, panel, problems)

    def seen() -> set[str]:
        assert shared.shown is not None
        return set(shared.shown.readings)

    display.show_when_due(quiet=True)
    clock.at += 0.6
    feed.readings["load_power"] = Reading(0.5, _NOW)
    display.show_when_due(quiet=False)
    assert seen() == set()

    feed.readings["grid_power"] = Reading(0.5, _NOW)
    display.show_when_due(quiet=True)
    assert seen() == {"load_power", "grid_power"}

    feed.readings["pv_power"] = Reading(0.0, _NOW)
    clock.at += 2.1
    display.show_when_due(quiet=False)
    assert "pv_power" in seen()
