"""EMHASS as a named peer: in an environment and a process of its own, given the very inputs that our plans get."""

import json
import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import IO, Any, Self, cast

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from energy.commands import SELF_CONSUMPTION, Levels
from energy.errors import DataError, SettingsError
from energy.home import Home
from energy.planning.oracle import Optimum
from energy.pricing.tariff import Prices
from energy.slots import hours

Floats = NDArray[np.float64]

EMHASS = "emhass==0.18.7"
EMHASS_FOLDER = Path(".advisor/peers/emhass")
_WORKER = Path(__file__).with_name("emhass_worker.py")
_MARK = "installed"
_NOTICED_KW = 0.01


class _WorkerReply(BaseModel):
    """What the worker answers: battery power in W, positive when it gives, and the charge after each slot."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    status: str
    seconds: float = 0.0
    battery_w: list[float] | None = None
    soc: list[float] | None = None


@dataclass(frozen=True, slots=True)
class PeerPlan:
    """A peer's plan, costed as our bound is, and the seconds that its optimisation alone took."""

    optimum: Optimum
    seconds: float


def install_emhass(folder: Path = EMHASS_FOLDER) -> None:
    """Make the peer's environment, about a gigabyte, unless it is there.

    Raises:
        SettingsError: the package index refuses.
    """
    if is_installed(folder):
        return
    subprocess.run([sys.executable, "-m", "venv", folder], check=True)  # noqa: S603 (our own interpreter)
    pip = [str(_python(folder)), "-m", "pip", "install", "--quiet", "--no-compile", EMHASS]
    if subprocess.run(pip, check=False).returncode:  # noqa: S603 (the environment's own pip)
        raise SettingsError(f"{EMHASS} does not install into {str(folder)!r}: fix what pip says above")
    (folder / _MARK).write_text(EMHASS, encoding="utf-8")


def is_installed(folder: Path = EMHASS_FOLDER) -> bool:
    """Whether the environment is there, whole and with the version we name."""
    with suppress(OSError):
        return (folder / _MARK).read_text(encoding="utf-8") == EMHASS
    return False


