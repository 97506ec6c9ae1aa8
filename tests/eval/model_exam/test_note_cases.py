from collections.abc import Callable
from zoneinfo import ZoneInfo

import pytest

from agent.language.notes.reading import understand
from eval.model_exam.note_cases import NoteCases, fresh_note_cases, grade, new_note_cases, note_cases


@pytest.mark.parametrize("read", [note_cases, fresh_note_cases, new_note_cases])
def test_what_is_not_understood_is_refused_and_hardly_any_older_note_is_misread(
    read: Callable[[], NoteCases],
) -> None:
    notes = read()
    result = {one.text: understand(one.text, now=notes.moment, tz=ZoneInfo("Europe/Madrid")) for one in notes.cases}
    assert len([one.text for one in notes.cases if grade(one, result[one.text]) == "wrong"]) <= 1
    assert sum(grade(one, result[one.text]) == "right" for one in notes.cases) >= 0.8 * len(notes.cases)
