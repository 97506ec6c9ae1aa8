"""History from a file to similar days, through the commands a user types."""

import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
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
kind = "preset"
name = "es-2.0td"
"""


def advisor(folder: Path, *arguments: str) -> Any:
    command = [sys.executable, "-m", "advisor", *arguments, "--json"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=110, check=False, cwd=folder)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture
def year(tmp_path: Path) -> Path:
    """A folder with a year of half-hours, gaps in it, and the home's facts."""
    rng = np.random.default_rng(1)
    start = datetime(2024, 12, 31, 23, tzinfo=UTC)
    lines = ["timestamp,load_kw,pv_kw,temperature_c"]
    for at in range(365 * 48):
        if at % 1500 < 40:
            continue
        moment = start + at * timedelta(minutes=30)
        sun = max(0.0, float(np.sin((moment.hour - 5) / 13 * np.pi))) * rng.uniform(0, 3)
        lines.append(f"{moment.isoformat()},{rng.gamma(2, 0.3):.3f},{sun:.3f},{rng.normal(12, 6):.1f}")
    (tmp_path / "year.csv").write_text("\n".join(lines) + "\n")
    (tmp_path / "home.toml").write_text(HOME)
    return tmp_path


@pytest.mark.slow
def test_a_year_is_ingested_once_and_only_earlier_days_are_similar(year: Path) -> None:
    ingest = ("ingest", "csv", "year.csv", "--home", "mine", "--facts", "home.toml")
    first, second = advisor(year, *ingest), advisor(year, *ingest)
    assert (first["added"], first["unchanged"]) == (365, 0)
    assert (second["added"], second["unchanged"], second["indexed"], second["narratives"]) == (0, 365, 0, 0)
    stats = advisor(year, "index", "stats")["homes"]["mine"]
    assert stats["stored"] == 365
    assert stats["usable"] == stats["indexed"] == 365 - sum(first["unusable"].values())
    assert stats["narratives"] == 365
    for day in ("2025-01-08", "2025-06-15", "2025-12-31"):
        found = [near["day"] for near in advisor(year, "days", "similar", "--date", day, "--k", "12")["similar"]]
        assert len(found) >= 5
        assert all(near < day for near in found)


def test_nothing_of_a_broken_file_is_kept(year: Path) -> None:
    with (year / "year.csv").open("a") as file:
        file.write("2026-01-01T00:00:00+00:00,broken,0,1\n")
    command = [sys.executable, "-m", "advisor", "ingest", "csv", "year.csv", "--home", "mine", "--facts", "home.toml"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, cwd=year)
    assert done.returncode == 1
    assert "column 'load_kw': 'broken' is no number" in done.stderr
    assert not (year / ".advisor").exists()
