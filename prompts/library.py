"""Loads versioned prompt files and renders them strictly: a missing or unknown variable is an error."""

import hashlib
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from importlib.resources.abc import Traversable

from pydantic import BaseModel, ConfigDict, ValidationError

from energy.errors import SettingsError

_FOLDER = files("prompts")
_FILE_NAME = re.compile(r"(?P<name>[a-z][a-z_]*)\.v(?P<version>[1-9]\d*)\.md")
_LAYOUT = re.compile(r"\+\+\+\n(?P<header>.*?)\n\+\+\+\n(?P<body>.*)", re.DOTALL)
_SECTION = re.compile(r"^# ([a-z]+)\n", re.MULTILINE)
_VARIABLE = re.compile(r"\{\{([a-z_]+)\}\}")


class Header(BaseModel):
    """What a prompt file says about itself; `variables` lists those of each section.

    A trial is used only where its version is asked for: it has not yet been shown to be better.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    version: int
    purpose: str
    answer: str
    change: str
    variables: dict[str, frozenset[str]]
    trial: bool = False


@dataclass(frozen=True, slots=True)
class Prompt:
    """One version of a prompt; `hash` is the start of its file's SHA-256."""

    header: Header
    sections: Mapping[str, str]
    hash: str

    @property
    def name(self) -> str:
        """Name without version."""
        return self.header.name

    @property
    def version(self) -> int:
        """Counts from 1."""
        return self.header.version

    def render(self, section: str, /, **values: str) -> str:
        """Fill in a section; what looks like a variable inside a value stays as it is.

        Raises:
            SettingsError: the section does not exist, or a variable is missing or unknown.
        """
        if section not in self.sections:
            raise SettingsError(f"prompt {self._label} has no section {section!r}: it has {sorted(self.sections)}")
        wanted = self.header.variables[section]
        if values.keys() != wanted:
            raise SettingsError(
                f"prompt {self._label}, section {section!r}: missing {sorted(wanted - values.keys())}, "
                f"unknown {sorted(values.keys() - wanted)}: give exactly {sorted(wanted)}",
            )
        return _VARIABLE.sub(lambda found: values[found[1]], self.sections[section])

    @property
    def _label(self) -> str:
        return f"{self.name}.v{self.version}"


def load(name: str, version: int | None = None, *, folder: Traversable = _FOLDER) -> Prompt:
    """Read a prompt, its latest version that is no trial unless one is given.

    Raises:
        SettingsError: there is no such prompt or version, or its file is not laid out as declared.
    """
    known = versions(name, folder=folder)
    if not known or (version is not None and version not in known):
        wanted = name if version is None else f"{name}.v{version}"
        there = f"{name!r} has the versions {known}" if known else f"there are {', '.join(names(folder=folder))}"
        raise SettingsError(f"prompt {wanted!r} does not exist: {there}")
    if version is None:
        return _newest([_read(name, one, folder) for one in known])
    return _read(name, version, folder)


def _newest(prompts: list[Prompt]) -> Prompt:
    """The last that is no trial, or the last where all are."""
    return next((one for one in reversed(prompts) if not one.header.trial), prompts[-1])


def _read(name: str, version: int, folder: Traversable) -> Prompt:
    file_name = f"{name}.v{version}.md"
    text = (folder / file_name).read_text(encoding="utf-8")
    header, sections = _parse(text, file_name)
    if (header.name, header.version) != (name, version):
        raise SettingsError(f"{file_name}: the header says {header.name!r} version {header.version}: make them agree")
    return Prompt(header, sections, hashlib.sha256(text.encode()).hexdigest()[:12])


def versions(name: str, *, folder: Traversable = _FOLDER) -> list[int]:
    """Versions that exist of a prompt, oldest first."""
    found = (_FILE_NAME.fullmatch(file.name) for file in folder.iterdir())
    return sorted(int(match["version"]) for match in found if match and match["name"] == name)


def names(*, folder: Traversable = _FOLDER) -> list[str]:
    """Names of all prompts."""
    found = (_FILE_NAME.fullmatch(file.name) for file in folder.iterdir())
    return sorted({match["name"] for match in found if match})


def _parse(text: str, file_name: str) -> tuple[Header, dict[str, str]]:
    layout = _LAYOUT.fullmatch(text)
    if layout is None:
        raise SettingsError(
            f"{file_name}: starts with {text[:20]!r}: begin with a TOML header between two lines of +++"
        )
    try:
        header = Header.model_validate(tomllib.loads(layout["header"]))
    except (tomllib.TOMLDecodeError, ValidationError) as err:
        raise SettingsError(f"{file_name}: wrong header: {err}") from err
    _, *parts = _SECTION.split(layout["body"])
    sections = {title: body.strip() for title, body in zip(parts[::2], parts[1::2], strict=True)}
    used = {title: frozenset(_VARIABLE.findall(body)) for title, body in sections.items()}
    if used != header.variables:
        raise SettingsError(f"{file_name}: uses the variables {used} but declares {header.variables}: make them agree")
    return header, sections
