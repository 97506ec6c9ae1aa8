"""Solves planning problems with EMHASS, one JSON line each way; runs under the Python of the peer's own environment."""

import json
import logging
import os
import sys
import time
from pathlib import Path
from typing import Any

import emhass  # type: ignore[import-not-found]  # the peer lives in its own environment
import pandas as pd  # type: ignore[import-not-found, import-untyped, unused-ignore]  # comes with the peer
from emhass.optimization import Optimization  # type: ignore[import-not-found]  # as above

_COST, _PRICE = "unit_load_cost", "unit_prod_price"
_LOGGER = logging.getLogger("emhass")
_DEFAULTS = json.loads((Path(emhass.__file__).parent / "data" / "config_defaults.json").read_text(encoding="utf-8"))


def main() -> None:
    """Answer until the input ends; whatever EMHASS prints goes to the error stream."""
    # HiGHS writes a banner past Python's own standard output.
    replies = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    _LOGGER.setLevel(logging.CRITICAL)
    solvers: dict[str, Optimization] = {}
    for line in sys.stdin:
        try:
            reply = _solve(json.loads(line), solvers)
        except Exception as err:  # noqa: BLE001 (the asker decides what a failure of the peer means)
            reply = {"status": repr(err)}
        replies.write(json.dumps(reply) + "\n")
        replies.flush()


def _solve(problem: dict[str, Any], solvers: dict[str, Optimization]) -> dict[str, Any]:
    """Plan one horizon as `naive-mpc-optim` does; a built problem is kept and solved again, as EMHASS itself does."""
    slots = len(problem["load_w"])
    key = json.dumps([problem["configuration"], slots])
    if key not in solvers:
        solvers[key] = _optimization(problem["configuration"], slots)
    solver = solvers[key]
    solver.optim_conf["battery_soc_final_reward_factor"] = problem["reward_factor"]
    step = solver.retrieve_hass_conf["optimization_time_step"]
    index = pd.date_range("2000-01-01", periods=slots, freq=step, tz="UTC")
    prices = pd.DataFrame({_COST: problem["import_per_kwh"], _PRICE: problem["export_per_kwh"]}, index=index)
    pv_w, load_w = pd.Series(problem["pv_w"], index=index), pd.Series(problem["load_w"], index=index)
    began = time.perf_counter()
    plan = solver.perform_naive_mpc_optim(
        prices,
        pv_w,
        load_w,
        slots,
        soc_init=problem["soc_init"],
        soc_final=problem["soc_final"],
    )
    seconds = time.perf_counter() - began
    reply = {"status": solver.optim_status, "seconds": seconds}
    if "P_batt" in plan:
        reply |= {"battery_w": plan["P_batt"].tolist(), "soc": plan["SOC_opt"].tolist()}
    return reply


def _optimization(configuration: dict[str, Any], slots: int) -> Optimization:
    """EMHASS's problem for a configuration over its own defaults, with nothing to schedule but the battery."""
    settings = _DEFAULTS | configuration
    settings["optimization_time_step"] = pd.Timedelta(minutes=settings["optimization_time_step"])
    settings["time_zone"] = "UTC"
    return Optimization(
        dict(settings),
        dict(settings),
        dict(settings),
        _COST,
        _PRICE,
        "profit",
        {},
        _LOGGER,
        num_timesteps=slots,
    )


if __name__ == "__main__":
    main()
