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
        ("--place Madrid --people 0", "--people: should be 1 to 10 (given: 0)"),
        ("--place Madrid --battery-price -5", "--battery-price: should be 0 to 100000 (given: -5"),
        ("--place Madrid --kwp -1", "--kwp: should be 0 to 200 (given: -1"),
        ("--place Madrid --heating gas", "--heating: should be"),
        ("--place Madrid --battery-power 0", "--battery-power: should be above 0, up to 500 (given: 0"),
        ("--place Madrid --tariff uk-agile-seg", "is in GBP, but Madrid pays in EUR"),
        ("--place Madrid --tariff own", "give --home"),
        ("--place London", "no tariff in GBP can be simulated for London: bring in a home with a tariff of its own"),
        (
            "--place London --tariff uk-agile-seg",
            "no prices are assumed here: use --home with a home whose tariff has them",
        ),
        ("--language es --place Madrid --home nobody", "no se conoce la casa 'nobody': tráela con advisor ingest"),
        ("--language es --place Estocolmo", "no hay ninguna tarifa en SEK que se pueda simular para Stockholm"),
        ("--place Oslo", "prices are assumed in EUR only: give --battery-price and --panel-price in NOK"),
        ("--language es --place Sevila", "no se conoce el lugar 'Sevila': ¿querías decir Sevilla, Segovia?"),
        ("--language es --place Madrid --people 0", "--people: debe estar entre 1 y 10 (escrito: 0)"),
        ("--language es --place Madrid --habits idle", "debe ser 'working', 'at_home' o 'retired' (escrito: 'idle')"),
        ("--language es --place Madrid --azimuth 400", "debe estar entre 0 y menos de 360 (escrito: 400,0)"),
        ("--language es --place Madrid --kwp nan", "debe ser un número finito, entre 0 y 200 (escrito: nan)"),
        ("--language es --place Madrid --battery-power 0", "debe ser mayor que 0 y como mucho 500 (escrito: 0,0)"),
        ("--language es --json", "falta --place o --home"),
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


@pytest.mark.parametrize(("out", "told"), [(".", "is a folder"), ("/proc/none/study.html", "cannot be written")])
def test_a_report_that_cannot_be_written_is_told_before_anything_is_simulated(
    out: str, told: str, tmp_path: Path
) -> None:
    done = CliRunner().invoke(app, ["study", "--place", "Madrid", "--out", out, "--cache", str(tmp_path / "cache")])
    assert isinstance(done.exception, AdvisorError)
    assert told in str(done.exception)
    assert not (tmp_path / "cache").exists()


def test_a_quick_study_says_its_answer_and_where_the_report_is_without_gaps(tmp_path: Path) -> None:
    out = tmp_path / "study.html"
    words = "--place Bilbao --people 2 --kwp 4 --battery 5 --weather-years 0 --quick --workers 1 --language es"
    done = CliRunner().invoke(app, ["study", *words.split(), "--cache", str(tmp_path), "--out", str(out)])
    assert done.exception is None, done.exception
    assert done.stdout.endswith(f"\n\nInforme: {out}\n")
    assert "\n\n\n" not in done.stdout


def test_a_wrong_heating_is_blamed_alone(tmp_path: Path) -> None:
    options = ["--memory", str(tmp_path / "memory"), "--cache", str(tmp_path), "--out", str(tmp_path / "s.html")]
    done = CliRunner().invoke(app, ["study", "--place", "Madrid", "--heating", "coal", *options])
    assert str(done.exception) == "--heating: should be 'other', 'heat_pump' or 'resistive' (given: 'coal')"
