"""What remarks are worth: the planner with and without what days with like remarks had in common, home by home."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import replace
from datetime import date, datetime, timedelta
from functools import cache, partial
from pathlib import Path

import numpy as np
from pydantic import BaseModel, ConfigDict

from energy.billing.ledger import total
from energy.planning.planner import Ensemble
from energy.slots import local_day
from eval.collect.closed_loop import MEMBERS, Planner
from eval.collect.playing import Stretch, play, stretch
from eval.collect.terminal_value import DAYS_AFTER, terminal_value
from eval.grade.crps import crps
from eval.remarks.diary import RemarkedHistory, remarked
from eval.remarks.effect import RemarkEffect, RemarkMemory
from ingest.history.table import History
from knowledge.days import Floats, profile
from knowledge.embedder import TextEmbedder
from knowledge.fingerprint import WEIGHTS, foreseen
from knowledge.similar import FingerprintTable
from simulator.synthetic.home import synthetic_history
from simulator.synthetic.presets import preset

WINDOW_DAYS = 14
_HOMES = ("heat-pump", "busy-family", "all-electric")
_SEEDS = (1,)
_FIRST_DAYS = (310,)
_HOUR = timedelta(hours=1)

NONE, WORDS, REMARKS, RANDOM, PERFECT = (
    "no remarks", "three fixed words", "like remarks", "as many random days", "perfect load",
)  # fmt: skip
VARIANTS = (NONE, WORDS, REMARKS, RANDOM, PERFECT)


class RemarkCase(BaseModel):
    """One home and window on which all variants are played."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    home: str
    seed: int
    first_day: date


