from datetime import date
from pathlib import Path

import pytest

from eval.bills import rule_windows
from eval.bills.families import family_savings, family_specs
from eval.bills.rule_contracts import rules
from eval.bills.rule_report import rule_results, rule_section
from eval.bills.rule_windows import RuleCase, RuleMonth, cases, play_case, play_cases, read_cases
from eval.report.page import markdown
from eval.sweep.sweep import SerialSweep


def month(home: str, without: float, with_rule: float) -> RuleMonth:
    costs = {"none": 50.0, "greedy": 45.0, "without": without, "with": with_rule, "bound": 30.0}
    return RuleMonth(case=RuleCase(home=home, month=date(2025, 2, 1)), costs={"cap": costs}, median_ms={"cap": 9.0})


def test_every_rule_has_at_least_24_windows() -> None:
    whole = [case for case in cases() if not case.within_hour]
    within = [case for case in cases() if case.within_hour]
    assert len(whole) >= 24
    assert len(within) >= 24
    assert len({case.name for case in cases()}) == len(cases())


def test_the_table_shows_the_gain_its_worst_window_and_the_shares_of_the_bound() -> None:
    [found] = rule_results([month("a", 40.0, 36.0), month("b", 40.0, 41.0)])
    assert found.gain.value == pytest.approx(1.5)
    assert (found.worst, found.wins, found.losses, found.windows) == (-1.0, 1, 1, 2)
    assert found.share_with is not None
    assert found.share_with.value == pytest.approx((0.7 + 0.45) / 2)
    text = markdown("Rules", [rule_section([month("a", 40.0, 36.0), month("b", 40.0, 41.0)])])
    assert "-1.00 EUR" in text
    assert "1 / 1" in text


def test_a_case_is_played_once_and_read_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    case = RuleCase(home="a", month=date(2025, 2, 1))
    (tmp_path / case.name).write_text(month("a", 40.0, 36.0).model_dump_json(), encoding="utf-8")
    assert list(play_cases([case], tmp_path, sweep=SerialSweep())) == [(case, False)]
    assert [one.case for one in read_cases(tmp_path)] == [case]


@pytest.mark.slow
def test_no_policy_beats_the_bound_and_a_battery_never_costs(monkeypatch: pytest.MonkeyPatch) -> None:
    short = rule_windows._play

    def three_days(*arguments: object, **options: object) -> object:
        return short(*arguments, **options | {"most_days": 3})  # type: ignore[arg-type]

    monkeypatch.setattr(rule_windows, "_play", three_days)
    played = play_case(RuleCase(home="citylearn-4", month=date(2017, 1, 1)), [rules()["cap"], rules()["peak"]])
    for costs in played.costs.values():
        assert costs["bound"] <= min(costs.values()) + 1e-6
        assert costs["greedy"] <= costs["none"] + 1e-6


def test_the_cap_lessens_what_a_battery_saves() -> None:
    specs = {"3 people": family_specs()["3 people"]}
    [saving] = family_savings(specs, days=120)
    assert 0 < saving.with_cap < saving.without_cap
