"""The dashboard for a home: the shipped one with the home's entities, its batteries and its language."""

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from agent.decision.constraint_words import Language
from energy.errors import SettingsError
from energy.home import HOME_NAME
from transport.advisor_discovery import Offer, advisor_discovery
from transport.topics import Topics

DASHBOARD = Path(__file__).parents[2] / "deploy" / "homeassistant" / "dashboard.yaml"
_SHIPPED_FOR = "my_home"
# Texts of the shipped dashboard with what stands around them, so that nothing else is taken for one.
SPANISH = {
    "{'act': 'Now', 'advise only': 'Advice', 'off': 'Off'}.get(acting, 'Away')": (
        "{'act': 'Ahora', 'advise only': 'Consejo', 'off': 'Apagado'}.get(acting, 'Ausente')"
    ),
    "'The advisor is not here.'": "'El asesor no está en marcha.'",
    'title="Changed by hand"': 'title="Cambiado a mano"',
    "Left alone until {{": "No se toca hasta las {{",
    'title="No command"': 'title="Sin orden"',
    'title="The inverter does not follow"': 'title="El inversor no obedece"',
    "title: The plan": "title: El plan",
    "{'self_consumption': 'self-consumption', 'hold': 'hold', 'charge': 'charge',": (
        "{'self_consumption': 'autoconsumo', 'hold': 'en reserva', 'charge': 'cargar',"
    ),
    "'discharge': 'sell'}": "'discharge': 'vender'}",
    "| from &emsp; | what &emsp; | level at the end |": "| desde &emsp; | qué &emsp; | carga al final |",
    "name: Bill today": "name: Factura de hoy",
    "name: Without advice": "name: Sin asesor",
    "name: Saved today": "name: Ahorrado hoy",
    "name: This month": "name: Este mes",
    "name: Charge up to": "name: Cargar hasta",
    "name: Keep in reserve": "name: Guardar en reserva",
    "title: Batteries": "title: Baterías",
    "title: What it may do": "title: Qué puede hacer",
    "name: Acting": "name: Actuación",
    "name: Reserve": "name: Reserva",
    "name: Charging from the grid": "name: Cargar de la red",
    "name: Decide now": "name: Decidir ahora",
    "name: Note": "name: Nota",
    "name: Understood as": "name: Se entiende así",
    "name: Keep the note": "name: Guardar la nota",
    "title: Days like today": "title: Días como hoy",
}
_BEFORE_BATTERIES = "          - type: entities\n            title: What it may do\n"
_ENTITY = re.compile(r"\b[a-z_]+\.energy_advisor_[a-z0-9_]+")
_NONE_KNOWN: Mapping[str, str] = {}


def dashboard(
    home: str, *, batteries: Sequence[str] = (), language: Language = "en", known: Mapping[str, str] = _NONE_KNOWN
) -> str:
    """The dashboard's YAML; `batteries` are the names of several batteries.

    `known` are the entities that Home Assistant has, by their unique ids: somebody may have renamed them, and versions
    before 2025.10 name them in the household's language.

    Raises:
        SettingsError: no home can have that name, or this is not a checkout of the repository.
    """
    if not HOME_NAME.fullmatch(home):
        raise SettingsError(f"{home!r} is not a home's name: use small letters, digits, - and _")
    try:
        text = DASHBOARD.read_text(encoding="utf-8")
    except OSError as err:
        raise SettingsError(f"{str(DASHBOARD)!r} is not there: run this in a checkout of the repository") from err
    text = text.replace(_BEFORE_BATTERIES, _batteries(batteries) + _BEFORE_BATTERIES)
    if language == "es":
        for english, spanish in SPANISH.items():
            text = text.replace(english, spanish)
    slug = re.sub(r"[^a-z0-9]+", "_", home).strip("_")
    text = text.replace(f"energy_advisor_{_SHIPPED_FOR}_", f"energy_advisor_{slug}_")
    offered = advisor_discovery(Topics(home), Offer("EUR", export=True, notes=True, batteries=tuple(batteries)))
    asked_for = {one["default_entity_id"]: known.get(one["unique_id"]) for one in map(json.loads, offered.values())}
    return _ENTITY.sub(lambda found: asked_for.get(found[0]) or found[0], text)


def _batteries(names: Sequence[str]) -> str:
    """A card with the mode and the charge of each of several batteries."""
    if not names:
        return ""
    rows = (
        f"sensor.energy_advisor_{_SHIPPED_FOR}_battery_{name}_{what}" for name in names for what in ("mode", "charge")
    )
    card = "          - type: entities\n            title: Batteries\n            entities:\n"
    return card + "".join(f"              - entity: {row}\n" for row in rows)
