"""Solar production in the middle of the night: the clock of a file is another one than the home's."""

from collections.abc import Mapping
from datetime import datetime

import numpy as np

from energy.errors import UnclearError
from energy.home import Home
from ingest.history.files.cells.powers import Slots
from ingest.history.files.table.sheet import Sheet
from knowledge.days import Floats

# Between these hours of the wall clock little is produced anywhere, in the far north in June either.
_FROM_HOUR, _TO_HOUR = 23, 3
_NOON_FROM, _NOON_TO = 10, 16
_MOST_SHARE, _SAMPLE = 0.1, 5000


def refuse_night_sun(sheet: Sheet, series: Mapping[str, Floats], slots: Slots, home: Home) -> None:
    """Ask for a file's clock where its sun shines at night.

    Raises:
        UnclearError: much of the solar production lies in the middle of the home's night.
    """
    pv_kw = np.nan_to_num(series["pv"]) if "pv" in series else np.zeros(slots.count)
    lit = np.flatnonzero(pv_kw > 0)
    if not len(lit):
        return
    some = lit[:: max(len(lit) // _SAMPLE, 1)]
    starts_s = (slots.start_s + some * slots.step_s).tolist()
    hours = np.array([datetime.fromtimestamp(start, tz=home.tz).hour for start in starts_s])
    of_total = pv_kw[some] / pv_kw[some].sum()
    night = float(of_total[(hours >= _FROM_HOUR) | (hours < _TO_HOUR)].sum())
    noon = float(of_total[(hours >= _NOON_FROM) & (hours < _NOON_TO)].sum())
    if night > max(_MOST_SHARE, noon):
        raise UnclearError(
            f"{sheet.path}: {night:.0%} of the solar production is between {_FROM_HOUR}:00 and {_TO_HOUR}:00 in "
            f"{home.zone}: the file's clock is another one: say --zone UTC, or its zone",
            option="zone",
        )
