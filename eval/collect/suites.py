"""What the exam asks: which policies on which homes, windows, batteries and tariffs."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from itertools import product

from energy.errors import SettingsError
from eval.collect.homes import CITYLEARN, SCENARIO, HistorySource, history_of
from eval.collect.model_policies import KINDS
from eval.collect.policies import PEERS, check_policy
from eval.grade.records import Cell, Forecast, Tariff
from ingest.history.recorded import shipped_homes
from ingest.history.table import History
from simulator.scenario import Scenario, all_scenarios, scenario_names


@dataclass(frozen=True, slots=True)
class Block:
    """Windows, batteries, tariffs and forecasts whose product is sat by some policies and homes, or by all."""

    windows: tuple[tuple[date, int], ...]
    batteries_kwh: tuple[float, ...] = (6.4,)
    tariffs: tuple[Tariff, ...] = ("own",)
    forecasts: tuple[Forecast, ...] = ("midnight",)
    policies: frozenset[str] | None = None
    but: frozenset[str] = frozenset()
    homes: tuple[str, ...] | None = None

    def sat_by(self, policy: str) -> bool:
        """Whether a policy sits this block; models and peers are known by the first word of their name."""
        kind = policy.partition(":")[0]
        return (self.policies is None or kind in self.policies) and kind not in self.but


@dataclass(frozen=True, slots=True)
class Suite:
    """Homes that sit some blocks."""

    name: str
    homes: tuple[str, ...]
    blocks: tuple[Block, ...]
    step_minutes: int = 60

    def cells(self, policies: Sequence[str], *, seed: int = 1) -> list[Cell]:
        """One cell for each policy, home, window, battery, tariff and forecast of each block.

        Raises:
            SettingsError: a policy is not known.
        """
        for policy in policies:
            check_policy(policy)
        return [
            Cell(
                suite=self.name,
                policy=policy,
                home=home,
                first_day=first,
                days=days,
                battery_kwh=battery,
                tariff=tariff,
                forecast=forecast,
                step_minutes=self.step_minutes,
                seed=seed,
            )
            for block in self.blocks
            for home, (first, days), battery, tariff, forecast in product(
                block.homes or self.homes,
                block.windows,
                block.batteries_kwh,
                block.tariffs,
                block.forecasts,
            )
            for policy in policies
            if block.sat_by(policy)
        ]


_SEASONS = tuple((day, 28) for day in (date(2016, 10, 1), date(2017, 1, 1), date(2017, 4, 1), date(2017, 6, 15)))
# All there is after one week of past: 51 weeks.
_YEAR = ((date(2016, 8, 8), 357),)
_SIZES_KWH = (3.2, 6.4, 13.5)
# Where one thing alone is asked, such as what a forecast is worth, these answer it.
_FEW = frozenset({"none", "greedy", "lp_yesterday", "planner", "oracle"})
# Side questions, asked once: what lot, forced watts, a plan read off and the whole agent's machinery do to a plan.
_SIDE = frozenset({"random", "watts", "lp_plan", "advisor"})
# What a house that is simulated for a few days tells apart.
_SIMULATED = _FEW | {"timer", "recent", "daytype", "advisor"}
_SCENARIOS = "scenarios"
# The peer takes a minute a window: two seasons.
_PEERS = frozenset(PEERS)
DECISIONS = "decisions"
_DECISION_WEEKS = (date(2016, 12, 12), date(2017, 1, 9), date(2017, 2, 13), date(2017, 4, 10))
SUITES = {
    "smoke": Suite(
        "smoke",
        shipped_homes(),
        (
            Block(((date(2017, 1, 9), 7), (date(2017, 4, 10), 7))),
            Block(((date(2017, 1, 9), 7),), forecasts=("none", "perfect"), policies=_FEW),
        ),
    ),
    # What a PV forecast that is renewed through the day is worth; the homes that are shipped first.
    "forecasts": Suite(
        "forecasts",
        tuple(dict.fromkeys((*shipped_homes(), *(f"{CITYLEARN}{number}" for number in range(1, 9))))),
        (
            Block(
                _SEASONS,
                tariffs=("dynamic",),
                forecasts=("midnight", "renewed", "perfect"),
                policies=frozenset({"none", "greedy", "planner", "oracle"}),
            ),
        ),
    ),
    # Homes that nothing was developed or chosen on; 14 and 15 have hardly any panels.
    "unseen": Suite(
        "unseen",
        tuple(f"{CITYLEARN}{number}" for number in (9, 10, 11, 12, 13, 16, 17)),
        (
            Block(_SEASONS, tariffs=("own", "dynamic"), policies=_FEW | {"timer"}),
            Block(_SEASONS[1::2], policies=_PEERS),
        ),
    ),
    # What a language model decides: weeks with something to win, six decisions a day.
    DECISIONS: Suite(
        DECISIONS,
        ("citylearn-4",),
        (Block(tuple((day, 7) for day in _DECISION_WEEKS)),),
    ),
    "real": Suite(
        "real",
        tuple(f"{CITYLEARN}{number}" for number in range(1, 9)),
        (
            Block(_SEASONS, _SIZES_KWH, but=_SIDE | _PEERS),
            Block(_SEASONS, tariffs=("dynamic",), but=_SIDE | _PEERS),
            Block(_YEAR, tariffs=("own", "dynamic"), but=_SIDE | _PEERS | {"lp_weekday", "recent"}),
            Block(_SEASONS, forecasts=("none", "perfect"), policies=_FEW | {"daytype", "lp_plan"}),
            Block(_SEASONS, (3.2, 13.5), ("dynamic",), policies=_FEW | {"timer"}),
            Block(_SEASONS, policies=_SIDE),
            Block(_SEASONS[1::2], policies=_PEERS),
        ),
    ),
}


def suite_named(name: str) -> Suite:
    """A suite.

    Raises:
        SettingsError: there is none of that name.
    """
    if name == _SCENARIOS:
        return scenario_suite()
    if name not in SUITES:
        raise SettingsError(f"suite {name!r} is not known: use one of {', '.join(SUITES)}, {_SCENARIOS}, or --home")
    return SUITES[name]


def shortened(suite: Suite, days: int | None) -> Suite:
    """The same suite with windows of at most so many days, for a model that takes minutes for an answer."""
    if days is None:
        return suite
    blocks = tuple(
        replace(block, windows=tuple((first, min(days, length)) for first, length in block.windows))
        for block in suite.blocks
    )
    return replace(suite, blocks=blocks)


def decision_policies(model: str) -> tuple[str, ...]:
    """Who sits the exam on a language model's decisions: it three times, and those it is held against."""
    return ("none", "greedy", "threshold", "planner", "oracle", *(f"{kind}:{model}" for kind in KINDS))


