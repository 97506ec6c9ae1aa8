"""The parts of an energy price: a number, prices by the clock, or a formula over series; each may be dated."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from typing import Annotated, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Discriminator, Field, Tag, model_validator

from energy.pricing.periods import Holidays, When, check_complete, check_no_overlap, places
from energy.pricing.series import Fact, Floats


class Dated(Fact):
    """Something that holds from its first local day to its last, both included.

    Its source covers the days from `known_from` to `known_to`; on others it is taken as the nearest known, which the
    bill says. `no_end` says why a rate has no last known day. `unsure` says what is not certain, `unsure_es` the same
    in Spanish. `example` marks a price that each contract sets for itself, so that the one here only shows what such a
    contract costs.
    """

    first: date | None = None
    last: date | None = None
    known_from: date | None = None
    known_to: date | None = None
    no_end: str = ""
    unsure: str = ""
    unsure_es: str = ""
    example: bool = False

    @model_validator(mode="after")
    def _dates_are_in_order(self) -> Self:
        for begin, end in (("first", "last"), ("known_from", "known_to")):
            since, until = getattr(self, begin), getattr(self, end)
            if since and until and until < since:
                raise ValueError(f"{end} {until.isoformat()!r} is before {begin} {since.isoformat()!r}: swap them")
        return self

    def holds(self, day: date) -> bool:
        """Whether it holds on a local day."""
        return (self.first is None or self.first <= day) and (self.last is None or day <= self.last)


class PricePeriod(When):
    """A price and when it holds."""

    name: str = Field(min_length=1)
    price: float


class ByPeriod(Fact):
    """Prices by the clock: where several periods hold, the first; no hour may be without one."""

    periods: tuple[PricePeriod, ...] = Field(min_length=1)
    holidays: Holidays = frozenset()

    @model_validator(mode="after")
    def _every_hour_has_one_price(self) -> Self:
        check_no_overlap(self.periods, [period.name for period in self.periods])
        check_complete(self.periods)
        return self

    @cached_property
    def _table(self) -> NDArray[np.int64]:
        return check_complete(self.periods)

    def at(self, local: Sequence[datetime]) -> NDArray[np.int64]:
        """Index of the period that holds at each local time."""
        return np.asarray(self._table[places(local, self.holidays)])


class Indexed(Fact):
    """A weighted sum of published series plus a part by the clock, within a floor and a cap.

    `published` names the series that the supplier publishes of the result: where it has a value that one is billed,
    elsewhere the formula's is expected, and where that has none either, `otherwise` is.
    """

    of: dict[str, float] = Field(default_factory=dict)
    plus: "float | ByPeriod" = 0.0
    floor: float | None = None
    cap: float | None = None
    published: str | None = None
    otherwise: float | None = None

    @model_validator(mode="after")
    def _has_a_series(self) -> Self:
        if not self.of and not self.published:
            raise ValueError("names no series: give `of` = { day_ahead = 1.0 } or `published`")
        return self

    @property
    def needs(self) -> tuple[str, ...]:
        """Names of the series that it reads."""
        return (*self.of, *((self.published,) if self.published else ()))


def _kind_of_price(value: object) -> str:
    if isinstance(value, (int, float)):
        return "number"
    keys = value if isinstance(value, Mapping) else getattr(value, "model_fields_set", ())
    return "by_period" if "periods" in keys else "indexed"


PriceRule = Annotated[
    Annotated[float, Tag("number")] | Annotated[ByPeriod, Tag("by_period")] | Annotated[Indexed, Tag("indexed")],
    Discriminator(_kind_of_price),
]


class EnergyTerm(Dated):
    """A part of the price of each kWh; terms of one name follow each other in time and never overlap."""

    name: str = Field(min_length=1, max_length=48)
    price: PriceRule


@dataclass(frozen=True, slots=True, eq=False)
class TermPrices:
    """One term per slot: price (NaN where unknown), the name of its period, and whether it is only expected."""

    name: str
    per_kwh: Floats
    period: NDArray[np.str_]
    expected: NDArray[np.bool_]


# Values of a named series at the slots in question, NaN where it has none.
Reader = Callable[[str], Floats]


def rule_prices(
    rule: "float | ByPeriod | Indexed",
    local: Sequence[datetime],
    read: Reader,
) -> tuple[Floats, NDArray[np.str_], NDArray[np.bool_]]:
    """Price, period name and whether it is only expected, at local times."""
    none = np.full(len(local), "", dtype="U48")
    sure = np.zeros(len(local), dtype=bool)
    if isinstance(rule, ByPeriod):
        at = rule.at(local)
        values = np.array([period.price for period in rule.periods])
        names = np.array([period.name for period in rule.periods], dtype="U48")
        return values[at], names[at], sure
    if isinstance(rule, Indexed):
        return _indexed(rule, local, read)
    return np.full(len(local), float(rule)), none, sure


def _indexed(
    rule: Indexed, local: Sequence[datetime], read: Reader
) -> tuple[Floats, NDArray[np.str_], NDArray[np.bool_]]:
    plus, names, sure = rule_prices(rule.plus, local, read)
    values = np.full(len(local), np.nan)
    if rule.of:
        values = np.sum([weight * read(name) for name, weight in rule.of.items()], axis=0) + plus
    low = -np.inf if rule.floor is None else rule.floor
    high = np.inf if rule.cap is None else rule.cap
    values = np.clip(values, low, high)
    published = np.full(len(local), np.nan) if rule.published is None else read(rule.published)
    is_expected = sure if rule.published is None else np.isnan(published)
    values = np.where(np.isnan(published), values, published)
    if rule.otherwise is not None:
        is_expected = is_expected | np.isnan(values)
        values = np.where(np.isnan(values), rule.otherwise, values)
    return values, names, is_expected & ~np.isnan(values)
