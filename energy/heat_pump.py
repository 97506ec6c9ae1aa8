"""Heat per electricity of an air-source heat pump."""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def heat_pump_cop(outdoor_c: Floats, supply_c: Floats | float) -> Floats:
    """Heat per electricity of an air-source heat pump: Staffell et al. 2012 (doi:10.1039/c2ee22653g), table 3.

    COP = 6.81 - 0.121 dT + 0.000630 dT² with dT from 15 to 60 K between source and supply; outside, the edge.
    """
    lift_k = np.clip(supply_c - outdoor_c, 15.0, 60.0)
    return np.asarray(6.81 - 0.121 * lift_k + 0.000630 * lift_k**2, dtype=np.float64)
