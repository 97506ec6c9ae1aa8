"""A language model that sits the exam: found by its name, asked without haste, its replies kept by content."""

import atexit
from functools import cache
from pathlib import Path

from agent.llm.models import LoadedModel, ModelSettings, load_model
from energy.errors import ModelError, SettingsError
from eval.collect.replies import ReplyCache, with_replies

REPLIES = Path(".advisor/eval/replies")
# Longer than the service waits: the exam asks what an answer is worth, and counts those that would have been late.
PATIENCE_S = 600.0


def model_settings(model: str) -> ModelSettings:
    """Settings of a model by its name in the exam: none, auto, embedded, ollama, ollama/NAME, or NAME@URL.

    Raises:
        SettingsError: it is none of them.
    """
    name, _, url = model.partition("@")
    if url.startswith(("http://", "https://")) and name:
        return ModelSettings(provider="openai-compatible", name=name, base_url=url, timeout_s=PATIENCE_S)
    provider, slash, name = model.partition("/")
    if provider in {"none", "auto", "embedded", "ollama"} and (not slash or (provider == "ollama" and name)):
        return ModelSettings.model_validate({"provider": provider, "name": name or None, "timeout_s": PATIENCE_S})
    raise SettingsError(
        f"model {model!r} is not known: use none, embedded, auto, ollama, ollama/NAME or NAME@http://HOST:PORT/v1"
    )


@cache
def seated(model: str) -> tuple[LoadedModel, ReplyCache]:
    """The model, loaded once in each process; a sitting that was interrupted asks again only what has no reply yet.

    Raises:
        ModelError: it cannot be had.
    """
    loaded = load_model(model_settings(model))
    if loaded is None:
        raise ModelError(f"no language model is available as {model!r}: see `advisor models`")
    atexit.register(loaded.close)
    return with_replies(loaded, REPLIES)
