"""The ablation as tables and one picture: each variant against the retrieval on the same cases."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure

from energy.errors import DataError
from eval.collect.ablation import KNOWING, RETRIEVAL, VARIANTS, WINDOW_DAYS, Case, Result, is_synthetic
from eval.grade.intervals import Estimate, mean_of, text_or_dash
from eval.report.style import INK, SOFT, STYLE

_PER_28_DAYS = 28 / WINDOW_DAYS
_HEAD = (
    "| variant | n | share of the bound's saving, % | worst, % | bill against retrieval, a 28 days | "
    "error of a day's load, % | of an hour's, % | 80 % interval held, % | mode changes a day |\n"
    "|---|--:|--:|--:|--:|--:|--:|--:|--:|\n"
)

_Measure = Callable[[Result], float]


# Of the groups and measures, those that answer.
_DIGEST = (
    ("bill, recorded, dynamic tariff", "recorded, dynamic", "bill"),
    ("bill, recorded, time of use", "recorded, time of use", "bill"),
    ("bill, synthetic homes", "all synthetic homes", "bill"),
    ("error of a day's load, recorded, %", "recorded, dynamic", "day"),
    ("error of a day's load, synthetic, %", "all synthetic homes", "day"),
)


def write_ablation(found: Sequence[Result], folder: Path) -> tuple[Path, Path]:
    """Write the tables as Markdown and the picture as SVG.

    Raises:
        DataError: nothing has been played.
    """
    if not found:
        raise DataError(f"no results in {str(folder)!r}: run `advisor eval ablation` with the wheels first")
    table, picture = folder / "ablation.md", folder / "ablation.svg"
    table.write_text(ablation_table(found), encoding="utf-8")
    ablation_figure(bill_differences(found)).savefig(picture, format="svg", metadata={"Date": None})
    return table, picture


@dataclass(frozen=True, slots=True)
class VariantFigures:
    """A variant on a group of cases; None is what it cannot have: the retrieval is not compared with itself."""

    group: str
    variant: str
    windows: int
    share_of_bound: Estimate | None
    worst_share_of_bound: float | None
    bill_above_retrieval_in_28_days: Estimate | None
    day_load_error_above_retrieval_percent: Estimate | None
    hour_load_error_above_retrieval_percent: Estimate | None
    share_within_80_percent_interval: float | None
    mode_changes_a_day: float


def ablation_figures(found: Sequence[Result]) -> list[VariantFigures]:
    """Every variant in every group.

    Differences are paired: the same home, window and tariff under the variant and under the retrieval. Intervals are
    95 % bootstrap, homes drawn first and windows after. Errors are continuous ranked probability scores, as a
    difference from the retrieval's in per cent: above zero is worse.
    """
    figures: list[VariantFigures] = []
    for group, results in _by_group(found).items():
        base = {one.case: one for one in results if one.variant == RETRIEVAL}
        by_variant = {name: [one for one in results if one.variant == name] for name in VARIANTS}
        figures += [_figures(group, name, mine, base) for name, mine in by_variant.items() if mine]
    return figures


def _figures(group: str, variant: str, mine: Sequence[Result], base: dict[Case, Result]) -> VariantFigures:
    shares = [(one.case.home, one.share) for one in mine if one.share is not None]
    differs, forecasts = variant != RETRIEVAL, variant not in KNOWING
    return VariantFigures(
        group=group,
        variant=variant,
        windows=len(mine),
        share_of_bound=mean_of(shares),
        worst_share_of_bound=min((value for _, value in shares), default=None),
        bill_above_retrieval_in_28_days=bill_difference(mine, base) if differs else None,
        day_load_error_above_retrieval_percent=(
            _ratio(mine, base, lambda one: one.crps_day_kwh) if differs and forecasts else None
        ),
        hour_load_error_above_retrieval_percent=(
            _ratio(mine, base, lambda one: one.crps_hour_kw) if differs and forecasts else None
        ),
        share_within_80_percent_interval=float(np.mean([one.covered for one in mine])) if forecasts else None,
        mode_changes_a_day=float(np.mean([one.mode_changes_a_day for one in mine])),
    )


def ablation_table(found: Sequence[Result]) -> str:
    """One table for each group of cases."""
    groups: dict[str, list[VariantFigures]] = defaultdict(list)
    for one in ablation_figures(found):
        groups[one.group].append(one)
    parts = []
    for group, rows in groups.items():
        windows = sum(one.windows for one in rows if one.variant == RETRIEVAL)
        parts.append(f"**{group}** ({windows} windows of {WINDOW_DAYS} days)\n\n{_HEAD}" + "".join(map(_row, rows)))
    return "\n".join(parts)


def ablation_digest(found: Sequence[Result]) -> str:
    """One table of what each variant costs more than the retrieval in 28 days, and how much worse it forecasts."""
    figures = {(one.group, one.variant): one for one in ablation_figures(found)}
    shown = [(head, group, of) for head, group, of in _DIGEST if any(known == group for known, _ in figures)]
    lines = [f"| variant | {' | '.join(head for head, _, _ in shown)} |", f"|---|{'--:|' * len(shown)}"]
    for variant in VARIANTS[1:]:
        cells = [_difference(figures.get((group, variant)), of) for _, group, of in shown]
        lines.append(f"| {variant} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def _difference(one: VariantFigures | None, of: str) -> str:
    if one is None:
        return "-"
    if of == "bill":
        return text_or_dash(one.bill_above_retrieval_in_28_days, "+.2f")
    return text_or_dash(one.day_load_error_above_retrieval_percent, "+.1f")


def _row(one: VariantFigures) -> str:
    cells = (
        one.variant,
        str(one.windows),
        "-" if one.share_of_bound is None else one.share_of_bound.text(times=100),
        "-" if one.worst_share_of_bound is None else f"{100 * one.worst_share_of_bound:.1f}",
        text_or_dash(one.bill_above_retrieval_in_28_days, "+.2f"),
        text_or_dash(one.day_load_error_above_retrieval_percent, "+.1f"),
        text_or_dash(one.hour_load_error_above_retrieval_percent, "+.1f"),
        "-" if one.share_within_80_percent_interval is None else f"{100 * one.share_within_80_percent_interval:.0f}",
        f"{one.mode_changes_a_day:.1f}",
    )
    return f"| {' | '.join(cells)} |\n"


def bill_difference(mine: Sequence[Result], base: dict[Case, Result]) -> Estimate | None:
    """Mean of what a variant costs more than the retrieval, paired, in 28 days."""
    return mean_of((_place(one), (one.cost - base[one.case].cost) * _PER_28_DAYS) for one in mine if one.case in base)


def _ratio(mine: Sequence[Result], base: dict[Case, Result], of: _Measure) -> Estimate | None:
    """Mean error against the retrieval's in per cent, paired."""
    return mean_of((_place(one), 100 * (of(one) / of(base[one.case]) - 1)) for one in mine if one.case in base)


