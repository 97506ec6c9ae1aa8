"""The answer in sentences a household understands, in its language."""

from collections.abc import Iterator
from math import isinf
from typing import get_args

from eval.study.answer import StudyAnswer, answer_of
from eval.study.figures import ForecastWeek, Option
from eval.study.play.jobs import Foresight
from eval.study.report.words import Words
from eval.study.study import Study

_MONTHS = 12
# A battery that may only cost less than this for each kWh pays off at no price.
_NOTHING = 0.5
# Below this nobody minds a week.
_SOME_CENTS = 0.05


def verdict_text(answer: StudyAnswer, words: Words) -> str:
    """Yes or no, in a few words."""
    return words.say("verdict.never" if _never_pays(answer) else f"verdict.{answer.verdict}")


def _never_pays(answer: StudyAnswer) -> bool:
    return answer.verdict == "no" and answer.pays_below < _NOTHING


def answer_text(study: Study, words: Words) -> str:
    """Verdict, sentence and reason in one paragraph, for the terminal."""
    answer = answer_of(study)
    return " ".join([verdict_text(answer, words), *battery_sentences(study, answer, words)])


def battery_sentences(study: Study, answer: StudyAnswer, words: Words) -> Iterator[str]:
    """What the battery saves and costs, why, and from which price on that changes."""
    if answer.battery is None:
        return
    yield _main(study, answer, words)
    yield reason_text(answer, words)
    turns = "up_to" if answer.verdict == "yes" else "no_price" if _never_pays(answer) else "below"
    yield words.say(f"answer.{turns}", below=words.money(answer.pays_below))
    if answer.advised is not None and answer.verdict != "advisor":
        yield words.say("answer.with_advisor", advised=words.money(answer.advised))


def _main(study: Study, answer: StudyAnswer, words: Words) -> str:
    bought = answer.battery_advised if answer.verdict == "advisor" else answer.battery
    if bought is None:
        return ""
    late = answer.verdict == "no" and not isinf(bought.payback_years)
    name = "late" if late else answer.verdict
    return words.say(
        f"answer.{name}",
        kwh=words.number(answer.shown.battery_kwh, 1),
        saving=words.money(answer.saving),
        price=words.money(bought.price),
        payback=words.years(bought.payback_years),
        life=words.number(study.wishes.prices.battery_years),
        rate=words.percent(study.wishes.prices.discount_rate, 1),
        advised=words.money(answer.advised or 0.0),
    )


def reason_text(answer: StudyAnswer, words: Words) -> str:
    """Why the battery saves what it saves."""
    reason = answer.reason
    always = reason.kind == "cap" and reason.months_capped >= _MONTHS
    return words.say(
        "reason.cap_always" if always else f"reason.{reason.kind}",
        months=words.number(reason.months_capped),
        lost=words.money(reason.lost),
        kwh_less=words.number(reason.kwh_less),
        bought=words.money(reason.bought),
        credit=words.money(reason.credit),
    )


def panels_sentence(answer: StudyAnswer, words: Words) -> str:
    """Whether the panels pay; empty where none are bought."""
    panels = answer.panels
    if panels is None:
        return ""
    name = "panels_yes" if panels.present_value > 0 else "panels_no"
    return words.say(
        f"answer.{name}",
        kwp=words.number(answer.shown.kwp, 1),
        before=words.money(answer.before),
        after=words.money(answer.after_panels),
        payback=words.years(panels.payback_years),
        price=words.money(panels.price),
    )


def size_sentence(study: Study, answer: StudyAnswer, words: Words) -> str:
    """Which of several sizes was chosen."""
    if sum(kwh > 0 for kwh in study.wishes.all_kwh) < 2 or answer.battery is None:
        return ""
    name = "least_bad" if answer.verdict == "no" else "best_size"
    return words.say(f"answer.{name}", kwh=words.number(answer.shown.battery_kwh, 1))


def tariff_sentences(study: Study, answer: StudyAnswer, words: Words) -> Iterator[str]:
    """What the same battery does under the other tariffs."""
    for tariff in study.wishes.tariffs[1:]:
        option = Option(tariff, answer.shown.kwp, answer.shown.battery_kwh)
        if option.battery_kwh:
            yield words.say(
                "answer.other_tariff",
                tariff=tariff,
                saving=words.money(study.battery_saving(option)),
                after=words.money(study.figures.year(option).cost),
            )


def forecast_sentences(week: ForecastWeek, words: Words) -> Iterator[str]:
    """What the quality of forecasts is worth in a week that changes."""
    cost = {name: week.cost(name) for name in get_args(Foresight)}
    told = {name: words.money(cost[name], cents=True) for name in cost}
    yield words.say("forecasts.costs", **told)
    if max(abs(cost["poor"] - cost["ordinary"]), abs(cost["perfect"] - cost["ordinary"])) < _SOME_CENTS:
        yield words.say("forecasts.same")
        return
    more, less = cost["poor"] - cost["ordinary"], cost["ordinary"] - cost["perfect"]
    yield words.say(
        "forecasts.poor" if more > _SOME_CENTS else "forecasts.poor_same",
        more=words.money(more, cents=True),
        poor=words.number(week.kwh("poor", "grid_import_kw"), 1),
        ordinary=words.number(week.kwh("ordinary", "grid_import_kw"), 1),
    )
    if less > _SOME_CENTS:
        yield words.say("forecasts.perfect", less=words.money(less, cents=True))


def option_name(option: Option, today_kwp: float, words: Words) -> str:
    """What an option is called in tables."""
    kwp, kwh = words.number(option.kwp, 1), words.number(option.battery_kwh, 1)
    if not option.battery_kwh:
        when = "today_" if option.kwp == today_kwp else ""
        return words.word(f"{when}kwp_no_battery", kwp=kwp) if option.kwp else words.word(f"{when}no_panels")
    return words.word("kwp_battery", kwp=kwp, kwh=kwh) if option.kwp else words.word("battery_alone", kwh=kwh)
