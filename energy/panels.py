"""Where a home stands and what panels it has: facts, light to import; `energy.solar` makes power of them."""

from pydantic import BaseModel, ConfigDict, Field


class _PanelFact(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Place(_PanelFact):
    """A point on Earth; degrees north and east are positive."""

    latitude: float = Field(ge=-90, le=90)
    longitude: float = Field(ge=-180, le=180)
    altitude_m: float = Field(default=0.0, ge=-430, le=6000)


class PvArray(_PanelFact):
    """Panels of one orientation; azimuth clockwise from north, so that 180 faces south."""

    peak_kw: float = Field(ge=0, le=1000)
    tilt_deg: float = Field(default=30.0, ge=0, le=90)
    azimuth_deg: float = Field(default=180.0, ge=0, lt=360)


class PvPlant(_PanelFact):
    """Arrays behind one inverter, which cuts off what exceeds its rating.

    `loss_share` is what soiling, wiring, mismatch and age take (PVWatts calls 14 % usual);
    `temperature_coefficient_per_k` is the change of power for each degree of the cells above 25 °C.
    """

    arrays: tuple[PvArray, ...] = Field(min_length=1)
    inverter_kw: float = Field(gt=0, le=1000)
    loss_share: float = Field(default=0.12, ge=0, lt=1)
    inverter_efficiency: float = Field(default=0.96, gt=0, le=1)
    temperature_coefficient_per_k: float = Field(default=-0.0035, ge=-0.02, le=0)
    albedo: float = Field(default=0.2, ge=0, le=1)

    @property
    def peak_kw(self) -> float:
        """Rated power of all panels together."""
        return sum(array.peak_kw for array in self.arrays)
