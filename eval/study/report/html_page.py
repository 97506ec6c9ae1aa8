"""The report of a study: one page that holds all it needs, in the household's language."""

import json
from collections.abc import Iterator
from functools import cache
from typing import Any

from jinja2 import Environment, StrictUndefined

from agent.language.answers.bill_words import line_label
from agent.web.page import texts_of
from eval.study.answer import StudyAnswer, answer_of
from eval.study.figures import ADVISOR, Option
from eval.study.play.market import mean_per_kwh
from eval.study.play.results import Line
from eval.study.play.tariffs import OWN_TARIFF, is_assumed
from eval.study.play.wishes import Language
from eval.study.report.drawings import (
    drawn_consumption,
    drawn_forecasts,
    drawn_months,
    drawn_spread,
    drawn_weeks,
    week_legend,
)
from eval.study.report.hanging import hanging_rows
from eval.study.report.page_files import page_file
from eval.study.report.telling import (
    battery_sentences,
    option_name,
    panels_sentence,
    size_sentence,
    tariff_sentences,
    verdict_text,
)
from eval.study.report.words import Words, words_in
from eval.study.study import Study
from eval.study.worth import Purchase, together

_DASH = "\N{EN DASH}"


def report_html(study: Study, language: Language, *, command: str = "") -> str:
    """The whole page: style, script and drawings inside, nothing fetched."""
    words = words_in(language, study.wishes.currency)
    answer = answer_of(study)
    shown = {
        "words": words,
        "w": words.texts["words"],
        "css": page_file("report.css"),
        "js": page_file("report.js"),
        "title": words.word("title", place=study.wishes.place_name),
        "facts": _facts(study, words),
        "final": study.final,
        "command": words.word("play_again", command=command) if command else "",
        **_answer(study, answer, words),
        "inputs": _inputs(study, words),
        "with_advisor": study.wishes.with_advisor and study.final,
        "options": [_options(study, tariff, words) for tariff in study.wishes.tariffs],
        **_bill(study, answer.shown, words),
        "months": drawn_months(study, answer.shown, words),
        "weeks": drawn_weeks(study, answer.shown, words) + drawn_consumption(study, answer.shown, words),
        "forecasts": drawn_forecasts(study, words),
        "week_legend": week_legend(words),
        "hangs": hanging_rows(study, answer, words),
        "spread": drawn_spread(study, answer.shown, words),
        "trust": list(_trust(study, words)),
        "figures": _safe_json(_script_figures(study, answer, words)),
    }
    page: str = _template().render(shown)
    return page


@cache
def _template() -> Any:
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True)
    return environment.from_string(page_file("report.html"))


def _safe_json(figures: dict[str, object]) -> str:
    """JSON that cannot end the script it stands in."""
    return json.dumps(figures, ensure_ascii=False).replace("<", "\\u003c")


def _facts(study: Study, words: Words) -> str:
    wishes, lived = study.wishes, study.wishes.household
    uses = words.number(float(study.base.load_kw.sum() * study.base.hours))
    parts: list[str] = []
    if study.own is not None:
        parts.append(words.word("own_home", home=wishes.home or "", days=words.number(study.own.own_days), uses=uses))
    else:
        people = words.word("person") if lived.people == 1 else words.word("people", n=str(lived.people))
        parts.append(words.word("home", people=people, floor=words.number(lived.floor_m2), uses=uses))
        parts += [words.word(lived.heating)] if lived.heating != "other" else []
        parts += [words.word(name) for name, true in (("cooling", lived.cooling), ("car", lived.car)) if true]
    named = words.word("tariff" if len(wishes.tariffs) == 1 else "tariffs")
    parts.append(f"{named} {', '.join(wishes.tariffs)}")
    parts.append(words.word("played", year=str(wishes.year)))
    return " · ".join(parts)


def _answer(study: Study, answer: StudyAnswer, words: Words) -> dict[str, object]:
    told = list(battery_sentences(study, answer, words))
    sentences = [told[1], size_sentence(study, answer, words)] if told else []
    return {
        "answer": answer,
        "verdict": verdict_text(answer, words),
        "sentence": told[0] if told else "",
        "sentences": [text for text in sentences if text],
        "below": told[2] if told else "",
        "advised": told[3] if len(told) > 3 else "",
        "panels": panels_sentence(answer, words),
        "tariffs": list(tariff_sentences(study, answer, words)),
        "cards": _cards(study, answer, words),
    }


