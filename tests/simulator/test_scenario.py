from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import get_args

import numpy as np
import pytest

from energy.errors import DataError, SettingsError
from energy.pricing.tariff import DynamicTariff
from energy.slots import DAY
from ingest.history.recorded import shipped_history
from ingest.history.table import History
from simulator.house.sensors import Fault
from simulator.scenario import Scenario, all_scenarios, home_name, load_scenario, scenario_names
from simulator.staging import staged

PAGE = """\
title: A page for tests
about: Nothing but what is needed.
home:
  recorded: citylearn-4
  battery:
    capacity_kwh: 5
    max_charge_kw: 2.5
    max_discharge_kw: 2.5
tariff: {kind: flat, import_price: 0.2}
play: {first_day: 2017-01-10, hours: 24}
"""


def written(folder: Path, text: str) -> str:
    file = folder / "page.yaml"
    file.write_text(text, encoding="utf-8")
    return str(file)


def test_every_shipped_scenario_is_one_page_and_can_be_staged() -> None:
    scenarios = all_scenarios()
    assert len(scenarios) >= 24
    for name, scenario in scenarios.items():
        history = staged(scenario, name)
        played = [record for record in history.days if record.day >= scenario.play.first_day]
        assert history.home.name == name
        assert len(played) * 24 >= scenario.play.hours
        assert len({scenario.title for scenario in scenarios.values()}) == len(scenarios)


def test_the_suite_covers_what_a_buyer_asks() -> None:
    scenarios = all_scenarios()
    assert {0.0, 3.0, 5.0, 10.0, 15.0} <= {
        page.home.battery.capacity_kwh for page in scenarios.values() if page.home.battery
    }
    assert {page.forecast for page in scenarios.values()} == {"perfect", "good", "poor", "none"}
    assert {"flat", "preset", "daily"} <= {page.tariff.kind for page in scenarios.values() if page.tariff}
    assert any(page.home.grid and page.home.grid.export_limit_kw == 0 for page in scenarios.values())


@dataclass(frozen=True)
class Sun:
    """Daily energies of the panels: those played, and those of the month before and after."""

    played: list[float]
    around: list[float]

    @classmethod
    def of(cls, name: str) -> "Sun":
        page = load_scenario(name)
        days = {record.day: float(record.pv_kw.sum()) for record in shipped_history("citylearn-4").days}
        first = page.play.first_day
        count = page.play.hours // 24
        return cls(
            [days[first + at * DAY] for at in range(count)],
            [days[first + at * DAY] for at in range(-15, count + 15)],
        )


def test_sunny_cloudy_and_changing_days_are_what_their_names_say() -> None:
    sunny, cloudy, changing = Sun.of("sunny"), Sun.of("cloudy"), Sun.of("changing")
    assert min(sunny.played) >= np.quantile(sunny.around, 0.75)
    assert max(cloudy.played) <= np.quantile(cloudy.around, 0.25)
    assert max(changing.played) > 5 * min(changing.played)


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (
            "    capacity_kwh: 5",
            "    capacity_kwh: -5",
            ":6: home.battery.capacity_kwh: should be 0 to 1000 (given: -5)",
        ),
        ("  battery:", "  batery:", ":5: home.batery: no such key here: check its spelling"),
        ("hours: 24", "hours: 0", ":10: play.hours: should be 1 to 672 (given: 0)"),
        ("kind: flat", "kind: flot", ":9: tariff: Input tag 'flot'"),
        ("import_price: 0.2", "import_price: 99", "tariff: a price of 99 EUR per kWh is not plausible"),
        (", hours: 24", "", ":10: play.hours: is missing"),
        ("hours: 24", "hours: 24, start_soc: 1.5", ":10: play.start_soc: should be 0 to 1 (given: 1.5)"),
        (
            "    max_charge_kw: 2.5",
            "    max_charge_kw: 2.5\n    min_soc: 0.6",
            "page.yaml:11: play.start_soc 0.2 is outside the battery's band: use 0.6 to 1.0",
        ),
        (
            "play:",
            "sensors:\n  faults:\n    - {sensor: pv_pwr, kind: restart, hours: 1}\nplay:",
            "page.yaml:12: sensors.faults.0.sensor: no 'pv_pwr' here, use one of all, bathroom_humidity,",
        ),
        ("title: A page for tests", "title: [", "is not YAML"),
        ("title: A page for tests", "title: A page for tests\ntitle: Another page", ":2: title: is given twice"),
        ("2017-01-10", "2017-02-30", ":10: play.first_day: "),
    ],
)
def test_a_mistake_is_told_with_file_line_key_value_and_what_is_allowed(
    tmp_path: Path, old: str, new: str, expected: str
) -> None:
    assert old in PAGE
    with pytest.raises(SettingsError) as raised:
        load_scenario(written(tmp_path, PAGE.replace(old, new)))
    assert expected in str(raised.value)
    assert "page.yaml" in str(raised.value)


