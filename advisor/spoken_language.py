"""The language that the command line speaks where something goes wrong: that of the command, else of its settings."""

import tomllib
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

from agent.decision.constraint_words import Language


def spoken_language(arguments: Sequence[str]) -> Language:
    """`--language`, else `language` under `[service]` of the settings that the command reads, else English."""
    asked = _given(arguments, "--language") or _of_settings(Path(_given(arguments, "--config") or "advisor.toml"))
    return "es" if asked == "es" else "en"


def _given(arguments: Sequence[str], option: str) -> str | None:
    """The value of an option, as its own word or behind an equals sign."""
    for word, following in pairwise((*arguments, "")):
        if word == option:
            return following
        if word.startswith(f"{option}="):
            return word.removeprefix(f"{option}=")
    return None


def _of_settings(path: Path) -> object:
    """What a settings file says; whatever is wrong with it is told by whoever needs it."""
    try:
        service = tomllib.loads(path.read_text(encoding="utf-8")).get("service")
    except (OSError, ValueError):
        return None
    return service.get("language") if isinstance(service, dict) else None
