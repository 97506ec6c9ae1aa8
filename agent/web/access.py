"""Who may ask what: host names, origins, tokens, sizes and rates, checked before any answer is worked out."""

import hashlib
import hmac
import ipaddress
import secrets
import time
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import orjson
from fastapi import HTTPException
from fastapi.security import HTTPBearer
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from agent.decision.constraint_words import Language
from agent.decision.wording.problem_words import in_language
from agent.settings import ApiSettings
from agent.web.mcp import MCP_PATHS
from agent.web.spoken import preferred
from energy.errors import SettingsError
from knowledge.private import write_private

Kind = Literal["read", "ask", "assist", "change"]

_LONGEST_BODY = 64 * 1024
# An assistant sends its whole conversation and the names of everything in the house.
_LONGEST_CHAT = 1024 * 1024
_SHORTEST_TOKEN = 16
# Only described here, for readers of the OpenAPI document: the gate has checked it before.
BEARER = HTTPBearer(auto_error=False, description="The token that `advisor page` prints.")
_CLIENTS = 1024
_ASKING = ("/v1/ask", "/api/chat", "/api/generate", "/api/show", "/v1/notes/understand")
# Another assistant's conversation: several calls for each of its user's questions.
_CALLS_PER_QUESTION = 4
# The page itself holds no data: it may be fetched before the reader has shown a token.
_PAGE = ("/", "/page/", "/study")
# A report has a name that cannot be guessed: a browser opens it, which sends no token.
STUDY_REPORTS = "/v1/study/report/"
_CONTENT_POLICY = (
    b"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    b"base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
)


@dataclass(frozen=True, slots=True)
class Keys:
    """The token that allows everything, and the key derived from it that only reads."""

    token: str

    @property
    def read_key(self) -> str:
        """A key for addresses that end in other programs' logs: it reads, and the token does not follow from it."""
        return hmac.new(self.token.encode(), b"energy-advisor read only", hashlib.sha256).hexdigest()[:32]

    def __repr__(self) -> str:
        """Nothing of the token."""
        return "Keys(…)"


def load_keys(settings: ApiSettings, memory: Path) -> Keys:
    """The token from the environment or its file; a new one is drawn where there is none yet, or the file is empty.

    Raises:
        SettingsError: the token is too short to be one, or its file cannot be read or written.
    """
    if settings.token is not None:
        return Keys(_checked(settings.token.get_secret_value(), "ADVISOR_API__TOKEN"))
    path = settings.token_file or memory / "api-token"
    try:
        if not path.exists() or not path.stat().st_size:
            path.parent.mkdir(parents=True, exist_ok=True)
            write_private(path, secrets.token_urlsafe(32) + "\n")
        return Keys(_checked(path.read_text(encoding="ascii").strip(), f"token file {str(path)!r}"))
    except (OSError, UnicodeDecodeError) as err:
        raise SettingsError(
            f"token file {str(path)!r} cannot be used: {type(err).__name__}; correct it or remove it"
        ) from err


def _checked(token: str, where: str) -> str:
    if len(token) < _SHORTEST_TOKEN or not token.isascii() or not token.isprintable():
        raise SettingsError(
            f"{where} holds {len(token)} characters: a token has at least {_SHORTEST_TOKEN} printable ASCII ones"
        )
    return token


class Rate:
    """So many requests a second and so many at once, for each client; the oldest clients are forgotten first."""

    def __init__(self, per_second: float, at_once: int) -> None:
        self._per_second = per_second
        self._at_once = at_once
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def wait_s(self, client: str, now_s: float) -> float:
        """Seconds until the client's next request is welcome; 0 counts this one."""
        left, seen_s = self._left.pop(client, (float(self._at_once), now_s))
        left = min(left + (now_s - seen_s) * self._per_second, float(self._at_once))
        allowed = left >= 1
        self._left[client] = (left - 1 if allowed else left, now_s)
        if len(self._left) > _CLIENTS:
            self._left.popitem(last=False)
        return 0.0 if allowed else (1 - left) / self._per_second


@dataclass(frozen=True, slots=True)
class Refusal:
    """A status and what to tell the client."""

    status: int
    error: str
    retry_s: float | None = None


