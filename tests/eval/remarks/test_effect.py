from collections.abc import Sequence
from datetime import date, timedelta

import numpy as np
import pytest

from eval.remarks.effect import RemarkMemory
from knowledge.days import Floats

FIRST = date(2026, 1, 1)
MEANINGS = {"sauna evening": 0, "noche de sauna": 0, "call the insurance": 1}


def _embed(texts: Sequence[str]) -> Floats:
    return np.eye(3)[[MEANINGS[text] for text in texts]]


def _evening(power_kw: float) -> Floats:
    return np.where((np.arange(24) >= 19) & (np.arange(24) < 22), power_kw, 0.0)


@pytest.fixture
def memory() -> RemarkMemory:
    """Eighty quiet days, of which every tenth had a sauna, told in two languages, and others a call."""
    made = RemarkMemory(_embed)
    for at in range(80):
        remarks = ("sauna evening",) if at % 20 == 0 else ("noche de sauna",) if at % 10 == 0 else ()
        remarks = ("call the insurance",) if at % 10 == 5 else remarks
        small = 0.02 * (-1) ** at
        made.add(FIRST + timedelta(days=at), remarks, _evening(2.0) if "sauna" in str(remarks) else _evening(small))
    return made


def test_days_with_like_remarks_in_any_language_show_what_they_add_and_when(memory: RemarkMemory) -> None:
    [effect] = memory.effect(("sauna evening",), FIRST + timedelta(days=80))
    assert len(effect.days) == 8
    assert 5.0 < effect.energy_kwh <= 6.0
    assert np.flatnonzero(effect.hourly_kw.mean(axis=0)).tolist() == [19, 20, 21]


def test_a_remark_after_which_days_are_like_others_adds_nothing(memory: RemarkMemory) -> None:
    assert memory.effect(("call the insurance",), FIRST + timedelta(days=80)) == []


def test_only_earlier_days_count_and_one_alone_shows_nothing(memory: RemarkMemory) -> None:
    [effect] = memory.effect(("sauna evening",), FIRST + timedelta(days=30))
    assert max(effect.days) < FIRST + timedelta(days=30)
    assert memory.effect(("sauna evening",), FIRST + timedelta(days=10)) == []
    assert memory.effect((), FIRST + timedelta(days=80)) == []
