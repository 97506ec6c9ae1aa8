"""The sentences of reasons in each language; what stands in braces is a fact."""

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime

from babel.dates import format_date

from agent.decision.constraint_words import Language

_NAMES: dict[Language, dict[str, str]] = {
    "en": {
        "best": "the best schedule",
        "self_consumption": "plain self-consumption",
        "keep_reserve": "keeping a reserve",
        "calm": "fewer mode changes",
        "no_grid_charging": "no charging from the grid",
        "adjusted": "adjusted to what you said",
    },
    "es": {
        "best": "el mejor plan",
        "self_consumption": "el autoconsumo simple",
        "keep_reserve": "mantener una reserva",
        "calm": "menos cambios de modo",
        "no_grid_charging": "sin cargar de la red",
        "adjusted": "adaptado a lo que has dicho",
    },
}

WORDS: dict[Language, dict[str, str]] = {
    "en": {
        "buy_ahead": (
            "Charging from the grid to {charge_to_percent} %: each stored kWh costs {costs_now_per_kwh} {currency} now "
            "and is expected to be worth {worth_per_kwh} later."
        ),
        "charge_as_asked": (
            "Charging from the grid to {charge_to_percent} %, as you asked: each stored kWh costs "
            "{costs_now_per_kwh} {currency} now."
        ),
        "save_for_later": (
            "Holding at {charge_percent} %, without discharging: each stored kWh is expected to be worth "
            "{worth_per_kwh} {currency} later and would save only {saves_now_per_kwh} now."
        ),
        "hold_as_asked": (
            "Holding at {charge_percent} %, without discharging, as you asked: each stored kWh would save "
            "{saves_now_per_kwh} {currency} now."
        ),
        "hold_for_car": (
            "Holding at {charge_percent} %, without discharging: a car is charging at {car_kw} kW, and the battery is "
            "kept out of it."
        ),
        "sell_now": (
            "Selling to the grid down to {reserve_percent} %: a kWh kept in the battery would be worth only "
            "{worth_per_kwh} {currency}."
        ),
        "follow_house": (
            "Self-consumption: the battery covers the house down to {reserve_percent} %. Electricity costs {price_now} "
            "{currency}/kWh now; a kWh kept in the battery is expected to be worth {worth_per_kwh} later."
        ),
        "asked": "You asked for: {what}.",
        "reserve_kept": "The Reserve control keeps {standing_reserve_percent} % in the battery.",
        "reserve_costs": (
            "The Reserve control keeps {standing_reserve_percent} % in the battery, at an expected cost of "
            "{standing_reserve_extra} {currency} over the next {horizon_hours} h."
        ),
        "bill_margin": (
            "On this month's bill an exported kWh is now worth {bill_export} instead of {bill_export_price}, and an "
            "imported one costs {bill_import} instead of {bill_import_price} {currency}."
        ),
        "carbon": (
            "Emissions count {carbon_now} {currency} for each kWh from the grid now; that guides the plan "
            "and is on no bill."
        ),
        "bill_peak": "Import is kept below {peak_kw} kW where possible, so that the month's peak does not grow.",
        "out_of_reach": "That cannot be met all the time: the battery is expected to be as low as {percent} %.",
        "ahead": "Expected over the next {horizon_hours} h: {load_kwh} kWh used, {pv_kwh} kWh solar{{like}}.",
        "like": " (similar days: {days})",
        "and": " and ",
        "peak_price": "Prices peak at {price_highest} {currency}/kWh at {price_highest_at}.",
        "expected_prices": (
            "Prices after {prices_known_until} are not published yet; those of similar days are assumed."
        ),
        "no_prices": "No prices are published from now on; those of similar days are assumed.",
        "chosen_for": "Chosen schedule: {name}.",
        "instead": "Plain self-consumption would cost {self_consumption_extra} {currency} more.",
    },
    "es": {
        "buy_ahead": (
            "Cargando de la red hasta el {charge_to_percent} %: cada kWh almacenado cuesta ahora {costs_now_per_kwh} "
            "{currency} y se espera que más tarde valga {worth_per_kwh}."
        ),
        "charge_as_asked": (
            "Cargando de la red hasta el {charge_to_percent} %, como pediste: cada kWh almacenado cuesta ahora "
            "{costs_now_per_kwh} {currency}."
        ),
        "save_for_later": (
            "En reserva al {charge_percent} %, sin descargar: se espera que cada kWh almacenado valga {worth_per_kwh} "
            "{currency} más tarde; ahora solo ahorraría {saves_now_per_kwh}."
        ),
        "hold_as_asked": (
            "En reserva al {charge_percent} %, sin descargar, como pediste: cada kWh almacenado ahorraría ahora "
            "{saves_now_per_kwh} {currency}."
        ),
        "hold_for_car": (
            "En reserva al {charge_percent} %, sin descargar: un coche está cargando a {car_kw} kW y la batería no se "
            "usa para él."
        ),
        "sell_now": (
            "Vendiendo a la red hasta bajar al {reserve_percent} %: cada kWh guardado en la batería solo valdría "
            "{worth_per_kwh} {currency}."
        ),
        "follow_house": (
            "Autoconsumo: la batería cubre la casa hasta bajar al {reserve_percent} %. La electricidad cuesta ahora "
            "{price_now} {currency}/kWh y se espera que cada kWh guardado valga {worth_per_kwh} más tarde."
        ),
        "asked": "Pediste: {what}.",
        "reserve_kept": "El control Reserva mantiene el {standing_reserve_percent} % en la batería.",
        "reserve_costs": (
            "El control Reserva mantiene el {standing_reserve_percent} % en la batería, con un coste previsto de "
            "{standing_reserve_extra} {currency} en las próximas {horizon_hours} h."
        ),
        "bill_margin": (
            "En la factura de este mes, un kWh vertido vale ahora {bill_export} en vez de {bill_export_price} y uno "
            "comprado cuesta {bill_import} en vez de {bill_import_price} {currency}."
        ),
        "carbon": (
            "Las emisiones cuentan ahora {carbon_now} {currency} por cada kWh de la red; guían el plan "
            "y no están en la factura."
        ),
        "bill_peak": "La compra se mantiene por debajo de {peak_kw} kW si se puede, para no subir el pico del mes.",
        "out_of_reach": "No se podrá cumplir todo el tiempo: se espera que la batería llegue a estar al {percent} %.",
        "ahead": (
            "Previsto para las próximas {horizon_hours} h: {load_kwh} kWh de consumo y {pv_kwh} kWh de energía "
            "solar{{like}}."
        ),
        "like": " (días parecidos: {days})",
        "and": " y ",
        "peak_price": "El precio más alto será de {price_highest} {currency}/kWh, a las {price_highest_at}.",
        "expected_prices": (
            "Los precios a partir de las {prices_known_until} aún no se han publicado; se suponen los de días "
            "parecidos."
        ),
        "no_prices": "No hay precios publicados a partir de ahora; se suponen los de días parecidos.",
        "chosen_for": "Plan elegido: {name}.",
        "instead": "El autoconsumo simple costaría {self_consumption_extra} {currency} más.",
    },
}