def _place(one: Result) -> str:
    return f"{one.case.home} {one.case.seed}"


def _by_group(found: Sequence[Result]) -> dict[str, list[Result]]:
    groups: dict[str, list[Result]] = defaultdict(list)
    for one in found:
        groups[one.case.group].append(one)
        if is_synthetic(one.case):
            groups["all synthetic homes"].append(one)
    return dict(sorted(groups.items(), key=lambda item: (not item[0].startswith("recorded,"), len(item[0]), item[0])))


def bill_differences(found: Sequence[Result]) -> dict[str, dict[str, Estimate]]:
    """What each variant costs more than the retrieval, by group and variant."""
    differences: dict[str, dict[str, Estimate]] = defaultdict(dict)
    for one in ablation_figures(found):
        more = one.bill_above_retrieval_in_28_days
        differences[one.group].update({} if more is None else {one.variant: more})
    return differences


def ablation_figure(differences: Mapping[str, Mapping[str, Estimate]]) -> Figure:
    """What each variant costs more than the retrieval, with its interval, one panel for each group."""
    columns = 2
    rows = -(-len(differences) // columns)
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(10, 3.1 * rows), layout="constrained")
        panels = figure.subplots(rows, columns, squeeze=False).ravel()
        for panel, (group, estimates) in zip(panels, differences.items(), strict=False):
            names = list(estimates)[::-1]
            for place, name in enumerate(names):
                estimate = estimates[name]
                clear = estimate.low > 0 or estimate.high < 0
                panel.plot([estimate.low, estimate.high], [place, place], color=INK if clear else SOFT, lw=2)
                panel.plot(estimate.value, place, "o", color=INK if clear else SOFT, ms=5)
            panel.axvline(0, color=SOFT, lw=0.8)
            panel.set_yticks(range(len(names)), names, fontsize=8)
            panel.set_title(group, fontsize=10, loc="left")
            panel.set_xlabel("more expensive than retrieval, in 28 days", fontsize=8)
        for panel in panels[len(differences) :]:
            panel.set_visible(False)
    return figure
