"""A note's kind, times and amounts as a typed constraint, checked against what can be."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from agent.language.amounts import Amount, find_amounts, share_of
from agent.language.kinds.names import INTO_CAR
from agent.language.times.ahead import NoteSpan, span_ahead
from agent.language.times.finding import Times
from agent.language.times.names import COUNTS, HOURS, any_of
from energy.constraints import (
    Away,
    CarReady,
    Constraint,
    ExtraLoad,
    NoDischargeIntoCar,
    NoExport,
    NoGridCharge,
    Reserve,
)
from energy.home import Home

# What is assumed where a note does not say it; the confirmation shows it.
CAR_KWH_PER_KM = 0.18
GUEST_KW = 0.25
GUESTS = 4
# A charge that shall be there by a time is kept this long, so that it is still there when it is needed.
_READY_FOR = timedelta(hours=1)


class NoWish(ValueError):  # noqa: N818 (it is an outcome, told to the household)
    """What a note says is no wish that can be; the message says why."""


@dataclass(frozen=True, slots=True)
class NoteParts:
    """The parts of a note: its folded text, the same without times, its times and amounts, and the home's clock."""

    plain: str
    times: Times
    now: datetime
    tz: ZoneInfo
    home: Home | None

    @property
    def amounts(self) -> list[Amount]:
        """The amounts of the note."""
        return find_amounts(self.times.rest)

    def one(self, *units: str) -> Amount | None:
        """The only amount, in one of these units.

        Raises:
            NoWish: there are more, it is in another unit, or a number has none.
        """
        known = [one for one in self.amounts if one.unit and one.unit != "heads"] or [
            one for one in self.amounts if one.unit == "heads" and "heads" in units
        ]
        for bare in self.amounts:
            if (not bare.unit and "" not in units) or bare.less:
                raise NoWish(
                    f"'{bare.value:g}' was not understood: give a number with its unit (%, kWh, kW, km) or a "
                    f"time such as 07:00"
                )
        if "" in units and not known:
            known = [one for one in self.amounts if not one.unit]
        if len(known) > 1:
            raise NoWish("there is more than one amount here: say one wish with one number")
        if known and known[0].unit not in units:
            raise NoWish(
                f"an amount in {known[0].unit} does not fit here: give it in {' or '.join(filter(None, units))}"
            )
        return known[0] if known else None

    def none(self, why: str) -> None:
        """See that there is no amount.

        Raises:
            NoWish: there is one.
        """
        if found := [
            one
            for one in self.amounts
            if one.unit != "heads" and any(map(str.isdigit, self.times.rest[one.begin : one.end]))
        ]:
            raise NoWish(f"what does {found[0].value:g} mean here? {why}")

    def span(self, *, by: bool = False, meal: str | None = None) -> NoteSpan:
        """When it holds."""
        span = span_ahead(self.times, self.now, self.tz, by=by, meal=meal)
        if not span.said and re.search(r"\b(?:never|always|nunca|jamas|siempre)\b", self.plain):
            raise NoWish("until when? A note ends by itself: say for example 'until Sunday'")
        return span


_Made = tuple[Constraint, tuple[str, ...]]
_TARGET = re.compile(
    r"\b(?:to|at|al|el|en|hasta|un|a|de|del|above|least|around|about|unos|sobre|have|keep|than)\s*$|^\s*$|\d\s*$"
)


def build(kind: str, wish: NoteParts) -> _Made:
    """The constraint of a note, and what was assumed.

    Raises:
        NoWish: it is none that can be.
        TimeError: its times cannot be.
    """
    return _BUILDERS[kind](wish)


# "Not below" holds until a time, and not at it.
_FLOOR = re.compile(r"\b(?:below|under|lower|drop|fall|dip|baj\w+|caig\w+|desciend\w+|menos|descarg\w+|at all times)\b")


def _reserve(wish: NoteParts) -> _Made:
    share, assumed = _share(wish)
    span = wish.span()
    start, end = span.start, span.end
    if span.ready and not _FLOOR.search(wish.plain):
        start, end = end, end + _READY_FOR
    return Reserve(start=start, end=end, soc=share), assumed


def _share(wish: NoteParts) -> tuple[float, tuple[str, ...]]:
    """The share of the battery that shall be kept."""
    amount = wish.one("%", "kwh", "") if _has_target(wish) else wish.one("%", "kwh")
    if amount is None:
        amount = share_of(wish.times.rest)
    if amount is None:
        raise NoWish("how much shall be kept? Give a percentage, such as 'keep 60 % until 08:00'")
    if amount.unit == "kwh":
        if wish.home is None or not wish.home.battery.capacity_kwh:
            raise NoWish("how much of the battery is that? Give a percentage, such as 'keep 60 % until 08:00'")
        capacity_kwh = wish.home.battery.capacity_kwh
        if amount.value > capacity_kwh:
            raise NoWish(f"{amount.value:g} kWh is more than this battery holds: give up to {capacity_kwh:g} kWh")
        return round(amount.value / capacity_kwh, 3), (f"{amount.value:g} kWh of {capacity_kwh:g} kWh",)
    if amount.value > 100:
        raise NoWish(f"{amount.value:g} % is more than a battery holds: give 0 to 100 %")
    return amount.value / 100, (() if amount.unit or amount.begin < 0 else (f"{amount.value:g} %",))


