"""Real moments of recorded homes at which a model chooses a schedule: briefs as the service would write them."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import cache

from agent.decision.decide import Outline, Situation, make_brief, shuffled, think
from agent.llm.review import Brief
from eval.collect.agent_policy import situation_at
from eval.collect.closed_loop import Planner
from eval.collect.playing import stretch
from ingest.history.recorded import shipped_history
from ingest.live.snapshot import Snapshot

# Which home and which months the exam is about; training data comes from others.
EXAM_HOME, TRAINING_HOME = "citylearn-4", "citylearn-1"
_EXAM_DAYS = (date(2016, 12, 12), date(2017, 1, 9), date(2017, 4, 10), date(2017, 6, 19))
_TRAINING_DAYS = (date(2016, 10, 10), date(2016, 11, 14), date(2017, 2, 13), date(2017, 3, 13), date(2017, 5, 15))
_DAYS_EACH = 6
_HOURS = (1, 7, 13, 19)
_SOC = (0.1, 0.5, 0.9)
# The rest of a horizon that begins on the last day.
_AFTER = 2


@dataclass(frozen=True, slots=True)
class ChoiceCase:
    """A moment, what the planner makes of it, and the brief."""

    name: str
    situation: Situation
    outline: Outline
    brief: Brief

    def regret(self, letter: str) -> float:
        """Expected extra cost a slot of the schedule with a letter."""
        return next(one.regret_per_slot for one in self.brief.candidates if one.id == letter)

    @property
    def self_consumption(self) -> str:
        """The letter of plain self-consumption, or of the best where that is the same schedule."""
        names = [candidate.name for candidate in shuffled(self.outline.plan, self.situation.now)]
        return self.brief.ids[names.index("self_consumption")] if "self_consumption" in names else self.best

    @property
    def best(self) -> str:
        """The letter of the planner's best."""
        return min(self.brief.candidates, key=lambda one: one.extra_cost).id


@cache
def exam_cases() -> tuple[ChoiceCase, ...]:
    """The moments of the exam."""
    return tuple(_cases(EXAM_HOME, _EXAM_DAYS))


@cache
def training_cases() -> tuple[ChoiceCase, ...]:
    """Moments of another home and other months."""
    return tuple(_cases(TRAINING_HOME, _TRAINING_DAYS))


def _cases(home: str, firsts: tuple[date, ...]) -> Iterator[ChoiceCase]:
    history = shipped_history(home)
    planner = Planner(history)
    by_day = {record.day: record for record in history.days}
    number = 0
    for first in firsts:
        days = [first + timedelta(days=after) for after in range(_DAYS_EACH + _AFTER)]
        played = stretch(history.home, tuple(by_day[day] for day in days))
        for after in range(_DAYS_EACH):
            hour = _HOURS[number % len(_HOURS)]
            at = (24 * after + hour) * round(1 / played.hours)
            stored_kwh = _SOC[number % len(_SOC)] * history.home.battery.capacity_kwh
            situation = situation_at(planner, history, played, at, stored_kwh, None)
            yield _case(situation, f"{home} {days[after]} {hour:02d}:00")
            number += 1


def _case(situation: Situation, name: str) -> ChoiceCase:
    assert isinstance(situation.snapshot, Snapshot)  # noqa: S101 (the exam's situations have one)
    outline = think(situation, situation.snapshot)
    return ChoiceCase(name, situation, outline, make_brief(situation, outline))


def noted(case: ChoiceCase, text: str) -> ChoiceCase:
    """The same moment with a remark of the household, for which the plan may be adjusted."""
    return _case(replace(case.situation, notes=(text,), adjustable=True), case.name)
