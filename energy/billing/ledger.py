"""The bill and the energy account of a stretch of slots."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from energy.battery import Battery
from energy.flows import Flows
from energy.pricing.tariff import Prices

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Ledger:
    """What a stretch of slots cost and where its energy went; `bill` is at the meter, in the home's currency."""

    bill: float
    load_kwh: float
    pv_kwh: float
    import_kwh: float
    export_kwh: float
    self_consumption: float
    self_sufficiency: float
    cycles: float
    balance_error_kwh: float


def total(flows: Flows, prices: Prices, *, battery: Battery, hours: float, start_kwh: float) -> Ledger:
    """Account of flows whose arrays have shape (slots,), starting with `start_kwh` stored.

    Self-consumption is the share of PV not exported or curtailed; self-sufficiency the share of load not imported.
    """
    imported, exported = _energy(flows.grid_import_kw, hours), _energy(flows.grid_export_kw, hours)
    load, produced = _energy(flows.load_kw, hours), _energy(flows.pv_kw, hours)
    lost = _energy(flows.curtailed_kw, hours)
    bill = float((imported * prices.import_per_kwh - exported * prices.export_per_kwh).sum())
    throughput = float(_energy(flows.discharge_kw, hours).sum()) / battery.discharge_efficiency
    return Ledger(
        bill=bill,
        load_kwh=float(load.sum()),
        pv_kwh=float(produced.sum()),
        import_kwh=float(imported.sum()),
        export_kwh=float(exported.sum()),
        self_consumption=_share(produced.sum() - exported.sum() - lost.sum(), produced.sum()),
        self_sufficiency=_share(load.sum() - imported.sum(), load.sum()),
        cycles=throughput / battery.usable_kwh if battery.usable_kwh else 0.0,
        balance_error_kwh=balance_error_kwh(flows, battery=battery, hours=hours, start_kwh=start_kwh),
    )


def balance_error_kwh(flows: Flows, *, battery: Battery, hours: float, start_kwh: float) -> float:
    """Largest departure, over slots, from conservation at the house's bus and inside the battery."""
    bus = (
        np.asarray(flows.pv_kw)
        + flows.grid_import_kw
        + flows.discharge_kw
        - flows.load_kw
        - flows.charge_kw
        - flows.grid_export_kw
        - flows.curtailed_kw
    ) * hours
    before = np.r_[start_kwh, np.asarray(flows.stored_kwh)[:-1]]
    gained = np.asarray(flows.charge_kw) * battery.charge_efficiency
    spent = np.asarray(flows.discharge_kw) / battery.discharge_efficiency
    inside = np.asarray(flows.stored_kwh) - before - (gained - spent) * hours
    return float(max(np.abs(bus).max(initial=0), np.abs(inside).max(initial=0)))


def credit_per_kwh(prices: Prices, battery: Battery) -> float:
    """Worth given to a stored kWh left at the end of an account: what it would save at the cheapest import price.

    The same credit goes to every policy and to the bound, so that emptying the battery at the end earns nothing.
    """
    return float(prices.import_per_kwh.min(initial=np.inf)) * battery.discharge_efficiency


def _energy(power_kw: float | Floats, hours: float) -> Floats:
    return np.asarray(power_kw, dtype=np.float64) * hours


def _share(part: float, whole: float) -> float:
    return float(part / whole) if whole > 0 else 0.0
