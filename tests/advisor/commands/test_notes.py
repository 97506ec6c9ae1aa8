"""Notes through the commands a user types."""

import json
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from energy.battery import Battery
from energy.home import Home
from energy.pricing.tariff import FlatTariff
from knowledge.store import DayStore


@pytest.fixture
def memory(tmp_path: Path) -> Path:
    home = Home(
        name="mine",
        zone="Europe/Madrid",
        pv_peak_kw=4,
        battery=Battery(capacity_kwh=10, max_charge_kw=3, max_discharge_kw=3),
        tariff=FlatTariff(import_price=0.2),
    )
    DayStore(tmp_path / "days").remember_home(home)
    return tmp_path


Notes = Callable[..., CompletedProcess[str]]


@pytest.fixture
def notes(memory: Path, advisor: Callable[..., CompletedProcess[str]]) -> Notes:
    options = ["--home", "mine", "--memory", str(memory), "--at", "2026-01-14 18:00"]
    return lambda *arguments, answer="": advisor("notes", *arguments, *options, answer=answer)


def test_a_note_is_shown_back_confirmed_listed_and_withdrawn(notes: Notes) -> None:
    result = "at least 60 % in the battery, bought from the grid where needed, from Wed 14 Jan, 18:00 to Thu"
    refused = notes("add", "keep 60 % until 08:00", answer="n\n")
    assert (refused.returncode, result in refused.stdout) == (1, True)
    assert json.loads(notes("list", "--json").stdout) == {"notes": []}
    assert notes("add", "keep 60 % until 08:00", answer="y\n").returncode == 0
    [kept] = json.loads(notes("list", "--json").stdout)["notes"]
    assert (kept["state"], kept["constraint"]["kind"], kept["constraint"]["soc"]) == ("in force", "reserve", 0.6)
    assert "withdrawn: keep 60 %" in notes("done", kept["id"]).stdout
    assert "done" in notes("list").stdout


UNCLEAR = "keep out of the grid tomorrow"


def test_an_unclear_note_is_asked_back_and_kept_as_it_was_chosen(notes: Notes) -> None:
    asked = notes("add", UNCLEAR, answer="3\n")
    assert (asked.returncode, "Which do you mean? 1) no selling" in asked.stdout) == (1, True)
    assert notes("add", UNCLEAR, answer="1\ny\n").returncode == 0
    [kept] = json.loads(notes("list", "--json").stdout)["notes"]
    assert (kept["text"], kept["constraint"]["kind"]) == (UNCLEAR, "no_export")
    assert len(json.loads(notes("read", UNCLEAR, "--json").stdout)["choices"]) == 2


def test_a_remark_is_kept_for_the_model_once_confirmed(notes: Notes, tmp_path: Path) -> None:
    weighing = tmp_path / "advisor.toml"
    weighing.write_text('home_file = "home.toml"\nmemory_dir = "."\n\n[model]\nremarks = true\n')
    adding = ("add", "sauna evening", "--config", str(weighing))
    assert "nothing here is for the plan" in notes("add", "sauna evening", answer="y\n").stderr
    assert notes(*adding, answer="n\n").returncode == 1
    assert "nothing here is for the plan" in notes(*adding, "--yes").stderr
    assert json.loads(notes("list", "--json").stdout) == {"notes": []}
    assert "a remark" in notes(*adding, answer="y\n").stdout
    [kept] = json.loads(notes("list", "--json").stdout)["notes"]
    assert (kept["text"], kept["constraint"], kept["state"]) == ("sauna evening", None, "in force")


def test_what_is_not_understood_is_said_and_not_kept(notes: Notes, memory: Path) -> None:
    shown = notes("add", "keep 160 % until 08:00", "--yes")
    assert shown.returncode == 1
    assert "error: not understood: 160 % is more than a battery holds" in shown.stderr
    spanish = notes("add", "guarda el 160 % hasta las 8:00", "--yes")
    assert "error: no se entiende: 160 % es más de lo que cabe en una batería" in spanish.stderr
    assert not (memory / "notes").exists()


def test_a_note_is_read_with_the_words_it_was_read_from_and_nothing_is_kept(notes: Notes) -> None:
    done = notes("read", "keep 30 % until 7 am tomorrow", "--json")
    result = json.loads(done.stdout)
    assert done.returncode == 0
    assert (result["kind"], result["understander"], result["slots"]) == (
        "reserve",
        "learned",
        ["until 7 am tomorrow", "30 %"],
    )
    assert result["intervals"] == [["2026-01-14T18:00:00+01:00", "2026-01-15T07:00:00+01:00"]]
    assert result["confidence"] > 0.6
    refused = notes("read", "if it rains keep 60 % tonight", "--json")
    why_not = json.loads(refused.stdout)
    assert (refused.returncode, why_not["understood"]) == (1, False)
    assert (why_not["understander"], why_not["slots"], why_not["intervals"]) == ("rules", ["tonight", "60 %"], [])
    assert json.loads(notes("list", "--json").stdout) == {"notes": []}
