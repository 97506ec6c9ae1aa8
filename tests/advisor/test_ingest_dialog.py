"""`advisor ingest csv` in a terminal: it asks what a file leaves open, shows what it read, and asks before storing."""

import sys
from datetime import datetime, timedelta
from pathlib import Path

import pexpect
import pytest

HOME = """
name = "mine"
zone = "Europe/Madrid"
pv_peak_kw = 4
[battery]
capacity_kwh = 10
max_charge_kw = 3
max_discharge_kw = 3
[tariff]
kind = "flat"
import_price = 0.2
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A day in early February that may as well be one in late winter, and the home's facts."""
    start = datetime(2025, 2, 3)  # noqa: DTZ001 (a wall clock, as files have it)
    rows = [f"{start + timedelta(hours=at):%d/%m/%Y %H:%M},{0.3 + 0.01 * at:.2f},0" for at in range(24)]
    (tmp_path / "day.csv").write_text("\n".join(["time,load kW,solar kW", *rows]))
    (tmp_path / "home.toml").write_text(HOME)
    return tmp_path


def test_a_question_is_answered_by_its_number_and_nothing_is_stored_without_a_yes(folder: Path) -> None:
    command = ["-m", "advisor", "ingest", "csv", "day.csv", "--home", "mine", "--facts", "home.toml"]
    with pexpect.spawn(sys.executable, command, cwd=str(folder), encoding="utf-8", timeout=100) as terminal:
        terminal.expect("can be read in two ways")
        terminal.expect("Which")
        terminal.sendline("1")
        terminal.expect("from 2025-02-03 to 2025-02-03")
        terminal.expect("Store these 1 days")
        terminal.sendline("n")
        terminal.expect("nothing was stored")
    assert not (folder / ".advisor").exists()
