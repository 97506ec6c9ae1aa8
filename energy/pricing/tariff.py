"""What a kWh costs and earns at each moment: flat, time of use, dynamic series, and whole contracts."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from functools import cache, cached_property
from typing import Literal
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, model_validator

from energy.errors import DataError
from energy.pricing.contract import Contract
from energy.pricing.periods import When, check_complete, day_kind, places
from energy.pricing.series import PriceRun, Prices, PriceSeries
from energy.pricing.terms import ByPeriod, EnergyTerm, Indexed, PricePeriod, PriceRule

Floats = NDArray[np.float64]

# Fixed-date national holidays that the Spanish 2.0TD tariff bills as valley all day; holidays that move
# (Good Friday) and those that regions may replace do not count. Source: CNMC Circular 3/2020, article 7.
SPANISH_VALLEY_DAYS = frozenset(
    {(1, 1), (1, 6), (5, 1), (8, 15), (10, 12), (11, 1), (12, 6), (12, 8), (12, 25)},
)


__all__ = [
    "SPANISH_VALLEY_DAYS",
    "AnyTariff",
    "Contract",
    "DynamicTariff",
    "FlatTariff",
    "Period",
    "PresetTariff",
    "Prices",
    "TimeOfUseTariff",
    "as_contract",
    "is_rest_day",
    "price_range",
    "spanish_20td",
]


class _Tariff(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class FlatTariff(_Tariff):
    """One price all day."""

    kind: Literal["flat"] = "flat"
    import_price: float
    export_price: float = 0.0

    def prices(self, starts: Sequence[datetime], zone: ZoneInfo) -> Prices:
        """The same pair of prices for every slot."""
        del zone
        return Prices(np.full(len(starts), self.import_price), np.full(len(starts), self.export_price))


class Period(When):
    """When a price holds, in local time; the first period that matches a slot wins.

    Without an export price of its own it pays that of the tariff.
    """

    name: str
    import_price: float
    export_price: float | None = None


class TimeOfUseTariff(_Tariff):
    """Prices by local time, month and kind of day; a time outside every period is an error."""

    kind: Literal["time_of_use"] = "time_of_use"
    periods: tuple[Period, ...] = Field(min_length=1)
    export_price: float = 0.0
    holidays: frozenset[tuple[int, int]] = frozenset()

    @model_validator(mode="after")
    def _every_hour_has_a_price(self) -> "TimeOfUseTariff":
        check_complete(self.periods)
        return self

    def prices(self, starts: Sequence[datetime], zone: ZoneInfo) -> Prices:
        """Prices of each slot by the local time at its start."""
        at = self._table[places([start.astimezone(zone) for start in starts], self.holidays)]
        imports, exports = self._values
        return Prices(imports[at], exports[at])

    def is_rest_day(self, day: date) -> bool:
        """Saturday, Sunday or one of the tariff's own holidays."""
        return day_kind(day, self.holidays) > 0

    @cached_property
    def _table(self) -> NDArray[np.int64]:
        return check_complete(self.periods)

    @cached_property
    def _values(self) -> tuple[Floats, Floats]:
        exports = [self.export_price if one.export_price is None else one.export_price for one in self.periods]
        return np.array([one.import_price for one in self.periods]), np.array(exports, dtype=np.float64)


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
    export_price: float = 0.05

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
    if isinstance(tariff, Contract):
        return day_kind(day, tariff.holidays) > 0
    return tariff.is_rest_day(day) if isinstance(tariff, TimeOfUseTariff) else day.weekday() >= 5


def price_range(tariff: "AnyTariff") -> tuple[float, float]:
    """Lowest and highest price per kWh that a tariff names, to see whether its currency can be right."""
    if isinstance(tariff, PresetTariff):
        tariff = tariff.expand()
    match tariff:
        case FlatTariff():
            named = [tariff.import_price, tariff.export_price]
        case TimeOfUseTariff():
            exports = [one.export_price for one in tariff.periods if one.export_price is not None]
            named = [tariff.export_price, *exports, *(one.import_price for one in tariff.periods)]
        case DynamicTariff():
            named = [*tariff.import_prices, *tariff.export_prices]
        case Contract():
            named = tariff.named_prices()
    return min(named), max(named)


def prices_where_known(tariff: "AnyTariff", starts: Sequence[datetime], zone: ZoneInfo) -> Prices:
    """Prices of each start, NaN where the tariff has none."""
    try:
        return tariff.prices(starts, zone)
    except DataError:
        return as_contract(tariff).known(starts, zone)


def as_contract(tariff: "AnyTariff") -> Contract:
    """Any tariff as a contract, which for the simple ones has prices only."""
    if isinstance(tariff, PresetTariff):
        tariff = tariff.expand()
    match tariff:
        case Contract():
            return tariff
        case FlatTariff():
            return _priced(tariff.import_price, tariff.export_price)
        case TimeOfUseTariff():
            return _priced(_side(tariff, export=False), _side(tariff, export=True))
        case DynamicTariff():
            sides = {"import": tariff.import_prices, "export": tariff.export_prices}
            series = {name: _series(tariff, values) for name, values in sides.items()}
            return _priced(Indexed(of={"import": 1.0}), Indexed(of={"export": 1.0}), series=series)


def _priced(buy: PriceRule, sell: PriceRule, *, series: dict[str, PriceSeries] | None = None) -> Contract:
    return Contract(
        import_terms=(EnergyTerm(name="energy", price=buy),),
        export_terms=(EnergyTerm(name="surplus", price=sell),),
        series=series or {},
    )


def _side(tariff: TimeOfUseTariff, *, export: bool) -> ByPeriod:
    """One direction's prices; older files may hold overlapping periods, of which the first counts."""
    periods = tuple(_price_period(one, tariff.export_price, export=export) for one in tariff.periods)
    return ByPeriod.model_construct(periods=periods, holidays=tariff.holidays)


def _price_period(period: Period, export_price: float, *, export: bool) -> PricePeriod:
    price = period.import_price
    if export:
        price = export_price if period.export_price is None else period.export_price
    when = {name: getattr(period, name) for name in When.model_fields}
    return PricePeriod(name=period.name, price=price, **when)


def _series(tariff: DynamicTariff, values: tuple[float, ...]) -> PriceSeries:
    run = PriceRun(start=tariff.start, step_minutes=tariff.step_minutes, per_kwh=values)
    return PriceSeries(runs=(run,), published_at_hour=tariff.published_at_hour)


AnyTariff = FlatTariff | TimeOfUseTariff | DynamicTariff | PresetTariff | Contract
