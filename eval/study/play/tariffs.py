"""The tariffs of a study: by name, with assumed market prices where they need some, and in the place's currency."""

from collections.abc import Sequence
from datetime import date
from functools import cache
from zoneinfo import ZoneInfo

from energy.errors import SettingsError
from energy.pricing.contract import Contract
from energy.pricing.terms import Indexed
from eval.study.play.gazetteer import Town
from eval.study.play.market import assumed_series
from ingest.tariffs.catalogue import named_tariff, tariff_names

# A tariff that a home in memory brings with it.
OWN_TARIFF = "own"
_BY_COUNTRY = {
    "ES": "es-2.0td",
    "FR": "fr-hp-hc",
    "DE": "de-feed-in",
    "BE": "be-flanders-capacity",
    "NL": "nl-dynamic",
    "NO": "no-capacity-steps",
}
_BY_REGION = {"canaries": "es-2.0td-canaries", "ceuta": "es-2.0td-ceuta", "melilla": "es-2.0td-melilla"}
# Market prices are assumed in this currency alone.
_ASSUMED = {"day_ahead", "futures"}
_ASSUMED_CURRENCY = "EUR"


def usual_tariff(town: Town) -> str:
    """The tariff that is looked at where none is asked for.

    Raises:
        SettingsError: none of the tariffs is one of that country.
    """
    name = _BY_REGION.get(town.region) or _BY_COUNTRY.get(town.country)
    if name is None:
        fitting = fitting_tariffs(town.currency)
        if not fitting:
            raise SettingsError(
                f"no tariff in {town.currency} can be simulated for {town.name}: "
                "bring in a home with a tariff of its own (advisor ingest) and use --home",
            )
        raise SettingsError(f"no tariff of {town.name}'s country ships: use {', '.join(fitting)}")
    return name


def check_tariffs(names: Sequence[str], currency: str, place: str) -> None:
    """See that every tariff is known, in the place's currency, and has prices.

    Raises:
        SettingsError: naming the tariff and those that would fit.
    """
    for name in names:
        contract = named_tariff(name)
        if contract.currency not in {None, currency}:
            raise SettingsError(
                f"tariff {name!r} is in {contract.currency}, but {place} pays in {currency}: use {_named(currency)}"
            )
        if lacking := _lacking(contract):
            fitting = ", ".join(fitting_tariffs(currency))
            others = f"use {fitting}, or" if fitting else "use"
            raise SettingsError(
                f"tariff {name!r} reads the series {', '.join(lacking)}, for which no prices are assumed here: "
                f"{others} --home with a home whose tariff has them",
            )


@cache
def study_tariff(name: str, year: int, zone: str) -> Contract:
    """A tariff by its name, with assumed market prices of a year and the month before it."""
    contract = named_tariff(name)
    if not contract.needs:
        return contract
    series = assumed_series(contract.needs, date(year - 1, 12, 1), date(year, 12, 31), ZoneInfo(zone))
    return contract.model_copy(update={"series": series})


def is_assumed(name: str) -> bool:
    """Whether a tariff's prices are formed from assumed market prices."""
    return bool(named_tariff(name).needs)


def _lacking(contract: Contract) -> list[str]:
    """Series without which no price can be formed: those of its formulas, but not what is published of them."""
    prices = (term.price for term in (*contract.import_terms, *contract.export_terms))
    rules = [price for price in prices if isinstance(price, Indexed)]
    wanted = [name for rule in rules for name in rule.of or (rule.published or "",)]
    known = _ASSUMED if contract.currency in {None, _ASSUMED_CURRENCY} else set()
    return [name for name in dict.fromkeys(wanted) if name not in known]


@cache
def fitting_tariffs(currency: str | None = None) -> tuple[str, ...]:
    """Tariffs whose prices are known or assumed, all of them or those in a currency."""
    found = {name: named_tariff(name) for name in tariff_names()}
    return tuple(
        name
        for name, contract in found.items()
        if (currency is None or contract.currency in {None, currency}) and not _lacking(contract)
    )


def _named(currency: str) -> str:
    return ", ".join(fitting_tariffs(currency)) or "a home of your own with --home"
