"""History from a file to similar days, through the commands a user types."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import numpy as np
import pytest

_DAYS = 120

HOME = """
name = "mine"
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


@pytest.fixture
def ask(months: Path, advisor: Callable[..., CompletedProcess[str]]) -> Callable[..., Any]:
    def run(*arguments: str) -> Any:
        done = advisor(*arguments, "--json", cwd=months)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    return run


@pytest.fixture
def months(tmp_path: Path) -> Path:
    """A folder with four months of half-hours, gaps in them, and the home's facts."""
    rng = np.random.default_rng(1)
    start = datetime(2024, 12, 31, 23, tzinfo=UTC)
    lines = ["timestamp,load_kw,pv_kw,temperature_c"]
    # Clocks go forward in these months: an hour less.
    for at in range(_DAYS * 48 - 2):
        if at % 1500 < 40:
            continue
        moment = start + at * timedelta(minutes=30)
        sun = max(0.0, float(np.sin((moment.hour - 5) / 13 * np.pi))) * rng.uniform(0, 3)
        lines.append(f"{moment.isoformat()},{rng.gamma(2, 0.3):.3f},{sun:.3f},{rng.normal(12, 6):.1f}")
    (tmp_path / "months.csv").write_text("\n".join(lines) + "\n")
    (tmp_path / "home.toml").write_text(HOME)
    return tmp_path


@pytest.mark.slow
def test_history_is_ingested_once_and_only_earlier_days_are_similar(ask: Callable[..., Any]) -> None:
    ingest = ("ingest", "csv", "months.csv", "--home", "mine", "--facts", "home.toml")
    first, second = ask(*ingest), ask(*ingest)
    assert (first["added"], first["unchanged"]) == (_DAYS, 0)
    assert (second["added"], second["unchanged"], second["indexed"]) == (0, _DAYS, 0)
    stats = ask("index", "stats")["homes"]["mine"]
    assert stats["stored"] == _DAYS
    assert stats["usable"] == stats["indexed"] == _DAYS - sum(first["unusable"].values())
    for day in ("2025-01-08", "2025-03-15", "2025-04-30"):
        found = [near["day"] for near in ask("days", "similar", "--date", day, "--k", "12")["similar"]]
        assert len(found) >= 5
        assert all(near < day for near in found)


def test_nothing_of_a_refused_file_is_kept(months: Path, advisor: Callable[..., CompletedProcess[str]]) -> None:
    text = (months / "months.csv").read_text().replace("temperature_c", "import_price", 1)
    (months / "months.csv").write_text(text)
    done = advisor("ingest", "csv", "months.csv", "--home", "mine", "--facts", "home.toml", cwd=months)
    assert done.returncode == 1
    assert "months.csv: column 'import_price'" in done.stderr
    assert "more than a kWh costs" in done.stderr
    assert not (months / ".advisor").exists()


def test_what_was_understood_is_shown_and_with_show_nothing_is_stored(
    months: Path, advisor: Callable[..., CompletedProcess[str]]
) -> None:
    done = advisor("ingest", "csv", "months.csv", "--home", "mine", "--facts", "home.toml", "--show", cwd=months)
    assert done.returncode == 0, done.stderr
    shown = ("months.csv: UTF-8, comma", "'load_kw' is what the house used, kW", "typical day: ", "nothing was stored")
    for result in shown:
        assert result in done.stdout
    assert not (months / ".advisor").exists()


def test_a_bad_day_is_set_aside_and_a_poorer_file_takes_nothing_away(months: Path, ask: Callable[..., Any]) -> None:
    lines = (months / "months.csv").read_text().splitlines()
    (months / "bad.csv").write_text("\n".join([*lines[:200], lines[200].replace(",", ",x", 1), *lines[201:400]]))
    (months / "poor.csv").write_text("\n".join([lines[0], *lines[300:330], *lines[340:360]]))
    (months / "good.csv").write_text("\n".join(lines[:400]))
    result = ask("ingest", "csv", "bad.csv", "--home", "mine", "--facts", "home.toml")
    [day] = result["set_aside"]
    assert "bad.csv row 201, column 'load_kw': 'x" in result["set_aside"][day]
    assert [one["role"] for one in result["taken"]] == ["load", "pv", "temperature_c"]
    assert ask("ingest", "csv", "good.csv", "--home", "mine", "--facts", "home.toml")["added"] == 1
    again = ask("ingest", "csv", "poor.csv", "--home", "mine", "--facts", "home.toml")
    assert again["added"] == again["replaced"] == 0
    assert again["poorer"] >= 1
