"""What planning with each rule earned: a table from the records, with intervals and the worst window."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass

from eval.bills.rule_contracts import Rule, rules
from eval.bills.rule_windows import RuleMonth
from eval.grade.intervals import Estimate, mean_of, median_of
from eval.report.page import Section, Table

# Below this the bound saves too little in a window for a share of it to mean anything, in the contract's currency.
_LEAST_SAVING = 1.0


@dataclass(frozen=True, slots=True)
class RuleResult:
    """One rule over its windows: what planning with it saved against planning without, and shares of the bound."""

    rule: Rule
    windows: int
    gain: Estimate
    worst: float
    wins: int
    losses: int
    share_without: Estimate | None
    share_with: Estimate | None
    against_greedy: Estimate
    median_ms: float

    def figures(self) -> dict[str, object]:
        """The same by name, with the rule's own name and currency in place of its contract."""
        numbers = {name: value for name, value in asdict(self).items() if name != "rule"}
        return {"rule": self.rule.name, "currency": self.rule.contract.currency} | numbers


def rule_results(months: Sequence[RuleMonth]) -> list[RuleResult]:
    """Every rule that has windows."""
    return [found for rule in rules().values() if (found := _result(rule, months)) is not None]


def _result(rule: Rule, months: Sequence[RuleMonth]) -> RuleResult | None:
    played = [month for month in months if rule.name in month.costs]
    gains = [(month.case.home, _gain(month, rule.name, "without")) for month in played]
    gain, greedy = mean_of(gains), mean_of((month.case.home, _gain(month, rule.name, "greedy")) for month in played)
    if gain is None or greedy is None:
        return None
    return RuleResult(
        rule=rule,
        windows=len(played),
        gain=gain,
        worst=min(value for _, value in gains),
        wins=sum(value > 0.005 for _, value in gains),
        losses=sum(value < -0.005 for _, value in gains),
        share_without=median_of(_shares(played, rule.name, "without")),
        share_with=median_of(_shares(played, rule.name, "with")),
        against_greedy=greedy,
        median_ms=sorted(month.median_ms[rule.name] for month in played)[len(played) // 2],
    )


def _gain(month: RuleMonth, rule: str, other: str) -> float:
    return month.costs[rule][other] - month.costs[rule]["with"]


def _shares(months: Sequence[RuleMonth], rule: str, policy: str) -> list[tuple[str, float]]:
    found = []
    for month in months:
        costs = month.costs[rule]
        possible = costs["none"] - costs["bound"]
        if possible >= _LEAST_SAVING:
            found.append((month.case.home, (costs["none"] - costs[policy]) / possible))
    return found


def rule_section(months: Sequence[RuleMonth]) -> Section:
    """The table as a section of a document."""
    headers = (
        "rule",
        "windows",
        "saved by planning with it, mean a window",
        "better / worse",
        "worst window",
        "share of the bound without",
        "share with",
        "against self-consumption",
    )
    rows = tuple(_row(found) for found in rule_results(months))
    return Section("What planning with each rule earned", (Table(headers, rows),))


def _row(found: RuleResult) -> tuple[str, ...]:
    money = found.rule.contract.currency or ""
    return (
        found.rule.title,
        str(found.windows),
        f"{found.gain.text('.2f')} {money}",
        f"{found.wins} / {found.losses}",
        f"{found.worst:.2f} {money}",
        "-" if found.share_without is None else f"{found.share_without.text('.0f', times=100)} %",
        "-" if found.share_with is None else f"{found.share_with.text('.0f', times=100)} %",
        f"{found.against_greedy.text('.2f')} {money}",
    )
