"""What a household of the exam remarks of its days, in many words and two languages, and what it does to the load."""

from dataclasses import dataclass, replace

import numpy as np

from energy.slots import hours
from ingest.history.table import History
from knowledge.days import DayRecord

# Not everything is announced.
_TOLD = 0.85


@dataclass(frozen=True, slots=True)
class Happening:
    """Something that happens on some days: how often, how long, when, with what power, and what is remarked of it."""

    name: str
    times_a_year: float
    days: int
    first_h: int
    last_h: int
    power_kw: float
    remarks: tuple[str, ...]


# Invented households: the powers are of common appliances, how often is the author's guess; the last two mean nothing.
HAPPENINGS = (
    Happening("sauna", 40, 1, 19, 22, 2.0, (
        "sauna evening", "we'll heat the sauna tonight", "having a sauna after work", "sauna with the neighbours later",
        "firing up the sauna around seven", "noche de sauna", "hoy toca sauna", "encendemos la sauna esta noche",
        "sauna con los vecinos", "después del trabajo, sauna")),
    Happening("ill", 6, 3, 8, 18, 0.8, (
        "the little one is ill", "our daughter stays home with a fever", "kid off school, poorly", "my son has the flu",
        "sick child at home today", "la peque está mala", "el niño se queda en casa con fiebre",
        "mi hija tiene gripe", "hoy no va al cole, está enfermo", "la niña está malita en casa")),
    Happening("home office", 8, 5, 8, 17, 0.45, (
        "we work from home this week", "home office today", "working remotely", "I'm not going in, office at home",
        "teleworking all day", "esta semana teletrabajamos", "hoy trabajo desde casa", "teletrabajo",
        "no voy a la oficina, trabajo en casa", "oficina en casa")),
    Happening("baking", 30, 1, 10, 13, 1.6, (
        "baking bread this morning", "I'm making cakes for the fair", "big baking session", "oven on, making bread",
        "cookies for the whole class", "hoy hago pan", "mañana de horno, hago pasteles", "horneamos para la feria",
        "galletas para toda la clase", "pan casero esta mañana")),
    Happening("workshop", 20, 1, 14, 18, 1.2, (
        "working in the workshop", "I'll be sawing in the shed all afternoon", "welding the gate today",
        "garage project with the compressor", "carpentry afternoon", "tarde de taller", "voy a soldar la verja",
        "carpintería en el garaje", "uso el compresor en el cobertizo", "toca serrar madera")),
    Happening("school meeting", 20, 1, 0, 0, 0.0, (
        "parents' evening at school", "school meeting tonight", "reunión del colegio", "tutoría en el cole")),
    Happening("phone call", 20, 1, 0, 0, 0.0, (
        "grandma's birthday, we ring her", "must call the insurance", "llamar a la abuela", "cumple de la tía")),
)  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class RemarkedHistory:
    """A history with what happened added to its load, and what was remarked of each day before it began."""

    history: History
    remarks: tuple[tuple[str, ...], ...]


def remarked(history: History, *, seed: int) -> RemarkedHistory:
    """Let things happen on the days of a home, by chance and the same for the same seed."""
    rng = np.random.default_rng(seed)
    days = list(history.days)
    remarks: list[list[str]] = [[] for _ in days]
    for what in HAPPENINGS:
        for _ in range(rng.poisson(what.times_a_year * len(days) / 365)):
            first, remarked = int(rng.integers(len(days))), bool(rng.random() < _TOLD)
            for at in range(first, min(first + what.days, len(days))):
                days[at] = _with_load(days[at], what, strength=float(rng.uniform(0.6, 1.4)))
                if remarked:
                    remarks[at].append(str(rng.choice(what.remarks)))
    return RemarkedHistory(replace(history, days=tuple(days)), tuple(map(tuple, remarks)))


def _with_load(record: DayRecord, what: Happening, *, strength: float) -> DayRecord:
    """A day with the load of a happening added."""
    hour = np.arange(len(record.load_kw)) * hours(record.step)
    within = (hour >= what.first_h) & (hour < what.last_h)
    return replace(record, load_kw=record.load_kw + np.where(within, what.power_kw * strength, 0.0))


__all__ = ["HAPPENINGS", "Happening", "RemarkedHistory", "remarked"]
