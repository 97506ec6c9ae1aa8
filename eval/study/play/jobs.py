"""The pieces of a study: each a question that a process answers by itself and a cache keeps."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache
from pathlib import Path

import numpy as np

from energy.battery import Battery
from energy.billing.bill import bills
from energy.commands import Levels
from energy.home import Home
from energy.pricing.metering import MeterReadings
from energy.pricing.tariff import AnyTariff, FlatTariff
from energy.slots import DAY
from eval.collect.billed_planner import PlayedBill
from eval.collect.closed_loop import Planner
from eval.collect.playing import Decider, Stretch, play, self_consumption, stretch
from eval.study.play.household import PAST_DAYS, day_span, lived_days
from eval.study.play.results import FLOWS, KeptBill, LivedYear, PlayedSlots, kept_bill
from eval.study.play.tariffs import study_tariff
from ingest.history.table import History
from knowledge.days import DayRecord, Floats
from knowledge.store import DayStore
from simulator.synthetic.home import day_records, live
from simulator.synthetic.spec import HomeSpec

OWN_TARIFF = "own"
# The planner's levels stand for eight hours: decided as often as every slot they would save hardly more.
_DECIDE_EVERY = timedelta(hours=8)
# A month's play begins with a day that is not billed, so that the battery holds what it usually holds.
_WARM_UP = DAY
_DECIMALS = 4
_LEAST_SOC = 0.05
_NO_PRICES = FlatTariff(import_price=0.0, export_price=0.0)


@dataclass(frozen=True, slots=True)
class LiveJob:
    """Live through a year and the weeks before it; the days go into a store in `folder`."""

    spec: str
    seed: int
    weather_seed: int
    year: int
    step_minutes: int
    home: str
    folder: str


@dataclass(frozen=True, slots=True)
class YearJob:
    """Play the year in plain self-consumption and bill it."""

    days: str
    home: str
    year: int
    kwp: float
    battery_kwh: float
    kw_per_kwh: float
    tariff: str
    load_factor: float = 1.0


@dataclass(frozen=True, slots=True)
class MonthJob:
    """Play a month under the planner, with what it knew of the weeks before."""

    year: YearJob
    month: int


Job = LiveJob | YearJob | MonthJob
Result = LivedYear | PlayedSlots


def answer(job: Job) -> Result:
    """The answer of a piece, computed anew."""
    match job:
        case LiveJob():
            return live_year(job)
        case YearJob():
            return play_year(job)
        case MonthJob():
            return play_month(job)


def live_year(job: LiveJob) -> LivedYear:
    """Live through a made-up home's year and keep its days."""
    spec = HomeSpec.model_validate_json(job.spec)
    lived = live(spec, seed=job.seed, days=lived_days(job.year), weather_seed=job.weather_seed)
    records = day_records(lived, step=timedelta(minutes=job.step_minutes))
    home = spec.home().model_copy(update={"name": job.home})
    return keep_days(Path(job.folder), home, records)


def keep_days(folder: Path, home: Home, records: list[DayRecord]) -> LivedYear:
    """Put days into a store of the study, and say what the year amounts to."""
    store = DayStore(folder)
    store.remember_home(home)
    store.append(home.name, records)
    hours = records[0].step / timedelta(hours=1)
    year = records[PAST_DAYS:]
    return LivedYear(
        home=home.name,
        load_kwh=float(sum(record.load_kw.sum() for record in year) * hours),
        pv_kwh_per_kwp=float(sum(record.pv_kw.sum() for record in year) * hours),
    )


@lru_cache(maxsize=4)
def kept_days(folder: str, home: str) -> History:
    """The days of a store of the study."""
    store = DayStore(Path(folder), read_only=True)
    records = tuple(store.days(home))
    return History(store.home(home), records[0].step, records)


