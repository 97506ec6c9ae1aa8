"""The model is asked at its own pace, and earlier when something it should know of has changed."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from agent.decision.decide import Situation, decide
from agent.decision.record import Decision
from agent.decision.review_schedule import ReviewSchedule, something_to_decide
from energy.constraints import Constraint, NoExport, NoGridCharge, Reserve
from energy.home import Home
from ingest.live.meter import MeteredSlot
from tests.agent.conftest import NOW

HOUR = timedelta(hours=1)


@pytest.fixture
def decision(make_situation: Callable[..., Situation]) -> Decision:
    return decide(make_situation())


_KEEP = Reserve(start=NOW, end=NOW + 6 * HOUR, soc=0.6)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ([], False),
        ([_KEEP], False),
        ([None], True),
        ([_KEEP, None], True),
        ([NoGridCharge(start=NOW, end=NOW + 3 * HOUR)], False),
        ([_KEEP, NoGridCharge(start=NOW, end=NOW + 3 * HOUR)], True),
        ([_KEEP, NoGridCharge(start=NOW + 6 * HOUR, end=NOW + 9 * HOUR)], False),
        ([_KEEP, NoExport(start=NOW, end=NOW + 3 * HOUR)], False),
    ],
)
def test_only_remarks_and_wishes_that_pull_apart_are_for_a_model(text: list[Constraint | None], wanted: bool) -> None:
    wishes = [one for one in text if one is not None]
    assert something_to_decide(wishes, remarks=None in text) is wanted


def _prices(decision: Decision, factor: float = 1.0) -> dict[datetime, tuple[float, float]]:
    made = decision.ensemble
    assert made is not None
    pairs = zip(made.import_prices, made.export_prices, strict=True)
    return {made.start + slot * HOUR / 2: (buy * factor, sell) for slot, (buy, sell) in enumerate(pairs)}


def _measured(decision: Decision, factor: float, slots: int = 4) -> list[MeteredSlot]:
    made = decision.ensemble
    assert made is not None
    load_kw = [sum(member[slot] for member in made.load_w) / len(made.load_w) / 1000 for slot in range(slots)]
    pv_kw = [sum(member[slot] for member in made.pv_w) / len(made.pv_w) / 1000 for slot in range(slots)]
    return [
        MeteredSlot(made.start + slot * HOUR / 2, load_kw[slot] * factor, pv_kw[slot], 0.5, None)
        for slot in range(slots)
    ]


@pytest.mark.parametrize(
    ("after_h", "changes", "trigger"),
    [
        (0.5, {}, None),
        (3.99, {}, None),
        (4, {}, "pace"),
        (0.5, {"notes": ["a", "b"]}, "note"),
        (0.5, {"notes": []}, "note"),
        (0.5, {"asked": True}, "asked"),
        (0.5, {"price_factor": 1.5}, "prices"),
        (2, {"load_factor": 1.0}, None),
        (2, {"load_factor": 6.0}, "departure"),
    ],
)
def test_a_review_is_due_when_there_is_a_reason(
    home: Home, decision: Decision, after_h: float, changes: dict[str, Any], trigger: str | None
) -> None:
    pace = ReviewSchedule(home, 4 * HOUR)
    pace.reviewed(decision, notes=["a"])
    due = pace.due(
        decision.at + after_h * HOUR,
        notes=changes.get("notes", ["a"]),
        prices=_prices(decision, changes.get("price_factor", 1.0)),
        measured=_measured(decision, changes["load_factor"]) if "load_factor" in changes else [],
        asked=changes.get("asked", False),
    )
    assert due == trigger


def test_the_first_review_is_due_at_once_and_again_after_all_is_forgotten(home: Home, decision: Decision) -> None:
    pace = ReviewSchedule(home, 4 * HOUR)
    assert pace.due(decision.at, notes=[], prices={}, measured=[]) == "first"
    pace.reviewed(decision, notes=[])
    assert pace.due(decision.at, notes=[], prices={}, measured=[]) is None
    pace.forget()
    assert pace.due(decision.at, notes=[], prices={}, measured=[]) == "first"
