"""Which entities of an inverter are set, and how each stands in each mode: section `[actuation]` of the settings."""

from math import ceil
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, field_validator

from energy.battery import Battery
from energy.commands import BatteryCommand, Mode

_NUMBERS, _SELECTS, _SWITCHES = ("number", "input_number"), ("select", "input_select"), ("switch", "input_boolean")
_FIGURES = ("{target}", "{reserve}")

Wanted = Annotated[str, Field(min_length=1, max_length=255)]


class Positions(BaseModel):
    """How one entity stands in each mode: an option, a number, `on` or `off`; `{target}` and `{reserve}` are in %.

    A mode that is left out leaves the entity as it is.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", coerce_numbers_to_str=True)

    self_consumption: Wanted | None = None
    hold: Wanted | None = None
    charge: Wanted | None = None
    discharge: Wanted | None = None


class Actuation(BaseModel):
    """Section `[actuation]`: the entities that may be written, and nothing else; empty where a blueprint does it.

    `lowest_reserve` in % is the least that `{reserve}` ever writes, whatever is decided and when the advisor lets go;
    the battery's own `min_soc` holds where that is more.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    entities: dict[str, Positions] = Field(default={}, max_length=16)
    lowest_reserve: float = Field(default=0.0, ge=0, le=100)
    settle_s: float = Field(default=60.0, gt=0, le=300)
    watch_s: float = Field(default=15.0, ge=1, le=300)

    @field_validator("entities")
    @classmethod
    def _can_be_written(cls, entities: dict[str, Positions]) -> dict[str, Positions]:
        for entity, positions in entities.items():
            domain = entity.split(".")[0]
            if domain not in {*_NUMBERS, *_SELECTS, *_SWITCHES} or entity.count(".") != 1:
                raise ValueError(f"{entity!r} is not a select, number or switch: only those are written")
            for position in positions.model_dump(exclude_none=True).values():
                _check_position(entity, domain, position)
        return entities

    def above(self, battery: Battery) -> "Actuation":
        """The same entities, with the battery's own least charge under every reserve."""
        return self.model_copy(update={"lowest_reserve": max(self.lowest_reserve, _percent(battery.min_soc))})

    def wanted(self, command: BatteryCommand | None) -> dict[str, str]:
        """What each entity shall show under a command, in the order of the settings; None means self-consumption."""
        mode = command.mode if command else Mode.SELF_CONSUMPTION
        levels = command.slots[0] if command else None
        figures = {
            "{target}": f"{round(levels.charge_to_soc * 100) if levels else 0}",
            "{reserve}": f"{max(_percent(levels.reserve_soc) if levels else 0, self.lowest_reserve):g}",
        }
        targets = {entity: getattr(positions, mode.value) for entity, positions in self.entities.items()}
        return {entity: figures.get(value, value) for entity, value in targets.items() if value is not None}


def _percent(reserve_soc: float) -> int:
    """A reserve in whole per cent that is not below it."""
    return ceil(round(reserve_soc * 100, 1))


def _check_position(entity: str, domain: str, position: str) -> None:
    if domain in _SWITCHES and position not in {"on", "off"}:
        raise ValueError(f"{entity}: a switch cannot stand at {position!r}: write 'on' or 'off'")
    if domain in _NUMBERS and position not in _FIGURES:
        try:
            float(position)
        except ValueError as err:
            raise ValueError(f"{entity}: {position!r} is not a number: write one, or {' or '.join(_FIGURES)}") from err