def _cards(study: Study, answer: StudyAnswer, words: Words) -> list[dict[str, str]]:
    """Today's bill, that with the panels, that with the battery as well."""
    shown, today = answer.shown, study.bare(answer.shown.tariff, study.today)
    before = study.figures.year(today).cost
    wanted = [today, study.bare(shown.tariff, shown.kwp), shown]
    cards = []
    for option in dict.fromkeys(wanted):
        year = study.figures.year(option)
        share = words.word("own_share", share=words.percent(year.own_share))
        saved = words.word("saved", amount=words.money(before - year.cost))
        note = share if option == today else f"{saved}; {share}"
        name = option_name(option, study.today, words)
        cards.append({"name": name, "bill": words.money(year.cost), "note": note if year.own_share > 0.005 else ""})
    return cards


def _inputs(study: Study, words: Words) -> list[dict[str, object]]:
    prices = study.wishes.prices
    rows = (
        ("battery_per_kwh", "battery_price", prices.battery_per_kwh, 0, 100_000),
        ("pv_per_kwp", "pv_price", prices.pv_per_kwp, 0, 100_000),
        ("subsidy", "subsidy", prices.subsidy_share * 100, 0, 90),
        ("battery_years", "battery_years", prices.battery_years, 1, 50),
        ("pv_years", "pv_years", prices.pv_years, 1, 50),
        ("rate", "rate", prices.discount_rate * 100, -5, 100),
        ("rise", "rise", prices.price_rise * 100, -10, 20),
        ("fade", "fade", prices.battery_fade * 100, 0, 20),
    )
    return [
        {"name": name, "label": words.word(label), "value": f"{value:g}", "min": least, "max": most}
        for name, label, value, least, most in rows
    ]


def _purchase(study: Study, option: Option) -> Purchase:
    return together(
        study.panels_saving(option),
        option.kwp - study.today,
        study.battery_saving(option),
        option.battery_kwh,
        study.wishes.prices,
    )


def _options(study: Study, tariff: str, words: Words) -> dict[str, object]:
    rows = []
    for index, option in enumerate(study.options):
        if option.tariff != tariff:
            continue
        found, advised = _purchase(study, option), study.figures.cost(option, ADVISOR)
        bought = found.price > 0
        rows.append(
            {
                "index": index,
                "name": option_name(option, study.today, words),
                "shown": option == study.shown(),
                "price": words.money(found.price) if bought else _DASH,
                "bill": words.money(study.figures.year(option).cost),
                "advisor": _DASH if advised is None else words.money(advised),
                "saving": words.money(found.saving) if option.battery_kwh or option.kwp > study.today else _DASH,
                "payback": words.years(found.payback_years) if bought else _DASH,
                "value": words.money(found.present_value) if bought else _DASH,
                "sign": ("good" if found.present_value > 0 else "bad") if bought else "",
            },
        )
    title = texts_of(words.language).get(f"study.tariff.{tariff}")
    return {"tariff": f"{title} · {tariff}" if title else tariff, "rows": rows}


def _bill(study: Study, shown: Option, words: Words) -> dict[str, object]:
    """The year's bill today, with the panels, with the battery as well, and what the battery changes."""
    options = list(dict.fromkeys([study.bare(shown.tariff, study.today), study.bare(shown.tariff, shown.kwp), shown]))
    years = [study.figures.year(option) for option in options]
    tables = [{(line.kind, line.name, line.period): line for line in year.lines()} for year in years]
    keys = sorted({key: None for table in tables for key in table}, key=_bill_order)
    differs = len(options) > 1
    rows = []
    for key in keys:
        amounts = [table[key].amount if key in table else 0.0 for table in tables]
        line = next(table[key] for table in tables if key in table)
        rows.append({"name": _line_name(line, words), "cells": _cells(amounts, words, differs=differs)})
    heads = [option_name(option, study.today, words) for option in options]
    return {
        "bill_of": f"{shown.tariff} · {study.wishes.year}",
        "bill_heads": [*heads, words.word("difference")] if differs else heads,
        "bill_rows": rows,
        "bill_total": _cells([sum(bill.total for bill in year.bills) for year in years], words, differs=differs),
    }


