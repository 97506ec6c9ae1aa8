"""Classic rules that need no forecast: the baselines every plan must beat, as levels per slot."""

import numpy as np

from energy.commands import SELF_CONSUMPTION, Levels
from energy.home import Home
from energy.tariff import Prices


def no_battery(home: Home) -> Home:
    """The same home without its battery."""
    empty = {"capacity_kwh": 0.0, "max_charge_kw": 0.0, "max_discharge_kw": 0.0}
    return home.model_copy(update={"battery": home.battery.model_copy(update=empty)})


def greedy(prices: Prices) -> list[Levels]:
    """Plain self-consumption in every slot."""
    return [SELF_CONSUMPTION] * len(prices.import_per_kwh)


def threshold(prices: Prices, home: Home) -> list[Levels]:
    """Fill up from the grid in the cheapest quarter of slots, discharge only in the dearest half.

    A flat price leaves self-consumption. Prices are known a day ahead, so quantiles look at what is given here only.
    """
    price = prices.import_per_kwh
    if np.ptp(price) == 0 or not home.grid.allow_grid_charging:
        return greedy(prices)
    cheap, middle = np.quantile(price, 0.25), np.quantile(price, 0.5)
    full = home.battery.max_soc
    levels = []
    for value in price:
        if value <= cheap:
            levels.append(Levels(charge_to_soc=full, reserve_soc=full))
        else:
            levels.append(Levels(reserve_soc=full) if value < middle else SELF_CONSUMPTION)
    return levels
