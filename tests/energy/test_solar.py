from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from energy.panels import Place, PvArray, PvPlant
from energy.solar import Irradiance, SlotSpan, clear_sky, pv_power, sun

MADRID = Place(latitude=40.42, longitude=-3.70, altitude_m=650)
STEP = timedelta(minutes=5)


def year(place: Place) -> tuple[SlotSpan, np.ndarray]:
    span = SlotSpan(datetime(2025, 1, 1, tzinfo=UTC), timedelta(minutes=30), 365 * 48)
    return span, clear_sky(place, span, sun(place, span)).ghi_w_m2


def test_the_sun_of_a_solstice_noon_stands_where_the_almanac_says() -> None:
    # Solar noon in Madrid on 21 June 2025 is 12:16 UTC; the sun stands 90 - 40.42 + 23.44 degrees high, due south.
    span = SlotSpan(datetime(2025, 6, 21, 12, 13, 30, tzinfo=UTC), STEP, 1)
    seen = sun(MADRID, span)
    assert 90 - seen.zenith_deg[0] == pytest.approx(73.02, abs=0.1)
    assert seen.azimuth_deg[0] == pytest.approx(180, abs=1.5)


@pytest.mark.parametrize(
    ("latitude", "summer", "winter"), [(40.0, range(120, 243), range(60)), (-34.0, range(60), range(150, 210))]
)
def test_summer_is_brighter_on_either_side_of_the_equator(latitude: float, summer: range, winter: range) -> None:
    _, ghi = year(Place(latitude=latitude, longitude=0))
    by_day = ghi.reshape(365, -1).mean(axis=1)
    assert by_day[list(summer)].mean() > 1.5 * by_day[list(winter)].mean()


def test_beyond_the_polar_circle_the_winter_has_no_sun() -> None:
    _, ghi = year(Place(latitude=78.0, longitude=15))
    assert ghi.reshape(365, -1)[340:360].max() == 0
    assert ghi.reshape(365, -1)[170].min() > 0


def test_the_sun_is_nowhere_missing() -> None:
    for latitude in (-90, -60, -30, 0, 30, 60, 90):
        assert np.isfinite(year(Place(latitude=latitude, longitude=10))[1]).all()


def noon(light: Irradiance | None = None) -> tuple[SlotSpan, Irradiance]:
    span = SlotSpan(datetime(2025, 6, 21, 12, tzinfo=UTC), STEP, 1)
    return span, light or clear_sky(MADRID, span, sun(MADRID, span))


def test_an_inverter_cuts_off_what_it_cannot_pass() -> None:
    span, light = noon()
    wide = PvPlant(arrays=(PvArray(peak_kw=5),), inverter_kw=5)
    narrow = PvPlant(arrays=(PvArray(peak_kw=5),), inverter_kw=3)
    air = np.array([20.0]), np.array([2.0])
    assert 3.5 < pv_power(wide, sun(MADRID, span), light, *air)[0] < 5
    assert pv_power(narrow, sun(MADRID, span), light, *air)[0] == 3


def test_losses_heat_and_dirt_cost_what_they_say() -> None:
    span, light = noon()
    seen, calm = sun(MADRID, span), np.array([2.0])

    def power(plant: PvPlant, temperature_c: float) -> float:
        return float(pv_power(plant, seen, light, np.array([temperature_c]), calm)[0])

    clean = PvPlant(arrays=(PvArray(peak_kw=5),), inverter_kw=10, loss_share=0)
    dirty = PvPlant(arrays=(PvArray(peak_kw=5),), inverter_kw=10, loss_share=0.2)
    assert power(dirty, 20) / power(clean, 20) == pytest.approx(0.8, abs=0.01)
    # Ten degrees more in the air are ten more in the cells, at -0.35 % each of what 25 °C cells would give.
    assert power(clean, 30) / power(clean, 20) == pytest.approx(0.961, abs=0.003)


@given(
    latitude=st.floats(-80, 80),
    tilt=st.floats(0, 90),
    azimuth=st.floats(0, 359),
    sizes=st.tuples(st.floats(0.5, 20), st.floats(0.5, 20)),
)
def test_power_stays_between_nothing_and_the_inverter(
    latitude: float, tilt: float, azimuth: float, sizes: tuple[float, float]
) -> None:
    place = Place(latitude=latitude, longitude=20)
    span = SlotSpan(datetime(2025, 3, 1, tzinfo=UTC), timedelta(hours=1), 72)
    seen = sun(place, span)
    plant = PvPlant(arrays=(PvArray(peak_kw=sizes[0], tilt_deg=tilt, azimuth_deg=azimuth),), inverter_kw=sizes[1])
    power = pv_power(plant, seen, clear_sky(place, span, seen), np.full(72, 15.0), np.full(72, 2.0))
    assert power.min() >= 0
    assert power.max() <= sizes[1]
    assert (power[seen.zenith_deg > 95] == 0).all()


@pytest.mark.parametrize(
    ("fields", "key"),
    [({"latitude": 95, "longitude": 0}, "latitude"), ({"latitude": 0, "longitude": 181}, "longitude")],
)
def test_no_place_off_the_earth(fields: dict[str, float], key: str) -> None:
    with pytest.raises(ValidationError, match=key):
        Place.model_validate(fields)
