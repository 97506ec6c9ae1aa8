"""A stranger's CSV, from the file to the graded report, through the two commands that the README names."""

import json
import sys
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from advisor.cli import main
from eval.grade.records import read

HOME = """
name = "my-home"
zone = "Europe/Madrid"
pv_peak_kw = 4
[battery]
capacity_kwh = 10
max_charge_kw = 3
max_discharge_kw = 3
[tariff]
kind = "preset"
name = "es-2.0td"
"""


class Terminal:
    """Commands as a user types them, in one process: what they print, and how they end."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        monkeypatch.chdir(folder)
        self._monkeypatch, self._capsys = monkeypatch, capsys

    def advisor(self, *arguments: str, code: int = 0) -> str:
        self._monkeypatch.setattr(sys, "argv", ["advisor", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        shown = self._capsys.readouterr()
        assert (ended.value.code or 0) == code, shown.err
        return shown.err if code else shown.out


@pytest.fixture
def terminal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Terminal:
    return Terminal(tmp_path, monkeypatch, capsys)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Sixty winter days of somebody's hours, a day of them lost before the exam begins."""
    rng = np.random.default_rng(1)
    start = datetime(2024, 11, 30, 23, tzinfo=UTC)
    lines = ["timestamp,load_kw,pv_kw"]
    for at in (hour for hour in range(60 * 24) if not 200 <= hour < 224):
        moment = start + at * timedelta(hours=1)
        sun = max(0.0, float(np.sin((moment.hour - 7) / 9 * np.pi))) * rng.uniform(0, 2)
        evening = 1.5 if 17 <= moment.hour < 22 else 0.0
        lines.append(f"{moment.isoformat()},{0.3 + evening + rng.gamma(2, 0.15):.3f},{sun:.3f}")
    (tmp_path / "history.csv").write_text("\n".join(lines) + "\n")
    (tmp_path / "home.toml").write_text(HOME)
    return tmp_path


def test_two_commands_lead_from_a_file_to_a_graded_report(folder: Path, terminal: Terminal) -> None:
    terminal.advisor("ingest", "csv", "history.csv", "--home", "my-home", "--facts", "home.toml")
    result = json.loads(terminal.advisor("eval", "run", "--home", "my-home", "--json"))
    assert result["played"] == 7
    text = (folder / result["table"]).read_text()
    assert (folder / result["page"]).read_text().count("<svg") >= 4
    assert "7 cells: 7 done" in text
    assert "| timer | 1 |" in text
    assert "Homes: my-home" in text
    assert text.index("| none | 1 |") < text.index("| greedy | 1 |") < text.index("| oracle | 1 |")
    again = terminal.advisor("eval", "run", "--home", "my-home")
    assert "0 played, 7 were there already" in again
    redone = terminal.advisor("eval", "run", "--home", "my-home", "--redo", "greedy,none")
    assert "2 played, 5 were there already" in redone


def test_windows_batteries_and_tariffs_of_a_home_are_those_that_were_asked_for(
    folder: Path, terminal: Terminal
) -> None:
    terminal.advisor("ingest", "csv", "history.csv", "--home", "my-home", "--facts", "home.toml")
    wanted = (
        "--start",
        "2025-01-10",
        "--start",
        "2025-01-20",
        "--window-days",
        "3",
        "--battery",
        "3",
        "--battery",
        "9",
    )
    which = (*wanted, "--tariff", "own", "--tariff", "es-2.0td", "--policies", "none,greedy", "--days", "2")
    result = json.loads(terminal.advisor("eval", "run", "--home", "my-home", *which, "--json"))
    records = [read(path) for path in (folder / ".advisor" / "eval" / "my-home" / "records").glob("*.zip")]
    cells = [record.outcome.cell for record in records if record is not None]
    assert result["cells"] == len(cells) == 2 * 2 * 2 * 2
    assert {(cell.first_day, cell.days) for cell in cells} == {(date(2025, 1, 10), 2), (date(2025, 1, 20), 2)}
    assert {cell.battery_kwh for cell in cells} == {3.0, 9.0}
    assert {cell.tariff for cell in cells} == {"own", "es-2.0td"}


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--suite", "smoke", "--home", "citylearn-1"], "give one of them"),
        (["--battery", "5"], "choose for one home: give --home as well"),
        (["--start", "2017-01-01", "--suite", "smoke"], "choose for one home: give --home as well"),
        (["--home", "citylearn-1", "--prices", "x.whl"], "--prices belongs to --tariff dynamic"),
        (["--home", "citylearn-1", "--tariff", "dynamic"], "--prices belongs to --tariff dynamic"),
        (["--home", "citylearn-1", "--tariff", "magic"], "tariff 'magic' is not known"),
        (["--home", "citylearn-1", "--start", "2030-01-01"], "no window of 28 days begins on 2030-01-01"),
        (["--home", "citylearn-1", "--limit", "3"], "choose within --suite model"),
        (["--suite", "huge"], "suite 'huge' is not known: use one of smoke"),
        (["--home", "nowhere"], "home 'nowhere' is not known"),
        (["--policies", "magic"], "policy 'magic' is not known: use some of none, greedy"),
        (["--policies", "advisor:wizard:decide"], "'advisor:wizard:decide' is not advisor:MODEL:PROMPT"),
    ],
)
def test_wrong_usage_is_told_before_anything_is_played(
    terminal: Terminal, tmp_path: Path, arguments: list[str], expected: str
) -> None:
    assert expected in terminal.advisor("eval", "run", *arguments, code=2)
    assert not (tmp_path / ".advisor").exists()
