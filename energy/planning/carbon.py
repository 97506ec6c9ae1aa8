"""CO2 in a plan: what a kWh from the grid emits, priced by the household; it moves plans and is on no bill."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from energy.planning.planner import Ensemble
from energy.pricing.series import Prices


def with_carbon(ensemble: Ensemble, per_kwh: Sequence[float]) -> Ensemble:
    """The ensemble with CO2's cost on each slot's imported kWh, of shape (slots,); unchanged where none is counted.

    Export earns nothing for it: what it displaces elsewhere is not known here.
    """
    if not len(per_kwh):
        return ensemble
    added = np.asarray(per_kwh, dtype=np.float64)

    def dearer(prices: Prices) -> Prices:
        return replace(prices, import_per_kwh=prices.import_per_kwh + added)

    members = ensemble.price_members
    return replace(ensemble, prices=dearer(ensemble.prices), price_members=None if members is None else dearer(members))
