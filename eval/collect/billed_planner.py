"""The planner under a contract's rules: it keeps the open bill slot by slot and plans by what that makes of a kWh."""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Protocol

import numpy as np

from energy.commands import Levels
from energy.home import Home
from energy.planning.account import Account, BarePrices, BilledSlot, bare_prices, counted
from energy.planning.planner import Ensemble, best_schedule, cost_to_go
from energy.planning.under_rules import BillSoFar, UsualDay, at_the_margin
from energy.planning.usual import SEASON_DAYS, PastDay, Season
from energy.pricing.tariff import Contract
from energy.slots import DAY, local_day
from eval.collect.playing import Decider, Stretch
from ingest.history.table import History
from knowledge.days import is_complete


class FutureMaker(Protocol):
    """Whoever makes the futures of a slot."""

    def ensemble(self, played: Stretch, at: int) -> Ensemble:
        """The futures when a slot of a stretch begins."""


def by_the_bill(history: History, played: Stretch, planner: FutureMaker) -> Decider:
    """A planner's levels slot by slot; under a contract with rules, by the open bill."""
    bill = PlayedBill(history, history.home, played)
    return lambda at, stored_kwh: bill.levels(planner.ensemble(played, at), at, stored_kwh)[0]


def has_rules(home: Home) -> bool:
    """Whether a home's bill is more than a price for each slot."""
    return isinstance(home.tariff, Contract) and home.tariff.has_rules


class PlayedBill:
    """The bill of a home as it is played: what each slot did is read back from the battery, slot by slot."""

    def __init__(self, history: History, home: Home, played: Stretch) -> None:
        self._home, self._played, self._history = home, played, history
        self._account = Account()
        self._before: tuple[int, float] | None = None
        self._season = Season(home)
        self._usual: tuple[date, tuple[UsualDay, ...]] | None = None
        self._contract = home.tariff if isinstance(home.tariff, Contract) and home.tariff.has_rules else None
        self._bare: BarePrices | None = bare_prices(self._contract, played.starts, home.tz) if self._contract else None

    def levels(self, ensemble: Ensemble, at: int, stored_kwh: float, *, slots: int = 1) -> tuple[Levels, ...]:
        """Levels of a slot and of some after it, given its futures and what is stored when it begins."""
        seen = self.seen(ensemble, at, stored_kwh)
        best = best_schedule(seen, self._home, cost_to_go(seen, self._home), stored_kwh)
        return best[:slots]

    def seen(self, ensemble: Ensemble, at: int, stored_kwh: float) -> Ensemble:
        """The ensemble as the open bill lets it be planned."""
        step, now = timedelta(hours=ensemble.hours), self._played.starts[at]
        starts = [now + slot * step for slot in range(ensemble.load_kw.shape[1])]
        return at_the_margin(ensemble, starts, self._home, self.so_far(at, stored_kwh))

    def so_far(self, at: int, stored_kwh: float) -> BillSoFar | None:
        """The bill as it stands when a slot begins; None where it has no rules."""
        if self._contract is None:
            return None
        self.note(at, stored_kwh)
        today = local_day(self._played.starts[at], self._home.tz)
        if self._usual is None or self._usual[0] != today:
            self._usual = (today, self._season.before(today, self._past_days(today), self._home))
        return BillSoFar(self._account, self._usual[1])

    def note(self, at: int, stored_kwh: float) -> None:
        """The slot before this one, read back from what it did to the battery, goes on the bill."""
        if self._before is not None and self._before[0] == at:
            return
        if self._before is not None and self._contract is not None and self._bare is not None:
            slot, stored_before = self._before
            imported, exported = self._metered(slot, stored_kwh - stored_before)
            step = timedelta(hours=self._played.hours)
            metered = BilledSlot(
                self._played.starts[slot],
                step,
                imported,
                exported,
                float(self._bare.credit[slot]),
                float(self._bare.capped[slot]),
                self._bare.names(slot),
            )
            self._account = counted(self._account, metered, self._contract, self._home.tz)
        self._before = (at, stored_kwh)

    def _metered(self, slot: int, gained_kwh: float) -> tuple[float, float]:
        battery, played = self._home.battery, self._played
        into_kwh = max(gained_kwh, 0) / battery.charge_efficiency - max(-gained_kwh, 0) * battery.discharge_efficiency
        net_kwh = float(played.load_kw[slot] - played.pv_kw[slot]) * played.hours + into_kwh
        return max(net_kwh, 0.0), min(max(-net_kwh, 0.0), self._home.grid.export_limit_kw * played.hours)

    def _past_days(self, today: date) -> Iterator[PastDay]:
        for record in self._history.days:
            if today - SEASON_DAYS * DAY <= record.day < today and is_complete(record):
                starts = [record.start + at * record.step for at in range(len(record.load_kw))]
                yield PastDay(record.day, starts, np.nan_to_num(record.load_kw), np.nan_to_num(record.pv_kw))
