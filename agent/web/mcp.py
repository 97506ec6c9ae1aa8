"""`/mcp`: the Model Context Protocol over HTTP, behind the same gate as all else; made ready when first asked."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.types import Receive, Scope, Send

MCP_PATH = "/mcp"
# The protocol's older transport, which Home Assistant's client speaks: answers come as events, requests are posted.
SSE_PATH, MESSAGES_PATH = "/mcp/sse", "/mcp/messages/"
MCP_PATHS = (MCP_PATH, SSE_PATH, MESSAGES_PATH)
_STREAMS = 16


class McpEndpoint:
    """An ASGI application that is built in the background by the first request: the package takes seconds to import.

    Args:
        make: gives the application, which lives inside its own context.
    """

    def __init__(self, make: Callable[[], Starlette]) -> None:
        self._make = make
        self._app: Starlette | None = None
        self._wanted = asyncio.Event()
        self._ready = asyncio.Event()
        self._streams = asyncio.Semaphore(_STREAMS)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, once there is something to answer with."""
        self._wanted.set()
        await self._ready.wait()
        assert self._app is not None  # noqa: S101 (ready says so)
        # Under a read key, the address that events name for requests keeps it.
        scope = {**scope, "root_path": scope.get("key_prefix", "")}
        if scope["path"] != SSE_PATH:
            await self._app(scope, receive, send)
        elif self._streams.locked():
            raise HTTPException(503, f"{_STREAMS} assistants are connected: close one, or use {MCP_PATH}")
        else:
            async with self._streams:
                await self._app(scope, receive, send)

    @asynccontextmanager
    async def living(self) -> AsyncIterator[None]:
        """The time in which it can be asked: that of the server around it."""
        keeper = asyncio.create_task(self._keep())
        try:
            yield
        finally:
            keeper.cancel()
            await asyncio.gather(keeper, return_exceptions=True)

    async def _keep(self) -> None:
        await self._wanted.wait()
        app = await asyncio.to_thread(self._make)
        async with app.router.lifespan_context(app):
            self._app = app
            self._ready.set()
            await asyncio.Event().wait()
