"""A house always uses something: a "use" that is often nothing is what a meter bought."""

from collections.abc import Iterable, Mapping

import numpy as np

from energy.errors import UnclearError
from ingest.history.files.cells.powers import Slots, hourly_means
from ingest.history.files.table.columns import Meaning
from ingest.history.files.table.options import column_option
from ingest.history.files.table.sheet import Sheet
from knowledge.days import Floats

# Of a house that uses something around the clock; a counter of whole 0.1 kWh shows no less.
_MOST_IDLE, _IDLE_KW, _COARSE_KW, _WHOLE = 0.15, 0.003, 0.09, 0.05
_SUN_KW, _LEAST_HOURS = 0.05, 5


def idle_house(sheet: Sheet, read: Iterable[Meaning], series: Mapping[str, Floats], slots: Slots) -> tuple[str, ...]:
    """What to tell of a use that is often nothing: a house always uses something, but a meter's import has such hours.

    Raises:
        UnclearError: nobody said that the column is what the house used.
    """
    loads = [one for one in read if one.role == "load"]
    if not loads or "load" not in series or (idle := _share_of_nothing(series, slots)) < _MOST_IDLE:
        return ()
    names = {role: [sheet.names[one.column] for one in read if one.role == role] for role in ("load", "pv")}
    when = "the hours with sun" if names["pv"] else "the hours"
    told = f"column {names['load'][0]!r} is nothing in {idle:.0%} of {when}, and a house always uses something"
    if loads[0].sure:
        return (f"{told}: check that it is not what was bought",)
    bought = [("import", name) for name in names["load"]] + [("export", name) for name in names["pv"]]
    used = [("load", name) for name in names["load"]]
    raise UnclearError(
        f"{sheet.path}: {told}: it looks like a meter's, so say {_options(bought)}; if it is right, say "
        f"{_options(used)}",
        option="column",
        choices=tuple(" and ".join(f"{role}={name}" for role, name in roles) for roles in (bought, used)),
    )


def _options(roles: Iterable[tuple[str, str]]) -> str:
    return " ".join(column_option(role, name) for role, name in roles)


def _share_of_nothing(series: Mapping[str, Floats], slots: Slots) -> float:
    """Share of the hours, of those with sun where it is known, in which nothing is used; of a coarse counter 0."""
    load, pv = (
        hourly_means(series[role], slots, from_s=slots.start_s) if role in series else None for role in ("load", "pv")
    )
    assert load is not None  # noqa: S101 (who asks has one)
    some = load[load > _IDLE_KW]
    if not len(some) or _is_coarse(some):
        return 0.0
    sunny = ~np.isnan(load) & (np.nan_to_num(pv) > _SUN_KW) if pv is not None else ~np.isnan(load)
    return float((load[sunny] <= _IDLE_KW).mean()) if sunny.sum() >= _LEAST_HOURS else 0.0


def _is_coarse(power_kw: Floats) -> bool:
    """Whether hours are whole numbers of a large step."""
    steps = power_kw / power_kw.min()
    return bool(power_kw.min() > _COARSE_KW and (np.abs(steps - np.round(steps)) < _WHOLE).mean() > 1 - _WHOLE)
