"""How the advisor appears in Home Assistant: one device with its sensors and the household's controls."""

from dataclasses import dataclass, field
from typing import Literal

from energy.commands import Mode
from transport.discovery import announcement, device_of
from transport.topics import Topics

LONGEST_STATE = 255  # Home Assistant refuses longer states
NO_MODE = "none"  # without a command, an enum must still say something
ACTINGS = ("act", "advise only", "off")


_SPANISH = {
    "Mode": "Modo",
    "Target charge": "Carga objetivo",
    "Reserve charge": "Carga de reserva",
    "Reason": "Motivo",
    "Plan": "Plan",
    "Plan picture": "Gráfico del plan",
    "Expected bill today": "Factura prevista hoy",
    "Expected bill today with self-consumption": "Factura prevista hoy con autoconsumo",
    "Saved today": "Ahorrado hoy",
    "Saved this month": "Ahorrado este mes",
    "Similar days": "Días parecidos",
    "Model": "Modelo",
    "Last decision": "Última decisión",
    "Data problem": "Problema de datos",
    "Model problem": "Problema del modelo",
    "Command problem": "Problema con las órdenes",
    "In control": "Al mando",
    "Changed by hand": "Cambiado a mano",
    "Acting": "Actuación",
    "Reserve": "Reserva",
    "Grid charging": "Cargar de la red",
    "Battery export": "Vender desde la batería",
    "Respect changes by hand": "Respetar cambios a mano",
    "Decide now": "Decidir ahora",
    "Note": "Nota",
    "Note understood": "Nota entendida",
    "Confirm note": "Confirmar nota",
}
_SPANISH_OF_BATTERY = {
    "mode": "Batería {name}: modo",
    "charge": "Batería {name}: carga",
    "problem": "Batería {name}: problema",
}


@dataclass(frozen=True, slots=True)
class Offer:
    """What a home's entities depend on: currency, permissions, freshness of a state, address of the page, language.

    `batteries` are the names of several batteries; none where there is one.
    """

    currency: str
    grid_charging: bool = True
    export: bool = False
    notes: bool = False
    least_reserve_soc: float = 0.0
    expire_after_s: int = 2700
    page_url: str | None = None
    language: Literal["en", "es"] = "en"
    batteries: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Entity:
    """One entity in the words of Home Assistant."""

    component: str
    name: str
    title: str
    icon: str
    stated: dict[str, object] = field(default_factory=dict)
    spanish: str = ""


def advisor_discovery(topics: Topics, offer: Offer) -> dict[str, str]:
    """Retained messages, topic to payload, that introduce the advisor as one device.

    The device's name and an entity's English title make up the id that is asked for in any language,
    `sensor.energy_advisor_<home>_mode` for example.
    """
    device = device_of(
        topics, "advisor", name=f"Energy Advisor {topics.home}", model="Local advisor", configuration_url=offer.page_url
    )
    shared = {"availability_topic": topics.advisor_status, "device": device}
    entities = (
        *_sensors(topics, offer),
        *_batteries(topics, offer),
        *_diagnostics(topics, offer),
        *_controls(topics, offer),
    )
    return dict(
        announcement(
            topics,
            entity.component,
            entity.name,
            {"name": entity.title, "icon": entity.icon, **entity.stated, **shared},
            shown_as=entity.spanish or _SPANISH[entity.title] if offer.language == "es" else None,
        )
        for entity in entities
    )


def _sensors(topics: Topics, offer: Offer) -> tuple[Entity, ...]:
    decision = {"state_topic": topics.decision, "expire_after": offer.expire_after_s}
    percent = {**decision, "unit_of_measurement": "%", "state_class": "measurement", "suggested_display_precision": 0}
    return (
        Entity(
            "sensor",
            "mode",
            "Mode",
            "mdi:home-battery",
            {
                **decision,
                "value_template": f"{{{{ value_json.mode or '{NO_MODE}' }}}}",
                "device_class": "enum",
                "options": [*(mode.value for mode in Mode), NO_MODE],
            },
        ),
        Entity("sensor", "target_charge", "Target charge", "mdi:battery-arrow-up", {**percent, **_value("charge_to")}),
        Entity("sensor", "reserve_charge", "Reserve charge", "mdi:battery-lock", {**percent, **_value("reserve")}),
        Entity(
            "sensor",
            "reason",
            "Reason",
            "mdi:comment-text-outline",
            {
                **decision,
                "value_template": f"{{{{ value_json.reason[:{LONGEST_STATE}] }}}}",
                **_attributes(topics.decision, "{'text': value_json.reason, 'code': value_json.reason_code}"),
            },
        ),
        Entity(
            "sensor",
            "plan",
            "Plan",
            "mdi:chart-timeline-variant",
            {
                "state_topic": topics.plan,
                "expire_after": offer.expire_after_s,
                **_value("summary"),
                "json_attributes_topic": topics.plan,
            },
        ),
        Entity(
            "image",
            "plan_picture",
            "Plan picture",
            "mdi:chart-areaspline",
            {"image_topic": topics.plan_picture, "content_type": "image/svg+xml"},
        ),
        *_bills(topics, offer),
    )


