import json
import re
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from energy.errors import DataError
from eval.collect.homes import HistorySource, history_of
from eval.grade import records
from eval.grade.metrics import price
from eval.grade.records import Cell, CellOutcome, Record, Series
from eval.grade.stretches import by_day, by_month
from eval.report.report import mark_of, refresh, refresh_digest, setting_figures, write_report
from eval.report.similar_plot import similar_to

JANUARY, JUNE = date(2017, 1, 1), date(2017, 6, 15)
# What each policy shifts from the night (0.2 a kWh) to the evening (0.5): 1.8 a day for each kW.
SHIFTED_KW = {"none": 0.0, "greedy": 0.5, "planner": 0.9, "oracle": 1.0}


def cell(policy: str, home: str = "home-1", first: date = JANUARY, days: int = 28) -> Cell:
    return Cell(
        suite="smoke",
        policy=policy,
        home=home,
        first_day=first,
        days=days,
        battery_kwh=6,
        tariff="own",
        forecast="midnight",
    )


def played(policy: str, *, shifted_kw: float | None = None, home: str = "home-1", first: date = JANUARY) -> Record:
    shifted_kw = SHIFTED_KW[policy] if shifted_kw is None else shifted_kw
    start = datetime.combine(first, datetime.min.time(), tzinfo=UTC)
    hour = np.arange(28 * 24) % 24
    evening, night = hour >= 18, hour < 6
    load_kw, taken_kw, given_kw = np.where(evening, 2.0, 1.0), night * shifted_kw, evening * shifted_kw
    series = Series(
        start_s=np.array([int((start + timedelta(hours=at)).timestamp()) for at in range(len(hour))]),
        load_kw=load_kw,
        pv_kw=np.zeros(len(hour)),
        charge_kw=taken_kw,
        discharge_kw=given_kw,
        grid_import_kw=load_kw + taken_kw - given_kw,
        grid_export_kw=np.zeros(len(hour)),
        curtailed_kw=np.zeros(len(hour)),
        stored_kwh=np.cumsum(taken_kw - given_kw).clip(0),
        import_price=np.where(evening, 0.5, 0.2),
        export_price=np.zeros(len(hour)),
        mode=np.where(taken_kw > 0, 2, 0),
        decision_ms=np.full(len(hour), 3.0 if policy == "planner" else np.nan),
    )
    return Record(CellOutcome(cell=cell(policy, home, first), status="done", usable_kwh=6, versions={"x": "1"}), series)


def reported(folder: Path, exam: Sequence[Record]) -> tuple[str, str]:
    for record in exam:
        records.write(record, folder / "records")
    page, text = write_report(folder / "records", folder / "out")
    return page.read_text(encoding="utf-8"), text.read_text(encoding="utf-8")


def test_bills_and_shares_are_those_worked_out_by_hand(tmp_path: Path) -> None:
    _, text = reported(tmp_path, [played(policy) for policy in SHIFTED_KW])
    # 18 h of 1 kW at 0.2 and 6 h of 2 kW at 0.5: 9.60 a day, 268.80 in 28 days; the bound saves 50.40.
    assert "| none | 1 | 268.80 | 0.0 [0.0, 0.0] | 0 … 0 | +25.20 [+25.20, +25.20] |" in text
    assert "| greedy | 1 | 243.60 | 50.0 [50.0, 50.0] | 50 … 50 | +0.00 [+0.00, +0.00] |" in text
    result = "| planner | 1 | 223.44 | 90.0 [90.0, 90.0] | 90 … 90 | -20.16 [-20.16, -20.16] | +5.04 [+5.04, +5.04] |"
    assert result in text
    assert "| planner | 0.0 [0.0, 0.0] | 0.0 [0.0, 0.0] | 0.90 [0.90, 0.90] | 2.0 [2.0, 2.0] |" in text
    assert "| greedy | 1 | +20.16 [+20.16, +20.16] | 1 of 1 |" in text
    assert "planner 90% (worst 90%); greedy 50% (worst 50%)" in text


def test_the_same_figures_have_names(tmp_path: Path) -> None:
    reported(tmp_path, [played(policy) for policy in SHIFTED_KW])
    (found,) = json.loads(json.dumps(setting_figures(tmp_path / "records")))
    assert (found["battery_kwh"], found["tariff"], found["step_minutes"]) == (6, "own", 60)
    by_name = {one["policy"]: one for one in found["policies"]}
    assert by_name["none"]["bill_in_28_days"] == pytest.approx(268.80)
    assert by_name["planner"]["share_of_bound"]["value"] == pytest.approx(0.9)
    assert by_name["planner"]["regret_to_greedy_in_28_days"]["value"] == pytest.approx(-20.16)


