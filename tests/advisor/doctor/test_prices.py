"""The doctor asks for prices as the service does, and says how far they are known."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from advisor.doctor.prices import check_prices
from agent.settings import MqttSettings, Settings
from energy.home import Home
from energy.pricing.tariff import DynamicTariff
from ingest.prices.settings import PriceSettings
from tests.agent.conftest import home  # noqa: F401 (the home of these tests)
from transport.mqtt import BrokerAddress, MqttLink


def settings(tmp_path: Path, broker: BrokerAddress | None = None, **prices: Any) -> Settings:
    mqtt = MqttSettings(host=broker.host, port=broker.port) if broker else MqttSettings()
    return Settings(
        home_file=tmp_path / "home.toml",
        memory_dir=tmp_path,
        mqtt=mqtt,
        prices=PriceSettings.model_validate(prices),
    )


def hours(now: datetime, count: int, price: float) -> str:
    first = now.replace(minute=0, second=0, microsecond=0)
    return json.dumps({(first + at * timedelta(hours=1)).isoformat(): price + at / 1000 for at in range(count)})


@pytest.mark.parametrize(
    ("ahead", "price", "level", "says"),
    [
        (0, 0.1, "ok", "0.100 to 0.105 EUR/kWh"),
        (-48, 0.1, "problem", "6 prices, none of them for now"),
        (0, 85.3, "problem", "85.3"),
    ],
)
def test_prices_on_a_topic_are_read_as_the_service_reads_them(
    tmp_path: Path,
    home: Home,  # noqa: F811 (the fixture)
    broker: BrokerAddress,
    ahead: int,
    price: float,
    level: str,
    says: str,
) -> None:
    now = datetime.now(UTC)
    with MqttLink(broker, "publisher") as link:
        link.publish("my/prices", hours(now + ahead * timedelta(hours=1), 6, price), retain=True, qos=1)
    wanted = settings(tmp_path, broker, source="mqtt", topic="my/prices", unit="EUR/kWh")
    (found,) = check_prices(wanted, home, now=now, listen_s=10)
    assert (found.check, found.level) == ("prices", level)
    assert says in found.text


def test_a_silent_topic_and_a_market_that_cannot_be_reached_are_problems(
    tmp_path: Path,
    home: Home,  # noqa: F811 (the fixture)
    broker: BrokerAddress,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now = datetime.now(UTC)
    (silent,) = check_prices(settings(tmp_path, broker, source="mqtt", topic="no/one"), home, now=now, listen_s=0.3)
    assert (silent.level, "no prices on 'no/one'" in silent.text) == ("problem", True)
    monkeypatch.setattr("agent.service.questions.time.sleep", lambda _: None)
    (lost,) = check_prices(settings(tmp_path, source="redata", url="http://127.0.0.1:9"), home, now=now, listen_s=1)
    assert (lost.level, "cannot be reached" in lost.text) == ("problem", True)


def test_a_list_that_ends_is_said_and_a_fixed_tariff_is_not(
    tmp_path: Path,
    home: Home,  # noqa: F811 (the fixture)
) -> None:
    now = datetime.now(UTC)
    start = now.replace(minute=0, second=0, microsecond=0)
    ending = DynamicTariff(start=start, step_minutes=60, import_prices=(0.1,) * 5, export_prices=(0.0,) * 5)
    (found,) = check_prices(settings(tmp_path), home.model_copy(update={"tariff": ending}), now=now, listen_s=1)
    assert (found.level, "ends at" in found.text) == ("warning", True)
    assert check_prices(settings(tmp_path), home, now=now, listen_s=1) == []
