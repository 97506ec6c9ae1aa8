"""The door to a running Home Assistant: its WebSocket API, asked one command after the other."""

import json
import logging
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from itertools import count
from pathlib import Path
from typing import Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, SecretStr
from websockets.exceptions import InvalidHandshake, InvalidMessage, WebSocketException
from websockets.sync.client import ClientConnection, connect

from energy.errors import SettingsError, TransportError

Period = Literal["5minute", "hour", "day", "month"]

_TIMEOUT_S = 10.0
# A month of hundreds of sensors takes a small machine a while.
_ANSWER_S = 60.0
# A year of hours of a dozen sensors is a few megabytes.
_LONGEST_ANSWER = 64 * 1024 * 1024
_LONGEST_TOKEN = 4096
# Events that come while an answer is awaited; further ones are told again by the next change.
_MOST_EVENTS = 1000
# Home Assistant converts to these, whatever a sensor measures in.
_UNITS = {"energy": "kWh", "power": "kW", "temperature": "°C"}
_HOW_TO_GET_A_TOKEN = "in Home Assistant, your profile > Security > Long-lived access tokens"  # noqa: S105 (a path in menus)
_silent = logging.getLogger(f"{__name__}.wire")
_silent.disabled = True  # at DEBUG, websockets would log the token


@dataclass(frozen=True, slots=True)
class HomeAssistantAddress:
    """Where a Home Assistant is; the token never shows in a repr."""

    url: str
    token: str = field(repr=False)

    @property
    def websocket(self) -> str:
        """The same place as a WebSocket address.

        Raises:
            SettingsError: the URL is none.
        """
        parts = urlsplit(self.url.rstrip("/"))
        scheme = {"http": "ws", "https": "wss"}.get(parts.scheme)
        if scheme is None or not parts.netloc or parts.username or parts.query:
            raise SettingsError(f"homeassistant.url {self.url!r}: write it like 'http://homeassistant.local:8123'")
        return f"{scheme}://{parts.netloc}{parts.path}/api/websocket"


class HomeAssistantSettings(BaseModel):
    """Section `[homeassistant]`: the token belongs into `ADVISOR_HOMEASSISTANT__TOKEN` or a file of its own."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    url: str = "http://homeassistant.local:8123"
    token: SecretStr | None = None
    token_file: Path | None = None
    statistics: dict["StatisticRole", "Signed"] = {}

    def address(self) -> HomeAssistantAddress:
        """Address and token.

        Raises:
            SettingsError: there is no token, or its file cannot be read.
        """
        if self.token is not None:
            return HomeAssistantAddress(self.url, self.token.get_secret_value())
        if self.token_file is None:
            raise SettingsError(
                f"no token for {self.url!r}: make one ({_HOW_TO_GET_A_TOKEN}) and put it into "
                "ADVISOR_HOMEASSISTANT__TOKEN, or into a file named by homeassistant.token_file",
            )
        try:
            token = self.token_file.read_text(encoding="ascii").strip()
        except (OSError, UnicodeDecodeError) as err:
            why = err.strerror if isinstance(err, OSError) else "it is not plain text"
            raise SettingsError(f"token file {str(self.token_file)!r} cannot be read ({why})") from err
        if not 0 < len(token) <= _LONGEST_TOKEN or len(token.split()) != 1:
            raise SettingsError(f"token file {str(self.token_file)!r} must hold the token and nothing else")
        return HomeAssistantAddress(self.url, token)


StatisticRole = Literal["pv_power", "load_power", "grid_power", "battery_power", "outdoor_temperature", "car_power"]


class Signed(BaseModel):
    """Statistics that are added and subtracted: grid power is import less export."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    add: tuple[str, ...] = ()
    subtract: tuple[str, ...] = ()

    @property
    def ids(self) -> tuple[str, ...]:
        """All of them."""
        return (*self.add, *self.subtract)


HomeAssistantSettings.model_rebuild()


