"""What a kWh costs and earns at each moment: flat, time of use, and dynamic series."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import Literal
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, model_validator

from energy.errors import DataError

Floats = NDArray[np.float64]

# Fixed-date national holidays that the Spanish 2.0TD tariff bills as valley all day; holidays that move
# (Good Friday) and those that regions may replace do not count. Source: CNMC Circular 3/2020, article 7.
SPANISH_VALLEY_DAYS = frozenset(
    {(1, 1), (1, 6), (5, 1), (8, 15), (10, 12), (11, 1), (12, 6), (12, 8), (12, 25)},
)


@dataclass(frozen=True, slots=True)
class Prices:
    """Import and export price per kWh of consecutive slots; arrays of shape (slots,)."""

    import_per_kwh: Floats
    export_per_kwh: Floats


class _Tariff(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class FlatTariff(_Tariff):
    """One price all day."""

    kind: Literal["flat"] = "flat"
    import_price: float = Field(ge=-10, le=10)
    export_price: float = Field(default=0.0, ge=-10, le=10)

    def prices(self, starts: Sequence[datetime], zone: ZoneInfo) -> Prices:
        """The same pair of prices for every slot."""
        del zone
        return Prices(np.full(len(starts), self.import_price), np.full(len(starts), self.export_price))


class Period(_Tariff):
    """When a price holds, in local time; the first period that matches a slot wins."""

    name: str
    import_price: float = Field(ge=-10, le=10)
    from_hour: int = Field(default=0, ge=0, le=23)
    to_hour: int = Field(default=24, ge=1, le=24)
    months: tuple[int, ...] = tuple(range(1, 13))
    days: Literal["all", "workdays", "rest_days"] = "all"

    @model_validator(mode="after")
    def _hours_are_ordered(self) -> "Period":
        if self.from_hour >= self.to_hour:
            raise ValueError(f"period {self.name!r}: from_hour {self.from_hour!r} must be before to_hour")
        return self

    def holds(self, local: datetime, rest_day: bool) -> bool:
        """Whether this period covers a local time."""
        return (
            self.from_hour <= local.hour < self.to_hour
            and local.month in self.months
            and (self.days == "all" or (self.days == "rest_days") == rest_day)
        )


class TimeOfUseTariff(_Tariff):
    """Prices by local hour, month and kind of day; a slot outside every period is an error."""

    kind: Literal["time_of_use"] = "time_of_use"
    periods: tuple[Period, ...] = Field(min_length=1)
    export_price: float = Field(default=0.0, ge=-10, le=10)
    holidays: frozenset[tuple[int, int]] = frozenset()

    @model_validator(mode="after")
    def _every_hour_has_a_price(self) -> "TimeOfUseTariff":
        for month in range(1, 13):
            for hour in range(24):
                for rest_day in (False, True):
                    self._price_at(datetime(2024, month, 1, hour, tzinfo=UTC), rest_day=rest_day)
        return self

    def prices(self, starts: Sequence[datetime], zone: ZoneInfo) -> Prices:
        """Import price of each slot by the local time at its start; the export price is constant."""
        locals_ = [start.astimezone(zone) for start in starts]
        imports = [self._price_at(local, rest_day=self.is_rest_day(local.date())) for local in locals_]
        return Prices(np.array(imports, dtype=np.float64), np.full(len(starts), self.export_price))

    def is_rest_day(self, day: date) -> bool:
        """Saturday, Sunday or one of the tariff's own holidays."""
        return day.weekday() >= 5 or (day.month, day.day) in self.holidays

    def _price_at(self, local: datetime, *, rest_day: bool) -> float:
        for period in self.periods:
            if period.holds(local, rest_day):
                return period.import_price
        kind = "rest day" if rest_day else "workday"
        raise ValueError(f"no period covers {kind} hour {local.hour!r} of month {local.month!r}: add one")


