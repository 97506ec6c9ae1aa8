"""A server that speaks Ollama, its faults included, and gives the answers that a test writes down."""

import argparse
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from agent.llm.models import LoadedModel, ModelSettings, load_model
from devtools.serving import serving
from energy.errors import SettingsError


@dataclass
class OllamaStandIn:
    """What the server has, how it behaves, and what it was asked."""

    url: str = ""
    # An answer is text, or the calls of tools as (name, arguments).
    answers: list[Any] = field(default_factory=list)
    # What it answers once there are no others.
    always: str = ""
    capabilities: list[str] = field(default_factory=lambda: ["completion"])
    pulled: bool = True
    # Models that are there with their sizes in bytes, and those that can be pulled.
    shelf: dict[str, int] = field(default_factory=dict)
    library: set[str] = field(default_factory=set)
    offline: bool = False
    # Answers of real servers, as (status, body) by path; while there are any, they are given as they stand.
    recorded: dict[str, list[tuple[int, bytes]]] = field(default_factory=dict)
    # One of: answers, missing, full, hangs, garbage, breaks off, truncates, has no tools, refuses the schema,
    # is too small
    chat: str = "answers"
    asked: list[dict[str, Any]] = field(default_factory=list)
    # Chats without messages, which only load the model; and how many connections are open.
    loads: list[dict[str, Any]] = field(default_factory=list)
    connections: int = 0
    # Requests that are being held.
    hanging: int = 0
    released: threading.Event = field(default_factory=threading.Event)
    opened: list[LoadedModel] = field(default_factory=list)

    def next_answer(self) -> Any:
        """The next of its answers."""
        return self.always if self.always and not self.answers else self.answers.pop(0)

    def connect(self, **settings: Any) -> LoadedModel:
        """Its model `m` as the advisor loads it; closed when the server goes."""
        asked = {"provider": "ollama", "name": "m", "base_url": self.url, "timeout_s": 5.0} | settings
        model = load_model(ModelSettings.model_validate(asked))
        if model is None:
            raise SettingsError(f"provider {asked['provider']!r} is no model: give 'ollama'")
        self.opened.append(model)
        return model


