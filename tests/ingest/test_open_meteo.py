"""The client against answers that the service gave, and others in the same form; README.md says where they are from."""

import json
import re
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlparse

import numpy as np
import pytest

from advisor.weather.forecast import Forecaster, publish, show
from energy.errors import SettingsError
from energy.panels import Place, PvArray, PvPlant
from energy.solar import HourlyWeather, Irradiance, SlotSpan, pv_of_hours, pv_power, sun
from ingest.open_meteo import HourlyForecast, NoForecast, OpenMeteo
from ingest.site import Site, load_site
from simulator.weather.climate import climate_of
from simulator.weather.weather import make_weather
from transport.mqtt import BrokerAddress, MqttLink
from transport.payloads import PvForecast, TemperatureForecast

HERE = Path(__file__).parent
ANSWER: dict[str, Any] = json.loads((HERE / "open_meteo.json").read_text(encoding="utf-8"))
RECORDED: dict[str, Any] = json.loads((HERE / "open_meteo_recorded.json").read_text(encoding="utf-8"))
MELBOURNE = Place(latitude=-37.75, longitude=144.875, altitude_m=19)
THEN = datetime(2024, 1, 16, 9, 30, tzinfo=UTC)
MADRID = Place(latitude=40.416775, longitude=-3.703790, altitude_m=650)
PLANT = PvPlant(arrays=(PvArray(peak_kw=4),), inverter_kw=3.6)
NOW = datetime(2025, 6, 20, 8, 10, tzinfo=UTC)
HOUR = timedelta(hours=1)


class Service:
    """What stands for Open-Meteo: answers in order, the last one for ever."""

    def __init__(self) -> None:
        self.answers: list[tuple[int, bytes]] = [(200, json.dumps(ANSWER).encode())]
        self.asked: list[dict[str, list[str]]] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                outer.asked.append(parse_qs(urlparse(self.path).query))
                status, body = outer.answers.pop(0) if len(outer.answers) > 1 else outer.answers[0]
                self.send_response(status)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"


@pytest.fixture
def service() -> Iterator[Service]:
    served = Service()
    thread = threading.Thread(target=served.server.serve_forever, args=(0.02,))
    thread.start()
    yield served
    served.server.shutdown()
    thread.join(5)
    served.server.server_close()


@pytest.fixture
def waits() -> list[float]:
    return []


@pytest.fixture
def client(service: Service, tmp_path: Path, waits: list[float]) -> OpenMeteo:
    return OpenMeteo(MADRID, tmp_path, base_url=service.url, wait=waits.append)


def changed(**hourly: object) -> bytes:
    return json.dumps(ANSWER | {"hourly": ANSWER["hourly"] | hourly}).encode()


def test_an_answer_becomes_hours_by_their_starts(client: OpenMeteo, service: Service) -> None:
    result = client.forecast(NOW)
    assert isinstance(result, HourlyForecast)
    hourly = ANSWER["hourly"]
    assert result.start == datetime(2025, 6, 19, tzinfo=UTC)
    # Radiation that stands at 12:00 is the mean from 11:00 to 12:00.
    at = hourly["time"].index(int(datetime(2025, 6, 20, 12, tzinfo=UTC).timestamp()))
    assert result.ghi_w_m2[at - 1] == hourly["shortwave_radiation"][at]
    assert result.temperature_c[at] == pytest.approx(
        (hourly["temperature_2m"][at] + hourly["temperature_2m"][at + 1]) / 2
    )
    # The last hours have no wind: they are left out, not guessed.
    assert len(result.wind_m_s) == len(result.ghi_w_m2) == 116
    assert not np.isnan(result.wind_m_s).any()
    [asked] = service.asked
    assert (asked["latitude"], asked["longitude"]) == (["40.42"], ["-3.7"])
    assert asked["timeformat"] == ["unixtime"]


