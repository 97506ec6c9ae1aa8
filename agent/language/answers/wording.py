"""Words a finding in English or Spanish: typed facts become figures, dates and phrases; nothing is worked out here."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from babel.dates import format_date
from babel.numbers import get_currency_precision

from agent.decision.explain import retell
from agent.decision.wording.problem_words import in_language
from agent.language.answers.bill_words import line_label
from agent.language.answers.book import book_of, sentences
from agent.language.text import Language
from agent.queries import Fact, Facts, Finding
from energy.slots import local_day

# A day as a sentence names it, with its weekday, without it, and the month alone; in the CLDR's letters.
_DATES = {
    "en": ("EEEE d MMMM y", "d MMMM y", "d MMMM", "MMMM y"),
    "es": ("EEEE d 'de' MMMM 'de' y", "d 'de' MMMM 'de' y", "d 'de' MMMM", "MMMM 'de' y"),
}
# Digits after the point by the unit that a fact's name ends in; the first ending that fits counts.
_DIGITS = (("_per_kwh", 2), ("percent", 0), ("_kwh", 1), ("_kw", 2), ("_hours", 1), ("_c", 1))
_OTHER_DIGITS = 2
_MODES = ("mode", "wanted", "before_mode", "after_mode")
# Facts that are words of a closed set, and where the book has them.
_WORDS = {
    "schedule": "schedule.",
    "quantity": "quantity.",
    "load": "load.",
    "grain": "grain.",
    "grid": "grid.",
    "change": "change.",
    "grid_charging": "answer.",
    "battery_export": "answer.",
    "first_example": "example.",
    "second_example": "example.",
    **dict.fromkeys(_MODES, "mode."),
}
_SPANS = {
    "span": ("first_day", "last_day"),
    "a_span": ("a_first_day", "a_last_day"),
    "b_span": ("b_first_day", "b_last_day"),
    "asked_span": ("asked_first", "asked_last"),
}
_FIELDS = {
    "load": ("load_kwh", "kWh"),
    "pv": ("pv_kwh", "kWh"),
    "import": ("import_kwh", "kWh"),
    "export": ("export_kwh", "kWh"),
    "charge": ("charge_kwh", "kWh"),
    "discharge": ("discharge_kwh", "kWh"),
    "cost": ("cost", ""),
    "peak": ("peak_kw", "kW"),
    "temperature": ("temperature_c", "°C"),
}


@dataclass(frozen=True, slots=True)
class Voice:
    """How facts are shown: the language, the home's clock and money, and the moment of telling."""

    language: Language
    zone: ZoneInfo
    currency: str
    now: datetime


def word(finding: Finding, voice: Voice) -> str:
    """A finding as a few sentences, and a line for each of its rows."""
    book = book_of(voice.language)
    shown = show(finding.facts, voice) | _reason(finding, voice)
    text = " ".join(line for key in _keys(finding, voice) for line in sentences(book.sentences.get(key, ()), shown))
    row_key = "why_not.candidates.row" if finding.inquiry == "why_not" else f"{finding.text}.row"
    rows = [show({**_common(finding), **row}, voice) | _line(finding, row, voice) for row in finding.rows]
    lines = [line for row in rows for line in sentences(book.sentences.get(row_key, ()), row)]
    return "\n".join([text, *lines])


def _line(finding: Finding, row: Facts, voice: Voice) -> dict[str, str]:
    """What a line of a bill is for."""
    if finding.inquiry != "bill" or "name" not in row:
        return {}
    kind, name, period = (str(row[part]) for part in ("kind", "name", "period"))
    return {"label": line_label(kind, name, period, voice.language)}


def _reason(finding: Finding, voice: Voice) -> dict[str, str]:
    """The reason of a decision, told again from its facts where it was written in another language."""
    if finding.inquiry != "why" or finding.facts.get("language", voice.language) == voice.language:
        return {}
    texts = {name: fact for name, fact in finding.facts.items() if isinstance(fact, str)}
    return {"reason": retell(finding.text.removeprefix("why."), texts, voice.language)}


