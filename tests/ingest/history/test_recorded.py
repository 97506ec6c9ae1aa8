import os
from pathlib import Path

import numpy as np
import pytest

import ingest
from energy.errors import DataError, SettingsError
from energy.slots import day_bounds
from ingest.history.citylearn import read_citylearn
from ingest.history.pv_forecast import honest_pv_forecast
from ingest.history.recorded import ship, shipped_history, shipped_homes

WHEEL = Path(os.environ.get("CITYLEARN_WHEEL", "CityLearn-2.1.2-py3-none-any.whl"))
needs_wheel = pytest.mark.skipif(
    not WHEEL.exists(), reason="set CITYLEARN_WHEEL to the file of: pip download --no-deps CityLearn==2.1.2"
)


@pytest.mark.parametrize("name", shipped_homes())
def test_a_shipped_home_has_a_whole_year_of_whole_days(name: str) -> None:
    history = shipped_history(name)
    assert (history.days[0].day.isoformat(), history.days[-1].day.isoformat()) == ("2016-08-01", "2017-07-30")
    assert len(history.days) == 364
    for record in history.days:
        assert record.start == day_bounds(record.day, history.home.tz)[0]
        assert len(record.load_kw) == 24
        assert not np.isnan(record.load_kw).any()
        assert record.pv_kw.max() <= 1.05 * history.home.pv_peak_kw
        assert record.pv_kw[[0, 1, 2, 22, 23]].sum() == 0  # the clock is right: no sun at night


def test_an_unknown_home_is_told_what_there_is() -> None:
    with pytest.raises(SettingsError, match="'nowhere' is not shipped: use one of citylearn-1, citylearn-4"):
        shipped_history("nowhere")


def test_a_wheel_that_is_none_is_told_how_to_get_one(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="pip download"):
        read_citylearn(tmp_path / "none.whl", 1)
    with pytest.raises(SettingsError, match="Is a directory"):
        read_citylearn(tmp_path, 1)
    (tmp_path / "odd.whl").write_text("no zip")
    with pytest.raises(SettingsError, match="is not a wheel"):
        read_citylearn(tmp_path / "odd.whl", 1)


def test_the_synthetic_forecast_errs_honestly_and_by_its_own_day_alone() -> None:
    history = shipped_history("citylearn-4")
    errors = []
    for record in history.days:
        assert record.pv_forecast_kw is not None
        assert (record.pv_forecast_kw[record.pv_kw == 0] == 0).all()
        errors.append(record.pv_forecast_kw.sum() / record.pv_kw.sum() - 1)
        again = honest_pv_forecast(
            record.pv_kw, home="citylearn-4", day=record.day, peak_kw=history.home.pv_peak_kw, step_hours=1
        )
        np.testing.assert_array_equal(again, record.pv_forecast_kw)
    assert 0.10 < np.std(errors) < 0.35
    assert abs(np.mean(errors)) < 0.08


@needs_wheel
def test_the_shipped_files_are_what_the_wheel_says(tmp_path: Path) -> None:
    for name in shipped_homes():
        made = ship(WHEEL, int(name.removeprefix("citylearn-")), tmp_path)
        assert made.read_bytes() == (Path(ingest.__file__).parent / "homes" / made.name).read_bytes()
    for ours, theirs in zip(shipped_history("citylearn-1").days, read_citylearn(WHEEL, 1).days, strict=True):
        np.testing.assert_array_equal(ours.load_kw, theirs.load_kw)


@needs_wheel
def test_homes_without_sun_and_unknown_homes_are_refused() -> None:
    with pytest.raises(DataError, match="hardly any PV"):
        read_citylearn(WHEEL, 14)
    with pytest.raises(SettingsError, match="no home 99"):
        read_citylearn(WHEEL, 99)
    assert read_citylearn(WHEEL, 12).warnings
