"""What the advisor publishes on MQTT of a decision, its plan, the bill and its health: small enough for sensors."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from agent.decision.constraint_words import Language
from agent.decision.read_back import ChangedByHand
from agent.decision.record import Decision
from agent.decision.wording.problem_words import in_language
from agent.views.daily_bill import DailyBill
from agent.views.schemas import PlanView
from agent.views.service_state import BatteryState
from energy.slots import day_bounds, local_day

# A day of quarter hours: Home Assistant does not record attributes of more than 16 kB.
_MOST_SLOTS = 96
_MODES: Mapping[Language, Mapping[str, str]] = {
    "en": {
        "self_consumption": "self-consumption",
        "hold": "hold, no discharging",
        "charge": "charge from the grid",
        "discharge": "sell to the grid",
    },
    "es": {
        "self_consumption": "autoconsumo",
        "hold": "en reserva, sin descargar",
        "charge": "cargar de la red",
        "discharge": "vender a la red",
    },
}
_LASTING: Mapping[Language, tuple[str, str, str]] = {
    "en": ("until {time}", "throughout", "no plan"),
    "es": ("hasta las {time}", "todo el tiempo", "sin plan"),
}


def summary(decision: Decision, model: str, language: Language = "en") -> dict[str, object]:
    """What is published of a decision: enough for a page or a card, small enough for a sensor."""
    review = decision.review
    return {
        "decision_id": decision.decision_id,
        "time": decision.at.isoformat(),
        "outcome": decision.outcome,
        "mode": decision.command.mode.value if decision.command else None,
        "valid_until": decision.command.valid_until.isoformat() if decision.command else None,
        "reason_code": decision.reason_code,
        "reason": decision.reason,
        "problems": [in_language(problem, language) for problem in decision.problems],
        "charge_to": round(decision.command.slots[0].charge_to_soc * 100, 1) if decision.command else None,
        "reserve": round(decision.command.slots[0].reserve_soc * 100, 1) if decision.command else None,
        "chosen": decision.chosen,
        "chosen_by": decision.chosen_by,
        "candidates": [candidate.model_dump() for candidate in decision.candidates],
        "similar_days": [near.model_dump(mode="json") for near in decision.neighbours],
        "stake": round(decision.stake, 4),
        "model": model,
        "review": review.model_dump() if review else None,
        "seconds": round(decision.seconds, 4),
    }


def off_state(now: datetime, model: str, language: Language = "en") -> dict[str, object]:
    """What is published in place of a decision while the household has switched the advisor off."""
    return {
        "decision_id": None,
        "time": now.isoformat(),
        "outcome": "off",
        "mode": None,
        "valid_until": None,
        "reason_code": "switched_off",
        "reason": in_language("The household has switched the advisor off.", language),
        "problems": [],
        "charge_to": None,
        "reserve": None,
        "chosen": None,
        "chosen_by": None,
        "similar_days": [],
        "model": model,
        "review": None,
        "seconds": 0.0,
    }


def plan_state(plan: PlanView | None, zone: ZoneInfo, language: Language = "en") -> dict[str, object]:
    """In a few words until when it does what, and for each slot its local start, mode, charge at its end and price.

    The charge is in %, the price that of import.
    """
    until_a_change, throughout, no_plan = _LASTING[language]
    if plan is None:
        return {"summary": no_plan, "next_change": None, "slots": []}
    slots = plan.slots[:_MOST_SLOTS]
    change = next((slot.start for slot in plan.slots if slot.mode != plan.slots[0].mode), None)
    until = until_a_change.format(time=f"{change.astimezone(zone):%H:%M}") if change else throughout
    return {
        "summary": f"{_MODES[language][plan.slots[0].mode]} {until}",
        "next_change": change.isoformat() if change else None,
        "slots": [
            {
                "start": slot.start.astimezone(zone).isoformat(timespec="minutes"),
                "mode": slot.mode,
                "charge": round(slot.soc.mean * 100, 1),
                "price": round(slot.import_price, 4),
            }
            for slot in slots
        ],
    }


def bill_state(
    month: Mapping[date, DailyBill], expected: DailyBill | None, *, now: datetime, zone: ZoneInfo
) -> dict[str, object]:
    """Money in the home's currency; the greedy bills are put right for what is left in the battery."""
    today = local_day(now, zone)
    so_far = month[today]
    return {
        "time": now.isoformat(),
        "day_start": day_bounds(today, zone)[0].isoformat(),
        "month_start": day_bounds(today.replace(day=1), zone)[0].isoformat(),
        "expected": _rounded(expected.paid) if expected else None,
        "expected_greedy": _rounded(expected.greedy_alike) if expected else None,
        "paid": _rounded(so_far.paid),
        "paid_greedy": _rounded(so_far.greedy_alike),
        "saved_today": _rounded(so_far.saved),
        "saved_month": _rounded(sum(account.saved for account in month.values())),
        "month_days": len(month),
    }


def batteries_state(batteries: Sequence[BatteryState], language: Language = "en") -> dict[str, object]:
    """Each of several batteries by its name: charge and levels in %, and whether it shows its command."""
    return {
        one.name: {
            "charge": _percent(one.soc),
            "mode": one.mode,
            "charge_to": _percent(one.charge_to_soc),
            "reserve": _percent(one.reserve_soc),
            "sent_at": one.sent_at.isoformat(timespec="seconds") if one.sent_at else None,
            "confirmed": one.confirmed,
            "problem": in_language(one.problem, language),
        }
        for one in batteries
    }


def _percent(share: float | None) -> float | None:
    return None if share is None else round(share * 100, 1)


def _rounded(money: float) -> float:
    # Cents, and no negative zero.
    return round(money, 2) + 0.0


@dataclass(frozen=True, slots=True)
class Troubles:
    """What is wrong beyond the last decision; empty where all is well. `in_control`: whether a command of ours stands.

    `data` is what has become of the readings since then.
    """

    data: str = ""
    model: str = ""
    command: str = ""
    changed: ChangedByHand | None = None
    in_control: bool = False


def health_state(now: datetime, problems: tuple[str, ...], troubles: Troubles) -> dict[str, object]:
    """Whether the data allow decisions, the model answers, the commands arrive, and who changed the inverter last."""
    changed = troubles.changed
    return {
        "ok": not problems,
        "problems": list(problems),
        "model_problem": troubles.model,
        "command_problem": troubles.command,
        "changed_by_hand": changed.detail if changed else "",
        "changed_since": changed.since.isoformat(timespec="seconds") if changed else None,
        "respected_until": changed.until.isoformat(timespec="seconds") if changed else None,
        "in_control": troubles.in_control,
        "time": now.isoformat(),
    }