class Emhass:
    """EMHASS planning for one home in slots of one length; a context manager owns its process.

    Args:
        home: what it plans for; the battery must hold something.
        step: length of a slot.
        exact: solve to the optimum, not to within the 1 % of EMHASS's own default.
        folder: where `install_emhass` put it.
    """

    def __init__(self, home: Home, step: timedelta, *, exact: bool = False, folder: Path = EMHASS_FOLDER) -> None:
        if not is_installed(folder):
            raise SettingsError(f"{EMHASS} is not in {str(folder)!r}: install it with make peers")
        self._home, self._hours = home, hours(step)
        self._configuration = _configuration(home, step) | ({"lp_solver_mip_rel_gap": 0.0} if exact else {})
        self._process = subprocess.Popen(  # noqa: S603 (our own worker)
            # -I keeps our modules beside the worker's file from hiding the peer's.
            [_python(folder), "-I", _WORKER],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            bufsize=1,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    @property
    def is_alive(self) -> bool:
        """Whether the process can answer."""
        return self._process.poll() is None

    def close(self) -> None:
        """End the process."""
        with suppress(BrokenPipeError), self._process:
            self._process.terminate()

    def plan(
        self,
        load_kw: Floats,
        pv_kw: Floats,
        *,
        prices: Prices,
        start_kwh: float,
        end_value_per_kwh: float,
    ) -> PeerPlan:
        """Its plan for load and PV of shape (slots,), with the credit for what is left that our own plans are given.

        Raises:
            DataError: it finds no plan, or its process has ended.
        """
        battery = self._home.battery
        last_price = float(prices.import_per_kwh[-1])
        reply = self._ask(
            {
                "configuration": self._configuration,
                "load_w": (1000 * load_kw).tolist(),
                "pv_w": (1000 * pv_kw).tolist(),
                "import_per_kwh": prices.import_per_kwh.tolist(),
                "export_per_kwh": prices.export_per_kwh.tolist(),
                "soc_init": start_kwh / battery.capacity_kwh,
                "soc_final": battery.min_soc,
                # It rewards charge above the final one by this share of the last price; by 0 it allows none.
                "reward_factor": end_value_per_kwh / last_price if last_price > 0 else 0.0,
            },
        )
        if reply.battery_w is None or reply.soc is None:
            raise DataError(f"EMHASS has no plan from {start_kwh!r} kWh stored: {reply.status}; check its inputs")
        given_kw, stored_kwh = np.array(reply.battery_w) / 1000, np.array(reply.soc) * battery.capacity_kwh
        energy_cost = self._cost(load_kw - pv_kw - given_kw, given_kw, prices)
        optimum = Optimum(
            cost=energy_cost - end_value_per_kwh * float(stored_kwh[-1] - battery.min_kwh),
            charge_kw=np.maximum(-given_kw, 0),
            discharge_kw=np.maximum(given_kw, 0),
            stored_kwh=stored_kwh,
        )
        return PeerPlan(optimum, reply.seconds)

    def _cost(self, grid_kw: Floats, given_kw: Floats, prices: Prices) -> float:
        """Bill and wear of what a plan takes from the grid and out of the battery."""
        battery = self._home.battery
        bill = np.maximum(grid_kw, 0) @ prices.import_per_kwh - np.maximum(-grid_kw, 0) @ prices.export_per_kwh
        wear = np.maximum(given_kw, 0).sum() / battery.discharge_efficiency * battery.cycle_cost_per_kwh
        return float(bill + wear) * self._hours

    def _ask(self, problem: dict[str, Any]) -> _WorkerReply:
        with suppress(BrokenPipeError):
            cast("IO[str]", self._process.stdin).write(json.dumps(problem) + "\n")
        line = cast("IO[str]", self._process.stdout).readline()
        if not line:
            raise DataError(f"EMHASS's process {self._process.pid!r} has ended: run {_WORKER.name} by hand to see why")
        return _WorkerReply.model_validate_json(line)


def as_watts(plan: Optimum) -> float:
    """What a plan publishes for its first slot: power into the battery in kW, negative out of it."""
    return float(plan.charge_kw[0] - plan.discharge_kw[0])


def as_levels(plan: Optimum, net_kw: float, home: Home) -> Levels:
    """The mode that a plan means in its first slot, up or down to the charge that it reaches.

    `net_kw` is the need (load less PV) that it planned with. Taking more than the surplus is charge, giving nothing to
    a need is hold, giving more than the need is discharge; all else is self-consumption. A need that is covered in part
    counts as covered: the other reading, hold, scored lower where both were tried.
    """
    charge_kw, discharge_kw = float(plan.charge_kw[0]), float(plan.discharge_kw[0])
    reached = float(np.clip(plan.stored_kwh[0] / home.battery.capacity_kwh, home.battery.min_soc, home.battery.max_soc))
    if charge_kw > max(-net_kw, 0) + _NOTICED_KW:
        return Levels(charge_to_soc=reached, reserve_soc=reached)
    if net_kw > _NOTICED_KW and discharge_kw < _NOTICED_KW:
        return Levels(reserve_soc=reached)
    if discharge_kw > max(net_kw, 0) + _NOTICED_KW:
        return Levels(export_to_soc=reached)
    return SELF_CONSUMPTION


def _configuration(home: Home, step: timedelta) -> dict[str, Any]:
    """A home in EMHASS's words: W and Wh; its bound on discharge is inside the battery, ours at the socket."""
    battery, grid = home.battery, home.grid
    return {
        "optimization_time_step": step // timedelta(minutes=1),
        "number_of_deferrable_loads": 0,
        "set_use_battery": True,
        "set_nocharge_from_grid": not grid.allow_grid_charging,
        "set_nodischarge_to_grid": not grid.allow_battery_export,
        "maximum_power_from_grid": 1000 * grid.import_limit_kw,
        "maximum_power_to_grid": 1000 * grid.export_limit_kw,
        "battery_nominal_energy_capacity": 1000 * battery.capacity_kwh,
        "battery_minimum_state_of_charge": battery.min_soc,
        "battery_maximum_state_of_charge": battery.max_soc,
        "battery_charge_power_max": 1000 * battery.max_charge_kw,
        "battery_discharge_power_max": 1000 * battery.max_discharge_kw / battery.discharge_efficiency,
        "battery_charge_efficiency": battery.charge_efficiency,
        "battery_discharge_efficiency": battery.discharge_efficiency,
        "weight_battery_discharge": battery.cycle_cost_per_kwh / battery.discharge_efficiency,
    }


def _python(folder: Path) -> Path:
    return folder / "bin" / "python"


if __name__ == "__main__":
    install_emhass()
