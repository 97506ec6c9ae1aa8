"""The API in the language of its reader: reasons, problems, notes and refusals."""

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
