"""Is the weather of a place the weather of that place? Against the normals of towns, and by laws that hold anywhere."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from energy.panels import Place
from eval.realism.climates import NORMALS, Normal, SyntheticNormals, climate_table, lived
from simulator.weather.climate import ClimateWishes, climate_of
from simulator.weather.climate_zones import by_the_sea, zone_of

# What the map cannot know, as `docs/synthetic.md` says: currents, and how cold the inside of a continent is.
MISFITS = {"Dubai", "Lima", "Beijing", "Winnipeg", "Cairo", "Bergen", "Tromsø"}


@pytest.fixture(scope="module")
def years() -> dict[str, SyntheticNormals]:
    return {town: lived(normal, seeds=3) for town, normal in NORMALS.items()}


@pytest.mark.parametrize("town", sorted(set(NORMALS) - MISFITS))
def test_a_town_is_as_warm_as_its_normals_say(years: dict[str, SyntheticNormals], town: str) -> None:
    mean_k, warmest_k, coldest_k, daily_k = years[town].off(NORMALS[town])
    assert abs(mean_k) < 3.5
    assert abs(warmest_k) < 4.5
    assert abs(coldest_k) < 6
    assert abs(daily_k) < 4


def test_towns_are_near_their_normals_on_the_whole(years: dict[str, SyntheticNormals]) -> None:
    off = np.abs([years[town].off(normal) for town, normal in NORMALS.items()])
    assert np.median(off, axis=0) == pytest.approx([0, 0, 0, 0], abs=2)
    assert off.mean(axis=0) == pytest.approx([0, 0, 0, 0], abs=2.5)


@pytest.mark.parametrize(
    ("towns", "highest_c", "lowest_c", "daily_k"),
    [
        # Tropical islands and shores: no heat wave, no cool night, days much alike.
        (("Apia", "Malé", "Honolulu"), (31, 37), (15, 23), (4, 8)),
        (("Singapore", "Manaus", "Darwin"), (33, 40), (16, 24), (6, 10)),
        (("Riyadh", "Phoenix", "Alice Springs", "Cairo"), (43, 51), (-3, 11), (11, 16)),
        (("Oslo", "Stockholm", "Helsinki", "Moscow"), (25, 38), (-24, -9), (5, 10)),
        (("Tromsø", "Kiruna"), (21, 29), (-28, -13), (5, 10)),
        (("Reykjavik", "Punta Arenas"), (18, 27), (-16, -1), (4, 8)),
        (("Sydney", "Auckland", "Melbourne", "Cape Town", "Buenos Aires"), (29, 40), (-1, 10), (7, 12)),
        (("Madrid", "Seville", "Lyon", "Munich", "London"), (34, 46), (-16, 2), (7, 14)),
    ],
)
def test_a_year_has_the_extremes_of_its_kind_of_place(
    years: dict[str, SyntheticNormals],
    towns: tuple[str, ...],
    highest_c: tuple[float, float],
    lowest_c: tuple[float, float],
    daily_k: tuple[float, float],
) -> None:
    for town in towns:
        year = years[town]
        assert highest_c[0] <= year.highest_c <= highest_c[1], town
        assert lowest_c[0] <= year.lowest_c <= lowest_c[1], town
        assert daily_k[0] <= year.daily_k <= daily_k[1], town


@given(latitude=st.floats(-66, 72), longitude=st.floats(-180, 180), altitude_m=st.floats(0, 1500))
def test_no_place_that_people_live_in_is_out_of_this_world(
    latitude: float, longitude: float, altitude_m: float
) -> None:
    year = lived(Normal(latitude, longitude, altitude_m, 0, 0, 0, 0))
    assert -40 < year.mean_c < 32
    assert -65 < year.lowest_c < year.coldest_c <= year.warmest_c < year.highest_c < 54
    assert 1.5 < year.daily_k < 18
    assert (year.warmest_c - year.coldest_c) / 2 < 30
    assert climate_of(Place(latitude=latitude, longitude=longitude)).winter_cloud <= 1


@pytest.mark.parametrize(
    ("latitude", "longitude", "zone", "sea"),
    [
        (40.42, -3.70, "BSk", False),
        (36.72, -4.42, "Csa", True),
        (-13.8, -171.8, "Ocean", True),
        (28.1, -15.4, "BWh", True),
        (-33.92, 18.42, "Csb", True),
        (90, 0, "Ocean", True),
        (-90, 180, "EF", False),
        (0, -180, "Ocean", True),
    ],
)
def test_the_map_knows_zones_and_shores(latitude: float, longitude: float, zone: str, *, sea: bool) -> None:
    place = Place(latitude=latitude, longitude=longitude)
    assert (zone_of(place), by_the_sea(place)) == (zone, sea)


@pytest.mark.parametrize(
    ("place", "expected"),
    [
        # Homes that documents rest on: their temperatures stay what they were before there was a map.
        (Place(latitude=48.14, longitude=11.58, altitude_m=520), (9.0698, 10.5430, 0.4705)),
        (Place(latitude=45.76, longitude=4.84, altitude_m=170), (12.6706, 10.2462, 0.4215)),
        (Place(latitude=37.39, longitude=-5.98, altitude_m=10), (18.3354, 9.0104, 0.1869)),
        (Place(latitude=40.42, longitude=-3.70, altitude_m=650), (12.5221, 9.4909, 0.2337)),
        (Place(latitude=34.09, longitude=-117.44, altitude_m=380), (17.6771, 8.4474, 0.1500)),
    ],
)
def test_the_temperate_north_is_as_its_latitude(place: Place, expected: tuple[float, float, float]) -> None:
    climate = climate_of(place)
    assert (climate.daily_swing_k, climate.warmest_day) == (13.0, 205)
    assert (climate.mean_temperature_c, climate.seasonal_swing_k, climate.summer_cloud) == pytest.approx(
        expected, abs=1e-4
    )


def test_skies_are_clearer_around_the_mediterranean_and_duller_at_the_bay_of_biscay() -> None:
    bilbao, marseille = Place(latitude=43.26, longitude=-2.93), Place(latitude=43.30, longitude=5.37)
    assert climate_of(bilbao).summer_cloud > 1.5 * climate_of(marseille).summer_cloud


def test_wishes_outrank_the_map() -> None:
    lima = climate_of(Place(latitude=-12, longitude=-77.1), ClimateWishes(mean_temperature_c=20))
    assert (lima.mean_temperature_c, lima.warmest_day) == (20, 22)


def test_the_table_has_every_town() -> None:
    rows = climate_table(seeds=1).splitlines()
    assert len(rows) == 2 + len(NORMALS)
    made = lived(NORMALS["Apia"])
    assert rows[2].startswith(f"| Apia | Ocean | 27 ({made.mean_c - 27:+.1f}) | 27.5 ({made.warmest_c - 27.5:+.1f}) |")
