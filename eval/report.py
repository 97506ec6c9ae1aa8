"""The exam's report: one page with figures that are read at a glance, and the same tables as Markdown."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import mean, median

from energy.errors import DataError
from eval import pictures
from eval.metrics import LEAST_SAVING, Graded, Setting, by_policy, grade, paired, setting, shares
from eval.page import Section, Table, html, markdown
from eval.records import Record, read

_TITLE = "Energy Advisor: the exam"
_WORST = 5
_NOTHING = "-"
_COLUMNS = (
    "policy",
    "n",
    "bill in 28 d",
    "saved",
    "share",
    "worst … best",
    "self-sufficient",
    "cycles a day",
    "changes a day",
)


def write_report(records: Path, out: Path) -> tuple[Path, Path]:
    """Grade every record of a folder and write `report.html` and `report.md` into `out`.

    Raises:
        DataError: the folder holds no record.
    """
    paths = sorted(records.glob("*.zip"))
    if not paths:
        raise DataError(f"no records in {str(records)!r}: run advisor eval run first")
    found = {path: read(path) for path in paths}
    sections = report(
        [record for record in found.values() if record is not None],
        damaged=[path.name for path, record in found.items() if record is None],
    )
    out.mkdir(parents=True, exist_ok=True)
    page, text = out / "report.html", out / "report.md"
    page.write_text(html(_TITLE, sections), encoding="utf-8")
    text.write_text(markdown(_TITLE, sections), encoding="utf-8")
    return page, text


def report(records: Sequence[Record], *, damaged: Sequence[str] = ()) -> list[Section]:
    """All sections; figures show the setting with the most cells, tables all settings."""
    by_setting: dict[Setting, list[Graded]] = defaultdict(list)
    for one in grade(records):
        by_setting[setting(one.cell)].append(one)
    sections: list[Section] = []
    if by_setting:
        main = max(by_setting, key=lambda at: len(by_setting[at]))
        sections += [*_main_setting(main, by_setting[main]), _all_settings(by_setting), _worst(by_setting)]
    return [*sections, _not_counted(records, damaged), _what_ran(records), _how_to_read()]


def _what_ran(records: Sequence[Record]) -> Section:
    cells = [record.outcome.cell for record in records]
    statuses = Counter(record.outcome.status for record in records)
    versions = {f"{name} {version}" for record in records for name, version in record.outcome.versions.items()}
    told = [
        f"{len(cells)} cells: " + ", ".join(f"{n} {status.replace('_', ' ')}" for status, n in statuses.most_common()),
        f"Homes: {', '.join(sorted({cell.home for cell in cells}))}",
        f"Policies: {', '.join(sorted({cell.policy for cell in cells}))}",
    ]
    if versions:
        told.append(f"Versions: {', '.join(sorted(versions))}")
    return Section("What was run", tuple(told))


def _main_setting(main: Setting, graded: Sequence[Graded]) -> list[Section]:
    same = paired(graded) or graded
    groups = by_policy(same)
    told = [f"Setting: {_named(main)}.", _headline(groups)]
    if not paired(graded):
        told.append("No window was finished by every policy: the means below compare different windows.")
    table = Table(
        (
            "policy",
            "n",
            "bill in 28 d",
            "saved",
            "share",
            "worst … best",
            "self-sufficient",
            "cycles a day",
            "changes a day",
        ),
        tuple(_row(name, cells, groups.get("none", ())) for name, cells in groups.items()),
    )
    where = [drawing for drawing in (pictures.homes(graded), pictures.months(graded)) if drawing]
    habits = [drawing for drawing in (pictures.calm(graded), pictures.latency(graded)) if drawing]
    day = pictures.winter_day(graded)
    return [
        Section("Who pays what", (*told, table, pictures.ladder(same))),
        Section("Where it is won", tuple(where) or ("No window has enough to win for a share to mean anything.",)),
        Section("A winter day", (day,) if day else ("No winter day that planner, greedy and oracle all finished.",)),
        Section("Calm and quick", tuple(habits)),
    ]


def _headline(groups: Mapping[str, Sequence[Graded]]) -> str:
    """The advisor beside plain self-consumption, in one sentence."""
    found = {name: shares(groups.get(name, ())) for name in ("planner", "greedy")}
    if not all(found.values()):
        return "No window has planner, greedy, none and oracle together with enough to win."
    told = "; ".join(f"{name} {median(values):.0%} (worst {min(values):.0%})" for name, values in found.items())
    return f"Share of what perfect foresight saves, median of {len(found['planner'])} windows: {told}."


def _row(policy: str, cells: Sequence[Graded], none: Sequence[Graded]) -> tuple[str, ...]:
    found, cost = shares(cells), mean(one.cost_in_28_days for one in cells)
    return (
        policy,
        str(len(cells)),
        f"{cost:.2f}",
        f"{mean(one.cost_in_28_days for one in none) - cost:.2f}" if none else _NOTHING,
        f"{median(found):.1%}" if found else _NOTHING,
        f"{min(found):.0%} … {max(found):.0%}" if found else _NOTHING,
        f"{mean(one.ledger.self_sufficiency for one in cells):.0%}",
        f"{mean(one.ledger.cycles / one.cell.days for one in cells):.2f}",
        f"{mean(one.mode_changes_a_day for one in cells):.1f}",
    )


def _all_settings(by_setting: Mapping[Setting, Sequence[Graded]]) -> Section:
    policies = [name for name in by_policy(one for cells in by_setting.values() for one in cells) if name != "none"]
    rows = []
    for at in sorted(by_setting):
        groups = by_policy(by_setting[at])
        found = [shares(groups.get(name, ())) for name in policies]
        rows.append(
            (_named(at), str(max(map(len, found))), *(f"{median(one):.0%}" if one else _NOTHING for one in found))
        )
    told = "Median share of the bound's saving; n is the number of windows with enough to win."
    return Section("Every setting", (told, Table(("setting", "n", *policies), tuple(rows))))


def _worst(by_setting: Mapping[Setting, Sequence[Graded]]) -> Section:
    """Where the advisor did worst, whatever the setting."""
    cells = [one for cells in by_setting.values() for one in cells]
    ranked = sorted((one for one in cells if one.cell.policy == "planner" and one.share is not None), key=_share)
    rows = tuple(
        (f"{one.cell.home} from {one.cell.first_day}", _named(setting(one.cell)), f"{_share(one):.1%}")
        for one in ranked[:_WORST]
    )
    if not rows:
        return Section("Worst windows of the planner", ("The planner has no window with a share.",))
    return Section("Worst windows of the planner", (Table(("window", "setting", "share"), rows, words=2),))


def _share(one: Graded) -> float:
    return 0.0 if one.share is None else one.share


def _not_counted(records: Sequence[Record], damaged: Sequence[str]) -> Section:
    """Cells without a result, those that failed for the same reason on the same window in one row."""
    policies: dict[tuple[str, str, str], list[str]] = defaultdict(list)
    for outcome in (record.outcome for record in records if record.outcome.status != "done"):
        at = f"{outcome.cell.home} from {outcome.cell.first_day}, {outcome.cell.days} days"
        policies[at, outcome.status.replace("_", " "), outcome.detail or _NOTHING].append(outcome.cell.policy)
    rows = [
        (at, status, ", ".join(f"{name} ({n})" for name, n in Counter(names).items()), why)
        for (at, status, why), names in policies.items()
    ]
    rows += [(name, "damaged", _NOTHING, "cannot be read; the next run does it again") for name in damaged]
    if not rows:
        return Section("What did not count", ("Every cell finished.",))
    table = Table(("window or file", "status", "policies (cells)", "why"), tuple(rows), words=4)
    return Section("What did not count", (table,))


def _how_to_read() -> Section:
    return Section(
        "How to read this",
        (
            "Bill: import less export at the meter, less the worth of what was left in the battery against the start.",
            "Bound (oracle): one linear programme that knows the whole window in advance; nobody can do better.",
            "Share: saving against the home without a battery, over the bound's.",
            f"A window in which the bound saves less than {LEAST_SAVING:g} in 28 days has no share.",
            "Means and the ladder use only windows that every policy finished.",
        ),
    )


def _named(at: Setting) -> str:
    suite, days, battery_kwh, tariff, forecast, step_minutes = at
    return f"{suite}, {days} days, {battery_kwh:g} kWh, {tariff}, forecast {forecast}, {step_minutes} min"
