import pytest

from agent.llm.review import NoChoice
from agent.llm.trial_review import TrialReview
from benchmarks.edge import largest_that_fits, tokens_per_s


@pytest.mark.parametrize(
    ("embedded_took_s", "fits"), [(0.5, "4B"), (1.0, "3B"), (2.0, "1.5B"), (5.0, "0.5B"), (60.0, None)]
)
def test_the_slower_the_small_model_the_smaller_the_largest_that_fits(embedded_took_s: float, fits: str | None) -> None:
    tried = TrialReview(
        load_s=1.0, review_s=embedded_took_s, answer=NoChoice("missing", "none", "embedded", embedded_took_s)
    )
    assert largest_that_fits(tried) == fits
    assert tokens_per_s(tried) is None
