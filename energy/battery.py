"""The battery: what it can hold, take and give."""

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