def sized(job: YearJob) -> History:
    """The days with panels, battery and tariff of a job; kept days have panels of 1 kWp."""
    base = kept_days(job.days, job.home)
    power_kw = job.battery_kwh * job.kw_per_kwh
    battery = Battery(
        capacity_kwh=job.battery_kwh,
        max_charge_kw=power_kw,
        max_discharge_kw=power_kw,
        min_soc=_LEAST_SOC,
    )
    changes = {"battery": battery, "tariff": job_tariff(job, base.home), "pv_peak_kw": job.kwp}
    home = base.home.model_copy(update=changes)
    return History(home, base.step, tuple(_scaled(record, job) for record in base.days))


def job_tariff(job: YearJob, home: Home) -> AnyTariff:
    """The tariff of a job: the home's own, or one by its name."""
    return home.tariff if job.tariff == OWN_TARIFF else study_tariff(job.tariff, job.year, home.zone)


def _scaled(record: DayRecord, job: YearJob) -> DayRecord:
    """A day of another size; its notes stay out, because reading them would load a language model."""

    def times(values: Floats | None) -> Floats | None:
        return None if values is None else values * job.kwp

    return DayRecord(
        home=record.home,
        day=record.day,
        start=record.start,
        step=record.step,
        load_kw=record.load_kw * job.load_factor,
        pv_kw=record.pv_kw * job.kwp,
        temperature_c=record.temperature_c,
        ghi_w_m2=record.ghi_w_m2,
        pv_forecast_kw=times(record.pv_forecast_kw),
        temperature_forecast_c=record.temperature_forecast_c,
    )


def play_year(job: YearJob) -> PlayedSlots:
    """The year in plain self-consumption, month by month as it is billed."""
    history = sized(job)
    # Self-consumption looks at no price: to find those of a year's slots takes longer than to play it.
    unpriced = history.home.model_copy(update={"tariff": _NO_PRICES})
    played = stretch(unpriced, history.days[PAST_DAYS - 1 :])
    return _kept(history, played, self_consumption, with_bills=True)


def play_month(job: MonthJob) -> PlayedSlots:
    """A month under the planner, decided every few hours and never looking ahead."""
    history = sized(job.year)
    first = date(job.year.year, job.month, 1)
    last = (first + 31 * DAY).replace(day=1) - DAY
    known = History(history.home, history.step, day_span(history, first - (PAST_DAYS + 1) * DAY, last))
    played = stretch(history.home, day_span(history, first - _WARM_UP, last))
    return _kept(history, played, _deciding(known, played), with_bills=False)


def _deciding(history: History, played: Stretch) -> Decider:
    planner, bill = Planner(history), PlayedBill(history, history.home, played)
    every = _DECIDE_EVERY // history.step
    levels = list(bill.levels(planner.ensemble(played, 0), 0, history.home.battery.min_kwh, slots=every))

    def decide(at: int, stored_kwh: float) -> Levels:
        if at and at % every == 0:
            levels[:] = bill.levels(planner.ensemble(played, at), at, stored_kwh, slots=every)
        elif at:
            bill.note(at, stored_kwh)
        return levels[at % every]

    return decide


def _kept(history: History, played: Stretch, decide: Decider, *, with_bills: bool) -> PlayedSlots:
    """Flows without the day of warm-up."""
    flows = play(history.home, played, decide).flows
    skip = len(played.days[0].load_kw)
    kept = {name: np.asarray(getattr(flows, name))[skip:] for name in FLOWS}
    made: tuple[KeptBill, ...] = ()
    if with_bills:
        made = billed(history, played.starts[skip:], kept["grid_import_kw"], kept["grid_export_kw"])
    return PlayedSlots(**{name: tuple(values.round(_DECIMALS).tolist()) for name, values in kept.items()}, bills=made)


def billed(history: History, starts: Sequence[datetime], import_kw: Floats, export_kw: Floats) -> tuple[KeptBill, ...]:
    """Bills of consecutive slots."""
    hours = history.step / timedelta(hours=1)
    readings = MeterReadings(starts, np.asarray(import_kw) * hours, np.asarray(export_kw) * hours, history.step)
    return tuple(kept_bill(bill) for bill in bills(readings, history.home.tariff, history.home.tz))