def candidate_name(name: str, language: Language = "en") -> str:
    """A candidate in words."""
    return _NAMES[language].get(name, name)


def day_in_words(iso_day: str, language: Language) -> str:
    """A day as people say it, such as `19 December`."""
    pattern = "d MMMM" if language == "en" else "d 'de' MMMM"
    return str(format_date(date.fromisoformat(iso_day), pattern, locale=language))


def days_in_words(iso_days: Sequence[str], language: Language) -> str:
    """Days in a row, with their month once where it is the same, such as `14, 15 and 19 December`."""
    days = [date.fromisoformat(one) for one in iso_days]
    *before, last = days
    one_month = len({(day.year, day.month) for day in days}) == 1
    names = [str(day.day) if one_month else day_in_words(day.isoformat(), language) for day in before]
    joint = [", ".join(names)] if names else []
    return WORDS[language]["and"].join([*joint, day_in_words(last.isoformat(), language)])


def moment_in_words(moment: datetime, language: Language) -> str:
    """A moment as people say it, by the clock that it comes with: `23:55 on 20 December 2016`; UTC is named."""
    clock = f"{moment:%H:%M}{' UTC' if moment.tzinfo == UTC else ''}"
    day = f"{day_in_words(moment.date().isoformat(), language)}{' ' if language == 'en' else ' de '}{moment.year}"
    if language == "en":
        return f"{clock} on {day}"
    return f"el {day} {'a la' if moment.hour == 1 else 'a las'} {clock}"


def in_words(sentence: str, facts: Mapping[str, str], language: Language) -> str:
    """A sentence with its facts filled in; Spanish writes decimals with a comma."""
    if language == "es":
        facts = {name: re.sub(r"^(-?\d+)\.(\d+)$", r"\1,\2", fact) for name, fact in facts.items()}
    return sentence.format_map(facts)
