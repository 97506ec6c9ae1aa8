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
    for at in range(_DAYS * 48):
        if at % 1500 < 40:
            continue
        moment = start + at * timedelta(minutes=30)
        sun = max(0.0, float(np.sin((moment.hour - 5) / 13 * np.pi))) * rng.uniform(0, 3)
        lines.append(f"{moment.isoformat()},{rng.gamma(2, 0.3):.3f},{sun:.3f},{rng.normal(12, 6):.1f}")
    (tmp_path / "months.csv").write_text("\n".join(lines) + "\n")
    (tmp_path / "home.toml").write_text(HOME)
    return tmp_path


@pytest.mark.slow
@pytest.mark.xdist_group("text embeddings")
def test_history_is_ingested_once_and_only_earlier_days_are_similar(ask: Callable[..., Any]) -> None:
    ingest = ("ingest", "csv", "months.csv", "--home", "mine", "--facts", "home.toml")
    first, second = ask(*ingest), ask(*ingest)
    assert (first["added"], first["unchanged"]) == (_DAYS, 0)
    assert (second["added"], second["unchanged"], second["indexed"], second["narratives"]) == (0, _DAYS, 0, 0)
    stats = ask("index", "stats")["homes"]["mine"]
    assert stats["stored"] == _DAYS
    assert stats["usable"] == stats["indexed"] == _DAYS - sum(first["unusable"].values())
    assert stats["narratives"] == _DAYS
    for day in ("2025-01-08", "2025-03-15", "2025-04-30"):
        found = [near["day"] for near in ask("days", "similar", "--date", day, "--k", "12")["similar"]]
        assert len(found) >= 5
        assert all(near < day for near in found)


def test_nothing_of_a_broken_file_is_kept(months: Path, advisor: Callable[..., CompletedProcess[str]]) -> None:
    with (months / "months.csv").open("a") as file:
        file.write("2026-01-01T00:00:00+00:00,broken,0,1\n")
    done = advisor("ingest", "csv", "months.csv", "--home", "mine", "--facts", "home.toml", cwd=months)
    assert done.returncode == 1
    assert "column 'load_kw': 'broken' is no number" in done.stderr
    assert not (months / ".advisor").exists()