def figures(finding: Finding, voice: Voice) -> dict[str, str]:
    """Every fact as a text may quote it: numbers as they are rounded, dates and local times in ISO form."""
    shown = {name: _canonical(name, fact, voice) for name, fact in finding.facts.items()}
    return shown | {
        f"{name}_{at}": _canonical(name, fact, voice)
        for at, row in enumerate(finding.rows, start=1)
        for name, fact in row.items()
    }


def _keys(finding: Finding, voice: Voice) -> list[str]:
    """Which phrases tell a finding."""
    known = finding.text in book_of(voice.language).sentences
    keys = [finding.text if known else f"{finding.inquiry}.other"]
    for asked in ("lasts", "empties"):
        if asked in finding.facts:
            keys.insert(0, f"plan.{asked}.{finding.facts[asked]}")
    if "flow" in finding.facts:
        keys.insert(0, f"why.now.{finding.facts['flow']}")
    if finding.inquiry == "why":
        keys += [f"why.house.{finding.facts.get('house')}", "why.model"]
    if finding.inquiry == "why_not":
        keys.insert(0, f"why_not.selling.{finding.facts.get('selling')}")
    if finding.inquiry == "totals" and finding.text not in ("totals.day", "totals.span"):
        keys.append("totals.incomplete")
    if finding.facts.get("assumed"):
        keys.append("best_start.assumed")
    return keys


def _common(finding: Finding) -> Facts:
    """Facts that hold for every row."""
    return {name: finding.facts[name] for name in ("currency",) if name in finding.facts}


def show(facts: Facts, voice: Voice) -> dict[str, str]:
    """Facts as they stand in a sentence, and what follows from several of them; capitalised under capital names."""
    shown = {"currency": voice.currency, "scope": book_of(voice.language).scope}
    shown |= {name: _told(name, fact, voice) for name, fact in facts.items()}
    words = book_of(voice.language).words
    shown |= {f"{name}_doing": words[f"doing.{facts[name]}"] for name in _MODES if name in facts}
    for name, fact in facts.items():
        if isinstance(fact, datetime):
            shown[f"{name}_time"] = _time(fact, voice)
            shown[f"{name}_clock"] = f"{fact.astimezone(voice.zone):%H:%M}"
            at = f"{name}" if name == "at" or name.endswith("_at") else f"{name}_at"
            shown[at] = _at(fact, voice)
    for name, (first, last) in _SPANS.items():
        begin, end = facts.get(first), facts.get(last)
        if isinstance(begin, date) and isinstance(end, date):
            shown[name] = _span(begin, end, voice)
    start = facts.get("start")
    if isinstance(start, date) and not isinstance(start, datetime):
        shown["start"] = _group(start, str(facts["grain"]), voice)
    shown |= _values(facts, shown, voice) | _change(facts, shown, voice)
    return shown | {name.capitalize(): _capital(text) for name, text in shown.items()}


def _values(facts: Facts, shown: Mapping[str, str], voice: Voice) -> dict[str, str]:
    """The quantity that a finding is about, under names that do not depend on it."""
    field, unit = _FIELDS.get(str(facts.get("quantity")), ("", ""))
    if not field:
        return {}
    prefixes = ("", "mean_", "second_", "usual_", "a_", "b_", "a_mean_", "b_mean_", "difference_")
    values = {f"{prefix}value": shown[f"{prefix}{field}"] for prefix in prefixes if f"{prefix}{field}" in shown}
    return values | {"unit": unit or voice.currency}


def _change(facts: Facts, shown: Mapping[str, str], voice: Voice) -> dict[str, str]:
    """What a what-if changes, and whether the mode changes with it."""
    if "after_mode" not in facts:
        return {}
    book = book_of(voice.language)
    name = "no_battery" if facts.get("new_capacity_kwh") == 0 else facts["change"]
    lines = sentences(book.sentences[f"change.{name}"], shown)
    same = facts["before_mode"] == facts["after_mode"]
    return {
        "change": lines[0] if lines else "",
        "as_before": book.words["as_before" if same else "not_before"].format_map(shown),
    }


