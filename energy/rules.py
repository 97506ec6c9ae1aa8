"""Classic rules that need no forecast: the baselines every plan must beat, as levels per slot."""

import math

import numpy as np

from energy.commands import SELF_CONSUMPTION, Levels
from energy.home import Home
from energy.pricing.tariff import Prices


def no_battery(home: Home) -> Home:
    """The same home without its battery."""
    empty = {"capacity_kwh": 0.0, "max_charge_kw": 0.0, "max_discharge_kw": 0.0}
    return home.model_copy(update={"battery": home.battery.model_copy(update=empty)})


def greedy(prices: Prices) -> list[Levels]:
    """Plain self-consumption in every slot."""
    return [SELF_CONSUMPTION] * len(prices.import_per_kwh)


def threshold(prices: Prices, home: Home) -> list[Levels]:
    """Fill up from the grid in the cheapest quarter of slots, discharge only in the most expensive half.

    Of equally cheap slots the last before the highest price are taken: on a tariff of two prices, filling up in every
    cheap slot leaves no room for the sun and costs a fifth of what there is to save. A flat price leaves
    self-consumption. Prices are known a day ahead, so quantiles look at what is given here only.
    """
    price = prices.import_per_kwh
    if np.ptp(price) == 0 or not home.grid.allow_grid_charging:
        return greedy(prices)
    highest, middle = int(np.argmax(price)), np.quantile(price, 0.5)
    full = Levels(charge_to_soc=home.battery.max_soc, reserve_soc=home.battery.max_soc)
    hold = Levels(reserve_soc=home.battery.max_soc)
    levels = [hold if value < middle else SELF_CONSUMPTION for value in price]
    for slot in sorted(range(len(price)), key=lambda at: (price[at], at > highest, -at))[: len(price) // 4]:
        levels[slot] = full
    return levels


def timer(prices: Prices, home: Home, hours: float) -> list[Levels]:
    """Fill up in one stretch of the day, as long as a full charge takes, and follow the house in all other slots.

    What a careful owner programmes into an inverter: the cheapest stretch of a usual day's prices, and of equally cheap
    ones the last before the slot of the highest price, so that the sun may fill the battery first.
    """
    price, battery = prices.import_per_kwh, home.battery
    if np.ptp(price) == 0 or not home.grid.allow_grid_charging or not battery.max_charge_kw:
        return greedy(prices)
    slots = math.ceil(battery.usable_kwh / (battery.charge_efficiency * battery.max_charge_kw * hours))
    slots = min(max(slots, 1), len(price))
    costs = np.convolve(price, np.ones(slots), "valid")
    cheapest = np.flatnonzero(np.isclose(costs, costs.min(), atol=1e-9))
    before = cheapest[cheapest + slots <= int(np.argmax(price))]
    first = int(before[-1] if len(before) else cheapest[-1])
    full = Levels(charge_to_soc=battery.max_soc, reserve_soc=battery.max_soc)
    return [full if first <= at < first + slots else SELF_CONSUMPTION for at in range(len(price))]
