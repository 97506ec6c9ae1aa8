from datetime import date, timedelta

import numpy as np
import pytest

from energy.errors import SettingsError
from energy.panels import PvArray, PvPlant
from energy.slots import hours
from knowledge.days import is_complete
from simulator.house.house import House
from simulator.synthetic.home import STEP, SyntheticYear, day_records, live, record, synthetic_home
from simulator.synthetic.presets import PRESETS, preset
from simulator.synthetic.spec import CarSpec, DayRange, HomeSpec, Life, Visit, check_spec

PLACE = {"latitude": 40.4, "longitude": -3.7}
_QUIET = {"holidays_per_year": 0, "weekends_away_per_year": 0, "guest_evenings_per_year": 0, "visits_per_year": 0}


@pytest.fixture(scope="module")
def family() -> SyntheticYear:
    return live(preset("busy-family"), seed=3, days=200)


@pytest.fixture(scope="module")
def warm_house() -> SyntheticYear:
    return live(preset("heat-pump"), seed=3, days=365)


def daily_kwh(values: np.ndarray, year: SyntheticYear) -> np.ndarray:
    return np.add.reduceat(values, year.local.bounds[:-1])[: year.days] * hours(STEP)


@pytest.mark.parametrize("name", PRESETS)
def test_every_preset_gives_whole_days_with_forecasts(name: str) -> None:
    home, days = synthetic_home(preset(name), 7, 40)
    assert home.name == name
    assert [day.day for day in days] == [date(2025, 1, 1) + timedelta(days=at) for at in range(40)]
    assert all(is_complete(day) for day in days)
    for day in days:
        assert day.pv_forecast_kw is not None
        assert len(day.pv_forecast_kw) == len(day.load_kw) == 48
        assert day.load_kw.min() > 0
        assert day.pv_kw.min() >= 0
        assert day.pv_kw.max() <= home.pv_peak_kw


def test_the_same_seed_gives_the_same_home_and_another_gives_another() -> None:
    def load(seed: int) -> np.ndarray:
        return live(preset("couple"), seed=seed, days=20).load_kw

    np.testing.assert_array_equal(load(5), load(5))
    assert not np.allclose(load(5), load(6))


def test_a_change_of_devices_leaves_weather_and_people_as_they_were() -> None:
    spec = preset("busy-family").model_copy(update={"car": CarSpec(long_drives_per_year=0)})
    with_car, without = live(spec, seed=2, days=20), live(spec.model_copy(update={"car": None}), seed=2, days=20)
    np.testing.assert_array_equal(with_car.pv_kw, without.pv_kw)
    np.testing.assert_array_equal(with_car.loads["cooking"], without.loads["cooking"])
    np.testing.assert_allclose(with_car.load_kw - with_car.loads["car"], without.load_kw)


def test_days_have_23_24_and_25_hours_where_clocks_change(family: SyntheticYear) -> None:
    spec = preset("couple").model_copy(update={"first_day": date(2025, 10, 24)})
    lengths = {day.day: len(day.load_kw) for day in synthetic_home(spec, 1, 5)[1]}
    assert lengths[date(2025, 10, 26)] == 50
    assert {day.day: len(day.load_kw) for day in day_records(family)}[date(2025, 3, 30)] == 46


def test_records_hold_the_energy_that_was_lived(family: SyntheticYear) -> None:
    for step in (timedelta(minutes=5), timedelta(minutes=15), timedelta(hours=1)):
        energies = [day.load_kw.sum() * hours(step) for day in day_records(family, step=step)]
        np.testing.assert_allclose(energies, daily_kwh(family.load_kw, family), atol=0.02)


def test_an_empty_house_uses_little_and_says_so(family: SyntheticYear) -> None:
    energy = daily_kwh(family.load_kw - family.loads["car"], family)
    away = np.array([family.diary.is_away(day) for day in range(family.days)])
    assert away.sum() > 3
    assert energy[away].mean() < 0.5 * energy[~away].mean()


