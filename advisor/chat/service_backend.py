"""Asks the running service over HTTP, which alone knows what has just been measured and decided."""

from collections.abc import Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import httpx
import orjson
from pydantic import ValidationError

from advisor.spoken_language import spoken
from agent.language.answers.ask import Answer, AnswerPiece, Done, Piece, Ran
from agent.language.text import MAX_CHARS, Language, clean
from agent.settings import Settings
from energy.errors import AdvisorError, DataError, TransportError

_LOOK_S = 2.0
_ANSWER_S = 120.0
_REMEMBERED = 20
_ANYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 (an address to be asked, not to listen on)


@dataclass(frozen=True, slots=True)
class ServiceBackend:
    """The service at an address."""

    client: httpx.Client
    home: str
    model: str
    # What was asked in this conversation, oldest first.
    earlier: list[str] = field(default_factory=list)

    @property
    def place(self) -> str:
        """Where the answers come from."""
        return f"the service at {self.client.base_url}"

    def now(self) -> datetime:
        """The service's own time."""
        answer = self._get("/v1/status").get("now")
        return datetime.fromisoformat(answer) if answer else datetime.now(UTC)

    def stream(self, question: str, language: Language) -> Iterator[Piece]:
        """Answer a question in pieces.

        Raises:
            DataError: the question is too long.
            TransportError: the service stopped on the way, or refused.
        """
        asked = clean(question)
        if len(asked) > MAX_CHARS:
            raise DataError(f"that question has {len(asked)} characters: ask it in at most {MAX_CHARS}")
        body = {"question": asked or " ", "language": language, "before": self.earlier[-_REMEMBERED:]}
        self.earlier.append(asked)
        try:
            with self.client.stream("POST", "/v1/ask", json=body) as response:
                if response.is_error:
                    response.read()
                    raise TransportError(f"the service refused the question: {_why(response)}")
                for line in response.iter_lines():
                    yield _piece(orjson.loads(line))
        except (httpx.HTTPError, orjson.JSONDecodeError, ValidationError) as err:
            raise TransportError(f"{self.place} stopped answering ({type(err).__name__}): ask again") from err

    def notes(self) -> list[str]:
        """The household's notes, a line each."""
        return [f"{note['id']}  {spoken(note['state'])}  {note['text']}" for note in self._get("/v1/notes")]

    def _get(self, path: str) -> Any:
        try:
            return self.client.get(path).raise_for_status().json()
        except (httpx.HTTPError, ValueError) as err:
            raise TransportError(f"{self.place} does not answer ({type(err).__name__}): is it running?") from err


def find_service(settings: Settings, stack: ExitStack) -> ServiceBackend | None:
    """The service of these settings, if it runs; its client is closed with `stack`."""
    if not settings.api.enabled or not settings.api.port:
        return None
    host = _ANYWHERE.get(settings.api.host, settings.api.host)
    # A proxy named in the environment would carry the household's questions out.
    client = stack.enter_context(
        httpx.Client(
            base_url=f"http://{f'[{host}]' if ':' in host else host}:{settings.api.port}",
            headers=_token(settings),
            timeout=httpx.Timeout(_ANSWER_S, connect=_LOOK_S),
            trust_env=False,
        )
    )
    try:
        answer = client.get("/v1/status", timeout=_LOOK_S)
        status = answer.raise_for_status().json() if answer.status_code != 503 else {}
    except (httpx.HTTPError, ValueError):
        return None
    if not {"home", "model"} <= status.keys():
        return None
    return ServiceBackend(client, status["home"], status["model"])


def _token(settings: Settings) -> dict[str, str]:
    """The token's header, where one is known; a service on loopback needs none to be asked."""
    token = settings.api.token.get_secret_value() if settings.api.token else ""
    path = settings.api.token_file or settings.memory_dir / "api-token"
    with suppress(OSError, UnicodeDecodeError):
        token = token or path.read_text(encoding="ascii").strip()
    return {"Authorization": f"Bearer {token}"} if token else {}


def _piece(line: dict[str, Any]) -> Piece:
    """One line of the stream.

    Raises:
        AdvisorError: the service says that there will be no answer.
    """
    match line:
        case {"ran": str(tool)}:
            return Ran(tool)
        case {"said": str(text)}:
            return AnswerPiece(text)
        case {"done": answer}:
            return Done(Answer.model_validate(answer))
        case {"error": why}:
            raise AdvisorError(f"the service could not answer: {why}")
        case _:
            raise TransportError(f"the service said {str(line)[:80]!r}, which is not a valid answer")


def _why(response: httpx.Response) -> str:
    try:
        answer = response.json()
    except ValueError:
        return f"status {response.status_code}"
    return str(answer.get("error") or answer.get("detail") or response.status_code)[:200]
