"""What a battery, and more panels, would earn a home with a recorded history: answered before anything is bought."""

from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from datetime import date
from functools import partial
from itertools import product

from energy.errors import DataError, SettingsError
from energy.home import Home
from energy.pricing.calendar import billing_period
from energy.pricing.tariff import AnyTariff, Contract
from energy.slots import DAY
from eval.collect.billed_planner import by_the_bill
from eval.collect.closed_loop import Planner
from eval.collect.playing import cost, self_consumption, stretch
from eval.sizing.investment import Assumptions, Option
from ingest.history.table import History
from knowledge.days import DayRecord, is_complete

Week = tuple[DayRecord, ...]

_WEEK = 7
_ORDINAL = {2: "second", 3: "third"}
# Bills with rules are whole months: fewer of them are played than of weeks, and as many days.
_MONTHS_FOR_WEEKS = {1: 1, 4: 3}
_YEAR = 365.0
# The planner needs a past before its first week.
_FIRST_PAST_DAYS = 7


@dataclass(frozen=True, slots=True)
class Sample:
    """The weeks, or months, that were played, and the span they stand for."""

    weeks: int
    every: int
    first: date
    last: date
    unit: str = "week"

    def told(self) -> str:
        """The sample in words."""
        span = f"{self.first} to {self.last}"
        if self.every == 1:
            return f"All {self.weeks} whole {self.unit}s of {span} were played, scaled to 365 days."
        return (
            f"A sample: every {_ORDINAL.get(self.every, f'{self.every}th')} {self.unit} of {span} was played, "
            f"{self.weeks} {self.unit}s in all, scaled to 365 days; --full plays every {self.unit}."
        )


@dataclass(frozen=True, slots=True)
class SizingTable:
    """Yearly bills of every size and tariff, with the assumptions that turn them into a judgement."""

    home: str
    currency: str
    sample: Sample
    assumed: Assumptions
    options: tuple[Option, ...]


@dataclass(frozen=True, slots=True)
class _Size:
    tariff: str
    pv_factor: float
    battery_kwh: float


def size(
    history: History,
    *,
    batteries_kwh: Sequence[float],
    tariffs: Mapping[str, AnyTariff],
    pv_factors: Sequence[float] = (1.0,),
    assumed: Assumptions = Assumptions(),  # noqa: B008 (frozen)
    every: int = 4,
    workers: int = 1,
) -> SizingTable:
    """Yearly bills of a home with every battery and PV size under every tariff.

    `pv_factors` multiply the panels that stand there. By default every fourth week is played, hour by hour and without
    looking ahead; `every=1` plays all.

    Raises:
        SettingsError: a size is negative or below what stands there.
        DataError: the history holds no whole week beyond its first seven days.
    """
    _check(batteries_kwh, pv_factors)
    by_month = any(isinstance(tariff, Contract) for tariff in tariffs.values())
    every = _MONTHS_FOR_WEEKS.get(every, every) if by_month else every
    weeks = (whole_months(history) if by_month else whole_weeks(history))[::every]
    if not weeks:
        enough = "one whole month after its first week" if by_month else "two whole weeks or more"
        raise DataError(f"{len(history.days)} days of {history.home.name!r}: sizing needs {enough}")
    sizes = [_Size(*found) for found in product(tariffs, sorted({1.0, *pv_factors}), sorted({0.0, *batteries_kwh}))]
    play = partial(_yearly_bills, history, weeks, tariffs, assumed)
    if workers == 1:
        bills = {at: play(at) for at in sizes}
    else:
        with ProcessPoolExecutor(workers) as pool:
            bills = dict(zip(sizes, pool.map(play, sizes), strict=True))
    return SizingTable(
        home=history.home.name,
        currency=history.home.currency,
        sample=Sample(len(weeks), every, history.days[0].day, history.days[-1].day, "month" if by_month else "week"),
        assumed=assumed,
        options=tuple(_option(history.home, at, bills) for at in sizes),
    )


