"""What a meter counted, as a contract counts it: energies of one interval netted, and the peaks of days."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from energy.pricing.contract import Contract
from energy.pricing.periods import places, table
from energy.pricing.rules import INTERVAL_SECONDS, Peak
from energy.pricing.series import Floats, seconds
from energy.pricing.terms import TermPrices

_QUARTER = timedelta(minutes=15)


@dataclass(frozen=True, slots=True, eq=False)
class MeterReadings:
    """Energy through the meter in slots of one length; NaN where the meter is not known. Arrays of shape (slots,)."""

    starts: Sequence[datetime]
    import_kwh: Floats
    export_kwh: Floats
    step: timedelta

    def part(self, kept: NDArray[np.bool_]) -> "MeterReadings":
        """Some of the slots."""
        starts = [start for start, here in zip(self.starts, kept, strict=True) if here]
        return MeterReadings(starts, self.import_kwh[kept], self.export_kwh[kept], self.step)


@dataclass(frozen=True, slots=True, eq=False)
class Netted:
    """Energy as it is priced: one entry for each netting interval, or for each slot where nothing is netted."""

    days: list[date]
    import_kwh: Floats
    export_kwh: Floats
    cancelled_kwh: Floats
    imports: tuple[TermPrices, ...]
    exports: tuple[TermPrices, ...]


def groups(starts: Sequence[datetime], contract: Contract, days: Sequence[date]) -> NDArray[np.int64]:
    """Which netting interval each slot belongs to, counted from 0."""
    at = seconds(starts)
    lengths = {day: INTERVAL_SECONDS.get(contract.netting_on(day).interval, 1) for day in set(days)}
    length = np.array([lengths[day] for day in days], dtype=np.int64)
    return np.asarray(np.unique(at // length * length, return_inverse=True)[1], dtype=np.int64)


def netted(metered: MeterReadings, contract: Contract, zone: ZoneInfo) -> Netted:
    """Net energies of each interval, with the mean price of its slots."""
    days = [start.astimezone(zone).date() for start in metered.starts]
    group = groups(metered.starts, contract, days)
    count = int(group.max(initial=-1)) + 1
    imported = np.bincount(group, metered.import_kwh, count)
    exported = np.bincount(group, metered.export_kwh, count)
    same = count == len(group)
    cancelled = np.zeros(count) if same else np.minimum(imported, exported)
    first = np.unique(group, return_index=True)[1]
    bare = contract.slot_prices(_fine(metered), zone)

    def grouped(term: TermPrices) -> TermPrices:
        pieces = len(term.per_kwh) // max(len(group), 1)
        by_piece = np.repeat(group, pieces)
        parts = np.bincount(by_piece, minlength=count)
        mean = np.bincount(by_piece, term.per_kwh, count) / np.maximum(parts, 1)
        expected = np.bincount(by_piece, term.expected, count) > 0
        return TermPrices(term.name, mean, term.period[:: max(pieces, 1)][first], expected)

    return Netted(
        days=[days[at] for at in first],
        import_kwh=imported - cancelled,
        export_kwh=exported - cancelled,
        cancelled_kwh=cancelled,
        imports=tuple(grouped(term) for term in bare.imports),
        exports=tuple(grouped(term) for term in bare.exports),
    )


def _fine(metered: MeterReadings) -> list[datetime]:
    """Slots of an hour by their quarters, so that borders within them count."""
    pieces = max(metered.step // _QUARTER, 1) if metered.step <= timedelta(hours=1) else 1
    return [start + piece * _QUARTER for start in metered.starts for piece in range(pieces)]


def day_peaks(metered: MeterReadings, peak: Peak, zone: ZoneInfo) -> dict[date, float]:
    """Highest import of each local day in kW, by the peak's interval and within its windows."""
    local = [start.astimezone(zone) for start in metered.starts]
    inside = np.ones(len(local), dtype=bool)
    if peak.windows:
        inside = table(peak.windows)[places(local, peak.holidays)] >= 0
    length = max(INTERVAL_SECONDS[peak.interval], int(metered.step.total_seconds()))
    at = seconds(metered.starts) // length
    found: dict[date, float] = {}
    if not len(at):
        return found
    _, first, group = np.unique(at, return_index=True, return_inverse=True)
    powers = np.bincount(group, np.where(inside, metered.import_kwh, 0.0)) / (length / 3600)
    for index, power in zip(first, powers, strict=True):
        day = local[index].date()
        found[day] = max(found.get(day, 0.0), float(power))
    return found


def month_peak(days: dict[date, float], peak: Peak) -> float:
    """The peak of a month from those of its days: the mean of the highest."""
    highest = sorted(days.values(), reverse=True)[: peak.mean_of_days]
    return float(np.mean(highest)) if highest else 0.0
