"""What a question would change, and the load it names, from the amounts that stand in it."""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from agent.language.amounts import Unit, find_amounts
from agent.language.questions.vocabulary import first_named, vocabulary
from agent.language.times.finding import find_times
from agent.queries import Change, Run
from energy.slots import DAY

# What clouds and sun do to a forecast where the question says no more.
_SKIES = (
    (r"cloud\w*|overcast|rain\w*|less sun|little sun|nub\w*|lluv\w*|llov\w*|lluev\w*|(?:menos|poco) sol", 0.3),
    (r"sunn\w*|more sun|clear|solead\w*|despejad\w*|mas sol|hac\w+ (?:mucho )?sol|haga (?:mucho )?sol", 1.5),
)


@dataclass(frozen=True, slots=True)
class Load:
    """A load that may be run at another time; `assumed` where the question did not say how much it draws."""

    name: str
    power_kw: float
    length_h: float
    assumed: bool


def load_of(words: str) -> Load:
    """The load a question names, with what it says of its power, length or energy; the rest is assumed."""
    named = first_named(vocabulary().loads, words)
    usual = (
        Load(named.name, named.power_kw, named.length_h, assumed=True)
        if named
        else Load("load", 1.0, 1.0, assumed=True)
    )
    power_kw, length_h, energy_kwh = (
        _first(words, "kw"),
        _hours(words),
        _first(words, "kwh"),
    )
    if energy_kwh is None:
        assumed = power_kw is None or length_h is None
        return replace(usual, power_kw=power_kw or usual.power_kw, length_h=length_h or usual.length_h, assumed=assumed)
    if length_h and power_kw is None:
        return replace(usual, power_kw=energy_kwh / length_h, length_h=length_h, assumed=False)
    power = power_kw or usual.power_kw
    return replace(usual, power_kw=power, length_h=energy_kwh / power, assumed=power_kw is None)


def change_of(words: str, start: datetime | None) -> Change | None:
    """What a what-if changes; None where that cannot be told. `start` is when it would switch a load on."""
    for pattern, read in _CHANGES:
        if re.search(pattern, words) and (change := read(words)) is not None:
            return replace(change, run=replace(change.run, start=start)) if change.run else change
    return None


def _price_change(words: str) -> Change | None:
    price, factor = _price(words), _factor(words)
    if price is not None:
        return Change(import_price=price)
    return None if factor is None else Change(price_factor=factor)


def _load_change(words: str) -> Change:
    load = load_of(words)
    return Change(run=Run(load.power_kw, load.length_h))


def _sun_change(words: str) -> Change | None:
    factor = _factor(words)
    if factor is None and re.search(
        r"\b(?:no sun|without (?:the )?sun|no solar|sin sol|no \w+ sol|snow\w*|nieve|nevara)\b", words
    ):
        factor = 0.0
    if factor is None:
        factor = next((said for pattern, said in _SKIES if re.search(rf"\b(?:{pattern})\b", words)), None)
    return None if factor is None else Change(pv_factor=factor)


def _size_change(words: str) -> Change | None:
    size_kwh = _first(words, "kwh")
    if size_kwh is not None:
        return Change(capacity_kwh=size_kwh)
    if _first(words, "%") is not None or re.search(r"\b(?:full|charged|empty|llena|cargada|vacia)\b", words):
        return None
    factor = _factor(words)
    return None if factor is None else Change(capacity_factor=factor)


def _charge_change(words: str) -> Change | None:
    if (percent := _first(words, "%")) is not None:
        return Change(soc=percent / 100)
    if re.search(r"\b(?:half.?(?:full|charged)|medio llena|a la mitad|a medias)\b", words):
        return Change(soc=0.5)
    if re.search(r"\b(?:full|fully charged|llena|cargada)\b", words):
        return Change(soc=1.0)
    return Change(soc=0.0) if re.search(r"\b(?:empty|vacia|descargada)\b", words) else None


def _use_change(words: str) -> Change | None:
    factor = _factor(words)
    return None if factor is None else Change(load_factor=factor)


_CHANGES: tuple[tuple[str, Callable[[str], Change | None]], ...] = (
    (r"\b(?:no|without|sin)\b.{0,12}\b(?:battery|bateria)\b", lambda _: Change(capacity_kwh=0.0)),
    (r"\b(?:price|tariff|power|electricity|kwh|precio|tarifa|luz)\w*\b", _price_change),
    (
        (
            r"\b(?:car|ev|oven|dishwash\w*|washing|dryer|heater|plug\w*|k?w (?:more|extra)|extra load)\b"
            r"|\b(?:coche|horno|lavavajillas|lavadora|secadora|enchuf\w*|termo|k?w mas|carga extra)\b"
        ),
        _load_change,
    ),
    (
(
            r"\b(?:sun|sunny|solar|pv|cloud\w*|overcast|rain\w*|snow\w*|panel\w*"
            r"|sol|nub\w*|placas|paneles|lluv\w*|lluev\w*|llov\w*|nev\w*|nieve)\b"
        ),
        _sun_change,
    ),
    (r"\b(?:battery|bateria)\b", _size_change),
    (r"\b(?:charged?|full|empty|battery|soc|carga|cargada|llena|vacia|bateria)\b", _charge_change),
    (r"\b(?:used?|consum\w*|load|usage|gast\w*|demand\w*)\b", _use_change),
)  # fmt: skip

_FACTORS: tuple[tuple[str, float], ...] = (
    (r"\b(?:twice|doubl(?:e|ed|es|ing)|dobl[ea]\w*)\b", 2.0),
    (r"\b(?:triple[ds]?|three times|tres veces)\b", 3.0),
    (r"\b(?:half|halve[ds]?|mitad)\b(?! an hour)", 0.5),
)


def _factor(words: str) -> float | None:
    """What something is multiplied by: twice, half, a fifth more."""
    for pattern, factor in _FACTORS:
        if re.search(pattern, words):
            return factor
    percent = _first(words, "%")
    if percent is None:
        return None
    if re.search(r"\b(?:more|higher|dearer|bigger|larger|up|r[oi]se|increase\w*|mas|sub\w+|mayor|car[oa])\b", words):
        return 1 + percent / 100
    if re.search(r"\b(?:less|lower|cheaper|smaller|down|f[ea]ll|decrease\w*|menos|baj\w+|menor|barat[oa])\b", words):
        return 1 - percent / 100
    return None


def _price(words: str) -> float | None:
    """A price per kWh: 0.30 EUR, $0.3, 30 cents."""
    cents = _first(words, "cents")
    if cents is not None:
        return cents / 100
    said = _first(words, "money")
    bare = re.search(r"\b(?:cost|at|costara|a) (0[.,]\d+)\b", words)
    return said if said is not None else float(bare[1].replace(",", ".")) if bare else None


def _hours(words: str) -> float | None:
    """How long something runs, as the times of the text say."""
    length = next((one.length for one in find_times(words).found if one.length is not None and not one.back), None)
    return length.total_seconds() / 3600 if length and length < DAY else None


def _first(words: str, unit: Unit) -> float | None:
    return next((one.value for one in find_amounts(find_times(words).rest) if one.unit == unit), None)
