"""Why a decision was made, written from its facts alone: every number in a reason stands in the facts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np

from agent.decision.constraint_words import Language, describe
from agent.decision.record import Decision
from agent.decision.wording.problem_words import in_language
from agent.decision.wording.reason_words import WORDS, candidate_name, days_in_words, in_words
from energy.commands import SAME_SOC, Mode
from energy.constraints import Constraint, Reserve
from energy.guard import least_soc
from energy.home import Home
from energy.planning.planner import Candidate, Ensemble, Plan, follow
from knowledge.similar import SimilarDay

__all__ = ["Explanation", "Grounds", "candidate_name", "explain", "reason_in", "retell", "standing"]

# A reserve that is missed by no more than this is met: a sensor knows no better.
_MET_SOC = 0.01
_MOST_ASKED = 3


@dataclass(frozen=True, slots=True)
class Grounds:
    """What a decision rests on, and the language that its reason is written in.

    `ensemble` has the tariff's prices, `at_margin` what a kWh changes on the bill that is open.
    """

    plan: Plan
    ensemble: Ensemble
    at_margin: Ensemble
    starts: list[datetime]
    home: Home
    neighbours: Sequence[SimilarDay]
    asked: Sequence[Constraint] = ()
    language: Language = "en"
    # The household's standing reserve, and what it costs over the horizon; None where there is none.
    reserve_soc: float = 0.0
    reserve_extra: float | None = None
    # What CO2 adds to the plan's price of a kWh from the grid, by slot; empty where it is not counted.
    carbon: Sequence[float] = ()
    # What a charger takes now that draws on battery or grid; None where none does.
    car_kw: float | None = None

    @property
    def end(self) -> datetime:
        """End of the horizon."""
        return self.starts[-1] + timedelta(hours=self.ensemble.hours)


@dataclass(frozen=True, slots=True)
class Explanation:
    """A reason, its code, and the facts it was written from."""

    code: str
    reason: str
    facts: dict[str, str]


def explain(chosen: Candidate, grounds: Grounds) -> Explanation:
    """Write the reason for a chosen schedule at the current slot."""
    facts = _facts(chosen, grounds) | _asked_facts(chosen, grounds)
    facts |= {f"similar_day_{rank}": near.day.isoformat() for rank, near in enumerate(grounds.neighbours[:3], start=1)}
    code = _code(chosen, grounds)
    sentences = [
        in_words(WORDS[grounds.language][code], facts, grounds.language),
        *_asked(facts, grounds.language),
        *_reserve(facts, grounds.language),
        *_bill(facts, grounds.language),
        *_ahead(facts, grounds.language),
        *_instead(facts, grounds, chosen),
    ]
    return Explanation(code, " ".join(sentences), facts)


def reason_in(decision: Decision, language: Language) -> str:
    """The reason of a decision in a language; as it was written where it cannot be said again."""
    inputs = decision.inputs
    if decision.command is None:
        return in_language(decision.reason, language)
    if inputs is None or inputs.language == language:
        return decision.reason
    wishes = [one for one in (*decision.asked, decision.adjustment) if one is not None]
    within = [one for one in wishes if not standing(one)][:_MOST_ASKED]
    asked = {f"asked_{rank}": describe(one, inputs.home.tz, language) for rank, one in enumerate(within, start=1)}
    facts = decision.facts | {name: text for name, text in asked.items() if name in decision.facts}
    return retell(decision.reason_code, facts, language, chosen=_not_best(decision)) or decision.reason


def _not_best(decision: Decision) -> str | None:
    """The chosen schedule's name where another was cheaper."""
    costlier = {one.name for one in decision.candidates if one.extra_cost > 0}
    return decision.chosen if decision.chosen in costlier else None


def retell(code: str, facts: Mapping[str, str], language: Language, *, chosen: str | None = None) -> str:
    """A journalled reason in another language, from its own facts; empty where its code is not known.

    `chosen` is the schedule that was chosen although another was expected to cost less.
    """
    if code not in WORDS[language]:
        return ""
    known = dict(facts)
    sentences = [in_words(WORDS[language][code], known, language), *_asked(known, language), *_reserve(known, language)]
    sentences += _bill(known, language) + _ahead(known, language)
    if chosen is not None:
        sentences.append(WORDS[language]["chosen_for"].format(name=candidate_name(chosen, language)))
    elif float(known.get("self_consumption_extra", "0")) > 0:
        sentences.append(in_words(WORDS[language]["instead"], known, language))
    return " ".join(sentences)


