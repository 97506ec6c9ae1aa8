"""A home's fixed facts from a small TOML file, or from the JSON that memory keeps them in."""

import json
import tomllib
from pathlib import Path
from typing import Any, Literal

from pydantic import ValidationError

from energy.errors import SettingsError
from energy.home import Home
from energy.validation_messages import validation_messages
from ingest.tariffs.catalogue import expanded

# A year of prices of a dynamic tariff, and as much again.
_LONGEST = 4 * 1024 * 1024


def load_home(path: Path) -> Home:
    """Read a home.

    Raises:
        SettingsError: naming the file, each wrong key, its value and what is allowed.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as err:
        raise SettingsError(
            f"home file {str(path)!r} cannot be read ({err.strerror}): copy home.example.toml there",
        ) from err
    except UnicodeDecodeError as err:
        raise SettingsError(f"home file {str(path)!r} is not UTF-8 text: save it as UTF-8") from err
    given = parse_text(text, path, "JSON" if path.suffix == ".json" else "TOML")
    try:
        return Home.model_validate(expanded(given))
    except SettingsError as err:
        raise SettingsError(f"{path}: {err}") from err
    except ValidationError as err:
        raise SettingsError(f"{path}: {validation_messages(err, Home)}") from err


def parse_text(text: str, path: Path, language: Literal["TOML", "JSON"] = "TOML") -> Any:
    """What a file of settings or facts holds.

    Raises:
        SettingsError: it is too long, nested too deeply, has numbers of thousands of digits, or is no such language.
    """
    if len(text) > _LONGEST:
        raise SettingsError(f"{path} has {len(text)} characters: at most {_LONGEST} are read")
    try:
        return tomllib.loads(text) if language == "TOML" else json.loads(text)
    except RecursionError as err:
        raise SettingsError(f"{path}: it is nested too deeply to be read: write it flat") from err
    except ValueError as err:
        raise SettingsError(f"{path} is not valid {language} ({err}): correct that place") from err
