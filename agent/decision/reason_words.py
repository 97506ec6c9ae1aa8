"""The sentences of reasons in each language; what stands in braces is a fact."""

import re
from collections.abc import Mapping

from agent.decision.constraint_words import Language

_NAMES: dict[Language, dict[str, str]] = {
    "en": {
        "best": "the best schedule",
        "self_consumption": "plain self-consumption",
        "keep_reserve": "keeping a reserve",
        "calm": "fewer changes of mode",
        "no_grid_charging": "no charging from the grid",
    },
    "es": {
        "best": "el mejor plan",
        "self_consumption": "el autoconsumo simple",
        "keep_reserve": "mantener una reserva",
        "calm": "menos cambios de modo",
        "no_grid_charging": "no cargar de la red",
    },
}

WORDS: dict[Language, dict[str, str]] = {
    "en": {
        "buy_ahead": (
            "Charging from the grid to {charge_to_percent} %: a stored kWh costs {costs_now_per_kwh} now and should be "
            "worth {worth_per_kwh} {currency} later."
        ),
        "charge_as_asked": (
            "Charging from the grid to {charge_to_percent} %, as the household asked: a stored kWh costs "
            "{costs_now_per_kwh} {currency} now."
        ),
        "save_for_later": (
            "Holding at {charge_percent} %: a stored kWh should be worth {worth_per_kwh} {currency} later, but would "
            "save only {saves_now_per_kwh} now."
        ),
        "hold_as_asked": (
            "Holding at {charge_percent} %, as the household asked: a stored kWh would save {saves_now_per_kwh} "
            "{currency} now."
        ),
        "sell_now": ("Selling down to {reserve_percent} %: a kept kWh would be worth only {worth_per_kwh} {currency}."),
        "follow_house": (
            "Following the house down to {reserve_percent} %: power costs {price_now} {currency} now and a kept kWh "
            "should be worth {worth_per_kwh} {currency} later."
        ),
        "asked": "Asked for: {what}.",
        "reserve_kept": "The Reserve control keeps {standing_reserve_percent} % in the battery.",
        "reserve_costs": (
            "The Reserve control keeps {standing_reserve_percent} % in the battery, which should cost "
            "{standing_reserve_extra} {currency} over the next {horizon_hours} h."
        ),
        "bill_margin": (
            "On this month's bill an exported kWh is now worth {bill_export} instead of {bill_export_price}, and an "
            "imported one costs {bill_import} instead of {bill_import_price} {currency}."
        ),
        "bill_peak": "Import is kept below {peak_kw} kW where possible, so that the month's peak does not grow.",
        "out_of_reach": "That is out of reach: {percent} % is what can be had.",
        "ahead": "The next {horizon_hours} h should need {load_kwh} kWh and bring {pv_kwh} kWh of sun{{like}}.",
        "like": ", as on {days}",
        "and": " and ",
        "dearest": "The dearest price, {price_highest}, comes at {price_highest_at}.",
        "expected_prices": "Prices from {prices_known_until} on are not published yet; similar days' are expected.",
        "no_prices": "No price is published from now on; those of similar days are expected.",
        "chosen_for": "Chosen for {name}.",
        "instead": "Plain self-consumption would cost {self_consumption_extra} more.",
    },
    "es": {
        "buy_ahead": (
            "Cargando de la red hasta el {charge_to_percent} %: un kWh guardado cuesta {costs_now_per_kwh} ahora y "
            "debería valer {worth_per_kwh} {currency} más tarde."
        ),
        "charge_as_asked": (
            "Cargando de la red hasta el {charge_to_percent} %, como se pidió: un kWh guardado cuesta "
            "{costs_now_per_kwh} {currency} ahora."
        ),
        "save_for_later": (
            "Manteniendo el {charge_percent} %: un kWh guardado debería valer {worth_per_kwh} {currency} más tarde, "
            "y ahora solo ahorraría {saves_now_per_kwh}."
        ),
        "hold_as_asked": (
            "Manteniendo el {charge_percent} %, como se pidió: un kWh guardado ahorraría {saves_now_per_kwh} "
            "{currency} ahora."
        ),
        "sell_now": "Vendiendo hasta el {reserve_percent} %: un kWh guardado solo valdría {worth_per_kwh} {currency}.",
        "follow_house": (
            "Siguiendo a la casa hasta el {reserve_percent} %: la luz cuesta {price_now} {currency} ahora y un kWh "
            "guardado debería valer {worth_per_kwh} {currency} más tarde."
        ),
        "asked": "Se pidió: {what}.",
        "reserve_kept": "El control Reserva guarda el {standing_reserve_percent} % en la batería.",
        "reserve_costs": (
            "El control Reserva guarda el {standing_reserve_percent} % en la batería; debería costar "
            "{standing_reserve_extra} {currency} en las próximas {horizon_hours} h."
        ),
        "bill_margin": (
            "En la factura de este mes, un kWh vertido vale ahora {bill_export} en vez de {bill_export_price} y uno "
            "comprado cuesta {bill_import} en vez de {bill_import_price} {currency}."
        ),
        "bill_peak": "La compra se mantiene por debajo de {peak_kw} kW si se puede, para no subir el pico del mes.",
        "out_of_reach": "No se puede alcanzar: se llega al {percent} %.",
        "ahead": "Las próximas {horizon_hours} h deberían pedir {load_kwh} kWh y traer {pv_kwh} kWh de sol{{like}}.",
        "like": ", como el {days}",
        "and": " y el ",
        "dearest": "El precio más alto, {price_highest}, llega a las {price_highest_at}.",
        "expected_prices": (
            "Los precios desde las {prices_known_until} aún no se han publicado; se esperan los de días parecidos."
        ),
        "no_prices": "No hay precios publicados a partir de ahora; se esperan los de días parecidos.",
        "chosen_for": "Elegido: {name}.",
        "instead": "El autoconsumo simple costaría {self_consumption_extra} más.",
    },
}


def candidate_name(name: str, language: Language = "en") -> str:
    """A candidate in words."""
    return _NAMES[language].get(name, name)


def in_words(sentence: str, facts: Mapping[str, str], language: Language) -> str:
    """A sentence with its facts filled in; Spanish writes decimals with a comma."""
    if language == "es":
        facts = {name: re.sub(r"^(-?\d+)\.(\d+)$", r"\1,\2", fact) for name, fact in facts.items()}
    return sentence.format_map(facts)
