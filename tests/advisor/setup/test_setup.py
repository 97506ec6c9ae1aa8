"""What the wizard writes can be read back, whatever the names; what it asks, and what it refuses."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import typer
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from advisor.setup import run as setup
from advisor.setup.facts import find_forecast
from advisor.setup.files import home_text, language_section, settings_text
from advisor.setup.run import ChosenSetup, Wishes
from advisor.spoken_language import SPOKEN
from agent.settings import load_settings
from energy.battery import Battery
from energy.errors import SettingsError
from energy.home import Grid as Connection
from energy.home import Home
from energy.pricing.tariff import FlatTariff, PresetTariff
from ingest.home_file import load_home
from ingest.homeassistant.client import EntityState, HomeAssistantConfig, Signed
from ingest.homeassistant.energy_prefs import read_preferences
from ingest.homeassistant.proposal import SensorProposal, Way
from ingest.homeassistant.statistics import HOUR, SlotGrid
from ingest.homeassistant.survey import Survey
from ingest.live.mapping import MappedRole, SensorSource
from transport.mqtt import BrokerAddress, BrokerTls

HOME = Home(
    name="casa-1",
    zone="Europe/Madrid",
    currency="EUR",
    pv_peak_kw=4.2,
    battery=Battery(capacity_kwh=9.6, max_charge_kw=4.3, max_discharge_kw=2.25, charge_efficiency=0.96),
    grid=Connection(import_limit_kw=5.75, export_limit_kw=6),
    tariff=FlatTariff(import_price=0.21, export_price=0.06),
)
WORDS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="#+\x00"), min_size=1, max_size=30)


def read_back(folder: Path, home: Home, **changed: Any) -> tuple[Any, Home]:
    result: dict[str, Any] = {
        "broker": BrokerAddress("broker.lan", 8883, "me", "never-in-a-file"),
        "url": "http://ha.lan:8123",
        "token_file": "token",
        "sensors": {},
        "statistics": {},
        "why": {},
    } | changed
    text = settings_text(**result)
    assert "never-in-a-file" not in text
    (folder / "advisor.toml").write_text(text, encoding="utf-8")
    (folder / "home.toml").write_text(home_text(home, result["why"]), encoding="utf-8")
    settings = load_settings(folder / "advisor.toml")
    return settings, load_home(settings.home_file)


@pytest.mark.parametrize(
    "tariff", [HOME.tariff, PresetTariff(name="es-2.0td", export_price=0.055), PresetTariff(name="citylearn")]
)
def test_a_home_is_read_back_as_it_was_written(tmp_path: Path, tariff: Any) -> None:
    home = HOME.model_copy(update={"tariff": tariff})
    settings, read = read_back(
        tmp_path, home, why={"tariff": "a reason " * 40, "pv_peak_kw": 'with "quotes" # and such'}
    )
    assert read == home
    assert (settings.mqtt.host, settings.mqtt.port, settings.mqtt.username) == ("broker.lan", 8883, "me")
    assert settings.homeassistant.token_file == tmp_path / "token"


@given(topics=st.lists(WORDS, min_size=1, max_size=3, unique=True), subtract=st.lists(WORDS, max_size=2), why=WORDS)
def test_any_topic_and_any_reason_survive_the_file(
    tmp_path_factory: pytest.TempPathFactory, topics: list[str], subtract: list[str], why: str
) -> None:
    sensors: dict[MappedRole, SensorSource] = {
        "grid_power": SensorSource(topic=tuple(topics), subtract=tuple(subtract), unit="kW", sign=-1, max_age_s=900),
        "pv_power": SensorSource(topic=(topics[0],), unit="W", path="a.0"),
        "battery_power": SensorSource(topic=("b",), unit="W"),
        "load_power": SensorSource(from_balance=True),
    }
    statistics = {"grid_power": Signed(add=("sensor.in",), subtract=("sensor.out",))}
    settings, _ = read_back(
        tmp_path_factory.mktemp("written"),
        HOME,
        sensors=sensors,
        statistics=statistics,
        why={"grid_power": why, "grid_power statistics": why, "tariff": why},
    )
    assert settings.sensors == sensors
    assert settings.homeassistant.statistics == statistics


def survey(preferences: dict[str, Any] | None = None, **states: str) -> Survey:
    config = HomeAssistantConfig(version="2026.1.0", time_zone="Europe/Madrid", latitude=40.4, longitude=-3.7)
    now = datetime(2026, 3, 1, tzinfo=UTC)
    known = {
        f"sensor.{name}": EntityState(
            entity_id=f"sensor.{name}",
            state=state,
            attributes={"unit_of_measurement": "W", "device_class": "power"},
            last_updated=now,
        )
        for name, state in states.items()
    }
    return Survey(config, known, {}, read_preferences(preferences), SlotGrid(now, HOUR, 24), {})


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    given: list[str] = []
    monkeypatch.setattr(typer, "prompt", lambda *_, **__: given.pop(0))
    yield given
    assert not given


def lacking() -> SensorProposal:
    made = SensorProposal({}, missing=["grid_power", "load_power"])
    made.sensors |= {
        "pv_power": SensorSource(topic=("a",), unit="W"),
        "battery_power": SensorSource(topic=("b",), unit="W"),
        "battery_soc": SensorSource(topic=("c",), unit="%"),
    }
    return made


def test_it_asks_for_what_it_cannot_find_and_then_has_the_load_from_the_balance(answers: list[str]) -> None:
    answers.append("-sensor.meter")
    made = lacking()
    setup._settle(made, Wishes(Path()), survey(meter="300"), Way("ss"))
    assert made.sensors["grid_power"] == SensorSource(topic=("ss/sensor/meter/state",), unit="W", sign=-1)
    assert made.sensors["load_power"].from_balance


@pytest.mark.parametrize("yes", [True, False])
def test_without_an_answer_it_names_the_role_the_flag_and_what_there_is(yes: bool, answers: list[str]) -> None:
    if not yes:
        answers.append("")
    with pytest.raises(
        SettingsError, match=r"grid_power: .*--sensor grid_power=sensor.* \(of its kind: sensor.meter\)"
    ):
        setup._settle(lacking(), Wishes(Path(), yes=yes), survey(meter="300"), Way("ss"))


@pytest.mark.parametrize(
    ("expected", "states", "there", "words"),
    [
        (
            {"a": {"wh_hours": {"2026-03-01T12:00:00Z": 1500.0}}},
            {},
            True,
            "the energy dashboard's own: 1.5 kWh in 1 hours",
        ),
        (
            {},
            {"solcast_pv_forecast_forecast_today": "9"},
            False,
            "sensor.solcast_pv_forecast_forecast_today sounds like",
        ),
        ({}, {}, False, "none found: the solar yield of similar days is expected"),
        ({"a": {"wh_hours": {"soon": 1.0}}}, {}, False, "cannot be read"),
    ],
    ids=["the dashboard's", "not chosen there", "none", "garbage"],
)
def test_the_forecast_is_the_dashboards_or_it_is_said_what_is_done_without(
    expected: dict[str, Any], states: dict[str, str], there: bool, words: str
) -> None:
    found, why = find_forecast(replace(survey(**states), solar_forecast=expected), datetime(2026, 3, 1, tzinfo=UTC))
    assert (found, words in why) == (there, True)


def test_login_and_certificates_of_the_broker_come_from_the_variables(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = {"USERNAME": "advisor", "PASSWORD": "never-in-a-file", "TLS": "true", "CA_FILE": str(tmp_path / "ca.pem")}
    for name, value in given.items():
        monkeypatch.setenv(f"ADVISOR_MQTT__{name}", value)
    broker = setup._broker(Wishes(tmp_path, broker="broker.lan:8883"))
    assert broker == BrokerAddress("broker.lan", 8883, "advisor", "never-in-a-file", BrokerTls(tmp_path / "ca.pem"))
    assert setup._broker(Wishes(tmp_path, username="me")).username == "me"
    for name in given:
        monkeypatch.delenv(f"ADVISOR_MQTT__{name}")
    settings, _ = read_back(tmp_path, HOME, broker=broker)
    assert settings.mqtt.address == replace(broker, password=None)


def test_a_token_is_asked_for_once_and_kept_where_only_its_owner_reads_it(
    tmp_path: Path, answers: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("ADVISOR_HOMEASSISTANT__TOKEN", raising=False)
    answers.append(" eyJ-secret ")
    wishes = setup._with_token(Wishes(tmp_path / "new"))
    assert wishes.token_file == Path("token")
    kept = tmp_path / "new" / "token"
    assert kept.read_text(encoding="ascii") == "eyJ-secret"
    assert kept.stat().st_mode & 0o777 == 0o600
    assert setup._with_token(Wishes(tmp_path, yes=True)).token_file is None
    monkeypatch.setenv("ADVISOR_HOMEASSISTANT__TOKEN", "eyJ-other")
    assert setup._with_token(Wishes(tmp_path)).token_file is None


@given(unit=st.sampled_from([None, "W"]), subtract=st.lists(st.just("sensor.sold"), max_size=1), why=WORDS)
def test_entities_survive_the_file(
    tmp_path_factory: pytest.TempPathFactory, unit: str | None, subtract: list[str], why: str
) -> None:
    sensors: dict[MappedRole, SensorSource] = {
        "pv_power": SensorSource(entity="sensor.pv", subtract=tuple(subtract), unit=unit)
    }
    settings, _ = read_back(tmp_path_factory.mktemp("f"), HOME, sensors=sensors, why={"pv_power": why})
    assert settings.sensors == sensors


@pytest.mark.parametrize(("min_soc", "percent"), [(0.0, 0), (0.1, 10), (0.29, 29), (0.121, 13)])
def test_the_lowest_reserve_of_the_blueprint_is_said(tmp_path: Path, min_soc: float, percent: int) -> None:
    battery = HOME.battery.model_copy(update={"min_soc": min_soc})
    chosen = ChosenSetup(HOME.model_copy(update={"battery": battery}), lacking(), {}, Way(), True)
    console = Console(record=True, width=400)
    setup._say_next(chosen, Wishes(tmp_path), console)
    assert f"set the lowest reserve to {percent} %" in console.export_text()


@pytest.mark.parametrize("language", ["en", "es"])
def test_the_settings_speak_the_language_in_which_setup_was_asked(tmp_path: Path, language: Any) -> None:
    token = SPOKEN.set(language)
    try:
        settings, _ = read_back(tmp_path, HOME, sections=language_section(language))
    finally:
        SPOKEN.reset(token)
    assert settings.service.language == language
    first = (tmp_path / "home.toml").read_text("utf-8").splitlines()[0]
    assert first.startswith({"en": "# A home's fixed facts", "es": "# Datos fijos de la vivienda"}[language])
