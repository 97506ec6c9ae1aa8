"""What metered slots say of battery and grid: as measured, or worked out from load, solar and charge."""

from collections.abc import Sequence
from datetime import timedelta
from itertools import pairwise

import numpy as np

from energy.flows import Flows
from energy.home import Home
from energy.pricing.metering import MeterReadings
from energy.slots import hours
from ingest.live.meter import MeteredSlot
from knowledge.days import Floats

_USUAL_STEP = timedelta(minutes=30)


def without_gaps(slots: Sequence[MeteredSlot], step: timedelta) -> list[list[MeteredSlot]]:
    """Stretches of slots that follow each other."""
    stretches = [[slots[0]]] if slots else []
    for earlier, later in pairwise(slots):
        if later.start - earlier.start == step:
            stretches[-1].append(later)
        else:
            stretches.append([later])
    return stretches


def step_of(slots: Sequence[MeteredSlot]) -> timedelta:
    """Length of metered slots: the shortest distance between two of them; half an hour where there is one."""
    return min((later.start - earlier.start for earlier, later in pairwise(slots)), default=_USUAL_STEP)


def meter_readings(slots: Sequence[MeteredSlot], home: Home, step: timedelta) -> MeterReadings:
    """What the meter counted in slots that may have gaps between them; a gap counts nothing."""
    imported: list[Floats] = [np.zeros(0)]
    exported: list[Floats] = [np.zeros(0)]
    for stretch in without_gaps(slots, step):
        flows, _ = measured_flows(stretch, home, step=step, before=None)
        imported.append(np.asarray(flows.grid_import_kw) * hours(step))
        exported.append(np.asarray(flows.grid_export_kw) * hours(step))
    starts = [slot.start for slot in slots]
    return MeterReadings(starts, np.concatenate(imported), np.concatenate(exported), step)


def measured_flows(
    slots: Sequence[MeteredSlot], home: Home, *, step: timedelta, before: MeteredSlot | None
) -> tuple[Flows, float]:
    """Flows of finished slots and the energy stored before them.

    Battery and grid are the measured ones where the house measures them; else the battery follows from the charge,
    and the grid from the balance. `before` is the slot just before, whose charge the stretch begins with.
    """
    battery = home.battery
    stored = np.array([slot.soc for slot in slots]) * battery.capacity_kwh
    start_kwh = (before.soc if before else slots[0].soc) * battery.capacity_kwh
    gained_kw = np.diff(stored, prepend=start_kwh) / hours(step)
    charge = _known(slots, "charge_kw", np.maximum(gained_kw, 0) / battery.charge_efficiency)
    discharge = _known(slots, "discharge_kw", np.maximum(-gained_kw, 0) * battery.discharge_efficiency)
    load, pv = np.array([slot.whole_load_kw for slot in slots]), np.array([slot.pv_kw for slot in slots])
    net = load - pv + charge - discharge
    flows = Flows(
        load_kw=load,
        pv_kw=pv,
        charge_kw=charge,
        discharge_kw=discharge,
        grid_import_kw=_known(slots, "grid_import_kw", np.maximum(net, 0)),
        grid_export_kw=_known(slots, "grid_export_kw", np.maximum(-net, 0)),
        curtailed_kw=np.zeros(len(slots)),
        stored_kwh=stored,
    )
    return flows, start_kwh


def _known(slots: Sequence[MeteredSlot], name: str, otherwise: Floats) -> Floats:
    """A measured series, filled where it was not measured."""
    values = [getattr(slot, name) for slot in slots]
    return np.array([other if value is None else value for value, other in zip(values, otherwise, strict=True)])
