"""What the answer hangs on: the same battery at other prices and in other homes."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field

from eval.study.answer import StudyAnswer
from eval.study.figures import Option
from eval.study.play.wishes import StudyPrices
from eval.study.report.words import Words
from eval.study.study import Study
from eval.study.worth import battery_purchase

_YEARS = 5


@dataclass(frozen=True, slots=True)
class _Sensitivity:
    """One thing that is other: what it is called, what the battery then saves, which price changes how."""

    name: str
    saving: float
    change: dict[str, float] = field(default_factory=dict)

    def prices(self, prices: StudyPrices) -> StudyPrices:
        """The prices with the change."""
        return prices.model_copy(
            update={
                "battery_per_kwh": prices.battery_per_kwh * self.change.get("battery", 1.0),
                "battery_years": prices.battery_years + int(self.change.get("years", 0)),
                "discount_rate": prices.discount_rate + self.change.get("rate", 0.0),
                "price_rise": prices.price_rise + self.change.get("rise", 0.0),
            }
        )


def hanging_rows(study: Study, answer: StudyAnswer, words: Words) -> list[dict[str, object]]:
    """A row for each change: what the battery saves then, and whether it pays."""
    if answer.battery is None:
        return []
    return [_row(study, answer, change, words) for change in _changes(study, answer, words)]


def _changes(study: Study, answer: StudyAnswer, words: Words) -> Iterator[_Sensitivity]:
    saving = answer.saving
    yield _Sensitivity(words.word("as_assumed"), saving)
    yield _Sensitivity(words.word("if_cheaper"), saving, {"battery": 0.75})
    yield _Sensitivity(words.word("if_half"), saving, {"battery": 0.5})
    yield _Sensitivity(words.word("if_longer"), saving, {"years": _YEARS})
    yield _Sensitivity(words.word("if_rate"), saving, {"rate": 0.02})
    yield _Sensitivity(words.word("if_rise"), saving, {"rise": 0.03})
    if answer.advised is not None:
        yield _Sensitivity(words.word("if_advisor"), answer.advised)
    for variation in study.figures.variations:
        yield _Sensitivity(words.word(f"if_{variation.name.replace(' ', '_')}"), variation.saving)
    for tariff in study.wishes.tariffs[1:]:
        other = Option(tariff, answer.shown.kwp, answer.shown.battery_kwh)
        yield _Sensitivity(words.word("if_tariff", tariff=tariff), study.battery_saving(other))


def _row(study: Study, answer: StudyAnswer, change: _Sensitivity, words: Words) -> dict[str, object]:
    bought = battery_purchase(change.saving, answer.shown.battery_kwh, change.prices(study.wishes.prices))
    pays = bought.present_value > 0
    return {
        "name": change.name,
        "saving": f"{change.saving:.4f}",
        "change": json.dumps(change.change),
        "shown": words.money(change.saving),
        "then": words.word("then_yes" if pays else "then_no"),
        "sign": "good" if pays else "bad",
    }
