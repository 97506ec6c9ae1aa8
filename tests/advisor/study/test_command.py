"""`advisor study` on the command line: what is wrong is told before anything is played."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from advisor.cli import app
from energy.errors import AdvisorError


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("--place Madird", "did you mean Madrid"),
        ("--place Madrid --people 0", "household.people: should be 1 to 10 (given: 0)"),
        ("--place Madrid --battery-price -5", "prices.battery_per_kwh: should be 0 to 100000 (given: -5"),
        ("--place Madrid --kwp -1", "kwp.0: should be 0 to 200 (given: -1"),
        ("--place Madrid --heating gas", "household.heating"),
        ("--place Madrid --tariff uk-agile-seg", "is in GBP, but Madrid pays in EUR"),
        ("--place Madrid --tariff own", "give --home"),
        ("--place Madrid --language fr", "language 'fr' is not spoken here: use en or es"),
        ("--json", "no --place and no --home"),
        ("--place Madrid --home nobody", "home 'nobody' is not known"),
    ],
)
def test_what_cannot_be_is_told_with_its_value_and_what_is_allowed(words: str, told: str, tmp_path: Path) -> None:
    options = ["--memory", str(tmp_path / "memory"), "--cache", str(tmp_path), "--out", str(tmp_path / "s.html")]
    done = CliRunner().invoke(app, ["study", *words.split(), *options])
    assert isinstance(done.exception, AdvisorError)
    assert told in str(done.exception)
    assert not (tmp_path / "s.html").exists()


def test_a_quick_study_writes_the_report_and_prints_every_figure(tmp_path: Path) -> None:
    out = tmp_path / "deep" / "study.html"
    words = "--place Bilbao --people 2 --kwp 4 --battery 5 --weather-years 0 --quick --json --workers 1 --language es"
    done = CliRunner().invoke(app, ["study", *words.split(), "--cache", str(tmp_path), "--out", str(out)])
    assert done.exception is None, done.exception
    told = json.loads(done.stdout)
    assert (told["place"], told["currency"], told["final"]) == ("Bilbao", "EUR", False)
    assert told["verdict"] in {"yes", "no"}
    assert "Estudio solar en Bilbao" in out.read_text(encoding="utf-8")