def test_guests_cook_and_shower() -> None:
    days = DayRange(first=date(2025, 3, 10), last=date(2025, 3, 13))
    quiet = Life.model_validate({"people": 2, "announced_share": 1} | _QUIET)
    visit = Visit(first=days.first, last=days.last, people=4, stays=True)
    spec = preset("retired").model_copy(update={"life": quiet, "first_day": date(2025, 3, 1)})
    visited = spec.model_copy(update={"life": quiet.model_copy(update={"guests": (visit,)})})
    alone, together = (np.mean([live(it, seed=s, days=20).load_kw.mean() for s in range(3)]) for it in (spec, visited))
    assert together > 1.05 * alone
    _, records = synthetic_home(visited, 1, 20)
    assert [day.day.day for day in records if "guests" in day.notes] == [10, 11, 12, 13]


def test_a_heat_pump_follows_the_cold(warm_house: SyntheticYear) -> None:
    heat = daily_kwh(warm_house.loads["heating"], warm_house)
    cold = daily_kwh(warm_house.weather.temperature_c, warm_house) / 24
    winter = cold < 8
    assert np.corrcoef(heat[winter], cold[winter])[0, 1] < -0.85
    assert heat[cold > 20].sum() == 0
    assert np.quantile(warm_house.indoors.climate.air_c, 0.01) > 17


def test_what_is_not_told_is_not_noted() -> None:
    life = Life(announced_share=0)
    _, days = synthetic_home(preset("busy-family").model_copy(update={"life": life}), 1, 60)
    assert not any(day.notes for day in days)


def test_forecasts_are_wrong_by_what_they_claim(warm_house: SyntheticYear) -> None:
    spec = preset("heat-pump")

    def errors(quality: str) -> tuple[float, float]:
        year = live(spec.model_copy(update={"forecast": quality}), seed=3, days=120)
        assert year.pv_forecast_kw is not None
        assert year.midnight is not None
        return (
            float(np.abs(year.pv_forecast_kw - year.pv_kw).mean()),
            float(np.abs(year.midnight.temperature_c - year.weather.temperature_c).mean()),
        )

    perfect, good, poor = errors("perfect"), errors("good"), errors("poor")
    assert perfect == (0, 0)
    assert 0 < good[0] < 0.9 * poor[0]
    assert 0 < good[1] < 0.6 * poor[1]
    nothing = live(spec.model_copy(update={"forecast": "none"}), seed=3, days=3)
    assert day_records(nothing)[0].pv_forecast_kw is None


def test_a_recording_plays_in_the_simulated_house(family: SyntheticYear) -> None:
    played = record(family, first=date(2025, 2, 1), days=2)
    house = House(played, step=STEP, slot=timedelta(minutes=30), soc=0.5, seed=1)
    steps = 0
    while not house.finished:
        flows = house.step().flows
        put = flows.pv_kw + flows.grid_import_kw + flows.discharge_kw
        taken = flows.load_kw + flows.grid_export_kw + flows.charge_kw + flows.curtailed_kw
        assert put == pytest.approx(taken, abs=1e-9)
        steps += 1
    assert steps == 2 * 288
    assert len(played.forecast_from(played.end - timedelta(hours=1), timedelta(minutes=30))) == 2


