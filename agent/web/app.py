"""The API put together: routes behind the gate, one form of error, an OpenAPI description."""

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from functools import partial
from importlib.metadata import version
from typing import Any

from anyio import to_thread
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.applications import Starlette
from starlette.exceptions import HTTPException as AnyHttpError
from starlette.routing import Route
from starlette.types import ASGIApp

from agent.decision.constraint_words import Language
from agent.decision.wording.problem_words import in_language
from agent.language.answers.assistant_tools import at_each_call
from agent.language.answers.tools import ToolContext
from agent.settings import ApiSettings
from agent.views.schemas import PROBLEM_RESPONSE
from agent.web.access import Gate, Keys
from agent.web.ask import AskQueue, ask_routes
from agent.web.bills import bill_routes
from agent.web.decision_log import DecisionLog
from agent.web.mcp import MCP_PATH, MESSAGES_PATH, SSE_PATH, McpEndpoint
from agent.web.notes import note_routes
from agent.web.ollama import ollama_routes
from agent.web.page import page_routes
from agent.web.periods import period_routes
from agent.web.routes import change_routes, live_routes, past_routes, state_routes
from agent.web.source import ApiSource
from agent.web.spoken import preferred
from agent.web.study import StudyDesk, study_routes
from energy.errors import AdvisorError
from energy.validation_messages import plain

_log = logging.getLogger(__name__)
_SHOWN = 60
_THREADS = 2
# What the gate and the reading of a request answer, whatever the path.
_EVERYWHERE: dict[int | str, dict[str, Any]] = dict.fromkeys((400, 403, 413, 421, 422, 429), PROBLEM_RESPONSE)
# What the framework says by itself.
_PLAINER = {
    "Not Found": "there is nothing at this address: see docs/page.md",
    "Method Not Allowed": "this address does not take such a request: see docs/page.md",
}
_UNREADABLE = "the body cannot be read: send JSON in UTF-8"


def make_app(
    source: ApiSource, *, settings: ApiSettings, keys: Keys, home: str, studies: StudyDesk | None = None
) -> ASGIApp:
    """The whole API, with its gate in front; with a desk for studies, their form too."""
    mcp = McpEndpoint(partial(_mcp_app, source, home))
    app = FastAPI(
        lifespan=partial(_living, mcp),
        title="Energy Advisor",
        version=version("energy-advisor"),
        summary="What the advisor of a home sees, plans and has decided, and why.",
        openapi_url="/v1/openapi.json",
        docs_url=None,  # its assets would come from elsewhere
        redoc_url=None,
        responses=_EVERYWHERE,
    )
    queue = AskQueue(source)
    for router in (
        state_routes(source),
        past_routes(source, DecisionLog(source.journal, home)),
        bill_routes(source),
        period_routes(source),
        live_routes(source),
        change_routes(source),
        note_routes(source),
        ask_routes(source, queue),
        ollama_routes(queue),
        page_routes(settings.language, source.language, with_study=studies is not None),
        *(() if studies is None else (study_routes(source, studies),)),
    ):
        app.include_router(router)
    for path, methods in ((MCP_PATH, ["GET", "POST", "DELETE"]), (SSE_PATH, ["GET"]), (MESSAGES_PATH, ["POST"])):
        app.router.routes.append(Route(path, mcp, methods=methods))
    app.add_exception_handler(AnyHttpError, _refused)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(AdvisorError, _failed)
    app.add_exception_handler(Exception, _failed)
    return Gate(app, settings=settings, keys=keys)


@asynccontextmanager
async def _living(mcp: McpEndpoint, app: FastAPI) -> AsyncIterator[None]:
    """Every thread that works for readers takes its share of the interpreter from the deciding one."""
    del app
    to_thread.current_default_thread_limiter().total_tokens = _THREADS
    async with mcp.living():
        yield


def _mcp_app(source: ApiSource, home: str) -> Starlette:
    """The tools for other assistants; the gate in front has checked host, origin, token and rate already."""
    from mcp.server.transport_security import TransportSecuritySettings  # noqa: PLC0415 (seconds: only who asks pays)

    from agent.web.mcp_server import make_mcp  # noqa: PLC0415 (as above)

    tools = at_each_call(lambda: ToolContext(source.asker.sources, _now(source), source.notes), source.asker)
    open_inside = TransportSecuritySettings(enable_dns_rebinding_protection=False)
    made = make_mcp(home, tools)
    app = made.streamable_http_app(
        streamable_http_path=MCP_PATH, stateless_http=True, json_response=True, transport_security=open_inside
    )
    events = made.sse_app(sse_path=SSE_PATH, message_path=MESSAGES_PATH, transport_security=open_inside)
    app.router.routes.extend(events.routes)
    return app


def _now(source: ApiSource) -> datetime:
    shown = source.shared_state.shown
    return (shown.now if shown else None) or datetime.now(UTC)


def _problem(status: int, error: str) -> JSONResponse:
    return JSONResponse({"error": error}, status_code=status)


async def _refused(request: Request, err: Exception) -> JSONResponse:
    if not isinstance(err, AnyHttpError):
        raise err
    # The only 400 here is the framework's own, for bytes that are no text.
    text = _UNREADABLE if err.status_code == 400 else _PLAINER.get(str(err.detail), str(err.detail))
    return _problem(err.status_code, in_language(text, _language(request)))


def _language(request: Request) -> Language:
    return preferred(request.headers.get("accept-language", "")) or "en"


async def _invalid(request: Request, err: Exception) -> JSONResponse:
    """Each wrong field with the beginning of its value."""
    problems = err.errors() if isinstance(err, RequestValidationError) else []
    text = "; ".join(_message(each) for each in problems) or _UNREADABLE
    return _problem(422, in_language(text, _language(request)))


def _message(problem: dict[str, Any]) -> str:
    field, given = ".".join(str(part) for part in problem["loc"]), repr(problem.get("input"))
    shown = given if len(given) <= _SHOWN else f"{given[:_SHOWN]}…"
    said = plain(problem["type"], problem["msg"])
    return f"{field}: {said}" if problem["type"] == "missing" else f"{field}: {said} (given: {shown})"


async def _failed(request: Request, err: Exception) -> JSONResponse:
    """What went wrong on our side is in the log; the client sees only what is meant for users."""
    _log.error("%s %s failed: %s: %s", request.method, request.url.path, type(err).__name__, err)
    return _problem(500, str(err) if isinstance(err, AdvisorError) else "the advisor failed to answer: see its log")
