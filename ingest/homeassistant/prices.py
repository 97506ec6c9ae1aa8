"""Prices out of a running Home Assistant: the attributes of an entity, or the answer of an action."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime
from zoneinfo import ZoneInfo

from energy.errors import DataError
from energy.slots import DAY, day_bounds, local_day
from ingest.homeassistant.client import CommandRefused, EntityState, HomeAssistant
from ingest.prices.points import PricePoint
from ingest.prices.reading import ReaderContext, holds_prices, read_prices


def entity_prices(state: EntityState, asked: ReaderContext) -> list[PricePoint]:
    """The prices that an entity's attributes hold; lists without a date are of the day on which it was updated.

    Raises:
        DataError: they cannot be read.
    """
    return read_prices(state.attributes, _on_its_day(state, asked))


def price_entities(states: Mapping[str, EntityState], asked: ReaderContext) -> list[EntityState]:
    """Entities that hold prices ahead, by what they hold; those with most prices first."""
    found = {name: state for name, state in states.items() if _may_hold(state)}
    held = [
        (len(entity_prices(state, asked)), name)
        for name, state in found.items()
        if holds_prices(state.attributes, _on_its_day(state, asked))
    ]
    return [found[name] for _, name in sorted(held, key=lambda one: (-one[0], one[1]))]


def _on_its_day(state: EntityState, asked: ReaderContext) -> ReaderContext:
    return replace(asked, day=local_day(state.last_updated, asked.zone))


def _may_hold(state: EntityState) -> bool:
    """Whether an entity may hold prices of energy: sensors that say so by their unit, and events of rates."""
    kind = state.entity_id.partition(".")[0]
    per_energy = "/" in state.unit and state.unit.lower().endswith("wh")
    return (kind == "sensor" and per_energy) or (kind == "event" and "rates" in state.attributes)


def action_prices(
    assistant: HomeAssistant, action: str, data: Mapping[str, str], asked: ReaderContext, *, now: datetime
) -> list[PricePoint]:
    """What an action answers of today and tomorrow; `{date}`, `{start}` and `{end}` in its data are filled in.

    Tomorrow's may not be out yet: an action that refuses then is no fault.

    Raises:
        DataError: the answer cannot be read.
        TransportError: the action is refused for today.
    """
    today = local_day(now, asked.zone)
    points = read_prices(_answer(assistant, action, _filled(data, today, asked.zone)), replace(asked, day=today))
    try:
        answer = _answer(assistant, action, _filled(data, today + DAY, asked.zone))
        points += read_prices(answer, replace(asked, day=today + DAY))
    except (CommandRefused, DataError):
        return points
    return sorted({point.start: point for point in points}.values())


def _answer(assistant: HomeAssistant, action: str, data: Mapping[str, str]) -> object:
    domain, _, service = action.partition(".")
    answer = assistant.command(
        "call_service", domain=domain, service=service, service_data=dict(data), return_response=True
    )
    return answer.get("response") if isinstance(answer, Mapping) else None


def _filled(data: Mapping[str, str], day: date, zone: ZoneInfo) -> dict[str, str]:
    start, end = day_bounds(day, zone)
    known = {"date": day.isoformat(), "start": start.isoformat(), "end": end.isoformat()}
    return {name: value.format_map(known) if "{" in value else value for name, value in data.items()}