def test_the_car_keeps_its_books(family: SyntheticYear) -> None:
    car, spec = family.car, family.spec.car
    assert car is not None
    assert spec is not None
    assert car.soc.min() >= 0.1 - 1e-9
    assert car.soc.max() <= 0.9 + 1e-9
    assert not car.charging_kw[car.at_home == 0].any()
    rise = np.diff(car.soc, prepend=0.9) * spec.capacity_kwh
    at_home = car.at_home == 1
    np.testing.assert_allclose(rise[at_home], car.charging_kw[at_home] * spec.charge_efficiency / 12, atol=1e-6)


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({"place": {"latitude": 95, "longitude": 0}}, ("place.latitude", "95", "90")),
        ({"battery": {"capacity_kwh": -3, "max_charge_kw": 1, "max_discharge_kw": 1}}, ("battery.capacity_kwh", "-3")),
        ({"zone": "Mars/Olympus"}, ("zone", "Mars/Olympus")),
        ({"life": {"people": 0}}, ("life.people", "0")),
        ({"batery": {}}, ("batery",)),
    ],
)
def test_an_impossible_home_is_named_by_key_and_value(settings: dict[str, object], expected: tuple[str, ...]) -> None:
    with pytest.raises(SettingsError) as caught:
        check_spec({"place": PLACE, "zone": "Europe/Madrid"} | settings, source="scenario.yaml")
    assert all(part in str(caught.value) for part in ("scenario.yaml", *expected))


@pytest.mark.parametrize("days", [0, -1, 5000])
def test_impossible_lengths_are_refused(days: int) -> None:
    with pytest.raises(SettingsError, match=str(days)):
        live(HomeSpec.model_validate({"place": PLACE, "zone": "UTC"}), seed=1, days=days)


def test_after_a_long_drive_the_car_takes_more_than_on_other_days(family: SyntheticYear) -> None:
    charged = daily_kwh(family.loads["car"], family)
    drives = np.flatnonzero(family.diary.drive[: family.days - 1])
    assert len(drives) >= 3
    around = np.add.reduceat(charged, np.arange(0, family.days, 2)).mean()
    assert np.mean([charged[day] + charged[day + 1] for day in drives]) > 1.5 * around
    result = [day for day in drives if "drive" in family.diary.notes[day]]
    assert result
    assert not (family.diary.drive & (family.diary.guests > 0)).any()


def test_stays_that_overlap_are_one_stay() -> None:
    stays = (
        DayRange(first=date(2025, 3, 3), last=date(2025, 3, 12)),
        DayRange(first=date(2025, 3, 5), last=date(2025, 3, 7)),
    )
    life = Life.model_validate({"away": stays} | _QUIET)
    year = live(preset("couple").model_copy(update={"life": life, "first_day": date(2025, 3, 1)}), seed=1, days=20)
    assert [day for day in range(20) if year.diary.is_away(day)] == list(range(3, 11))
    assert (year.diary.empty_from[2], year.diary.empty_to[11]) == (600, 1080)


def test_days_that_are_no_whole_slots_are_refused() -> None:
    # Clocks on Lord Howe Island move by half an hour.
    spec = preset("couple").model_copy(update={"zone": "Australia/Lord_Howe", "first_day": date(2025, 4, 4)})
    year = live(spec, seed=1, days=5)
    assert [len(day.load_kw) for day in day_records(year)] == [48, 48, 49, 48, 48]
    with pytest.raises(SettingsError, match="Lord_Howe"):
        day_records(year, step=timedelta(hours=1))


def test_a_day_that_the_calendar_left_out_has_no_record() -> None:
    spec = preset("couple").model_copy(update={"zone": "Pacific/Apia", "first_day": date(2011, 12, 28)})
    assert [record.day.day for record in day_records(live(spec, seed=1, days=5))] == [28, 29, 31, 1]


@pytest.mark.parametrize("latitude", [-90, 90])
def test_even_the_poles_have_a_home(latitude: float) -> None:
    spec = HomeSpec.model_validate({"place": {"latitude": latitude, "longitude": 0}, "zone": "UTC"})
    year = live(spec, seed=1, days=5)
    assert np.isfinite(year.load_kw).all()
    assert (year.pv_kw.max() > 0) == (latitude < 0)


def test_a_home_may_have_no_panels() -> None:
    spec = preset("couple").model_copy(update={"pv": PvPlant(arrays=(PvArray(peak_kw=0),), inverter_kw=1)})
    year = live(spec, seed=1, days=3)
    assert not year.pv_kw.any()
    assert year.pv_forecast_kw is not None
    assert not year.pv_forecast_kw.any()
