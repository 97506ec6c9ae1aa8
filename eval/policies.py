"""Who sits the exam: rules, plans on other choices of past days, the advisor, and the bound."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial

import numpy as np

from energy.commands import SELF_CONSUMPTION, Levels
from energy.errors import SettingsError
from energy.home import Home
from energy.rules import threshold
from energy.slots import local_day
from energy.tariff import Prices, is_rest_day
from eval.closed_loop import MEMBERS, Course, DayChoice, Planner, Stretch, play, self_consumption
from ingest.history import History

_WEEK = timedelta(days=7)


def latest(_today: date, earlier: list[date]) -> list[date]:
    """Yesterday, or the last day there was."""
    return earlier[-1:]


def same_weekday(today: date, earlier: list[date]) -> list[date]:
    """The same day of the last four weeks."""
    return [day for day in (today - weeks * _WEEK for weeks in range(1, 5)) if day in earlier] or earlier[-1:]


def recent(_today: date, earlier: list[date]) -> list[date]:
    """The last days, whatever they were."""
    return earlier[-MEMBERS:]


def same_type(home: Home, today: date, earlier: list[date]) -> list[date]:
    """The last days that were rest days if today is one, and workdays if it is not."""
    rest = is_rest_day(home.tariff, today)
    return [day for day in earlier if is_rest_day(home.tariff, day) == rest][-MEMBERS:] or earlier[-MEMBERS:]


def random_days(seed: int, today: date, earlier: list[date]) -> list[date]:
    """Past days drawn by lot, the same for the same day and seed."""
    rng = np.random.default_rng(int.from_bytes(hashlib.sha256(f"{seed} {today}".encode()).digest()[:8]))
    return [earlier[at] for at in rng.permutation(len(earlier))[:MEMBERS]]


def _choices(home: Home, seed: int) -> dict[str, tuple[DayChoice | None, bool]]:
    """Planning policies: which days they plan with, and whether on their mean alone."""
    return {
        "lp_yesterday": (latest, True),
        "lp_weekday": (same_weekday, True),
        "recent": (recent, False),
        "daytype": (partial(same_type, home), False),
        "random": (partial(random_days, seed), False),
        "planner": (None, False),
    }


RULES = ("none", "greedy", "threshold")
PLANS = ("lp_yesterday", "lp_weekday", "recent", "daytype", "random", "planner")
BOUND = "oracle"
POLICIES = (*RULES, *PLANS, BOUND)


@dataclass(frozen=True, slots=True)
class Sitting:
    """One home's history and the stretch of it to be played."""

    history: History
    played: Stretch
    seed: int = 1


def check_policy(name: str) -> None:
    """Raise SettingsError for a policy that does not exist."""
    if name not in POLICIES:
        raise SettingsError(f"policy {name!r} is not known: use some of {', '.join(POLICIES)}")


def sit(policy: str, sitting: Sitting) -> Course:
    """Play a stretch under a policy other than the bound; the home of `none` must have no battery.

    Raises:
        SettingsError: there is no such policy.
    """
    check_policy(policy)
    home, played = sitting.history.home, sitting.played
    return play(home, played, _decider(policy, sitting))


def _decider(policy: str, sitting: Sitting) -> Callable[[int, float], Levels]:
    home, played = sitting.history.home, sitting.played
    if policy in ("none", "greedy"):
        return self_consumption
    if policy == "threshold":
        return _threshold(home, played)
    choose, mean = _choices(home, sitting.seed)[policy]
    planner = Planner(sitting.history, choose=choose, mean=mean)
    return lambda at, stored_kwh: planner.levels(played, at, stored_kwh)


def _threshold(home: Home, played: Stretch) -> Callable[[int, float], Levels]:
    """The price rule, day by day: a day's prices are known when it begins."""
    days = [local_day(start, home.tz) for start in played.starts]
    levels: list[Levels] = [SELF_CONSUMPTION] * len(days)
    for day in set(days):
        at = [index for index, held in enumerate(days) if held == day]
        prices = Prices(played.prices.import_per_kwh[at], played.prices.export_per_kwh[at])
        for index, level in zip(at, threshold(prices, home), strict=True):
            levels[index] = level
    return lambda at, _stored_kwh: levels[at]
