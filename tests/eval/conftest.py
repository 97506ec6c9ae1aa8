from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest

from eval.records import Cell, Outcome, Record, Series

MakeRecord = Callable[..., Record]


@pytest.fixture
def make_record() -> MakeRecord:
    """A finished cell of a made-up home: `saved_kw` is what the policy keeps from being bought at the evening price."""

    def make(
        policy: str,
        *,
        saved_kw: float = 0.0,
        home: str = "home-1",
        first: date = date(2017, 1, 1),
        days: int = 28,
        tariff: str = "evening",
    ) -> Record:
        start = datetime.combine(first, datetime.min.time(), tzinfo=UTC)
        slots = days * 24
        evening = np.arange(slots) % 24 >= 18
        load_kw = np.where(evening, 2.0, 1.0)
        given_kw = np.where(evening, saved_kw, 0.0)
        taken_kw = np.where(np.arange(slots) % 24 < 6, saved_kw, 0.0)
        series = Series(
            start_s=np.array([int((start + timedelta(hours=at)).timestamp()) for at in range(slots)]),
            load_kw=load_kw,
            pv_kw=np.zeros(slots),
            charge_kw=taken_kw,
            discharge_kw=given_kw,
            grid_import_kw=load_kw + taken_kw - given_kw,
            grid_export_kw=np.zeros(slots),
            curtailed_kw=np.zeros(slots),
            stored_kwh=np.cumsum(taken_kw - given_kw),
            import_price=np.where(evening, 0.5, 0.2),
            export_price=np.zeros(slots),
            mode=np.where(taken_kw > 0, 2, 0),
            decision_ms=np.full(slots, 3.0 if policy == "planner" else np.nan),
        )
        cell = Cell(
            suite="smoke",
            policy=policy,
            home=home,
            first_day=first,
            days=days,
            battery_kwh=12,
            tariff=tariff,
            forecast="honest",
        )
        return Record(Outcome(cell=cell, status="done", usable_kwh=12, versions={"energy-advisor": "1"}), series)

    return make
