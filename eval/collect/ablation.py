"""What each part of the retrieval is worth: the planner on other choices of past days, case by case."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import date, timedelta
from functools import cache, partial
from pathlib import Path

import numpy as np
from pydantic import BaseModel, ConfigDict

from energy.billing.ledger import total
from energy.planning.planner import Ensemble
from eval.collect.closed_loop import MEMBERS, DayChoice, Planner
from eval.collect.homes import HistorySource, staged
from eval.collect.playing import Course, Stretch, play, stretch
from eval.collect.policies import latest, random_days, recent, same_type, same_weekday
from eval.collect.terminal_value import DAYS_AFTER, bound, terminal_value
from eval.grade.crps import crps
from eval.grade.metrics import LEAST_SAVING
from eval.grade.records import Cell, Tariff
from eval.sweep.sweep import Sweep, unless_lost
from ingest.history.table import History
from knowledge.days import Floats, profile
from knowledge.embedder import TextEmbedder
from knowledge.fingerprint import PARTS, WEIGHTS
from knowledge.similar import FingerprintTable
from simulator.synthetic.home import synthetic_history
from simulator.synthetic.presets import preset

WINDOW_DAYS = 14
_BATTERY_KWH = 6.4
_RECORDED = tuple(f"citylearn-{number}" for number in range(1, 9))
_STARTS = (date(2017, 1, 1), date(2017, 6, 15))
_WINTER = _STARTS[0]
_SYNTHETIC = ("heat-pump", "busy-family", "all-electric")
_SEEDS = (1, 2)
# Days of a synthetic year after which a window begins: one in each season.
_FIRST_DAYS = (40, 120, 210, 310)
_THIN_DAYS = (3, 14)
# Every fourth decision's forecast is scored, which is enough and saves time.
_SCORED_EVERY = 4

RETRIEVAL = "retrieval"
OTHERS = ("last 12 days", "last 12 of the same kind", "12 random days", "text of the numbers")
ONE_DAY = ("yesterday", "same weekday")
HINDSIGHT = "12 days most like what came"
KNOWING = ("perfect load", "perfect load and sun")
VARIANTS = (RETRIEVAL, *(f"without {part}" for part in PARTS), *OTHERS, *ONE_DAY, HINDSIGHT, *KNOWING)


class Case(BaseModel):
    """One home, window and tariff on which all variants are played; `memory_days` thins its history out."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    group: str
    home: str
    seed: int = 0
    first_day: date
    tariff: Tariff = "own"
    memory_days: int | None = None

    @property
    def variants(self) -> tuple[str, ...]:
        """Those that tell something here: parts of a memory of a few days cannot be told apart."""
        return VARIANTS if self.memory_days is None else (RETRIEVAL, *OTHERS[:2], *ONE_DAY)


class Result(BaseModel):
    """How a variant did on a case.

    `share` is of what the bound saves, None where it saves too little. The continuous ranked probability score (kWh)
    is of the load of the coming 24 hours as a sum and per hour, and `covered` how often an 80 % interval held.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    case: Case
    variant: str
    cost: float
    saved_by_bound: float
    share: float | None
    crps_day_kwh: float
    crps_hour_kw: float
    covered: float
    mode_changes_a_day: float


def cases() -> Iterator[Case]:
    """Recorded homes under two tariffs, synthetic homes whose days differ for a reason, and thin histories."""
    for home in _RECORDED:
        for first in _STARTS:
            yield Case(group="recorded, time of use", home=home, first_day=first)
            yield Case(group="recorded, dynamic", home=home, first_day=first, tariff="dynamic")
        for days in _THIN_DAYS:
            yield Case(group=f"recorded, {days} days of memory", home=home, first_day=_WINTER, memory_days=days)
    for home in _SYNTHETIC:
        for seed in _SEEDS:
            first_day = preset(home).first_day
            for after in _FIRST_DAYS:
                yield Case(group=home, home=home, seed=seed, first_day=first_day + timedelta(days=after))


def run(
    todo: Sequence[Case],
    source: HistorySource,
    folder: Path,
    *,
    sweep: Sweep,
    progress: Callable[[str], None],
) -> None:
    """Play every case that has no results yet; a killed run goes on where it was. `progress` hears of every case."""
    folder.mkdir(parents=True, exist_ok=True)
    missing = []
    for case in todo:
        if (folder / f"{_name(case)}.jsonl").exists():
            progress(_name(case))
        else:
            missing.append(case)
    for case, found in sweep.map(partial(play_case, source=source), missing):
        draft = folder / f"{_name(case)}.new"
        lines = [one.model_dump_json() + "\n" for one in unless_lost(found, _name(case))]
        draft.write_text("".join(lines), encoding="utf-8")
        draft.replace(draft.with_suffix(".jsonl"))
        progress(_name(case))


def is_synthetic(case: Case) -> bool:
    """Whether a case's home never was."""
    return case.home in _SYNTHETIC