SYNTHETIC = """\
title: A synthetic page for tests
about: Nothing but what is needed.
home:
  synthetic:
    place: {latitude: 48.1, longitude: 11.6}
    zone: Europe/Berlin
tariff: {kind: flat, import_price: 0.2}
play: {first_day: 2026-01-12, hours: 24, memory_days: 5}
"""


def test_every_fault_of_a_sensor_is_played_by_a_scenario() -> None:
    played = {fault.kind for page in all_scenarios().values() for fault in page.sensors.faults}
    assert played == set(get_args(Fault.model_fields["kind"].annotation))
    assert any(page.sensors.noise and page.sensors.resolution for page in all_scenarios().values())
    assert any(page.sensors.report_on_change for page in all_scenarios().values())


def test_a_synthetic_home_is_staged_from_its_first_remembered_day_on(tmp_path: Path) -> None:
    page = load_scenario(written(tmp_path, SYNTHETIC))
    history = staged(page, "munich")
    assert history.days[0].day == date(2026, 1, 7)
    assert history.days[-1].day >= date(2026, 1, 15)
    assert (history.home.name, history.home.zone) == ("munich", "Europe/Berlin")
    again = staged(page, "munich")
    assert all((one.load_kw == other.load_kw).all() for one, other in zip(history.days, again.days, strict=True))


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("latitude: 48.1", "latitude: 95", ":5: home.synthetic.place.latitude: should be -90 to 90 (given: 95)"),
        ("Europe/Berlin", "Europe/Atlantis", ":6: home.synthetic.zone: 'Europe/Atlantis' is not an IANA zone"),
        (
            "home:\n",
            "home:\n  recorded: citylearn-4\n",
            "both recorded 'citylearn-4' and synthetic",
        ),
    ],
)
def test_an_impossible_synthetic_home_is_told_like_any_mistake(
    tmp_path: Path, old: str, new: str, expected: str
) -> None:
    assert old in SYNTHETIC
    with pytest.raises(SettingsError) as raised:
        load_scenario(written(tmp_path, SYNTHETIC.replace(old, new)))
    assert expected in str(raised.value)


def test_every_mistake_of_a_page_is_told_at_once(tmp_path: Path) -> None:
    text = PAGE.replace("hours: 24", "hours: 0").replace("  battery:", "  batery:")
    with pytest.raises(SettingsError) as raised:
        load_scenario(written(tmp_path, text))
    assert len(str(raised.value).splitlines()) == 2


def test_an_unknown_name_lists_the_known_and_a_day_never_recorded_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"'nowhere' is not known: use one of .*sunny"):
        load_scenario("nowhere")
    with pytest.raises(SettingsError, match="cannot be read"):
        load_scenario("nowhere.yaml")
    with pytest.raises(SettingsError, match="small letters"):
        home_name("My House.yaml")
    page = load_scenario(written(tmp_path, PAGE.replace("2017-01-10", "2019-01-10")))
    with pytest.raises(DataError, match="was recorded from 2016-08-02 to 2017-07-30"):
        staged(page, "page")


