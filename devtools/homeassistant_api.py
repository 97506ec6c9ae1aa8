"""The API of a Home Assistant that we set up ourselves: states, actions, integrations, WebSocket commands."""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import httpx
from websockets.sync.client import connect

from energy.errors import AdvisorError, TransportError
from transport.mqtt import BrokerAddress

_TIMEOUT_S = 60
_GLANCE_S = 0.05
_USER = {"name": "Tester", "username": "tester", "password": "correct horse battery staple", "language": "en"}


def sign_up(url: str) -> str:
    """Make the administrator of a Home Assistant that has none; a token of long life for it."""
    client_id = f"{url}/"
    code = _post(f"{url}/api/onboarding/users", json={**_USER, "client_id": client_id})["auth_code"]
    asked = {"grant_type": "authorization_code", "code": code, "client_id": client_id}
    short = str(_post(f"{url}/auth/token", data=asked)["access_token"])
    made = HomeAssistantApi(url, short).command("auth/long_lived_access_token", client_name="advisor", lifespan=365)
    return str(made)


def _post(url: str, **body: Any) -> dict[str, Any]:
    answer = httpx.post(url, timeout=_TIMEOUT_S, **body)
    answer.raise_for_status()
    given: dict[str, Any] = answer.json()
    return given


@dataclass(frozen=True, slots=True)
class HomeAssistantApi:
    """One Home Assistant and the token we have for it."""

    url: str
    token: str

    def is_running(self) -> bool:
        """Whether it has started everything."""
        try:
            return bool(self._request("GET", "/api/config").json().get("state") == "RUNNING")
        except httpx.HTTPError:
            return False

    def states(self) -> dict[str, dict[str, Any]]:
        """Every entity by its id."""
        return {state["entity_id"]: state for state in self._request("GET", "/api/states").json()}

    def state(self, entity_id: str) -> str | None:
        """What an entity says now; None where there is none."""
        whole = self.entity(entity_id)
        return None if whole is None else str(whole["state"])

    def entity(self, entity_id: str) -> dict[str, Any] | None:
        """An entity with its attributes; None where there is none."""
        return self.states().get(entity_id)

    def await_states(
        self, condition: Callable[[dict[str, dict[str, Any]]], bool], *, timeout_s: float = 60.0
    ) -> dict[str, dict[str, Any]]:
        """All states once they fulfil a condition.

        Raises:
            AdvisorError: they do not in time.
        """
        deadline = time.monotonic() + timeout_s
        while not condition(states := self.states()):
            if time.monotonic() > deadline:
                shown = {name: state["state"] for name, state in states.items()}
                raise AdvisorError(f"Home Assistant did not get there within {timeout_s:g} s: {shown}")
            time.sleep(_GLANCE_S)
        return states

    def await_state(self, entity_id: str, wanted: str, *, timeout_s: float = 60.0) -> dict[str, Any]:
        """An entity once it says `wanted`; raises AdvisorError if it does not in time."""

        def there(states: dict[str, dict[str, Any]]) -> bool:
            return states.get(entity_id, {}).get("state") == wanted

        return self.await_states(there, timeout_s=timeout_s)[entity_id]

    def act(self, action: str, **data: Any) -> None:
        """Perform an action like `select.select_option`."""
        self._request("POST", f"/api/services/{action.replace('.', '/')}", json=data)

    def add_mqtt(self, broker: BrokerAddress) -> str:
        """Add the MQTT integration through its config flow, as a user does; the id of its entry."""
        given: dict[str, Any] = {"broker": broker.host, "port": broker.port}
        if broker.username is not None:
            given |= {"username": broker.username, "password": broker.password}
        return self.add_integration("mqtt", given)

    def add_integration(self, name: str, *forms: dict[str, Any], options: dict[str, Any] | None = None) -> str:
        """Add an integration, filling in its forms one after the other and then its options; the id of its entry.

        Raises:
            TransportError: it does not take what was filled in.
        """
        entry = str(self._fill_in("/api/config/config_entries/flow", name, *forms)["result"]["entry_id"])
        if options is not None:
            self._fill_in("/api/config/config_entries/options/flow", entry, options)
        return entry

    def converse(self, text: str, agent: str) -> str:
        """What a conversation agent says to a text."""
        asked = {"text": text, "agent_id": agent, "language": "en"}
        answer = self._request("POST", "/api/conversation/process", json=asked).json()
        return str(answer["response"]["speech"]["plain"]["speech"])

    def _fill_in(self, path: str, handler: str, *forms: dict[str, Any]) -> dict[str, Any]:
        step: dict[str, Any] = self._request("POST", path, json={"handler": handler}).json()
        for form in forms:
            if step.get("type") == "form":
                step = self._request("POST", f"{path}/{step['flow_id']}", fine=(400,), json=form).json()
        if step.get("type") != "create_entry":
            why = step.get("errors") or step.get("reason") or step.get("message")
            raise TransportError(f"Home Assistant does not take {handler!r}: {why}")
        return step

    def configure_automation(self, name: str, **config: Any) -> None:
        """Make or change an automation as the user interface does; it is in force at once."""
        self._request("POST", f"/api/config/automation/config/{name}", json=config)

    def command(self, kind: str, **data: Any) -> Any:
        """Ask one command over the WebSocket API; its result.

        Raises:
            TransportError: it refuses the token or the command.
        """
        address = f"{self.url.replace('http', 'ws', 1)}/api/websocket"
        with connect(address, open_timeout=_TIMEOUT_S, max_size=None) as socket:
            socket.recv(_TIMEOUT_S)
            socket.send(json.dumps({"type": "auth", "access_token": self.token}))
            greeting = json.loads(socket.recv(_TIMEOUT_S))
            if greeting["type"] != "auth_ok":
                raise TransportError(f"{self.url!r} refuses the token: make a new one in the user's profile")
            socket.send(json.dumps({"id": 1, "type": kind, **data}))
            answer = json.loads(socket.recv(_TIMEOUT_S))
        if not answer["success"]:
            raise TransportError(f"{kind!r} failed: {answer['error']}")
        return answer["result"]

    def _request(self, method: str, path: str, *, fine: tuple[int, ...] = (), **body: Any) -> httpx.Response:
        headers = {"Authorization": f"Bearer {self.token}"}
        answer = httpx.request(method, f"{self.url}{path}", headers=headers, timeout=_TIMEOUT_S, **body)
        if answer.status_code not in fine:
            answer.raise_for_status()
        return answer
