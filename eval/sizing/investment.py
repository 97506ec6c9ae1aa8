"""Whether a battery or more panels earn their price: savings, payback and net present value."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf

from pydantic import BaseModel, ConfigDict, Field


class Assumptions(BaseModel):
    """What is assumed, not measured: prices installed in the home's currency, and the money's time.

    The defaults are round figures of the kind that offers name, not a quotation: put your own offer here.
    A saving shrinks by `fade_per_year` as the battery ages.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    battery_per_kwh: float = Field(default=600.0, ge=0)
    pv_per_kwp: float = Field(default=1200.0, ge=0)
    lifetime_years: int = Field(default=15, ge=1, le=50)
    discount_rate: float = Field(default=0.03, gt=-1, le=1)
    fade_per_year: float = Field(default=0.02, ge=0, lt=1)
    battery_kw_per_kwh: float = Field(default=0.5, gt=0, le=10)

    def years_of_saving(self) -> float:
        """What one unit saved each year is worth today: the sum over years of (1 - fade)^(y - 1) / (1 + rate)^y."""
        kept, later = 1 - self.fade_per_year, 1 / (1 + self.discount_rate)
        return sum(kept ** (year - 1) * later**year for year in range(1, self.lifetime_years + 1))


@dataclass(frozen=True, slots=True)
class Option:
    """One size under one tariff: its yearly bills, and what the home pays today with neither battery nor more panels.

    `added_pv_kwp` is what would be bought beside the panels that stand there.
    """

    tariff: str
    battery_kwh: float
    pv_factor: float
    added_pv_kwp: float
    today: float
    without_battery: float
    greedy: float
    advisor: float

    @property
    def saving(self) -> float:
        """Saved a year against today."""
        return self.today - self.advisor

    def price(self, assumed: Assumptions) -> float:
        """What the battery and the added panels cost."""
        return self.battery_kwh * assumed.battery_per_kwh + self.added_pv_kwp * assumed.pv_per_kwp

    def payback_years(self, assumed: Assumptions) -> float:
        """Price over the first year's saving; infinite where nothing is saved."""
        return self.price(assumed) / self.saving if self.saving > 0 else inf

    def present_value(self, assumed: Assumptions) -> float:
        """Net present value: all savings of the lifetime at today's worth, less the price."""
        return self.saving * assumed.years_of_saving() - self.price(assumed)

    def worthwhile_per_kwh(self, assumed: Assumptions, instead: "Option") -> float:
        """Battery price per kWh at which this option is worth as much as another one."""
        free = self.present_value(assumed) + self.battery_kwh * assumed.battery_per_kwh
        return (free - instead.present_value(assumed)) / self.battery_kwh


def best(options: Sequence[Option], assumed: Assumptions) -> Option:
    """The option of the greatest net present value; on a tie the smaller one."""
    return max(options, key=lambda option: (option.present_value(assumed), -option.price(assumed)))


def variations(assumed: Assumptions) -> dict[str, Assumptions]:
    """The same assumptions with one changed at a time, to see whether the answer hangs on it."""
    changes: dict[str, dict[str, float]] = {
        "as assumed": {},
        "battery 25 % cheaper": {"battery_per_kwh": assumed.battery_per_kwh * 0.75},
        "battery at half the price": {"battery_per_kwh": assumed.battery_per_kwh * 0.5},
        "battery 25 % dearer": {"battery_per_kwh": assumed.battery_per_kwh * 1.25},
        "discount rate 2 points lower": {"discount_rate": assumed.discount_rate - 0.02},
        "discount rate 2 points higher": {"discount_rate": assumed.discount_rate + 0.02},
        "lifetime 5 years shorter": {"lifetime_years": max(assumed.lifetime_years - 5, 1)},
        "lifetime 5 years longer": {"lifetime_years": assumed.lifetime_years + 5},
    }
    return {name: assumed.model_copy(update=change) for name, change in changes.items()}