def _facts(chosen: Candidate, grounds: Grounds) -> dict[str, str]:
    plan, ensemble, home = grounds.plan, grounds.ensemble, grounds.home
    buy = ensemble.prices.import_per_kwh
    buy_now = float(grounds.at_margin.prices.import_per_kwh[0])
    highest = int(np.argmax(buy))
    levels = chosen.levels[0]
    return {
        "charge_percent": f"{plan.start_soc * 100:.0f}",
        "charge_to_percent": f"{levels.charge_to_soc * 100:.0f}",
        "reserve_percent": f"{max(levels.reserve_soc, home.battery.min_soc) * 100:.0f}",
        "currency": home.currency,
        "price_now": f"{buy[0]:.2f}",
        "price_highest": f"{buy[highest]:.2f}",
        "price_highest_at": f"{grounds.starts[highest].astimezone(home.tz):%H:%M}",
        "worth_per_kwh": f"{plan.value_now_per_kwh:.2f}",
        "saves_now_per_kwh": f"{buy_now * home.battery.discharge_efficiency:.2f}",
        "costs_now_per_kwh": f"{buy_now / home.battery.charge_efficiency:.2f}",
        "horizon_hours": f"{len(grounds.starts) * ensemble.hours:.0f}",
        "load_kwh": f"{ensemble.load_kw.mean(axis=0).sum() * ensemble.hours:.1f}",
        "pv_kwh": f"{ensemble.pv_kw.mean(axis=0).sum() * ensemble.hours:.1f}",
        "expected_cost": f"{chosen.outlook.expected_cost:.2f}",
        **_bill_facts(grounds),
        **({"carbon_now": f"{grounds.carbon[0]:.3f}"} if grounds.carbon else {}),
        **({"car_kw": f"{grounds.car_kw:.1f}"} if grounds.car_kw is not None else {}),
        **_unknown_prices(grounds),
        **_rival(chosen, plan),
        **_reserve_facts(grounds),
    }


def _bill_facts(grounds: Grounds) -> dict[str, str]:
    """What a kWh changes on the open bill, where that is not its price; and the peak that the plan keeps to."""
    assumed, real = grounds.ensemble.prices, grounds.at_margin.prices
    carbon_now = grounds.carbon[0] if grounds.carbon else 0.0
    facts = {}
    for name, price, value in (
        ("bill_import", assumed.import_per_kwh[0], real.import_per_kwh[0] - carbon_now),
        ("bill_export", assumed.export_per_kwh[0], real.export_per_kwh[0]),
    ):
        facts[name] = f"{value:.2f}"
        facts[f"{name}_price"] = f"{price:.2f}"
    if all(facts[name] == facts[f"{name}_price"] for name in ("bill_import", "bill_export")):
        facts = {}
    if real.peak is not None and real.peak.per_kwh.any():
        facts["peak_kw"] = f"{real.peak.above_kw[-1, 0]:.1f}"
    return facts


def standing(wish: Constraint) -> bool:
    """Whether a wish is the household's standing reserve, rather than something that it asked for a while."""
    return isinstance(wish, Reserve) and not wish.bought


def _reserve_facts(grounds: Grounds) -> dict[str, str]:
    """The standing reserve, and its cost where that shows in money."""
    if grounds.reserve_extra is None:
        return {}
    facts = {"standing_reserve_percent": f"{grounds.reserve_soc * 100:.0f}"}
    extra = f"{grounds.reserve_extra:.2f}"
    return facts | ({"standing_reserve_extra": extra} if float(extra) > 0 else {})


def _reserve(facts: Mapping[str, str], language: Language) -> list[str]:
    if "standing_reserve_percent" not in facts:
        return []
    word = "reserve_costs" if "standing_reserve_extra" in facts else "reserve_kept"
    return [in_words(WORDS[language][word], facts, language)]


def _bill(facts: Mapping[str, str], language: Language) -> list[str]:
    words = {"bill_margin": "bill_export", "bill_peak": "peak_kw", "carbon": "carbon_now"}
    return [in_words(WORDS[language][word], facts, language) for word, needs in words.items() if needs in facts]


def _unknown_prices(grounds: Grounds) -> dict[str, str]:
    """From when on prices are expected rather than known, where some are."""
    known = grounds.ensemble.known_slots
    if known is None:
        return {}
    return {"prices_known_until": f"{grounds.starts[known].astimezone(grounds.home.tz):%H:%M}" if known else "now"}


def _rival(chosen: Candidate, plan: Plan) -> dict[str, str]:
    """What plain self-consumption would cost more over the horizon, where it is another schedule."""
    idle = next((rival for rival in plan.candidates if rival.name == "self_consumption"), None)
    if idle is None or idle is chosen:
        return {}
    return {"self_consumption_extra": f"{idle.outlook.expected_cost - chosen.outlook.expected_cost:.2f}"}


