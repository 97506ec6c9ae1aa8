"""The report's tables: money, the house, the decisions, rivals window by window, every setting, the worst windows."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import mean, median

import numpy as np

from eval.grade.intervals import Estimate, mean_of, median_of, text_or_dash
from eval.grade.metrics import Graded, Setting, by_policy, setting, shares, window
from eval.report.page import Table

NOTHING = "-"
_WORST = 3
# What a valid choice becomes; any other outcome of a review is a failure.
_ANSWERED = ("chosen", "overruled")


def named(at: Setting) -> str:
    """A setting in words."""
    _, days, battery_kwh, tariff, forecast, step_minutes = at
    step = "" if step_minutes == 60 else f", {step_minutes} min"
    return f"{days} d, {battery_kwh:g} kWh, {tariff} tariff, forecast {forecast}{step}"


@dataclass(frozen=True, slots=True)
class PolicyMoney:
    """What a policy costs on its windows; a share or a regret is None where nothing is there to hold it against."""

    policy: str
    windows: int
    bill_in_28_days: float
    share_of_bound: Estimate | None
    worst_share_of_bound: float | None
    best_share_of_bound: float | None
    regret_to_greedy_in_28_days: Estimate | None
    regret_to_oracle_in_28_days: Estimate | None


def policy_money(groups: Mapping[str, Sequence[Graded]]) -> list[PolicyMoney]:
    """What each policy costs, and against self-consumption and the bound."""
    return [_money_of(name, cells) for name, cells in groups.items()]


def _money_of(policy: str, cells: Sequence[Graded]) -> PolicyMoney:
    found = shares(cells)
    return PolicyMoney(
        policy=policy,
        windows=len(cells),
        bill_in_28_days=mean(one.cost_in_28_days for one in cells),
        share_of_bound=median_of((one.cell.home, one.share) for one in cells if one.share is not None),
        worst_share_of_bound=min(found, default=None),
        best_share_of_bound=max(found, default=None),
        regret_to_greedy_in_28_days=_regret(cells, "greedy"),
        regret_to_oracle_in_28_days=_regret(cells, "oracle"),
    )


def _regret(cells: Sequence[Graded], rival: str) -> Estimate | None:
    return mean_of((one.cell.home, regret) for one in cells if (regret := one.regret(rival)) is not None)


def money(groups: Mapping[str, Sequence[Graded]]) -> Table:
    """The same as a table."""
    headers = (
        "policy",
        "n",
        "bill in 28 d",
        "share of the bound's saving",
        "worst … best",
        "regret to greedy",
        "regret to oracle",
    )
    return Table(headers, tuple(map(_money_row, policy_money(groups))))


def _money_row(one: PolicyMoney) -> tuple[str, ...]:
    worst, best = one.worst_share_of_bound, one.best_share_of_bound
    return (
        one.policy,
        str(one.windows),
        f"{one.bill_in_28_days:.2f}",
        NOTHING if one.share_of_bound is None else one.share_of_bound.text(times=100),
        NOTHING if worst is None or best is None else f"{100 * worst:.0f} … {100 * best:.0f}",
        text_or_dash(one.regret_to_greedy_in_28_days, "+.2f"),
        text_or_dash(one.regret_to_oracle_in_28_days, "+.2f"),
    )


def house(groups: Mapping[str, Sequence[Graded]]) -> Table:
    """What each policy does to house and battery."""
    headers = ("policy", "self-consumption %", "self-sufficiency %", "cycles a day", "mode changes a day")
    rows = []
    for name, cells in groups.items():
        columns = (
            _mean((one.cell.home, 100 * one.ledger.self_consumption) for one in cells),
            _mean((one.cell.home, 100 * one.ledger.self_sufficiency) for one in cells),
            _mean(((one.cell.home, one.ledger.cycles / one.cell.days) for one in cells), ".2f"),
            _mean((one.cell.home, one.mode_changes_a_day) for one in cells),
        )
        rows.append((name, *columns))
    return Table(headers, tuple(rows))


def _mean(values: Iterable[tuple[str, float]], form: str = ".1f") -> str:
    found = mean_of(values)
    return NOTHING if found is None else found.text(form)


def decisions(groups: Mapping[str, Sequence[Graded]]) -> Table:
    """How long decisions take, what the guard said of them, and how a model answered."""
    headers = (
        "policy",
        "decisions",
        "ms p50",
        "ms p95",
        "CPU s in 28 d",
        "guard and failures",
        "model asked",
        "invalid or late",
        "answer s p50",
        "answer s p95",
        "tokens a call",
    )
    rows = [_decision_row(name, cells) for name, cells in groups.items() if name != "none"]
    return Table(headers, tuple(rows))


def _decision_row(policy: str, cells: Sequence[Graded]) -> tuple[str, ...]:
    outcomes = [one.record.outcome for one in cells]
    verdicts = sum((Counter(outcome.verdicts) for outcome in outcomes), Counter[str]())
    replies = sum((Counter(outcome.replies) for outcome in outcomes), Counter[str]())
    asked = replies.total()
    failed = asked - sum(replies[kind] for kind in _ANSWERED)
    decision_ms = np.concatenate([one.series.decision_ms for one in cells])
    return (
        policy,
        str(int(np.count_nonzero(~np.isnan(decision_ms)))),
        *_quantiles(decision_ms[~np.isnan(decision_ms)]),
        f"{mean(outcome.cpu_s * 28 / outcome.cell.days for outcome in outcomes):.1f}",
        ", ".join(f"{count} {word}" for word, count in verdicts.most_common()) or NOTHING,
        str(asked) if asked else NOTHING,
        f"{failed} ({failed / asked:.0%})" if asked else NOTHING,
        *_quantiles(np.array([seconds for outcome in outcomes for seconds in outcome.reply_s])),
        f"{sum(outcome.tokens for outcome in outcomes) / asked:.0f}" if asked else NOTHING,
    )


def _quantiles(values: "np.ndarray[tuple[int, ...], np.dtype[np.float64]]") -> tuple[str, str]:
    if not len(values):
        return NOTHING, NOTHING
    middle, high = np.quantile(values, [0.5, 0.95])
    return f"{middle:.2f}", f"{high:.2f}"


def duels(groups: Mapping[str, Sequence[Graded]]) -> Table | None:
    """The planner against each rival on the same windows: how much it saves, and how often it is the cheaper."""
    rows = []
    for name, cells in groups.items():
        gaps = [(one.cell.home, regret) for one in cells if (regret := one.regret("planner")) is not None]
        if name in ("none", "oracle", "planner") or not gaps:
            continue
        found = mean_of(gaps)
        won = sum(gap > 0 for _, gap in gaps)
        rows.append((name, str(len(gaps)), NOTHING if found is None else found.text("+.2f"), f"{won} of {len(gaps)}"))
    return Table(("planner against", "n", "saves in 28 d", "cheaper in"), tuple(rows)) if rows else None


def settings(by_setting: Mapping[Setting, Sequence[Graded]]) -> Table:
    """Median share of each policy in every setting, with its interval."""
    names = [name for name in by_policy(one for cells in by_setting.values() for one in cells) if name != "none"]
    rows = []
    for at in sorted(by_setting):
        groups = by_policy(by_setting[at])
        found = [_share_in(groups.get(name, ())) for name in names]
        windows = len({window(one.cell) for one in by_setting[at] if one.share is not None})
        rows.append((named(at), str(windows), *found))
    return Table(("setting", "n", *names), tuple(rows))


def _share_in(cells: Sequence[Graded]) -> str:
    found = median_of((one.cell.home, one.share) for one in cells if one.share is not None)
    return NOTHING if found is None else found.text(".0f", times=100)


def worst(by_setting: Mapping[Setting, Sequence[Graded]]) -> Table | None:
    """Where the planner did worst, with how the simplest rivals did there."""
    cells = [one for found in by_setting.values() for one in found]
    ranked = sorted((one for one in cells if one.cell.policy == "planner" and one.share is not None), key=_share)
    at = {(window(one.cell), one.cell.policy): one for one in cells}
    rivals = ("greedy", "timer", "lp_yesterday")
    rows = []
    for one in ranked[:_WORST]:
        others = [at.get((window(one.cell), rival)) for rival in rivals]
        shares = [f"{100 * _share(other):.1f}" if other is not None else NOTHING for other in (one, *others)]
        rows.append((f"{one.cell.home} from {one.cell.first_day}", named(setting(one.cell)), *shares))
    return Table(("window", "setting", "planner", *rivals), tuple(rows), words=2) if rows else None


def _share(one: Graded) -> float:
    return 0.0 if one.share is None else one.share


def headline(groups: Mapping[str, Sequence[Graded]]) -> str:
    """The advisor beside plain self-consumption, in one sentence."""
    found = {name: shares(groups.get(name, ())) for name in ("planner", "greedy")}
    if not all(found.values()):
        return "No window has planner, greedy, none and oracle together with enough to win."
    cells = "; ".join(f"{name} {median(values):.0%} (worst {min(values):.0%})" for name, values in found.items())
    return f"Share of what perfect foresight saves, median of {len(found['planner'])} windows: {cells}."
