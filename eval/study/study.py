"""The course of a study: years are lived, sizes played, a first answer given and then refined."""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import get_args

import numpy as np

from energy.home import Home
from eval.study.figures import (
    ADVISOR,
    SELF_CONSUMPTION,
    Base,
    ForecastWeek,
    Option,
    StudyFigures,
    Variation,
    base_of,
    year_figures,
)
from eval.study.play.answers import billed
from eval.study.play.cache import AnswerCache
from eval.study.play.days import keep_days, kept_days, sized
from eval.study.play.household import PAST_DAYS, OwnYear, household_spec, own_year
from eval.study.play.jobs import Foresight, Job, LiveJob, MonthJob, Result, WeekJob, YearJob
from eval.study.play.results import FLOWS, KeptBill, LivedYear, PlayedSlots
from eval.study.play.wishes import Dwellers, StudyWishes
from eval.study.weeks import StudySpan, changeable_week
from eval.study.worth import battery_purchase, panels_purchase
from ingest.history.table import History
from knowledge.days import DayRecord

# Called with what is being done, how much of it is done, and how much there is.
Progress = Callable[[str, int, int], None]
_MORE, _LESS = 1.3, 0.7


@dataclass(frozen=True, slots=True)
class Study:
    """A study so far: what was asked, the year that was chosen, its figures; `final` once all is played."""

    wishes: StudyWishes
    base: Base
    figures: StudyFigures
    own: OwnYear | None = None
    final: bool = False

    @property
    def today(self) -> float:
        """The panels that stand there today."""
        return self.wishes.all_kwp[0]

    @property
    def tariff(self) -> str:
        """The tariff of today, which the answer is about."""
        return self.wishes.tariffs[0]

    @property
    def options(self) -> list[Option]:
        """Every option, in the order in which it was asked for."""
        return options_of(self.wishes, self.wishes.tariffs)

    def bare(self, tariff: str, kwp: float) -> Option:
        """An option without a battery."""
        return Option(tariff, kwp, 0.0)

    def battery_saving(self, option: Option, way: str = SELF_CONSUMPTION) -> float:
        """Saved a year by the battery of an option."""
        cost = self.figures.cost(option, way)
        return self._bare_cost(option) - (cost if cost is not None else self.figures.year(option).cost)

    def panels_saving(self, option: Option) -> float:
        """Saved a year by the panels that an option adds, without its battery."""
        return self.figures.year(self.bare(option.tariff, self.today)).cost - self._bare_cost(option)

    def _bare_cost(self, option: Option) -> float:
        return self.figures.year(self.bare(option.tariff, option.kwp)).cost

    def present_value(self, option: Option, way: str = SELF_CONSUMPTION) -> float:
        """What panels and battery of an option are worth together, less their price."""
        prices = self.wishes.prices
        panels = panels_purchase(self.panels_saving(option), option.kwp - self.today, prices)
        battery = battery_purchase(self.battery_saving(option, way), option.battery_kwh, prices)
        return panels.present_value + battery.present_value

    def best_panels(self) -> float:
        """The size of panels of the greatest worth without a battery; the smaller one on a tie."""
        sizes = self.wishes.all_kwp
        return max(sizes, key=lambda kwp: (self.present_value(self.bare(self.tariff, kwp)), -kwp))

    def shown(self) -> Option:
        """The option with a battery that the report draws: the panels most worth having, the battery least unwise."""
        sizes = [kwp for kwp in self.wishes.all_kwp if kwp > 0] or list(self.wishes.all_kwp)
        best = self.best_panels()
        kwp = best if best in sizes else max(sizes, key=lambda size: self.present_value(self.bare(self.tariff, size)))
        options = [Option(self.tariff, kwp, kwh) for kwh in self.wishes.all_kwh if kwh]
        if not options:
            return self.bare(self.tariff, kwp)
        return max(options, key=lambda option: (self.present_value(option), -option.battery_kwh))