def _bills(topics: Topics, offer: Offer) -> tuple[Entity, ...]:
    money: dict[str, object] = {
        "state_topic": topics.bill,
        "expire_after": offer.expire_after_s,
        "device_class": "monetary",
        "unit_of_measurement": offer.currency,
        "suggested_display_precision": 2,
    }
    total = {**money, "state_class": "total"}
    return (
        Entity("sensor", "bill_today", "Expected bill today", "mdi:cash", {**money, **_value("expected")}),
        Entity(
            "sensor",
            "bill_today_greedy",
            "Expected bill today with self-consumption",
            "mdi:cash-clock",
            {**money, **_value("expected_greedy")},
        ),
        Entity(
            "sensor",
            "saved_today",
            "Saved today",
            "mdi:piggy-bank",
            {
                **total,
                **_value("saved_today"),
                "last_reset_value_template": "{{ value_json.day_start }}",
                **_attributes(topics.bill, "{'paid': value_json.paid, 'greedy': value_json.paid_greedy}"),
            },
        ),
        Entity(
            "sensor",
            "saved_this_month",
            "Saved this month",
            "mdi:piggy-bank-outline",
            {
                **total,
                **_value("saved_month"),
                "last_reset_value_template": "{{ value_json.month_start }}",
                **_attributes(topics.bill, "{'metered_days': value_json.month_days}"),
            },
        ),
    )


def _batteries(topics: Topics, offer: Offer) -> tuple[Entity, ...]:
    """Of each of several batteries: its command, its charge, and whether it does not answer or not obey."""
    return tuple(entity for name in offer.batteries for entity in _battery(topics, name))


def _battery(topics: Topics, name: str) -> tuple[Entity, ...]:
    state, own = {"state_topic": topics.batteries}, f"value_json['{name}']"

    def entity(component: str, what: str, icon: str, stated: dict[str, object]) -> Entity:
        spanish = _SPANISH_OF_BATTERY[what].format(name=name)
        return Entity(component, f"battery_{name}_{what}", f"Battery {name} {what}", icon, {**state, **stated}, spanish)

    return (
        entity(
            "sensor",
            "mode",
            "mdi:home-battery",
            {
                "value_template": f"{{{{ {own}.mode or '{NO_MODE}' }}}}",
                "device_class": "enum",
                "options": [*(mode.value for mode in Mode), NO_MODE],
                **_attributes(topics.batteries, own),
            },
        ),
        entity(
            "sensor",
            "charge",
            "mdi:battery-medium",
            {
                "value_template": f"{{{{ {own}.charge }}}}",
                "unit_of_measurement": "%",
                "device_class": "battery",
                "state_class": "measurement",
            },
        ),
        entity(
            "binary_sensor",
            "problem",
            "mdi:battery-alert-variant-outline",
            {
                **_yes_no(f"{own}.problem"),
                "entity_category": "diagnostic",
                "device_class": "problem",
                **_attributes(topics.batteries, f"{{'problem': {own}.problem}}"),
            },
        ),
    )


def _diagnostics(topics: Topics, offer: Offer) -> tuple[Entity, ...]:
    decision = {"state_topic": topics.decision, "expire_after": offer.expire_after_s, "entity_category": "diagnostic"}
    return (
        Entity(
            "sensor",
            "similar_days",
            "Similar days",
            "mdi:calendar-search",
            {
                **decision,
                "value_template": "{{ value_json.similar_days | count }}",
                **_attributes(topics.decision, "{'days': value_json.similar_days}"),
            },
        ),
        Entity(
            "sensor",
            "model",
            "Model",
            "mdi:brain",
            {
                **decision,
                "value_template": f"{{{{ value_json.model[:{LONGEST_STATE}] }}}}",
                **_attributes(topics.decision, "value_json.review or {}"),
            },
        ),
        Entity(
            "sensor",
            "last_decision",
            "Last decision",
            "mdi:clock-check-outline",
            {
                **decision,
                **_value("time"),
                "device_class": "timestamp",
                **_attributes(
                    topics.decision,
                    "{'decision_id': value_json.decision_id, 'outcome': value_json.outcome,"
                    " 'chosen': value_json.chosen, 'chosen_by': value_json.chosen_by,"
                    " 'valid_until': value_json.valid_until, 'seconds': value_json.seconds}",
                ),
            },
        ),
        *_health(topics, offer),
    )


