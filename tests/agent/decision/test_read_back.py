"""The ledger of one inverter: obeyed, not obeyed, changed by somebody else, given back."""

from datetime import UTC, datetime, timedelta

import pytest
from pydantic import ValidationError

from agent.decision.read_back import ChangedByHand, NotObeyed, Obedience, Obeyed, ReadBack, Unchanged

NOW = datetime(2026, 1, 14, 7, tzinfo=UTC)
TWO_HOURS = timedelta(hours=2)
WANTED = {"select.mode": "Force charge", "number.target": "80"}
SHOWN = {"select.mode": "Force charge", "number.target": "80.0"}


def hear(ledger: Obedience, report: ReadBack, *, at: datetime = NOW, respect: timedelta = TWO_HOURS) -> object:
    return ledger.hear(report, now=at, respect=respect)


@pytest.fixture
def ledger() -> Obedience:
    made = Obedience()
    assert hear(made, ReadBack(decision_id="a", wanted=WANTED, shown=SHOWN)) == Obeyed("a")
    return made


def test_a_command_counts_only_when_it_shows() -> None:
    report = ReadBack(decision_id="a", wanted=WANTED, shown=SHOWN | {"select.mode": "Self use"})
    expected = NotObeyed("a", "select.mode shows 'Self use' instead of 'Force charge'")
    assert hear(Obedience(), report) == expected


def test_what_never_obeyed_us_is_not_changed_by_hand() -> None:
    ledger = Obedience()
    hear(ledger, ReadBack(decision_id="a", wanted=WANTED, shown=SHOWN | {"select.mode": "Self use"}))
    assert hear(ledger, ReadBack(shown=SHOWN | {"select.mode": "Backup"})) == Unchanged()


def test_a_change_by_hand_is_respected_for_its_time(ledger: Obedience) -> None:
    outcome = hear(ledger, ReadBack(shown=SHOWN | {"select.mode": "Self use"}))
    assert outcome == ChangedByHand(
        "select.mode was set to 'Self use', we had 'Force charge'", NOW, NOW + timedelta(hours=2)
    )
    assert ledger.respects(NOW + timedelta(minutes=119))
    assert not ledger.respects(NOW + timedelta(minutes=120))


def test_what_is_set_back_or_given_back_is_ours_again(ledger: Obedience) -> None:
    changed = ReadBack(shown=SHOWN | {"number.target": "40"})
    hear(ledger, changed)
    assert hear(ledger, ReadBack(shown=SHOWN)) == Unchanged()
    assert not ledger.respects(NOW)
    hear(ledger, changed)
    ledger.take_back()
    assert not ledger.respects(NOW)


@pytest.mark.parametrize(
    "shown", [{"select.mode": "unavailable"}, {"number.target": "unknown"}, {"number.target": "80.4"}]
)
def test_an_entity_that_is_away_or_rounds_was_changed_by_nobody(ledger: Obedience, shown: dict[str, str]) -> None:
    assert hear(ledger, ReadBack(shown=SHOWN | shown)) == Unchanged()
    assert not ledger.respects(NOW)


def test_nothing_is_respected_where_the_household_wants_none(ledger: Obedience) -> None:
    report = ReadBack(shown=SHOWN | {"select.mode": "Self use"})
    assert hear(ledger, report, respect=timedelta()) == Unchanged()
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
