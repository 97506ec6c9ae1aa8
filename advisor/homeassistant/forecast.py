"""`advisor ha forecast`: the energy dashboard's PV forecast, published where the service hears it."""

import logging
import time
from datetime import UTC, datetime

from agent.settings import Settings
from energy.errors import DataError, TransportError
from energy.home import Home
from ingest.homeassistant.client import HomeAssistant
from ingest.homeassistant.solar_forecast import ask_forecast
from transport.mqtt import MqttLink
from transport.payloads import PvForecast
from transport.topics import Topics

_log = logging.getLogger(__name__)
_EVERY_S = 1800.0


def publish_forecast(settings: Settings, home: Home) -> PvForecast | None:
    """Ask Home Assistant once and publish what it expects, retained; None where its dashboard has no forecast.

    Raises:
        SettingsError: there is no token.
        TransportError: Home Assistant or the broker cannot be reached or refuses us.
        DataError: what it says is not a forecast.
    """
    with HomeAssistant(settings.homeassistant.address()) as assistant:
        forecast = ask_forecast(assistant, datetime.now(UTC))
    if forecast is not None:
        with MqttLink(settings.mqtt.address, f"energy-advisor-forecast-{home.name}") as link:
            link.publish(Topics(home.name).sensor("pv_forecast"), forecast.model_dump_json(), retain=True, qos=1)
    return forecast


def keep_publishing(settings: Settings, home: Home) -> None:
    """Every half hour until stopped; what fails is said, and tried again."""
    while True:
        try:
            if publish_forecast(settings, home) is None:
                _log.warning("the energy dashboard has no solar forecast")
        except (TransportError, DataError) as err:
            _log.warning("no forecast this time: %s", err)
        time.sleep(_EVERY_S)
