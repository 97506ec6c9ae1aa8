"""The API in the language of its reader: reasons, problems, notes and refusals."""

import re
from dataclasses import replace
from typing import Any

import pytest

from agent.decision.explain import reason_in
from agent.views.service_state import ServiceState
from agent.web.spoken import preferred

SPANISH = {"Accept-Language": "es-ES,es;q=0.9,en;q=0.8"}


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("", None),
        ("*", None),
        ("de,fr;q=0.5", None),
        ("es", "es"),
        ("en-US,en;q=0.9,es;q=0.8", "en"),
        ("de,es;q=0.3,en;q=0.2", "es"),
        ("es;q=0,en;q=0.1", "en"),
        ("es;q=nan,,;;;,es;level=1", None),
        ("en," * 5000 + "es", "en"),
    ],
)
def test_the_language_that_a_client_likes_best_is_spoken(header: str, language: str | None) -> None:
    assert preferred(header) == language


def test_reasons_and_problems_are_said_in_the_readers_language(api: Any, shown: ServiceState) -> None:
    assert shown.decision is not None
    reason = reason_in(shown.decision, "es")
    api.shared_state.show(replace(shown, connected=False, complaints=("load_power: no reading yet",)))
    client = api.client(**SPANISH)
    status = client.get("/v1/status").json()
    assert status["decision"]["reason"] == reason
    assert status["problems"] == ["no se puede conectar con el bróker MQTT: no llegan lecturas ni salen órdenes"]
    assert status["complaints"] == ["aún no hay lecturas del consumo de la casa (load_power)"]
    assert client.get("/v1/decisions").json()[0]["reason"] == reason
    assert client.get(f"/v1/decisions/{shown.decision.decision_id}").json()["reason"] == reason
    assert client.get("/v1/decisions/none").json()["error"].startswith("no existe la decisión")
    assert client.post("/v1/decide", json={}).json()["error"].startswith("los cambios necesitan el token")
    assert api.client().get("/v1/status").json()["decision"]["reason"] == shown.decision.reason


ENGLISH = re.compile(r"\b(?:should|the|given|Input|String|Field|Found|nothing|missing|of)\b")


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("POST", "/v1/acting", {"acting": "foo"}, 422),
        ("POST", "/v1/acting", {"acting": "off", "hours": -3}, 422),
        ("POST", "/v1/ask", {}, 422),
        ("POST", "/v1/ask", {"question": "x" * 5000}, 422),
        ("GET", "/v1/periods/decade", None, 422),
        ("GET", "/v1/periods/week?day=never", None, 422),
        ("GET", "/v1/bill?month=2026-13", None, 422),
        ("GET", "/v1/bill?month=1999-01", None, 404),
        ("GET", "/v1/decisions?limit=-1", None, 422),
        ("POST", "/v1/notes", {"text": ""}, 422),
        ("POST", "/v1/notes/none/done", None, 404),
        ("GET", "/nothing/here", None, 404),
        ("DELETE", "/v1/status", None, 405),
    ],
)
def test_a_wrong_request_is_answered_in_the_readers_language(
    api: Any, method: str, path: str, body: Any, status: int
) -> None:
    answer = api.owner().request(method, path, json=body, headers=SPANISH)
    assert answer.status_code == status
    assert ENGLISH.findall(re.sub(r"'[^']*'", "", answer.json()["error"])) == []
