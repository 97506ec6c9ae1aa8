"""The local day so far: its finished slots, and its bill beside plain self-consumption and the bound."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

import numpy as np

from agent.decision.controls import Acting
from agent.views.schemas import Bill, DecisionLine, MeasuredSlot, Today
from agent.views.service_state import ServiceState
from energy.billing.bills import bills_of, flows_under, net_cost
from energy.commands import SELF_CONSUMPTION
from energy.flows import Flows
from energy.home import Home
from energy.planning.planner import Ensemble
from energy.pricing.tariff import Prices
from energy.slots import DAY, day_bounds, hours, local_day
from ingest.live.meter import MeteredSlot
from ingest.live.metered import measured_flows


class TodayView:
    """The day so far, worked out once for each decision."""

    def __init__(self) -> None:
        self._known: tuple[Sequence[MeteredSlot], Today | None] | None = None

    def of(self, shown: ServiceState, decisions: Callable[[datetime], Sequence[DecisionLine]]) -> Today | None:
        """The day; `decisions` gives those since a moment, newest first."""
        known = self._known
        # Slots are measured anew at each decision, and never changed.
        if known is None or known[0] is not shown.measured:
            since = shown.measured[0].start - DAY if shown.measured else shown.started
            known = self._known = (shown.measured, today(shown, decisions(since)))
        return known[1]


def today(shown: ServiceState, decisions: Sequence[DecisionLine]) -> Today | None:
    """The day so far, with the mode in force in each slot; `decisions` are newest first. None without a clock.

    Raises:
        DataError: the tariff has no price for a slot that is over.
    """
    if shown.now is None:
        return None
    home, step = shown.home, shown.step
    day = local_day(shown.now, home.tz)
    first, _ = day_bounds(day, home.tz)
    slots = [slot for slot in shown.measured if first <= slot.start < shown.now]
    if not slots:
        return Today(day=day, slots=(), bill=None)
    before = next((slot for slot in shown.measured if slot.start == slots[0].start - step), None)
    prices = home.tariff.prices([slot.start for slot in slots], home.tz)
    flows, start_kwh = measured_flows(slots, home, step=step, before=before)
    return Today(
        day=day,
        slots=tuple(_slot(slot, at, flows, prices, _mode(slot, step, decisions)) for at, slot in enumerate(slots)),
        bill=_bill(flows, prices, home, hours=hours(step), start_kwh=start_kwh, metered=_is_metered(slots)).model_copy(
            update={
                "advised": _advised(flows, prices, shown, start_kwh, [_in_force(one, step, decisions) for one in slots])
            }
        ),
    )


def _advised(
    flows: Flows, prices: Prices, shown: ServiceState, start_kwh: float, advice: Sequence[DecisionLine | None]
) -> float | None:
    """What the same slots would have cost under the advice; None where the advisor commands or no advice was given."""
    if shown.acting is not Acting.ADVISE or not any(advice):
        return None
    home, slot_hours = shown.home, hours(shown.step)
    levels = [line.levels if line and line.levels else SELF_CONSUMPTION for line in advice]
    day = Ensemble(np.asarray(flows.load_kw)[None], np.asarray(flows.pv_kw)[None], prices, slot_hours)
    inside_kwh = _inside(start_kwh, home)
    advised = flows_under(levels, day, home, inside_kwh)
    return net_cost(advised, prices, home, hours=slot_hours, start_kwh=inside_kwh)


def _in_force(slot: MeteredSlot, step: timedelta, decisions: Sequence[DecisionLine]) -> DecisionLine | None:
    """The last decision before the slot's end; an older one than a day says nothing."""
    newest = next((line for line in decisions if line.at < slot.start + step), None)
    return newest if newest and slot.start - newest.at < timedelta(days=1) else None


def _mode(slot: MeteredSlot, step: timedelta, decisions: Sequence[DecisionLine]) -> str | None:
    newest = _in_force(slot, step, decisions)
    return newest.mode if newest else None


def _is_metered(slots: Sequence[MeteredSlot]) -> bool:
    return all(slot.grid_import_kw is not None for slot in slots)


def _slot(slot: MeteredSlot, at: int, flows: Flows, prices: Prices, mode: str | None) -> MeasuredSlot:
    grid = np.asarray(flows.grid_import_kw)[at] - np.asarray(flows.grid_export_kw)[at]
    battery = np.asarray(flows.discharge_kw)[at] - np.asarray(flows.charge_kw)[at]
    return MeasuredSlot(
        start=slot.start,
        load_kw=round(slot.whole_load_kw, 4),
        pv_kw=round(slot.pv_kw, 4),
        grid_kw=round(float(grid), 4),
        battery_kw=round(float(battery), 4),
        soc=slot.soc,
        pv_forecast_kw=slot.pv_forecast_kw,
        import_price=float(prices.import_per_kwh[at]),
        export_price=float(prices.export_per_kwh[at]),
        mode=mode,
    )


def _bill(flows: Flows, prices: Prices, home: Home, *, hours: float, start_kwh: float, metered: bool) -> Bill:
    bills = bills_of(flows, prices, home, hours=hours, start_kwh=_inside(start_kwh, home))
    return Bill(
        none=bills.none,
        greedy=bills.greedy,
        advisor=bills.advisor,
        bound=bills.oracle,
        metered=metered,
        load_kwh=bills.ledger.load_kwh,
        pv_kwh=bills.ledger.pv_kwh,
        import_kwh=bills.ledger.import_kwh,
        export_kwh=bills.ledger.export_kwh,
    )


def _inside(stored_kwh: float, home: Home) -> float:
    """A measured charge may lie a little outside the band that a plan must start in."""
    return min(max(stored_kwh, home.battery.min_kwh), home.battery.max_kwh)
