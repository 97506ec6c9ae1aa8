"""An ensemble as the open bill lets it be planned: marginal prices under cap and netting, and a price above a peak."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from math import comb, erf, sqrt

import numpy as np
from numpy.typing import NDArray

from energy.home import Home
from energy.planning.account import Account, BarePrices, bare_prices, counts, opened, register_name
from energy.planning.planner import Ensemble
from energy.pricing.calendar import BillingPeriod, billing_period
from energy.pricing.contract import CREDIT, Contract
from energy.pricing.rules import INTERVAL_SECONDS, Peak
from energy.pricing.series import Floats, PeakPrice, Prices

# Days of one season are alike, weeks of them more so than chance: the spread of a sum grows faster than its root.
_ALIKE = 1.5
# What is as likely as not.
_EVEN = 0.5
# Steps in which a peak to keep to is looked for.
_PEAK_STEPS = 40


@dataclass(frozen=True, slots=True)
class UsualDay:
    """A past day of the season under plain self-consumption, as the rules count it; import less export by register."""

    earned: float
    cap: float
    peak_kw: float
    registers: dict[str, float]


@dataclass(frozen=True, slots=True)
class BillSoFar:
    """What a plan has to know of the bill that is open: what it has come to, and how days of the season go.

    `known_from` is when its first metered slot began, where that is later than the bill itself.
    """

    account: Account = field(default_factory=Account)
    usual: tuple[UsualDay, ...] = ()
    known_from: datetime | None = None


def at_the_margin(ensemble: Ensemble, starts: Sequence[datetime], home: Home, bill: BillSoFar | None) -> Ensemble:
    """The ensemble as the bill so far lets it be planned; unchanged where none is kept."""
    if bill is None or not isinstance(home.tariff, Contract):
        return ensemble
    account = opened(bill.account, home.tariff, starts[0], home.tz)
    return under_rules(ensemble, starts, home, account, bill.usual)


def under_rules(
    ensemble: Ensemble,
    starts: Sequence[datetime],
    home: Home,
    account: Account,
    usual: Sequence[UsualDay],
) -> Ensemble:
    """The ensemble with what a kWh is worth at the margin of the bill that is open; unchanged without such rules.

    Nothing of it looks ahead: `account` ends where `starts` begin, and `usual` are days before.
    """
    contract, zone = home.tariff, home.tz
    if not isinstance(contract, Contract) or not contract.has_rules:
        return ensemble
    if contract.needs:
        contract = contract.known_at(starts[0], zone)
    bare = bare_prices(contract, starts, zone)
    days = [start.astimezone(zone).date() for start in starts]
    chance = _chances(contract, account, usual, days)
    peak = _peak_price(ensemble, contract, account, usual, starts, home)

    def adjusted(prices: Prices) -> Prices:
        at_margin = _over_year(_capped(prices, bare, contract, days, chance), bare, contract, account, usual, days)
        return replace(at_margin, peak=peak)

    members = ensemble.price_members
    made = replace(
        ensemble, prices=adjusted(ensemble.prices), price_members=None if members is None else adjusted(members)
    )
    return _in_interval(made, contract, account, starts, days)


def _chances(contract: Contract, account: Account, usual: Sequence[UsualDay], days: Sequence[date]) -> Floats:
    """Chance that the cap will have bound when each day's bill is closed."""
    if contract.credit.cap == "none":
        return np.zeros(len(days))
    found: dict[BillingPeriod, float] = {}
    for period in dict.fromkeys(billing_period(day, contract.billing_day) for day in days):
        open_now = period == account.period
        left = (period.last - max(period.first, days[0])).days + 0.5
        ahead = np.array([day.earned - day.cap for day in usual])
        begun = account.earned - account.cap if open_now else 0.0
        found[period] = _chance(begun, ahead, left)
    return np.array([found[billing_period(day, contract.billing_day)] for day in days])


def _chance(begun: float, a_day: Floats, days: float) -> float:
    """Chance that a sum that stands at `begun` is above zero after more days like those of `a_day`."""
    if not len(a_day):
        return 1.0 if begun > 0 else 0.0
    mean = begun + days * float(a_day.mean())
    spread = _ALIKE * float(a_day.std()) * sqrt(days) + 1e-6
    return 0.5 * (1 + erf(mean / (spread * sqrt(2))))


