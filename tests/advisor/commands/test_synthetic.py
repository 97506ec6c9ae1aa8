from pathlib import Path

import pytest
from typer.testing import CliRunner

from advisor.cli import app, main
from advisor.commands.synthetic_home import battery_of, panels, periods, spec_from
from energy.errors import SettingsError
from eval.collect.homes import HistorySource, history_of
from knowledge.store import DayStore

SEVILLE = {"place": {"latitude": 37.4, "longitude": -6.0}, "zone": "Europe/Madrid"}


def test_a_command_fills_the_memory_that_the_exam_reads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept: list[object] = []
    monkeypatch.setattr("advisor.memory.ingest_and_report", lambda history, *_, **_named: kept.append(history))
    words = "ingest synthetic --home mine --preset couple --year 2024 --days 3 --seed 4 --car --battery 7 --pv 3"
    done = CliRunner().invoke(app, [*words.split(), "--memory", str(tmp_path)])
    assert done.exit_code == 0, done.output
    [history] = kept
    store = DayStore(tmp_path / "days")
    store.remember_home(history.home)
    store.append(history.home.name, history.days)
    read = history_of(HistorySource(None, tmp_path), "mine")
    assert read.home.battery.capacity_kwh == 7
    assert read.home.pv_peak_kw == 3
    assert [day.day.isoformat() for day in read.days] == ["2024-01-01", "2024-01-02", "2024-01-03"]
    assert all(day.temperature_forecast_c is not None for day in read.days)


def test_what_is_said_wins_over_the_file_and_the_file_over_the_preset(tmp_path: Path) -> None:
    facts = tmp_path / "home.toml"
    facts.write_text(
        """
name = "ignored"
zone = "Europe/Lisbon"
pv_peak_kw = 6
[battery]
capacity_kwh = 13
max_charge_kw = 3
max_discharge_kw = 3
[tariff]
kind = "flat"
import_price = 0.3
""",
        encoding="utf-8",
    )
    spec = spec_from("busy-family", facts, {"name": "mine", "zone": None, "life": {"people": 2}, "pv": panels(2, 40)})
    assert (spec.name, spec.zone, spec.life.people, spec.pv.peak_kw) == ("mine", "Europe/Lisbon", 2, 2)
    assert (spec.battery.capacity_kwh, spec.tariff.kind) == (13, "flat")
    assert spec.life.guest_evenings_per_year == 30
    assert spec.car is not None


@pytest.mark.parametrize(("latitude", "azimuth_deg"), [(-34, 0), (40, 180)])
def test_panels_that_nobody_described_face_the_equator(latitude: float, azimuth_deg: float) -> None:
    spec = spec_from(None, None, {"place": {"latitude": latitude, "longitude": 18}, "zone": "UTC", "pv": None})
    assert spec.pv.arrays[0].azimuth_deg == azimuth_deg


def test_panels_face_the_equator() -> None:
    spec = spec_from(None, None, {"place": {"latitude": -34, "longitude": 18}, "zone": "UTC", "pv": panels(2, -34)})
    assert spec.pv.arrays[0].azimuth_deg == 0


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("--latitude 95 --longitude 0 --zone UTC", ("place.latitude", "95", "90")),
        ("--latitude 40 --zone UTC", ("--longitude",)),
        ("--preset nowhere", ("nowhere", "heat-pump")),
        ("--preset couple --battery -4", ("battery.capacity_kwh", "-4")),
        ("--preset couple --away 2025-08-01", ("--away", "2025-08-01", "FIRST:LAST")),
        ("--preset couple --away 2025-08-09:2025-08-01", ("life.away", "2025-08-01", "2025-08-09")),
        ("--preset couple --step-minutes 7", ("7", "30")),
        ("--preset couple --days 0", ("0", "3660")),
    ],
)
def test_what_cannot_be_is_named_with_exit_code_2(
    words: str, expected: tuple[str, ...], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["advisor", "ingest", "synthetic", "--home", "x", *words.split()])
    with pytest.raises(SystemExit) as ended:
        main()
    text = capsys.readouterr().err
    assert ended.value.code == 2
    assert all(part in text for part in expected), text


def test_periods_without_a_colon_are_refused() -> None:
    assert periods("away", None) is None
    with pytest.raises(SettingsError, match="monday"):
        periods("away", ["monday"])


def test_an_unsaid_battery_leaves_the_usual_one() -> None:
    assert battery_of(None) is None
    assert spec_from(None, None, SEVILLE | {"battery": None}).battery.capacity_kwh == 10
