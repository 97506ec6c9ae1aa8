"""Prices of slots as values: what a decision sees, and a published series whose slots have lengths of their own."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, model_validator

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class PeakPrice:
    """What import above some powers costs beside its price: arrays of shape (tiers, slots), powers rising by tier.

    Above each of `above_kw` a kWh costs another `per_kwh`, as if its slot alone made the month's peak; `per_kw`
    (tiers,) is what the peak itself costs per kW above, once for all slots.
    """

    above_kw: Floats
    per_kwh: Floats
    per_kw: Floats

    def cost(self, import_kw: Floats) -> Floats:
        """Cost per hour of imports of shape (..., slots)."""
        above = np.maximum(import_kw[..., None, :] - self.above_kw, 0)
        return np.asarray((above * self.per_kwh).sum(axis=-2))

    def cost_of_highest(self, import_kw: Floats) -> Floats:
        """Cost of the peak that imports of shape (..., slots) make: that of the highest slot which counts."""
        above = np.maximum(import_kw[..., None, :] - self.above_kw, 0) * (self.per_kwh > 0)
        return np.asarray(above.max(axis=-1) @ self.per_kw)

    def first(self) -> "PeakPrice":
        """The first slot alone."""
        return PeakPrice(self.above_kw[:, :1], self.per_kwh[:, :1], self.per_kw)


@dataclass(frozen=True, slots=True)
class Prices:
    """Import and export price per kWh of consecutive slots; arrays of shape (slots,).

    `peak` prices import above a power, where the bill has such a charge. `even_kw` (slots,) is the power at the meter,
    of import if positive, with which the netting interval that has begun comes out even: less costs and earns the
    export price, more the import price.
    """

    import_per_kwh: Floats
    export_per_kwh: Floats
    peak: PeakPrice | None = None
    even_kw: Floats | None = None

    def cost(self, grid_kw: Floats) -> Floats:
        """Cost per hour of powers at the meter of shape (..., slots), import positive."""
        net_kw = grid_kw if self.even_kw is None else grid_kw - self.even_kw
        return np.maximum(net_kw, 0) * self.import_per_kwh - np.maximum(-net_kw, 0) * self.export_per_kwh


class Fact(BaseModel):
    """A frozen value that a file may hold."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class PriceRun(Fact):
    """Consecutive slots of one length; a price that is not known is `null` (JSON) or left to a gap between runs."""

    start: AwareDatetime
    step_minutes: int = Field(default=60, ge=5, le=1440)
    per_kwh: tuple[float | None, ...] = Field(min_length=1, repr=False)

    @property
    def step(self) -> timedelta:
        """Length of a slot."""
        return timedelta(minutes=self.step_minutes)

    @property
    def end(self) -> datetime:
        """When the last slot is over."""
        return self.start + len(self.per_kwh) * self.step


class PriceSeries(Fact):
    """A published series: runs of slots in order, such as hours up to a day and quarters of an hour from it on.

    `includes` names the terms and taxes of the contract that the published values already hold. Tomorrow's values are
    known from `published_at_hour` on, local time; None means that all of them always were.
    """

    runs: tuple[PriceRun, ...] = Field(min_length=1)
    includes: tuple[str, ...] = ()
    published_at_hour: int | None = Field(default=13, ge=0, le=23)

    @model_validator(mode="after")
    def _runs_follow_each_other(self) -> "PriceSeries":
        for earlier, later in pairwise(self.runs):
            if later.start < earlier.end:
                raise ValueError(
                    f"a run starts at {later.start.isoformat()}, before the one above it ends at "
                    f"{earlier.end.isoformat()}: put runs in order and let none overlap",
                )
        return self

    @property
    def end(self) -> datetime:
        """When the last slot is over."""
        return self.runs[-1].end

    def at(self, moments_s: NDArray[np.int64]) -> Floats:
        """Price at moments in seconds since the epoch; NaN where there is none."""
        starts_s, ends_s, values = self._slots
        place = np.searchsorted(starts_s, moments_s, side="right") - 1
        inside = (place >= 0) & (moments_s < ends_s[np.maximum(place, 0)])
        return np.where(inside, values[np.maximum(place, 0)], np.nan)

    def until(self, end: datetime) -> "PriceSeries | None":
        """The same series as it was known when nothing from `end` on was published; None if nothing was."""
        if self.end <= end:
            return self
        kept = tuple(_cut(run, end) for run in self.runs if run.start < end)
        return self.model_copy(update={"runs": kept}) if kept else None

    @cached_property
    def _slots(self) -> tuple[NDArray[np.int64], NDArray[np.int64], Floats]:
        starts, ends, values = [], [], []
        for run in self.runs:
            begin_s, step_s = int(run.start.timestamp()), run.step_minutes * 60
            at = begin_s + step_s * np.arange(len(run.per_kwh), dtype=np.int64)
            starts.append(at)
            ends.append(at + step_s)
            values.append(np.array([np.nan if value is None else value for value in run.per_kwh], dtype=np.float64))
        return np.concatenate(starts), np.concatenate(ends), np.concatenate(values)


def _cut(run: PriceRun, end: datetime) -> PriceRun:
    count = -((run.start - end) // run.step)
    return run if count >= len(run.per_kwh) else run.model_copy(update={"per_kwh": run.per_kwh[:count]})


def seconds(starts: Sequence[datetime]) -> NDArray[np.int64]:
    """Moments as seconds since the epoch."""
    return np.array([int(start.timestamp()) for start in starts], dtype=np.int64)
