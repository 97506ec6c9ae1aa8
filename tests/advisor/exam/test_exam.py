"""A stranger's CSV, from the file to the graded report, through the two commands that the README names."""

import json
import sys
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from advisor.cli import main
from eval.bills.rule_windows import RuleCase, RuleMonth
from eval.collect.ablation import RETRIEVAL, Case, Result
from eval.grade.records import read
from eval.remarks.playing import NONE, WORDS, RemarkResult, remark_cases

DAY = date(2025, 2, 1)

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
    assert json.loads(terminal.advisor("eval", "report", "my-home", "--json"))["settings"] == result["settings"]
    assert {one["policy"] for one in result["settings"][0]["policies"]} >= {"planner", "greedy", "oracle"}
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


def test_what_was_played_before_is_told_by_name(terminal: Terminal, tmp_path: Path) -> None:
    out = tmp_path / ".advisor" / "eval"
    for part in ("ablation", "rules", "remarks"):
        (out / part).mkdir(parents=True)
    costs = {"none": 50.0, "greedy": 45.0, "without": 40.0, "with": 36.0, "bound": 30.0}
    rule = RuleMonth(case=RuleCase(home="a", month=DAY), costs={"cap": costs}, median_ms={"cap": 9.0})
    (out / "rules" / rule.case.name).write_text(rule.model_dump_json(), encoding="utf-8")
    scored = {"crps_day_kwh": 2.0, "crps_hour_kw": 0.3}
    case = Case(group="recorded, time of use", home="a", first_day=DAY)
    shown = scored | {"saved_by_bound": 9.0, "share": 0.9, "covered": 0.8, "mode_changes_a_day": 3.0}
    tried = Result.model_validate({"case": case, "variant": RETRIEVAL, "cost": 5.0, **shown})
    (out / "ablation" / "a.jsonl").write_text(tried.model_dump_json() + "\n", encoding="utf-8")
    for remark in remark_cases():
        kept = {"case": remark, "cost": 5.0, **scored, "remarked_crps_day_kwh": 2.0, "days_changed": 0}
        lines = [RemarkResult.model_validate(kept | {"variant": name}).model_dump_json() for name in (NONE, WORDS)]
        name = f"{remark.home}_{remark.seed}_{remark.first_day}.jsonl"
        (out / "remarks" / name).write_text("\n".join(lines), encoding="utf-8")
    rules = json.loads(terminal.advisor("eval", "rules", "--report-only", "--json"))["rules"]
    assert [(one["rule"], one["currency"], one["gain"]["value"]) for one in rules] == [("cap", "EUR", 4.0)]
    variants = json.loads(terminal.advisor("eval", "ablation", "--report-only", "--json"))["variants"]
    assert [(one["variant"], one["share_of_bound"]["value"]) for one in variants] == [(RETRIEVAL, 0.9)]
    remarks = json.loads(terminal.advisor("eval", "remarks", "--json"))["variants"]
    assert {one["variant"]: one["bill_above_words_in_28_days"] for one in remarks}[WORDS] is None
    assert json.loads(terminal.advisor("eval", "export", "--json"))["conversations"] > 0


def test_yields_and_prompts_are_told_by_name(terminal: Terminal) -> None:
    yields = json.loads(terminal.advisor("eval", "yields", "--json"))
    assert yields["published"][0]["town"] == "Zaragoza"
    assert {len(yields[name]) > 0 for name in ("stations", "published", "towns")} == {True}
    prompt = json.loads(terminal.advisor("prompts", "show", "decide/v1", "--json"))
    assert (prompt["name"], prompt["version"]) == ("decide", 1)
    assert prompt["sections"]


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
