"""What Ollama is asked beside its answers: what a model can do, to load it ahead of time, and never to cut a prompt."""

import json
import os
from collections.abc import Mapping
from typing import Any

import httpx

from energy.errors import ModelError

_PROBE_S = 3.0
# A large model from a slow disk; nobody waits for it.
_LOAD_S = 600.0


class WholePrompt(httpx.HTTPTransport):
    """Asks that a prompt longer than the context is refused: by default Ollama drops its front and answers with 200.

    The client library has no argument for it; servers that do not know the field leave it alone.
    """

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Add the field to a chat."""
        if request.url.path.endswith("/api/chat"):
            asked = json.loads(request.read()) | {"truncate": False}
            kept = {name: value for name, value in request.headers.items() if name != "content-length"}
            request = httpx.Request(
                request.method, request.url, headers=kept, json=asked, extensions=request.extensions
            )
        return super().handle_request(request)


def address(base_url: str | None) -> str:
    """Where Ollama is looked for, as people write it."""
    return base_url or os.environ.get("OLLAMA_HOST") or "http://127.0.0.1:11434"


def capabilities(base_url: str | None, name: str) -> list[str]:
    """What the model can do, from `/api/show`; without `base_url` the client follows OLLAMA_HOST.

    Raises:
        ModelError: Ollama does not answer, does not have the model, or the model cannot chat.
    """
    import ollama  # noqa: PLC0415 (only who uses it pays for the import)

    where = address(base_url)
    try:
        with ollama.Client(host=base_url, timeout=_PROBE_S, trust_env=False) as client:
            shown = client.show(name)
    except ollama.ResponseError as err:
        if err.status_code == 404:
            raise ModelError(
                f"Ollama at {where!r} has no model {name!r}: get it with `advisor models pull {name}`"
            ) from err
        raise ModelError(f"Ollama at {where!r} answered {err.status_code}: {err.error!r}: try again later") from err
    except Exception as err:
        raise ModelError(
            f"Ollama does not answer at {where!r} ({type(err).__name__}): start it with `ollama serve` or set base_url",
        ) from err
    able = shown.capabilities or []
    if "completion" not in able:
        raise ModelError(f"model {name!r} cannot chat, only {able!r}: name another one")
    return [str(capability) for capability in able]


def preload(base_url: str | None, name: str, *, options: Mapping[str, Any], keep_alive: float | str) -> None:
    """Have a model in memory before it is needed, with the options of the chats to come: others would load it anew.

    Raises:
        Exception: whatever the client raises.
    """
    import ollama  # noqa: PLC0415 (only who uses it pays for the import)

    with ollama.Client(host=base_url, timeout=_LOAD_S, trust_env=False) as client:
        # A chat without messages loads and answers nothing.
        client.chat(name, messages=[], options=options, keep_alive=keep_alive)
