"""What Home Assistant's energy dashboard knows: which statistics are grid, sun and battery, and at what price."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationError

from energy.errors import DataError
from ingest.homeassistant.client import Signed, StatisticRole
from transport.payloads import first_fault

_Kind = Literal["grid", "solar", "battery", "home"]
_KINDS: frozenset[str] = frozenset({"grid", "solar", "battery", "home"})
_T = TypeVar("_T")


def _text(given: object) -> object:
    return given if isinstance(given, str) and given else None


def _number(given: object) -> object:
    return given if isinstance(given, float | int) and not isinstance(given, bool) else None


# What a version leaves empty, or says in another form, is not said.
Text = Annotated[str | None, BeforeValidator(_text)]
Number = Annotated[float | None, BeforeValidator(_number)]
Several = Annotated[tuple[_T, ...], BeforeValidator(lambda given: given or ())]


class _PrefsPart(BaseModel):
    # Versions add keys every few months; those that we read have kept their names.
    model_config = ConfigDict(frozen=True, extra="ignore", allow_inf_nan=False)


class _MeterFlow(_PrefsPart):
    """One direction at the meter."""

    stat_energy_from: Text = None
    stat_energy_to: Text = None
    entity_energy_price: Text = None
    number_energy_price: Number = None


class _PowerChoice(_PrefsPart):
    """A power sensor, one that counts the other way round, or one for each direction."""

    stat_rate: Text = None
    stat_rate_inverted: Text = None
    stat_rate_from: Text = None
    stat_rate_to: Text = None

    @property
    def signed(self) -> Signed:
        """What it adds and subtracts, grid import and battery discharge positive."""
        return _signed([self.stat_rate, self.stat_rate_from], [self.stat_rate_inverted, self.stat_rate_to])


class _Power(_PrefsPart):
    """A power sensor, and what the user chose for it: where both are said, they are the same power."""

    stat_rate: Text = None
    power_config: _PowerChoice | None = None

    @property
    def signed(self) -> Signed:
        """The user's own sensors where they are known, else the one sensor."""
        chosen = self.power_config.signed if self.power_config else Signed()
        return chosen if chosen.ids else _signed([self.stat_rate], [])


class _EnergySource(_MeterFlow, _Power):
    """A grid connection, an array of panels, a battery, or the home's own meter where a version has one.

    Since 2025.12 possibly with its power sensor; since 2026.3 a grid connection is one import and one export; since
    2026.6 a source may have a name, and a battery its charge sensor and its capacity in kWh.
    """

    type: _Kind
    name: Text = None
    flow_from: Several[_MeterFlow] = ()
    flow_to: Several[_MeterFlow] = ()
    power: Several[_Power] = ()
    stat_soc: Text = None
    capacity: Number = None
    entity_energy_price_export: Text = None
    number_energy_price_export: Number = None

    @property
    def imports(self) -> tuple[_MeterFlow, ...]:
        """Old versions list the flows, new ones have one of each on the source itself."""
        return self.flow_from or ((self,) if self.stat_energy_from else ())

    @property
    def exports(self) -> tuple[_MeterFlow, ...]:
        """As `imports`."""
        if self.flow_to or not self.stat_energy_to:
            return self.flow_to
        return (
            _MeterFlow(
                stat_energy_to=self.stat_energy_to,
                entity_energy_price=self.entity_energy_price_export,
                number_energy_price=self.number_energy_price_export,
            ),
        )


@dataclass(frozen=True, slots=True)
class NamedSource:
    """One of the batteries: its counters, and what newer versions know of it."""

    name: str | None
    charged: tuple[str, ...]
    discharged: tuple[str, ...]
    charge: str | None
    capacity_kwh: float | None


class NamedDevice(_PrefsPart):
    """An individual device: its counter, its power sensor where a version has one, and its name."""

    stat_consumption: Text = None
    stat_rate: Text = None
    name: Text = None


class EnergyPreferences(_PrefsPart):
    """The energy dashboard's settings."""

    energy_sources: tuple[_EnergySource, ...] = ()
    device_consumption: tuple[NamedDevice, ...] = ()

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

    def power(self, kind: _Kind) -> Signed:
        """Live power sensors that it names (newer versions only), grid import and battery discharge positive."""
        signed = [part.signed for one in self._of(kind) for part in (one.power or (one,))]
        return _signed([name for one in signed for name in one.add], [name for one in signed for name in one.subtract])

    @property
    def charge_entity(self) -> str | None:
        """The sensor of the battery's charge, where it names one battery with one."""
        batteries = self._of("battery")
        return batteries[0].stat_soc if len(batteries) == 1 else None

    @property
    def batteries(self) -> tuple[NamedSource, ...]:
        """Each of the batteries that it names."""
        return tuple(
            NamedSource(
                name=one.name,
                charged=tuple(filter(None, [one.stat_energy_to])),
                discharged=tuple(filter(None, [one.stat_energy_from])),
                charge=one.stat_soc,
                capacity_kwh=one.capacity if one.capacity and one.capacity > 0 else None,
            )
            for one in self._of("battery")
        )

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

    def _of(self, kind: _Kind) -> list[_EnergySource]:
        return [source for source in self.energy_sources if source.type == kind]


def _signed(add: list[str | None], subtract: list[str | None]) -> Signed:
    """Each once."""
    return Signed(add=tuple(dict.fromkeys(filter(None, add))), subtract=tuple(dict.fromkeys(filter(None, subtract))))


def read_preferences(answer: dict[str, Any] | None) -> EnergyPreferences:
    """Preferences as Home Assistant told them; empty ones where its energy dashboard was never set up.

    Raises:
        DataError: they are of a form that no known version has.
    """
    sources, devices = (
        [one for one in (answer or {}).get(key) or [] if isinstance(one, Mapping)]
        for key in ("energy_sources", "device_consumption")
    )
    known = [one for one in sources if one.get("type") in _KINDS]
    try:
        return EnergyPreferences.model_validate({"energy_sources": known, "device_consumption": devices})
    except ValidationError as err:
        raise DataError(f"energy preferences of Home Assistant cannot be read: {first_fault(err)}") from err
