"""What stored energy is worth when a window ends: exactly what it would save over the days that follow."""

from dataclasses import dataclass

import numpy as np

from energy.billing.ledger import credit_per_kwh
from energy.home import Home
from energy.planning.billed_oracle import optimise_bill
from energy.planning.oracle import Optimum, optimise
from energy.planning.planner import Ensemble, cost_to_go, end_value_per_kwh
from energy.pricing.tariff import Contract, Prices
from eval.collect.playing import Stretch
from knowledge.days import Floats

# Days after a window in which what is left in the battery may be used.
DAYS_AFTER = 2


@dataclass(frozen=True, slots=True)
class TerminalValue:
    """Worth of stored energy at the end of a window: points of a line, from an empty band to a full one."""

    stored_kwh: tuple[float, ...]
    value: tuple[float, ...]

    def value_of(self, stored_kwh: Floats) -> float:
        """Worth of what is stored at the end of a course of shape (slots,)."""
        return float(np.interp(stored_kwh[-1], self.stored_kwh, self.value))


def terminal_value(home: Home, window: Stretch, after: Stretch | None) -> TerminalValue:
    """Least cost of the days after a window, known in advance, as a function of what they begin with.

    Without such days, or under a contract whose bill ends with the window, a stored kWh is worth the cheapest price of
    the window: what it would have cost.
    """
    battery = home.battery
    if after is None or (isinstance(home.tariff, Contract) and home.tariff.has_rules):
        full = battery.usable_kwh * credit_per_kwh(window.prices, battery)
        return TerminalValue((battery.min_kwh, battery.min_kwh + battery.usable_kwh), (0.0, full))
    known = Ensemble(after.load_kw[None], after.pv_kw[None], after.prices, after.hours)
    future = cost_to_go(known, home)[0]
    lengths_kwh, saved = future.lengths_kwh[0], -future.lengths_kwh[0] * future.slopes_per_kwh[0]
    return TerminalValue(
        tuple((battery.min_kwh + np.concatenate([[0.0], np.cumsum(lengths_kwh)])).tolist()),
        tuple(np.concatenate([[0.0], np.cumsum(saved)]).tolist()),
    )


def bound(home: Home, window: Stretch, after: Stretch | None) -> Optimum:
    """The cheapest operation of a window that is known in advance, with the days after it in view.

    Under a contract with rules it is cheapest by the bill of the window itself.
    """
    if isinstance(home.tariff, Contract) and home.tariff.has_rules:
        return optimise_bill(
            window.load_kw,
            window.pv_kw,
            starts=window.starts,
            home=home,
            start_kwh=home.battery.min_kwh,
            end_value_per_kwh=credit_per_kwh(window.prices, home.battery),
        )
    whole = window if after is None else _joined(window, after)
    value = credit_per_kwh(window.prices, home.battery) if after is None else end_value_per_kwh(after.prices, home)
    best = optimise(
        whole.load_kw,
        whole.pv_kw,
        prices=whole.prices,
        home=home,
        hours=window.hours,
        start_kwh=home.battery.min_kwh,
        end_value_per_kwh=value,
    )
    slots = len(window.starts)
    return Optimum(best.cost, best.charge_kw[:slots], best.discharge_kw[:slots], best.stored_kwh[:slots])


def _joined(window: Stretch, after: Stretch) -> Stretch:
    prices = Prices(
        np.concatenate([window.prices.import_per_kwh, after.prices.import_per_kwh]),
        np.concatenate([window.prices.export_per_kwh, after.prices.export_per_kwh]),
    )
    return Stretch(
        days=(*window.days, *after.days),
        starts=[*window.starts, *after.starts],
        load_kw=np.concatenate([window.load_kw, after.load_kw]),
        pv_kw=np.concatenate([window.pv_kw, after.pv_kw]),
        prices=prices,
        hours=window.hours,
    )
