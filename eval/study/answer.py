"""The answer of a study: whether a battery is worth it, what it saves, and why it is not more."""

from dataclasses import dataclass
from typing import Literal

from eval.study.figures import ADVISOR, SELF_CONSUMPTION, Option
from eval.study.play.wishes import StudyPrices
from eval.study.study import Study
from eval.study.worth import Purchase, battery_pays_below, battery_purchase, panels_purchase

Verdict = Literal["yes", "advisor", "no", "none"]
ReasonKind = Literal["cap", "credit", "plain", "no_panels", "small"]
# Credit that is lost beside this share of what is avoided is worth a word.
_NOTABLE = 0.15
_FEW_KWH = 1.2


@dataclass(frozen=True, slots=True)
class BatteryReason:
    """Why a battery saves what it saves: what is bought less and sold less, and months in which the cap binds."""

    kind: ReasonKind
    months_capped: int
    lost: float
    kwh_less: float
    bought: float
    credit: float


@dataclass(frozen=True, slots=True)
class StudyAnswer:
    """The verdict on the battery that is least unwise, and on the panels that are best."""

    verdict: Verdict
    shown: Option
    saving: float
    advised: float | None
    battery: Purchase | None
    battery_advised: Purchase | None
    pays_below: float
    panels: Purchase | None
    before: float
    after_panels: float
    reason: BatteryReason


def answer_of(study: Study, prices: StudyPrices | None = None) -> StudyAnswer:
    """The answer at the study's prices, or at others."""
    money, shown = prices or study.wishes.prices, study.shown()
    saving = study.battery_saving(shown)
    advised = _advised(study, shown)
    battery = battery_purchase(saving, shown.battery_kwh, money) if shown.battery_kwh else None
    by_advisor = None if advised is None else battery_purchase(advised, shown.battery_kwh, money)
    added = shown.kwp - study.today
    today = study.bare(shown.tariff, study.today)
    return StudyAnswer(
        verdict=_verdict(battery, by_advisor),
        shown=shown,
        saving=saving,
        advised=advised,
        battery=battery,
        battery_advised=by_advisor,
        pays_below=battery_pays_below(saving, shown.battery_kwh, money) if shown.battery_kwh else 0.0,
        panels=panels_purchase(study.panels_saving(shown), added, money) if added > 0 else None,
        before=study.figures.year(today).cost,
        after_panels=study.figures.year(study.bare(shown.tariff, shown.kwp)).cost,
        reason=_reason(study, shown),
    )


def _advised(study: Study, shown: Option) -> float | None:
    if not shown.battery_kwh or study.figures.cost(shown, ADVISOR) is None:
        return None
    return study.battery_saving(shown, ADVISOR)


def _verdict(battery: Purchase | None, advised: Purchase | None) -> Verdict:
    if battery is None:
        return "none"
    if battery.present_value > 0:
        return "yes"
    return "advisor" if advised is not None and advised.present_value > 0 else "no"


def _reason(study: Study, shown: Option) -> BatteryReason:
    """What the battery changes on the bill: each part with its share of the taxes."""
    without = study.figures.year(study.bare(shown.tariff, shown.kwp))
    with_battery = study.figures.years.get((shown, SELF_CONSUMPTION), without)
    parts = [
        sum(bill.of(*kinds) for bill in without.bills) - sum(bill.of(*kinds) for bill in with_battery.bills)
        for kinds in (("energy", "netting", "peak"), ("credit", "cap"), ("tax",))
    ]
    bought, credit, tax = parts
    taxed = 1 + tax / (bought + credit) if bought + credit else 1.0
    months = sum(bill.of("cap") > 0 for bill in without.bills)
    kwh_less = without.total("bought") - with_battery.total("bought")
    kind = _kind(shown, months, (kwh_less, bought, -credit))
    return BatteryReason(kind, months, without.credit_lost, kwh_less, bought * taxed, -credit * taxed)


def _kind(shown: Option, months: int, less: tuple[float, float, float]) -> ReasonKind:
    kwh_less, bought, credit = less
    if not shown.kwp:
        return "no_panels"
    if kwh_less < 40 * shown.battery_kwh * _FEW_KWH:
        return "small"
    if months and credit > _NOTABLE * bought:
        return "cap"
    return "credit" if credit > _NOTABLE * bought else "plain"
