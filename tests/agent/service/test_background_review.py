"""A model's answer beside the loop: taken up by a decision that is made later, and never waited for too long."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from threading import Event
from time import monotonic, sleep

import pytest

from agent.decision.decide import Reviewer, Situation, decide
from agent.llm.review import Brief, Chosen, NoChoice
from agent.service.background_review import BackgroundReview
from ingest.live.snapshot import NoSnapshot


def chosen(brief: Brief, label: str) -> Chosen:
    wanted = next(one.id for one in brief.candidates if one.label == label)
    return Chosen(wanted, "It costs little more.", True, "m", "choose", 1, "abc", 0.1, 1, 1, 0, False)


def answer_of(review: BackgroundReview) -> Reviewer | None:
    deadline = monotonic() + 60
    while not (found := review.done())[0]:
        assert monotonic() < deadline
        sleep(0.01)
    return found[1]


def test_what_was_chosen_by_name_is_chosen_in_a_later_plan(make_situation: Callable[..., Situation]) -> None:
    situation = replace(make_situation(), trigger="first")
    review = BackgroundReview(situation, lambda brief: chosen(brief, "plain self-consumption"), 60)
    later = situation.now + timedelta(seconds=20)
    assert not isinstance(situation.snapshot, NoSnapshot)
    snapshot = replace(situation.snapshot, at=later, soc=0.6)
    decision = decide(replace(situation, now=later, snapshot=snapshot), answer_of(review))
    assert decision.review is not None
    assert decision.review.choice == "self_consumption"
    assert decision.at == later


@pytest.mark.parametrize("fails", [True, False])
def test_a_model_that_fails_or_never_answers_leaves_the_planner(
    make_situation: Callable[..., Situation], fails: bool
) -> None:
    released = Event()

    def reviewer(brief: Brief) -> Chosen:
        if fails:
            raise RuntimeError("the client broke")
        released.wait(60)
        return chosen(brief, "plain self-consumption")

    situation = replace(make_situation(), trigger="first")
    decision = decide(situation, answer_of(BackgroundReview(situation, reviewer, 60 if fails else 0.2)))
    released.set()
    assert (decision.outcome, decision.chosen_by) == ("published", "planner")
    assert decision.review is not None
    assert decision.review.outcome == ("failed" if fails else "late")


def test_nothing_is_asked_about_a_house_that_cannot_be_judged(make_situation: Callable[..., Situation]) -> None:
    blind = replace(make_situation(), snapshot=NoSnapshot(("battery_soc: no reading yet",)))
    assert answer_of(BackgroundReview(blind, lambda _: NoChoice("failed", "asked", "m", 0.0), 60)) is None