def in_metres_per_second(answer: dict[str, Any]) -> bytes:
    """The recorded answer as it would be to our question: who recorded it did not ask for m/s."""
    hourly, units = answer["hourly"], answer["hourly_units"] | {"wind_speed_10m": "m/s"}
    wind = [round(speed / 3.6, 2) for speed in hourly["wind_speed_10m"]]
    return json.dumps(answer | {"hourly_units": units, "hourly": hourly | {"wind_speed_10m": wind}}).encode()


def test_a_recorded_answer_is_read_and_its_hours_are_where_the_sun_says(client: OpenMeteo, service: Service) -> None:
    service.answers = [(200, in_metres_per_second(RECORDED))]
    result = client.forecast(THEN)
    assert isinstance(result, HourlyForecast)
    assert (result.start, len(result.ghi_w_m2)) == (datetime(2024, 1, 16, 9, tzinfo=UTC), 23)
    assert result.ghi_w_m2.tolist() == RECORDED["hourly"]["shortwave_radiation"][1:]
    assert result.temperature_c[0] == pytest.approx((29.8 + 28.3) / 2)
    # Light above the air, by the service's sun and by ours: were the hours one off, they would be 200 W/m² apart.
    span = SlotSpan(result.start, timedelta(minutes=5), 23 * 12)
    height = np.maximum(np.cos(np.radians(sun(MELBOURNE, span).apparent_zenith_deg)), 0).reshape(-1, 12).mean(axis=1)
    above_w_m2 = 1361 * (1 + 0.0334 * np.cos(2 * np.pi * 13 / 365)) * height
    assert above_w_m2 == pytest.approx(RECORDED["hourly"]["terrestrial_radiation"][1:], abs=20)
    light = Irradiance(result.ghi_w_m2, result.dni_w_m2, result.dhi_w_m2)
    hourly = HourlyWeather(result.start, light, result.temperature_c, result.wind_m_s)
    power_kw = pv_of_hours(PLANT, MELBOURNE, hourly, step=HOUR)
    assert not power_kw[1:10].any()
    # A dull morning and a bright afternoon on panels that here look away from the sun: 3.7 kWh/m² on level ground.
    assert 0.5 * 4 * 3.7 < power_kw.sum() < 0.95 * 4 * 3.7


def test_a_recorded_answer_in_other_units_is_refused_with_the_unit(client: OpenMeteo, service: Service) -> None:
    service.answers = [(200, json.dumps(RECORDED).encode())]
    result = client.forecast(THEN)
    assert isinstance(result, NoForecast)
    assert "hourly_units.wind_speed_10m is 'km/h', not 'm/s'" in result.reason


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (
            429,
            '{"reason":"Minutely API request limit exceeded. Please try again in one minute.","error":true}',
            "answered 429: 'Minutely API request limit exceeded. Please try again in one minute.'",
        ),
        (
            400,
            '{"error":true,"reason":"Latitude must be in range of -90 to 90°. Given: 522.52."}',
            "answered 400: 'Latitude must be in range of -90 to 90°. Given: 522.52.'",
        ),
        (429, "<html>busy</html>", "answered 429"),
        (400, '{"reason": "' + "x" * 5000 + '"}', "x" * 200 + "'"),
        (
            200,
            '{"latitude":nan,"longitude":nan,"generationtime_ms":0.015020370483398438,"utc_offset_seconds":0}',
            "is not understood",
        ),
    ],
)
def test_what_the_service_says_of_an_error_is_passed_on(
    client: OpenMeteo, service: Service, status: int, body: str, expected: str
) -> None:
    service.answers = [(status, body.encode())]
    answer = client.forecast(NOW)
    assert isinstance(answer, NoForecast)
    assert expected in answer.reason
    assert len(answer.reason) < 400


def test_the_service_is_asked_once_an_hour_at_most(client: OpenMeteo, service: Service, tmp_path: Path) -> None:
    for minutes in (0, 1, 30, 59):
        assert isinstance(client.forecast(NOW + timedelta(minutes=minutes)), HourlyForecast)
    another = OpenMeteo(MADRID, tmp_path, base_url=service.url, wait=lambda _: None)
    assert isinstance(another.forecast(NOW + timedelta(minutes=59)), HourlyForecast)
    assert len(service.asked) == 1
    result = client.forecast(NOW + HOUR)
    assert isinstance(result, HourlyForecast)
    assert result.made_at == NOW + HOUR
    assert len(service.asked) == 2


