"""The battery: what it can hold, take and give; and several, as one."""

from collections.abc import Sequence

from pydantic import BaseModel, ConfigDict, Field, model_validator


class Battery(BaseModel):
    """A battery seen from the AC side; charge is a fraction of `capacity_kwh`.

    Stored energy moves by `charge_kw * charge_efficiency` and `discharge_kw / discharge_efficiency` per hour.
    `cycle_cost_per_kwh` is charged on each stored kWh taken out.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    capacity_kwh: float = Field(ge=0, le=1000)
    max_charge_kw: float = Field(ge=0, le=500)
    max_discharge_kw: float = Field(ge=0, le=500)
    charge_efficiency: float = Field(default=0.95, gt=0, le=1)
    discharge_efficiency: float = Field(default=0.95, gt=0, le=1)
    min_soc: float = Field(default=0.0, ge=0, le=1)
    max_soc: float = Field(default=1.0, ge=0, le=1)
    cycle_cost_per_kwh: float = Field(default=0.0, ge=0, le=10)

    @model_validator(mode="after")
    def _band_is_ordered(self) -> "Battery":
        if self.min_soc > self.max_soc:
            raise ValueError(f"min_soc {self.min_soc!r} is above max_soc {self.max_soc!r}: swap them")
        return self

    @property
    def min_kwh(self) -> float:
        """Least stored energy that may be left."""
        return self.min_soc * self.capacity_kwh

    @property
    def max_kwh(self) -> float:
        """Most energy that may be stored."""
        return self.max_soc * self.capacity_kwh

    @property
    def usable_kwh(self) -> float:
        """Width of the charge band in kWh."""
        return self.max_kwh - self.min_kwh


class NamedBattery(Battery):
    """One of several batteries of a home."""

    name: str = Field(pattern=r"^[a-z][a-z0-9_]{0,31}$")


def combined(batteries: Sequence[Battery]) -> Battery:
    """Several batteries as the one that a plan knows: sums, with efficiency and wear weighted by size."""
    total_kwh = sum(one.capacity_kwh for one in batteries)

    def mean(values: Sequence[float]) -> float:
        if not total_kwh:
            return values[0]
        return sum(value * one.capacity_kwh for value, one in zip(values, batteries, strict=True)) / total_kwh

    return Battery(
        capacity_kwh=total_kwh,
        max_charge_kw=sum(one.max_charge_kw for one in batteries),
        max_discharge_kw=sum(one.max_discharge_kw for one in batteries),
        charge_efficiency=mean([one.charge_efficiency for one in batteries]),
        discharge_efficiency=mean([one.discharge_efficiency for one in batteries]),
        min_soc=mean([one.min_soc for one in batteries]),
        max_soc=mean([one.max_soc for one in batteries]),
        cycle_cost_per_kwh=mean([one.cycle_cost_per_kwh for one in batteries]),
    )
