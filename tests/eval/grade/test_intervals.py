import numpy as np
import pytest

from eval.grade.intervals import mean_of, median_of


def test_an_interval_holds_its_value_and_narrows_with_more_homes() -> None:
    rng = np.random.default_rng(3)
    few = [(f"home-{home}", float(value)) for home in range(4) for value in rng.normal(10, 2, 3)]
    many = [(f"home-{home}", float(value)) for home in range(64) for value in rng.normal(10, 2, 3)]
    small, large = mean_of(few), mean_of(many)
    assert small is not None
    assert large is not None
    assert small.low < small.value < small.high
    assert large.high - large.low < 0.5 * (small.high - small.low)
    # The standard error of 192 values of deviation 2.
    assert large.high - large.low == pytest.approx(2 * 1.96 * 2 / 192**0.5, rel=0.35)


def test_windows_of_one_home_are_not_taken_for_independent_homes() -> None:
    levels = [5.0, 15.0] * 4
    alike = [(f"home-{home}", levels[home]) for home in range(8) for _ in range(10)]
    apart = [(f"home-{number}", level) for number, level in enumerate(levels * 10)]
    clustered, free = mean_of(alike), mean_of(apart)
    assert clustered is not None
    assert free is not None
    assert clustered.high - clustered.low > 2 * (free.high - free.low)


def test_a_home_with_more_windows_weighs_no_more_in_the_draws() -> None:
    found = median_of([("a", 1.0), *[("b", 3.0)] * 9])
    assert found is not None
    assert (found.low, found.value, found.high) == (1.0, 3.0, 3.0)
    assert mean_of([]) is None


def test_the_same_values_give_the_same_interval_and_words() -> None:
    values = [("a", 0.5), ("a", 0.6), ("b", 0.9)]
    assert median_of(values) == median_of(values)
    result = median_of([("a", 0.25)])
    assert result is not None
    assert result.text(".0f", times=100) == "25 [25, 25]"
    assert result.text("+.2f") == "+0.25 [+0.25, +0.25]"
