"""What the service asks the network in the background, as its settings say: prices, and the PV forecast."""

import time
from datetime import datetime

from agent.service.fetched import AskPrices, AskPvForecast
from agent.settings import Settings
from energy.errors import SettingsError, TransportError
from energy.home import Home
from energy.panels import Place, PvArray, PvPlant
from ingest.homeassistant.client import HomeAssistant
from ingest.homeassistant.prices import action_prices, entity_prices
from ingest.homeassistant.solar_forecast import ask_forecast
from ingest.open_meteo import OPEN_METEO, NoForecast, OpenMeteo
from ingest.prices.fetch import MarketPrices
from ingest.prices.points import PricePoint
from ingest.prices.reading import ReaderContext
from ingest.site import Site, load_site, pv_forecast
from transport.payloads import PvForecast


def price_question(settings: Settings, home: Home) -> AskPrices | None:
    """Who is asked for prices; None where they come by MQTT or not at all.

    Raises:
        SettingsError: the one who is asked wants a token, and there is none.
    """
    source = settings.prices.source
    if settings.service.clock == "house" or source in {"none", "mqtt"}:
        return None
    if source == "homeassistant":
        settings.homeassistant.address()
        return lambda now: _homeassistant_prices(settings, home, now)
    if source == "entsoe":
        settings.prices.secret()
    return MarketPrices(settings.prices, home.tz, settings.memory_dir / "prices" / "answers", wait=time.sleep).prices


def _homeassistant_prices(settings: Settings, home: Home, now: datetime) -> list[PricePoint]:
    wanted = settings.prices
    asked = ReaderContext(home.tz, home.currency, unit=wanted.unit)
    with HomeAssistant(settings.homeassistant.address()) as assistant:
        if wanted.action is not None:
            return action_prices(assistant, wanted.action, wanted.action_data, asked, now=now)
        state = assistant.states().get(wanted.entity or "")
    if state is None:
        raise TransportError(f"Home Assistant has no entity {wanted.entity!r}: check prices.entity")
    return entity_prices(state, asked)


def pv_question(settings: Settings, home: Home) -> AskPvForecast | None:
    """Who is asked for the PV forecast; None where it comes by MQTT, there are no panels, or nobody is to be asked.

    Raises:
        SettingsError: the site's file cannot be read.
    """
    wanted = settings.forecast
    by_mqtt = settings.service.clock == "house" or "pv_forecast" in settings.sensors
    if wanted.source == "none" or not home.pv_peak_kw or (by_mqtt and wanted.source == "auto"):
        return None
    weather = _open_meteo(settings, home) if wanted.knows_place and wanted.source != "homeassistant" else None
    if wanted.source == "homeassistant" or (wanted.source == "auto" and _has_token(settings)):
        return lambda now: _homeassistant_forecast(settings, now) or (weather and weather(now))
    return weather


def _has_token(settings: Settings) -> bool:
    assistant = settings.homeassistant
    return assistant.token is not None or assistant.token_file is not None


def _homeassistant_forecast(settings: Settings, now: datetime) -> PvForecast | None:
    """What the energy dashboard expects; None where it was given no forecast."""
    with HomeAssistant(settings.homeassistant.address()) as assistant:
        return ask_forecast(assistant, now)


def _open_meteo(settings: Settings, home: Home) -> AskPvForecast:
    site = _site(settings, home)
    url, folder = settings.forecast.url or OPEN_METEO, settings.memory_dir / "weather"
    service = OpenMeteo(site.place, folder, base_url=url, wait=time.sleep)
    return lambda now: _open_meteo_forecast(service, site, now)


def _open_meteo_forecast(service: OpenMeteo, site: Site, now: datetime) -> PvForecast:
    weather = service.forecast(now)
    if isinstance(weather, NoForecast):
        raise TransportError(f"no solar forecast: {weather.reason}")
    return pv_forecast(site, weather, now)


def _site(settings: Settings, home: Home) -> Site:
    """The site of its file, or one array of the home's peak that faces the equator."""
    wanted = settings.forecast
    if wanted.site_file is not None:
        return load_site(wanted.site_file)
    if wanted.latitude is None or wanted.longitude is None:
        raise SettingsError("forecast: latitude and longitude are missing")
    azimuth = wanted.azimuth_deg
    if azimuth is None:
        azimuth = 180.0 if wanted.latitude >= 0 else 0.0
    array = PvArray(peak_kw=home.pv_peak_kw, tilt_deg=wanted.tilt_deg, azimuth_deg=azimuth)
    plant = PvPlant(arrays=(array,), inverter_kw=home.pv_peak_kw)
    return Site(place=Place(latitude=wanted.latitude, longitude=wanted.longitude), pv=plant)
