"""Fixtures of the agent's tests: a server that speaks Ollama's protocol, failures included, and the embedded model."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from agent.models import LoadedModel, ModelSettings, load_model


@dataclass
class FakeOllama:
    """What the server has, how it behaves, and what it was asked."""

    url: str = ""
    answers: list[str] = field(default_factory=list)
    capabilities: list[str] = field(default_factory=lambda: ["completion"])
    pulled: bool = True
    # One of: answers, missing, full, hangs, garbage, breaks off
    chat: str = "answers"
    asked: list[dict[str, Any]] = field(default_factory=list)
    released: threading.Event = field(default_factory=threading.Event)


class _Ollama(BaseHTTPRequestHandler):
    fake: FakeOllama

    def do_POST(self) -> None:
        request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.path == "/api/show":
            self._show()
        else:
            self.fake.asked.append(request)
            getattr(self, f"_{self.fake.chat.replace(' ', '_')}")()

    def _show(self) -> None:
        if self.fake.pulled:
            self._send(200, {"capabilities": self.fake.capabilities, "details": {}, "model_info": {}})
        else:
            self._missing()

    def _missing(self) -> None:
        self._send(404, {"error": "model not found"})

    def _full(self) -> None:
        self._send(503, {"error": "server busy, please try again. maximum pending requests exceeded"})

    def _hangs(self) -> None:
        self.fake.released.wait(10)

    def _garbage(self) -> None:
        self._send(200, "<html>It works!</html>")

    def _breaks_off(self) -> None:
        self._send(200, _chunk('{"rationale": "The'), {"error": "an error was encountered while running the model"})

    def _answers(self) -> None:
        done = {"done": True, "done_reason": "stop", "prompt_eval_count": 420, "eval_count": 30}
        self._send(200, _chunk(self.fake.answers.pop(0)), _chunk("") | done)

    def _send(self, status: int, *lines: object) -> None:
        body = b"".join((line if isinstance(line, str) else json.dumps(line)).encode() + b"\n" for line in lines)
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (the base class's name)
        pass


@contextmanager
def _running(fake: FakeOllama) -> Iterator[FakeOllama]:
    handler = type("_Ollama", (_Ollama,), {"fake": fake})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        fake.url = f"http://127.0.0.1:{server.server_port}"
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield fake
        fake.released.set()
        server.shutdown()


def _chunk(text: str) -> dict[str, Any]:
    message = {"role": "assistant", "content": text}
    return {"model": "m", "created_at": "2026-01-01T00:00:00Z", "message": message, "done": False}


@pytest.fixture
def ollama() -> Iterator[FakeOllama]:
    with _running(FakeOllama()) as fake:
        yield fake


@pytest.fixture(scope="session")
def embedded() -> Iterator[LoadedModel]:
    model = load_model(ModelSettings(provider="embedded", timeout_s=100))
    assert model is not None
    yield model
    model.close()
