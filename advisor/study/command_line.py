"""The whole command of a study that a terminal asked for, so that it can be run again without questions."""

import shlex
from collections.abc import Iterator, Mapping
from typing import Any

import typer

from advisor.study.asking import StudyAsked


def command_line(context: typer.Context, asked: StudyAsked) -> str:
    """`advisor study` with every option that has not its usual value; answers stand for what was given before."""
    values = context.params | _answered(asked)
    words = ["advisor", "study"]
    for option in context.command.params:
        value = values.get(option.name or "")
        if value != option.get_default(context):
            words += _words(option.opts[0], value)
    return shlex.join(words)


def _answered(asked: StudyAsked) -> dict[str, Any]:
    """What a terminal asks, by the names of options; hot water is made as the rooms are heated."""
    said: Mapping[str, Any] = asked.said or {}
    household, prices = said["household"], said["prices"]
    return {
        "place": asked.place,
        "language": asked.language,
        "people": household["people"],
        "floor": household["floor_m2"],
        "heating": household["heating"],
        "hot_water": None,
        "cooling": household["cooling"],
        "car": household["car"],
        "kwp": said["kwp"],
        "battery": said["battery_kwh"],
        "tariff": said.get("tariffs"),
        "battery_price": prices.get("battery_per_kwh"),
        "panel_price": prices.get("pv_per_kwp"),
        "subsidy": 100 * prices.get("subsidy_share", 0.0),
    }


def _words(option: str, value: Any) -> Iterator[str]:
    """An option with its value, once for each of several; a switch stands alone."""
    if value is True:
        yield option
        return
    for one in value if isinstance(value, list | tuple) else (value,):
        if one is not None and one is not False:
            yield from (option, f"{one:g}" if isinstance(one, float) else str(one))