class _LenientModel(BaseModel):
    """What Home Assistant answers; later versions may say more."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class HomeAssistantConfig(_LenientModel):
    """Its own facts."""

    version: str
    time_zone: str
    latitude: float
    longitude: float
    currency: str = "EUR"
    country: str | None = None
    location_name: str = "Home"
    components: frozenset[str] = frozenset()


class StatisticMeta(_LenientModel):
    """What Home Assistant knows of one statistic."""

    statistic_id: str
    has_sum: bool = False
    has_mean: bool = False
    mean_type: int = 0
    unit_class: str | None = None
    statistics_unit_of_measurement: str | None = None
    name: str | None = None

    @property
    def is_mean(self) -> bool:
        """Whether it has an arithmetic mean, in the words of old and new versions."""
        return self.has_mean or self.mean_type == 1


class EntityState(_LenientModel):
    """An entity now."""

    entity_id: str
    state: str
    attributes: dict[str, Any] = {}
    last_updated: datetime

    @property
    def unit(self) -> str:
        """Unit of measurement; empty where it has none."""
        return str(self.attributes.get("unit_of_measurement") or "")

    @property
    def device_class(self) -> str:
        """What kind of quantity it is; empty where it does not say."""
        return str(self.attributes.get("device_class") or "")

    @property
    def number(self) -> float | None:
        """Its value, None where it has none."""
        try:
            return float(self.state)
        except ValueError:
            return None


class StatisticRow(_LenientModel):
    """One period: running total at its end, or mean; kWh, kW or °C."""

    start: datetime
    sum: float | None = None
    mean: float | None = None
    max: float | None = None


class HomeAssistant:
    """A connection to a Home Assistant, open inside its `with` block."""

    def __init__(self, address: HomeAssistantAddress) -> None:
        self._address = address
        self._ids = count(1)
        self._socket: ClientConnection | None = None
        self._connected_at: datetime | None = None
        self._events: deque[dict[str, Any]] = deque()

    def __enter__(self) -> Self:
        """Connect and prove who we are.

        Raises:
            SettingsError: the URL is none.
            TransportError: nobody answers there, it is no Home Assistant, or it refuses the token.
        """
        url = self._address.url
        try:
            self._socket = connect(
                self._address.websocket,
                open_timeout=_TIMEOUT_S,
                close_timeout=1,
                max_size=_LONGEST_ANSWER,
                proxy=None,
                logger=_silent,
            )
        except (InvalidHandshake, InvalidMessage) as err:
            raise TransportError(f"{url!r} answers, but not as Home Assistant: check homeassistant.url") from err
        except (OSError, WebSocketException) as err:
            raise TransportError(f"no Home Assistant at {url!r} ({err}): check homeassistant.url") from err
        self._connected_at = datetime.now(UTC)
        try:
            self._authenticate()
        except BaseException:
            self._socket.close()
            raise
        return self

    def __exit__(self, *_exception: object) -> None:
        if self._socket is not None:
            self._socket.close()

    def _authenticate(self) -> None:
        greeting = self._receive()
        if greeting.get("type") != "auth_required":
            raise TransportError(f"{self._address.url!r} does not answer as Home Assistant: check homeassistant.url")
        self._send({"type": "auth", "access_token": self._address.token})
        if self._receive().get("type") != "auth_ok":
            raise TokenRefused(f"{self._address.url!r} refuses the token: make a new one ({_HOW_TO_GET_A_TOKEN})")

    def command(self, kind: str, **fields: Any) -> Any:
        """Ask one command; its result.

        Raises:
            TransportError: the connection broke, the answer is late, or Home Assistant refuses.
        """
        number = next(self._ids)
        self._send({"id": number, "type": kind, **fields})
        while (answer := self._receive()).get("id") != number or answer.get("type") not in {"result", "pong"}:
            if answer.get("type") == "event" and len(self._events) < _MOST_EVENTS:
                self._events.append(answer)
        if answer.get("type") == "pong":
            return None
        if answer.get("success"):
            return answer.get("result")
        fault = answer.get("error") or {}
        raise CommandRefused(
            f"Home Assistant refuses {kind!r}: {fault.get('message')!r}; its log says more",
            code=str(fault.get("code")),
        )

    def next_event(self, timeout_s: float) -> Any:
        """The next event of a subscription that was made by a command; None if none comes in time.

        Raises:
            TransportError: the connection broke.
        """
        if self._events:
            return self._events.popleft().get("event")
        try:
            message = self._receive(timeout_s)
        except _Silence:
            return None
        return message.get("event") if message.get("type") == "event" else None

    def config(self) -> HomeAssistantConfig:
        """Version, zone, place, currency."""
        return HomeAssistantConfig.model_validate(self.command("get_config"))

    def states(self) -> dict[str, EntityState]:
        """Every entity by its id."""
        found = [EntityState.model_validate(state) for state in self.command("get_states")]
        return {state.entity_id: state for state in found}

    def statistic_ids(self) -> dict[str, StatisticMeta]:
        """Everything that has long-term statistics."""
        found = [StatisticMeta.model_validate(meta) for meta in self.command("recorder/list_statistic_ids")]
        return {meta.statistic_id: meta for meta in found}

    def mqtt_entities(self) -> dict[str, str]:
        """Unique id and entity of everything that its MQTT integration knows."""
        known = self.command("config/entity_registry/list")
        return {str(one["unique_id"]): str(one["entity_id"]) for one in known if one.get("platform") == "mqtt"}

    def energy_preferences(self) -> dict[str, Any] | None:
        """What the energy dashboard was told; None where it was not set up."""
        try:
            answer: dict[str, Any] = self.command("energy/get_prefs")
        except CommandRefused as err:
            if err.code in {"not_found", "unknown_command"}:
                return None
            raise
        return answer

    def solar_forecast(self) -> dict[str, Any]:
        """What each forecast that the energy dashboard was given says; empty where it has none."""
        try:
            answer: dict[str, Any] = self.command("energy/solar_forecast")
        except CommandRefused as err:
            if err.code in {"not_found", "unknown_command"}:
                return {}
            raise
        return answer

    def statistics(
        self, ids: Sequence[str], start: datetime, *, end: datetime, period: Period
    ) -> dict[str, list[StatisticRow]]:
        """Rows of [start, end), oldest first, in kWh, kW and °C."""
        if not ids:
            return {}
        answer = self.command(
            "recorder/statistics_during_period",
            start_time=start.isoformat(),
            end_time=end.isoformat(),
            statistic_ids=list(ids),
            period=period,
            units=_UNITS,
            types=["sum", "mean", "max"],
        )
        return {name: [_row(row) for row in rows] for name, rows in answer.items()}

    def clock_lead_s(self) -> float | None:
        """By how much its host's clock is ahead of ours, to a second or two; None where it does not say."""
        response = self._socket.response if self._socket else None
        date_header = response.headers.get("Date") if response else None
        if date_header is None or self._connected_at is None:
            return None
        # The header has whole seconds: half of one is the best guess of what was cut off.
        return (parsedate_to_datetime(date_header) - self._connected_at).total_seconds() + 0.5

    def _send(self, message: dict[str, Any]) -> None:
        if self._socket is None:
            raise TransportError("not connected to Home Assistant: open it in a with block")
        try:
            self._socket.send(json.dumps(message))
        except (OSError, WebSocketException) as err:
            raise TransportError(f"lost Home Assistant at {self._address.url!r} ({type(err).__name__})") from err

    def _receive(self, within_s: float | None = None) -> dict[str, Any]:
        within_s = _ANSWER_S if within_s is None else within_s
        if self._socket is None:
            raise TransportError("not connected to Home Assistant: open it in a with block")
        try:
            answer = json.loads(self._socket.recv(within_s))
        except TimeoutError as err:
            raise _Silence(f"Home Assistant at {self._address.url!r} does not answer in {within_s:g} s") from err
        except (OSError, WebSocketException) as err:
            raise TransportError(f"lost Home Assistant at {self._address.url!r} ({type(err).__name__})") from err
        except ValueError as err:
            raise TransportError(f"{self._address.url!r} does not speak JSON: check homeassistant.url") from err
        return answer if isinstance(answer, dict) else {}


class _Silence(TransportError):  # noqa: N818 (what happened)
    """Nothing was heard in time."""


class TokenRefused(TransportError):  # noqa: N818 (what happened)
    """Asking again with the same token only gets us locked out."""


class CommandRefused(TransportError):  # noqa: N818 (what happened)
    """Home Assistant understood us and said no; `code` is its own word for why."""

    def __init__(self, message: str, *, code: str) -> None:
        super().__init__(message)
        self.code = code


def _row(row: dict[str, Any]) -> StatisticRow:
    """A row of any version: times came as text before they came as milliseconds."""
    start = row["start"]
    moment = datetime.fromtimestamp(start / 1000, tz=UTC) if isinstance(start, int | float) else start
    return StatisticRow.model_validate({**row, "start": moment})
