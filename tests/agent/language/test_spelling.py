"""Slips of the fingers and pauses: what is mended, what is left alone, and that places still lead to the text."""

import pytest

from agent.language.kinds.learned import read_text
from agent.language.kinds.spelling import mended

KNOWN = frozenset({"guests", "battery", "leave", "match", "plans", "planes"})


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("keep 60 % until fridsy", "keep 60 % until friday"),
        ("hasta el dominfo a las cibco", "hasta el domingo a las cinco"),
        ("guests on satudray", "guests on saturday"),
        ("on saturdaay and sudnay", "on saturday and sunday"),
        ("watch the match", "watch the match"),
        ("until er Saturday", "until saturday"),
        ("hasta o sea el lunes", "hasta el lunes"),
        ("do you see any faults", "do you see any faults"),
        ("the battrey", "the battrey"),
    ],
)
def test_words_for_times_are_mended_and_pauses_go(text: str, words: str) -> None:
    assert mended(text, KNOWN)[0] == words


@pytest.mark.parametrize(
    ("text", "words"),
    [("the battrey", "the battery"), ("gueats lesve", "guests leave"), ("the plan", "the plan"), ("plabes", "planes")],
)
def test_a_whole_mending_takes_the_only_known_word_that_is_a_slip_away(text: str, words: str) -> None:
    assert mended(text, KNOWN, whole=True)[0] == words


@pytest.mark.parametrize("text", ["Keep 60 % until FRIDSY", "hasta o sea el Dominfo", "fridday ½ fridsy", "", "er"])
def test_every_letter_has_its_place_in_the_text(text: str) -> None:
    words, places = mended(text, KNOWN)
    assert len(words) == len(places)
    assert places == sorted(places)
    assert all(0 <= at < len(text) for at in places)


def test_what_is_refused_is_refused_in_spite_of_a_slip() -> None:
    assert "should it snow" in read_text("shoild it snow tomorrow, hold 80%").meant