class DynamicTariff(_Tariff):
    """A price for every slot of a series that starts at `start` and has a fixed step.

    Tomorrow's prices are known from `published_at_hour` on, local time; None means that the whole series always was.
    """

    kind: Literal["dynamic"] = "dynamic"
    start: datetime
    step_minutes: int = Field(default=60, ge=5, le=60)
    published_at_hour: int | None = Field(default=13, ge=0, le=23)
    import_prices: tuple[float, ...] = Field(min_length=1, repr=False)
    export_prices: tuple[float, ...] = Field(min_length=1, repr=False)

    @model_validator(mode="after")
    def _series_match(self) -> "DynamicTariff":
        if self.start.tzinfo is None:
            raise ValueError(f"start {self.start.isoformat()!r} has no zone: add one, such as '+00:00'")
        if len(self.import_prices) != len(self.export_prices):
            raise ValueError(
                f"{len(self.import_prices)} import and {len(self.export_prices)} export prices: "
                "give one of each per slot",
            )
        return self

    @property
    def end(self) -> datetime:
        """When the last slot of the series is over."""
        return self.start + len(self.import_prices) * timedelta(minutes=self.step_minutes)

    def prices(self, starts: Sequence[datetime], zone: ZoneInfo) -> Prices:
        """The pair of prices in force at each start.

        Raises:
            DataError: a slot lies outside the series; a price is never invented.
        """
        del zone
        index = [(start - self.start) // timedelta(minutes=self.step_minutes) for start in starts]
        for start, at in zip(starts, index, strict=True):
            if not 0 <= at < len(self.import_prices):
                raise DataError(f"no price for {start.isoformat()}: extend the price series past it")
        return Prices(
            np.array([self.import_prices[at] for at in index], dtype=np.float64),
            np.array([self.export_prices[at] for at in index], dtype=np.float64),
        )


class PresetTariff(_Tariff):
    """A tariff known by name, so that most homes need one line of settings."""

    kind: Literal["preset"] = "preset"
    name: Literal["citylearn", "es-2.0td"]
    export_price: float = Field(default=0.05, ge=-10, le=10)

    def prices(self, starts: Sequence[datetime], zone: ZoneInfo) -> Prices:
        """Prices of the named tariff."""
        return self.expand().prices(starts, zone)

    def expand(self) -> TimeOfUseTariff:
        """The same tariff as explicit periods."""
        if self.name == "citylearn":
            return _citylearn(self.export_price)
        return spanish_20td(export_price=self.export_price)


@cache
def spanish_20td(
    *,
    peak: float = 0.22,
    shoulder: float = 0.15,
    valley: float = 0.10,
    export_price: float = 0.05,
) -> TimeOfUseTariff:
    """The Spanish 2.0TD periods of the peninsula; the prices are examples, not a quotation.

    Peak 10-14 and 18-22, valley 0-8 and all of weekends and national holidays (CNMC Circular 3/2020, article 7).
    """
    return TimeOfUseTariff(
        periods=(
            Period(name="valley", import_price=valley, days="rest_days"),
            Period(name="valley", import_price=valley, to_hour=8),
            Period(name="peak", import_price=peak, from_hour=10, to_hour=14),
            Period(name="peak", import_price=peak, from_hour=18, to_hour=22),
            Period(name="shoulder", import_price=shoulder),
        ),
        export_price=export_price,
        holidays=SPANISH_VALLEY_DAYS,
    )


@cache
def _citylearn(export_price: float) -> TimeOfUseTariff:
    """The time-of-use prices of the CityLearn 2022 data set: dearer from 15:00 to 20:00."""
    summer = (6, 7, 8, 9)
    return TimeOfUseTariff(
        periods=(
            Period(name="peak", import_price=0.40, from_hour=15, to_hour=20, months=summer, days="rest_days"),
            Period(name="peak", import_price=0.54, from_hour=15, to_hour=20, months=summer),
            Period(name="peak", import_price=0.50, from_hour=15, to_hour=20),
            Period(name="base", import_price=0.22, months=summer),
            Period(name="base", import_price=0.21),
        ),
        export_price=export_price,
    )


def is_rest_day(tariff: "AnyTariff", day: date) -> bool:
    """Weekend, or a holiday that the tariff names."""
    if isinstance(tariff, PresetTariff):
        tariff = tariff.expand()
    return tariff.is_rest_day(day) if isinstance(tariff, TimeOfUseTariff) else day.weekday() >= 5


AnyTariff = FlatTariff | TimeOfUseTariff | DynamicTariff | PresetTariff
