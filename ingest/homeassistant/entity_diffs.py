"""The table of states that `subscribe_entities` keeps up to date: all rows at first, then what changed in them.

Keys as Home Assistant's WebSocket API documents them: `a` added, `c` changed with `+` and `-`, `r` removed; inside a
row `s` state, `a` attributes, `lc` last changed and `lu` last updated (only where it differs), in seconds since 1970.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class EntityRow:
    """An entity as it was last told."""

    text: str
    attributes: Mapping[str, Any]
    at: datetime


@dataclass(slots=True)
class EntityTable:
    """Every entity that is known, by its id."""

    rows: dict[str, EntityRow] = field(default_factory=dict)

    def apply(self, event: Mapping[str, Any]) -> frozenset[str]:
        """Take in an event; the ids that it touched.

        Raises:
            KeyError: it lacks what every known version tells.
            TypeError: it is of another form.
            ValueError: a time is none.
        """
        added, changed, removed = event.get("a") or {}, event.get("c") or {}, event.get("r") or []
        for name, entity in added.items():
            self.rows[name] = EntityRow(str(entity["s"]), dict(entity.get("a") or {}), _time_of(entity))
        for name, difference in changed.items():
            if name in self.rows:
                self.rows[name] = _changed(self.rows[name], difference)
        for name in removed:
            self.rows.pop(name, None)
        return frozenset((*added, *changed, *removed))

    def report(self, name: str, at: datetime) -> bool:
        """An entity said again what it had said; whether that is news."""
        row = self.rows.get(name)
        if row is None or at <= row.at:
            return False
        self.rows[name] = replace(row, at=at)
        return True


def _changed(row: EntityRow, difference: Mapping[str, Any]) -> EntityRow:
    more, less = difference.get("+") or {}, difference.get("-") or {}
    gone = frozenset(less.get("a") or ())
    attributes = {key: value for key, value in row.attributes.items() if key not in gone} | dict(more.get("a") or {})
    at = _time_of(more) if "lc" in more or "lu" in more else row.at
    return EntityRow(str(more.get("s", row.text)), attributes, at)


def _time_of(entity: Mapping[str, Any]) -> datetime:
    return datetime.fromtimestamp(float(entity.get("lu", entity.get("lc"))), tz=UTC)
