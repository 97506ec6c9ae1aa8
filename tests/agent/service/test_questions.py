from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from agent.service.questions import _site, price_question, pv_question
from agent.settings import ForecastSettings, ServiceSettings, Settings
from energy.errors import SettingsError
from energy.home import Home
from ingest.homeassistant.client import HomeAssistantSettings
from ingest.live.mapping import SensorSource
from ingest.prices.settings import PriceSettings

MADRID = {"latitude": 40.4, "longitude": -3.7}
MAPPED = {"pv_forecast": SensorSource(topic=("solcast/today",), unit="kW")}
TOKEN = HomeAssistantSettings(token=SecretStr("of-a-test"))


def settings(folder: Path, **changes: Any) -> Settings:
    return Settings(home_file=folder / "home.toml", memory_dir=folder, **changes)


@pytest.mark.parametrize(
    ("changes", "asked"),
    [
        ({}, False),
        ({"forecast": ForecastSettings(**MADRID)}, True),
        ({"forecast": ForecastSettings(**MADRID, source="none")}, False),
        ({"forecast": ForecastSettings(**MADRID), "sensors": MAPPED}, False),
        ({"forecast": ForecastSettings(**MADRID, source="open-meteo"), "sensors": MAPPED}, True),
        ({"forecast": ForecastSettings(**MADRID), "service": ServiceSettings(clock="house")}, False),
        ({"homeassistant": TOKEN}, True),
        ({"homeassistant": TOKEN, "forecast": ForecastSettings(source="none")}, False),
    ],
)
def test_who_is_asked_for_the_sun_follows_from_what_is_known(
    changes: dict[str, Any], asked: bool, tmp_path: Path, home: Home
) -> None:
    assert (pv_question(settings(tmp_path, **changes), home) is not None) == asked
    dark = home.model_copy(update={"pv_peak_kw": 0.0})
    assert pv_question(settings(tmp_path, **changes), dark) is None


@pytest.mark.parametrize(
    ("given", "asked"),
    [
        (PriceSettings(), False),
        (PriceSettings(source="mqtt", topic="a/+"), False),
        (PriceSettings(source="redata"), True),
        (PriceSettings(source="esios"), True),
    ],
)
def test_prices_are_asked_for_where_nobody_publishes_them(
    given: PriceSettings, asked: bool, tmp_path: Path, home: Home
) -> None:
    assert (price_question(settings(tmp_path, prices=given), home) is not None) == asked
    in_a_simulation = settings(tmp_path, prices=given, service=ServiceSettings(clock="house"))
    assert price_question(in_a_simulation, home) is None


@pytest.mark.parametrize(
    "given",
    [PriceSettings(source="entsoe", area="10YES-REE------0"), PriceSettings(source="homeassistant", entity="sensor.a")],
)
def test_a_source_that_wants_a_token_is_refused_without_one_at_the_start(
    given: PriceSettings, tmp_path: Path, home: Home
) -> None:
    with pytest.raises(SettingsError, match="token"):
        price_question(settings(tmp_path, prices=given), home)


@pytest.mark.parametrize(("latitude", "azimuth"), [(40.4, 180.0), (-33.9, 0.0)])
def test_panels_that_nobody_described_face_the_equator(
    latitude: float, azimuth: float, tmp_path: Path, home: Home
) -> None:
    forecast = ForecastSettings(latitude=latitude, longitude=18.4)
    site = _site(settings(tmp_path, forecast=forecast), home)
    [array] = site.pv.arrays
    assert (array.azimuth_deg, array.peak_kw) == (azimuth, home.pv_peak_kw)