class Player:
    """Plays a study with the answers of a cache."""

    def __init__(self, wishes: StudyWishes, cache: AnswerCache, progress: Progress) -> None:
        self._wishes, self._cache, self._progress = wishes, cache, progress
        self._folder = str(cache.homes)

    def study(self, recorded: History | None = None) -> Iterator[Study]:
        """The study as it grows: after plain self-consumption, and when everything is played."""
        lived = self._live()
        first, others = lived[0], lived[1:]
        own = None if recorded is None else self._own(recorded, first)
        home = first if own is None else keep_days(Path(self._folder), *_renamed(own, self._wishes))
        base = base_of(self._folder, home.home, self._wishes.household.load_factor)
        study = Study(self._wishes, base, StudyFigures(), own)
        self._consume(study, home.home)
        yield study
        self._refine(study, home.home, [] if own else others)
        yield replace(study, final=True)

    def _live(self) -> list[LivedYear]:
        """The years of weather, first the one whose sun is the middle one."""
        jobs = [self._life(self._wishes.household, at) for at in range(1 + self._wishes.weather_years)]
        found = {job: result for job, result in self._asked("weather", jobs) if isinstance(result, LivedYear)}
        years = sorted((found[job] for job in jobs), key=lambda year: (year.pv_kwh_per_kwp, year.home))
        middle = years.pop(len(years) // 2)
        return [middle, *years]

    def _life(self, household: Dwellers, at: int) -> LiveJob:
        wishes = self._wishes
        spec = household_spec(wishes, household).model_dump_json()
        job = LiveJob(spec, wishes.seed, wishes.seed + 1000 * at, wishes.year, wishes.step_minutes, "", self._folder)
        return replace(job, home=f"study-{_short(job)}")

    def _own(self, recorded: History, first: LivedYear) -> OwnYear:
        made_up = kept_days(self._folder, first.home)
        return own_year(recorded, made_up, timedelta(minutes=self._wishes.step_minutes))

    def _job(self, option: Option, home: str) -> YearJob:
        wishes = self._wishes
        return YearJob(
            self._folder,
            home,
            wishes.year,
            option.kwp,
            option.battery_kwh,
            wishes.power_kw(option.battery_kwh) if option.battery_kwh else 0.0,
            wishes.battery_efficiency,
            option.tariff,
            wishes.household.load_factor,
        )

    def _consume(self, study: Study, home: str) -> None:
        """Every option in plain self-consumption."""
        jobs = {self._job(option, home): option for option in study.options}
        for job, result in self._asked("sizes", list(jobs)):
            if isinstance(job, YearJob) and isinstance(result, PlayedSlots):
                figures = year_figures(job, SELF_CONSUMPTION, study.base, result, result.bills)
                study.figures.years[jobs[job], SELF_CONSUMPTION] = figures

    def _refine(self, study: Study, home: str, others: Sequence[LivedYear]) -> None:
        """The advisor's months, other years of weather, and the same battery in other homes."""
        months = self._advisor_jobs(study, home) if self._wishes.with_advisor else []
        weather = {
            self._job(option, year.home): option
            for year in others
            for option in options_of(self._wishes, [study.tariff])
        }
        varied = self._variation_jobs(study, home)
        week = changeable_week(study.base, study.shown().kwp)
        weeks = self._week_jobs(study, home, week)
        asked = self._asked("years", [*months, *weather, *varied, *weeks])
        played: dict[Job, PlayedSlots] = {job: result for job, result in asked if isinstance(result, PlayedSlots)}
        self._advised(study, home, played)
        for job, option in weather.items():
            study.figures.other_years.setdefault(option, []).append(_cost(played[job]))
        self._varied(study, varied, played)
        if weeks:
            found = {job.foresight: played[job] for job in weeks}
            study.figures.forecasts = ForecastWeek(study.shown(), week.first, week.part, found, study.base.hours)

    def _week_jobs(self, study: Study, home: str, week: StudySpan) -> list[WeekJob]:
        """The shown battery through one week, with forecasts of every quality."""
        shown = study.shown()
        if not (self._wishes.with_advisor and shown.battery_kwh and shown.kwp):
            return []
        return [WeekJob(self._job(shown, home), week.first, foresight) for foresight in get_args(Foresight)]

    def _advisor_jobs(self, study: Study, home: str) -> list[MonthJob]:
        options = [option for option in study.options if option.battery_kwh]
        return [MonthJob(self._job(option, home), month) for option in options for month in range(1, 13)]

    def _advised(self, study: Study, home: str, played: dict[Job, PlayedSlots]) -> None:
        for option in [option for option in study.options if option.battery_kwh]:
            job = self._job(option, home)
            months = [played.get(MonthJob(job, month)) for month in range(1, 13)]
            if known := [month for month in months if month is not None]:
                year = PlayedSlots(
                    **{name: tuple(v for month in known for v in getattr(month, name)) for name in FLOWS}
                )
                made = _bills(job, year)
                study.figures.years[option, ADVISOR] = year_figures(job, ADVISOR, study.base, year, made)

    def _variation_jobs(self, study: Study, home: str) -> dict[YearJob, tuple[str, float]]:
        """The shown battery and none, in homes that differ in one thing."""
        shown = study.shown()
        if not shown.battery_kwh:
            return {}
        pair = (shown, study.bare(shown.tariff, shown.kwp))
        jobs: dict[YearJob, tuple[str, float]] = {}
        for name, factor in (("more", _MORE), ("less", _LESS)):
            for option in pair:
                job = self._job(option, home)
                jobs[replace(job, load_factor=job.load_factor * factor)] = (name, option.battery_kwh)
        if study.own is None:
            jobs |= self._other_households(pair)
        return jobs

    def _other_households(self, pair: Sequence[Option]) -> dict[YearJob, tuple[str, float]]:
        household = self._wishes.household
        car = household.model_copy(update={"car": not household.car})
        pump = household.heating == "heat_pump"
        warm = "other" if pump else "heat_pump"
        heated = household.model_copy(update={"heating": warm, "hot_water": warm, "cooling": not pump})
        names = {"no car" if household.car else "car": car, "no heat pump" if pump else "heat pump": heated}
        lives = {self._life(other, 0): name for name, other in names.items()}
        jobs = {}
        for job, result in self._asked("homes", list(lives)):
            if isinstance(job, LiveJob) and isinstance(result, LivedYear):
                for option in pair:
                    jobs[self._job(option, result.home)] = (lives[job], option.battery_kwh)
        return jobs

    def _varied(self, study: Study, jobs: dict[YearJob, tuple[str, float]], played: dict[Job, PlayedSlots]) -> None:
        pairs: dict[str, dict[bool, YearJob]] = {}
        for job, (name, kwh) in jobs.items():
            pairs.setdefault(name, {})[kwh > 0] = job
        study.figures.variations[:] = [
            _variation(study, name, pair[True], played[pair[True]], _cost(played[pair[False]]))
            for name, pair in pairs.items()
        ]

    def _asked(self, what: str, jobs: Sequence[Job]) -> Iterator[tuple[Job, Result]]:
        total = len(dict.fromkeys(jobs))
        for done, found in enumerate(self._cache.answers(jobs), start=1):
            self._progress(what, done, total)
            yield found


def options_of(wishes: StudyWishes, tariffs: Sequence[str]) -> list[Option]:
    """Every size of panels and battery under some tariffs."""
    return [Option(name, kwp, kwh) for name in tariffs for kwp in wishes.all_kwp for kwh in wishes.all_kwh]


def _variation(study: Study, name: str, job: YearJob, played: PlayedSlots, bare_cost: float) -> Variation:
    load_kwh = float(base_of(job.days, job.home, job.load_factor).load_kw.sum() * study.base.hours)
    factor, saving = {"more": _MORE, "less": _LESS}.get(name), bare_cost - _cost(played)
    if factor is None:
        return Variation(name, saving, load_kwh)
    return Variation(name, saving, load_kwh, factor, played)


def _cost(played: PlayedSlots) -> float:
    return sum(bill.total for bill in played.bills) - (played.bills[-1].kept_in_wallet if played.bills else 0.0)


def _bills(job: YearJob, year: PlayedSlots) -> tuple[KeptBill, ...]:
    history = sized(job)
    starts = [
        record.start + at * record.step for record in history.days[PAST_DAYS:] for at in range(len(record.load_kw))
    ]
    return billed(history, starts, np.asarray(year.grid_import_kw), np.asarray(year.grid_export_kw))


def _renamed(own: OwnYear, wishes: StudyWishes) -> tuple[Home, list[DayRecord]]:
    """The own year under the name that its content gives it."""
    digest = hashlib.sha256(wishes.model_dump_json().encode())
    for record in own.history.days:
        digest.update(record.load_kw.tobytes() + record.pv_kw.tobytes())
    name = f"own-{digest.hexdigest()[:16]}"
    return own.history.home.model_copy(update={"name": name}), list(own.history.days)


def _short(job: LiveJob) -> str:
    return hashlib.sha256(repr(job).encode()).hexdigest()[:16]