class RemarkResult(BaseModel):
    """How a variant did: its bill, the score of the load forecast of a day's sum and of its hours, and days changed."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    case: RemarkCase
    variant: str
    cost: float
    crps_day_kwh: float
    crps_hour_kw: float
    remarked_crps_day_kwh: float | None
    days_changed: int


def remark_cases() -> Iterator[RemarkCase]:
    """Synthetic homes late enough in their year for like days to be known."""
    for seed in _SEEDS:
        for after in reversed(_FIRST_DAYS):
            for home in _HOMES:
                yield RemarkCase(home=home, seed=seed, first_day=preset(home).first_day + timedelta(days=after))


def run_remarks(
    todo: Sequence[RemarkCase], folder: Path, *, workers: int, progress: Callable[[str], None]
) -> list[RemarkResult]:
    """Play every case that has no results yet, and read all of them; `progress` hears of every case."""
    folder.mkdir(parents=True, exist_ok=True)
    with ProcessPoolExecutor(workers) as pool:
        running = {pool.submit(_play_and_write, case, folder): case for case in todo}
        for done in as_completed(running):
            done.result()
            progress(str(running[done]))
    lines = [line for path in sorted(folder.glob("*.jsonl")) for line in path.read_text("utf-8").splitlines()]
    return [RemarkResult.model_validate_json(line) for line in lines]


def _play_and_write(case: RemarkCase, folder: Path) -> None:
    path = folder / f"{case.home}_{case.seed}_{case.first_day}.jsonl"
    if path.exists():
        return
    draft = path.with_suffix(".new")
    lines = [one.model_dump_json() + "\n" for one in play_remarks(case, VARIANTS)]
    draft.write_text("".join(lines), encoding="utf-8")
    draft.replace(path)


def play_remarks(case: RemarkCase, variants: Sequence[str]) -> list[RemarkResult]:
    """Play one case under some variants."""
    remarked = _history_of(case.home, case.seed)
    home, days = remarked.history.home, remarked.history.days
    last = case.first_day + timedelta(days=WINDOW_DAYS)
    window = stretch(home, tuple(one for one in days if case.first_day <= one.day < last))
    after = stretch(home, tuple(one for one in days if last <= one.day < last + timedelta(days=DAYS_AFTER)))
    left = terminal_value(home, window, after)
    found = []
    for variant in variants:
        player = _RemarkPlanner(variant, case)
        course = play(home, window, partial(player.levels, window))
        ledger = total(
            course.flows, window.prices, battery=home.battery, hours=window.hours, start_kwh=home.battery.min_kwh
        )
        spent = ledger.bill - left.value_of(np.asarray(course.flows.stored_kwh))
        found.append(player.result(float(spent)))
    return found


@cache
def _history_of(name: str, seed: int) -> RemarkedHistory:
    days = _FIRST_DAYS[-1] + WINDOW_DAYS + DAYS_AFTER + 1
    return remarked(synthetic_history(preset(name), seed=seed, days=days, step=_HOUR), seed=seed)


def _noted(remarked: RemarkedHistory, variant: str) -> History:
    """The days with the notes that a variant knows them by."""

    def notes(at: int) -> tuple[str, ...]:
        fixed = remarked.history.days[at].notes
        return () if variant == NONE else fixed

    return replace(
        remarked.history, days=tuple(replace(one, notes=notes(at)) for at, one in enumerate(remarked.history.days))
    )


class _RemarkPlanner(Planner):
    """The planner under one variant, scoring its load forecasts at each midnight and noon."""

    def __init__(self, variant: str, case: RemarkCase) -> None:
        remarked = _history_of(case.home, case.seed)
        super().__init__(_noted(remarked, variant))
        self._variant, self._case = variant, case
        self._remarks = {one.day: texts for one, texts in zip(remarked.history.days, remarked.remarks, strict=True)}
        self._truth = stretch(self._home, remarked.history.days)
        self._memory = _memory(case.home, case.seed) if variant in (REMARKS, RANDOM) else None
        self._luck = np.random.default_rng(1)
        self._effects: dict[date, list[RemarkEffect]] = {}
        self._scores: list[tuple[date, float, float]] = []

    def ensemble(self, played: Stretch, at: int) -> Ensemble:
        made = super().ensemble(played, at)
        truth_kw = self._ahead(played, at, made.load_kw.shape[1])
        load_kw = made.load_kw
        if self._variant == PERFECT:
            load_kw = np.broadcast_to(truth_kw, load_kw.shape).copy()
        elif self._memory is not None:
            load_kw = self._with_effects(load_kw, played, at)
        if at % 12 == 0:
            self._score(local_day(played.starts[at], self._home.tz), load_kw, truth_kw)
        return replace(made, load_kw=load_kw)

    def _with_effects(self, load_kw: Floats, played: Stretch, at: int) -> Floats:
        """Each member takes what one of the days with a like remark had more than its neighbours."""
        today = local_day(played.starts[at], self._home.tz)
        if today not in self._effects:
            self._effects[today] = self._found(today)
        ahead = [start.astimezone(self._home.tz) for start in self._starts(played, at, load_kw.shape[1])]
        hour = np.array([start.hour for start in ahead])
        still = np.array([start.date() == today for start in ahead])
        for effect in self._effects[today]:
            rows = effect.hourly_kw[np.arange(len(load_kw)) % len(effect.hourly_kw)]
            load_kw = load_kw + np.where(still, rows[:, hour], 0.0)
        return np.maximum(load_kw, 0.0)

    def _found(self, today: date) -> list[RemarkEffect]:
        assert self._memory is not None  # noqa: S101 (asked for with a memory only)
        found = self._memory.effect(self._remarks[today], today)
        if self._variant == REMARKS:
            return found
        return [self._by_lot(effect, today) for effect in found]

    def _by_lot(self, effect: RemarkEffect, today: date) -> RemarkEffect:
        """As many days, drawn among all earlier ones that have neighbours."""
        rows = np.array([row for day, row in _differences(self._case.home, self._case.seed).items() if day < today])
        return RemarkEffect(effect.days, self._luck.choice(rows, size=len(effect.days)))

    def _starts(self, played: Stretch, at: int, count: int) -> list[datetime]:
        step = played.starts[1] - played.starts[0]
        return [played.starts[at] + index * step for index in range(count)]

    def _ahead(self, played: Stretch, at: int, count: int) -> Floats:
        """The load that came, from the days of the window and those after it."""
        first = (played.starts[at] - self._truth.starts[0]) // (played.starts[1] - played.starts[0])
        return self._truth.load_kw[first : first + count]

    def _score(self, today: date, members_kw: Floats, truth_kw: Floats) -> None:
        day = float(crps(members_kw.sum(axis=1, keepdims=True), truth_kw.sum(keepdims=True))[0])
        self._scores.append((today, day, float(crps(members_kw, truth_kw).mean())))

    def result(self, spent: float) -> RemarkResult:
        """The figures of a window."""
        remarked_days = [day for today, day, _ in self._scores if self._remarks[today]]
        return RemarkResult(
            case=self._case,
            variant=self._variant,
            cost=spent,
            crps_day_kwh=float(np.mean([day for _, day, _ in self._scores])),
            crps_hour_kw=float(np.mean([hour for _, _, hour in self._scores])),
            remarked_crps_day_kwh=float(np.mean(remarked_days)) if remarked_days else None,
            days_changed=sum(bool(found) for found in self._effects.values()),
        )


def _memory(name: str, seed: int) -> RemarkMemory:
    remarked, memory = _history_of(name, seed), RemarkMemory(TextEmbedder())
    remarks = {one.day: texts for one, texts in zip(remarked.history.days, remarked.remarks, strict=True)}
    for day, difference_kw in _differences(name, seed).items():
        memory.add(day, remarks[day], difference_kw)
    return memory


@cache
def _differences(name: str, seed: int) -> dict[date, Floats]:
    """How each day's load differed from the mean of its own neighbours', by hour; neighbours are earlier days."""
    history = _history_of(name, seed).history
    table = FingerprintTable(history.home, history.days, weights=WEIGHTS.without("notes"))
    load_kw = {one.day: profile(one, one.load_kw, zone=history.home.tz, step=_HOUR) for one in history.days}
    records = {one.day: one for one in history.days}
    found = {}
    for day in table.days[MEMBERS:]:
        near = table.rank(day, MEMBERS, expected=foreseen(records[day]))
        found[day] = np.asarray(load_kw[day] - np.mean([load_kw[one.day] for one in near], axis=0), dtype=np.float64)
    return found