def results(folder: Path) -> list[Result]:
    """Everything that was played."""
    lines = [line for path in sorted(folder.glob("*.jsonl")) for line in path.read_text("utf-8").splitlines()]
    return [Result.model_validate_json(line) for line in lines]


def _name(case: Case) -> str:
    memory = "" if case.memory_days is None else f"_{case.memory_days}d"
    return f"{case.home}_{case.seed}_{case.first_day}_{case.tariff}{memory}"


def play_case(case: Case, source: HistorySource, variants: Iterable[str] | None = None) -> list[Result]:
    """Play one case under some variants, or under all that it has."""
    history = _history(case, source)
    home = history.home
    window = _days(history, case.first_day, WINDOW_DAYS)
    after = _days(history, case.first_day + timedelta(days=WINDOW_DAYS), DAYS_AFTER)
    left = terminal_value(home, window, after)

    best = bound(home, window, after)
    net_kw = window.load_kw - window.pv_kw
    least = _bill(net_kw + best.charge_kw - best.discharge_kw, window) - left.value_of(best.stored_kwh)
    saved = _bill(net_kw, window) - least
    found = []
    for variant in case.variants if variants is None else variants:
        player = _AblationPlanner(variant, history, _memory(case, history))
        course = play(home, window, partial(player.levels, window))
        ledger = total(
            course.flows, window.prices, battery=home.battery, hours=window.hours, start_kwh=home.battery.min_kwh
        )
        spent = ledger.bill - left.value_of(np.asarray(course.flows.stored_kwh))
        found.append(_result(case, variant, spent, saved=saved, least=least, course=course, player=player))
    return found


def _result(
    case: Case, variant: str, spent: float, *, saved: float, least: float, course: Course, player: "_AblationPlanner"
) -> Result:
    day, hour, covered = np.mean(player.scores, axis=0).tolist()
    return Result(
        case=case,
        variant=variant,
        cost=spent,
        saved_by_bound=saved,
        share=1 - (spent - least) / saved if saved >= LEAST_SAVING * WINDOW_DAYS / 28 else None,
        crps_day_kwh=day,
        crps_hour_kw=hour,
        covered=covered,
        mode_changes_a_day=sum(a != b for a, b in zip(course.modes, course.modes[1:], strict=False)) / WINDOW_DAYS,
    )


class _AblationPlanner(Planner):
    """The planner under one variant, scoring its load forecasts as it goes."""

    def __init__(self, variant: str, history: History, memory: History) -> None:
        part = variant.removeprefix("without ")
        super().__init__(
            memory,
            choose=_choice(variant, memory),
            mean=variant in ONE_DAY,
            weights=WEIGHTS.without(part) if part in PARTS else WEIGHTS,
        )
        self._knows_load, self._knows_sun = variant in KNOWING, variant == KNOWING[1]
        self._truth = stretch(history.home, history.days)
        self.scores: list[tuple[float, float, float]] = []

    def ensemble(self, played: Stretch, at: int) -> Ensemble:
        made = super().ensemble(played, at)
        first = (played.starts[at] - self._truth.starts[0]) // (played.starts[1] - played.starts[0])
        ahead = slice(first, first + made.load_kw.shape[1])
        load_kw, pv_kw = self._truth.load_kw[ahead], self._truth.pv_kw[ahead]
        if at % _SCORED_EVERY == 0:
            self.scores.append(_score(made.load_kw, load_kw, made.hours))
        return replace(
            made,
            load_kw=np.broadcast_to(load_kw, made.load_kw.shape).copy() if self._knows_load else made.load_kw,
            pv_kw=np.broadcast_to(pv_kw, made.pv_kw.shape).copy() if self._knows_sun else made.pv_kw,
        )


