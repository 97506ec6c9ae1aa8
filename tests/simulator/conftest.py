"""A small home and its recording."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from energy.battery import Battery
from energy.home import Grid, Home
from energy.pricing.tariff import FlatTariff
from simulator.house.recording import Recording

START = datetime(2017, 1, 10, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.fixture(scope="session")
def recording() -> Recording:
    """A winter day by the hour: an evening peak, four hours of sun, a dear evening, a forecast of two days."""
    hour = np.arange(24)
    sun = np.array([0.0] * 10 + [1.0, 3.0, 2.5, 0.5] + [0.0] * 10)
    return Recording(
        home=Home(
            name="casa-1",
            zone="Europe/Madrid",
            pv_peak_kw=4.0,
            battery=Battery(capacity_kwh=6.4, max_charge_kw=3.0, max_discharge_kw=3.0),
            grid=Grid(import_limit_kw=6.0, export_limit_kw=1.5),
            tariff=FlatTariff(import_price=0.2),
        ),
        start=START,
        step=HOUR,
        load_kw=np.where((hour >= 18) & (hour < 22), 2.4, 0.6),
        pv_kw=sun,
        import_price=np.where((hour >= 18) & (hour < 22), 0.5, 0.2),
        export_price=np.full(24, 0.05),
        temperature_c=5.0 + hour / 4,
        pv_forecast_kw=np.r_[sun, sun],
        temperature_forecast_c=4.0 + np.arange(25) / 4,
    )
