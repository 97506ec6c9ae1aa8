"""What remarks are worth, as a table: each variant against the three fixed words on the same homes and windows."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from eval.grade.intervals import Estimate, mean_of, text_or_dash
from eval.remarks.playing import PERFECT, VARIANTS, WINDOW_DAYS, WORDS, RemarkCase, RemarkResult

_HEAD = (
    "| variant | n | bill against the three words, a 28 days | error of a day's load, % | of a day with remarks, % | "
    "of an hour's, % | days a remark changed |\n|---|--:|--:|--:|--:|--:|--:|\n"
)


@dataclass(frozen=True, slots=True)
class RemarkFigures:
    """A variant beside the three words; None is what it cannot have, such as an error where the load is known."""

    variant: str
    windows: int
    bill_above_words_in_28_days: Estimate | None
    day_load_error_above_words_percent: Estimate | None
    remarked_day_load_error_above_words_percent: Estimate | None
    hour_load_error_above_words_percent: Estimate | None
    days_changed: int


def remark_figures(found: Sequence[RemarkResult]) -> list[RemarkFigures]:
    """Paired differences with 95 % bootstrap intervals; above zero is more expensive, or a worse forecast."""
    base = {one.case: one for one in found if one.variant == WORDS}
    by_variant = {name: [one for one in found if one.variant == name] for name in VARIANTS}
    return [_figures(name, mine, base) for name, mine in by_variant.items() if mine]


def remark_table(found: Sequence[RemarkResult]) -> str:
    """The same as a table of Markdown."""
    return _HEAD + "".join(map(_row, remark_figures(found)))


def _figures(variant: str, mine: Sequence[RemarkResult], base: dict[RemarkCase, RemarkResult]) -> RemarkFigures:
    differs, forecasts = variant != WORDS, variant not in (WORDS, PERFECT)
    bill = mean_of((_home(one), (one.cost - base[one.case].cost) * 28 / WINDOW_DAYS) for one in mine)
    return RemarkFigures(
        variant,
        len(mine),
        bill if differs else None,
        _percent(mine, base, lambda one: one.crps_day_kwh) if forecasts else None,
        _percent(mine, base, lambda one: one.remarked_crps_day_kwh or 0.0) if forecasts else None,
        _percent(mine, base, lambda one: one.crps_hour_kw) if forecasts else None,
        sum(one.days_changed for one in mine),
    )


def _row(one: RemarkFigures) -> str:
    errors = (
        one.day_load_error_above_words_percent,
        one.remarked_day_load_error_above_words_percent,
        one.hour_load_error_above_words_percent,
    )
    cells = [text_or_dash(one.bill_above_words_in_28_days, "+.2f"), *(text_or_dash(error, "+.1f") for error in errors)]
    changed = "-" if one.variant == WORDS else str(one.days_changed)
    return f"| {one.variant} | {one.windows} | {' | '.join(cells)} | {changed} |\n"


def _percent(
    mine: Sequence[RemarkResult], base: dict[RemarkCase, RemarkResult], of: Callable[[RemarkResult], float]
) -> Estimate | None:
    pairs = [(one, of(base[one.case])) for one in mine]
    return mean_of((_home(one), 100 * (of(one) / theirs - 1)) for one, theirs in pairs if theirs)


def _home(one: RemarkResult) -> str:
    return f"{one.case.home} {one.case.seed}"
