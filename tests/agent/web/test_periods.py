"""Weeks, months and years: sums by hand, what is not known, and where they begin and end."""

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from agent.decision.journal import open_journal
from agent.views.service_state import ServiceState
from energy.slots import DAY, day_slots, local_day
from ingest.live.meter import MeteredSlot

LOAD_KW, PV_KW, SOLD_KW = 1.0, 0.6, 0.2


@pytest.fixture
def metered(tmp_path: Path, shown: ServiceState) -> date:
    """Three days in the journal, the last of them only half: 1 kW used, 0.6 of solar, a third of that sold."""
    assert shown.now is not None
    today = local_day(shown.now, shown.home.tz)
    with open_journal(tmp_path / "journal.sqlite") as journal:
        for back in (3, 2, 1):
            starts = day_slots(today - back * DAY, shown.home.tz, shown.step)
            for start in starts[: len(starts) // 2] if back == 1 else starts:
                bought_kw = LOAD_KW - PV_KW + SOLD_KW
                slot = MeteredSlot(start, LOAD_KW, PV_KW, 0.5, None, bought_kw, SOLD_KW, 0.0, 0.0)
                journal.measure(shown.home.name, slot)
    return today


def test_days_are_summed_and_what_was_not_metered_all_through_is_not_billed(
    serve: Callable[..., Any], metered: date, shown: ServiceState
) -> None:
    with serve() as running:
        found = running.client().get("/v1/periods/all").raise_for_status().json()
    first = metered - 3 * DAY
    assert (found["first"], found["by"], found["days"]) == (first.isoformat(), "day", 3)
    assert (found["billed_days"], found["billed_first"]) == (2, first.isoformat())
    assert [bar["figures"]["load_kwh"] for bar in found["bars"]] == [24, 24, 12]
    assert [bar["figures"]["import_kwh"] for bar in found["bars"]] == [pytest.approx(14.4), pytest.approx(14.4), None]
    total = found["total"]
    assert total["pv_kwh"] == pytest.approx(0.6 * 60)
    assert total["self_sufficiency"] == pytest.approx(1 - 0.6)
    assert total["self_consumption"] == pytest.approx(1 - 0.2 / 0.6)
    # A battery that does nothing saves nothing, and less than self-consumption would have.
    assert total["saved"] == pytest.approx(-_lost_by_trading_at_once(shown, metered), abs=1e-6)
    assert total["saved_against_self_consumption"] < 0


def _lost_by_trading_at_once(shown: ServiceState, today: date) -> float:
    """What buying and selling in the same slot cost on the two whole days."""
    starts = [start for back in (3, 2) for start in day_slots(today - back * DAY, shown.home.tz, shown.step)]
    prices = shown.home.tariff.prices(starts, shown.home.tz)
    return float((SOLD_KW * (prices.import_per_kwh - prices.export_per_kwh)).sum()) * 0.5


@pytest.mark.parametrize(
    ("grain", "day", "first", "last"),
    [
        ("week", "2026-01-14", "2026-01-12", "2026-01-18"),
        ("month", "2026-02-05", "2026-02-01", "2026-02-28"),
        ("month", "2025-12-31", "2025-12-01", "2025-12-31"),
        ("year", "2024-02-29", "2024-01-01", "2024-12-31"),
    ],
)
@pytest.mark.usefixtures("metered")
def test_a_period_begins_and_ends_where_the_calendar_says(
    serve: Callable[..., Any], grain: str, day: str, first: str, last: str
) -> None:
    with serve() as running:
        found = running.client().get(f"/v1/periods/{grain}?day={day}").raise_for_status().json()
    assert (found["first"], found["last"]) == (first, last)
    assert found["by"] == ("month" if grain == "year" else "day")


def test_before_the_first_day_there_is_no_period_and_a_wrong_one_is_refused(api: Any) -> None:
    client = api.client()
    assert client.get("/v1/periods/month").raise_for_status().json() is None
    assert client.get("/v1/periods/decade").status_code == 422
    for day in ("yesterday", "9999-12-31", "0001-01-01"):
        assert client.get(f"/v1/periods/week?day={day}").status_code == 422
