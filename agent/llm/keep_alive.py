"""How long a server keeps a model in memory after an answer: a number of seconds, or a duration as Go reads one."""

import re
from datetime import timedelta
from typing import Annotated

from pydantic import AfterValidator

# Units of Go's time.ParseDuration, which reads the field in Ollama.
_UNIT_S = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "μs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}
_PART = rf"(\d+\.?\d*|\.\d+)({'|'.join(sorted(_UNIT_S, key=len, reverse=True))})"
_DURATION = re.compile(rf"[-+]?(?:0|(?:{_PART})+)")
# Loading, the prompt and the answer of the next review must begin before the model goes.
_BEYOND = timedelta(minutes=10)


def _checked(value: float | str) -> float | str:
    if isinstance(value, str) and not _DURATION.fullmatch(value):
        raise ValueError(
            f"{value!r} is not a duration: write seconds as a number without quotes (-1 keeps the model for ever), "
            'or a duration such as "10m" or "4h30m"'
        )
    return value


KeepAlive = Annotated[float | str, AfterValidator(_checked)]


def seconds(keep_alive: float | str) -> float:
    """The same in seconds; below zero for ever."""
    if not isinstance(keep_alive, str):
        return keep_alive
    sign = -1.0 if keep_alive.startswith("-") else 1.0
    return sign * sum(float(number) * _UNIT_S[unit] for number, unit in re.findall(_PART, keep_alive))


def until_next_review(review_hours: float) -> float:
    """Seconds that keep a model loaded from one review to the next."""
    return (timedelta(hours=review_hours) + _BEYOND).total_seconds()
