"""Is the sky as bright and as cloudy as where it was measured?"""

import numpy as np
import pytest

from energy.panels import Place
from eval.realism.stations import STATIONS, Station, lit, station_suns, station_table
from eval.realism.yields import A_YEAR
from simulator.weather.climate import Climate
from simulator.weather.weather import make_weather


@pytest.mark.parametrize("town", ["Sevilla", "Granada", "Lisboa", "London", "Aberdeen", "Stockholm", "Helsinki"])
def test_a_european_year_is_as_bright_as_its_weather_file_within_a_tenth(town: str) -> None:
    assert lit(STATIONS[town]).level_kwh_m2 == pytest.approx(STATIONS[town].level_kwh_m2, rel=0.1)


def test_cloud_dims_the_light_as_kasten_and_czeplak_measured() -> None:
    """Half a cover leaves nine tenths of the light of a clear sky, nine tenths a half."""
    always = Climate(10, 8, 10, summer_cloud=0.6, winter_cloud=0.6, wind_m_s=3, weather_swing_k=2, warmest_day=205)
    year = make_weather(Place(latitude=50, longitude=8), always, A_YEAR, seed=1)
    day = year.clear.ghi_w_m2 > 100
    for cover in (0.5, 0.7, 0.9):
        here = day & (np.abs(year.cloud - cover) < 0.05)
        left = year.light.ghi_w_m2[here].sum() / year.clear.ghi_w_m2[here].sum()
        assert left == pytest.approx(1 - 0.75 * cover**3.4, abs=0.05)


def test_the_table_says_how_far_off_each_station_is(monkeypatch: pytest.MonkeyPatch) -> None:
    here = Station("a file", 37.4, -5.9, 31, 1776, None)
    monkeypatch.setattr("eval.realism.stations.STATIONS", {"here": here})
    made = lit(here, seeds=1)
    off = made.level_kwh_m2 / 1776 - 1
    assert station_table(station_suns(seeds=1)).splitlines()[2] == (
        f"| a file | 1776 | {made.level_kwh_m2:.0f} | {off:+.0%} |  | {made.cloud:.2f} |"
    )
