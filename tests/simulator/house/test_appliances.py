from datetime import timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from simulator.house.appliances import smooth_sun, spiky_load

# A microwatt is less than any meter shows.
POWERS = st.one_of(st.just(0.0), st.floats(1e-9, 20))
MEANS = arrays(np.float64, st.integers(1, 72), elements=POWERS)
FIVE_MINUTES = timedelta(minutes=5)


@given(MEANS, st.integers(1, 60), st.integers(0, 2**32))
def test_spikes_keep_the_energy_of_every_interval(mean_kw: np.ndarray, per_interval: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    fine_kw = spiky_load(mean_kw, timedelta(hours=1) / per_interval, per_interval=per_interval, rng=rng)
    assert fine_kw.shape == (len(mean_kw) * per_interval,)
    assert (fine_kw >= 0).all()
    np.testing.assert_allclose(fine_kw.reshape(-1, per_interval).mean(axis=1), mean_kw, rtol=1e-12, atol=1e-9)


def test_a_house_switches_appliances_on_and_off_within_the_hour() -> None:
    fine_kw = spiky_load(np.full(24 * 7, 0.8), FIVE_MINUTES, per_interval=12, rng=np.random.default_rng(7))
    assert fine_kw.max() > 2.0
    assert fine_kw.max() < 9.0
    assert np.median(fine_kw) < 0.8
    assert np.abs(np.diff(fine_kw)).max() > 1.0


def test_the_same_seed_gives_the_same_day() -> None:
    mean_kw = np.full(24, 0.7)
    first, second, other = (
        spiky_load(mean_kw, FIVE_MINUTES, per_interval=12, rng=np.random.default_rng(seed)) for seed in (1, 1, 2)
    )
    assert (first == second).all()
    assert (first != other).any()


@given(MEANS, st.integers(1, 60))
def test_the_sun_keeps_the_energy_of_every_interval(mean_kw: np.ndarray, per_interval: int) -> None:
    fine_kw = smooth_sun(mean_kw, per_interval=per_interval, peak_kw=20.0)
    assert fine_kw.shape == (len(mean_kw) * per_interval,)
    assert (fine_kw >= 0).all()
    assert (fine_kw <= 20 + 1e-9).all()
    np.testing.assert_allclose(fine_kw.reshape(-1, per_interval).mean(axis=1), mean_kw, atol=1e-9)


def test_the_sun_moves_without_steps() -> None:
    mean_kw = np.maximum(0, 4 * np.sin(np.linspace(0, 2 * np.pi, 24, endpoint=False)))
    fine_kw = smooth_sun(mean_kw, per_interval=12, peak_kw=4.5)
    assert np.abs(np.diff(fine_kw)).max() < np.abs(np.diff(mean_kw)).max() / 3


@pytest.mark.parametrize("per_interval", [1, 12])
def test_night_stays_dark(per_interval: int) -> None:
    fine_kw = smooth_sun(np.array([0.0, 0.0, 2.0, 0.0, 0.0]), per_interval=per_interval, peak_kw=4.0)
    assert fine_kw[: 2 * per_interval].max() == pytest.approx(0, abs=1e-12)
    assert fine_kw[3 * per_interval :].max() == pytest.approx(0, abs=1e-12)
