"""Prompts compared: paired differences, what the words mean, and constant policies around a choice."""

import pytest

from eval.model_exam.choice_cases import EXAM_HOME, TRAINING_HOME, exam_cases, training_cases
from eval.model_exam.choice_exam import sit_choice
from eval.model_exam.prompt_compare import CaseOutcome, differences, outcomes, verdict
from eval.model_exam.scores import Examinee, mean_score
from prompts.library import load

REGRET = "regret, cents a slot"


def cases(*values: float, name: str = REGRET) -> list[CaseOutcome]:
    return [CaseOutcome(str(at), {name: value}, "") for at, value in enumerate(values)]


@pytest.mark.parametrize(
    ("name", "first", "second", "word"),
    [
        (REGRET, (2.0, 3.0, 4.0), (1.0, 2.0, 3.0), "better"),
        (REGRET, (1.0, 2.0, 3.0), (2.0, 3.0, 4.0), "worse"),
        (REGRET, (1.0, 2.0, 3.0), (2.0, 1.0, 3.0), "no difference"),
        ("valid", (0.0, 0.0, 0.0), (1.0, 1.0, 1.0), "better"),
        ("prompt tokens", (9.0, 9.0, 9.0), (5.0, 5.0, 5.0), "no difference"),
        ("answered A", (0.0, 0.0, 0.0), (1.0, 1.0, 1.0), "no difference"),
    ],
)
def test_a_winner_needs_an_interval_without_zero(
    name: str, first: tuple[float, ...], second: tuple[float, ...], word: str
) -> None:
    assert verdict(differences(cases(*first, name=name), cases(*second, name=name))) == word


def test_gains_in_one_measure_do_not_outweigh_losses_in_another() -> None:
    first = [CaseOutcome(str(at), {REGRET: 2.0, "valid": 1.0}, "") for at in range(4)]
    second = [CaseOutcome(str(at), {REGRET: 1.0, "valid": 0.0}, "") for at in range(4)]
    assert verdict(differences(first, second)) == "no difference"


def test_only_cases_that_both_have_are_compared() -> None:
    [found] = differences(cases(1.0, 2.0, 9.0), cases(2.0, 4.0))
    assert (found.first, found.second, found.cases) == (1.5, 3.0, 2)
    assert found.gap.value == pytest.approx(1.5)


def test_a_prompt_that_no_suite_asks_is_named() -> None:
    with pytest.raises(Exception, match="no suite asks the prompt 'gather'"):
        list(outcomes(Examinee(), load("gather"), None, print))


def test_constant_policies_are_scored_on_every_moment_and_none_beats_the_planner() -> None:
    results = list(sit_choice(Examinee(), None, lambda _: None))
    means = {who: mean_score([one for one in results if one.who == who]) for who in {one.who for one in results}}
    assert len(results) == 4 * len(exam_cases())
    assert all(one.score >= 0 for one in results)
    best, greedy = means["planner's best"], means["always self-consumption"]
    assert best is not None
    assert greedy is not None
    assert best.value == 0 < greedy.low
    # The schedules stand in random order: a habit of one letter is worth no more than chance.
    always_a, chance = means["always A"], means["random"]
    assert always_a is not None
    assert chance is not None
    assert always_a.low < chance.value < always_a.high


def test_training_moments_share_no_home_and_no_month_with_the_exam() -> None:
    assert EXAM_HOME != TRAINING_HOME
    months = [{case.situation.now.strftime("%Y-%m") for case in those} for those in (exam_cases(), training_cases())]
    assert not months[0] & months[1]
    assert {case.situation.home.name for case in training_cases()} == {TRAINING_HOME}
