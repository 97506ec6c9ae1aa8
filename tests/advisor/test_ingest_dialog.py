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


def test_an_answer_may_name_several_columns_and_holds_for_the_file_that_was_asked_about(folder: Path) -> None:
    start = datetime(2025, 2, 13)  # noqa: DTZ001 (a wall clock, as files have it)
    times = [f"{start + timedelta(hours=at):%Y-%m-%d %H:%M}" for at in range(24)]
    sun = [f"{at},{0.4 if 9 <= n < 17 else 0},{0.2 if 9 <= n < 17 else 0}" for n, at in enumerate(times)]
    (folder / "sun.csv").write_text("\n".join(["time,PV roof kW,PV barn kW", *sun]))
    (folder / "used.csv").write_text(
        "\n".join(["time,Valeur", *(f"{at},{0.3 + 0.1 * (n % 3):.1f}" for n, at in enumerate(times))])
    )
    command = ["-m", "advisor", "ingest", "csv", "sun.csv", "used.csv", "--home", "mine", "--facts", "home.toml"]
    with pexpect.spawn(sys.executable, command, cwd=str(folder), encoding="utf-8", timeout=100) as terminal:
        terminal.expect("may all be solar production")
        terminal.expect("3  all of them, added up")
        terminal.sendline("3")
        terminal.expect("not said what column 'Valeur' holds")
        terminal.sendline("1")
        terminal.expect("9.6 kWh used, 4.8 kWh solar")
        terminal.expect("Store these 1 days")
        terminal.sendline("n")