def _capped(prices: Prices, bare: BarePrices, contract: Contract, days: Sequence[date], chance: Floats) -> Prices:
    """Where the cap binds, export earns nothing (or what the wallet keeps), and import makes room for credit."""
    if not chance.any():
        return prices
    taxed = np.array([contract.multiplier(CREDIT, day) for day in days])
    kept = 1.0 if contract.credit.wallet else 0.0
    return Prices(
        prices.import_per_kwh - chance * (taxed - kept) * bare.capped,
        prices.export_per_kwh - chance * (taxed - kept) * bare.credit,
    )


def _over_year(
    prices: Prices,
    bare: BarePrices,
    contract: Contract,
    account: Account,
    usual: Sequence[UsualDay],
    days: Sequence[date],
) -> Prices:
    """With netting over a month or year, export gives the netted terms back, or import is free of them.

    It does as far as more will have been bought than sold on the same register.
    """
    imports, exports = prices.import_per_kwh, prices.export_per_kwh
    rule = contract.netting_on(days[0])
    if not bare.registers:
        return prices
    for term in bare.registers:
        more: dict[str, float] = {}
        for slot in range(len(days)):
            name = register_name(term, slot)
            if name not in more:
                more[name] = _need_more(name, contract, account, usual, days[0])
        chance = np.array([more[register_name(term, slot)] for slot in range(len(days))])
        adjusted = np.nan_to_num(term.per_kwh) * contract.multiplier(term.name, days[0])
        imports, exports = imports - (1 - chance) * adjusted, exports + chance * adjusted
    if not rule.keeps_credit:
        exports = exports - chance * contract.multiplier(CREDIT, days[0]) * bare.credit
    return Prices(imports, exports)


def _need_more(register: str, contract: Contract, account: Account, usual: Sequence[UsualDay], today: date) -> float:
    """Chance that more is bought than sold on a register until its month or year ends."""
    last = billing_period(today, contract.billing_day).last
    if contract.netting_on(today).interval == "year":
        last = date(today.year, 12, 31)
    ahead = np.array([one.registers.get(register, 0.0) for one in usual])
    return _chance(account.registers.get(register, 0.0), ahead, (last - today).days + 0.5)


