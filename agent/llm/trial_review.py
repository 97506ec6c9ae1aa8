"""One whole review of an example, timed: what a model costs here before the service waits for it."""

import time
from dataclasses import dataclass

from agent.llm.models import LoadedModel
from agent.llm.review import Brief, BriefCandidate, Chosen, NoChoice, make_reviewer

# What is measured now is slower when the house is busy.
_MARGIN = 0.8


@dataclass(frozen=True, slots=True)
class TrialReview:
    """How long a model took to load and to answer, and whether its answer could be used."""

    load_s: float
    review_s: float
    answer: Chosen | NoChoice

    def fits(self, deadline_s: float) -> bool:
        """Whether a loaded model answers within a deadline."""
        return self.review_s <= deadline_s

    def size_that_fits(self, size_gb: float, deadline_s: float) -> float:
        """About the size of a model that would answer in time: time goes with size."""
        return size_gb * _MARGIN * deadline_s / max(self.review_s, 0.1)


def try_review(model: LoadedModel, patience_s: float) -> TrialReview:
    """Load the model and have it choose once, waiting longer than the service would.

    Raises:
        Exception: whatever the model's client raises while it loads.
    """
    began = time.perf_counter()
    model.preload()
    load_s = time.perf_counter() - began
    answer = make_reviewer(model, patience_s)(example_brief())
    return TrialReview(load_s, answer.seconds, answer)


def example_brief() -> Brief:
    """A winter evening as large as briefs get: nothing of the home is in it."""
    facts = {
        "local_time": "Tuesday 18:00",
        "charge_percent": "42",
        "price_now": "0.312",
        "price_highest": "0.338 at 20:00",
        "price_lowest": "0.094 at 03:00",
        "load_kwh": "19.6",
        "pv_kwh": "7.4",
        "horizon_hours": "24",
        "worth_per_kwh": "0.241",
        "import_kwh": "13.9",
    }
    costs = {"charging and holding by price": 2.41, "plain self-consumption": 2.96, "keeping a reserve": 2.63}
    costs |= {"fewer changes of mode": 2.47, "no charging from the grid": 2.88}
    candidates = [
        BriefCandidate(letter, label, cost, cost - 2.41, 0.38, 0.2, 4.1, "self_consumption")
        for letter, (label, cost) in zip("ABCDE", costs.items(), strict=True)
    ]
    days = ["2026-01-13: same weekday, distance 0.31, load and sun alike"] * 3
    return Brief(facts, candidates, ["The little one is ill, keep the house warm tonight."], days)
