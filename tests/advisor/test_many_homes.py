import json
from pathlib import Path

import pytest

from knowledge.store import DayStore
from tests.conftest import Advisor

FACTS = 'zone = "Etc/UTC"\npv_peak_kw = 5\n[battery]\ncapacity_kwh = 10\nmax_charge_kw = 5\nmax_discharge_kw = 5\n'
FACTS += '[tariff]\nkind = "flat"\nimport_price = 0.3\nexport_price = 0.05\n'


def household(folder: Path, name: str, load_kwh: float) -> None:
    home = folder / name
    home.mkdir(parents=True)
    (home / "home.toml").write_text(f'name = "any"\n{FACTS}', encoding="utf-8")
    for month in (1, 2):
        rows = [f"2026-{month:02d}-{day:02d} {hour:02d}:00,{load_kwh},0.1" for day in range(1, 4) for hour in range(24)]
        text = "\n".join(["time,load_kwh,pv_kwh", *rows])
        (home / f"{month}.csv").write_text(text + "\n", encoding="utf-8")


@pytest.mark.parametrize("workers", ["0", "2"])
def test_many_homes_are_read_at_once_and_one_that_cannot_be_stops_no_other(
    advisor: Advisor, tmp_path: Path, workers: str
) -> None:
    for number, name in enumerate(("ada", "bob"), start=1):
        household(tmp_path / "homes", name, float(number))
    household(tmp_path / "homes", "eve", 1.0)
    (tmp_path / "homes" / "eve" / "2.csv").write_text("nothing,of\nuse,here\n", encoding="utf-8")
    memory = tmp_path / "memory"
    options = ("--workers", workers, "--memory", str(memory), "--json")
    done = advisor("ingest", "homes", str(tmp_path / "homes"), *options)
    assert done.returncode == 1
    assert "1 of 3 homes could not be read" in done.stderr
    found = json.loads(done.stdout)
    assert sorted(found["homes"]) == ["ada", "bob"]
    assert "2.csv" in found["failed"]["eve"]
    store = DayStore(memory / "days")
    for number, name in enumerate(("ada", "bob"), start=1):
        days = store.days(name)
        assert len(days) == 6
        assert all((day.load_kw == number).all() for day in days)


def test_a_folder_without_homes_is_told(advisor: Advisor, tmp_path: Path) -> None:
    done = advisor("ingest", "homes", str(tmp_path))
    assert done.returncode == 2
    assert "give each home one" in done.stderr