def scenario_suite() -> Suite:
    """Every scenario's house on its own days, with its own battery, tariff and forecast."""
    blocks = tuple(_scenario_block(f"{SCENARIO}{name}", scenario) for name, scenario in all_scenarios().items())
    return Suite(_SCENARIOS, tuple(f"{SCENARIO}{name}" for name in scenario_names()), blocks)


def _scenario_block(home: str, scenario: Scenario) -> Block:
    days = -(-scenario.play.hours // 24)
    capacity_kwh = history_of(HistorySource(), home).home.battery.capacity_kwh
    window = ((scenario.play.first_day, days),)
    return Block(window, (capacity_kwh,), policies=_SIMULATED, homes=(home,))


def home_suite(
    history: History,
    *,
    window_days: int = 28,
    past_days: int = 28,
    first_days: Sequence[date] = (),
    batteries_kwh: Sequence[float] = (),
    tariffs: Sequence[Tariff] = (),
) -> Suite:
    """A suite of one home: consecutive windows over all it has, after the first days, or those that begin as given.

    Battery and tariff are its own unless others are given.

    Raises:
        SettingsError: there is no room for a window, or a day to begin with that the home does not have.
    """
    last = history.days[-1].day
    starts = first_days or [record.day for record in history.days[past_days::window_days]]
    usable = tuple((day, window_days) for day in starts if (last - day).days + 1 >= window_days)
    if first_days and (missing := [day for day in first_days if day < history.days[0].day or day not in dict(usable)]):
        raise SettingsError(
            f"no window of {window_days} days begins on {missing[0]}: "
            f"{history.home.name!r} has days from {history.days[0].day} to {last}",
        )
    if not usable:
        raise SettingsError(
            f"{history.home.name!r} has {len(history.days)} days: the exam needs {past_days + window_days} or more",
        )
    block = Block(usable, tuple(batteries_kwh) or (history.home.battery.capacity_kwh,), tuple(tariffs) or ("own",))
    return Suite(history.home.name, (history.home.name,), (block,), step_minutes=history.step // timedelta(minutes=1))
