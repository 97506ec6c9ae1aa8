"""Contracts that each show one rule of bills, for the question of what planning with it earns."""

from dataclasses import dataclass
from typing import Any

from energy.pricing.tariff import Contract
from ingest.tariffs.catalogue import named_tariff

# A supplier's cheap night and expensive evening, so that a battery has a reason to buy.
_TWO_PRICES: dict[str, Any] = {
    "periods": [
        {"name": "night", "price": 0.09, "from_hour": 23, "to_hour": 7},
        {"name": "evening", "price": 0.22, "from_hour": 17, "to_hour": 22},
        {"name": "day", "price": 0.15},
    ]
}
_NORWAY: dict[str, Any] = {
    "periods": [{**period, "price": 6 * period["price"]} for period in _TWO_PRICES["periods"]],
}


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule by name, the contract that has it, and what it is in a few words."""

    name: str
    title: str
    contract: Contract


def rules() -> dict[str, Rule]:
    """Every rule that can be measured."""
    spain = named_tariff("es-2.0td")
    found = (
        Rule("cap", "surplus credit capped by the month's energy (es-2.0td)", spain),
        Rule("wallet", "the same with a wallet", named_tariff("es-2.0td", wallet={"fee_per_month": 2.0})),
        Rule("hour", "netting within the hour, no cap", _without_cap(spain)),
        Rule("peak", "month's highest quarter-hour (be-flanders-capacity)", _flanders()),
        Rule("steps", "steps by three days' hours (no-capacity-steps)", _norway()),
        Rule("month", "all of the price netted over the month", _netted_month()),
    )
    return {rule.name: rule for rule in found}


def _without_cap(contract: Contract) -> Contract:
    return contract.model_copy(update={"credit": type(contract.credit)()})


def _flanders() -> Contract:
    return named_tariff("be-flanders-capacity", prices={"energy": _TWO_PRICES})


def _norway() -> Contract:
    return named_tariff("no-capacity-steps", prices={"energy": _NORWAY})


def _netted_month() -> Contract:
    return Contract.model_validate(
        {
            "name": "netted over the month",
            "currency": "EUR",
            "import_terms": [{"name": "energy", "price": _TWO_PRICES}, {"name": "energy tax", "price": 0.1}],
            "export_terms": [{"name": "surplus", "price": 0.05}],
            "netting": [{"interval": "month"}],
            "taxes": [{"name": "VAT", "percent": 21, "on": ["energy", "energy tax"]}],
        }
    )
