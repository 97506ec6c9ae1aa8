"""The bill of a month as the API gives it."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from agent.decision.journal import open_journal
from agent.views.service_state import ServiceState


@pytest.fixture
def metered(tmp_path: Path, shown: ServiceState, api: Any) -> Any:
    """Two months of the meter: all of December's last day, and January up to now."""
    assert shown.now is not None
    count = 14 * 48
    slot = replace(shown.measured[0], grid_import_kw=0.5, grid_export_kw=0.0)
    with open_journal(tmp_path / "journal.sqlite") as journal:
        for back in range(1, count):
            journal.measure(shown.home.name, replace(slot, start=shown.now - back * timedelta(minutes=30)))
    return api


def test_the_bill_of_the_month_to_date_adds_up(metered: Any) -> None:
    answer = metered.client().get("/v1/bill").raise_for_status().json()
    assert (answer["month"], answer["complete"], answer["currency"]) == ("2026-01", False, "EUR")
    assert answer["months"] == ["2026-01", "2025-12"]
    assert answer["total"] == pytest.approx(sum(line["amount"] for line in answer["lines"]))
    assert answer["import_kwh"] == pytest.approx(0.25 * (13 * 48 + 16))
    assert answer["remarks"][0].startswith("This month is billed to date: 14 of 31 days")


def test_a_past_month_and_another_language_can_be_asked_for(metered: Any) -> None:
    answer = (
        metered.client(**{"Accept-Language": "es"})
        .get("/v1/bill", params={"month": "2025-12"})
        .raise_for_status()
        .json()
    )
    assert (answer["first"], answer["last"]) == ("2025-12-01", "2025-12-31")
    assert answer["lines"][0]["label"].startswith("Energía")
    assert answer["remarks"][0].startswith("Este mes se factura hasta la fecha")


def test_before_anything_was_metered_there_is_no_bill(api: Any) -> None:
    assert api.client().get("/v1/bill").raise_for_status().json() is None


@pytest.mark.parametrize(("params", "status"), [({"month": "2020-01"}, 404), ({"month": "2026-13"}, 422)])
def test_a_month_that_is_not_there_is_refused_with_what_is(metered: Any, params: dict[str, str], status: int) -> None:
    answer = metered.client().get("/v1/bill", params=params)
    assert answer.status_code == status
    assert ("2026-01" in answer.json()["error"]) or status == 422
