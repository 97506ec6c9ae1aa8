"""Requests to every route of the API, their paths, queries, headers and bodies changed; a 500 is a crash."""

import asyncio
import time
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx

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
_SHOWS_FOR_EVER = frozenset({"/v1/live"})


def requests(folder: Path, mutator: Mutator, count: int) -> Iterator[DoorResult]:
    """Send them, one after the other."""
    result = DoorResult()
    with ExitStack() as stack:
        bench = ChaosBench(folder / "http", "house", stack)
        for _ in range(4):
            bench.live()
        # The service's own journal is of its thread; who answers reads beside it.
        reader = stack.enter_context(open_journal(folder / "http" / "journal.sqlite", read_only=True))
        app = _app(folder / "http", bench, reader)
        runner = stack.enter_context(asyncio.Runner())
        transport = httpx.ASGITransport(app=app, raise_app_exceptions=False, client=("127.0.0.1", 1))
        headers = {"Authorization": f"Bearer {_TOKEN}", "Host": "localhost"}
        client = httpx.AsyncClient(transport=transport, base_url="http://localhost", headers=headers)
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


def _app(memory: Path, bench: ChaosBench, reader: Journal) -> Any:
    shared: SharedServiceState = bench.service._parts.shared_state  # noqa: SLF001 (the bench looks inside)
    bench.service._display.show()  # noqa: SLF001 (the bench looks inside)
    asker = Asker(Sources(HOME, DayStore(memory / "days"), reader))
    source = ApiSource(shared, memory / "journal.sqlite", notes_of(memory, HOME.name), asker, timedelta(minutes=1))
    settings = ApiSettings(reads_per_second=10_000, asks_per_minute=600, changes_per_minute=600)
    return make_app(source, settings=settings, keys=Keys(_TOKEN), home=HOME.name)


def _routes(runner: asyncio.Runner, client: httpx.AsyncClient) -> list[tuple[str, str, list[str]]]:
    """Method, path and names of the query of every route, from the API's own description."""

    async def described() -> dict[str, Any]:
        for path in ("/v1/openapi.json", "/openapi.json"):
            answer = await client.get(path)
            if answer.status_code == 200:
                found: dict[str, Any] = answer.json()
                return found
        return {"paths": {}}

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
