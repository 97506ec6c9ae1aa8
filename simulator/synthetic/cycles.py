"""What appliances draw while they run: power in five-minute steps, after measured cycles.

Shapes follow Pipattanasomporn et al. 2014 (doi:10.1109/TSG.2013.2268664), energies today's European labels.
"""

import numpy as np

from simulator.noise import Floats


def _steps(*parts: tuple[float, int]) -> Floats:
    return np.concatenate([np.full(count, power_kw) for power_kw, count in parts])


# Name -> mean power of consecutive steps in kW: (power, number of steps).
CYCLES: dict[str, Floats] = {
    "washing machine": _steps((0.1, 1), (2.0, 4), (0.15, 11), (0.4, 2)),
    "dryer": _steps((0.75, 16), (0.45, 4)),
    "dishwasher": _steps((0.08, 3), (1.9, 4), (0.1, 6), (1.9, 3), (0.05, 4)),
    "oven": _steps((2.3, 3), (0.9, 7)),
    "hob": _steps((1.7, 2), (0.8, 4)),
    "quick hob": _steps((1.4, 2)),
    "kettle": _steps((1.1, 1)),
    "microwave": _steps((0.8, 1)),
    "toaster": _steps((0.45, 1)),
    "coffee machine": _steps((0.6, 1), (0.1, 2)),
    "hair dryer": _steps((1.3, 1)),
    "vacuum cleaner": _steps((0.9, 5)),
    "iron": _steps((0.9, 7)),
    "extractor hood": _steps((0.12, 5)),
}