def test_the_page_carries_everything_inside_and_follows_light_and_dark(tmp_path: Path) -> None:
    page, _ = reported(tmp_path, [played(policy) for policy in SHIFTED_KW])
    assert page.count("<svg") == page.count('role="img"') == 6
    assert not re.findall(r'(?:src|href)="(?!#)', page)
    assert "<script" not in page
    assert "prefers-color-scheme: dark" in page
    assert "var(--advisor, #0f935f)" in page
    assert re.search(r"home-1 on \w+day, \d\d January 2017", page)


def test_the_same_records_give_the_same_bytes(tmp_path: Path) -> None:
    exam = [played(policy) for policy in SHIFTED_KW]
    assert reported(tmp_path / "first", exam) == reported(tmp_path / "second", exam)


def test_what_failed_is_shown_with_its_reason(tmp_path: Path) -> None:
    exam = [played(policy) for policy in SHIFTED_KW]
    exam += [
        Record(CellOutcome(cell=cell("lp_yesterday"), status="failed", detail="ValueError: <boom>")),
        Record(CellOutcome(cell=cell("planner", "home-2"), status="no_data", detail="no whole day")),
        Record(CellOutcome(cell=cell("recent"), status="timed_out", detail="60 s")),
    ]
    (tmp_path / "records").mkdir()
    (tmp_path / "records" / "torn.zip").write_bytes(b"PK")
    page, text = reported(tmp_path, exam)
    assert "| home-1 from 2017-01-01, 28 days | failed | lp_yesterday (1) | ValueError: <boom> |" in text
    assert "| home-2 from 2017-01-01, 28 days | no data | planner (1) | no whole day |" in text
    assert "| timed out | recent (1) | 60 s |" in text
    assert "| torn.zip | damaged |" in text
    assert "&lt;boom&gt;" in page


def test_means_compare_only_windows_that_every_policy_finished(tmp_path: Path) -> None:
    exam = [played(policy) for policy in SHIFTED_KW]
    exam += [played(policy, home="home-2", shifted_kw=0.1) for policy in SHIFTED_KW if policy != "planner"]
    _, text = reported(tmp_path, exam)
    assert "| greedy | 1 | 243.60 |" in text


def test_a_window_with_little_to_win_has_no_share(tmp_path: Path) -> None:
    exam = [played(policy, shifted_kw=0.05 * kw) for policy, kw in SHIFTED_KW.items()]
    _, text = reported(tmp_path, exam)
    assert "| planner | 1 | 266.53 | - | - | -1.01 [-1.01, -1.01] |" in text
    assert "No window has enough to win" in text


def test_without_a_winter_window_no_day_is_made_up(tmp_path: Path) -> None:
    _, text = reported(tmp_path, [played(policy, first=JUNE) for policy in SHIFTED_KW])
    assert "No winter day" in text


def test_failures_alone_make_a_report_too(tmp_path: Path) -> None:
    _, text = reported(tmp_path, [Record(CellOutcome(cell=cell("planner"), status="failed", detail="boom"))])
    assert "1 cells: 1 failed" in text
    assert "Who pays what" not in text


def test_a_folder_without_records_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="advisor eval run"):
        write_report(tmp_path, tmp_path / "out")


@pytest.mark.parametrize(("zone", "days"), [("UTC", 28), ("Europe/Madrid", 27), ("Etc/GMT+8", 27)])
def test_days_are_whole_local_days(zone: str, days: int) -> None:
    record = played("planner")
    moved = Record(record.outcome.model_copy(update={"zone": zone}), record.series)
    assert len(by_day(moved)) == days


def test_accounts_of_the_parts_add_up_to_the_whole() -> None:
    record = played("planner", first=date(2017, 1, 20))
    assert record.series is not None
    for parts in (by_day(record), by_month(record)):
        costs = [price(part, part.series).cost for part in parts.values() if part.series is not None]
        assert sum(costs) == pytest.approx(price(record, record.series).cost)


def test_who_sat_few_windows_stands_beside_the_others_on_just_those(tmp_path: Path) -> None:
    exam = [played(policy, home=f"home-{home}") for policy in SHIFTED_KW for home in (1, 2, 3)]
    exam.append(played("emhass", shifted_kw=0.7))
    _, text = reported(tmp_path, exam)
    first, fewer = text.split("## On fewer windows")
    assert "| planner | 3 | 223.44 |" in first
    assert "| emhass |" not in first.split("## The planner")[0]
    assert "emhass played 1 of the windows" in fewer
    assert "| emhass | 1 | 233.52 | 70.0 [70.0, 70.0] |" in fewer


