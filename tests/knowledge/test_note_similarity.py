import numpy as np
import pytest

from knowledge.embedder import TextEmbedder
from knowledge.note_similarity import NoteDistances


def test_silence_on_both_sides_is_no_gap_and_words_against_silence_are_the_whole_gap() -> None:
    answer = NoteDistances()
    np.testing.assert_array_equal(answer.gaps((), [(), ()]), [0, 0])
    np.testing.assert_array_equal(answer.gaps((), [("away",), ()]), [1, 0])
    np.testing.assert_array_equal(answer.gaps(("Away ",), [("away",), (), ("guests",)]), [0, 1, 1])


@pytest.mark.slow
def test_words_of_like_meaning_are_nearer_than_others() -> None:
    answer = NoteDistances(TextEmbedder())
    near, far = answer.gaps(("friends for dinner",), [("guests",), ("we are away until Sunday",)])
    assert near < 0.8 < far
