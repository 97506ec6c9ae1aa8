"""The ledger of one inverter: obeyed, not obeyed, changed by somebody else, given back."""

from datetime import UTC, datetime, timedelta

import pytest
from pydantic import ValidationError

from agent.decision.read_back import ChangedByHand, Confirmed, NotConfirmed, ReadBack, ReadBackTracker, Unchanged

NOW = datetime(2026, 1, 14, 7, tzinfo=UTC)
TWO_HOURS = timedelta(hours=2)
WANTED = {"select.mode": "Force charge", "number.target": "80"}
SHOWN = {"select.mode": "Force charge", "number.target": "80.0"}


def update(ledger: ReadBackTracker, report: ReadBack, *, at: datetime = NOW, respect: timedelta = TWO_HOURS) -> object:
    return ledger.update(report, now=at, respect=respect)


@pytest.fixture
def ledger() -> ReadBackTracker:
    made = ReadBackTracker()
    assert update(made, ReadBack(decision_id="a", wanted=WANTED, shown=SHOWN)) == Confirmed("a")
    return made


def test_a_command_counts_only_when_it_shows() -> None:
    report = ReadBack(decision_id="a", wanted=WANTED, shown=SHOWN | {"select.mode": "Self use"})
    expected = NotConfirmed("a", "select.mode shows 'Self use' instead of 'Force charge'")
    assert update(ReadBackTracker(), report) == expected


def test_what_never_obeyed_us_is_not_changed_by_hand() -> None:
    ledger = ReadBackTracker()
    update(ledger, ReadBack(decision_id="a", wanted=WANTED, shown=SHOWN | {"select.mode": "Self use"}))
    assert update(ledger, ReadBack(shown=SHOWN | {"select.mode": "Backup"})) == Unchanged()


def test_a_change_by_hand_is_respected_for_its_time(ledger: ReadBackTracker) -> None:
    outcome = update(ledger, ReadBack(shown=SHOWN | {"select.mode": "Self use"}))
    assert outcome == ChangedByHand(
        "select.mode was set to 'Self use', we had 'Force charge'", NOW, NOW + timedelta(hours=2)
    )
    assert ledger.respects(NOW + timedelta(minutes=119))
    assert not ledger.respects(NOW + timedelta(minutes=120))


def test_what_is_set_back_or_given_back_is_ours_again(ledger: ReadBackTracker) -> None:
    changed = ReadBack(shown=SHOWN | {"number.target": "40"})
    update(ledger, changed)
    assert update(ledger, ReadBack(shown=SHOWN)) == Unchanged()
    assert not ledger.respects(NOW)
    update(ledger, changed)
    ledger.take_back()
    assert not ledger.respects(NOW)


@pytest.mark.parametrize(
    "shown", [{"select.mode": "unavailable"}, {"number.target": "unknown"}, {"number.target": "80.4"}]
)
def test_an_entity_that_is_away_or_rounds_was_changed_by_nobody(ledger: ReadBackTracker, shown: dict[str, str]) -> None:
    assert update(ledger, ReadBack(shown=SHOWN | shown)) == Unchanged()
    assert not ledger.respects(NOW)


def test_nothing_is_respected_where_the_household_wants_none(ledger: ReadBackTracker) -> None:
    report = ReadBack(shown=SHOWN | {"select.mode": "Self use"})
    assert update(ledger, report, respect=timedelta()) == Unchanged()
    assert not ledger.respects(NOW)


@pytest.mark.parametrize(
    "given",
    [
        {"shown": {"not an entity": "on"}},
        {"shown": {"select.mode": "x" * 300}},
        {"shown": {f"select.m{at}": "x" for at in range(17)}},
        {"decision_id": "x" * 65, "shown": {}},
        {"shown": {}, "more": 1},
    ],
)
def test_a_hostile_report_is_refused(given: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        ReadBack.model_validate(given)
