"""A house always uses something: a "use" that is often nothing is what a meter bought."""

from collections.abc import Iterable, Mapping

import numpy as np

from energy.errors import UnclearError
from ingest.history.files.cells.powers import Slots, slot_means
from ingest.history.files.table.columns import Meaning
from ingest.history.files.table.options import column_option
from ingest.history.files.table.sheet import Sheet
from knowledge.days import Floats

# Of a house that uses something around the clock; a counter of whole 0.1 kWh shows no less.
_MOST_IDLE, _IDLE_KW, _COARSE_KW, _WHOLE = 0.15, 0.003, 0.09, 0.05


def idle_house(sheet: Sheet, read: Iterable[Meaning], series: Mapping[str, Floats], slots: Slots) -> tuple[str, ...]:
    """What to tell of a use that is often nothing: a house always uses something, but a meter's import has such hours.

    Raises:
        UnclearError: nobody said that the column is what the house used.
    """
    loads = [one for one in read if one.role == "load"]
    if not loads or (idle := _share_of_nothing(series["load"], slots)) < _MOST_IDLE:
        return ()
    names = {one.role: sheet.names[one.column] for one in read}
    told = f"column {names['load']!r} is nothing in {idle:.0%} of the hours, and a house always uses something"
    if loads[0].sure:
        return (f"{told}: check that it is not what was bought",)
    bought = [f"import={names['load']}", *([f"export={names['pv']}"] if "pv" in names else [])]
    options = [column_option(*one.split("=", 1)) for one in bought]
    raise UnclearError(
        f"{sheet.path}: {told}: it looks like a meter's, so say {' '.join(options)}; if it is right, say "
        f"{column_option('load', names['load'])}",
        option="column",
        choices=(" and ".join(bought), f"load={names['load']}"),
    )


def _share_of_nothing(power_kw: Floats, slots: Slots) -> float:
    """Share of the hours in which nothing flows; of a coarse counter, which shows nothing for long, 0."""
    moments_s = slots.start_s + np.arange(slots.count, dtype=np.int64) * slots.step_s
    hourly = slot_means(power_kw, moments_s, Slots(slots.start_s, 3600, -(-slots.count * slots.step_s // 3600)))
    known = hourly[~np.isnan(hourly)]
    some = known[known > _IDLE_KW]
    return float((known <= _IDLE_KW).mean()) if len(some) and not _is_coarse(some) else 0.0


def _is_coarse(power_kw: Floats) -> bool:
    """Whether hours are whole numbers of a large step."""
    steps = power_kw / power_kw.min()
    return bool(power_kw.min() > _COARSE_KW and (np.abs(steps - np.round(steps)) < _WHOLE).mean() > 1 - _WHOLE)