class _Ollama(BaseHTTPRequestHandler):
    """Speaks as Ollama 0.32 does: HTTP/1.1 with connections that stay open, and its own words for what is wrong."""

    protocol_version = "HTTP/1.1"
    fake: OllamaStandIn

    def setup(self) -> None:
        super().setup()
        self.fake.connections += 1

    def finish(self) -> None:
        super().finish()
        self.fake.connections -= 1

    def do_POST(self) -> None:
        request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.fake.recorded.get(self.path):
            self.fake.asked.append(request)
            self._reply(*self.fake.recorded[self.path].pop(0))
        elif self.path == "/api/show":
            self._show()
        elif self.path == "/api/pull":
            self._pull(request)
        elif (wrong := request.get("keep_alive")) == "-1":
            self._send(400, {"error": f'time: missing unit in duration "{wrong}"'})
        elif not request["messages"]:
            self.fake.loads.append(request)
            self._send(200, _chunk("") | {"done": True, "done_reason": "load"})
        else:
            self.fake.asked.append(request)
            getattr(self, f"_chat_{self.fake.chat.replace(' ', '_')}")()

    def do_GET(self) -> None:
        if self.fake.recorded.get(self.path):
            self._reply(*self.fake.recorded[self.path].pop(0))
            return
        models = [{"name": name, "model": name, "size": size} for name, size in self.fake.shelf.items()]
        self._send(200, {"models": models} if self.path == "/api/tags" else {"version": "0.12.0"})

    def _pull(self, request: dict[str, Any]) -> None:
        """A download tells its state line by line under HTTP 200, and so does its failure."""
        if self.fake.offline:
            where = "https://registry.ollama.ai/v2/library/x/manifests/latest"
            lost = f'pull model manifest: Get "{where}": dial tcp: lookup registry.ollama.ai: no such host'
            self._send(200, {"status": "pulling manifest"}, {"error": lost})
            return
        if request["model"] not in self.fake.library:
            self._send(200, {"status": "pulling manifest"}, {"error": "pull model manifest: file does not exist"})
            return
        layer = {"status": "pulling 3e4cb1417446", "digest": "sha256:3e4cb1417446", "total": 1000}
        steps = [{"status": "pulling manifest"}, layer, layer | {"completed": 400}, layer | {"completed": 1000}]
        self.fake.shelf[request["model"]] = 1000
        self._send(200, *steps, {"status": "verifying sha256 digest"}, {"status": "success"})

    def _show(self) -> None:
        if self.fake.pulled:
            self._send(200, {"capabilities": self.fake.capabilities, "details": {}, "model_info": {}})
        else:
            self._chat_missing()

    def _chat_missing(self) -> None:
        self._send(404, {"error": "model 'm' not found"})

    def _chat_full(self) -> None:
        self._send(503, {"error": "server busy, please try again.  maximum pending requests exceeded"})

    def _chat_hangs(self) -> None:
        """Holds the request until the test ends: who waited for it would not come back before."""
        self.fake.hanging += 1
        self.fake.released.wait(10_000)
        self.fake.hanging -= 1
        self.close_connection = True

    def _chat_garbage(self) -> None:
        self._send(200, "<html>It works!</html>")

    def _chat_breaks_off(self) -> None:
        self._send(200, _chunk('{"rationale": "The'), {"error": "an error was encountered while running the model"})

    def _chat_has_no_tools(self) -> None:
        self._send(400, {"error": "registry.ollama.ai/library/m:latest does not support tools"})

    def _chat_refuses_the_schema(self) -> None:
        wrong = {"error": {"code": 400, "message": "failed to parse grammar", "type": "invalid_request_error"}}
        self._send(400, {"error": json.dumps(wrong)})

    def _chat_is_too_small(self) -> None:
        """What `truncate: false` asks for."""
        wrong = {"code": 400, "message": "request (3120 tokens) exceeds the available context size (2048 tokens)"}
        self._send(400, {"error": json.dumps({"error": wrong | {"type": "exceed_context_size_error"}})})

    def _chat_truncates(self) -> None:
        """The front of the prompt is dropped, under HTTP 200: only the count tells."""
        self._chat_answers(prompt_tokens=120)

    def _chat_answers(self, prompt_tokens: int = 420) -> None:
        done = {"done": True, "done_reason": "stop", "prompt_eval_count": prompt_tokens, "eval_count": 30}
        self._send(200, _chunk(self.fake.next_answer()), _chunk("") | done)

    def _send(self, status: int, *lines: object) -> None:
        body = b"".join((line if isinstance(line, str) else json.dumps(line)).encode() + b"\n" for line in lines)
        self._reply(status, body)

    def _reply(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (the base class's name)
        pass


@contextmanager
def ollama_standing_in(fake: OllamaStandIn, port: int = 0) -> Iterator[OllamaStandIn]:
    """Serves it on a port until the block ends."""
    handler = type("_Ollama", (_Ollama,), {"fake": fake})
    with ThreadingHTTPServer(("127.0.0.1", port), handler) as server:
        fake.url = f"http://127.0.0.1:{server.server_port}"
        with serving(server):
            yield fake
            fake.released.set()
            for model in fake.opened:
                model.close()


def _chunk(answer: Any) -> dict[str, Any]:
    message: dict[str, Any] = {"role": "assistant", "content": answer if isinstance(answer, str) else ""}
    if not isinstance(answer, str):
        message["tool_calls"] = [{"function": {"name": name, "arguments": given}} for name, given in answer]
    return {"model": "m", "created_at": "2026-01-01T00:00:00Z", "message": message, "done": False}


def main() -> None:
    """Serve a model that takes the first candidate, until the process ends."""
    parser = argparse.ArgumentParser(prog="python -m devtools.ollama_stand_in", description=main.__doc__)
    parser.add_argument("--port", type=int, required=True)
    answer = json.dumps({"choice": "A", "rationale": "The plan follows the prices."})
    with ollama_standing_in(OllamaStandIn(always=answer), parser.parse_args().port):
        threading.Event().wait()


if __name__ == "__main__":
    main()
