"""Scenarios through the command line: the whole system plays them, mistakes are one clear line."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

import pytest

SCENARIOS = Path(__file__).parents[3] / "simulator" / "scenarios"
Advisor = Callable[..., CompletedProcess[str]]


@pytest.mark.slow
@pytest.mark.parametrize("name", ["no-battery", "dynamic-negative"])
def test_a_scenario_is_played_whole_and_does_not_lose(advisor: Advisor, tmp_path: Path, name: str) -> None:
    shipped = (SCENARIOS / f"{name}.yaml").read_text(encoding="utf-8")
    (tmp_path / f"{name}.yaml").write_text(re.sub(r"hours: \d+", "hours: 24", shipped), encoding="utf-8")
    done = advisor("demo", "--scenario", f"{name}.yaml", "--json", "--model", "none", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    assert result["home"] == name
    assert result["published"] == result["decisions"] == 48
    assert result["kwh_balance_error"] < 1e-6
    assert result["bill"]["oracle"] <= result["bill"]["advisor"] + 1e-6
    assert result["bill"]["advisor"] <= result["bill"]["greedy"] + 0.01 * abs(result["bill"]["greedy"]) + 1e-6


@pytest.mark.slow
def test_the_check_of_a_scenario_has_the_figures_of_its_demo(advisor: Advisor, tmp_path: Path) -> None:
    shipped = (SCENARIOS / "no-battery.yaml").read_text(encoding="utf-8")
    (tmp_path / "mine.yaml").write_text(re.sub(r"hours: \d+", "hours: 2", shipped), encoding="utf-8")
    done = advisor("scenarios", "check", "mine.yaml", "--json", cwd=tmp_path)
    (result,) = json.loads(done.stdout)["scenarios"].values()
    assert result["decisions"] == 4
    assert result["loses"] == (done.returncode == 1)


def test_a_wrong_scenario_is_one_clear_line(advisor: Advisor, tmp_path: Path) -> None:
    unknown = advisor("demo", "--scenario", "nowhere", cwd=tmp_path)
    assert unknown.returncode == 2
    assert "scenario 'nowhere' is not known: use one of" in unknown.stderr
    (tmp_path / "mine.yaml").write_text("title: Nothing else\n")
    wrong = advisor("simulate", "--scenario", "mine.yaml", cwd=tmp_path)
    assert wrong.returncode == 2
    assert "mine.yaml:1: about: is missing" in wrong.stderr
    assert "Traceback" not in wrong.stderr


def test_scenarios_are_listed_by_both_commands(advisor: Advisor, tmp_path: Path) -> None:
    assert "sunny              Three clear winter days" in advisor("scenarios", "list", cwd=tmp_path).stdout
    assert "scenarios: battery-10" in advisor("eval", "list", cwd=tmp_path).stdout