def _health(topics: Topics, offer: Offer) -> tuple[Entity, ...]:
    trouble = {
        "state_topic": topics.health,
        "expire_after": offer.expire_after_s,
        "entity_category": "diagnostic",
        "device_class": "problem",
    }
    return (
        Entity(
            "binary_sensor",
            "data_problem",
            "Data problem",
            "mdi:database-alert-outline",
            {
                **trouble,
                **_yes_no("not value_json.ok"),
                **_attributes(topics.health, "{'problems': value_json.problems}"),
            },
        ),
        Entity(
            "binary_sensor",
            "model_problem",
            "Model problem",
            "mdi:brain",
            {
                **trouble,
                **_yes_no("value_json.model_problem"),
                **_attributes(topics.health, "{'problem': value_json.model_problem}"),
            },
        ),
        Entity(
            "binary_sensor",
            "command_problem",
            "Command problem",
            "mdi:battery-alert-variant-outline",
            {
                **trouble,
                **_yes_no("value_json.command_problem"),
                **_attributes(topics.health, "{'problem': value_json.command_problem}"),
            },
        ),
        *_control_of_inverter(topics),
    )


def _control_of_inverter(topics: Topics) -> tuple[Entity, ...]:
    """Neither expires: an automation that lets the inverter go when the advisor is gone looks at how they end."""
    health = {"state_topic": topics.health}
    return (
        Entity(
            "binary_sensor", "in_control", "In control", "mdi:steering", {**health, **_yes_no("value_json.in_control")}
        ),
        Entity(
            "binary_sensor",
            "changed_by_hand",
            "Changed by hand",
            "mdi:hand-back-right-outline",
            {
                **health,
                **_yes_no("value_json.changed_by_hand"),
                **_attributes(
                    topics.health,
                    "{'what': value_json.changed_by_hand, 'since': value_json.changed_since,"
                    " 'respected_until': value_json.respected_until}",
                ),
            },
        ),
    )


def _controls(topics: Topics, offer: Offer) -> tuple[Entity, ...]:
    """What a person turns; a permission that the home cannot give is not offered."""
    offered = [
        _control(topics, "select", "acting", "Acting", "mdi:account-check", {"options": list(ACTINGS)}),
        _control(
            topics,
            "number",
            "reserve",
            "Reserve",
            "mdi:battery-lock-open",
            {
                "min": round(offer.least_reserve_soc * 100),
                "max": 100,
                "step": 1,
                "mode": "slider",
                "unit_of_measurement": "%",
            },
        ),
    ]
    if offer.grid_charging:
        offered.append(_control(topics, "switch", "allow_grid_charging", "Grid charging", "mdi:import", {}))
    if offer.export:
        offered.append(_control(topics, "switch", "allow_export", "Battery export", "mdi:export", {}))
    hours = {"min": 0, "max": 48, "step": 0.5, "mode": "box", "unit_of_measurement": "h", "entity_category": "config"}
    offered.append(_control(topics, "number", "respect", "Respect changes by hand", "mdi:hand-clock", hours))
    press: dict[str, object] = {"command_topic": topics.control_set("decide_now"), "payload_press": "PRESS"}
    offered.append(Entity("button", "decide_now", "Decide now", "mdi:refresh", press))
    if offer.notes:
        offered += _notes(topics)
    return tuple(offered)


def _notes(topics: Topics) -> list[Entity]:
    """A note is typed, said back as it was understood, and kept once that is confirmed."""
    return [
        Entity(
            "text",
            "note",
            "Note",
            "mdi:note-edit-outline",
            {
                "state_topic": topics.note,
                **_value("text"),
                "command_topic": topics.control_set("note"),
                "max": LONGEST_STATE,
            },
        ),
        Entity(
            "sensor",
            "note_understood",
            "Note understood",
            "mdi:note-check-outline",
            {
                "state_topic": topics.note,
                **_value("said"),
                **_attributes(topics.note, "{'assumed': value_json.assumed, 'kept': value_json.kept}"),
            },
        ),
        Entity(
            "button",
            "confirm_note",
            "Confirm note",
            "mdi:note-plus-outline",
            {"command_topic": topics.control_set("confirm_note"), "payload_press": "PRESS"},
        ),
    ]


def _control(topics: Topics, component: str, name: str, title: str, icon: str, limits: dict[str, object]) -> Entity:
    places = {"state_topic": topics.control(name), "command_topic": topics.control_set(name)}
    return Entity(component, name, title, icon, {**places, **limits})


def _value(path: str) -> dict[str, object]:
    return {"value_template": f"{{{{ value_json.{path} }}}}"}


def _yes_no(expression: str) -> dict[str, object]:
    return {"value_template": f"{{{{ 'ON' if {expression} else 'OFF' }}}}"}


def _attributes(topic: str, expression: str) -> dict[str, object]:
    return {"json_attributes_topic": topic, "json_attributes_template": f"{{{{ ({expression}) | tojson }}}}"}
