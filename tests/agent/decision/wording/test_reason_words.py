"""Days as people say them."""

import pytest

from agent.decision.constraint_words import Language
from agent.decision.wording.reason_words import days_in_words


@pytest.mark.parametrize(
    ("days", "language", "said"),
    [
        (["2016-12-19"], "en", "19 December"),
        (["2016-12-19", "2016-12-18"], "en", "19 and 18 December"),
        (["2016-12-19", "2016-12-18"], "es", "19 y 18 de diciembre"),
        (["2016-12-14", "2016-12-15", "2016-12-19"], "es", "14, 15 y 19 de diciembre"),
        (["2016-12-01", "2016-11-30"], "en", "1 December and 30 November"),
        (["2016-12-01", "2015-12-02"], "es", "1 de diciembre y 2 de diciembre"),
    ],
)
def test_days_of_one_month_name_it_once(days: list[str], language: Language, said: str) -> None:
    assert days_in_words(days, language) == said