def page_with(**changes: object) -> Scenario:
    plain = load_scenario("forecast-good").model_dump()
    return Scenario.model_validate(plain | changes)


def error_kw(history: History) -> float:
    return float(np.mean([np.abs(day.pv_forecast_kw - day.pv_kw).mean() for day in history.days]))


def test_the_forecast_errs_as_its_name_says() -> None:
    perfect, good, poor = (staged(page_with(forecast=name), "x") for name in ("perfect", "good", "poor"))
    assert error_kw(perfect) == 0
    assert 0.02 < error_kw(good) < 0.5 * error_kw(poor)
    assert all(day.pv_forecast_kw is None for day in staged(page_with(forecast="none"), "x").days)


def test_a_family_that_is_away_uses_what_always_runs() -> None:
    page = load_scenario("holiday")
    assert page.away is not None
    days = {record.day: record.load_kw.sum() for record in staged(page, "x").days}
    assert days[page.away.first_day] < 0.5 * days[page.away.first_day - DAY]
    assert days[page.away.first_day] > 0


def test_daily_prices_are_drawn_anew_each_day_and_the_same_from_the_same_seed() -> None:
    page = load_scenario("dynamic-negative")
    tariffs = [staged(page, "x").home.tariff for _ in range(2)]
    assert tariffs[0] == tariffs[1]
    tariff = tariffs[0]
    assert isinstance(tariff, DynamicTariff)
    imports = np.array(tariff.import_prices).reshape(-1, 24)
    assert (imports.min(axis=1) < 0).mean() > 0.75
    assert len({row[20] for row in imports.tolist()}) > 10
    last = staged(page, "x").days[-1].day
    assert last >= page.play.first_day + timedelta(hours=page.play.hours) + DAY


def test_names_come_from_files() -> None:
    assert home_name("some/where/my-house.yaml") == "my-house"
    assert date(2017, 1, 25) == load_scenario("sunny").play.first_day
    assert "sunny" in scenario_names()


def test_a_synthetic_home_is_made_for_the_days_that_are_played() -> None:
    scenario = load_scenario("family-car")
    history = staged(scenario, "family-car")
    played = [record for record in history.days if record.day >= scenario.play.first_day]
    assert (history.home.name, history.step) == ("family-car", timedelta(minutes=5))
    assert (history.days[0].day, len(played)) == (scenario.play.first_day - timedelta(days=90), 4 + 3)
    assert any("guests" in record.notes for record in played)
    again = staged(scenario, "family-car")
    assert all((one.load_kw == two.load_kw).all() for one, two in zip(history.days, again.days, strict=True))


def test_a_synthetic_home_is_forecast_as_well_as_the_scenario_says() -> None:
    def off_kw(quality: str) -> float:
        days = staged(load_scenario("heat-wave").model_copy(update={"forecast": quality}), "heat-wave").days
        return float(np.mean([np.abs(day.pv_forecast_kw - day.pv_kw).mean() for day in days]))

    assert off_kw("perfect") < 1e-4 < off_kw("good") < off_kw("poor")
    none = staged(load_scenario("heat-wave").model_copy(update={"forecast": "none"}), "heat-wave").days
    assert all(day.pv_forecast_kw is None for day in none)


@pytest.mark.parametrize(
    ("home", "expected"),
    [
        ("{synthetic: castle}", "castle"),
        ("{synthetic: couple, recorded: citylearn-4}", "both recorded"),
        ("{synthetic: couple, seed: -1}", "seed"),
    ],
)
def test_an_impossible_synthetic_home_is_refused(tmp_path: Path, home: str, expected: str) -> None:
    page = tmp_path / "mine.yaml"
    page.write_text(
        f"""
title: A home that cannot be
about: It is there to be refused with a message.
home: {home}
play: {{first_day: 2025-01-10, hours: 24}}
""",
        encoding="utf-8",
    )
    with pytest.raises(SettingsError, match=expected):
        load_scenario(str(page))
