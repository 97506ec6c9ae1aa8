"""Days and spans of days as people write them: each a reading of words that is placed on a calendar later."""

import re
from collections.abc import Callable
from datetime import date, timedelta

from agent.language.times.names import AMBIGUOUS_DAYS, AMBIGUOUS_MONTHS, COUNTS, MONTHS, WEEKDAYS, any_of
from agent.queries import Span
from energy.slots import DAY

# Which days words mean on a day, `ahead` of it or behind where they leave it open.
Days = Callable[[date, bool], Span]

# No home was metered before this year, and nothing is planned after that one.
_FIRST_YEAR, _LAST_YEAR = 1990, 2100


def count_of(word: str) -> int:
    """A count in figures or in words."""
    return COUNTS.get(word) or int(word)


def one(day: date) -> Span:
    """A single day."""
    return Span(day, day)


def week_of(day: date) -> Span:
    """The week from Monday that a day lies in."""
    monday = day - timedelta(days=day.weekday())
    return Span(monday, monday + 6 * DAY)


def month_of(first: date) -> Span:
    """The month that a day lies in."""
    start = first.replace(day=1)
    return Span(start, (start.replace(day=28) + 4 * DAY).replace(day=1) - DAY)


def month_before(day: date) -> Span:
    """The month before that of a day."""
    return month_of(day.replace(day=1) - DAY)


def _year(text: str | None) -> int | None:
    if text is None:
        return None
    year = int(text) + (2000 if len(text) == 2 else 0)
    if not _FIRST_YEAR <= year <= _LAST_YEAR:
        raise ValueError(f"{text} is no year")
    return year


def _date(year: int, month: int, day: int) -> date:
    try:
        return date(year, month, day)
    except ValueError as err:
        raise ValueError(f"{year}-{month:02d}-{day:02d} is no date") from err


def _dated(month: int, day: int, year: int | None) -> Days:
    """A day of a month; without a year the next one or the latest one, today included."""

    def read(today: date, ahead: bool) -> Span:
        if year is not None:
            return one(_date(year, month, day))
        if (month, day) == (2, 29):
            years = range(today.year, today.year + 9) if ahead else range(today.year, today.year - 9, -1)
            leap = (y for y in years if y % 4 == 0 and (y % 100 or y % 400 == 0))
            return one(next(d for y in leap if ((d := date(y, 2, 29)) >= today) == ahead or d == today))
        this = _date(today.year, month, day)
        if ahead:
            return one(this if this >= today else _date(today.year + 1, month, day))
        return one(this if this <= today else _date(today.year - 1, month, day))

    return read


def _range(first: int, last: int, month: int, year: int | None) -> Days:
    def read(today: date, ahead: bool) -> Span:
        end = _dated(month, last, year)(today, ahead).last
        return Span(_date(end.year, month, first), end)

    return read


def _number(first: int, last: int | None = None) -> Days:
    """The day of that number, or from one number to another, in this month or the one beside it."""

    def read(today: date, ahead: bool) -> Span:
        month = today.replace(day=1)
        if ahead and first < today.day:
            month = (month + 31 * DAY).replace(day=1)
        elif not ahead and first > today.day:
            month = (month - DAY).replace(day=1)
        begin = _date(month.year, month.month, first)
        if last is None:
            return one(begin)
        end_month = month if last >= first else (month + 31 * DAY).replace(day=1)
        return Span(begin, _date(end_month.year, end_month.month, last))

    return read


def _month(month: int, year: int | None) -> Days:
    def read(today: date, ahead: bool) -> Span:
        if year is not None:
            return month_of(date(year, month, 1))
        behind = today.year - (month > today.month)
        return month_of(date(today.year + (month < today.month) if ahead else behind, month, 1))

    return read


