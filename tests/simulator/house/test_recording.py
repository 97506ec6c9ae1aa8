import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from energy.errors import DataError
from simulator.house.recording import Recording

HALF_HOUR = timedelta(minutes=30)
FORECASTS = ("pv_forecast_kw", "temperature_forecast_c")


def test_a_recording_survives_its_file(recording: Recording, tmp_path: Path) -> None:
    path = tmp_path / "day.json"
    recording.to_json(path)
    read = Recording.from_json(path)
    assert (read.home, read.start, read.step, read.end) == (
        recording.home,
        recording.start,
        recording.step,
        recording.end,
    )
    for name in (*("load_kw", "pv_kw", "import_price", "export_price", "temperature_c"), *FORECASTS):
        np.testing.assert_array_equal(getattr(read, name), getattr(recording, name))


@pytest.mark.parametrize(
    ("spoil", "expected"),
    [
        (lambda content: content.pop("load_kw"), "load_kw: is missing, give it"),
        (lambda content: content.update(step_minutes=90), "step_minutes: .*90"),
        (lambda content: content["load_kw"].__setitem__(3, "much"), "load_kw.3: .*'much'"),
        (lambda content: content["load_kw"].__setitem__(3, -1), "load_kw holds -1.0: powers are never negative"),
        (lambda content: content["pv_kw"].pop(), "pv_kw has 23 values and load_kw 24"),
        (lambda content: content["pv_forecast_kw"].__delitem__(slice(9, None)), "pv_forecast_kw has 9 values"),
        (lambda content: content["temperature_forecast_c"].clear(), "temperature_forecast_c has 0 values"),
        (lambda content: content.update(start="2017-01-10T00:00:00"), "start: .*'2017-01-10T00:00:00'"),
        (lambda content: content["home"].update(zone="Mars/Base"), "home.zone: .*'Mars/Base' is not an IANA zone"),
        (lambda content: content.update(colour="red"), "colour: .*'red'"),
    ],
)
def test_an_impossible_file_says_where_and_what(
    recording: Recording, tmp_path: Path, spoil: Callable[[dict[str, Any]], object], expected: str
) -> None:
    path = tmp_path / "day.json"
    recording.to_json(path)
    content = json.loads(path.read_text())
    spoil(content)
    path.write_text(json.dumps(content))
    with pytest.raises(DataError, match=expected) as raised:
        Recording.from_json(path)
    assert str(path) in str(raised.value)


def test_a_missing_file_is_a_clear_error(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"none.json.*No such file.*check the path"):
        Recording.from_json(tmp_path / "none.json")


def test_a_recording_with_gaps_is_refused(recording: Recording, tmp_path: Path) -> None:
    gappy = replace(recording, load_kw=np.r_[np.nan, recording.load_kw[1:]])
    with pytest.raises(DataError, match=r"'casa-1', load_kw.0: .*nan"):
        gappy.to_json(tmp_path / "day.json")


@pytest.mark.parametrize(
    ("hour", "slot_minutes", "first", "count"),
    [
        (0, 30, (0.0, 0.0), 46),
        (10, 30, (1.0, 1.0, 3.0, 3.0, 2.5), 26),
        (10.5, 30, (1.0, 3.0), 25),
        (10, 60, (1.0, 3.0, 2.5, 0.5, 0.0), 13),
        (10, 15, (1.0, 1.0, 1.0, 1.0, 3.0), 52),
        (22.5, 30, (0.0,), 1),
        (23, 30, (0.0, 0.0), 48),
        (48, 30, (), 0),
    ],
)
def test_the_forecast_covers_what_is_left_of_the_day(
    recording: Recording, hour: float, slot_minutes: int, first: tuple[float, ...], count: int
) -> None:
    """In Madrid the day ends at hour 23 of this recording."""
    slot = timedelta(minutes=slot_minutes)
    values_kw = recording.forecast_from(recording.start + timedelta(hours=hour), slot)
    assert values_kw[: len(first)] == first
    assert len(values_kw) == count


def test_the_forecast_of_a_midnight_to_come_is_not_told(recording: Recording) -> None:
    changed = replace(recording, pv_forecast_kw=np.r_[recording.pv_forecast_kw[:23], np.full(25, 9.0)])
    for hour in (0, 11.5, 22.5):
        moment = recording.start + timedelta(hours=hour)
        assert changed.forecast_from(moment, HALF_HOUR) == recording.forecast_from(moment, HALF_HOUR)
    assert set(changed.forecast_from(recording.start + timedelta(hours=23), HALF_HOUR)) == {9.0}


def test_a_renewed_forecast_loses_the_error_of_midnight_in_the_last_hours_before_a_slot(recording: Recording) -> None:
    hours = len(recording.load_kw)
    renewed = replace(recording, pv_forecast_kw=np.full(hours, 1.0), pv_nowcast_kw=np.full(hours, 2.0))
    for hour in (0, 5):
        values_kw = renewed.forecast_from(recording.start + timedelta(hours=hour), HALF_HOUR)
        assert values_kw[:13:6] == (2.0, 1.5, 1.0)
        assert set(values_kw[12:]) == {1.0}


def test_finer_forecasts_are_averaged_over_the_slot(recording: Recording) -> None:
    fine = replace(recording, step=timedelta(minutes=10), pv_forecast_kw=np.arange(9.0))
    assert fine.forecast_from(fine.start, HALF_HOUR) == (1.0, 4.0, 7.0)


def test_without_a_forecast_there_is_nothing_ahead(recording: Recording) -> None:
    assert replace(recording, pv_forecast_kw=None).forecast_from(recording.start, HALF_HOUR) == ()


def test_of_the_temperature_only_the_day_is_told_that_has_begun(recording: Recording) -> None:
    """In Madrid the day ends an hour before this recording does: its last hour is of another midnight's forecast."""
    first, whole = recording.temperatures_on(recording.start, HALF_HOUR)
    assert (first, len(whole)) == (recording.start, 46)
    assert whole[:3] == (4.0, 4.0, 4.25)
    changed = np.r_[recording.temperature_forecast_c[:23], -50.0, -50.0]
    colder = replace(recording, temperature_forecast_c=changed)
    for hour in (0, 11.5, 22.5):
        assert colder.temperatures_on(recording.start + timedelta(hours=hour), HALF_HOUR) == (first, whole)
    midnight = recording.start + timedelta(hours=23)
    assert colder.temperatures_on(midnight, HALF_HOUR) == (midnight, (-50.0,) * 4)
    assert replace(recording, temperature_forecast_c=None).temperatures_on(midnight, HALF_HOUR)[1] == ()