def test_a_tired_server_is_asked_again_after_a_while(client: OpenMeteo, service: Service, waits: list[float]) -> None:
    service.answers = [(503, b""), (502, b""), *service.answers]
    assert isinstance(client.forecast(NOW), HourlyForecast)
    assert waits == [1.0, 4.0]


def test_a_server_that_refuses_is_left_alone_for_an_hour(
    client: OpenMeteo, service: Service, waits: list[float]
) -> None:
    service.answers = [(429, b"")]
    assert client.forecast(NOW) == NoForecast(f"{service.url}/v1/forecast answered 429")
    assert isinstance(client.forecast(NOW + timedelta(minutes=30)), NoForecast)
    assert len(service.asked) == 1
    assert waits == []


def test_what_was_told_serves_for_a_day_when_the_line_is_gone(client: OpenMeteo, service: Service) -> None:
    assert isinstance(client.forecast(NOW), HourlyForecast)
    service.answers = [(500, b"")]
    later = client.forecast(NOW + 20 * HOUR)
    assert isinstance(later, HourlyForecast)
    assert later.made_at == NOW
    assert isinstance(client.forecast(NOW + 25 * HOUR), NoForecast)


def test_nobody_there_is_no_error(tmp_path: Path, waits: list[float]) -> None:
    client = OpenMeteo(MADRID, tmp_path, base_url="http://127.0.0.1:9", wait=waits.append)
    result = client.forecast(NOW)
    assert isinstance(result, NoForecast)
    assert "127.0.0.1:9" in result.reason
    assert len(waits) == 2


@pytest.mark.parametrize(
    "body",
    [
        b"<html>busy</html>",
        b"[]",
        b'{"error": true, "reason": "wrong"}',
        changed(shortwave_radiation=[0.0]),
        changed(shortwave_radiation=[9000.0] * 120),
        changed(temperature_2m=["warm"] * 120),
        changed(temperature_2m=[None] * 120),
        changed(time=[0] * 120),
        changed(time=[3600 * at for at in range(120)]),
        changed(wind_speed_10m=[float("nan")] * 120),
        json.dumps(ANSWER | {"hourly_units": ANSWER["hourly_units"] | {"wind_speed_10m": "km/h"}}).encode(),
        b" " * 600_000,
    ],
)
def test_a_hostile_answer_gives_no_forecast_and_spoils_none(client: OpenMeteo, service: Service, body: bytes) -> None:
    good = service.answers
    service.answers = [(200, body)]
    assert isinstance(client.forecast(NOW), NoForecast)
    service.answers = good
    assert isinstance(client.forecast(NOW + HOUR), HourlyForecast)
    service.answers = [(200, body)]
    kept = client.forecast(NOW + 2 * HOUR)
    assert isinstance(kept, HourlyForecast)
    assert kept.made_at == NOW + HOUR


@pytest.mark.parametrize("damage", [b"", b"{", b"\xff\xfe", b'{"told": 1}'])
def test_a_damaged_cache_is_asked_for_anew(client: OpenMeteo, tmp_path: Path, damage: bytes) -> None:
    client.forecast(NOW)
    for path in tmp_path.iterdir():
        path.write_bytes(damage)
    assert isinstance(client.forecast(NOW + timedelta(minutes=5)), HourlyForecast)


