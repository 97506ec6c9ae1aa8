"""Why a decision was made, written from its facts alone: every number in a reason stands in the facts."""

from dataclasses import dataclass
from datetime import datetime
from typing import assert_never

import numpy as np

from energy.commands import Mode
from energy.home import Home
from energy.planner import Candidate, Ensemble, Plan
from knowledge.similar import SimilarDay

_NAMES = {
    "best": "the best schedule",
    "self_consumption": "plain self-consumption",
    "keep_reserve": "keeping a reserve",
    "calm": "fewer changes of mode",
    "no_grid_charging": "no charging from the grid",
}


@dataclass(frozen=True, slots=True)
class Explanation:
    """A reason, its code, and the facts it was written from."""

    code: str
    reason: str
    facts: dict[str, str]


def explain(
    mode: Mode,
    chosen: Candidate,
    *,
    plan: Plan,
    ensemble: Ensemble,
    starts: list[datetime],
    home: Home,
    neighbours: list[SimilarDay],
) -> Explanation:
    """Write the reason for a chosen schedule at the current slot."""
    facts = _facts(chosen, plan=plan, ensemble=ensemble, starts=starts, home=home)
    facts |= {f"similar_day_{rank}": near.day.isoformat() for rank, near in enumerate(neighbours[:3], start=1)}
    code, sentence = _now(mode, facts)
    return Explanation(code, " ".join([sentence, _ahead(facts), _instead(facts, plan, chosen)]).strip(), facts)


def candidate_name(name: str) -> str:
    """A candidate in words."""
    return _NAMES.get(name, name)


def _facts(
    chosen: Candidate,
    *,
    plan: Plan,
    ensemble: Ensemble,
    starts: list[datetime],
    home: Home,
) -> dict[str, str]:
    buy = ensemble.prices.import_per_kwh
    dearest = int(np.argmax(buy))
    levels = chosen.levels[0]
    return {
        "charge_percent": f"{plan.start_soc * 100:.0f}",
        "charge_to_percent": f"{levels.charge_to_soc * 100:.0f}",
        "reserve_percent": f"{levels.reserve_soc * 100:.0f}",
        "currency": home.currency,
        "price_now": f"{buy[0]:.2f}",
        "price_highest": f"{buy[dearest]:.2f}",
        "price_highest_at": f"{starts[dearest].astimezone(home.tz):%H:%M}",
        "worth_per_kwh": f"{plan.worth_now_per_kwh:.2f}",
        "saves_now_per_kwh": f"{buy[0] * home.battery.discharge_efficiency:.2f}",
        "costs_now_per_kwh": f"{buy[0] / home.battery.charge_efficiency:.2f}",
        "horizon_hours": f"{len(starts) * ensemble.hours:.0f}",
        "load_kwh": f"{ensemble.load_kw.mean(axis=0).sum() * ensemble.hours:.1f}",
        "pv_kwh": f"{ensemble.pv_kw.mean(axis=0).sum() * ensemble.hours:.1f}",
        "expected_cost": f"{chosen.outlook.expected_cost:.2f}",
        **_rival(chosen, plan),
    }


def _rival(chosen: Candidate, plan: Plan) -> dict[str, str]:
    """What plain self-consumption would cost more over the horizon, where it is another schedule."""
    idle = next((rival for rival in plan.candidates if rival.name == "self_consumption"), None)
    if idle is None or idle is chosen:
        return {}
    return {"self_consumption_extra": f"{idle.outlook.expected_cost - chosen.outlook.expected_cost:.2f}"}


def _now(mode: Mode, facts: dict[str, str]) -> tuple[str, str]:
    price = f"{facts['price_now']} {facts['currency']}"
    worth = f"{facts['worth_per_kwh']} {facts['currency']}"
    match mode:
        case Mode.CHARGE:
            return "buy_ahead", (
                f"Charging from the grid to {facts['charge_to_percent']} %: a stored kWh costs "
                f"{facts['costs_now_per_kwh']} now and should be worth {worth} later."
            )
        case Mode.HOLD:
            return "save_for_later", (
                f"Holding at {facts['charge_percent']} %: a stored kWh should be worth {worth} later, "
                f"but would save only {facts['saves_now_per_kwh']} now."
            )
        case Mode.DISCHARGE:
            return "sell_now", f"Selling down to {facts['reserve_percent']} %: a kept kWh would be worth only {worth}."
        case Mode.SELF_CONSUMPTION:
            return "follow_house", (
                f"Following the house down to {facts['reserve_percent']} %: power costs {price} now and a kept kWh "
                f"should be worth {worth} later."
            )
        case _:
            assert_never(mode)


def _ahead(facts: dict[str, str]) -> str:
    days = [facts[key] for key in ("similar_day_1", "similar_day_2", "similar_day_3") if key in facts]
    like = f", as on {' and '.join(days[:2])}" if days else ""
    sentence = (
        f"The next {facts['horizon_hours']} h should need {facts['load_kwh']} kWh and bring "
        f"{facts['pv_kwh']} kWh of sun{like}."
    )
    if facts["price_highest"] != facts["price_now"]:
        sentence += f" The dearest price, {facts['price_highest']}, comes at {facts['price_highest_at']}."
    return sentence


def _instead(facts: dict[str, str], plan: Plan, chosen: Candidate) -> str:
    if chosen is not plan.best:
        return f"Chosen for {candidate_name(chosen.name)}."
    if float(facts.get("self_consumption_extra", "0")) > 0:
        return f"Plain self-consumption would cost {facts['self_consumption_extra']} more."
    return ""