class Gate:
    """The middleware in front of everything."""

    def __init__(self, app: ASGIApp, *, settings: ApiSettings, keys: Keys) -> None:
        self._app = app
        self._keys = keys
        self._open = is_loopback(settings.host)
        self._ingress = str(settings.ingress_from) if settings.ingress_from else None
        self._names = {"localhost", settings.host.lower(), *(name.lower() for name in settings.allowed_hosts)}
        self._rates: dict[Kind, Rate] = {
            "read": Rate(settings.reads_per_second, int(settings.reads_per_second * 4)),
            "ask": Rate(settings.asks_per_minute / 60, max(int(settings.asks_per_minute / 2), 1)),
            "assist": Rate(
                _CALLS_PER_QUESTION * settings.asks_per_minute / 60, int(_CALLS_PER_QUESTION * settings.asks_per_minute)
            ),
            "change": Rate(settings.changes_per_minute / 60, max(int(settings.changes_per_minute / 2), 1)),
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse, or hand on with the body bounded and the headers that every answer carries."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
        if scope["type"] != "http":
            return
        scope, keyed = self._without_key(scope)
        let_in = self._is_ingress(scope)
        send = _with_headers(send, framed=let_in)
        refusal = self._judge(scope, keyed=keyed, let_in=let_in)
        if refusal is not None:
            await _refuse(refusal, send, preferred(Headers(scope=scope).get("accept-language", "")) or "en")
            return
        longest = _LONGEST_CHAT if scope["path"].startswith("/api/") else _LONGEST_BODY
        await self._app(scope, _bounded(receive, longest), send)

    def _without_key(self, scope: Scope) -> tuple[Scope, bool]:
        """Take `/key/<read key>` off the front of a path: the only way in for clients that can send no header."""
        parts = scope["path"].split("/", 3)
        if len(parts) < 3 or parts[1] != "key":
            return scope, False
        path = "/" + (parts[3] if len(parts) == 4 else "")
        keyed = hmac.compare_digest(parts[2].encode(), self._keys.read_key.encode())
        known = {"path": path, "raw_path": path.encode(), "key_prefix": f"/key/{parts[2]}", "wrong_key": not keyed}
        return {**scope, **known}, keyed

    def _is_ingress(self, scope: Scope) -> bool:
        """Whether Home Assistant's supervisor hands this on, which has let its user in already."""
        client = scope["client"][0] if scope.get("client") else None
        return self._ingress is not None and client == self._ingress and "x-ingress-path" in Headers(scope=scope)

    def _judge(self, scope: Scope, *, keyed: bool, let_in: bool) -> Refusal | None:
        headers = Headers(scope=scope)
        client = scope["client"][0] if scope.get("client") else "unknown"
        return (
            (None if let_in else self._wrong_name(headers))
            or self._too_often(_kind(scope), client)
            or (None if let_in else self._wrong_token(scope, headers, keyed=keyed))
            or self._too_long(scope, headers)
        )

    def _wrong_name(self, headers: Headers) -> Refusal | None:
        """Names that are not ours may lead here by rebinding; pages of others may not use the reader's browser."""
        host = headers.get("host", "")
        name = _name(host)
        if name not in self._names and not (is_loopback(name) if self._open else _is_address(name)):
            return Refusal(421, f"host {host[:80]!r} is not known here: add it to allowed_hosts under [api]")
        origin = headers.get("origin")
        if origin is not None and origin.partition("://")[2] != host:
            return Refusal(403, f"requests from pages of {origin[:80]!r} are not answered")
        return None

    def _wrong_token(self, scope: Scope, headers: Headers, *, keyed: bool) -> Refusal | None:
        given = headers.get("authorization", "")
        if given or scope.get("wrong_key"):
            if self._knows(given) and not scope.get("wrong_key"):
                return None
            return Refusal(401, "this token is wrong: send the one that advisor page prints")
        if _kind(scope) == "change":
            return Refusal(401, "changes need the token: send 'Authorization: Bearer …'; advisor page prints it")
        if self._open or keyed or _is_page(scope["path"]):
            return None
        return Refusal(401, "a token is needed: send 'Authorization: Bearer …'; advisor page prints it")

    def _knows(self, given: str) -> bool:
        scheme, _, token = given.partition(" ")
        right = hmac.compare_digest(token.strip().encode(), self._keys.token.encode())
        return right and scheme.lower() == "bearer"

    def _too_long(self, scope: Scope, headers: Headers) -> Refusal | None:
        longest = _LONGEST_CHAT if scope["path"].startswith("/api/") else _LONGEST_BODY
        length = headers.get("content-length", "0")
        if not length.isdigit() or int(length) > longest:
            return Refusal(413, f"{length[:20]} bytes are too many: send at most {longest}")
        return None

    def _too_often(self, kind: Kind, client: str) -> Refusal | None:
        wait_s = self._rates[kind].wait_s(client, time.monotonic())
        return Refusal(429, f"too many requests: wait {wait_s:.1f} s", wait_s) if wait_s else None


def is_loopback(host: str) -> bool:
    """Whether a name or address can only mean this machine."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _is_address(name: str) -> bool:
    """An address cannot be rebound; a name can."""
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def _name(host: str) -> str:
    """The name in a Host header, without port and brackets."""
    if host.startswith("["):
        return host[1:].partition("]")[0].lower()
    return host.partition(":")[0].lower()


def _is_page(path: str) -> bool:
    return path in _PAGE or path.startswith((_PAGE[1], STUDY_REPORTS))


def _kind(scope: Scope) -> Kind:
    if scope["path"] in _ASKING:
        return "ask"
    if scope["path"] in MCP_PATHS:
        return "assist"
    return "read" if scope["method"] in ("GET", "HEAD", "OPTIONS") else "change"


def _bounded(receive: Receive, longest: int) -> Receive:
    got = 0

    async def bounded() -> Message:
        nonlocal got
        message = await receive()
        got += len(message.get("body", b""))
        if got > longest:
            raise HTTPException(413, f"the body goes on past {longest} bytes: say it in fewer words")
        return message

    return bounded


def _with_headers(send: Send, *, framed: bool) -> Send:
    """Every answer's headers; Home Assistant alone, through whose ingress it came, may show the page in a frame."""
    policy = (
        _CONTENT_POLICY.replace(b"frame-ancestors 'none'", b"frame-ancestors 'self'") if framed else _CONTENT_POLICY
    )
    always = ((b"content-security-policy", policy), *_HEADERS)

    async def with_headers(message: Message) -> None:
        if message["type"] == "http.response.start":
            own = list(message.get("headers", ()))
            named = {name.lower() for name, _ in own}
            message = {**message, "headers": [*own, *(one for one in always if one[0] not in named)]}
        await send(message)

    return with_headers


async def _refuse(refusal: Refusal, send: Send, language: Language) -> None:
    headers: list[tuple[bytes, bytes]] = [(b"content-type", b"application/json")]
    if refusal.retry_s is not None:
        headers.append((b"retry-after", str(max(1, round(refusal.retry_s))).encode()))
    if refusal.status == 401:
        headers.append((b"www-authenticate", b"Bearer"))
    body: dict[str, Any] = {"error": in_language(refusal.error, language)}
    await send({"type": "http.response.start", "status": refusal.status, "headers": headers})
    await send({"type": "http.response.body", "body": orjson.dumps(body)})
