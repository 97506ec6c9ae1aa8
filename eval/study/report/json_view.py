"""Every figure of a study by its name, for programs."""

from math import isfinite

from eval.study.answer import answer_of
from eval.study.figures import ADVISOR, Option, Spread, YearFigures
from eval.study.report.telling import answer_text, verdict_text
from eval.study.report.words import Words
from eval.study.study import Study
from eval.study.worth import Purchase, together


def study_json(study: Study, words: Words) -> dict[str, object]:
    """All figures of a study."""
    answer, wishes = answer_of(study), study.wishes
    return {
        "place": wishes.place_name,
        "home": wishes.home,
        "currency": wishes.currency,
        "final": study.final,
        "verdict": answer.verdict,
        "verdict_text": verdict_text(answer, words),
        "answer": answer_text(study, words),
        "battery_kwh": answer.shown.battery_kwh,
        "battery_kw": wishes.power_kw(answer.shown.battery_kwh),
        "battery_efficiency": wishes.battery_efficiency,
        "kwp": answer.shown.kwp,
        "battery_saving_a_year": round(answer.saving, 2),
        "battery_saving_with_advisor": None if answer.advised is None else round(answer.advised, 2),
        "battery_pays_below_per_kwh": round(answer.pays_below, 2),
        "reason": answer.reason.kind,
        "months_capped": answer.reason.months_capped,
        "load_kwh": round(float(study.base.load_kw.sum() * study.base.hours), 1),
        "pv_kwh_per_kwp": round(float(study.base.pv_kw_per_kwp.sum() * study.base.hours), 1),
        "own_days": None if study.own is None else study.own.own_days,
        "assumed": wishes.prices.model_dump(),
        "options": [_option(study, option) for option in study.options],
        "forecasts": _forecasts(study),
        "variations": {one.name: round(one.saving, 2) for one in study.figures.variations},
    }


def _forecasts(study: Study) -> dict[str, object] | None:
    """One week with forecasts of every quality."""
    week = study.figures.forecasts
    if week is None:
        return None
    return {
        "first": week.first.isoformat(),
        "bills": {name: round(week.cost(name), 2) for name in week.played},
        "bought_kwh": {name: round(week.kwh(name, "grid_import_kw"), 1) for name in week.played},
    }


def _option(study: Study, option: Option) -> dict[str, object]:
    bought = together(
        study.panels_saving(option),
        option.kwp - study.today,
        study.battery_saving(option),
        option.battery_kwh,
        study.wishes.prices,
    )
    advised = study.figures.years.get((option, ADVISOR))
    return {
        "tariff": option.tariff,
        "kwp": option.kwp,
        "battery_kwh": option.battery_kwh,
        "self_consumption": _year(study.figures.year(option)),
        "advisor": None if advised is None else _year(advised),
        "purchase": _purchase(bought),
        "battery_saving_over_years": _spread(study, option),
    }


def _purchase(bought: Purchase) -> dict[str, float | None]:
    return {
        "price": round(bought.price, 2),
        "saving_a_year": round(bought.saving, 2),
        "payback_years": round(bought.payback_years, 2) if isfinite(bought.payback_years) else None,
        "present_value": round(bought.present_value, 2),
    }


def _year(year: YearFigures) -> dict[str, object]:
    names = ("used", "pv", "from_pv", "from_battery", "bought", "sold")
    return {
        "bill": round(year.cost, 2),
        "credit_lost": round(year.credit_lost, 2),
        "kwh": {name: round(year.total(name), 1) for name in names},
        "months": [
            {"month": month.month.isoformat()[:7], "bill": round(bill.total, 2)}
            | {name: round(float(getattr(month, name)), 1) for name in names}
            for month, bill in zip(year.months, year.bills, strict=False)
        ],
        "lines": [
            {"kind": line.kind, "name": line.name, "period": line.period, "amount": round(line.amount, 2)}
            for line in year.lines()
        ],
    }


def _spread(study: Study, option: Option) -> dict[str, float] | None:
    bare = study.figures.other_years.get(study.bare(option.tariff, option.kwp))
    costs = study.figures.other_years.get(option)
    if not bare or not costs or not option.battery_kwh:
        return None
    savings = [without - with_it for without, with_it in zip(bare, costs, strict=True)]
    found = Spread.of([study.battery_saving(option), *savings])
    return {"low": round(found.low, 2), "middle": round(found.middle, 2), "high": round(found.high, 2)}
