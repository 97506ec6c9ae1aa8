from datetime import date
from pathlib import Path

import numpy as np
import pytest

from energy.errors import DataError
from eval.collect.ablation import HINDSIGHT, RETRIEVAL, Case, Result, cases, play_case, results, run
from eval.collect.homes import HistorySource
from eval.grade.crps import crps
from eval.report.ablation import ablation_digest, ablation_figures, ablation_table, bill_difference, write_ablation
from eval.sweep.sweep import SerialSweep

WINTER = date(2017, 1, 9)


def result(home: str, variant: str, cost: float, share: float = 0.9) -> Result:
    return Result(
        case=Case(group="recorded, time of use", home=home, first_day=WINTER),
        variant=variant,
        cost=cost,
        saved_by_bound=10,
        share=share,
        crps_day_kwh=cost / 10,
        crps_hour_kw=0.3,
        covered=0.8,
        mode_changes_a_day=3,
    )


def test_the_score_of_an_ensemble_by_hand() -> None:
    # Members 0 and 2 against 1: mean distance 1, less half the mean distance between members, which is 1.
    np.testing.assert_allclose(crps(np.array([[0.0], [2.0]]), np.array([1.0])), [0.5])
    np.testing.assert_allclose(crps(np.array([[3.0]]), np.array([1.0])), [2.0])
    rng = np.random.default_rng(1)
    sharp, blunt = crps(rng.normal(0, 1, (50, 400)), np.zeros(400)), crps(rng.normal(0, 3, (50, 400)), np.zeros(400))
    assert sharp.mean() < blunt.mean()


def test_differences_are_paired_by_case() -> None:
    base = {one.case: one for one in (result("a", RETRIEVAL, 10.0), result("b", RETRIEVAL, 20.0))}
    other = [result("a", "yesterday", 11.0), result("b", "yesterday", 22.0)]
    estimate = bill_difference(other, base)
    assert estimate is not None
    assert estimate.value == pytest.approx(3.0)
    assert estimate.low == pytest.approx(2.0)
    assert estimate.high == pytest.approx(4.0)
    table = ablation_table([*base.values(), *other])
    assert "| yesterday | 2 | 90.0 [90.0, 90.0] | 90.0 | +3.00 [+2.00, +4.00] | +10.0 [+10.0, +10.0] |" in table
    (mine,) = (one for one in ablation_figures([*base.values(), *other]) if one.variant == "yesterday")
    assert (mine.windows, mine.bill_above_retrieval_in_28_days) == (2, estimate)
    digest = ablation_digest([*base.values(), *other])
    assert digest.startswith("| variant | bill, recorded, time of use |\n")
    assert "| yesterday | +3.00 [+2.00, +4.00] |\n" in digest


def test_every_case_is_named_once_and_covers_what_differs_for_a_reason() -> None:
    named = list(cases())
    assert len(named) == len(set(named))
    assert {"recorded, dynamic", "heat-pump", "busy-family", "recorded, 3 days of memory"} <= {
        case.group for case in named
    }


def test_nothing_played_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="run `advisor eval ablation`"):
        write_ablation([], tmp_path)


@pytest.mark.slow
def test_a_shipped_home_is_played_once_and_told(tmp_path: Path) -> None:
    case = Case(group="recorded, 3 days of memory", home="citylearn-4", first_day=WINTER, memory_days=3)
    received: list[str] = []
    for _ in range(2):
        run([case], HistorySource(), tmp_path, sweep=SerialSweep(), progress=received.append)
    found = results(tmp_path)
    assert len(received) == 2
    assert [one.variant for one in found] == list(case.variants)
    assert all(one.share is not None and 0 < one.share <= 1 for one in found)
    table, picture = write_ablation(found, tmp_path)
    assert "| retrieval | 1 |" in table.read_text("utf-8")
    assert picture.stat().st_size > 5000


def test_knowing_the_future_costs_the_bound() -> None:
    case = Case(group="recorded, 3 days of memory", home="citylearn-4", first_day=WINTER, memory_days=3)
    [perfect] = play_case(case, HistorySource(), ["perfect load and sun"])
    assert perfect.share == pytest.approx(1.0, abs=0.005)


def test_days_chosen_with_hindsight_forecast_better() -> None:
    case = Case(group="recorded, time of use", home="citylearn-4", first_day=WINTER)
    chosen, with_hindsight = play_case(case, HistorySource(), [RETRIEVAL, HINDSIGHT])
    assert with_hindsight.crps_hour_kw < 0.9 * chosen.crps_hour_kw
