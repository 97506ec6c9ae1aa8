"""The pieces of a study as questions: each holds all that its answer depends on."""

from dataclasses import dataclass
from datetime import date
from typing import Literal

from eval.study.play.results import LivedYear, PlayedSlots

# How good the forecasts of a week are: none are read, bad ones, those that the advisor has, the week as it came.
Foresight = Literal["none", "poor", "ordinary", "perfect"]


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
    battery_kw: float
    efficiency: float
    tariff: str
    load_factor: float = 1.0


@dataclass(frozen=True, slots=True)
class MonthJob:
    """Play a month under the planner, with what it knew of the weeks before."""

    year: YearJob
    month: int


@dataclass(frozen=True, slots=True)
class WeekJob:
    """Play seven days from an empty battery on, with forecasts of some quality, and bill them by themselves."""

    year: YearJob
    first: date
    foresight: Foresight


Job = LiveJob | YearJob | MonthJob | WeekJob
Result = LivedYear | PlayedSlots