def test_verdicts_replies_latency_and_tokens_are_told(tmp_path: Path) -> None:
    asked = played("planner")
    outcome = asked.outcome.model_copy(
        update={
            "cell": cell("advisor:embedded:decide"),
            "verdicts": {"allowed": 670, "rejected": 2},
            "replies": {"chosen": 6, "late": 1, "invalid": 1},
            "reply_s": (1.0, 2.0, 30.0, 2.0, 2.0, 2.0, 2.0, 2.0),
            "tokens": 4000,
            "cpu_s": 12.34,
        },
    )
    exam = [*(played(policy) for policy in SHIFTED_KW), Record(outcome, asked.series)]
    _, text = reported(tmp_path, exam)
    result = (
        "| advisor:embedded:decide | 672 | 3.00 | 3.00 | 12.3 | 670 allowed, 2 rejected | 8 | 2 (25%) | 2.00 | 20.20 |"
    )
    assert f"{result} 500 |" in text


def test_a_document_keeps_its_words_and_gets_new_tables(tmp_path: Path) -> None:
    document = tmp_path / "results.md"
    mark = "<!-- tables: advisor eval report real --into docs/results.md -->"
    document.write_text(f"# Results\n\nAn honest reading.\n\n{mark}\n\nold tables\n")
    refresh(document, "# The exam\n\n## Who pays what\n\nnew tables\n")
    assert document.read_text() == f"# Results\n\nAn honest reading.\n\n{mark}\n\n## Who pays what\n\nnew tables\n"
    document.write_text("# Without a mark\n")
    with pytest.raises(DataError, match="put it where the tables belong"):
        refresh(document, "# The exam\n")
    assert document.read_text() == "# Without a mark\n"


def test_tables_of_two_suites_stand_in_one_document(tmp_path: Path) -> None:
    document = tmp_path / "results.md"
    document.write_text(f"# Results\n{mark_of('forecasts')}\nold\n<!-- end of tables -->\n{mark_of('real')}\nolder\n")
    refresh(document, "## Bills\nnew\n", mark=mark_of("forecasts"))
    refresh(document, "newer\n", mark=mark_of("real"))
    assert document.read_text() == (
        f"# Results\n{mark_of('forecasts')}\n### Bills\nnew\n\n<!-- end of tables -->\n{mark_of('real')}\nnewer\n"
    )


def test_a_document_gets_the_few_tables_that_answer(tmp_path: Path) -> None:
    for policy in SHIFTED_KW:
        records.write(played(policy), tmp_path / "records")
    document = tmp_path / "results.md"
    document.write_text(f"# Results\n\n{mark_of('smoke')}\nold\n<!-- end of tables -->\n\nWhere it loses.\n")
    refresh_digest(tmp_path / "records", document, "smoke")
    shown = document.read_text()
    headings = re.findall(r"^### (.*)$", shown, flags=re.MULTILINE)
    assert headings == ["Who pays what", "Every setting", "Worst windows of the planner"]
    assert "| policy | n | bill in 28 d | share of the bound's saving | worst … best |" in shown
    assert "regret" not in shown
    assert shown.endswith("<!-- end of tables -->\n\nWhere it loses.\n")
    with pytest.raises(DataError, match="run advisor eval run first"):
        refresh_digest(tmp_path / "none", document, "smoke")


def test_the_day_shown_stands_among_the_days_like_it_where_its_home_is_there(tmp_path: Path) -> None:
    for policy in SHIFTED_KW:
        records.write(played(policy, home="citylearn-1"), tmp_path / "records")
    plain, _ = write_report(tmp_path / "records", tmp_path / "plain")
    page, text = write_report(tmp_path / "records", tmp_path / "drawn", source=HistorySource())
    shown = page.read_text(encoding="utf-8")
    assert shown.count("<svg") == plain.read_text(encoding="utf-8").count("<svg") + 1
    result = re.search(r"citylearn-1 on \w+day, (\d\d January 2017)", shown)
    assert result is not None
    day = datetime.strptime(result[1], "%d %B %Y").replace(tzinfo=UTC).date()
    near = similar_to(history_of(HistorySource(), "citylearn-1"), day, 12)
    assert len({one.day for one in near}) == 12
    assert max(one.day for one in near) < day
    assert f"Nearest: {near[0].day} ({near[0].why}); {near[1].day}" in shown
    assert text.read_text(encoding="utf-8") == (tmp_path / "plain" / "report.md").read_text(encoding="utf-8")


def test_a_home_that_nobody_has_any_more_is_told_and_the_report_is_whole(tmp_path: Path) -> None:
    for policy in SHIFTED_KW:
        records.write(played(policy), tmp_path / "records")
    page, text = write_report(tmp_path / "records", tmp_path / "out", source=HistorySource())
    assert page.read_text(encoding="utf-8").count("<svg") == 6
    assert "The days like it cannot be drawn: home 'home-1' is not known" in text.read_text(encoding="utf-8")
