"""What the demo shows and says, in English and in Spanish."""

from collections.abc import Mapping
from datetime import datetime

from babel.dates import format_datetime

from agent.decision.constraint_words import Language

TEXTS: Mapping[Language, Mapping[str, str]] = {
    "en": {
        "starting": "Starting a house, a broker, a memory and an advisor; the day appears when they are ready.",
        "reading": "Reading the home's history and indexing its days …",
        "waiting": "Starting the advisor …",
        "example": "example: a recorded winter day, on which planning pays",
        "model": "model",
        "no_model_here": "no language model",
        "now": "now",
        "solar": "solar",
        "house": "house",
        "from_grid": "from grid",
        "to_grid": "to grid",
        "from_battery": "from battery",
        "to_battery": "to battery",
        "price": "price",
        "battery": "battery",
        "level": "level",
        "mode": "mode",
        "day": "the day",
        "up_to": "up to {power} kW",
        "in_force": "what it does now, and why",
        "no_decision": "no decision yet",
        "similar_days": "similar days: {days}",
        "model_says": "the model says: {text}",
        "self_consumption": "self-consumption",
        "hold": "hold (no discharging)",
        "charge": "charge from the grid",
        "discharge": "sell to the grid",
        "bill": "the bill for the same hours",
        "saved": "saved",
        "share": "of the possible saving",
        "none": "no battery",
        "greedy": "plain self-consumption",
        "advisor": "Energy Advisor",
        "oracle": "best possible in hindsight",
        "mattered": "the decisions that mattered most",
        "worth": "worth {money}",
        "devices": "what the devices used",
        "planned": "planned",
        "alone": "left alone",
        "indoors": "mean indoors",
        "cold": "below the comfort band",
        "due": "Decisions due {due}, made {made}, sent to the house {published}.",
        "reviews": "The language model ({model}) was asked {reviews} times, {fallbacks} without a usable answer.",
        "no_model": "No language model was used: the planner decided.",
        "checked": "{days} days of memory; energy balances (error: {error} kWh); {seconds} s.",
        "next": "Where next:",
        "next_explain": "why the last decision was made",
        "next_chat": "ask about this day",
        "next_page": "the same day on a page in your browser",
        "next_setup": "connect your own home",
    },
    "es": {
        "starting": "Arrancando una casa, un bróker, una memoria y un asesor; el día aparece cuando estén listos.",
        "reading": "Leyendo el historial de la vivienda e indexando sus días …",
        "waiting": "Arrancando el asesor …",
        "example": "ejemplo: un día de invierno registrado en el que planificar compensa",
        "model": "modelo",
        "no_model_here": "sin modelo de lenguaje",
        "now": "ahora",
        "solar": "solar",
        "house": "casa",
        "from_grid": "de la red",
        "to_grid": "a la red",
        "from_battery": "de la batería",
        "to_battery": "a la batería",
        "price": "precio",
        "battery": "batería",
        "level": "nivel",
        "mode": "modo",
        "day": "el día",
        "up_to": "hasta {power} kW",
        "in_force": "qué hace ahora y por qué",
        "no_decision": "aún no hay ninguna decisión",
        "similar_days": "días parecidos: {days}",
        "model_says": "el modelo dice: {text}",
        "self_consumption": "autoconsumo",
        "hold": "reserva (sin descargar)",
        "charge": "cargar de la red",
        "discharge": "vender a la red",
        "bill": "la factura de las mismas horas",
        "saved": "ahorrado",
        "share": "del ahorro posible",
        "none": "sin batería",
        "greedy": "autoconsumo simple",
        "advisor": "Energy Advisor",
        "oracle": "lo mejor posible a posteriori",
        "mattered": "las decisiones más importantes",
        "worth": "vale {money}",
        "devices": "lo que usaron los dispositivos",
        "planned": "planificado",
        "alone": "sin planificar",
        "indoors": "media interior",
        "cold": "bajo la franja de confort",
        "due": "Decisiones previstas {due}, tomadas {made}, enviadas a la casa {published}.",
        "reviews": "Se preguntó {reviews} veces al modelo de lenguaje ({model}), {fallbacks} sin respuesta válida.",
        "no_model": "No se usó ningún modelo de lenguaje: decidió el planificador.",
        "checked": "{days} días de memoria; la energía cuadra (error: {error} kWh); {seconds} s.",
        "next": "Para seguir:",
        "next_explain": "por qué se tomó la última decisión",
        "next_chat": "pregunta por este día",
        "next_page": "el mismo día en una página de tu navegador",
        "next_setup": "conecta tu propia casa",
    },
}


def long_moment(local: datetime, language: Language) -> str:
    """A local moment with its weekday, such as `Tuesday 20 December 2016, 15:30`."""
    pattern = "EEEE d MMMM y, HH:mm" if language == "en" else "EEEE d 'de' MMMM 'de' y, HH:mm"
    return str(format_datetime(local, pattern, locale=language))


def decimal(value: float, digits: int, language: Language) -> str:
    """A number with the language's decimal mark."""
    text = f"{value:.{digits}f}"
    return text.replace(".", ",") if language == "es" else text
