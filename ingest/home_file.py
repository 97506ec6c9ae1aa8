"""A home's fixed facts from a small TOML file, or from the JSON that memory keeps them in."""

import json
import tomllib
from pathlib import Path

from pydantic import ValidationError

from energy.errors import SettingsError
from energy.home import Home


def load_home(path: Path) -> Home:
    """Read a home.

    Raises:
        SettingsError: naming the file, each wrong key, its value and what is allowed.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError as err:
        raise SettingsError(f"home file {str(path)!r} does not exist: copy home.example.toml there") from err
    except UnicodeDecodeError as err:
        raise SettingsError(f"home file {str(path)!r} is not UTF-8 text: save it as UTF-8") from err
    try:
        return Home.model_validate(json.loads(text) if path.suffix == ".json" else tomllib.loads(text))
    except (tomllib.TOMLDecodeError, json.JSONDecodeError) as err:
        raise SettingsError(f"{path}: cannot be read as {path.suffix.upper()[1:]}: {err}") from err
    except ValidationError as err:
        problems = "; ".join(
            f"{'.'.join(str(part) for part in problem['loc'])}: {problem['msg']} (given: {problem['input']!r})"
            for problem in err.errors(include_url=False)
        )
        raise SettingsError(f"{path}: {problems}") from err
