"""Answers to the pieces of a study: a year lived, a year in self-consumption, a month and a week under the planner."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from pathlib import Path

import numpy as np

from energy.billing.bill import bills
from energy.commands import SELF_CONSUMPTION, Levels
from energy.flows import Flows, step_house
from energy.home import Home
from energy.pricing.metering import MeterReadings
from energy.pricing.tariff import FlatTariff
from energy.slots import DAY
from eval.collect.billed_planner import FutureMaker, PlayedBill
from eval.collect.closed_loop import Planner
from eval.collect.playing import Decider, Stretch, play, self_consumption, stretch
from eval.study.play.days import keep_days, sized
from eval.study.play.foresight import WEEK_DAYS, future_maker
from eval.study.play.household import PAST_DAYS, day_span, lived_days
from eval.study.play.jobs import Job, LiveJob, MonthJob, Result, WeekJob, YearJob
from eval.study.play.results import FLOWS, KeptBill, LivedYear, PlayedSlots, kept_bill
from ingest.history.table import History
from knowledge.days import Floats
from simulator.synthetic.home import day_records, live
from simulator.synthetic.spec import HomeSpec

# The planner's levels stand for eight hours: decided as often as every slot they would save hardly more.
_DECIDE_EVERY = timedelta(hours=8)
# A month's play begins with a day that is not billed, so that the battery holds what it usually holds.
_WARM_UP = DAY
_DECIMALS = 4
_NO_PRICES = FlatTariff(import_price=0.0, export_price=0.0)


def answer(job: Job) -> Result:
    """The answer of a piece, computed anew."""
    match job:
        case LiveJob():
            return live_year(job)
        case YearJob():
            return play_year(job)
        case MonthJob():
            return play_month(job)
        case WeekJob():
            return play_week(job)


def live_year(job: LiveJob) -> LivedYear:
    """Live through a made-up home's year and keep its days."""
    spec = HomeSpec.model_validate_json(job.spec)
    lived = live(spec, seed=job.seed, days=lived_days(job.year), weather_seed=job.weather_seed)
    records = day_records(lived, step=timedelta(minutes=job.step_minutes))
    home = spec.home().model_copy(update={"name": job.home})
    return keep_days(Path(job.folder), home, records)


def play_year(job: YearJob) -> PlayedSlots:
    """The year in plain self-consumption, month by month as it is billed."""
    history = sized(job)
    # Self-consumption looks at no price: to find those of a year's slots takes longer than to play it.
    unpriced = history.home.model_copy(update={"tariff": _NO_PRICES})
    played = stretch(unpriced, history.days[PAST_DAYS - 1 :])
    if not job.battery_kwh:
        return _kept(history, played, without_battery(history.home, played), with_bills=True)
    return _kept(history, played, play(history.home, played, self_consumption).flows, with_bills=True)


def without_battery(home: Home, played: Stretch) -> Flows:
    """All slots at once, which a home that stores nothing allows."""
    return step_house(
        played.load_kw,
        played.pv_kw,
        np.full(len(played.starts), home.battery.min_kwh),
        levels=SELF_CONSUMPTION,
        battery=home.battery,
        grid=home.grid,
        hours=played.hours,
    )


def play_month(job: MonthJob) -> PlayedSlots:
    """A month under the planner, decided every few hours and never looking ahead."""
    history = sized(job.year)
    first = date(job.year.year, job.month, 1)
    last = (first + 31 * DAY).replace(day=1) - DAY
    known = History(history.home, history.step, day_span(history, first - (PAST_DAYS + 1) * DAY, last))
    played = stretch(history.home, day_span(history, first - _WARM_UP, last))
    flows = play(history.home, played, _deciding(known, played, Planner(known))).flows
    return _kept(history, played, flows, with_bills=False)


def play_week(job: WeekJob) -> PlayedSlots:
    """Seven days under the planner with forecasts of some quality, or in plain self-consumption."""
    history = sized(job.year)
    last = job.first + (WEEK_DAYS - 1) * DAY
    known = History(history.home, history.step, day_span(history, job.first - PAST_DAYS * DAY, last + DAY))
    played = stretch(history.home, day_span(history, job.first, last))
    maker = future_maker(job.foresight, known)
    decide = self_consumption if maker is None else _deciding(known, played, maker)
    return _kept(history, played, play(history.home, played, decide).flows, with_bills=True, warm_up_days=0)


def _deciding(history: History, played: Stretch, maker: FutureMaker) -> Decider:
    bill = PlayedBill(history, history.home, played)
    every = _DECIDE_EVERY // history.step
    levels = list(bill.levels(maker.ensemble(played, 0), 0, history.home.battery.min_kwh, slots=every))

    def decide(at: int, stored_kwh: float) -> Levels:
        if at and at % every == 0:
            levels[:] = bill.levels(maker.ensemble(played, at), at, stored_kwh, slots=every)
        elif at:
            bill.note(at, stored_kwh)
        return levels[at % every]

    return decide


def _kept(history: History, played: Stretch, flows: Flows, *, with_bills: bool, warm_up_days: int = 1) -> PlayedSlots:
    """Flows without the days of warm-up."""
    skip = sum(len(day.load_kw) for day in played.days[:warm_up_days])
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
