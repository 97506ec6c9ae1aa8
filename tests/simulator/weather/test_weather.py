from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from energy.panels import Place
from energy.solar import SlotSpan
from eval.realism.forecast_errors import LEADS_H, errors, forecast_table
from simulator.synthetic.home import live
from simulator.synthetic.outlook import look_ahead
from simulator.synthetic.presets import preset
from simulator.weather.climate import ClimateWishes, climate_of
from simulator.weather.weather import Weather, make_weather

STEP = timedelta(minutes=5)
DAY = 288


def year_at(latitude: float, *, seed: int = 1, wishes: ClimateWishes | None = None) -> Weather:
    place = Place(latitude=latitude, longitude=3)
    span = SlotSpan(datetime(2025, 1, 1, tzinfo=UTC), STEP, 365 * DAY)
    return make_weather(place, climate_of(place, wishes), span, seed=seed)


def daily(values: np.ndarray) -> np.ndarray:
    return values.reshape(-1, DAY).mean(axis=1)


@pytest.fixture(scope="module")
def years() -> list[Weather]:
    """Five years of a place between Madrid and Munich."""
    return [year_at(45, seed=seed) for seed in range(5)]


def test_the_same_seed_gives_the_same_weather() -> None:
    one, two, other = year_at(50), year_at(50), year_at(50, seed=2)
    for name in ("temperature_c", "humidity", "cloud", "wind_m_s", "rain_mm_h"):
        np.testing.assert_array_equal(getattr(one, name), getattr(two, name))
        assert not np.array_equal(getattr(one, name), getattr(other, name))


def test_means_are_those_of_the_climate(years: list[Weather]) -> None:
    climate = climate_of(Place(latitude=45, longitude=3))
    temperature = np.mean([year.temperature_c.mean() for year in years])
    assert temperature == pytest.approx(climate.mean_temperature_c, abs=1.0)
    cloud = np.mean([daily(year.cloud) for year in years], axis=0)
    assert cloud[150:240].mean() == pytest.approx(climate.summer_cloud, abs=0.12)
    assert np.r_[cloud[:45], cloud[330:]].mean() == pytest.approx(climate.winter_cloud, abs=0.12)


def test_wishes_move_the_climate() -> None:
    wanted = ClimateWishes(mean_temperature_c=25, seasonal_swing_k=2, summer_cloud=0.1, winter_cloud=0.1)
    made = year_at(50, wishes=wanted)
    assert made.temperature_c.mean() == pytest.approx(25, abs=1.2)
    assert made.cloud.mean() == pytest.approx(0.1, abs=0.08)


def test_weather_lasts_for_days_but_not_for_weeks(years: list[Weather]) -> None:
    def persistence(values: np.ndarray, days: int) -> float:
        return float(np.corrcoef(values[:-days], values[days:])[0, 1])

    clearness = [daily(year.light.ghi_w_m2) / daily(year.clear.ghi_w_m2) for year in years]
    assert 0.3 < np.mean([persistence(one, 1) for one in clearness]) < 0.75
    assert np.mean([persistence(one, 12) for one in clearness]) < 0.25
    season = np.mean([daily(year.temperature_c) for year in years], axis=0)
    departures = [daily(year.temperature_c) - season for year in years]
    assert 0.5 < np.mean([persistence(one, 1) for one in departures]) < 0.85


def test_clear_days_swing_more_than_dark_ones_and_rain_falls_from_clouds(years: list[Weather]) -> None:
    for year in years:
        swing = np.ptp(year.temperature_c.reshape(-1, DAY), axis=1)
        cloud = daily(year.cloud)
        assert swing[cloud < 0.2].mean() > 1.5 * swing[cloud > 0.8].mean()
        rain = daily(year.rain_mm_h) * 24
        assert rain[cloud < 0.1].mean() < 0.2
        assert rain[cloud > 0.8].mean() > 1
        assert daily(year.humidity)[cloud > 0.8].mean() > daily(year.humidity)[cloud < 0.2].mean() + 0.1


def test_broken_clouds_make_the_light_jump_and_clear_sky_does_not(years: list[Weather]) -> None:
    year = years[0]
    lit = year.clear.ghi_w_m2 > 300
    index = np.where(lit, year.light.ghi_w_m2 / np.maximum(year.clear.ghi_w_m2, 1), np.nan)
    jumps = np.abs(np.diff(index))
    clear, broken = (jumps[(year.regime[1:] == kind) & lit[1:] & lit[:-1]] for kind in (0, 1))
    assert np.nanmean(broken) > 2 * np.nanmean(clear)
    # The edges of clouds add a little to a clear sky's light, never a third of it.
    assert 1.0 < np.nanmax(index) < 1.3


def test_the_error_of_a_forecast_grows_with_its_lead_time() -> None:
    year = live(preset("heat-pump"), seed=1, days=150)
    for quality in ("good", "poor"):
        found = np.array([errors(year, lead, quality=quality, seed=1) for lead in LEADS_H])
        assert (np.diff(found, axis=0) > 0).all()
    good, poor = (errors(year, 24, quality=quality, seed=1) for quality in ("good", "poor"))
    assert all(low < high for low, high in zip(good, poor, strict=True))
    # What a day-ahead forecast errs by: one to two kelvin, a tenth of the peak.
    assert 1.0 < good[0] < 2.0
    assert 0.05 < good[1] < 0.13


def test_a_later_forecast_of_the_same_hour_agrees_more_with_what_comes(years: list[Weather]) -> None:
    year = years[0]
    noon = slice(12 * 12, None, DAY)

    def off(lead_h: float) -> np.ndarray:
        result = look_ahead(year, np.full(year.span.count, lead_h), quality="good", seed=1)
        assert result is not None
        return (result.temperature_c - year.temperature_c)[noon]

    late, early = off(6), off(48)
    assert np.abs(late).mean() < np.abs(early).mean()
    # They are forecasts of one weather by one service: their errors go together, and are not the same.
    assert 0.3 < np.corrcoef(late, early)[0, 1] < 0.95


def test_the_table_of_errors_has_a_row_for_each_lead_time() -> None:
    rows = forecast_table(("couple",), days=20).splitlines()
    assert len(rows) == 2 + 2 * len(LEADS_H)
