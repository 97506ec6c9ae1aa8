"""Read a tariff by its name, or with a household's own figures in place of the file's."""

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

from pydantic import ValidationError

from energy.errors import SettingsError
from energy.pricing.contract import Contract
from energy.validation_messages import validation_messages

NAMED = "named"
# What a file says of its own figure, and not of one that a household puts in its place.
_OF_THE_FILE = {"first", "last", "known_from", "known_to", "no_end", "unsure", "unsure_es"}
# Keys with which a home's file may say more than the name.
_OWN = ("prices", "contracted_kw", "wallet", "billing_day", "series", "currency", "fixed")


def tariff_names() -> tuple[str, ...]:
    """Names of all tariffs with a file."""
    return tuple(sorted(one.name.removesuffix(".toml") for one in _folder().iterdir() if one.name.endswith(".toml")))


def named_tariff(name: str, **own: Any) -> Contract:
    """A tariff by its name, with the household's own figures.

    `prices` replaces the price of terms by their name, or of a term's periods by theirs; `contracted_kw`, `billing_day`
    and `series` say what the file cannot know, `fixed` replaces amounts by name, and `wallet` adds one.

    Raises:
        SettingsError: there is no such tariff, or a figure cannot be; naming file, key, value and what is allowed.
    """
    return contract_of(_with_own(name, own), f"tariff {name!r}")


def contract_of(settings: Mapping[str, Any], source: str) -> Contract:
    """A contract from settings of any origin.

    Raises:
        SettingsError: naming the source, each wrong key, its value and what is allowed.
    """
    try:
        return Contract.model_validate(settings)
    except ValidationError as err:
        raise SettingsError(f"{source}: {validation_messages(err, Contract)}") from err


def expanded(settings: object) -> object:
    """A home's settings with a tariff of kind `named` written out; everything else as it is.

    Raises:
        SettingsError: there is no such tariff, or it has a key that no household may set.
    """
    if not isinstance(settings, dict) or not isinstance(tariff := settings.get("tariff"), dict):
        return settings
    if tariff.get("kind") != NAMED:
        return settings
    own = {key: value for key, value in tariff.items() if key not in {"kind", "name"}}
    return settings | {"tariff": _with_own(str(tariff.get("name", "")), own)}


def _with_own(name: str, own: Mapping[str, Any]) -> dict[str, Any]:
    made = _read(name) | {"kind": "contract"}
    for key, value in own.items():
        if key not in _OWN:
            raise SettingsError(f"tariff {name!r}: key {key!r} is not known: use {', '.join(_OWN)}")
        match key:
            case "prices":
                made |= _repriced(name, made, value)
            case "fixed":
                made["fixed"] = _replaced(name, made.get("fixed", []), value, "amount")
            case "wallet":
                made["credit"] = {**made.get("credit", {}), "wallet": value}
            case "contracted_kw" | "series":
                made[key] = {**made.get(key, {}), **value}
            case _:
                made[key] = value
    return made


def _repriced(name: str, made: Mapping[str, Any], prices: Mapping[str, Any]) -> dict[str, Any]:
    """The file's terms with other prices; one price takes the place of a term's dated rows."""
    sides = {side: list(made.get(side, [])) for side in ("import_terms", "export_terms")}
    known = {row["name"] for rows in sides.values() for row in rows}
    for term in prices:
        if term not in known:
            raise SettingsError(
                f"tariff {name!r}: prices has {term!r}, which is not a term: use {', '.join(sorted(known))}"
            )
    return {side: _replaced(name, rows, prices, "price") for side, rows in sides.items()}


def _replaced(name: str, rows: list[dict[str, Any]], values: Mapping[str, Any], key: str) -> list[dict[str, Any]]:
    known = {row["name"] for row in rows}
    if key == "amount" and (strange := [one for one in values if one not in known]):
        raise SettingsError(f"tariff {name!r}: fixed has {strange[0]!r}: use {', '.join(sorted(known)) or 'none'}")
    kept = [row for row in rows if row["name"] not in values]
    whole = {one: _by_period(name, rows, one, value) for one, value in values.items() if one in known}
    new = [_row(rows, one, price, key, partly=_lacks(values[one], price)) for one, price in whole.items()]
    return [*new, *kept]


def _by_period(tariff: str, rows: list[dict[str, Any]], term: str, value: object) -> object:
    """A price, or the file's periods with the prices that are given by the periods' names."""
    price = next((row.get("price") for row in rows if row["name"] == term), None)
    periods = price.get("periods", []) if isinstance(price, Mapping) else []
    if not periods or not isinstance(value, Mapping) or not isinstance(price, Mapping) or "periods" in value:
        return value
    names = dict.fromkeys(period["name"] for period in periods)
    for one in value:
        if one not in names:
            raise SettingsError(f"tariff {tariff!r}: prices.{term} has {one!r}: use {', '.join(names)}")
    return {**price, "periods": [{**one, "price": value.get(one["name"], one["price"])} for one in periods]}


def _lacks(given: object, whole: object) -> bool:
    """Whether some of a price's periods are left as the file has them."""
    if not isinstance(given, Mapping) or not isinstance(whole, Mapping) or "periods" in given:
        return False
    return any(period["name"] not in given for period in whole.get("periods", []))


def _row(rows: list[dict[str, Any]], name: str, value: object, key: str, *, partly: bool) -> dict[str, Any]:
    first = next(row for row in rows if row["name"] == name)
    of_the_file = _OF_THE_FILE | (set() if partly else {"example"})
    return {**{part: first[part] for part in first if part not in of_the_file}, key: value}


@cache
def _read(name: str) -> dict[str, Any]:
    if name not in tariff_names():
        raise SettingsError(f"tariff {name!r} is not known: use one of {', '.join(tariff_names())}")
    made = tomllib.loads((_folder() / f"{name}.toml").read_text(encoding="utf-8"))
    if (parent := made.pop("extends", None)) is None:
        return made
    inherited = dict(_read(parent))
    for kind in ("sources", "notes"):
        made[kind] = [*made.get(kind, []), *inherited.get(kind, [])]
    return inherited | made


def _folder() -> Any:
    return files("ingest.tariffs") / "files"