def _in_interval(
    ensemble: Ensemble,
    contract: Contract,
    account: Account,
    starts: Sequence[datetime],
    days: Sequence[date],
) -> Ensemble:
    """Netting within the hour: later hours count by their mean, the one that has begun by its open balance.

    What is left of it has one power at the meter with which it comes out even; below it a kWh is worth the export
    price, above it the import price.
    """
    length = INTERVAL_SECONDS.get(contract.netting_on(days[0]).interval, 0)
    if length <= ensemble.hours * 3600 * 1.01:
        return ensemble
    interval = np.array([int(start.timestamp()) // length for start in starts])
    load, pv = _means(ensemble.load_kw, interval), _means(ensemble.pv_kw, interval)
    made = replace(ensemble, load_kw=load, pv_kw=pv)
    balance = account.balance_kwh if account.interval == interval[0] else 0.0
    if not balance:
        return made
    now = interval == interval[0]
    even_kw = np.where(now, -balance / (now.sum() * ensemble.hours), 0.0)
    members = made.price_members
    return replace(
        made,
        prices=replace(made.prices, even_kw=even_kw),
        price_members=None if members is None else replace(members, even_kw=even_kw),
    )


def _means(power_kw: Floats, interval: NDArray[np.int64]) -> Floats:
    """Powers of shape (scenarios, slots) with each interval's mean in all of its slots."""
    _, group, count = np.unique(interval, return_inverse=True, return_counts=True)
    summed = np.zeros((len(power_kw), len(count)))
    np.add.at(summed.T, group, power_kw.T)
    return np.asarray((summed / count)[:, group])


def _peak_price(
    ensemble: Ensemble,
    contract: Contract,
    account: Account,
    usual: Sequence[UsualDay],
    starts: Sequence[datetime],
    home: Home,
) -> PeakPrice | None:
    """The peak to keep to, and what a kWh above it costs; None where no future can reach it, charging included."""
    local = [start.astimezone(home.tz) for start in starts]
    peaks = [peak for peak in contract.peaks if peak.holds(local[0].date())]
    if not peaks:
        return None
    peak = peaks[0]
    tiers = _tiers(peak, account, usual, local[0].date(), contract.billing_day)
    charge_kw = home.battery.max_charge_kw if home.grid.allow_grid_charging else 0.0
    if float((ensemble.load_kw - ensemble.pv_kw).max()) + charge_kw <= tiers[0][0]:
        return None
    taxed = contract.multiplier(peak.name, local[0].date())
    length_h = max(INTERVAL_SECONDS[peak.interval] / 3600, ensemble.hours)
    per_kw = np.array([price for _, price in tiers]) * taxed / peak.mean_of_days
    inside = np.array(counts(peak, local))
    above_kw = np.array([above for above, _ in tiers])[:, None] + np.zeros(len(starts))
    return PeakPrice(above_kw, np.where(inside, per_kw[:, None] / length_h, 0.0), per_kw)


def _tiers(
    peak: Peak, account: Account, usual: Sequence[UsualDay], today: date, billing_day: int
) -> list[tuple[float, float]]:
    """Powers above which import is expected to cost more, and how much more per kW.

    Above what the month has reached, by the chance that no later day would need more; above what the days that are
    left are as likely to need as not, the whole price.
    """
    days_left = (billing_period(today, billing_day).last - today).days + 1
    reached, price = _target(peak, account.peak_kw(peak))
    chance = _stays_below(reached, usual, days_left, peak)
    needed = [day.peak_kw for day in usual if _stays_below(day.peak_kw, usual, days_left, peak) >= _EVEN]
    later, price_later = _target(peak, max(min(needed, default=0.0), account.peak_kw(peak)))
    if later <= reached or chance >= _EVEN:
        return [(reached, price)]
    return [(reached, chance * price), (later, max(price_later - chance * price, 0.0))]


def _stays_below(power_kw: float, usual: Sequence[UsualDay], days: int, peak: Peak) -> float:
    """Chance that days like these leave the month's peak below a power; half a day of each kind was not seen yet.

    The mean of the n highest days is taken to be below it where no more than (n - 1) / 2 of them are above.
    """
    above = 1 - (sum(day.peak_kw <= power_kw + 1e-9 for day in usual) + 0.5) / (len(usual) + 1)
    most = (peak.mean_of_days - 1) // 2
    return sum(comb(days, number) * above**number * (1 - above) ** (days - number) for number in range(most + 1))


def _target(peak: Peak, least_kw: float) -> tuple[float, float]:
    """The power up to which a peak of `least_kw` costs no more, and what a kW above it costs."""
    least = max(least_kw, peak.floor_kw)
    if not peak.steps:
        return least, peak.per_kw_month
    at = next((index for index, step in enumerate(peak.steps) if least <= step.up_to_kw), len(peak.steps) - 1)
    step, after = peak.steps[at], peak.steps[min(at + 1, len(peak.steps) - 1)]
    width = max(after.up_to_kw - step.up_to_kw, 1.0)
    return step.up_to_kw, (after.per_month - step.per_month) / min(width, 1.0)


def least_peak_kw(net_kw: Floats, home: Home, hours: float) -> float:
    """Lowest import peak that a battery can keep to over net loads of shape (slots,) known in advance.

    It charges whenever the peak leaves room for it, which no other way of keeping to that peak can better.
    """
    battery = home.battery
    candidates = np.linspace(0.0, max(float(net_kw.max(initial=0.0)), 0.1), _PEAK_STEPS)
    stored, failed = np.full(_PEAK_STEPS, battery.usable_kwh), np.zeros(_PEAK_STEPS, dtype=bool)
    for net in net_kw:
        room_kw = candidates - net if home.grid.allow_grid_charging else np.maximum(-net, 0.0) + np.zeros(_PEAK_STEPS)
        charge = np.clip(np.minimum(room_kw, candidates - net), 0, battery.max_charge_kw)
        give = np.maximum(net - candidates, 0)
        failed |= give > battery.max_discharge_kw + 1e-9
        stored = stored + (charge * battery.charge_efficiency - give / battery.discharge_efficiency) * hours
        failed |= stored < -1e-9
        stored = np.clip(stored, 0, battery.usable_kwh)
    return float(candidates[np.argmin(failed)]) if not failed.all() else float(candidates[-1])
