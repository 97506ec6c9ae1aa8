"""Several files become one home: later months are put behind earlier ones, and load follows from the balance."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from math import lcm

import numpy as np

from energy.errors import DataError, UnclearError
from energy.home import Home
from ingest.history.files.cells.powers import Slots, slot_means
from ingest.history.files.reading import FileReading
from ingest.history.files.table.options import Options, column_option
from ingest.history.nights import darkened
from knowledge.days import Floats

# Counters of 0.1 kWh leave a balance a little below nothing.
_NOISE_KW, _MOST_BELOW = 0.3, 0.05
_SAME = 1e-6
# Local hours in which missing solar production is night, wherever people live.
_NIGHT_ENDS, _NIGHT_STARTS = 4, 22


@dataclass(frozen=True, slots=True, eq=False)
class Joined:
    """One home's series in common slots, in kW, and what was done to get them."""

    slots: Slots
    series: dict[str, Floats]
    faults: dict[date, str]
    notes: tuple[str, ...]


def join(readings: Sequence[FileReading], home: Home, options: Options) -> Joined:
    """All files' series in the coarsest of their steps, with load by the balance where it is not measured.

    Raises:
        UnclearError: what the house used or its panels gave does not follow from the files.
        DataError: two files say different things of the same hours, or do not fit together.
    """
    slots = _common(readings)
    series: dict[str, Floats] = {}
    for reading in readings:
        for role, values in reading.series.items():
            more = _resampled(values, reading.slots, slots)
            series[role] = more if role not in series else _merged(series[role], more, role, reading)
    series = _dark_nights(_split_nets(series), slots, home)
    notes = [note for reading in readings for note in reading.notes]
    series, load_notes = _with_load(_with_pv(series, readings, home), readings, home, options)
    faults = {day: why for reading in reversed(readings) for day, why in reading.faults.items()}
    return Joined(slots, series, faults, tuple(dict.fromkeys([*notes, *load_notes])))


