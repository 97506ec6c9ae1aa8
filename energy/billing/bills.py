"""What the same stretch of slots costs under other rules, and at best."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from energy.billing.ledger import Ledger, credit_per_kwh, total
from energy.commands import SELF_CONSUMPTION, Levels
from energy.flows import Flows
from energy.home import Home
from energy.planning.oracle import optimise
from energy.planning.planner import Ensemble, follow
from energy.pricing.tariff import Prices
from energy.rules import no_battery

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Bills:
    """Bills of the same hours, each less the worth of what was left in the battery against the start."""

    none: float
    greedy: float
    advisor: float
    oracle: float
    balance_error_kwh: float
    ledger: Ledger

    @property
    def share_of_oracle(self) -> float | None:
        """Share of the greatest possible saving that was reached; None where there was nothing to save."""
        possible = self.none - self.oracle
        return (self.none - self.advisor) / possible if possible > 0.005 else None


def bills_of(played: Flows, prices: Prices, home: Home, *, hours: float, start_kwh: float) -> Bills:
    """Price played flows, with arrays of shape (slots,), and the same load and PV under every rule.

    Raises:
        DataError: `start_kwh` lies outside the battery's band.
    """
    credit = credit_per_kwh(prices, home.battery)
    load_kw, pv_kw = np.asarray(played.load_kw, np.float64), np.asarray(played.pv_kw, np.float64)

    def cost(flows: Flows, house: Home, before_kwh: float) -> float:
        return net_cost(flows, prices, house, hours=hours, start_kwh=before_kwh, credit=credit)

    day = Ensemble(load_kw[None], pv_kw[None], prices, hours)
    bare = no_battery(home)
    best = optimise(
        load_kw,
        pv_kw,
        prices=prices,
        home=home,
        hours=hours,
        start_kwh=start_kwh,
        end_value_per_kwh=credit,
    )
    ledger = total(played, prices, battery=home.battery, hours=hours, start_kwh=start_kwh)
    return Bills(
        none=cost(greedy_flows(day, bare, 0.0), bare, 0.0),
        greedy=cost(greedy_flows(day, home, start_kwh), home, start_kwh),
        advisor=cost(played, home, start_kwh),
        oracle=best.cost + credit * (start_kwh - home.battery.min_kwh),
        balance_error_kwh=ledger.balance_error_kwh,
        ledger=ledger,
    )


def net_cost(
    flows: Flows, prices: Prices, home: Home, *, hours: float, start_kwh: float, credit: float | None = None
) -> float:
    """The bill of flows, less the worth of what was left in the battery against the start."""
    worth = credit_per_kwh(prices, home.battery) if credit is None else credit
    ledger = total(flows, prices, battery=home.battery, hours=hours, start_kwh=start_kwh)
    return ledger.bill - worth * (float(np.asarray(flows.stored_kwh)[-1]) - start_kwh)


def greedy_flows(day: Ensemble, home: Home, stored_kwh: float) -> Flows:
    """Plain self-consumption through the one scenario of `day`."""
    return flows_under([SELF_CONSUMPTION] * day.load_kw.shape[1], day, home, stored_kwh)


def flows_under(levels: Sequence[Levels], day: Ensemble, home: Home, stored_kwh: float) -> Flows:
    """The one scenario of `day` under one level a slot."""
    steps = follow(levels, day, home, stored_kwh)
    names = Flows.__dataclass_fields__
    return Flows(**{name: np.array([float(np.asarray(getattr(step, name))[0]) for step in steps]) for name in names})
