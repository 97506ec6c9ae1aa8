"""What the doctor says of evcc: well, away, of another kind, or without what is needed."""

from pathlib import Path
from typing import Any

import pytest

from advisor.doctor.evcc import check_evcc
from agent.settings import Settings
from devtools.evcc_stand_in import evcc_standing_in
from energy.battery import Battery
from energy.devices import Car
from energy.home import Home
from energy.pricing.tariff import FlatTariff
from ingest.evcc.settings import EvccSettings

HOME = Home(
    name="test",
    zone="UTC",
    pv_peak_kw=6,
    battery=Battery(capacity_kwh=10, max_charge_kw=3, max_discharge_kw=3),
    tariff=FlatTariff(import_price=0.3),
    devices=(Car(name="car", from_hour=18, ready_by_hour=7, max_kw=3.68, daily_kwh=10),),
)


def settings(**evcc: Any) -> Settings:
    return Settings(home_file=Path("home.toml"), evcc=EvccSettings(**evcc))


@pytest.mark.parametrize(
    ("faulty", "loadpoints", "level", "says"),
    [
        ({}, {"car": 1}, "ok", "answers, with 1 loadpoints"),
        ({}, {"car": 3}, "problem", "evcc has 1 loadpoints, none is 3"),
        ({}, {"boat": 1}, "warning", "'boat' is no car or heat pump of home.toml"),
        ({"body": b"<html>"}, {"car": 1}, "problem", "evcc's state cannot be read ('<html>'): check evcc.url"),
        ({"status": 401}, {"car": 1}, "problem", "wants a password"),
        ({"body": b'{"homePower": 1, "pvPower": 1, "loadpoints": [{}]}'}, {"car": 1}, "problem", "says no battery.soc"),
    ],
)
def test_the_doctor_looks_at_evcc(faulty: dict[str, Any], loadpoints: dict[str, int], level: str, says: str) -> None:
    with evcc_standing_in() as evcc:
        for name, value in faulty.items():
            setattr(evcc, name, value)
        [found] = check_evcc(settings(url=evcc.url, loadpoints=loadpoints), HOME)
        assert evcc.asked == []
    assert (found.level, found.check) == (level, "evcc")
    assert says in found.text


def test_an_evcc_that_is_away_is_told_and_a_home_without_one_hears_nothing() -> None:
    [found] = check_evcc(settings(url="http://127.0.0.1:1"), HOME)
    assert (found.level, "no evcc at 'http://127.0.0.1:1'" in found.text) == ("problem", True)
    assert check_evcc(Settings(home_file=Path("home.toml")), HOME) == []