def _asked_facts(chosen: Candidate, grounds: Grounds) -> dict[str, str]:
    """What the household asked for within the horizon; where a reserve is out of reach, the least that is expected."""
    within = [one for one in grounds.asked if one.start < grounds.end and not standing(one)][:_MOST_ASKED]
    facts = {}
    for rank, one in enumerate(within, start=1):
        facts[f"asked_{rank}"] = describe(one, grounds.home.tz, grounds.language)
        if isinstance(one, Reserve):
            least_soc = _least_soc(one, chosen, grounds)
            if least_soc < min(one.soc, grounds.home.battery.max_soc) - _MET_SOC:
                facts[f"asked_{rank}_reachable_percent"] = f"{least_soc * 100:.0f}"
    return facts


def _least_soc(asked: Reserve, chosen: Candidate, grounds: Grounds) -> float:
    """Lowest mean charge that the schedule leaves while a reserve is asked for."""
    capacity_kwh = grounds.home.battery.capacity_kwh
    if not capacity_kwh:
        return 0.0
    flows = follow(chosen.levels, grounds.ensemble, grounds.home, grounds.plan.start_soc * capacity_kwh)
    socs = [grounds.plan.start_soc, *(float(np.mean(flow.stored_kwh)) / capacity_kwh for flow in flows)]
    # The charge at a moment: at the beginning of each slot, and at the end of the horizon.
    moments = [*grounds.starts, grounds.end]
    return min(soc for soc, moment in zip(socs, moments, strict=True) if _holds(asked, moment, grounds))


def _holds(asked: Reserve, moment: datetime, grounds: Grounds) -> bool:
    step = timedelta(hours=grounds.ensemble.hours)
    return asked.start < moment + step and moment < asked.end


def _code(chosen: Candidate, grounds: Grounds) -> str:
    """What the battery does now, and whether money or the household asks for it."""
    levels, battery = chosen.levels[0], grounds.home.battery
    mode = levels.mode(grounds.plan.start_soc, floor_soc=least_soc(battery))
    value = grounds.plan.value_now_per_kwh
    buy = float(grounds.at_margin.prices.import_per_kwh[0])
    if mode is Mode.CHARGE:
        pays = value >= buy / battery.charge_efficiency
        return "buy_ahead" if _is_for_money(levels.charge_to_soc, grounds, pays=pays) else "charge_as_asked"
    if mode is Mode.HOLD and levels.hold_for_car and levels.reserve_soc >= battery.max_soc - SAME_SOC:
        return "hold_as_asked" if grounds.car_kw is None else "hold_for_car"
    if mode is Mode.HOLD:
        pays = value >= buy * battery.discharge_efficiency
        return "save_for_later" if _is_for_money(levels.reserve_soc, grounds, pays=pays) else "hold_as_asked"
    return "sell_now" if mode is Mode.DISCHARGE else "follow_house"


def _is_for_money(level_soc: float, grounds: Grounds, *, pays: bool) -> bool:
    """Whether a level is there for what it saves, rather than for a reserve that is asked for now or ahead."""
    reserves = [one for one in grounds.asked if isinstance(one, Reserve) and one.start < grounds.end]
    at_level = any(abs(one.soc - level_soc) <= SAME_SOC and _holds(one, grounds.starts[0], grounds) for one in reserves)
    return not reserves or (pays and not at_level)


def _asked(facts: dict[str, str], language: Language) -> list[str]:
    sentences = []
    for rank in range(1, _MOST_ASKED + 1):
        if f"asked_{rank}" not in facts:
            break
        sentences.append(WORDS[language]["asked"].format(what=facts[f"asked_{rank}"]))
        if (reachable := facts.get(f"asked_{rank}_reachable_percent")) is not None:
            sentences.append(WORDS[language]["out_of_reach"].format(percent=reachable))
    return sentences


def _ahead(facts: dict[str, str], language: Language) -> list[str]:
    words = WORDS[language]
    days = [facts[key] for key in ("similar_day_1", "similar_day_2") if key in facts]
    like = words["like"].format(days=days_in_words(days, language)) if days else ""
    sentences = [in_words(words["ahead"], facts, language).replace("{like}", like)]
    if facts["price_highest"] != facts["price_now"]:
        sentences.append(in_words(words["peak_price"], facts, language))
    if (until := facts.get("prices_known_until")) is not None:
        sentences.append(in_words(words["no_prices" if until == "now" else "expected_prices"], facts, language))
    return sentences


def _instead(facts: dict[str, str], grounds: Grounds, chosen: Candidate) -> list[str]:
    words = WORDS[grounds.language]
    if chosen is not grounds.plan.best:
        return [words["chosen_for"].format(name=candidate_name(chosen.name, grounds.language))]
    if float(facts.get("self_consumption_extra", "0")) > 0:
        return [in_words(words["instead"], facts, grounds.language)]
    return []
