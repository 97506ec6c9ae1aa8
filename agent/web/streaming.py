"""Answers in pieces: one JSON object a line, made as the client takes them, and ended when it leaves."""

import asyncio
from collections.abc import Generator, Mapping

import orjson
from fastapi.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

NDJSON = "application/x-ndjson"
Lines = Generator[Mapping[str, object], None, None]


class NdjsonResponse(StreamingResponse):
    """Streams what a generator gives; whatever the client does, the generator is closed."""

    media_type = NDJSON

    def __init__(self, lines: Lines, turns: asyncio.Semaphore, status_code: int = 200) -> None:
        super().__init__((orjson.dumps(line) + b"\n" for line in lines), status_code=status_code)
        self._lines = lines
        self._turns = turns

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the lines when it is their turn; waiting costs no thread."""
        try:
            async with self._turns:
                await super().__call__(scope, receive, send)
        finally:
            self._lines.close()
