"""What is wrong with what somebody wrote, in words: the key, what is allowed there, what was given."""

import re
from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

_LONGEST = 80
_SECRET = ("password", "token")
_BOUNDS = ("minimum", "exclusiveMinimum", "maximum", "exclusiveMaximum")
_UNABLE = re.compile(", unable to [^,]*")
_WHOLE = re.compile(r"a valid integer(, got a number with a fractional part)?")
_OUTSIDE = frozenset({"greater_than", "greater_than_equal", "less_than", "less_than_equal"})


def validation_messages(err: ValidationError, model: type[BaseModel]) -> str:
    """All that is wrong, as `key: what is allowed (given: value)`, joined by semicolons; secrets are not shown."""
    return "; ".join(f"{dotted(fault['loc']) or 'settings'}: {allowed(fault, model)}" for fault in faults(err))


def faults(err: ValidationError) -> list[ErrorDetails]:
    """Every fault once: a list is not called too short for the sake of its wrong items."""
    errors = err.errors(include_url=False)
    return [
        fault
        for fault in errors
        if fault["type"] != "too_short" or not any(_lies_within(other["loc"], fault["loc"]) for other in errors)
    ]


def dotted(place: tuple[str | int, ...]) -> str:
    """A place in a file as a person writes it."""
    return ".".join(str(part) for part in place)


def allowed(fault: ErrorDetails, model: type[BaseModel]) -> str:
    """What is allowed in the place of a fault, with the whole range where it has one, and what was given."""
    message = plain(fault["type"], fault["msg"])
    if fault["type"] == "missing":
        return message
    bounds = next(_bounds(model, fault["loc"]), "")
    if bounds and fault["type"] in _OUTSIDE:
        message = f"should be {bounds}"
    elif bounds and not fault["type"].endswith("_error"):
        message += f", {bounds}"
    return message + _given(fault)


def plain(kind: str, message: str) -> str:
    """What is wrong, without the words of the library that checks values."""
    if kind == "missing":
        return "is missing, give it"
    if kind == "extra_forbidden":
        return "no such key here: check its spelling"
    said = message.removeprefix("Value error, ").replace("Input should", "should").removeprefix("String ")
    return _UNABLE.sub("", _WHOLE.sub("a whole number", said)).replace(", input is too short", "")


def _given(fault: ErrorDetails) -> str:
    if any(word in dotted(fault["loc"]) for word in _SECRET) or isinstance(fault["input"], dict):
        return ""
    return f" (given: {shortened(fault['input'])})"


def shortened(value: object) -> str:
    """A value as it is shown in a message."""
    try:
        found = repr(value)
    except ValueError:
        return "a number of thousands of digits"
    return found if len(found) <= _LONGEST else f"{found[: _LONGEST - 3]}..."


def _bounds(model: type[BaseModel], place: tuple[str | int, ...]) -> Iterator[str]:
    """The range of every number that may stand at a place."""
    schema = model.model_json_schema()
    found = [schema]
    for part in place:
        found = [deeper for one in found for deeper in _children(one, part, schema.get("$defs", {}))]
    for one in found:
        for choice in _choices(one, schema.get("$defs", {})):
            if any(bound in choice for bound in _BOUNDS):
                yield _range(choice)


def _lies_within(place: tuple[str | int, ...], outer: tuple[str | int, ...]) -> bool:
    return len(place) > len(outer) and place[: len(outer)] == outer


def _range(number: dict[str, Any]) -> str:
    least, above, most, below = (number.get(bound) for bound in _BOUNDS)
    low = f"above {above:g}" if above is not None else "" if least is None else f"{least:g}"
    high = f"below {below:g}" if below is not None else "" if most is None else f"{most:g}"
    if low and high:
        return f"{low}{' to' if above is None else ', up to' if below is None else ','} {high}"
    if low:
        return low if least is None else f"{low} or more"
    return high if most is None else f"{high} or less"


def _choices(schema: dict[str, Any], known: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The alternatives of a schema, each without references."""
    if "$ref" in schema:
        yield from _choices(known[schema["$ref"].rsplit("/", 1)[-1]], known)
    elif several := schema.get("anyOf") or schema.get("oneOf"):
        for one in several:
            yield from _choices(one, known)
    else:
        yield schema


def _children(schema: dict[str, Any], part: str | int, known: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """What may stand at a part of a place: below a key, in a list, or the member of a union that the part names."""
    if "$ref" in schema:
        yield from _children(known[schema["$ref"].rsplit("/", 1)[-1]], part, known)
    elif part in (tagged := schema.get("discriminator", {}).get("mapping", {})):
        yield {"$ref": tagged[part]}
    for one in (*schema.get("anyOf", ()), *schema.get("oneOf", ())):
        yield from _children(one, part, known)
    if isinstance(part, int) and "items" in schema:
        yield schema["items"]
    elif part in schema.get("properties", {}):
        yield schema["properties"][part]
    elif isinstance(schema.get("additionalProperties"), dict):
        yield schema["additionalProperties"]
