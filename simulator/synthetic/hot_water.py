"""A hot water tank: draws take heat out, an element or a heat pump puts it back when it runs low."""

from dataclasses import dataclass

import numpy as np

from simulator.noise import Floats

# 4.186 kJ/(kg K) over 3600.
_KWH_PER_LITRE_K = 0.001163


@dataclass(frozen=True, slots=True)
class Tank:
    """Litres at `hot_c` over cold water of `cold_c`; loses `loss_kw` when full, in proportion when not."""

    litres: float
    heater_kw: float
    hot_c: float = 55.0
    cold_c: float = 12.0
    loss_kw: float = 0.06
    refill_below: float = 0.65

    @property
    def full_kwh(self) -> float:
        """Heat above cold water when all of it is hot."""
        return self.litres * (self.hot_c - self.cold_c) * _KWH_PER_LITRE_K


@dataclass(frozen=True, slots=True, eq=False)
class TankHistory:
    """Per slot: heat stored at its end in kWh, heat put in, lost and drawn in kW."""

    stored_kwh: Floats
    heating_kw: Floats
    lost_kw: Floats
    drawn_kw: Floats


def keep_hot(tank: Tank, drawn_kw: Floats, *, allowed: Floats, hours: float) -> TankHistory:
    """Play the tank; a draw from an empty tank comes cold. Where `allowed` is 0 the heater waits.

    Stored after a slot = stored before + (heating - loss - draw) * hours, exactly.
    """
    full, stored, heats = tank.full_kwh, tank.full_kwh, False
    lived = []
    for wanted, may_heat in zip(drawn_kw.tolist(), allowed.tolist(), strict=True):
        lost = tank.loss_kw * stored / full
        drawn = min(wanted, stored / hours - lost)
        rest = stored - (lost + drawn) * hours
        heats = bool(may_heat) and (rest < full if heats else rest < tank.refill_below * full)
        put = min(tank.heater_kw, (full - rest) / hours) if heats else 0.0
        stored = stored + (put - lost - drawn) * hours
        lived.append((stored, put, lost, drawn))
    return TankHistory(*np.array(lived).T)