_ORDER = ("energy", "netting", "credit", "cap", "wallet_fee", "wallet", "peak", "fixed", "tax")


def _bill_order(key: tuple[str, str, str]) -> tuple[int, str, str]:
    return _ORDER.index(key[0]), key[1], key[2]


def _line_name(line: Line, words: Words) -> str:
    """What a line is called; there is one credit, so that its name says nothing more."""
    label = line_label(line.kind, line.name, line.period, words.language)
    return label.partition(":")[0] if line.kind == "credit" else label


def _cells(amounts: list[float], words: Words, *, differs: bool) -> list[str]:
    cells = [words.money(amount, cents=True) for amount in amounts]
    return [*cells, words.money(amounts[-1] - amounts[-2], cents=True)] if differs else cells


def _trust(study: Study, words: Words) -> Iterator[str]:
    wishes = study.wishes
    solar = float(study.base.pv_kw_per_kwp.sum() * study.base.hours)
    if study.own is None:
        yield words.say("trust.made_up")
    else:
        yield words.say("trust.own", days=words.number(study.own.own_days))
        if not study.own.own_pv:
            yield words.say("trust.own_sun")
    yield words.word("sun", **{"yield": words.number(solar)})
    if kwh := study.shown().battery_kwh:
        power = words.number(wishes.power_kw(kwh), 1)
        share = words.percent(wishes.battery_efficiency)
        yield words.say("trust.battery", kwh=words.number(kwh, 1), kw=power, share=share)
    yield words.say("trust.hourly", minutes=str(wishes.step_minutes))
    assumed = [name for name in wishes.tariffs if name != OWN_TARIFF and is_assumed(name)]
    if assumed:
        yield words.say("trust.market", mean=words.money(mean_per_kwh(), cents=True))
    if examples := [name for name in wishes.tariffs if name != OWN_TARIFF and name not in assumed]:
        yield words.say("trust.example", tariff=", ".join(examples))
    yield words.say("trust.lasting")
    if wishes.country == "ES":
        yield words.say("trust.subsidy_es")
    bills = study.figures.year(study.bare(study.tariff, study.today)).bills
    for doubt in dict.fromkeys(doubt for bill in bills for doubt in bill.unsure):
        yield words.say("trust.unsure", what=doubt.es if words.language == "es" else doubt.en)


def _script_figures(study: Study, answer: StudyAnswer, words: Words) -> dict[str, object]:
    """What the page needs to count anew."""
    added = answer.shown.kwp - study.today
    names = ("never", "months_few", "one_year", "years", "then_yes", "then_no")
    texts: dict[str, str] = {name: words.texts["words"][name] for name in names}
    texts |= {f"verdict_{name}": text for name, text in words.texts["verdict"].items()}
    texts |= {f"answer_{name}": text for name, text in words.texts["answer"].items()}
    return {
        "locale": words.locale.replace("_", "-"),
        "money": words.money(0.0),
        "pvFade": study.wishes.prices.pv_fade,
        "words": texts,
        "options": [
            {
                "kwh": option.battery_kwh,
                "added_kwp": option.kwp - study.today,
                "panels_saving": study.panels_saving(option),
                "battery_saving": study.battery_saving(option),
            }
            for option in study.options
        ],
        "shown": {
            "kwh": answer.shown.battery_kwh,
            "saving": answer.saving,
            "advised": answer.advised,
            "added_kwp": added,
            "panels_saving": study.panels_saving(answer.shown),
            "told": {
                "kwh": words.number(answer.shown.battery_kwh, 1),
                "saving": words.money(answer.saving),
                "advised": words.money(answer.advised or 0.0),
            },
            "panels_told": {
                "kwp": words.number(answer.shown.kwp, 1),
                "before": words.money(answer.before),
                "after": words.money(answer.after_panels),
            },
        },
    }