def _weekday(number: int, words: str) -> Days:
    """A day of the week: the coming one or the last one, as the words or the question say."""
    last, coming = _LAST.search(words), _COMING.search(words)

    def read(today: date, ahead: bool) -> Span:
        forward = (number - today.weekday()) % 7
        if (ahead or coming) and not last:
            return one(today + timedelta(days=forward or (7 if coming and not _THIS.search(words) else 0)))
        return one(today - timedelta(days=(today.weekday() - number) % 7 or 7))

    return read


_LAST = re.compile(r"\b(?:last|past|previous|pasad[oa]|ultim[oa])\b")
_COMING = re.compile(r"\b(?:next|coming|this|proxim[oa]|que viene|este|esta)\b")
_THIS = re.compile(r"\b(?:this|este|esta)\b")
_NEXT = re.compile(r"\b(?:next|coming|proxim[oa]|que viene|siguiente)\b")
_BEFORE = re.compile(r"\b(?:before last|before that|week before|month before|anterior|antepasad[oa])\b")


def _weekend(words: str) -> Days:
    def read(today: date, ahead: bool) -> Span:
        saturday = week_of(today).first + 5 * DAY
        if (
            _LAST.search(words)
            or (not ahead and not _COMING.search(words) and today < saturday)
            or (not ahead and today < saturday and not _NEXT.search(words))
        ):
            saturday -= 7 * DAY
        elif _NEXT.search(words) and today >= saturday:
            saturday += 7 * DAY
        return Span(saturday, saturday + DAY)

    return read


def _whole(unit: str, words: str) -> Days:
    """A week, a month or a year beside now."""
    step = -2 if _BEFORE.search(words) else -1 if _LAST.search(words) else 1 if _NEXT.search(words) else 0

    def read(today: date, _: bool) -> Span:
        if unit == "week":
            return week_of(today + 7 * step * DAY)
        if unit == "year":
            return Span(date(today.year + step, 1, 1), date(today.year + step, 12, 31))
        span = month_of(today)
        for _step in range(abs(step)):
            span = month_before(span.first) if step < 0 else month_of(span.last + DAY)
        return span

    return read


_PER = {"d": 1, "w": 7, "s": 7, "f": 14, "q": 15, "m": 30}


def _last_days(count: str, unit: str) -> Days:
    """The last n days are the whole ones before today."""
    days = count_of(count) * _PER[unit[0]]
    if days == 0:
        raise ValueError("0 days are none")
    return lambda today, _: Span(today - days * DAY, today - DAY)


def _relative(days: int) -> Days:
    return lambda today, _: one(today + days * DAY)


def _calendar_year(year: str) -> Days:
    number = _year(year) or 0
    return lambda _today, _ahead: Span(date(number, 1, 1), date(number, 12, 31))


_TH = r"(?:st|nd|rd|th)?"
_ORDINAL = r"(?:st|nd|rd|th)"
_Y = r"(?:(?:,| of| de| del)?\s+(?P<y>\d{4}))?"
_D = r"(?:3[01]|[12]\d|0?[1-9])"
_M = any_of(MONTHS)
_M_ALONE = any_of({name: at for name, at in MONTHS.items() if name not in AMBIGUOUS_MONTHS})
_W = any_of({name: at for name, at in WEEKDAYS.items() if name not in AMBIGUOUS_DAYS})
_W_SHORT = any_of({name: at for name, at in WEEKDAYS.items() if name in AMBIGUOUS_DAYS and name != "mar"})
_N = rf"\d{{1,3}}|{any_of(COUNTS)}"
_NOT_AN_AMOUNT = r"(?![:.,]\d|\d|\s*(?:%|k?wh?\b|km|por ciento|percent|am\b|pm\b|h\b|euros|grados|personas|invitados))"
_TO = r"\s?(?:to|and|until|till|through|al?|y|hasta|-)\s?(?:the |el )?"
_FROM = r"(?:from |between |del |desde |entre )?(?:the |el )?"
_ARTICLES = (
    r"(?:(?:on|last|this|next|coming|the|el|este|esta|la|las|los|all|todo|toda|past|previous|proxim[oa]|ultim[oa]) )*"
)
_SAID_NEXT = (
    r"(?: que viene| pasad[oa]| proxim[oa]| siguiente| anterior| before last| before that| before| antepasad[oa])?"
)

