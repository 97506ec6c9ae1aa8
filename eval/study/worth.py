"""What buying is worth: price, payback and net present value of panels and of a battery, each over its own life."""

from dataclasses import dataclass
from math import inf, isinf

from eval.study.play.wishes import StudyPrices


@dataclass(frozen=True, slots=True)
class Purchase:
    """Something bought: its price less the subsidy, saving of the first year, years to pay back, present value."""

    price: float
    saving: float
    payback_years: float
    present_value: float


def battery_purchase(saving: float, battery_kwh: float, prices: StudyPrices) -> Purchase:
    """A battery that saves so much in its first year."""
    price = battery_kwh * prices.battery_per_kwh * (1 - prices.subsidy_share)
    return _purchase(price, saving, _SavingYears(prices.battery_years, prices.battery_fade, prices))


def panels_purchase(saving: float, kwp: float, prices: StudyPrices) -> Purchase:
    """Panels that save so much in their first year."""
    price = kwp * prices.pv_per_kwp * (1 - prices.subsidy_share)
    return _purchase(price, saving, _SavingYears(prices.pv_years, prices.pv_fade, prices))


def together(
    panels_saving: float, kwp: float, battery_saving: float, battery_kwh: float, prices: StudyPrices
) -> Purchase:
    """Panels and a battery bought at once; the panels go on when the battery has ended."""
    one, two = panels_purchase(panels_saving, kwp, prices), battery_purchase(battery_saving, battery_kwh, prices)
    solar = _SavingYears(prices.pv_years, prices.pv_fade, prices) if kwp else None
    stored = _SavingYears(prices.battery_years, prices.battery_fade, prices) if battery_kwh else None
    left, payback = one.price + two.price, 0.0 if one.price + two.price <= 0 else inf
    for year in range(1, max(prices.pv_years, prices.battery_years) + 1):
        saved = panels_saving * (solar.within(year) if solar else 0.0)
        saved += battery_saving * (stored.within(year) if stored else 0.0)
        if isinf(payback) and saved > 0 and saved >= left:
            payback = year - 1 + left / saved
        left -= saved
    saving = panels_saving + battery_saving
    return Purchase(one.price + two.price, saving, payback, one.present_value + two.present_value)


def battery_pays_below(saving: float, battery_kwh: float, prices: StudyPrices) -> float:
    """The price per kWh below which a battery earns it."""
    worth = saving * _SavingYears(prices.battery_years, prices.battery_fade, prices).worth_today()
    return max(worth / (battery_kwh * (1 - prices.subsidy_share)), 0.0)


@dataclass(frozen=True, slots=True)
class _SavingYears:
    """How a saving goes on: for how many years, how it fades, and what later money is worth."""

    years: int
    fade: float
    prices: StudyPrices

    def of_year(self, year: int) -> float:
        """What is saved in a year for each unit of the first one's."""
        return ((1 - self.fade) * (1 + self.prices.price_rise)) ** (year - 1)

    def within(self, year: int) -> float:
        """The same, and nothing once the life is over."""
        return self.of_year(year) if year <= self.years else 0.0

    def worth_today(self) -> float:
        """All years' savings for each unit of the first one's, in today's money."""
        later = 1 / (1 + self.prices.discount_rate)
        return sum(self.of_year(year) * later**year for year in range(1, self.years + 1))


def _purchase(price: float, saving: float, course: _SavingYears) -> Purchase:
    return Purchase(price, saving, _payback(price, saving, course), saving * course.worth_today() - price)


def _payback(price: float, saving: float, course: _SavingYears) -> float:
    """Years until the savings add up to the price; infinite if they never do within the life."""
    if price <= 0:
        return 0.0
    left = price
    for year in range(1, course.years + 1):
        saved = saving * course.of_year(year)
        if saved <= 0:
            return inf
        if saved >= left:
            return year - 1 + left / saved
        left -= saved
    return inf
