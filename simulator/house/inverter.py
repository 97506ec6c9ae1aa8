"""What the inverter of a house cannot do, said of a command before it is taken."""

from energy.battery import Battery
from energy.commands import SAME_SOC, AnyCommand, BatteryCommand, SlotLevels
from energy.home import Grid

_SAME_KW = 1e-3


def inverter_objection(command: AnyCommand, battery: Battery, grid: Grid) -> str | None:
    """Why a battery command cannot be followed; None if it can."""
    if not isinstance(command, BatteryCommand):
        return None
    objections = (_slot_objection(slot, battery, grid) for slot in command.slots)
    return next((objection for objection in objections if objection is not None), None)


def _slot_objection(slot: SlotLevels, battery: Battery, grid: Grid) -> str | None:
    if slot.charge_to_soc > SAME_SOC:
        if not battery.capacity_kwh:
            return f"charge_to_soc {slot.charge_to_soc:g}: this house has no battery"
        if not grid.allow_grid_charging:
            return f"charge_to_soc {slot.charge_to_soc:g}: charging from the grid is not allowed here"
    if slot.charge_to_soc > battery.max_soc + SAME_SOC:
        return f"charge_to_soc {slot.charge_to_soc:g} is above the battery's {battery.max_soc:g}"
    if slot.max_charge_kw is not None and slot.max_charge_kw > battery.max_charge_kw + _SAME_KW:
        return f"max_charge_kw {slot.max_charge_kw:g} is above the battery's {battery.max_charge_kw:g} kW"
    if slot.export_to_soc is not None and not grid.allow_battery_export:
        return f"export_to_soc {slot.export_to_soc:g}: selling from the battery is not allowed here"
    return None