# Longer readings first: what one has read is gone for the next.
READERS: tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], Days]], ...] = tuple(
    (re.compile(pattern), read)
    for pattern, read in (
        (r"\b(\d{4})-(\d{1,2})-(\d{1,2})\b", lambda m: _dated(int(m[2]), int(m[3]), _year(m[1]))),
        (
            r"(?<![\d/])(\d{1,2})/(\d{1,2})(?:/(\d{4}|\d{2}))?(?![\d/])",
            lambda m: _dated(int(m[2]), int(m[1]), _year(m[3])),
        ),
        (
            rf"\b{_FROM}(?P<a>\d{{1,2}}){_TH}{_TO}(?P<b>\d{{1,2}}){_TH}\s+(?:of |de )?(?P<m>{_M})\b{_Y}",
            lambda m: _range(int(m["a"]), int(m["b"]), MONTHS[m["m"]], _year(m["y"])),
        ),
        (
            rf"\b(?P<d>\d{{1,2}}){_TH}\s+(?:of |de )?(?P<m>{_M})\b{_Y}",
            lambda m: _dated(MONTHS[m["m"]], int(m["d"]), _year(m["y"])),
        ),
        (
            rf"\b(?P<m>{_M})\.? (?:the )?(?P<d>\d{{1,2}}){_TH}\b(?!:|\s?%|\s?k?w)(?! ?[ap]m\b){_Y}",
            lambda m: _dated(MONTHS[m["m"]], int(m["d"]), _year(m["y"])),
        ),
        (
            rf"\b(?P<m>{_M}|may)\s+(?:of |de |del )?(?P<y>\d{{4}})\b",
            lambda m: _month(MONTHS[m["m"]], _year(m["y"])),
        ),
        (
            (rf"\b(?:last |this |pasado |este )?(?P<m>{_M_ALONE})\b(?: pasado)?"
            rf"|(?:(?<=\bin )|(?<=\ben )|(?<=\bsince ))(?P<s>{_M})\b"),
            lambda m: _month(MONTHS[m["m"] or m["s"]], None),
        ),
        (
            (rf"\b(?:del (?:dia )?(?P<a>\d{{1,2}}) al (?P<b>\d{{1,2}})"
            rf"|(?:from |between )?the (?P<c>\d{{1,2}}){_ORDINAL}{_TO}(?P<d>\d{{1,2}}){_TH}"
            rf"|(?P<e>\d{{1,2}}){_ORDINAL}{_TO}(?P<f>\d{{1,2}}){_ORDINAL}){_NOT_AN_AMOUNT}"),
            lambda m: _number(int(m["a"] or m["c"] or m["e"]), int(m["b"] or m["d"] or m["f"])),
        ),
        (
            (rf"\b(?:the )?(?P<a>{_D}){_ORDINAL}\b|\bel (?:dia )?(?P<b>{_D})\b{_NOT_AN_AMOUNT}"
            rf"|\bdia (?P<c>{_D})\b|(?<=\bal )(?P<d>{_D})\b(?= de este mes)"),
            lambda m: _number(int(m["a"] or m["b"] or m["c"] or m["d"])),
        ),
        (r"\b(?:the )?day after tomorrow\b|\bpasado(?: manana)\b", lambda _: _relative(2)),
        (r"\b(?:the )?day before yesterday\b|\banteayer\b|\bantes? de ayer\b|\banteanoche\b", lambda _: _relative(-2)),
        (r"\b(?:yesterday(?:'s)?|ayer|last night|anoche)\b", lambda _: _relative(-1)),
        ((r"\b(?:today(?:'s)?|hoy|tonight(?:'s)?|esta noche|this night|so far|right now|now|ahora(?: mismo)?|overnight"
         r"|this (?:morning|afternoon|evening)|esta (?:manana|tarde)|all night|toda la noche"
         r"|(?:the )?end of (?:the day|today)|(?:el )?final? del dia|all day|todo el dia)\b"), lambda _: _relative(0)),
        (r"\btomorrow(?:'s)?\b|(?<!\bla )(?<!esta )\bmanana(?! por\b(?! la))\b", lambda _: _relative(1)),
        (
            (rf"\b(?:last|past|previous|ultim[oa]s|pasad[oa]s)\s+(?P<n>{_N})\s+"
            r"(?P<u>days?|weeks?|months?|dias?|semanas?|meses|mes)\b"),
            lambda m: _last_days(m["n"], m["u"]),
        ),
        (
            (rf"\b(?P<n>{_N}) (?P<u>days?|weeks?|months?|fortnights?) ago\b"
            rf"|\bhace (?P<n2>{_N}) (?P<u2>dias?|semanas?|meses|mes)\b"),
            lambda m: _relative(-count_of(m["n"] or m["n2"]) * _PER[(m["u"] or m["u2"])[0]]),
        ),
        (
            (rf"\b(?:in|dentro de|en) (?P<n>{_N}) (?P<u>days?|weeks?|fortnights?|dias?|semanas?)(?:'s|'| time)*\b"
            rf"|\bin a (?P<f>fortnight)\b|\ben una (?P<q>quincena)\b"),
            lambda m: _relative(count_of(m["n"] or "a") * _PER[(m["u"] or m["f"] or m["q"])[0]]),
        ),
        (
            rf"\b{_ARTICLES}(?:weekend|fin de semana|finde)\b{_SAID_NEXT}",
            lambda m: _weekend(m[0]),
        ),
        (
            (rf"\b(?:rest of |resto de )?(?:(?:last|this|next|coming|current|the|rest of|of the|past|previous|"
            rf"esta|la|proxima|toda|all|ultima) )+"
            rf"(?:week|semana)\b{_SAID_NEXT}"),
            lambda m: _whole("week", m[0]),
        ),
        (
            (r"\b(?:(?:last|this|next|coming|current|the|of the|past|previous|este|el|del|proximo|todo|ultimo) )+"
            rf"(?:month|mes)\b{_SAID_NEXT}"),
            lambda m: _whole("month", m[0]),
        ),
        (
            rf"\b(?:last|this|next|current|past|previous|este|el|del|proximo|todo) (?:year|ano)\b{_SAID_NEXT}",
            lambda m: _whole("year", m[0]),
        ),
        (
            (rf"\b{_ARTICLES}(?P<w>{_W})\b(?:'s)?{_SAID_NEXT}"
            rf"|(?:(?<=\bon )|(?<=\bnext )|(?<=\bthis )|(?<=\blast )|(?<=\buntil )|(?<=\btill )|(?<=\bby )|"
            rf"(?<=\bbefore )"
            rf"|(?<=\bto )|(?<=\bel )|(?<=\beste )|(?<=\bdel )|(?<=\bal )|(?<=\bfor )|"
            rf"(?<=\bsince ))(?P<s>{_W_SHORT})\b(?!\w)"
            rf"|\b(?P<t>sat|sun|mon|wed|lun|dom|vie)\b(?= \d{{1,2}}(?::\d\d)? ?(?:am|pm|h)\b"
                r"| (?:night|evening|morning|at \d|from \d|a las))"
                rf"|^(?P<v>sat|sun|mon|wed|lun|dom|vie)\b(?=[:,]| \d)"),
            lambda m: _weekday(WEEKDAYS[m["w"] or m["s"] or m["t"] or m["v"]], m[0]),
        ),
        (r"\b(?:in|en|during|durante|of|de|del)\s+(?P<y>(?:19|20)\d{2})\b", lambda m: _calendar_year(m["y"])),
    )
)  # fmt: skip