def _has_target(wish: NoteParts) -> bool:
    """Whether the only number is a percentage without its sign, as in "fill it up to 90"."""
    found = wish.amounts
    return (
        len(found) == 1
        and not found[0].unit
        and 5 <= found[0].value <= 100
        and _TARGET.search(wish.times.rest[: found[0].begin].rstrip(".")) is not None
    )


def _ban(kind: type[NoGridCharge] | type[NoExport] | type[NoDischargeIntoCar]) -> Callable[[NoteParts], _Made]:
    def made(wish: NoteParts) -> _Made:
        wish.none("A ban has no amount")
        span = wish.span()
        return kind(start=span.start, end=span.end), ()

    return made


_MEALS = (
    ("afternoon", r"lunch|almuerzo|almorzar|comida|comer|comemos|brunch"),
    ("evening", r"dinner|supper|cena|cenar|cenamos"),
)
_SOME = re.compile(
    r"\b(?:somos|seremos|estaremos|seamos|cenamos|comemos|recibimos a|vienen|hay|we(?:'re| are|'ll be)|be|having|"
    r"invited|party of|para|for) (?:los |las )?"
    rf"(?P<n>{any_of(HOURS)}|\d{{1,2}})\b(?! ?(?:kw|%|k?m))"
)


def _guests(wish: NoteParts) -> _Made:
    meal = next((part for part, words in _MEALS if re.search(rf"\b(?:{words})\b", wish.plain)), "")
    if any(one.unit in ("kw", "kwh") for one in wish.amounts):
        return _extra_load(wish)
    said = _heads(wish)
    heads = said or GUESTS
    if heads > 50:
        raise NoWish(f"{heads:g} guests are more than a note takes: give the extra power in kW")
    stays = re.search(r"\b(?:stay\w*|sleep\w*|quedan?|dorm\w+|duerm\w+)\b", wish.plain)
    span = wish.span(meal=None if stays else meal)
    assumed = f"{GUEST_KW:g} kW a guest" if said else f"{GUESTS} guests of {GUEST_KW:g} kW"
    return ExtraLoad(start=span.start, end=span.end, power_kw=heads * GUEST_KW), (assumed,)


def _heads(wish: NoteParts) -> float:
    """How many come; 0 where nothing says so."""
    if counted := [one for one in wish.amounts if one.unit == "heads"]:
        return sum(one.value for one in counted)
    if match := _SOME.search(wish.times.rest):
        return float(COUNTS.get(match["n"]) or match["n"])
    wish.one("heads")
    return 0


def _extra_load(wish: NoteParts) -> _Made:
    amount = wish.one("kw", "kwh")
    if amount is None:
        raise NoWish("how much more? Give it in kW or kWh, such as 'extra 2 kW from 18:00 to 22:00'")
    span = wish.span()
    hours = (span.end - span.start).total_seconds() / 3600
    power_kw = amount.value if amount.unit == "kw" else amount.value / hours
    if not 0 < power_kw <= 50:
        raise NoWish(f"{power_kw:g} kW more is outside 0 to 50 kW: check the number and its unit")
    return ExtraLoad(start=span.start, end=span.end, power_kw=round(power_kw, 3)), ()


def _away(wish: NoteParts) -> _Made:
    wish.none("Say only until when you are away")
    span = wish.span()
    if not span.said:
        raise NoWish("until when? Say for example 'away until Sunday'")
    away = Away(start=span.start, end=span.end)
    return away, (f"{away.load_factor:.0%} of the usual load",)


def _car_ready(wish: NoteParts) -> _Made:
    amount = wish.one("km", "kwh")
    if amount is None:
        raise NoWish("how much does the car need? Give km or kWh, such as 'car needs 40 km by 7:00'")
    span = wish.span(by=True)
    if not span.said:
        raise NoWish("by when? Give a time, such as 'car needs 40 km by 7:00'")
    energy_kwh = amount.value * CAR_KWH_PER_KM if amount.unit == "km" else amount.value
    if not 0 < energy_kwh <= 150:
        raise NoWish(f"{amount.value:g} {amount.unit} is outside what a car takes: give up to 150 kWh")
    assumed = (f"{CAR_KWH_PER_KM:g} kWh per km",) if amount.unit == "km" else ()
    return CarReady(start=span.start, end=span.end, energy_kwh=round(energy_kwh, 3)), assumed


_BUILDERS: dict[str, Callable[[NoteParts], _Made]] = {
    "reserve": _reserve,
    "no_grid_charge": _ban(NoGridCharge),
    "no_export": _ban(NoExport),
    INTO_CAR: _ban(NoDischargeIntoCar),
    "guests": _guests,
    "extra_load": _extra_load,
    "away": _away,
    "car_ready": _car_ready,
}
