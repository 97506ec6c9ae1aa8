"""The protocol's own client lists and calls every tool over HTTP; nonsense gets a sentence, strangers nothing."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import ExitStack
from typing import Any

import httpx
import httpx2
import pytest
from mcp.client import Client
from mcp.client.sse import sse_client
from mcp.client.streamable_http import streamable_http_client

from agent.views.service_state import ServiceState

TOKEN = "a-token-for-tests-only"  # noqa: S105 (of tests only)
ARGUMENTS: dict[str, dict[str, Any]] = {
    "similar_days": {"day": "today"},
    "history": {"quantity": "load", "first_day": "DAY", "last_day": "DAY"},
    "plan_with_reserve": {"percent": 50},
    "what_if": {"change": "battery_kwh", "value": 12},
    "why_not": {"mode": "charge"},
    "bills": {"first_day": "DAY", "last_day": "DAY"},
    "daily_figures": {"quantity": "pv", "first_day": "DAY", "last_day": "DAY"},
    "forecast_quality": {"day": "DAY"},
    "ask": {"question": "Why did you do that?"},
    "draft_note": {"text": "keep 50 % until tomorrow 8:00"},
}


def talk(url: str, say: Callable[[Client], Awaitable[Any]], **headers: str) -> Any:
    async def conversation() -> Any:
        async with (
            httpx2.AsyncClient(headers=headers, timeout=60) as http,
            Client(streamable_http_client(f"{url}/mcp", http_client=http)) as client,
        ):
            return await say(client)

    return asyncio.run(conversation())


def talk_by_events(url: str, say: Callable[[Client], Awaitable[Any]]) -> Any:
    async def conversation() -> Any:
        async with Client(sse_client(f"{url}/mcp/sse", timeout=60)) as client:
            return await say(client)

    return asyncio.run(conversation())


def called(url: str, name: str, **arguments: Any) -> tuple[bool, str]:
    async def call(client: Client) -> Any:
        return await client.call_tool(name, arguments)

    result = talk(url, call)
    return bool(result.is_error), "".join(part.text for part in result.content)


def test_every_tool_is_listed_as_reading_only_and_answers(api: Any, shown: ServiceState) -> None:
    day = shown.decision.at.date().isoformat() if shown.decision else ""

    async def all_tools(client: Client) -> dict[str, str]:
        answers = {}
        for tool in (await client.list_tools()).tools:
            assert tool.description
            assert tool.annotations is not None
            assert tool.annotations.read_only_hint
            assert "$ref" not in str(tool.input_schema)
            given = {key: day if value == "DAY" else value for key, value in ARGUMENTS.get(tool.name, {}).items()}
            result = await client.call_tool(tool.name, given)
            assert not result.is_error, (tool.name, result)
            answers[tool.name] = "".join(part.text for part in result.content)  # type: ignore[union-attr]
        return answers

    answers = talk(api.url, all_tools)
    assert {"live_status", "plan", "why", "why_not", "what_if", "history", "similar_days", "bills"} <= set(answers)
    assert set(ARGUMENTS) <= set(answers)
    assert not {name: text for name, text in answers.items() if not text or text.startswith("error")}
    assert "50 %" in answers["draft_note"]
    assert "not kept" in answers["draft_note"]
    assert api.notes.list() == []


@pytest.mark.parametrize(
    ("name", "arguments", "says"),
    [
        ("why_not", {"mode": "dance"}, "mode: "),
        ("why_not", {}, "mode: Field required"),
        ("no_such_tool", {}, "'no_such_tool' is not a tool here: use one of live_status"),
        ("bills", {"first_day": "yesterday", "last_day": "2016-12-01"}, "are no days: write YYYY-MM-DD"),
        ("why", {"at": "tea time"}, "'tea time' is no time"),
        ("draft_note", {"text": " "}, "write 1 to 500"),
        ("what_if", {"change": "battery_kwh", "value": "nan"}, ""),
        ("history", {"quantity": "load", "first_day": "0001-01-01", "last_day": "9999-12-31"}, "ask for 1 to 400"),
    ],
)
def test_nonsense_is_answered_with_one_sentence(api: Any, name: str, arguments: dict[str, Any], says: str) -> None:
    _, text = called(api.url, name, **arguments)
    assert says in text
    assert "\n" not in text.strip()
    assert "Traceback" not in text


def test_what_is_no_message_is_refused_and_the_next_client_served(api: Any) -> None:
    headers = {"content-type": "application/json", "accept": "application/json, text/event-stream"}
    for body in (b"", b"{", b"[]", b'{"jsonrpc": "2.0", "id": 1, "method": "no/such"}', b"\xff\xfe"):
        answer = httpx.post(f"{api.url}/mcp", content=body, headers=headers, timeout=20)
        assert 400 <= answer.status_code < 500 or "error" in answer.json(), answer.text
    assert httpx.post(f"{api.url}/mcp", content=b"x" * 70_000, headers=headers).status_code == 413
    assert called(api.url, "live_status")[0] is False


def test_the_same_rules_hold_as_for_the_rest_of_the_api(serve: Callable[..., Any]) -> None:
    with serve(host="0.0.0.0") as running:  # noqa: S104 (the test's own machine)
        url = running.url.replace("0.0.0.0", "127.0.0.1")  # noqa: S104 (as above)
        assert httpx.post(f"{url}/mcp", json={}).status_code == 401
        assert httpx.post(f"{url}/mcp", json={}, headers={"origin": "http://evil.example"}).status_code == 403
        assert httpx.post(f"{url}/mcp", json={}, headers={"host": "evil.example"}).status_code == 421

        assert len(talk(url, names, Authorization=f"Bearer {TOKEN}")) > 10
        assert len(talk(f"{url}/key/{running.read_key}", names)) > 10


async def names(client: Client) -> set[str]:
    return {tool.name for tool in (await client.list_tools()).tools}


async def why(client: Client) -> str:
    return "".join(part.text for part in (await client.call_tool("why", {})).content)  # type: ignore[union-attr]


def test_the_older_transport_lists_and_answers_the_same(api: Any) -> None:
    assert talk_by_events(api.url, names) == talk(api.url, names)
    assert talk_by_events(api.url, why) == talk(api.url, why) != ""


def test_the_older_transport_keeps_the_same_rules_and_answers_under_a_read_key(serve: Callable[..., Any]) -> None:
    with serve(host="0.0.0.0") as running:  # noqa: S104 (the test's own machine)
        url = running.url.replace("0.0.0.0", "127.0.0.1")  # noqa: S104 (as above)
        for path in ("/mcp/sse", "/key/wrong/mcp/sse"):
            assert httpx.get(f"{url}{path}").status_code == 401
        assert httpx.post(f"{url}/mcp/messages/?session_id={'0' * 32}", json={}).status_code == 401
        assert (
            httpx.post(f"{url}/key/{running.read_key}/mcp/messages/?session_id={'0' * 32}", json={}).status_code == 404
        )
        assert len(talk_by_events(f"{url}/key/{running.read_key}", names)) > 10


def test_as_many_assistants_as_it_can_hold_are_connected_and_the_next_is_told(api: Any) -> None:
    with ExitStack() as streams, httpx.Client(base_url=api.url, timeout=60) as client:
        opened = [streams.enter_context(client.stream("GET", "/mcp/sse")).iter_lines() for _ in range(16)]
        assert {next(lines) for lines in opened} == {"event: endpoint"}
        refused = client.get("/mcp/sse")
        assert (refused.status_code, "16 assistants are connected" in refused.json()["error"]) == (503, True)
    assert talk_by_events(api.url, why)
