"""A day among the past days most like it: its load and sun, and theirs, hour by hour."""

from collections.abc import Sequence
from datetime import date, timedelta

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from energy.home import Home
from eval.report.style import COLOURS, STYLE, WIDTH_IN, legend_above
from ingest.history.table import History
from knowledge.days import DayRecord, Floats, profile
from knowledge.embedder import TextEmbedder
from knowledge.fingerprint import foreseen
from knowledge.similar import FingerprintTable, SimilarDay

_HOUR = timedelta(hours=1)


def similar_to(history: History, day: date, count: int) -> list[SimilarDay]:
    """The `count` days before `day` most like it, as they are known when it begins; none if it is not on record."""
    record = next((record for record in history.days if record.day == day), None)
    if record is None:
        return []
    table = FingerprintTable(history.home, history.days, embed=TextEmbedder())
    return table.rank(day, count, expected=foreseen(record))


def among(history: History, day: date, near: Sequence[date]) -> Figure:
    """Load and solar of a day (bold) over those of its similar days (thin), in kW by hour of the wall clock."""
    records = {record.day: record for record in history.days}
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(WIDTH_IN, 3.6), layout="constrained")
        house, solar = figure.subplots(2, sharex=True)
        for axes, name, role in ((house, "load_kw", "load"), (solar, "pv_kw", "solar")):
            others = [_hourly(records[one], name, history.home) for one in near]
            _draw(axes, _hourly(records[day], name, history.home), others, role)
        house.set_ylabel("house kW")
        solar.set_ylabel("solar kW")
        solar.set_xlim(0, 24)
        solar.set_xticks(range(0, 25, 4), [f"{hour:02}:00" for hour in range(0, 25, 4)])
        legend_above(figure)
    return figure


def _draw(axes: Axes, today_kw: Floats, others_kw: Sequence[Floats], role: str) -> None:
    """Labels only where the legend takes them from: the first panel."""
    edges = np.arange(25)
    named = role == "load"
    for at, other_kw in enumerate(others_kw):
        label = "its similar days" if named and at == 0 else None
        axes.stairs(other_kw, edges, color=COLOURS["other"][0], lw=0.9, baseline=None, label=label)
    axes.stairs(today_kw, edges, color=COLOURS[role][0], lw=2.2, baseline=None, label="the day" if named else None)
    axes.set_ylim(bottom=0)


def _hourly(record: DayRecord, name: str, home: Home) -> Floats:
    return profile(record, getattr(record, name), zone=home.tz, step=_HOUR)
