"""A home's fixed facts from a small TOML file, or from the JSON that memory keeps them in."""

import json
import tomllib
from pathlib import Path

from pydantic import ValidationError

from energy.errors import SettingsError
from energy.home import Home
from energy.validation_messages import validation_messages
from ingest.tariffs.catalogue import expanded


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
    language, read = ("JSON", json.loads) if path.suffix == ".json" else ("TOML", tomllib.loads)
    try:
        return Home.model_validate(expanded(read(text)))
    except (tomllib.TOMLDecodeError, json.JSONDecodeError) as err:
        raise SettingsError(f"{path} is no {language} ({err}): mend that place, or copy home.example.toml") from err
    except SettingsError as err:
        raise SettingsError(f"{path}: {err}") from err
    except ValidationError as err:
        raise SettingsError(f"{path}: {validation_messages(err, Home)}") from err
