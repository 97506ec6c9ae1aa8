"""Who sits the exam: rules, plans on other choices of past days, the advisor, and the bound."""

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import partial

import numpy as np

from energy.commands import SELF_CONSUMPTION, Levels
from energy.errors import DataError, SettingsError
from energy.home import Home
from energy.planning.oracle import optimise
from energy.planning.planner import end_value_per_kwh
from energy.pricing.tariff import Prices, is_rest_day
from energy.rules import threshold, timer
from energy.slots import DAY, clock_index, local_day
from eval.collect.agent_policy import Consulted, advisor_decider
from eval.collect.billed_planner import by_the_bill, has_rules
from eval.collect.closed_loop import MEMBERS, DayChoice, Planner
from eval.collect.model_policies import KINDS, check_model_policy, is_model_policy, model_decider
from eval.collect.peer_policies import emhass_decider
from eval.collect.peers import as_levels, is_installed
from eval.collect.playing import Course, Decider, DecisionCounters, Setpoint, Stretch, play, self_consumption
from ingest.history.table import History

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
        "watts": (latest, True),
        "lp_plan": (latest, True),
    }


# A plan's word on a slot of a stretch, given the energy stored.
Planned = Callable[[Stretch, int, float], Levels | Setpoint]
RULES = ("none", "greedy", "threshold", "timer")
PLANS = ("lp_yesterday", "lp_weekday", "recent", "daytype", "random", "planner", "watts", "lp_plan")
# Their first slot counts as it is planned, so it is taken to be like the one just measured.
_READ_OFF = ("watts", "lp_plan")
PEERS = ("emhass", "emhass_watts")
BOUND = "oracle"
ADVISOR = "advisor"
POLICIES = (*RULES, *PLANS, ADVISOR, BOUND)
# What somebody wants to know of his own home: the rules he could use instead, the plan, and the bound.
ESSENTIAL = (*RULES, "lp_yesterday", "planner", BOUND)


@dataclass(frozen=True, slots=True)
class Sitting:
    """One home's history and the stretch of it to be played."""

    history: History
    played: Stretch
    seed: int = 1


def check_policy(name: str) -> None:
    """Raise SettingsError for a policy that does not exist, or an advisor with a model or prompt that cannot be."""
    if name.startswith(f"{ADVISOR}:"):
        Consulted.parse(name)
    elif is_model_policy(name):
        check_model_policy(name)
    elif name not in (*POLICIES, *PEERS):
        known = ", ".join((*POLICIES, *PEERS))
        seats = ", ".join(f"{kind}:MODEL" for kind in KINDS)
        raise SettingsError(f"policy {name!r} is not known: use some of {known}, {seats}, or advisor:MODEL:PROMPT")


def why_not(policy: str, home: Home) -> str:
    """Why a policy cannot sit here at all; empty if it can."""
    if policy not in PEERS:
        return ""
    if not home.battery.usable_kwh:
        return f"{policy} plans for batteries only, and {home.name} has none"
    return "" if is_installed() else "EMHASS is not installed: make peers"


def sit(policy: str, sitting: Sitting) -> Course:
    """Play a stretch under a policy other than the bound; the home of `none` must have no battery.

    Raises:
        SettingsError: there is no such policy, or it is a peer that is not installed.
    """
    check_policy(policy)
    tally = DecisionCounters()
    with _decider(policy, sitting, tally) as decide:
        return play(sitting.history.home, sitting.played, decide, tally=tally)


@contextmanager
def _decider(policy: str, sitting: Sitting, tally: DecisionCounters) -> Iterator[Decider]:
    history, played = sitting.history, sitting.played
    if policy in RULES:
        yield _rule(policy, history, played)
    elif policy in PEERS:
        planner = Planner(history, choose=latest, mean=True, persist=True)
        publishes = policy == "emhass_watts"
        with emhass_decider(history, played, planner, tally, as_it_publishes=publishes) as decide:
            yield decide
    elif is_model_policy(policy):
        with model_decider(policy, history, played, tally) as decide:
            yield decide
    elif policy.partition(":")[0] == ADVISOR:
        yield advisor_decider(Consulted.parse(policy), history, played, tally)
    else:
        choose, mean = _choices(history.home, sitting.seed)[policy]
        planner = Planner(history, choose=choose, mean=mean, persist=policy in _READ_OFF)
        read_off: dict[str, Planned] = {"watts": planner.setpoint, "lp_plan": partial(_read_off, planner, history.home)}
        if policy not in read_off and has_rules(history.home):
            yield by_the_bill(history, played, planner)
        else:
            yield partial(read_off.get(policy, planner.levels), played)


def _rule(policy: str, history: History, played: Stretch) -> Decider:
    if policy == "threshold":
        return _threshold(history.home, played)
    if policy == "timer":
        return _timer(history, played)
    return self_consumption


def _read_off(planner: Planner, home: Home, played: Stretch, at: int, stored_kwh: float) -> Levels:
    """The mode in the first slot of a linear programme's plan, read as a peer's is; one of many equally cheap plans."""
    seen = planner.ensemble(played, at)
    plan = optimise(
        seen.load_kw[0],
        seen.pv_kw[0],
        prices=seen.prices,
        home=home,
        hours=seen.hours,
        start_kwh=stored_kwh,
        end_value_per_kwh=end_value_per_kwh(seen.prices, home),
    )
    return as_levels(plan, float(seen.load_kw[0, 0] - seen.pv_kw[0, 0]), home)


def _threshold(home: Home, played: Stretch) -> Decider:
    """The price rule, day by day: a day's prices are known when it begins."""
    days = [local_day(start, home.tz) for start in played.starts]
    levels: list[Levels] = [SELF_CONSUMPTION] * len(days)
    for day in set(days):
        at = [index for index, held in enumerate(days) if held == day]
        prices = Prices(played.prices.import_per_kwh[at], played.prices.export_per_kwh[at])
        for index, level in zip(at, threshold(prices, home), strict=True):
            levels[index] = level
    return lambda at, _stored_kwh: levels[at]


def _timer(history: History, played: Stretch) -> Decider:
    """The timer, programmed once with the mean prices of the week before; of the first day where those are unknown."""
    home, step = history.home, history.step
    try:
        week = [played.starts[0] - slot * step for slot in range(1, _WEEK // step + 1)]
        levels = timer(_usual_day(home, week, step), home, played.hours)
    except DataError:
        levels = timer(_usual_day(home, played.starts[: DAY // step], step), home, played.hours)
    clock = [clock_index(start, home.tz, step) for start in played.starts]
    return lambda at, _stored_kwh: levels[clock[at]]


def _usual_day(home: Home, starts: list[datetime], step: timedelta) -> Prices:
    """Mean prices by the clock of one day."""
    prices, clock = home.tariff.prices(starts, home.tz), [clock_index(start, home.tz, step) for start in starts]
    counts = np.bincount(clock, minlength=DAY // step)
    buy, sell = (
        np.bincount(clock, weights=values, minlength=DAY // step) / np.maximum(counts, 1)
        for values in (prices.import_per_kwh, prices.export_per_kwh)
    )
    return Prices(buy, sell)
