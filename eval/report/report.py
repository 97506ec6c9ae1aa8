"""The exam's report: one page with figures that are read at a glance, and the same tables as Markdown."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

from energy.errors import DataError
from eval.collect.homes import HistorySource
from eval.grade.metrics import LEAST_SAVING, Graded, Setting, by_policy, everywhere, grade, paired, setting, window
from eval.grade.records import Record, read
from eval.report import pictures, tables
from eval.report.page import Drawing, Section, Table, html, markdown

_TITLE = "Energy Advisor: the exam"
MARK = "<!-- tables: advisor eval report real --into docs/results.md -->\n"
_END_MARK = "<!-- end of tables -->\n"
ABLATION_MARK = "<!-- tables: advisor eval ablation --into docs/retrieval.md -->\n"
REMARKS_MARK = "<!-- table: advisor eval remarks --into docs/retrieval.md -->\n"
_BESIDE = ("none", "greedy", "timer", "lp_yesterday", "planner", "oracle")
# What a document shows of the tables; the report has all columns.
_MONEY = ("policy", "n", "bill in 28 d", "share of the bound's saving", "worst … best")
_SHARES = ("setting", "n", "greedy", "timer", "emhass", "lp_yesterday", "planner")
_DUELS = "Mean over the windows that both finished; below zero the rival is the cheaper."
_DECISIONS = (
    "Time to the next slot's command, on the machine that collected and beside whatever else it did. "
    "CPU seconds are those of our process; a peer's own process comes on top."
)


def write_report(records: Path, out: Path, *, source: HistorySource | None = None) -> tuple[Path, Path]:
    """Grade every record of a folder and write `report.html` and `report.md` into `out`.

    Records hold no past days: those like the day shown are drawn where `source` has its home.

    Raises:
        DataError: the folder holds no record.
    """
    found = _read(records)
    sections = report(
        [record for record in found.values() if record is not None],
        damaged=[path.name for path, record in found.items() if record is None],
        source=source,
    )
    out.mkdir(parents=True, exist_ok=True)
    page, text = out / "report.html", out / "report.md"
    page.write_text(html(_TITLE, sections), encoding="utf-8")
    text.write_text(markdown(_TITLE, sections), encoding="utf-8")
    return page, text


def refresh_digest(records: Path, document: Path, suite: str) -> None:
    """Put the tables that answer, without the others of the report, where a document has its place for a suite.

    Raises:
        DataError: the folder holds no record, or the document has no such place.
    """
    found = [record for record in _read(records).values() if record is not None]
    refresh(document, markdown(_TITLE, digest(found)), mark=mark_of(suite))


def setting_figures(records: Path) -> list[dict[str, object]]:
    """What each policy costs in each setting of a folder's records, by name.

    Raises:
        DataError: the folder holds no record.
    """
    by_setting = _by_setting([record for record in _read(records).values() if record is not None])
    names = ("suite", "days", "battery_kwh", "tariff", "forecast", "step_minutes")
    return [
        dict(zip(names, at, strict=True))
        | {"policies": [asdict(one) for one in tables.policy_money(by_policy(by_setting[at]))]}
        for at in sorted(by_setting)
    ]


def _read(records: Path) -> dict[Path, Record | None]:
    paths = sorted(records.glob("*.zip"))
    if not paths:
        raise DataError(f"no records in {str(records)!r}: run advisor eval run first")
    return {path: read(path) for path in paths}


def mark_of(suite: str) -> str:
    """The line of a document after which the tables of a suite stand."""
    return MARK.replace("real", suite)


def refresh(document: Path, text: str, *, mark: str = MARK) -> None:
    """Put the tables of a report after the line of a document that says where they go, up to its end or an end line.

    Raises:
        DataError: the document has no such line.
    """
    before, found, after = document.read_text(encoding="utf-8").partition(mark)
    if not found:
        raise DataError(f"{str(document)!r} has no line {mark.strip()!r}: put it where the tables belong")
    tables_alone = text.partition("\n")[2].lstrip() if text.startswith("# ") else text
    _, end, rest = after.partition(_END_MARK)
    kept = f"\n{end}{rest}" if end else ""
    if end:
        # Tables within a document stand below the heading that they belong to.
        tables_alone = tables_alone.replace("## ", "### ")
    document.write_text(f"{before}{found}\n{tables_alone}{kept}", encoding="utf-8")


def digest(records: Sequence[Record]) -> list[Section]:
    """What a reader of a document needs: who pays what where most was played, every setting, the worst windows."""
    by_setting = _by_setting(records)
    if not by_setting:
        return []
    main = max(by_setting, key=lambda at: len(by_setting[at]))
    most = everywhere(by_setting[main])
    money = tables.money(by_policy(paired(most) or most)).only(*_MONEY)
    every, worst = _all(by_setting)
    return [
        Section("Who pays what", (f"Setting: {tables.named(main)}.", money)),
        *(_narrow(section, _MONEY) for section in _on_fewer_windows(by_setting[main])),
        _narrow(every, _SHARES),
        worst,
    ]


def _narrow(section: Section, headers: Sequence[str]) -> Section:
    parts = (part.only(*headers) if isinstance(part, Table) else part for part in section.parts)
    return Section(section.title, tuple(parts))


def _by_setting(records: Sequence[Record]) -> dict[Setting, list[Graded]]:
    found: dict[Setting, list[Graded]] = defaultdict(list)
    for one in grade(records):
        found[setting(one.cell)].append(one)
    return found


def report(
    records: Sequence[Record], *, damaged: Sequence[str] = (), source: HistorySource | None = None
) -> list[Section]:
    """All sections; figures show the setting with the most cells, tables all settings."""
    by_setting = _by_setting(records)
    sections: list[Section] = []
    if by_setting:
        main = max(by_setting, key=lambda at: len(by_setting[at]))
        sections += [*_main_setting(main, by_setting[main], source), *_all(by_setting)]
    return [*sections, _not_counted(records, damaged), _what_ran(records), _how_to_read()]


def _what_ran(records: Sequence[Record]) -> Section:
    cells = [record.outcome.cell for record in records]
    statuses = Counter(record.outcome.status for record in records)
    versions = {f"{name} {version}" for record in records for name, version in record.outcome.versions.items()}
    lines = [
        f"{len(cells)} cells: " + ", ".join(f"{n} {status.replace('_', ' ')}" for status, n in statuses.most_common()),
        f"Homes: {', '.join(sorted({cell.home for cell in cells}))}",
        f"Policies: {', '.join(sorted({cell.policy for cell in cells}))}",
        f"CPU time of all cells: {sum(record.outcome.cpu_s for record in records) / 60:.1f} min, peers' own aside",
    ]
    if versions:
        lines.append(f"Versions: {', '.join(sorted(versions))}")
    return Section("What was run", tuple(lines))


def _all(by_setting: Mapping[Setting, Sequence[Graded]]) -> list[Section]:
    lead = "Median share of the bound's saving in %, with its interval; n is the number of windows with enough to win."
    worst = tables.worst(by_setting)
    return [
        Section("Every setting", (lead, tables.settings(by_setting))),
        Section("Worst windows of the planner", (worst or "The planner has no window with a share.",)),
    ]


def _main_setting(main: Setting, graded: Sequence[Graded], source: HistorySource | None) -> list[Section]:
    most = everywhere(graded)
    same = paired(most) or most
    groups = by_policy(same)
    lead = [f"Setting: {tables.named(main)}.", tables.headline(groups)]
    if not paired(most):
        lead.append("No window was finished by every policy: the means below compare different windows.")
    where = [drawing for drawing in (pictures.homes(most), pictures.months(most)) if drawing]
    habits = [drawing for drawing in (pictures.calm(most), pictures.latency(graded)) if drawing]
    duels = tables.duels(by_policy(graded))
    return [
        Section("Who pays what", (*lead, tables.money(groups), pictures.ladder(same))),
        Section("The planner against each rival", (_DUELS, duels) if duels else ("The planner has no rival here.",)),
        *_on_fewer_windows(graded),
        Section("Where it is won", tuple(where) or ("No window has enough to win for a share to mean anything.",)),
        Section("A winter day", _winter_day(graded, source)),
        Section("House and battery", (tables.house(groups),)),
        Section("Decisions", (_DECISIONS, tables.decisions(by_policy(graded)), *habits)),
    ]


def _winter_day(graded: Sequence[Graded], source: HistorySource | None) -> tuple[str | Drawing, ...]:
    shown = pictures.winter_day(graded)
    if shown is None:
        return ("No winter day that planner, greedy and oracle all finished.",)
    return (shown.drawing,) if source is None else (shown.drawing, pictures.among_similar(shown, source))


def _on_fewer_windows(graded: Sequence[Graded]) -> list[Section]:
    """Policies that sat some of the windows only, beside the others on just those."""
    most = {one.cell.policy for one in everywhere(graded)}
    few = sorted({one.cell.policy for one in graded} - most)
    sat = set.intersection(
        *({window(one.cell) for one in graded if one.cell.policy == name} for name in few or {""}),
    )
    beside = [one for one in graded if window(one.cell) in sat and one.cell.policy in {*few, *_BESIDE}]
    if not few or not sat:
        return []
    lead = f"{', '.join(few)} played {len(sat)} of the windows; on just those:"
    return [Section("On fewer windows", (lead, tables.money(by_policy(beside))))]


def _not_counted(records: Sequence[Record], damaged: Sequence[str]) -> Section:
    """Cells without a result, those that failed for the same reason on the same window in one row."""
    policies: dict[tuple[str, str, str], list[str]] = defaultdict(list)
    for outcome in (record.outcome for record in records if record.outcome.status != "done"):
        at = f"{outcome.cell.home} from {outcome.cell.first_day}, {outcome.cell.days} days"
        policies[at, outcome.status.replace("_", " "), outcome.detail or tables.NOTHING].append(outcome.cell.policy)
    rows = [
        (at, status, ", ".join(f"{name} ({n})" for name, n in Counter(names).items()), why)
        for (at, status, why), names in policies.items()
    ]
    rows += [(name, "damaged", tables.NOTHING, "cannot be read; the next run does it again") for name in damaged]
    if not rows:
        return Section("What did not count", ("Every cell finished.",))
    table = Table(("window or file", "status", "policies (cells)", "why"), tuple(rows), words=4)
    return Section("What did not count", (table,))


def _how_to_read() -> Section:
    return Section(
        "How to read this",
        (
            "Bill: import less export at the meter, less the value of what was left in the battery against the start.",
            "Bound (oracle): one linear programme that knows the whole window in advance; nobody can do better.",
            "Share: saving against the home without a battery, over the bound's; its median, worst and best.",
            "Regret: what a policy costs more than greedy (self-consumption) or oracle on the same window, in 28 days.",
            "In brackets: 95 % bootstrap intervals; homes are drawn, then windows of each (2,000 draws).",
            f"A window in which the bound saves less than {LEAST_SAVING:g} in 28 days has no share.",
            "Tables of one setting use only windows that every policy in them finished.",
        ),
    )
