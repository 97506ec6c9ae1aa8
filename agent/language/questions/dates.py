"""Days and spans of days as people write them, in English and Spanish."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta

from agent.llm.months import MONTHS
from agent.queries import Span
from energy.slots import DAY

_WEEKDAYS = (
    ("monday", "mon", "lunes"),
    ("tuesday", "tue", "tues", "martes"),
    ("wednesday", "wed", "miercoles"),
    ("thursday", "thu", "thurs", "jueves"),
    ("friday", "fri", "viernes"),
    ("saturday", "sat", "sabado"),
    ("sunday", "sun", "domingo"),
)
_WEEKDAY = {name: number for number, names in enumerate(_WEEKDAYS) for name in names}
# "may" and "sun" are also English words, "mar" the Spanish sea: on their own they name no month or day.
_AMBIGUOUS = ("may", "mar", "sun", "sat", "dec", "ago", "sep", "set")
_M = "|".join(sorted(MONTHS, key=len, reverse=True))
_M_ALONE = "|".join(sorted((name for name in MONTHS if name not in _AMBIGUOUS), key=len, reverse=True))
_W = "|".join(sorted((name for name in _WEEKDAY if name not in _AMBIGUOUS), key=len, reverse=True))
COUNT = {
    "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "ten": 10, "fourteen": 14, "thirty": 30,
    "dos": 2, "tres": 3, "cuatro": 4, "cinco": 5, "seis": 6, "siete": 7, "diez": 10, "catorce": 14, "treinta": 30,
}  # fmt: skip
_N = rf"\d{{1,3}}|{'|'.join(COUNT)}"
# No home was metered before this year, and nothing is planned after that one.
_FIRST_YEAR, _LAST_YEAR = 1990, 2100


@dataclass(frozen=True, slots=True)
class BadDate:
    """Words that look like a date and are none."""

    text: str


def find_spans(text: str, today: date) -> tuple[Span, ...] | BadDate:
    """All spans named in plain text, in the order they stand; a date that does not exist is a `BadDate`."""
    found: dict[int, tuple[int, Span]] = {}
    free = text
    for pattern, read in _READERS:
        for match in pattern.finditer(free):
            try:
                found[match.start()] = match.end(), read(match, today)
            except (ValueError, OverflowError):
                return BadDate(match[0].strip())
        # What was read once is not read again by a shorter pattern.
        free = pattern.sub(lambda match: " " * len(match[0]), free)
    spans = _joined(text, [(at, *found[at]) for at in sorted(found)], today)
    if len(spans) == 1 and spans[0].days == 1 and _DAY_BEFORE.search(text):
        return (*spans, _one(spans[0].first - DAY))
    if len(spans) == 2 and (before := _SPAN_BEFORE.search(text)):
        return spans[0], _span_before(spans[0], week=before[0].startswith(("week", "semana")))
    return spans


def _span_before(span: Span, *, week: bool) -> Span:
    """The week or month before the one that a span begins in."""
    return _week_of(span.first - 7 * DAY) if week else _month_before(span.first.replace(day=1))


# What stands before, between and at the beginning of the days it makes into one span.
_FROM = re.compile(r"\b(?:from|since|de|del|desde)(?: (?:el|la|the))?\s*$")
_TO = re.compile(r"\s*(?:to|through|till|until|al?|hasta)(?: (?:el|la|the))?\s*")
_DAY_BEFORE = re.compile(r"\bthe day before\b(?! yesterday)|\b(?:el )?dia anterior\b")
_SPAN_BEFORE = re.compile(r"\b(?:week|month) before\b(?! last)|\b(?:semana|mes) anterior\b")
_SINCE = re.compile(r"\b(?:since|desde)(?: (?:el|la|the))?\s*$")


def _joined(text: str, found: list[tuple[int, int, Span]], today: date) -> tuple[Span, ...]:
    """The spans found at some places: "from A to B" is one, and "since A" goes on until today."""
    spans: list[Span] = []
    left = list(found)
    while left:
        start, end, span = left.pop(0)
        before = text[:start]
        if left and _FROM.search(before) and _TO.fullmatch(text[end : left[0][0]]) and span.first <= left[0][2].last:
            span = Span(span.first, left.pop(0)[2].last)
        elif (_SINCE.search(before) or text.startswith("since ", start)) and span.last < today:
            span = Span(span.first, today)
        spans.append(span)
    return tuple(spans)


def _year(text: str | None) -> int | None:
    if text is None:
        return None
    year = int(text)
    if not _FIRST_YEAR <= year <= _LAST_YEAR:
        raise ValueError(text)
    return year


def _date(year: int | None, month: int, day: int, today: date) -> date:
    """A date; without a year the latest one that is not in the future."""
    if year is not None:
        return date(year, month, day)
    if (month, day) == (2, 29):
        year = next(y for y in range(today.year, today.year - 9, -1) if _leap(y) and date(y, 2, 29) <= today)
        return date(year, 2, 29)
    this_year = date(today.year, month, day)
    return this_year if this_year <= today else date(today.year - 1, month, day)


def _leap(year: int) -> bool:
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)


def _one(day: date) -> Span:
    return Span(day, day)


def _month(year: int | None, month: int, today: date) -> Span:
    if year is None:
        year = today.year if month <= today.month else today.year - 1
    first = date(year, month, 1)
    return Span(first, (first.replace(day=28) + timedelta(days=4)).replace(day=1) - DAY)


def _year_span(year: int) -> Span:
    return Span(date(year, 1, 1), date(year, 12, 31))


def _iso(match: re.Match[str], today: date) -> Span:
    del today
    year = _year(match[1])
    assert year is not None  # noqa: S101 (the pattern has four digits)
    return _one(date(year, int(match[2]), int(match[3])))


def _slashed(match: re.Match[str], today: date) -> Span:
    year = int(match[3]) if match[3] else None
    if year is not None and year < 100:
        year += 2000
    return _one(_date(_year(str(year)) if year else None, int(match[2]), int(match[1]), today))


def _day_month(match: re.Match[str], today: date) -> Span:
    return _one(_date(_year(match["y"]), MONTHS[match["m"]], int(match["d"]), today))


def _range(match: re.Match[str], today: date) -> Span:
    """From the 3rd to the 9th of January: two days of one month."""
    month, year = MONTHS[match["m"]], _year(match["y"])
    last = _date(year, month, int(match["b"]), today)
    return Span(last.replace(day=int(match["a"])), last)


def _week_of(day: date) -> Span:
    monday = day - timedelta(days=day.weekday())
    return Span(monday, monday + timedelta(days=6))


def _last_weekday(match: re.Match[str], today: date) -> Span:
    back = (today.weekday() - _WEEKDAY[match["w"]]) % 7 or 7
    if re.search(r"\b(this|este|next|proximo|el proximo)\b", match[0]):
        return _one(today + timedelta(days=(_WEEKDAY[match["w"]] - today.weekday()) % 7))
    return _one(today - timedelta(days=back))


def _last_days(match: re.Match[str], today: date) -> Span:
    """The last n days are the whole ones before today."""
    count = int(match["n"]) if match["n"].isdecimal() else COUNT[match["n"]]
    per = {"d": 1, "w": 7, "s": 7, "m": 30}[match["unit"][0]]
    if count == 0:
        raise ValueError(match[0])
    return Span(today - timedelta(days=count * per), today - DAY)


def _weekend(match: re.Match[str], today: date) -> Span:
    saturday = today - timedelta(days=(today.weekday() - 5) % 7)
    if re.search(r"last|pasado", match[0]) and today.weekday() >= 5:
        saturday -= timedelta(days=7)
    return Span(saturday, saturday + DAY)


def _relative(days: int) -> Callable[[re.Match[str], date], Span]:
    return lambda _, today: _one(today + timedelta(days=days))


def _of_month(offset: int) -> Callable[[re.Match[str], date], Span]:
    def read(_: re.Match[str], today: date) -> Span:
        first = today.replace(day=1)
        return _month(first.year, first.month, today) if not offset else _month_before(first)

    return read


def _month_before(first: date) -> Span:
    before = first - DAY
    return Span(before.replace(day=1), before)


_TH = r"(?:st|nd|rd|th)?"
_Y = r"(?:(?:,| of| de| del)?\s+(?P<y>\d{4}))?"
# Longer readings first: what one has read is gone for the next.
_READERS: tuple[tuple[re.Pattern[str], Callable[[re.Match[str], date], Span]], ...] = (
    (re.compile(r"\b(\d{4})-(\d{1,2})-(\d{1,2})\b"), _iso),
    (re.compile(r"\b(\d{1,2})/(\d{1,2})(?:/(\d{4}|\d{2}))?\b"), _slashed),
    (
        re.compile(
            rf"\b(?:from|between|del|entre el|desde el)\s+(?:the )?(?P<a>\d{{1,2}}){_TH}\s+"
            r"(?:to|and|until|al|y el|hasta el)\s+"
            rf"(?:the )?(?P<b>\d{{1,2}}){_TH}\s+(?:of |de )?(?P<m>{_M})\b{_Y}"
        ),
        _range,
    ),
    (re.compile(rf"\b(?P<d>\d{{1,2}}){_TH}\s+(?:of |de )?(?P<m>{_M})\b{_Y}"), _day_month),
    (re.compile(rf"\b(?P<m>{_M})\s+(?:the )?(?P<d>\d{{1,2}}){_TH}\b(?!:){_Y}"), _day_month),
    (
        re.compile(rf"\b(?P<m>{_M}|may)\s+(?:of |de |del )?(?P<y>\d{{4}})\b"),
        lambda m, today: _month(_year(m["y"]), MONTHS[m["m"]], today),
    ),
    (
        re.compile(
            rf"\b(?:(?:in|during|since|en|durante|for|of|than|de|que) )?(?:(?:last|this) )?(?P<m>{_M_ALONE})\b"
            r"|\bin (?P<may>may)\b"
        ),
        lambda m, today: _month(None, MONTHS[m["m"] or m["may"]], today),
    ),
    (re.compile(r"\b(?:day before yesterday|anteayer|antes de ayer)\b"), _relative(-2)),
    (re.compile(r"\b(?:yesterday|ayer|last night|anoche|yesterday's)\b"), _relative(-1)),
    (
        re.compile(r"\b(?:today|hoy|tonight|this (?:morning|afternoon|evening)|esta (?:manana|tarde|noche)|so far)\b"),
        _relative(0),
    ),
    (re.compile(r"\b(?:tomorrow|pasado manana|(?<!la )(?<!de la )(?<!esta )manana(?! por))\b"), _relative(1)),
    (
        re.compile(
            rf"\b(?:last|past|previous|ultim[oa]s|pasad[oa]s)\s+(?P<n>{_N})\s+"
            r"(?P<unit>days?|weeks?|months?|dias?|semanas?|meses|mes)\b"
        ),
        _last_days,
    ),
    (re.compile(r"\b(?:last|past|previous|this|the|este|el|ultimo) (?:weekend|fin de semana)(?: pasado)?\b"), _weekend),
    (
        re.compile(r"\b(?:the )?week before(?: last| that)?\b|\bsemana anterior\b"),
        lambda _, today: _week_of(today - timedelta(days=14)),
    ),
    (
        re.compile(r"\b(?:the )?month before(?: last| that)?\b|\bmes anterior\b"),
        lambda _, today: _month_before(_month_before(today.replace(day=1)).first),
    ),
    (
        re.compile(r"\b(?:next|coming) week\b|\b(?:proxima semana|semana que viene|semana proxima)\b"),
        lambda _, today: _week_of(today + timedelta(days=7)),
    ),
    (
        re.compile(r"\b(?:last|past|previous) week\b|\bsemana pasada\b"),
        lambda _, today: _week_of(today - timedelta(days=7)),
    ),
    (
        re.compile(r"\b(?:this|current|of the) week\b|\b(?:esta|de la) semana\b(?! (?:pasada|anterior))"),
        lambda _, today: _week_of(today),
    ),
    (re.compile(r"\b(?:last|past|previous) month\b|\bmes pasado\b"), _of_month(-1)),
    (re.compile(r"\b(?:this|current|of the) month\b|\b(?:este|del) mes\b(?! (?:pasado|anterior))"), _of_month(0)),
    (re.compile(r"\b(?:last|past|previous) year\b|\bano pasado\b"), lambda _, today: _year_span(today.year - 1)),
    (re.compile(r"\b(?:this|current) year\b|\beste ano\b"), lambda _, today: _year_span(today.year)),
    (re.compile(rf"\b(?:(?:on|last|this|next|el|este|proximo|el proximo) )?(?P<w>{_W})(?: pasado)?\b"), _last_weekday),
    (
        re.compile(r"\b(?:in|en|during|durante|of|de|del)\s+(?P<y>(?:19|20)\d{2})\b"),
        lambda m, _: _year_span(_year(m["y"]) or 0),
    ),
)