def _common(readings: Sequence[FileReading]) -> Slots:
    step_s = lcm(*(reading.slots.step_s for reading in readings))
    if step_s > 3600:
        raise DataError(
            f"the files' steps have no common one of an hour or less ({step_s // 60} min): give one at a time"
        )
    phase = readings[0].slots.start_s % step_s
    start = min((reading.slots.start_s - phase) // step_s * step_s + phase for reading in readings)
    end = max(reading.slots.start_s + reading.slots.count * reading.slots.step_s for reading in readings)
    return Slots(start, step_s, -((start - end) // step_s))


def _resampled(values: Floats, own: Slots, common: Slots) -> Floats:
    return slot_means(values, own.moments_s, common)


def _merged(known: Floats, more: Floats, role: str, reading: FileReading) -> Floats:
    both = ~np.isnan(known) & ~np.isnan(more)
    if (np.abs(known[both] - more[both]) > np.maximum(_SAME, 0.01 * np.abs(known[both]))).sum() > 0.01 * both.sum():
        raise DataError(
            f"{reading.path}: it gives {role} for {int(both.sum())} slots for which another file has other values: "
            f"give each hour once, or say what differs, such as --column {reading.path.name}:none=NAME",
        )
    return np.where(np.isnan(known), more, known)


def _split_nets(series: dict[str, Floats]) -> dict[str, Floats]:
    """Net columns in their two directions: import and discharge are positive."""
    split = dict(series)
    for net, positive, negative in (("grid", "import", "export"), ("battery", "discharge", "charge")):
        if net in split:
            values = split.pop(net)
            split.setdefault(positive, np.where(np.isnan(values), np.nan, np.maximum(values, 0.0)))
            split.setdefault(negative, np.where(np.isnan(values), np.nan, np.maximum(-values, 0.0)))
    return split


def _dark_nights(series: dict[str, Floats], slots: Slots, home: Home) -> dict[str, Floats]:
    """Solar production with what is unknown at night as nothing."""
    if "pv" not in series:
        return series
    start = datetime.fromtimestamp(slots.start_s, tz=UTC)
    pv_kw = darkened(series["pv"], start, slots.step, home, of_file=True)
    for at in np.flatnonzero(np.isnan(pv_kw)).tolist():
        hour = (start + at * slots.step).astimezone(home.tz).hour
        if hour >= _NIGHT_STARTS or hour < _NIGHT_ENDS:
            pv_kw[at] = 0.0
    return series | {"pv": pv_kw}


def _with_pv(series: dict[str, Floats], readings: Sequence[FileReading], home: Home) -> dict[str, Floats]:
    if "pv" in series:
        return series
    if home.pv_peak_kw == 0 and series:
        return series | {"pv": np.zeros_like(next(iter(series.values())))}
    if not series:
        raise UnclearError(
            f"{_names(readings)}: {_what(readings)}: name a column with --column load=NAME:UNIT and, "
            "where the home has panels, --column pv=NAME:UNIT",
            option="column load",
        )
    raise UnclearError(
        f"{_names(readings)}: {_what(readings)} and no solar production, but the home has panels of "
        f"{home.pv_peak_kw:g} kW: "
        "give the inverter's file as well (advisor ingest csv METER.csv INVERTER.csv), or name its column with "
        "--column pv=NAME:UNIT",
        option="column pv",
    )


def _what(readings: Sequence[FileReading]) -> str:
    formats = [reading.format for reading in readings if reading.format]
    roles = sorted({_WORDS.get(one.role, one.role) for reading in readings for one in reading.taken})
    begin = f"this is a file of {formats[0]}; it holds" if formats else "there is"
    silent = [name for reading in readings if not reading.taken for name in reading.unread]
    unknown = f"none of the columns {', '.join(map(repr, silent[:8]))} is known"
    if not roles:
        return f"{unknown}: there is no use of the house"
    return f"{begin} {' and '.join(roles)}" + (f" ({unknown})" if silent else "")


def _unread(readings: Sequence[FileReading]) -> str:
    """The columns of the meter's file that are not read."""
    names = [name for one in readings if "import" in one.series for name in one.unread]
    return f"; not read: {', '.join(map(repr, names[:8]))}" if names else ""


_WORDS = {
    "pv": "solar production",
    "import": "what was bought from the grid",
    "export": "what was sold",
    "load": "what the house used",
}


def _names(readings: Sequence[FileReading]) -> str:
    return ", ".join(str(reading.path) for reading in readings)


def _with_load(
    series: dict[str, Floats], readings: Sequence[FileReading], home: Home, options: Options
) -> tuple[dict[str, Floats], tuple[str, ...]]:
    if "load" in series:
        return series, ()
    if "import" not in series:
        raise UnclearError(
            f"{_names(readings)}: {_what(readings)}, and neither what the house used nor what it bought: name a column "
            "with --column load=NAME:UNIT, or give the meter's file as well",
            option="column load",
        )
    assumed = []
    if "export" not in series:
        if home.pv_peak_kw and home.grid.export_limit_kw and not options.no_export:
            raise UnclearError(
                f"{_names(readings)}: {_what(readings)}, and not what was sold, without which the use of the house is "
                f"not known: give the meter's export as well (--column export=NAME:UNIT{_unread(readings)}), or say "
                "--no-export if nothing is sold",
                option="no-export",
            )
        series = series | {"export": np.zeros_like(series["import"])}
        assumed.append("nothing is taken to be sold")
    has_battery = "charge" in series or "discharge" in series
    if home.battery.capacity_kwh and not has_battery:
        assumed.append("load is solar + import - export: what a battery took or gave then is not in the files")
    return series | {"load": _balance(series, readings)}, tuple(assumed)


def _turned_nets(readings: Sequence[FileReading]) -> str:
    """The nets whose sign may be the wrong way round, with the options that turn them."""
    nets = [one for reading in readings for one in reading.taken if one.role in ("grid", "battery")]
    options = [column_option(one.role, f"-{one.name}") for one in nets]
    return f"a sign may be turned: try {' or '.join(options)}; or " if options else ""


def _balance(series: dict[str, Floats], readings: Sequence[FileReading]) -> Floats:
    """Load = solar + import - export + discharge - charge."""
    nothing = np.zeros_like(series["pv"])
    given = series["pv"] + series["import"] + series.get("discharge", nothing)
    load = given - series["export"] - series.get("charge", nothing)
    known = ~np.isnan(load)
    below = load[known] < -_NOISE_KW
    if not known.any():
        raise DataError(f"{_names(readings)}: the files have no hour in common: give files of the same days")
    if below.mean() > _MOST_BELOW:
        raise DataError(
            f"{_names(readings)}: in {below.mean():.0%} of the time more was sold than panels and grid gave: "
            f"{_turned_nets(readings)}the files' clocks or units do not fit together; try --stamps or --zone, and "
            "check the units",
        )
    return np.where(known & (load < -_NOISE_KW), np.nan, np.maximum(load, 0.0))
