"""What a device that can be planned is: a load that may wait, a car, a heat pump with a comfort band."""

from datetime import UTC, date, datetime, time
from typing import Annotated, Literal, Self
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, model_validator

from energy.slots import DAY

Floats = NDArray[np.float64]
DeviceName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,31}$")]
# A local time of day in hours: 18.5 is 18:30.
Hour = Annotated[float, Field(ge=0, lt=24)]


class _Device(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    name: DeviceName


class _Waiting(_Device):
    """A device that wants energy every day from `from_hour` on and must be ready at the next `ready_by_hour`."""

    from_hour: Hour
    ready_by_hour: Hour

    def window_after(self, moment: datetime, zone: ZoneInfo) -> tuple[datetime, datetime]:
        """The window that is open at a moment, or else the next one: when it may begin, and when it must be done."""
        day = moment.astimezone(zone).date() - DAY
        while True:
            opens = _at(day, self.from_hour, zone)
            closes = _at(day if self.ready_by_hour > self.from_hour else day + DAY, self.ready_by_hour, zone)
            if closes > moment:
                return opens, closes
            day += DAY

    @property
    def window_hours(self) -> float:
        """Length of a window on the clock."""
        return (self.ready_by_hour - self.from_hour) % 24 or 24.0


class Deferrable(_Waiting):
    """A machine that runs once a day, in one piece: dishes, washing."""

    kind: Literal["deferrable"] = "deferrable"
    max_kw: float = Field(gt=0, le=20)
    run_hours: float = Field(gt=0, le=12)

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.run_hours > self.window_hours:
            raise ValueError(f"run_hours {self.run_hours!r} do not fit: the window is {self.window_hours:g} hours")
        return self

    @property
    def daily_kwh(self) -> float:
        """Energy of one run."""
        return self.max_kw * self.run_hours


class Car(_Waiting):
    """An electric car at its charger; between `min_kw` and `max_kw` it takes any power, or none."""

    kind: Literal["car"] = "car"
    max_kw: float = Field(gt=0, le=43)
    min_kw: float = Field(default=1.4, ge=0, le=43)
    daily_kwh: float = Field(gt=0, le=200)

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.min_kw > self.max_kw:
            raise ValueError(f"min_kw {self.min_kw!r} is above max_kw {self.max_kw!r}: swap them")
        if self.daily_kwh > self.max_kw * self.window_hours:
            most = self.max_kw * self.window_hours
            raise ValueError(f"daily_kwh {self.daily_kwh!r} does not fit: at most {most:g} kWh in its window")
        return self


class HeatPump(_Device):
    """A heat pump and the zone it keeps between `min_c` and `max_c`; left alone it holds `usual_c`.

    The zone is two heat stores, air and walls: capacities in kWh/K, conductances in kW/K. `gain_kw` is the heat of
    people, devices and sun that is always there.
    """

    kind: Literal["heat_pump"] = "heat_pump"
    max_kw: float = Field(gt=0, le=50)
    min_c: float = Field(default=19.5, ge=5, le=30)
    usual_c: float = Field(default=20.5, ge=5, le=30)
    max_c: float = Field(default=22.5, ge=5, le=30)
    air_kwh_per_k: float = Field(gt=0, le=50)
    mass_kwh_per_k: float = Field(gt=0, le=500)
    couple_kw_per_k: float = Field(gt=0, le=50)
    vent_kw_per_k: float = Field(gt=0, le=10)
    wall_kw_per_k: float = Field(gt=0, le=10)
    gain_kw: float = Field(default=0.3, ge=0, le=10)
    supply_c: float = Field(default=38.0, ge=20, le=65)

    @model_validator(mode="after")
    def _band_is_ordered(self) -> Self:
        if not self.min_c <= self.usual_c <= self.max_c:
            raise ValueError(f"usual_c {self.usual_c!r} is outside the band: use {self.min_c!r} to {self.max_c!r}")
        return self


AnyDevice = Annotated[Deferrable | Car | HeatPump, Field(discriminator="kind")]
AnyLoad = Deferrable | Car


def _at(day: date, hour: float, zone: ZoneInfo) -> datetime:
    minutes = round(hour * 60)
    clock = time(minutes // 60, minutes % 60)
    return datetime.combine(day, clock, tzinfo=zone).astimezone(UTC)


def heat_pump_cop(outdoor_c: Floats, supply_c: Floats | float) -> Floats:
    """Heat per electricity of an air-source heat pump: Staffell et al. 2012 (doi:10.1039/c2ee22653g), table 3.

    COP = 6.81 - 0.121 dT + 0.000630 dT² with dT from 15 to 60 K between source and supply; outside, the edge.
    """
    lift_k = np.clip(supply_c - outdoor_c, 15.0, 60.0)
    return np.asarray(6.81 - 0.121 * lift_k + 0.000630 * lift_k**2, dtype=np.float64)