def _score(members_kw: Floats, truth_kw: Floats, slot_hours: float) -> tuple[float, float, float]:
    """Score of the day's sum in kWh and of single hours in kW, and the share of hours within the 80 % interval.

    Interval ends are at ranks p (n + 1), which covers 80 % where truth is drawn like the members (Weibull 1939).
    """
    low, high = np.quantile(members_kw, [0.1, 0.9], axis=0, method="weibull")
    covered = float(np.mean((low <= truth_kw) & (truth_kw <= high)))
    day = crps(members_kw.sum(axis=1, keepdims=True) * slot_hours, truth_kw.sum(keepdims=True) * slot_hours)
    return float(day[0]), float(crps(members_kw, truth_kw).mean()), covered


def _choice(variant: str, history: History) -> DayChoice | None:
    choices: dict[str, DayChoice] = {
        "last 12 days": recent,
        "last 12 of the same kind": partial(same_type, history.home),
        "12 random days": partial(random_days, 1),
        "yesterday": latest,
        "same weekday": same_weekday,
    }
    if variant == HINDSIGHT:
        return _with_hindsight(history)
    return _by_text(history) if variant == "text of the numbers" else choices.get(variant)


def _with_hindsight(history: History) -> DayChoice:
    """The days whose hours of load were nearest to what today's turn out to be: what no choice of days can know."""
    zone, step = history.home.tz, timedelta(hours=1)
    load_kw = {record.day: profile(record, record.load_kw, zone=zone, step=step) for record in history.days}

    def choose(today: date, earlier: list[date]) -> list[date]:
        return sorted(earlier, key=lambda day: float(np.abs(load_kw[day] - load_kw[today]).sum()))[:MEMBERS]

    return choose


def _by_text(history: History) -> DayChoice:
    """The days whose fingerprint, written out as text, means the most similar to a sentence embedding."""
    table = FingerprintTable(history.home, history.days)
    days = [record.day for record in history.days]
    texts = [", ".join(f"{value:.1f}" for value in table.fingerprint(day)) for day in days]
    vectors = dict(zip(days, TextEmbedder()(texts), strict=True))

    def choose(today: date, earlier: list[date]) -> list[date]:
        return sorted(earlier, key=lambda day: -float(vectors[day] @ vectors[today]))[:MEMBERS]

    return choose


def _bill(grid_kw: Floats, window: Stretch) -> float:
    """Bill of what flows in (positive) and out, of shape (slots,) in kW."""
    bought, sold = np.maximum(grid_kw, 0), np.maximum(-grid_kw, 0)
    return float((bought @ window.prices.import_per_kwh - sold @ window.prices.export_per_kwh) * window.hours)


def _days(history: History, first: date, count: int) -> Stretch:
    last = first + timedelta(days=count)
    return stretch(history.home, tuple(record for record in history.days if first <= record.day < last))


def _memory(case: Case, history: History) -> History:
    """The history that a case leaves to remember, and the days it is played on."""
    if case.memory_days is None:
        return history
    oldest = case.first_day - timedelta(days=case.memory_days)
    return replace(history, days=tuple(record for record in history.days if record.day >= oldest))


def _history(case: Case, source: HistorySource) -> History:
    if case.home in _SYNTHETIC:
        return _synthetic(case.home, case.seed)
    cell = Cell(
        suite="ablation",
        policy="planner",
        home=case.home,
        first_day=case.first_day,
        days=WINDOW_DAYS,
        battery_kwh=_BATTERY_KWH,
        tariff=case.tariff,
        forecast="midnight",
    )
    return staged(source, cell)


@cache
def _synthetic(name: str, seed: int) -> History:
    days = _FIRST_DAYS[-1] + WINDOW_DAYS + 4
    return synthetic_history(preset(name), seed=seed, days=days, step=timedelta(hours=1))
