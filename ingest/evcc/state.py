"""What evcc says of a home: powers, charge, loadpoints and cars, in the words of its older and newer versions.

Field names from evcc's public description of its API state and MQTT topics: watts, per cent, grid import and battery
discharge positive; `gridPower` became `grid.power`, `batterySoc` became `battery.soc`.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any

import orjson
from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    model_validator,
)

from energy.errors import DataError
from transport.payloads import first_fault

_NO_TIME_BEFORE = 2000
_PAST_THE_ENDS = 2


def _some_time(value: datetime | None) -> datetime | None:
    """A time in the year 1 is how it says that there is none."""
    return value if value is not None and value.year >= _NO_TIME_BEFORE else None


def _within(value: object) -> object:
    """Cars and batteries count a little past full and empty."""
    if isinstance(value, float | int) and -_PAST_THE_ENDS <= value <= 100 + _PAST_THE_ENDS:
        return min(max(value, 0), 100)
    return value


PlanTime = Annotated[AwareDatetime | None, BeforeValidator(lambda value: value or None), AfterValidator(_some_time)]
Percent = Annotated[float, BeforeValidator(_within), Field(ge=0, le=100)]


class _EvccPart(BaseModel):
    # Its versions add fields every few weeks; those that we read have kept their meaning.
    model_config = ConfigDict(frozen=True, extra="ignore", allow_inf_nan=False, populate_by_name=True)

    @model_validator(mode="before")
    @classmethod
    def _empty_is_not_said(cls, given: Any) -> Any:
        """What a version leaves empty it does not say."""
        if not isinstance(given, Mapping):
            return given
        return {key: value for key, value in given.items() if value is not None}


class _Meter(_EvccPart):
    power: float | None = None
    soc: Percent | None = None


class EvccVehicle(_EvccPart):
    """A car that evcc knows; usable capacity in kWh."""

    title: str = ""
    capacity: float = Field(default=0.0, ge=0, le=300)


class Loadpoint(_EvccPart):
    """A charger or a heat pump, and what is connected to it."""

    title: str = ""
    charge_power: float = Field(default=0.0, alias="chargePower")
    connected: bool = False
    charging: bool = False
    mode: str = ""
    vehicle_name: str = Field(default="", alias="vehicleName")
    vehicle_soc: Percent | None = Field(default=None, alias="vehicleSoc")
    plan_time: PlanTime = Field(default=None, alias="effectivePlanTime")
    plan_soc: Percent | None = Field(default=None, alias="effectivePlanSoc")
    plan_energy: float | None = Field(default=None, alias="planEnergy")
    session_energy: float = Field(default=0.0, alias="sessionEnergy")
    limit_soc: Percent | None = Field(default=None, alias="effectiveLimitSoc")
    phases_active: int | None = Field(default=None, alias="phasesActive")
    is_heating: bool = Field(default=False, alias="chargerFeatureHeating")


class EvccState(_EvccPart):
    """The site with its loadpoints; watts, grid import and battery discharge positive."""

    home_power: float | None = Field(default=None, alias="homePower")
    pv_power: float | None = Field(default=None, alias="pvPower")
    old_grid_power: float | None = Field(default=None, alias="gridPower")
    grid: _Meter = _Meter()
    old_battery_power: float | None = Field(default=None, alias="batteryPower")
    old_battery_soc: Percent | None = Field(default=None, alias="batterySoc")
    battery: _Meter | list[_Meter] = _Meter()
    battery_mode: str = Field(default="", alias="batteryMode")
    loadpoints: tuple[Loadpoint, ...] = ()
    vehicles: dict[str, EvccVehicle] = {}

    @property
    def grid_power(self) -> float | None:
        """Import less export."""
        return self.grid.power if self.grid.power is not None else self.old_grid_power

    @property
    def battery_power(self) -> float | None:
        """Discharge less charge, of all batteries."""
        whole = self._battery.power
        return whole if whole is not None else self.old_battery_power

    @property
    def battery_soc(self) -> float | None:
        """Charge of the batteries in per cent."""
        whole = self._battery.soc
        return whole if whole is not None else self.old_battery_soc

    @property
    def _battery(self) -> _Meter:
        """Older versions list the batteries beside their sums."""
        return _Meter() if isinstance(self.battery, list) else self.battery

    def needed_kwh(self, loadpoint: Loadpoint) -> float:
        """What the connected car still wants: by its plan, else by its limit; nothing where that is not known."""
        if not loadpoint.connected or loadpoint.is_heating:
            return 0.0
        if loadpoint.plan_energy and loadpoint.plan_time is not None:
            return max(loadpoint.plan_energy - loadpoint.session_energy / 1000, 0.0)
        target = loadpoint.plan_soc if loadpoint.plan_time is not None and loadpoint.plan_soc else loadpoint.limit_soc
        vehicle = self.vehicles.get(loadpoint.vehicle_name)
        if vehicle is None or loadpoint.vehicle_soc is None or target is None:
            return 0.0
        return max(target - loadpoint.vehicle_soc, 0.0) / 100 * vehicle.capacity


def read_state(body: bytes) -> EvccState:
    """The state, alone or inside `result` as some versions wrap it.

    Raises:
        DataError: it is none, or of a form that no known version has.
    """
    try:
        answer: Any = orjson.loads(body)
        inside = answer.get("result", answer)
        return EvccState.model_validate(dict(inside.items()))
    except ValidationError as err:
        raise DataError(f"evcc's state cannot be read: {first_fault(err)}") from err
    except (orjson.JSONDecodeError, AttributeError) as err:
        raise DataError(
            f"evcc's state cannot be read ({body[:40].decode(errors='replace')!r}): check evcc.url"
        ) from err
