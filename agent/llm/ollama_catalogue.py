"""What Ollama has on its shelf, what fits this machine, and fetching a model through it."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from energy.errors import ModelError

if TYPE_CHECKING:
    import ollama

_ANSWERS_IN_S = 3.0
_GB = 1e9
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
    """One model that Ollama has, or could have: its size in GB, and whether it fits this machine's memory."""

    name: str
    size_gb: float
    fits: bool
    present: bool


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
    return _judged({model.model or "?": (model.size or 0) / _GB for model in _listed(base_url)}, memory)


def suggestions(*, memory: float | None = None) -> list[OnShelf]:
    """Models that we suggest, smallest first, for when Ollama cannot be asked."""
    return _judged({}, memory)


def _judged(present: dict[str, float], memory: float | None) -> list[OnShelf]:
    room = memory_gb() if memory is None else memory
    sizes = SUGGESTED | present
    known = [OnShelf(name, size, fits(size, room), name in present) for name, size in sizes.items()]
    return sorted(known, key=lambda model: model.size_gb)


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
        raise ModelError(f"Ollama cannot pull {name!r}: {err.error}: check the name at ollama.com/library") from err
    except Exception as err:
        raise _silent(base_url, err) from err


def _listed(base_url: str | None) -> "list[ollama.ListResponse.Model]":
    import ollama  # noqa: PLC0415 (only who uses it pays for the import)

    try:
        with ollama.Client(host=base_url, timeout=_ANSWERS_IN_S, trust_env=False) as client:
            return list(client.list().models)
    except Exception as err:
        raise _silent(base_url, err) from err


def _silent(base_url: str | None, err: Exception) -> ModelError:
    where = base_url or os.environ.get("OLLAMA_HOST") or "http://127.0.0.1:11434"
    return ModelError(
        f"Ollama does not answer at {where!r} ({type(err).__name__}): start it with `ollama serve` or give --url"
    )
