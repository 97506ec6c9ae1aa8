"""What Ollama has on its shelf, what fits this machine, and fetching a model through it."""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, model_validator

from agent.llm.ollama_client import address
from energy.errors import ModelError

_ANSWERS_IN_S = 3.0
_GB = 1e9
# How Go and Ollama word that a registry could not be reached.
_NO_NETWORK = ("no such host", "dial tcp", "i/o timeout", "connection refused", "network is unreachable", "lookup ")
# A model in memory needs its file, a fifth more for working space, and room for the context.
_WORKING_SHARE = 1.2
_CONTEXT_GB = 0.6
# What the rest of the machine keeps.
_FREE_SHARE = 0.8

# Download sizes in GB as Ollama's library lists them; larger ones choose better and answer more slowly.
SUGGESTED = {
    "qwen3:0.6b": 0.5,
    "qwen3:1.7b": 1.4,
    "llama3.2:3b": 2.0,
    "qwen3:4b-instruct": 2.5,
    "qwen3:8b": 5.2,
    "gpt-oss:20b": 14.0,
}


@dataclass(frozen=True, slots=True)
class OnShelf:
    """One model that Ollama has, or could have: its size in GB, and whether it fits this machine's memory.

    What it can do and how long its context may be are known of models that are there, from newer servers.
    """

    name: str
    size_gb: float
    fits: bool
    present: bool
    capabilities: tuple[str, ...] = ()
    context_length: int | None = None


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a download is: what it does, and bytes done of all, 0 where unknown."""

    doing: str
    done: int
    total: int


def memory_gb() -> float:
    """Physical memory of this machine in GB."""
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / _GB


def fits(size_gb: float, memory: float) -> bool:
    """Whether a model of this file size runs in this much memory, in GB, beside everything else."""
    return size_gb * _WORKING_SHARE + _CONTEXT_GB <= memory * _FREE_SHARE


def shelf(base_url: str | None, *, memory: float | None = None) -> list[OnShelf]:
    """Models that Ollama has, and those we suggest, smallest first.

    Raises:
        ModelError: Ollama does not answer.
    """
    return _judged(_listed(base_url), memory)


def suggestions(*, memory: float | None = None) -> list[OnShelf]:
    """Models that we suggest, smallest first, for when Ollama cannot be asked."""
    return _judged((), memory)


def _judged(present: "Sequence[_Listed]", memory: float | None) -> list[OnShelf]:
    room = memory_gb() if memory is None else memory
    here = [
        OnShelf(one.model, gb, fits(gb, room), True, one.capabilities, one.context_length)
        for one in present
        for gb in (one.size / _GB,)
    ]
    names = {one.name for one in here}
    others = [OnShelf(name, gb, fits(gb, room), False) for name, gb in SUGGESTED.items() if name not in names]
    return sorted([*here, *others], key=lambda model: model.size_gb)


def pull(name: str, base_url: str | None) -> Iterator[Progress]:
    """Have Ollama fetch a model; yields how far it is.

    Raises:
        ModelError: Ollama does not answer, or cannot get it.
    """
    import ollama  # noqa: PLC0415 (only who uses it pays for the import)

    try:
        # A download goes on for as long as it goes on; what must not hang is the wait between two words about it.
        with ollama.Client(host=base_url, timeout=60, trust_env=False) as client:
            for part in client.pull(name, stream=True):
                yield Progress(part.status or "", part.completed or 0, part.total or 0)
    except ollama.ResponseError as err:
        raise ModelError(f"Ollama cannot pull {name!r}: {err.error}: {_pull_fix(err.error)}") from err
    except Exception as err:
        raise _silent(base_url, err) from err


def _pull_fix(message: str) -> str:
    """What to do about a download that failed; the registry's own answer is told apart from none at all."""
    if any(sign in message for sign in _NO_NETWORK):
        return "Ollama cannot reach the internet: check its network, or copy the model from another machine"
    return "check the name at ollama.com/library" if "file does not exist" in message else "try again later"


class _Listed(BaseModel):
    """What is read of a model in Ollama's list; the client library leaves out the fields that it does not know."""

    model: str = "?"
    size: int = 0
    capabilities: tuple[str, ...] = ()
    context_length: int | None = None

    @model_validator(mode="before")
    @classmethod
    def _details_may_hold_them(cls, value: dict[str, Any]) -> dict[str, Any]:
        return (value.get("details") or {}) | {name: one for name, one in value.items() if one is not None}


def _listed(base_url: str | None) -> list[_Listed]:
    import ollama  # noqa: PLC0415 (only who uses it pays for the import)

    try:
        with ollama.Client(host=base_url, timeout=_ANSWERS_IN_S, trust_env=False) as client:
            answer = client._client.get("/api/tags")  # noqa: SLF001 (its own call drops fields it does not know)
            answer.raise_for_status()
            return [_Listed.model_validate(one) for one in answer.json()["models"] or ()]
    except Exception as err:
        raise _silent(base_url, err) from err


def _silent(base_url: str | None, err: Exception) -> ModelError:
    where, kind = address(base_url), type(err).__name__
    return ModelError(f"Ollama does not answer at {where!r} ({kind}): start it with `ollama serve` or give --url")
