"""What Home Assistant's energy dashboard knows: which statistics are grid, sun and battery, and at what price."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from energy.errors import DataError
from ingest.homeassistant.client import Signed, StatisticRole
from transport.payloads import first_fault


class _PrefsPart(BaseModel):
    # Versions add keys every few months; those that we read have kept their names.
    model_config = ConfigDict(frozen=True, extra="ignore")


class _Flow(_PrefsPart):
    """One direction at the meter."""

    stat_energy_from: str | None = None
    stat_energy_to: str | None = None
    entity_energy_price: str | None = None
    number_energy_price: float | None = None


class _Power(_PrefsPart):
    """A power sensor, one that counts the other way round, or one for each direction."""

    stat_rate: str | None = None
    stat_rate_inverted: str | None = None
    stat_rate_from: str | None = None
    stat_rate_to: str | None = None


class _Source(_Flow):
    """A grid connection, an array of panels, a battery or the meter of the home.

    Since 2025.12 possibly with its power sensor, since 2026.6 with a battery's charge sensor and capacity in kWh; the
    home's meter came with 2026.6.
    """

    type: str
    flow_from: tuple[_Flow, ...] = ()
    flow_to: tuple[_Flow, ...] = ()
    stat_rate: str | None = None
    power: tuple[_Power, ...] = ()
    power_config: _Power = _Power()
    stat_soc: str | None = None
    capacity: float | None = None
    entity_energy_price_export: str | None = None
    number_energy_price_export: float | None = None

    @property
    def imports(self) -> tuple[_Flow, ...]:
        """Old versions list the flows, new ones have one of each on the source itself."""
        return self.flow_from or ((self,) if self.stat_energy_from else ())

    @property
    def exports(self) -> tuple[_Flow, ...]:
        """As `imports`."""
        if self.flow_to or not self.stat_energy_to:
            return self.flow_to
        return (
            _Flow(
                stat_energy_to=self.stat_energy_to,
                entity_energy_price=self.entity_energy_price_export,
                number_energy_price=self.number_energy_price_export,
            ),
        )


class EnergyPreferences(_PrefsPart):
    """The energy dashboard's settings."""

    energy_sources: tuple[_Source, ...] = ()

    def statistics(self) -> dict[StatisticRole, Signed]:
        """Roles that it names, grid import and battery discharge positive."""
        grid, solar, battery, home = (self._of(kind) for kind in ("grid", "solar", "battery", "home"))
        found: dict[StatisticRole, Signed] = {
            "pv_power": _signed([source.stat_energy_from for source in solar], []),
            "grid_power": _signed(
                [flow.stat_energy_from for source in grid for flow in source.imports],
                [flow.stat_energy_to for source in grid for flow in source.exports],
            ),
            "battery_power": _signed(
                [source.stat_energy_from for source in battery],
                [source.stat_energy_to for source in battery],
            ),
            "load_power": _signed([source.stat_energy_from for source in home], []),
        }
        return {role: signed for role, signed in found.items() if signed.ids}

    def power(self, kind: Literal["grid", "solar", "battery", "home"]) -> Signed:
        """Live power sensors that it names (newer versions only), grid import and battery discharge positive."""
        parts = [
            part for one in self._of(kind) for part in (_Power(stat_rate=one.stat_rate), one.power_config, *one.power)
        ]
        return _signed(
            [name for part in parts for name in (part.stat_rate, part.stat_rate_from)],
            [name for part in parts for name in (part.stat_rate_inverted, part.stat_rate_to)],
        )

    @property
    def charge_entity(self) -> str | None:
        """The sensor of the battery's charge, where it names one battery with one."""
        batteries = self._of("battery")
        return batteries[0].stat_soc if len(batteries) == 1 else None

    @property
    def battery_count(self) -> int:
        """How many batteries it names."""
        return len(self._of("battery"))

    @property
    def capacity_kwh(self) -> float | None:
        """What all batteries hold, where it says so of each."""
        capacities = [source.capacity for source in self._of("battery")]
        known = [capacity for capacity in capacities if capacity is not None and capacity > 0]
        return sum(known) if known and len(known) == len(capacities) else None

    def price(self, direction: Literal["import", "export"]) -> float | str | None:
        """The price per kWh that it knows: a number, or the entity that tells it."""
        for source in self._of("grid"):
            for flow in source.imports if direction == "import" else source.exports:
                if flow.number_energy_price is not None:
                    return flow.number_energy_price
                if flow.entity_energy_price is not None:
                    return flow.entity_energy_price
        return None

    def _of(self, kind: str) -> list[_Source]:
        return [source for source in self.energy_sources if source.type == kind]


def _signed(add: list[str | None], subtract: list[str | None]) -> Signed:
    """Each once: versions name a sensor on the source and in its configuration."""
    return Signed(add=tuple(dict.fromkeys(filter(None, add))), subtract=tuple(dict.fromkeys(filter(None, subtract))))


def read_preferences(answer: dict[str, Any] | None) -> EnergyPreferences:
    """Preferences as Home Assistant told them; empty ones where its energy dashboard was never set up.

    Raises:
        DataError: they are of a form that no known version has.
    """
    try:
        return EnergyPreferences.model_validate(answer or {})
    except ValidationError as err:
        raise DataError(f"energy preferences of Home Assistant cannot be read: {first_fault(err)}") from err