def test_hours_give_nearly_the_power_that_minutes_do() -> None:
    span = SlotSpan(datetime(2025, 3, 1, tzinfo=UTC), timedelta(minutes=5), 40 * 288)
    weather = make_weather(MADRID, climate_of(MADRID), span, seed=4)
    exact = pv_power(PLANT, weather.sun, weather.light, weather.temperature_c, weather.wind_m_s)

    def hourly(values: np.ndarray) -> np.ndarray:
        return values.reshape(-1, 12).mean(axis=1)

    light = Irradiance(*(hourly(getattr(weather.light, name)) for name in ("ghi_w_m2", "dni_w_m2", "dhi_w_m2")))
    result = HourlyWeather(span.start, light, hourly(weather.temperature_c), hourly(weather.wind_m_s))
    power = pv_of_hours(PLANT, MADRID, result, step=HOUR)
    assert power.sum() == pytest.approx(exact.sum() / 12, rel=0.02)
    assert np.abs(power - hourly(exact)).mean() < 0.05 * hourly(exact).max()


def test_the_forecast_reaches_the_topic_that_the_service_hears(
    client: OpenMeteo, service: Service, broker: BrokerAddress
) -> None:
    forecaster = Forecaster(Site(place=MADRID, pv=PLANT), client)
    with MqttLink(broker, "test-listener") as link:
        link.subscribe("energy_advisor/mine/house/+")
        assert publish(forecaster, "mine", broker, once=True, clock=lambda: NOW)
        received: dict[str, bytes] = {}
        while len(received) < 2:  # a retained message may come twice
            message = link.receive(10)
            assert message is not None
            received[message.topic] = message.payload
    warmth = TemperatureForecast.model_validate_json(received["energy_advisor/mine/house/temperature_forecast"])
    result = client.forecast(NOW)
    assert isinstance(result, HourlyForecast)
    assert (warmth.time, warmth.start) == (NOW, datetime(2025, 6, 20, 8, tzinfo=UTC))
    assert warmth.values_c == pytest.approx(result.temperature_c[32 : 32 + 72], abs=0.005)
    forecast = PvForecast.model_validate_json(received["energy_advisor/mine/house/pv_forecast"])
    assert forecast.start == datetime(2025, 6, 20, 8, tzinfo=UTC)
    assert forecast.time == NOW
    assert len(forecast.values_kw) == 144
    assert 0 == min(forecast.values_kw) < max(forecast.values_kw) <= 3.6
    # Half past one in the afternoon is brighter than half past six.
    assert forecast.values_kw[11] > 2 * forecast.values_kw[21]


def test_the_forecast_is_shown_by_the_day_and_as_json(
    client: OpenMeteo, service: Service, capsys: pytest.CaptureFixture[str]
) -> None:
    forecaster = Forecaster(Site(place=MADRID, pv=PLANT), client)
    assert show(forecaster, NOW, as_json=False)
    first, today, *_ = capsys.readouterr().out.splitlines()
    assert first == "By the forecast of 20 Jun 08:10 UTC, from now on:"
    assert re.fullmatch(r"  Fri 20 Jun +\d+ to +\d+ °C +\d+\.\d kWh  ▇+", today)
    assert show(forecaster, NOW, as_json=True)
    answer = json.loads(capsys.readouterr().out)
    assert len(TemperatureForecast.model_validate(answer["temperature_forecast"]).values_c) == 72
    assert len(PvForecast.model_validate(answer["pv_forecast"]).values_kw) == 144
    service.answers = [(500, b"")]
    assert not show(forecaster, NOW + 48 * HOUR, as_json=True)
    answer = json.loads(capsys.readouterr().out)
    assert (answer["pv_forecast"], answer["temperature_forecast"]) == (None, None)
    assert "answered 500" in answer["reason"]


def test_a_site_is_checked(tmp_path: Path) -> None:
    example = Path(__file__).parents[2] / "site.example.toml"
    assert load_site(example).pv.peak_kw == 4
    wrong = tmp_path / "site.toml"
    wrong.write_text(example.read_text(encoding="utf-8").replace("40.42", "95"), encoding="utf-8")
    with pytest.raises(SettingsError, match=r"site\.toml: place\.latitude.*95"):
        load_site(wrong)
    with pytest.raises(SettingsError, match=r"site\.example\.toml"):
        load_site(tmp_path / "none.toml")
