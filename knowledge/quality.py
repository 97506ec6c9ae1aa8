"""Whether a stored day may serve as an example for another one, and if not, why."""

from collections import Counter
from collections.abc import Iterable
from datetime import timedelta
from typing import Literal

import numpy as np

from energy.home import Home
from energy.slots import hours
from knowledge.days import DayRecord, Floats, is_complete, profile

Flaw = Literal["gaps", "a flat line", "sun at night", "before the move"]

# A meter that shows the same value for so long, to the watt, is stuck: a quiet house still has a refrigerator. Recorded
# homes do stand at zero for half a day.
_STUCK_HOURS, _DEAD_HOURS = 10.0, 20.0
_SAME_KW = 1e-3
# Local hours that are dark wherever most people live, and how much PV in them shows a clock that is wrong.
_DARK = slice(0, 3)
_NIGHT_SHARE = 0.05
_HOUR = timedelta(hours=1)


def flaw(record: DayRecord, home: Home) -> Flaw | None:
    """Why a day is no example; None if it is one."""
    if home.known_since is not None and record.day < home.known_since:
        return "before the move"
    if not is_complete(record):
        return "gaps"
    if _is_stuck(record.load_kw, hours(record.step)):
        return "a flat line"
    return "sun at night" if _is_sunny_at_night(record, home) else None


def is_example(record: DayRecord, home: Home) -> bool:
    """Whether a day may serve as an example."""
    return flaw(record, home) is None


def flaws(records: Iterable[DayRecord], home: Home) -> dict[str, int]:
    """How many days are no example, by reason."""
    return dict(Counter(found for record in records if (found := flaw(record, home)) is not None))


def _is_stuck(load_kw: Floats, step_hours: float) -> bool:
    """Whether a meter's line is flat for hours on end; unknown values are not."""
    changes = np.flatnonzero(~(np.abs(np.diff(load_kw)) < _SAME_KW))
    edges = np.concatenate([[-1], changes, [len(load_kw) - 1]])
    lasted_h, level_kw = np.diff(edges) * step_hours, load_kw[edges[1:]]
    most_h = np.where(level_kw > _SAME_KW, _STUCK_HOURS, _DEAD_HOURS)
    return bool((lasted_h > most_h).any())


def _is_sunny_at_night(record: DayRecord, home: Home) -> bool:
    """Whether the panels gave power in the dead of night: the clock of that day was wrong."""
    night_kw = profile(record, record.pv_kw, zone=home.tz, step=_HOUR)[_DARK]
    known = night_kw[~np.isnan(night_kw)]
    return bool(len(known) and known.mean() > _NIGHT_SHARE * home.pv_peak_kw)
