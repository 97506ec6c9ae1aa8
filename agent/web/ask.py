"""Questions over HTTP: the answer in pieces, as it comes."""

import asyncio
import logging
from collections.abc import Generator, Sequence
from contextlib import closing
from typing import Annotated, assert_never

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from agent.language.answers.ask import AnswerPiece, Done, Piece, Ran
from agent.language.text import MAX_CHARS, Language
from agent.views.schemas import PROBLEM_RESPONSE
from agent.web.source import ApiSource
from agent.web.streaming import NDJSON, Lines, NdjsonResponse
from energy.errors import AdvisorError

_log = logging.getLogger(__name__)
_AT_ONCE = 2


class AskBody(BaseModel):
    """A question; `language` is used where it does not show its own."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    question: Annotated[str, Field(min_length=1, max_length=MAX_CHARS)]
    language: Language | None = None
    # Earlier questions of the same conversation, oldest first: "and yesterday?" takes from them what it leaves out.
    before: Annotated[tuple[str, ...], Field(max_length=20)] = ()


class Failed(BaseModel):
    """A piece of a stream: there will be no answer, and why."""

    model_config = ConfigDict(frozen=True)

    why: str


class AskQueue:
    """Answers so many questions at once; further ones wait for their turn."""

    def __init__(self, source: ApiSource) -> None:
        self._source = source
        self.turns = asyncio.Semaphore(_AT_ONCE)

    def pieces(
        self, question: str, language: Language | None = None, before: Sequence[str] = ()
    ) -> Generator[Piece | Failed, None, None]:
        """The pieces of an answer at the house's own time; the last is `Done` or `Failed`."""
        try:
            now = self._source.shown().now
            yield from self._source.asker.stream(question, now=now, language=language, before=before)
        except AdvisorError as err:
            yield Failed(why=str(err))
        except Exception:  # noqa: BLE001 (the stream has begun: only a line in it can tell)
            _log.exception("a question could not be answered")
            yield Failed(why="the advisor failed to answer: see its log")


def ask_routes(source: ApiSource, queue: AskQueue) -> APIRouter:
    """Asking: nothing is changed by it."""
    router = APIRouter(prefix="/v1", tags=["ask"], responses={503: PROBLEM_RESPONSE})

    @router.post("/ask", response_class=NdjsonResponse, responses={200: {"content": {NDJSON: {}}}})
    async def post_ask(body: AskBody) -> NdjsonResponse:
        """Answer a question about the home, one JSON object a line.

        `{"ran": inquiry}` once it has run, `{"said": text}` piece by piece, and last `{"done": answer}` with the
        facts, decisions and days that the text rests on, or `{"error": why}`.
        """
        source.shown()
        return NdjsonResponse(_lines(queue, body), queue.turns)

    return router


def _lines(queue: AskQueue, asked: AskBody) -> Lines:
    with closing(queue.pieces(asked.question, asked.language, asked.before)) as pieces:
        for piece in pieces:
            yield _line(piece)


def _line(piece: Piece | Failed) -> dict[str, object]:
    match piece:
        case Ran(tool):
            return {"ran": tool}
        case AnswerPiece(text):
            return {"said": text}
        case Done(answer):
            return {"done": answer.model_dump(mode="json")}
        case Failed():
            return {"error": piece.why}
        case _:
            assert_never(piece)
