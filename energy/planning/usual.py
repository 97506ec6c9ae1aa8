"""Past days of the season as the rules of a bill count them, under plain self-consumption."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from energy.commands import SELF_CONSUMPTION
from energy.home import Home
from energy.planning.account import BarePrices, bare_prices, register_name
from energy.planning.planner import Ensemble, follow
from energy.planning.under_rules import UsualDay, least_peak_kw
from energy.pricing.contract import Contract
from energy.pricing.metering import groups
from energy.pricing.series import Floats, Prices
from energy.slots import DAY

# The days before that stand for what is left of a month.
SEASON_DAYS = 28


@dataclass(frozen=True, slots=True, eq=False)
class PastDay:
    """Slots of a local day that is over, with load and PV of shape (slots,) in kW; no slot is unknown."""

    day: date
    starts: Sequence[datetime]
    load_kw: Floats
    pv_kw: Floats


class Season:
    """The weeks before a day; each of their days is counted once, with what the day before left in the battery."""

    def __init__(self, home: Home) -> None:
        self._stored_kwh = home.battery.min_kwh
        self._known: dict[date, list[UsualDay]] = {}

    def before(self, today: date, days: Iterable[PastDay], home: Home) -> tuple[UsualDay, ...]:
        """The usual days of the four weeks before `today`, of those days that are given or were."""
        first = today - SEASON_DAYS * DAY
        self._known = {day: found for day, found in self._known.items() if first <= day < today}
        for past in days:
            if first <= past.day < today and past.day not in self._known:
                self._known[past.day], self._stored_kwh = usual_days(
                    past.starts, past.load_kw, past.pv_kw, home, start_kwh=self._stored_kwh
                )
        return tuple(one for day in sorted(self._known) for one in self._known[day])


def usual_days(
    starts: Sequence[datetime],
    load_kw: Floats,
    pv_kw: Floats,
    home: Home,
    *,
    start_kwh: float,
) -> tuple[list[UsualDay], float]:
    """One entry for each local day of slots of shape (slots,), and what is stored after them."""
    contract = home.tariff
    if not isinstance(contract, Contract) or len(starts) < 2:
        return [], start_kwh
    step = starts[1] - starts[0]
    hours = step / timedelta(hours=1)
    nothing = Prices(np.zeros(len(starts)), np.zeros(len(starts)))
    steps = follow(
        [SELF_CONSUMPTION] * len(starts),
        Ensemble(load_kw[None], pv_kw[None], nothing, hours),
        home,
        start_kwh,
    )
    imported = np.array([float(np.asarray(flow.grid_import_kw)[0]) for flow in steps]) * hours
    exported = np.array([float(np.asarray(flow.grid_export_kw)[0]) for flow in steps]) * hours
    bare = bare_prices(contract, starts, home.tz)
    days = [start.astimezone(home.tz).date() for start in starts]
    group = groups(starts, contract, days)
    net = np.bincount(group, imported - exported)[group] / np.bincount(group)[group]
    numbers = np.unique([day.toordinal() for day in days], return_inverse=True)[1]
    found = []
    for number in range(int(numbers.max()) + 1):
        here = numbers == number
        found.append(
            UsualDay(
                earned=float((np.maximum(-net, 0) * bare.credit)[here].sum()),
                cap=float((np.maximum(net, 0) * bare.capped)[here].sum()),
                peak_kw=least_peak_kw(load_kw[here] - pv_kw[here], home, hours) if contract.peaks else 0.0,
                registers=_registers(bare, np.flatnonzero(here), imported - exported),
            )
        )
    return found, float(np.asarray(steps[-1].stored_kwh)[0])


def _registers(bare: BarePrices, slots: NDArray[np.intp], net_kwh: Floats) -> dict[str, float]:
    """Import less export on each register over some slots."""
    found: dict[str, float] = {}
    for term in bare.registers:
        for slot in slots.tolist():
            name = register_name(term, slot)
            found[name] = found.get(name, 0.0) + float(net_kwh[slot])
    return found
