"""What the service says of its own memory."""

from pathlib import Path

from agent.__main__ import faults_of
from agent.decision.controls import ControlPanel, Controls
from agent.decision.journal import open_journal
from energy.home import Home
from knowledge.index import MemoryIndex
from knowledge.store import DayStore


def test_an_index_that_was_damaged_or_is_missing_is_among_the_faults(tmp_path: Path, home: Home) -> None:
    store, panel = DayStore(tmp_path / "days"), ControlPanel(tmp_path / "controls.json", Controls())
    path = tmp_path / "index"
    with MemoryIndex(path):
        pass
    (path / "chroma.sqlite3").write_bytes(b"this is no database" * 100)
    with open_journal(tmp_path / "journal.sqlite") as journal, MemoryIndex(path) as index:
        faults = faults_of(home, store, journal, panel, index=index)
        assert faults.keys() == {"index"}
        assert "damaged and is filled again" in faults["index"]
        assert "cannot be written" in faults_of(home, store, journal, panel, index=None)["index"]
        index.fault = ""
        assert faults_of(home, store, journal, panel, index=index) == {}
