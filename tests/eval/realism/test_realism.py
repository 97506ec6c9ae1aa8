from pathlib import Path

import numpy as np
import pytest

from benchmarks.realism import bench_realism
from energy.errors import SettingsError
from eval.realism.plot import draw, save
from eval.realism.realism import (
    Hourly,
    autocorrelogram,
    duration_curve,
    likeness_of_neighbours,
    measures,
    peak_hours,
    synthetic_homes,
    table,
)


def home(load_kw: np.ndarray) -> Hourly:
    return Hourly("made", load_kw, np.tile(np.clip(np.sin(np.arange(24) / 4 - 1.5), 0, 1), (len(load_kw), 1)), 2.0)


@pytest.fixture
def clockwork() -> Hourly:
    """Every day the same: 3 kW at 18 h, 1 kW else."""
    load = np.ones((30, 24))
    load[:, 18] = 3
    return home(load)


def test_a_clockwork_home_has_the_numbers_worked_by_hand(clockwork: Hourly) -> None:
    result = measures(clockwork)
    assert result["energy of a day, mean (kWh)"] == 26
    assert result["energy of a day, spread / mean"] == 0
    assert np.isnan(result["energy of a day and the next, correlation"])
    assert result["highest hour (kW)"] == 3
    assert result["median hour / mean"] == pytest.approx(24 / 26)
    assert result["days that peak from 17 to 22 h (%)"] == 100
    assert result["autocorrelation after 1 day"] == pytest.approx(1)
    assert result["autocorrelation after 1 hour"] < 0
    assert result["hours of a day and the next, correlation"] == pytest.approx(1)
    assert peak_hours(clockwork)[18] == 1
    assert duration_curve(clockwork)[0] == pytest.approx(3 * 24 / 26)
    assert autocorrelogram(clockwork)[[23, 47, 167]] == pytest.approx([1, 1, 1])


def test_days_turned_upside_down_are_unlike_their_neighbours() -> None:
    shape = np.sin(np.arange(24) / 4)
    load = 2 + np.array([shape if day % 2 else -shape for day in range(20)])
    assert likeness_of_neighbours(home(load)) == pytest.approx(-np.ones(19))


@pytest.mark.parametrize(("sizes", "within"), [((1.2, 2), 0), ((0.5, 2), 1)])
def test_the_table_counts_homes_within_the_recorded_range(
    clockwork: Hourly, sizes: tuple[float, float], within: int
) -> None:
    text = table([home(clockwork.load_kw * size) for size in sizes], [clockwork])
    row = next(line for line in text.splitlines() if line.startswith("| energy of a day, mean"))
    assert row.endswith(f"| {within} of 1 |")
    assert "26.0 (26.0 to 26.0)" in row


def test_the_picture_is_the_same_for_the_same_homes(clockwork: Hourly, tmp_path: Path) -> None:
    for name in ("one.svg", "two.svg"):
        save(draw([clockwork], [clockwork]), str(tmp_path / name))
    assert (tmp_path / "one.svg").read_bytes() == (tmp_path / "two.svg").read_bytes()
    assert "recorded homes" in (tmp_path / "one.svg").read_text(encoding="utf-8")


def test_synthetic_homes_stay_as_lifelike_as_the_document_says() -> None:
    """Bands are those of the eight recorded homes (docs/realism.md), where the generator reaches them."""
    made = [measures(one) for one in synthetic_homes()]

    def median(name: str) -> float:
        return float(np.median([one[name] for one in made]))

    assert 19.6 < median("energy of a day, mean (kWh)") < 29.5
    assert 0.28 < median("energy of a day, spread / mean") < 0.60
    assert 0.32 < median("autocorrelation after 1 day") < 0.72
    assert 0.19 < median("autocorrelation after 7 days") < 0.57
    assert 0.21 < median("hours of a day and the next, correlation") < 0.71
    assert 0.63 < median("PV energy of a day and the next, correlation") < 0.80
    assert 1221 < median("PV of a year (kWh per kW)") < 1802


def test_a_missing_wheel_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"none\.whl"):
        bench_realism(wheel=tmp_path / "none.whl", out=tmp_path)
