from collections.abc import Callable
from datetime import date, timedelta

import numpy as np
import pytest

from energy.battery import Battery
from energy.home import Home
from energy.pricing.tariff import PresetTariff
from energy.slots import day_bounds
from knowledge.days import DayRecord


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
def make_days(home: Home) -> Callable[..., list[DayRecord]]:
    """Days of noise around an evening peak; count, first day, step and seed can be chosen."""

    def make(count: int = 40, *, first: date = date(2026, 1, 1), minutes: int = 30, seed: int = 1) -> list[DayRecord]:
        rng = np.random.default_rng(seed)
        step = timedelta(minutes=minutes)
        records = []
        for day in (first + timedelta(days=at) for at in range(count)):
            start, end = day_bounds(day, home.tz)
            slots = (end - start) // step
            hour = np.arange(slots) * minutes / 60
            sun = np.maximum(np.sin((hour - 6) / 12 * np.pi), 0) * rng.uniform(0.5, 3.0)
            load = 0.3 + rng.gamma(2, 0.2, slots) + np.exp(-((hour - 19) ** 2) / 4)
            records.append(
                DayRecord(
                    home="test",
                    day=day,
                    start=start,
                    step=step,
                    load_kw=load.round(4),
                    pv_kw=sun.round(4),
                    temperature_c=np.full(slots, rng.normal(10, 5)).round(4),
                    pv_forecast_kw=(sun * rng.normal(1, 0.2)).clip(0).round(4),
                ),
            )
        return records

    return make