def _told(name: str, fact: Fact, voice: Voice) -> str:
    if isinstance(fact, datetime):
        return _time(fact, voice)
    if isinstance(fact, date):
        return _date(fact, voice)
    if isinstance(fact, str):
        if name == "why":
            return in_language(fact, voice.language)
        if name in _WORDS:
            return str(book_of(voice.language).words.get(f"{_WORDS[name]}{fact}", fact))
        return _point(fact, voice) if _is_number(fact) else fact
    return _point(_number(name, fact, voice), voice)


def _canonical(name: str, fact: Fact, voice: Voice) -> str:
    if isinstance(fact, datetime):
        return f"{fact.astimezone(voice.zone):%Y-%m-%d %H:%M}"
    if isinstance(fact, date):
        return fact.isoformat()
    return fact if isinstance(fact, str) else _number(name, fact, voice)


def _number(name: str, fact: float, voice: Voice) -> str:
    """A number rounded by its unit, money to its currency's decimals; counts as they are, and never a negative zero."""
    if isinstance(fact, int):
        return str(fact)
    digits = next((digits for ending, digits in _DIGITS if name.endswith(ending)), _OTHER_DIGITS)
    if name.endswith("hours") and fact == round(fact):
        digits = 0
    if name.endswith("cost"):
        digits = get_currency_precision(voice.currency)
    return f"{round(fact, digits) + 0.0:.{digits}f}"


def _is_number(text: str) -> bool:
    whole, _, part = text.removeprefix("-").partition(".")
    return whole.isdecimal() and (part.isdecimal() or not part)


def _point(number: str, voice: Voice) -> str:
    return number.replace(".", ",") if voice.language == "es" else number


def _time(moment: datetime, voice: Voice) -> str:
    """A local time, with its day where that is not today."""
    local, today = moment.astimezone(voice.zone), local_day(voice.now, voice.zone)
    day = local.date()
    if day == today:
        return f"{local:%H:%M}"
    if abs((day - today).days) == 1:
        word_ = {"en": ("yesterday", "tomorrow"), "es": ("ayer", "mañana")}[voice.language][day > today]
        return f"{local:%H:%M} {'de ' if voice.language == 'es' else ''}{word_}"
    return f"{local:%H:%M} {'del' if voice.language == 'es' else 'on'} {_date(day, voice)}"


def _at(moment: datetime, voice: Voice) -> str:
    if voice.language == "en":
        return f"at {_time(moment, voice)}"
    return f"{'a la' if moment.astimezone(voice.zone).hour == 1 else 'a las'} {_time(moment, voice)}"


def _date(day: date, voice: Voice, form: int = 0) -> str:
    return format_date(day, _DATES[voice.language][form], locale=voice.language)


def _span(first: date, last: date, voice: Voice) -> str:
    """Whole days as an adverb: on a day, in a month, in a year, from one day to another."""
    spanish, today = voice.language == "es", local_day(voice.now, voice.zone)
    if first == last:
        near = {0: ("so far today", "hoy hasta ahora"), 1: ("yesterday", "ayer")}.get((today - first).days)
        return near[spanish] if near else f"{'el' if spanish else 'on'} {_date(first, voice)}"
    if (first.day, (last + timedelta(days=1)).day) == (1, 1):
        if (first.month, last.month, first.year) == (1, 12, last.year):
            return f"{'en' if spanish else 'in'} {first.year}"
        if (first.month, first.year) == (last.month, last.year):
            return f"{'en' if spanish else 'in'} {_date(first, voice, 3)}"
    begin, end = _date(first, voice, 1 if first.year != last.year else 2), _date(last, voice, 1)
    if (first.month, first.year) == (last.month, last.year):
        begin = str(first.day)
    return f"del {begin} al {end}" if spanish else f"from {begin} to {end}"


def _group(start: date, grain: str, voice: Voice) -> str:
    """A day, a week or a month that a breakdown counts."""
    if grain == "day":
        return _date(start, voice)
    if grain == "month":
        return _date(start, voice, 3)
    return f"{'semana del' if voice.language == 'es' else 'week of'} {_date(start, voice, 1)}"


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
