"""The real `ollama` client asks through the service, as Home Assistant's integration does."""

import asyncio
import json
from collections.abc import Callable, Iterator
from typing import Any

import ollama
import pytest

from agent.views.service_state import ServiceState
from agent.web.ollama import NAME

QUESTION = [
    {"role": "system", "content": "You are a voice assistant for Home Assistant."},
    {"role": "user", "content": "Hello"},
    {"role": "assistant", "content": "How can I help?"},
    {"role": "user", "content": "Why did you do that?"},
]


@pytest.fixture
def client(api: Any) -> Iterator[ollama.Client]:
    with ollama.Client(host=api.url) as asking:
        yield asking


def test_the_advisor_is_found_like_any_model(client: ollama.Client) -> None:
    assert [model.model for model in client.list().models] == [NAME]
    assert [model.model for model in client.ps().models] == [NAME]
    assert client.show("energy-advisor").capabilities == ["completion"]


def test_it_answers_from_the_decision_as_a_stream_and_as_a_whole(client: ollama.Client, shown: ServiceState) -> None:
    assert shown.decision is not None
    chunks = list(client.chat("energy-advisor", messages=QUESTION, stream=True, keep_alive="60s"))
    text = "".join(chunk.message.content or "" for chunk in chunks)
    assert shown.decision.reason in text
    assert len(chunks) > 5
    assert (chunks[-1].done, chunks[-1].done_reason) == (True, "stop")
    assert client.chat(NAME, messages=QUESTION).message.content == text
    assert client.generate(NAME, prompt="Why did you do that?").response == text


def test_tools_that_an_assistant_offers_are_left_alone(client: ollama.Client, api: Any) -> None:
    tool = {"type": "function", "function": {"name": "HassTurnOn", "description": "x", "parameters": {}}}
    answer = client.chat(NAME, messages=[{"role": "user", "content": "Discharge the battery"}], tools=[tool])
    assert not answer.message.tool_calls
    assert answer.message.content
    assert not api.shared_state.decision_wished


_TOOL = {
    "type": "function",
    "function": {
        "name": "HassTurnOn",
        "description": "Turns on a device",
        "parameters": {"type": "object", "properties": {"name": {"type": "string"}}, "required": []},
    },
}
# What Home Assistant's integration gives to `chat`: as it began, as it is now, and steps between.
_SHAPES: dict[str, dict[str, Any]] = {
    "as it began": {"stream": False, "keep_alive": -1},
    "tools": {"stream": False, "keep_alive": "-1s", "tools": [_TOOL], "options": {"num_ctx": 8192}},
    "tools in a stream": {"stream": True, "keep_alive": -1, "tools": [_TOOL], "options": {"num_ctx": 8192}},
    "as it is now": {
        "stream": True,
        "keep_alive": "60s",
        "tools": None,
        "options": {"num_ctx": 8192.0},
        "think": True,
        "format": None,
    },
}


@pytest.mark.parametrize("shape", _SHAPES)
def test_what_home_assistant_sends_is_answered(client: ollama.Client, shown: ServiceState, shape: str) -> None:
    assert shown.decision is not None
    called = ollama.Message.ToolCall(function=ollama.Message.ToolCall.Function(name="HassTurnOn", arguments={}))
    turns = [
        ollama.Message(role="system", content="You are a voice assistant for Home Assistant."),
        ollama.Message(role="user", content="Turn on the light"),
        ollama.Message(role="assistant", content="", tool_calls=[called]),
        ollama.Message(role="tool", content='{"data": {"speech": {}}, "error": null}'),
        ollama.Message(role="assistant", content="Done.", thinking="It is on now."),
        ollama.Message(role="user", content="Why did you do that?", images=[ollama.Image(value=b"\x89PNG")]),
    ]
    answer = client.chat(NAME, messages=turns, **_SHAPES[shape])
    chunks = list(answer) if _SHAPES[shape]["stream"] else [answer]
    assert shown.decision.reason in "".join(chunk.message.content or "" for chunk in chunks)
    assert chunks[-1].done
    assert not any(chunk.message.tool_calls for chunk in chunks)


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize(
    ("wanted", "others"),
    [
        ({"type": "object", "properties": {"answer": {"type": "string"}}}, {}),
        (
            {
                "type": "object",
                "properties": {
                    "answer": {"type": "string"},
                    "percent": {"type": "number"},
                    "mode": {"type": "string", "enum": ["a", "b"]},
                },
                "required": ["answer", "percent", "mode"],
            },
            {"percent": None, "mode": None},
        ),
        ("json", {}),
    ],
)
def test_a_structure_is_filled_with_the_answer_and_nothing_is_guessed(
    client: ollama.Client, shown: ServiceState, wanted: Any, others: dict[str, None], stream: bool
) -> None:
    assert shown.decision is not None
    answer: Any = client.chat(NAME, messages=QUESTION, format=wanted, stream=stream)
    chunks = list(answer) if stream else [answer]
    filled = json.loads("".join(chunk.message.content or "" for chunk in chunks))
    assert shown.decision.reason in filled.pop("answer")
    assert filled == others
    assert chunks[-1].done


def test_a_client_may_leave_in_the_middle_of_an_answer(api: Any, client: ollama.Client) -> None:
    async def ask() -> str:
        async with ollama.AsyncClient(host=api.url) as asking:
            chunks = await asking.chat(NAME, messages=QUESTION, stream=True)
            async for chunk in chunks:
                return chunk.message.content or ""
        return ""

    for _ in range(4):
        assert asyncio.run(ask())
    assert client.chat(NAME, messages=QUESTION).message.content


def test_another_model_is_not_found_and_a_novel_is_answered_shortly(client: ollama.Client) -> None:
    with pytest.raises(ollama.ResponseError, match="only one here"):
        client.chat("llama3", messages=QUESTION)
    answer = client.chat(NAME, messages=[{"role": "user", "content": "why " * 25_000}])
    assert answer.message.content
    assert len(answer.message.content) < 500
    assert client.chat(NAME, messages=[]).done


def test_beyond_loopback_the_key_in_the_address_lets_a_client_in(serve: Callable[..., Any]) -> None:
    with serve(host="0.0.0.0") as api:  # noqa: S104 (what is tested)
        url = api.url.replace("0.0.0.0", "127.0.0.1")  # noqa: S104 (as above)
        for path, refusal in (("", "token is needed"), (f"/key/{'0' * 32}", "wrong")):
            with ollama.Client(host=url + path) as stranger, pytest.raises(ollama.ResponseError, match=refusal):
                stranger.list()
        with ollama.Client(host=f"{url}/key/{api.read_key}") as client:
            assert client.chat(NAME, messages=QUESTION).message.content
