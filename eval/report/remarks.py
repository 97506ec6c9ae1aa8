"""What remarks are worth, as a table: each variant against the three fixed words on the same homes and windows."""

from collections.abc import Callable, Sequence

from eval.grade.intervals import Estimate, mean_of
from eval.remarks.playing import PERFECT, VARIANTS, WINDOW_DAYS, WORDS, RemarkCase, RemarkResult

_HEAD = (
    "| variant | n | bill against the three words, a 28 days | error of a day's load, % | of a day with remarks, % | "
    "of an hour's, % | days a remark changed |\n|---|--:|--:|--:|--:|--:|--:|\n"
)


def remark_table(found: Sequence[RemarkResult]) -> str:
    """Paired differences with 95 % bootstrap intervals; above zero is more expensive, or a worse forecast."""
    base = {one.case: one for one in found if one.variant == WORDS}
    return _HEAD + "".join(
        _row(name, mine, base) for name in VARIANTS if (mine := [one for one in found if one.variant == name])
    )


def _row(variant: str, mine: Sequence[RemarkResult], base: dict[RemarkCase, RemarkResult]) -> str:
    changed = sum(one.days_changed for one in mine)
    if variant == WORDS:
        return f"| {variant} | {len(mine)} | - | - | - | - | - |\n"
    bill = mean_of((_home(one), (one.cost - base[one.case].cost) * 28 / WINDOW_DAYS) for one in mine)
    errors: tuple[Callable[[RemarkResult], float], ...] = (
        lambda one: one.crps_day_kwh,
        lambda one: one.remarked_crps_day_kwh or 0.0,
        lambda one: one.crps_hour_kw,
    )
    cells = ["-"] * 3 if variant == PERFECT else [_percent(mine, base, of) for of in errors]
    return f"| {variant} | {len(mine)} | {_in_words(bill, '+.2f')} | {' | '.join(cells)} | {changed} |\n"


def _percent(
    mine: Sequence[RemarkResult], base: dict[RemarkCase, RemarkResult], of: Callable[[RemarkResult], float]
) -> str:
    pairs = [(one, of(base[one.case])) for one in mine]
    return _in_words(mean_of((_home(one), 100 * (of(one) / theirs - 1)) for one, theirs in pairs if theirs), "+.1f")


def _in_words(estimate: Estimate | None, form: str) -> str:
    return "-" if estimate is None else estimate.text(form)


def _home(one: RemarkResult) -> str:
    return f"{one.case.home} {one.case.seed}"
