"""Requests to every route of the API: changed by us, and made by schemathesis from the API's own description."""

import asyncio
import time
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed
from hypothesis import settings as hypothesis_settings
from hypothesis.strategies import SearchStrategy
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import FailureGroup
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from agent.decision.journal import Journal, open_journal
from agent.language.answers.ask import Asker
from agent.queries import Sources
from agent.settings import ApiSettings
from agent.views.service_state import SharedServiceState
from agent.web.access import Keys
from agent.web.app import make_app
from agent.web.source import ApiSource
from devtools.chaos.door_result import DoorResult
from devtools.chaos.house import HOME, ChaosBench
from devtools.chaos.mutations import Mutator
from knowledge.notes import notes_of
from knowledge.store import DayStore

_TOKEN = "a-token-for-chaos-only"  # noqa: S105 (of this bench only)
_BODIES = (
    b'{"text":"keep 60 % until 08:00"}',
    b'{"question":"Why now?"}',
    b'{"model":"x","messages":[{"role":"user","content":"Why?"}],"stream":false}',
    b'{"id":"20260114-abcd"}',
)
_VALUES = (
    "2026-01-14",
    "2026-01-14T07:00:00Z",
    "5",
    "en",
    "x",
    "0001-01-01T00:00:00+14:00",
    "9" * 400,
    "../../etc/passwd",
)
_RATES = ("reads_per_second", "asks_per_minute", "changes_per_minute")
_HEADERS = {"Authorization": f"Bearer {_TOKEN}", "Host": "localhost"}
_DESCRIPTION = "/v1/openapi.json"
_CHECKS = [not_a_server_error, status_code_conformance, response_schema_conformance, content_type_conformance]
_BATCH = 100
_SHOWS_FOR_EVER = ["/v1/live"]


def requests(folder: Path, mutator: Mutator, count: int) -> Iterator[DoorResult]:
    """Paths, queries, headers and bodies changed, one request after the other; a 500 is a crash."""
    result = DoorResult()
    with ExitStack() as stack:
        app = _serve(folder / "http", stack)
        runner = stack.enter_context(asyncio.Runner())
        transport = httpx.ASGITransport(app=app, raise_app_exceptions=False, client=("127.0.0.1", 1))
        client = httpx.AsyncClient(transport=transport, base_url="http://localhost", headers=_HEADERS)
        routes = _routes(runner, client)
        for _ in range(count):
            began = time.monotonic()
            status, what = runner.run(_one(client, mutator, routes))
            result.inputs += 1
            result.slowest_s = max(result.slowest_s, time.monotonic() - began)
            if status >= 500 and status != 503:
                result.crashes += 1
                result.note(f"{status} {what}")
            yield result
        runner.run(client.aclose())


def described_requests(folder: Path, mutator: Mutator, count: int) -> Iterator[DoorResult]:
    """Requests that fit the API's description and such that do not; an answer that it does not describe is a crash."""
    result = DoorResult()
    with ExitStack() as stack:
        app = _serve(folder / "described", stack)
        schema = schemathesis.openapi.from_asgi(_DESCRIPTION, app, headers=_HEADERS).exclude(path=_SHOWS_FOR_EVER)
        while result.inputs < count:
            for mode in GenerationMode:
                _try_cases(schema.as_strategy(generation_mode=mode), mutator, min(_BATCH, count), result)
                yield result


def _try_cases(cases: SearchStrategy[schemathesis.Case[Any]], mutator: Mutator, count: int, result: DoorResult) -> None:
    @seed(mutator.rng.randrange(2**32))
    @hypothesis_settings(
        max_examples=count,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=cases)
    def try_case(case: schemathesis.Case[Any]) -> None:
        began = time.monotonic()
        try:
            case.validate_response(case.call(headers=_HEADERS), headers=_HEADERS, checks=_CHECKS)
        except FailureGroup as failures:
            result.crashes += 1
            result.note(f"{case.operation.label}: {failures.exceptions[0]}")
        result.inputs += 1
        result.slowest_s = max(result.slowest_s, time.monotonic() - began)

    try_case()


def _serve(memory: Path, stack: ExitStack) -> Any:
    """The API of a house that has decided a few times."""
    bench = ChaosBench(memory, "house", stack)
    for _ in range(4):
        bench.live()
    # The service's own journal is of its thread; who answers reads beside it.
    reader = stack.enter_context(open_journal(memory / "journal.sqlite", read_only=True))
    return _app(memory, bench, reader)


def _app(memory: Path, bench: ChaosBench, reader: Journal) -> Any:
    shared: SharedServiceState = bench.service._parts.shared_state  # noqa: SLF001 (the bench looks inside)
    bench.service._display.show()  # noqa: SLF001 (the bench looks inside)
    asker = Asker(Sources(HOME, DayStore(memory / "days"), reader))
    source = ApiSource(shared, memory / "journal.sqlite", notes_of(memory, HOME.name), asker, timedelta(minutes=1))
    # Faster than any setting allows: a refusal for haste tries nothing.
    settings = ApiSettings().model_copy(update=dict.fromkeys(_RATES, 1000000000.0))
    return make_app(source, settings=settings, keys=Keys(_TOKEN), home=HOME.name)


def _routes(runner: asyncio.Runner, client: httpx.AsyncClient) -> list[tuple[str, str, list[str]]]:
    """Method, path and names of the query of every route, from the API's own description."""

    async def described() -> dict[str, Any]:
        found: dict[str, Any] = (await client.get(_DESCRIPTION)).json()
        return found

    paths = runner.run(described())["paths"]
    routes = [
        (method.upper(), path, [one["name"] for one in about.get("parameters", []) if one["in"] == "query"])
        for path, methods in paths.items()
        for method, about in methods.items()
        if path not in _SHOWS_FOR_EVER
    ]
    return [*routes, ("GET", "/", []), ("POST", "/api/chat", []), ("POST", "/api/show", []), ("GET", "/api/tags", [])]


async def _one(
    client: httpx.AsyncClient, mutator: Mutator, routes: list[tuple[str, str, list[str]]]
) -> tuple[int, str]:
    rng = mutator.rng
    method, path, names = rng.choice(routes)
    for part in ("{decision_id}", "{note_id}", "{id}", "{name}", "{day}"):
        path = path.replace(part, mutator.change(rng.choice(_VALUES).encode()).decode("latin-1")[:100])
    if rng.random() < 0.1:
        path = mutator.change(path.encode()).decode("latin-1")
    query = {
        name: mutator.change(rng.choice(_VALUES).encode()).decode("latin-1")[:2000]
        for name in names
        if rng.random() < 0.7
    }
    body = mutator.pick(_BODIES) if method != "GET" else None
    try:
        answer = await client.request(
            method, httpx.URL(scheme="http", host="localhost", path="/" + path.lstrip("/")), params=query, content=body,
            headers={"Content-Type": rng.choice(("application/json", "text/plain", "x"))},
        )  # fmt: skip
    except (httpx.InvalidURL, UnicodeError, ValueError):
        return 0, "no request at all"
    return answer.status_code, f"{method} {path[:60]!r} {str(query)[:100]} {body[:60] if body else b''!r}"
