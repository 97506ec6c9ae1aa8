"""What the journal keeps of measured slots."""

from datetime import UTC, datetime
from pathlib import Path

from agent.decision.journal import open_journal
from ingest.live.meter import MeteredSlot

NOON = datetime(2026, 1, 14, 12, tzinfo=UTC)
SLOT = MeteredSlot(NOON, 1.2, 0.3, 0.5, 0.4, 0.9, 0.0, 0.0, 0.0, 3.5, 2.25)


def test_a_slot_is_kept_with_its_temperature_and_what_was_told_of_it(tmp_path: Path) -> None:
    with open_journal(tmp_path / "journal.sqlite") as journal:
        journal.measure("home", SLOT)
        assert journal.measured("home", NOON, NOON.replace(hour=13)) == [SLOT]
