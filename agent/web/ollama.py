"""Enough of Ollama's API that its clients, such as Home Assistant's assistant, can ask the advisor.

It answers questions and nothing else: tools that a client offers are not used, and nothing is ever changed.
Reference: https://github.com/ollama/ollama/blob/main/docs/api.md
"""

import hashlib
import json
import time
from collections.abc import Callable, Mapping
from contextlib import closing
from datetime import UTC, datetime
from typing import Literal, assert_never

from fastapi import APIRouter, HTTPException, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, JsonValue

from agent.language.answers.ask import AnswerPiece, Done, Ran
from agent.views.schemas import Problem
from agent.web.ask import AskQueue, Failed
from agent.web.streaming import Lines, NdjsonResponse

NAME = "energy-advisor:latest"
# Of the versions whose messages these are.
_VERSION = "0.13.0"
_DETAILS = {"parent_model": "", "format": "facts", "family": "energy-advisor", "families": ["energy-advisor"]}
_SIZES = {"parameter_size": "0B", "quantization_level": "none"}
_MADE = "2026-01-01T00:00:00Z"
_DIGEST = hashlib.sha256(NAME.encode()).hexdigest()


Wrap = Callable[[str], dict[str, object]]


class _Request(BaseModel):
    """Clients send more than is needed here, and more with every version."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class ChatMessage(_Request):
    """One turn of a conversation."""

    role: Literal["system", "user", "assistant", "tool"]
    content: str | None = None


class ChatRequest(_Request):
    """A conversation; only the last thing that the user said is answered."""

    model: str
    messages: tuple[ChatMessage, ...] = ()
    stream: bool = True
    format: JsonValue = None

    @property
    def question(self) -> str:
        """The last thing that the user said; what an assistant adds about its house is not read."""
        return self._asked[-1] if self._asked else ""

    @property
    def before(self) -> tuple[str, ...]:
        """What the user said before that, oldest first."""
        return self._asked[:-1]

    @property
    def _asked(self) -> tuple[str, ...]:
        return tuple(one.content or "" for one in self.messages if one.role == "user")


class GenerateRequest(_Request):
    """A single prompt; an empty one only asks whether the model is there."""

    model: str
    prompt: str = ""
    stream: bool = True


class ShowRequest(_Request):
    """Which model is meant; older clients call it `name`."""

    model: str = ""
    name: str = ""


def ollama_routes(queue: AskQueue) -> APIRouter:
    """The paths under `/api` that clients use to find a model and to talk to it."""
    router = APIRouter(prefix="/api", tags=["ollama"], responses={404: {"model": Problem}})

    @router.get("/version")
    async def get_version() -> dict[str, str]:
        """The version of Ollama whose messages are spoken."""
        return {"version": _VERSION}

    @router.get("/tags")
    async def get_tags() -> dict[str, object]:
        """The one model: the advisor."""
        return {"models": [_entry() | {"modified_at": _MADE}]}

    @router.get("/ps")
    async def get_ps() -> dict[str, object]:
        """The one model, always loaded."""
        return {"models": [_entry() | {"expires_at": "2100-01-01T00:00:00Z", "size_vram": 0}]}

    @router.post("/show")
    async def post_show(body: ShowRequest) -> dict[str, object]:
        """What the model can do: converse."""
        _known(body.model or body.name)
        return {
            "modelfile": "",
            "parameters": "",
            "template": "",
            "details": _DETAILS | _SIZES,
            "model_info": {"general.architecture": "energy-advisor", "energy-advisor.context_length": 2048},
            "capabilities": ["completion"],
            "modified_at": _MADE,
        }

    @router.post("/chat", response_class=Response)
    async def post_chat(body: ChatRequest) -> Response:
        """Answer the last question of a conversation."""
        _known(body.model)
        chunks = _chunks(queue, body.question, _message, body.before)
        return await _answer(queue, _filled(chunks, body.format), stream=body.stream, wrap=_message)

    @router.post("/generate", response_class=Response)
    async def post_generate(body: GenerateRequest) -> Response:
        """Answer a prompt."""
        _known(body.model)
        return await _answer(queue, _chunks(queue, body.prompt, _response), stream=body.stream, wrap=_response)

    return router


def _entry() -> dict[str, object]:
    return {"name": NAME, "model": NAME, "size": 0, "digest": _DIGEST, "details": _DETAILS | _SIZES}


def _known(model: str) -> None:
    if model not in {NAME, NAME.partition(":")[0]}:
        raise HTTPException(404, f"model {model[:64]!r} not found: the only one here is {NAME!r}")


def _message(text: str) -> dict[str, object]:
    return {"message": {"role": "assistant", "content": text}}


def _response(text: str) -> dict[str, object]:
    return {"response": text}


async def _answer(queue: AskQueue, chunks: Lines, *, stream: bool, wrap: Wrap) -> Response:
    if stream:
        return NdjsonResponse(chunks, queue.turns)
    async with queue.turns:
        return _whole(await run_in_threadpool(list, chunks), wrap)


def _chunks(queue: AskQueue, question: str, wrap: Wrap, before: tuple[str, ...] = ()) -> Lines:
    """Chunks as Ollama sends them: text, then a last one with counts, or an error."""
    began, count = time.perf_counter(), 0
    if not question.strip():
        yield _last(began, count) | wrap("")
        return
    with closing(queue.pieces(question, before=before)) as pieces:
        for piece in pieces:
            match piece:
                case AnswerPiece(text):
                    count += 1
                    yield _head() | {"done": False} | wrap(text)
                case Failed():
                    yield {"error": piece.why}
                case Done():
                    yield _last(began, count) | wrap("")
                case Ran():
                    continue
                case _:
                    assert_never(piece)


def _filled(chunks: Lines, structure: JsonValue) -> Lines:
    """The answer as the JSON that a client waits for; without a structure, the chunks as they are.

    Its texts hold the answer, and all else is null: a number that was not asked for by name would be a guess.
    """
    if not structure:
        yield from chunks
        return
    text, last = "", {}
    for chunk in chunks:
        if "error" in chunk:
            yield chunk
            return
        text, last = text + _text(chunk), dict(chunk)
    yield _head() | {"done": False} | _message(json.dumps(_fill(structure, text), ensure_ascii=False))
    yield last


def _fill(structure: JsonValue, text: str) -> dict[str, str | None]:
    given = structure.get("properties") if isinstance(structure, dict) else None
    wanted: dict[str, JsonValue] = given if isinstance(given, dict) and given else {"answer": {"type": "string"}}
    return {name: text if _is_text(described) else None for name, described in wanted.items()}


def _is_text(described: JsonValue) -> bool:
    return isinstance(described, dict) and described.get("type") == "string" and "enum" not in described


def _head() -> dict[str, object]:
    return {"model": NAME, "created_at": datetime.now(UTC).isoformat()}


def _last(began: float, count: int) -> dict[str, object]:
    passed_ns = int((time.perf_counter() - began) * 1e9)
    counts = {"prompt_eval_count": 0, "prompt_eval_duration": 0, "eval_count": count, "eval_duration": passed_ns}
    return _head() | {"done": True, "done_reason": "stop", "total_duration": passed_ns, "load_duration": 0} | counts


def _whole(chunks: list[Mapping[str, object]], wrap: Wrap) -> Response:
    if "error" in chunks[-1]:
        return JSONResponse(chunks[-1], status_code=500)
    return JSONResponse(dict(chunks[-1]) | wrap("".join(_text(chunk) for chunk in chunks)))


def _text(chunk: Mapping[str, object]) -> str:
    message = chunk.get("message", {})
    text = message.get("content") if isinstance(message, dict) and message else chunk.get("response")
    return text if isinstance(text, str) else ""
