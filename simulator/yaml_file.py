"""A YAML file checked against its model; every mistake is told with file, line, key, value and what is allowed."""

from importlib.resources.abc import Traversable
from pathlib import Path
from typing import TypeVar

import yaml
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from energy.errors import SettingsError
from energy.validation_messages import allowed, dotted, faults

Model = TypeVar("Model", bound=BaseModel)

_LONGEST_BYTES, _DEEPEST = 64 * 1024, 20
_TIMESTAMP = "tag:yaml.org,2002:timestamp"


class _Loader(yaml.SafeLoader):
    """Leaves dates as text, so that the model judges them and an impossible one is told like any other mistake."""

    yaml_implicit_resolvers = {  # noqa: RUF012 (PyYAML's own attribute)
        first: [pair for pair in pairs if pair[0] != _TIMESTAMP]
        for first, pairs in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }


def read_yaml(file: Path | Traversable, model: type[Model]) -> Model:
    """Read a file as `model`.

    Raises:
        SettingsError: one line for each mistake, as `file:line: key: what is allowed (given: value)`.
    """
    text = _text(file)
    try:
        _check_shape(file, text)
        root = yaml.compose(text, Loader=_Loader)
        _check_unique(file, root)
        return model.model_validate(yaml.load(text, Loader=_Loader))  # noqa: S506 (a SafeLoader)
    except yaml.YAMLError as err:
        raise SettingsError(f"{file} is not YAML: {_one_line(str(err))}") from err
    except ValidationError as err:
        lines = [_mistake(file, root, fault, model) for fault in faults(err)]
        raise SettingsError("\n".join(lines)) from err
    except ValueError as err:
        raise SettingsError(f"{file}: {_one_line(str(err))}: write a plain number") from err


def _check_shape(file: Path | Traversable, text: str) -> None:
    """Refuse what is nested without end, or grows when it is read; its events are looked at one by one."""
    depth = 0
    for event in yaml.parse(text, Loader=_Loader):
        line = event.start_mark.line + 1 if event.start_mark is not None else 1
        if isinstance(event, yaml.AliasEvent):
            raise SettingsError(f"{file}:{line}: *{event.anchor}: aliases are not read: write it out")
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > _DEEPEST:
            raise SettingsError(f"{file}:{line}: it is nested more than {_DEEPEST} deep: write it flat")


def _text(file: Path | Traversable) -> str:
    try:
        raw = file.read_bytes()
        if len(raw) > _LONGEST_BYTES:
            raise SettingsError(f"{file} has {len(raw)} bytes: a scenario is one page, at most {_LONGEST_BYTES}")
        return raw.decode("utf-8")
    except OSError as err:
        raise SettingsError(f"{str(file)!r} cannot be read ({err.strerror}): check the path") from err
    except UnicodeDecodeError as err:
        raise SettingsError(f"{file} is not UTF-8 text: save it as UTF-8") from err


def _check_unique(file: Path | Traversable, node: yaml.Node | None) -> None:
    """YAML lets the last of two equal keys win in silence; a page that says two things is a mistake."""
    if isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise SettingsError(f"{file}:{key.start_mark.line + 1}: a key is a word, not a list or a mapping")
            if key.value in seen:
                raise SettingsError(f"{file}:{key.start_mark.line + 1}: {key.value}: is given twice, keep one")
            seen.add(key.value)
            _check_unique(file, value)
    elif isinstance(node, yaml.SequenceNode):
        for item in node.value:
            _check_unique(file, item)


def _mistake(file: Path | Traversable, root: yaml.Node | None, fault: ErrorDetails, model: type[BaseModel]) -> str:
    message = allowed(fault, model)
    place = tuple(part for part in fault["loc"] if isinstance(part, int) or "[" not in part)
    if not place and (line := _line_named(root, message)):
        return f"{file}:{line}: {message}"
    line, known = _line(root, place)
    return f"{file}:{line}: {dotted(known) or 'the file'}: {message}"


def _line_named(root: yaml.Node | None, message: str) -> int:
    """Line of the key that a message on the whole page begins with, as deep as the page has it; 0 without one."""
    node, line = root, 0
    for part in message.split(" ", maxsplit=1)[0].removesuffix(":").split("."):
        found = _child(node, int(part) if part.isdecimal() else part)
        if found is None:
            break
        line, node = found
    return line


def _line(root: yaml.Node | None, place: tuple[str | int, ...]) -> tuple[int, tuple[str | int, ...]]:
    """Line of the deepest part of a place that the file holds, and that place with the part that it lacks."""
    node, line, passed = root, 1, []
    for part in place:
        found = _child(node, part)
        if found is None:
            # What pydantic adds to a place, such as the kind of a union, is in no file; a missing key is in none yet.
            if part == place[-1]:
                passed.append(part)
            continue
        line, node = found
        passed.append(part)
    return line, tuple(passed)


def _child(node: yaml.Node | None, part: str | int) -> tuple[int, yaml.Node] | None:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if key.value == part:
                return key.start_mark.line + 1, value
    elif isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
        value = node.value[part]
        return value.start_mark.line + 1, value
    return None


def _one_line(text: str) -> str:
    return " ".join(text.split())
