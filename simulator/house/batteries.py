"""The batteries of a house: each has an inverter that obeys commands of its own and follows what the meter shows."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from energy.battery import Battery
from energy.commands import SELF_CONSUMPTION, AnyCommand, BatteryCommand, Levels, Mode
from energy.errors import SettingsError
from energy.flows import Flows, step_house
from energy.home import Grid, Home

# What the battery of a house is called that has only one.
ONLY = ""


@dataclass(slots=True)
class HouseBattery:
    """A battery, what it holds, and the command that its inverter took last."""

    battery: Battery
    stored_kwh: float
    command: AnyCommand | None = None

    @property
    def soc(self) -> float:
        """Charge as a fraction of the capacity."""
        return self.stored_kwh / self.battery.capacity_kwh if self.battery.capacity_kwh else 0.0

    def levels_at(self, moment: datetime) -> Levels:
        """Levels in force: those of the last command, or plain self-consumption."""
        return self.command.levels_at(moment) if isinstance(self.command, BatteryCommand) else SELF_CONSUMPTION

    def mode_at(self, moment: datetime) -> Mode:
        """What the levels in force mean at its charge."""
        return self.levels_at(moment).mode(self.soc, floor_soc=self.battery.min_soc)

    def decision_at(self, moment: datetime) -> str | None:
        """The decision whose schedule is in force."""
        command = self.command
        return command.decision_id if isinstance(command, BatteryCommand) and moment < command.valid_until else None


def batteries_of(home: Home, soc: float | Mapping[str, float]) -> dict[str, HouseBattery]:
    """Every battery of a home by its name, at a charge for all of them or one for each.

    Raises:
        SettingsError: a charge is missing, or outside its battery's band.
    """
    several: dict[str, Battery] = {one.name: one for one in home.batteries}
    found = {}
    for name, battery in (several or {ONLY: home.battery}).items():
        start = soc.get(name) if isinstance(soc, Mapping) else soc
        if start is None or not battery.min_soc <= start <= battery.max_soc:
            of = f" of {name!r}" if name else ""
            raise SettingsError(
                f"starting charge {start!r}{of} is outside the battery's band: "
                f"use {battery.min_soc!r} to {battery.max_soc!r}",
            )
        found[name] = HouseBattery(battery, start * battery.capacity_kwh)
    return found


def flows_of(
    load_kw: float, pv_kw: float, batteries: Iterable[tuple[HouseBattery, Levels]], *, grid: Grid, hours: float
) -> list[Flows]:
    """What each battery does in a step, one after the other: each measures what those before it leave at the meter.

    Nothing keeps one from storing what another gives; only what they are commanded does.
    """
    flows: list[Flows] = []
    into_kw = out_kw = 0.0
    for one, levels in batteries:
        left_kw = (load_kw + into_kw, pv_kw + out_kw)
        step = step_house(*left_kw, one.stored_kwh, levels=levels, battery=one.battery, grid=grid, hours=hours)
        flows.append(Flows(*(float(getattr(step, name)) for name in Flows.__slots__)))
        into_kw, out_kw = into_kw + float(step.charge_kw), out_kw + float(step.discharge_kw)
    return flows


def together(load_kw: float, pv_kw: float, flows: list[Flows]) -> Flows:
    """The flows of a whole house: the last battery sees what is left for the grid."""
    last = flows[-1]
    return Flows(
        load_kw=load_kw,
        pv_kw=pv_kw,
        charge_kw=sum(float(one.charge_kw) for one in flows),
        discharge_kw=sum(float(one.discharge_kw) for one in flows),
        grid_import_kw=last.grid_import_kw,
        grid_export_kw=last.grid_export_kw,
        curtailed_kw=last.curtailed_kw,
        stored_kwh=sum(float(one.stored_kwh) for one in flows),
    )