def whole_weeks(history: History) -> list[Week]:
    """Weeks of complete, consecutive days, after the first seven days."""
    weeks: list[Week] = []
    run: list[DayRecord] = []
    for record in history.days[_FIRST_PAST_DAYS:]:
        if not is_complete(record) or (run and record.day - run[-1].day != DAY):
            run = []
        if is_complete(record):
            run.append(record)
        if len(run) == _WEEK:
            weeks.append(tuple(run))
            run = []
    return weeks


def whole_months(history: History) -> list[Week]:
    """Calendar months of complete days, after the first seven days: bills with rules belong to months."""
    months: dict[date, list[DayRecord]] = {}
    for record in history.days[_FIRST_PAST_DAYS:]:
        if is_complete(record):
            months.setdefault(record.day.replace(day=1), []).append(record)
    return [tuple(days) for days in months.values() if len(days) == billing_period(days[0].day).days]


def resized(history: History, *, battery_kwh: float, pv_factor: float, tariff: AnyTariff, kw_per_kwh: float) -> History:
    """The same days with another battery, more panels and another tariff."""
    home = history.home
    power_kw = battery_kwh * kw_per_kwh
    battery = home.battery.model_copy(
        update={"capacity_kwh": battery_kwh, "max_charge_kw": power_kw, "max_discharge_kw": power_kw},
    )
    changed = home.model_copy(
        update={"battery": battery, "tariff": tariff, "pv_peak_kw": home.pv_peak_kw * pv_factor},
    )
    return replace(history, home=changed, days=tuple(_with_more_sun(record, pv_factor) for record in history.days))


def _with_more_sun(record: DayRecord, factor: float) -> DayRecord:
    forecast = record.pv_forecast_kw
    return replace(
        record,
        pv_kw=record.pv_kw * factor,
        pv_forecast_kw=None if forecast is None else forecast * factor,
    )


def _yearly_bills(
    history: History,
    weeks: Sequence[Week],
    tariffs: Mapping[str, AnyTariff],
    assumed: Assumptions,
    at: _Size,
) -> tuple[float, float]:
    """Yearly bills under plain self-consumption and the planner."""
    sized = resized(
        history,
        battery_kwh=at.battery_kwh,
        pv_factor=at.pv_factor,
        tariff=tariffs[at.tariff],
        kw_per_kwh=assumed.battery_kw_per_kwh,
    )
    by_day = {record.day: record for record in sized.days}
    played = [stretch(sized.home, tuple(by_day[record.day] for record in week)) for week in weeks]
    greedy = sum(cost(sized.home, week, self_consumption) for week in played)
    advisor = greedy
    if at.battery_kwh:
        planner = Planner(sized)
        advisor = sum(cost(sized.home, week, by_the_bill(sized, week, planner)) for week in played)
    year = _YEAR / sum(len(week) for week in weeks)
    return greedy * year, advisor * year


def _option(home: Home, at: _Size, bills: Mapping[_Size, tuple[float, float]]) -> Option:
    greedy, advisor = bills[at]
    return Option(
        tariff=at.tariff,
        battery_kwh=at.battery_kwh,
        pv_factor=at.pv_factor,
        added_pv_kwp=(at.pv_factor - 1) * home.pv_peak_kw,
        today=bills[_Size(at.tariff, 1.0, 0.0)][0],
        without_battery=bills[_Size(at.tariff, at.pv_factor, 0.0)][0],
        greedy=greedy,
        advisor=advisor,
    )


def _check(batteries_kwh: Sequence[float], pv_factors: Sequence[float]) -> None:
    for capacity in batteries_kwh:
        if capacity < 0:
            raise SettingsError(f"battery of {capacity!r} kWh: give sizes of 0 or more")
    for factor in pv_factors:
        if factor < 1:
            raise SettingsError(f"PV factor {factor!r} is less than the panels there are: give 1 or more")
