"""When a note holds: common English and Spanish words for times become a span in the household's zone."""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from energy.slots import DAY

# Parts of a day as local hours; past 24 they run into the next day.
_PARTS: dict[str, tuple[int, int]] = {
    "morning": (6, 12),
    "afternoon": (12, 18),
    "evening": (18, 24),
    "night": (20, 32),
    "day": (0, 24),
}
# Before this hour, tonight is the night that is ending.
_SMALL_HOURS = 5


def _numbered(words: str, first: int) -> dict[str, int]:
    return {word: number for number, word in enumerate(words.split(), start=first)}


_WEEKDAYS = _numbered("monday tuesday wednesday thursday friday saturday sunday", 0)
_WEEKDAYS |= _numbered("lunes martes miercoles jueves viernes sabado domingo", 0)
_MONTHS = _numbered("january february march april may june july august september october november december", 1)
_MONTHS |= _numbered("enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre", 1)
_COUNTS = _numbered("one two three four five six seven", 1) | _numbered("uno dos tres cuatro cinco seis siete", 1)
_COUNTS |= dict.fromkeys(("a", "an", "un", "una"), 1)
_PART_WORDS = {
    "morning": "morning",
    "afternoon": "afternoon",
    "evening": "evening",
    "night": "night",
    "manana": "morning",
    "tarde": "afternoon",
    "noche": "night",
}

_WEEKDAY = "|".join(_WEEKDAYS)
_MONTH = "|".join(_MONTHS)
_COUNT = rf"(\d{{1,2}}|{'|'.join(_COUNTS)})"
_CLOCK = (
    r"(\d{1,2})(?:[:.h](\d{2}))?(?: ?h(?:oras|rs|ours)?)?"
    r"(?: ?([ap])\.?m\b\.?| (?:de|por) la (manana|tarde|noche)| in the (morning|afternoon|evening))?"
    r"(?: o'?clock| en punto)?"
)
# Words for times that nothing above reads; a note that holds again and again, or at a feast, must not hold now instead.
_UNREAD = re.compile(
    r"\b(?:every|each|daily|nightly|weekly|always|weekdays?|workdays?|weekends?|weeks?|months?|years?|days|hours?|minutes?"
    r"|next|following|later|afterwards|soon|christmas|xmas|easter|new year\S*|eve|nights|evenings|mornings|afternoons"
    r"|cada|tod[oa]s l[oa]s|diari\w+|siempre|entre semana|laborables|semanas?|mes(?:es)?|anos?|dias|horas?|minutos?"
    r"|proxim[oa]s?|siguientes?|luego|pronto|navidad\w*|nochebuena|nochevieja|reyes|pascua|semana santa|noches|tardes"
    r"|mananas|dawn|sunrise|sunset|dusk|dark|madrugada|amanecer|anochecer|atardecer|past|y media|y cuarto|menos cuarto"
    rf"|(?:in )?(?:{'|'.join(month for month in _MONTHS if month != 'may')})|in may"
    # A limit in time that is none of those above.
    r"|(?:until|till|before|after|hasta|antes|despues)(?=[ |]*[^\W\d]))\b"
)
_MORNING = re.compile(r"\d ?a\.?m\b|\b(?:breakfast|brunch|morning|desayun\w+|de la manana)\b")
_NAMED_CLOCKS = {"noon": time(12), "midday": time(12), "mediodia": time(12), "midnight": time(0), "medianoche": time(0)}
_NAMED = "|".join(_NAMED_CLOCKS)


@dataclass(frozen=True, slots=True)
class NoteSpan:
    """When a note holds, in UTC; `rest` is the text without the words that said so."""

    start: datetime
    end: datetime
    rest: str
    said: bool


class TimeError(ValueError):
    """The words for the time cannot be; the message says why."""


@dataclass(slots=True)
class _Found:
    """What was read so far; `text` shrinks as its words are understood."""

    text: str
    now: datetime
    day: date | None = None
    last_day: date | None = None
    part: str | None = None
    first: time | None = None
    last: time | None = None
    length: timedelta | None = None
    until_day: date | None = None
    this_night: bool = False
    open_end: bool = False
    in_the_morning: bool = False

    @property
    def today(self) -> date:
        return self.now.date()


def find_span(text: str, now: datetime, zone: ZoneInfo, *, by: bool = False, meal: str | None = None) -> NoteSpan:
    """Read when a note holds; `text` is lower case without accents. With nothing said it holds a day from now.

    `by` takes a single clock time as the end. `meal` is the part of a day that guests come for, empty where none is
    said: it holds where only a day is named; where a night is, guests mean its evening.

    Raises:
        TimeError: the time is over, ends before it begins, or does not exist.
    """
    found = _Found(text, now.astimezone(zone), in_the_morning=_MORNING.search(text) is not None)
    for read in (_dates, _ranges, _lengths, _days, _clocks):
        read(found)
    if unread := _UNREAD.search(found.text):
        raise TimeError(f"{unread[0]!r} is a time that is not understood: give a day, a date or a clock time")
    if meal is not None:
        _for_meal(found, meal)
    if found.part == "night" and found.this_night and found.now.hour < _SMALL_HOURS:
        found.day = found.today - DAY
    said = found.text != text
    start, end = _bounds(found, zone, by=by)
    if end <= now:
        raise TimeError(f"that time is over: it ended {end.astimezone(zone):%Y-%m-%d %H:%M}")
    start = max(start, now).astimezone(UTC)
    if end <= start:
        raise TimeError("it would end before it begins")
    return NoteSpan(start, end.astimezone(UTC), found.text, said)


def _for_meal(found: _Found, meal: str) -> None:
    """Guests who come on a day come for its meal; those who stay for days stay whole ones. Eight is 20:00."""
    if found.first is not None and found.last is None and found.part != "morning":
        found.first = _later_half(found.first, evening=not found.in_the_morning, earliest=1)
    one_day = found.day is not None and found.last_day is None and found.until_day is None and found.length is None
    if found.this_night and found.first is None and found.last is not None:
        found.first = time(_PARTS["evening"][0])  # "tonight until midnight"
    if found.part == "night":
        found.part = "evening"
    elif meal and found.part is None and one_day:
        found.part = meal


def _take(found: _Found, pattern: str) -> re.Match[str] | None:
    """Cut the first match out of the text."""
    match = re.search(rf"\b(?:{pattern})(?![\w%])", found.text)
    if match:
        found.text = f"{found.text[: match.start()]} | {found.text[match.end() :]}"
    return match


def _dates(found: _Found) -> None:
    """2026-12-24, 24 december, 24 de diciembre, december 24, 24/12; the second one is the last day."""
    while _date_once(found):
        pass


def _date_once(found: _Found) -> bool:
    until = r"(until |till |through |hasta (?:el )?|to |al )?(?:from |desde |del? )?"
    if match := _take(found, rf"{until}(?:on |el |the )?(\d{{4}})-(\d{{2}})-(\d{{2}})"):
        _set_day(found, _date(int(match[2]), int(match[3]), int(match[4])), until=bool(match[1]))
        return True
    if match := _take(found, rf"{until}(?:on |el |the )?(?:dia )?(\d{{1,2}})(?:st|nd|rd|th)?(?: de| of)? ({_MONTH})"):
        _set_day(found, _next_date(found, _MONTHS[match[3]], int(match[2])), until=bool(match[1]))
        return True
    if match := _take(found, rf"{until}(?:on )?({_MONTH}) (\d{{1,2}})(?:st|nd|rd|th)?"):
        _set_day(found, _next_date(found, _MONTHS[match[2]], int(match[3])), until=bool(match[1]))
        return True
    if match := _take(found, rf"{until}(?:on |el )?(\d{{1,2}})/(\d{{1,2}})"):
        _set_day(found, _next_date(found, int(match[3]), int(match[2])), until=bool(match[1]))
        return True
    day_alone = r"(?:el (?:dia )?(\d{1,2})|the (\d{1,2})(?:st|nd|rd|th))"
    if match := _take(found, rf"(until |till |hasta |through )?(?:from |desde |on )?{day_alone}(?![:.]\d)"):
        _set_day(found, _next_day(found, int(match[2] or match[3])), until=bool(match[1]))
        return True
    return False


def _date(year: int, month: int, day: int) -> date:
    try:
        return date(year, month, day)
    except ValueError as err:
        raise TimeError(f"{year}-{month:02d}-{day:02d} is no date") from err


def _next_date(found: _Found, month: int, day: int) -> date:
    """The next such day of the year, today included."""
    this_year = _date(found.today.year, month, day)
    return this_year if this_year >= found.today else _date(found.today.year + 1, month, day)


def _next_day(found: _Found, day: int) -> date:
    """The next day of that number, today included."""
    month = found.today.replace(day=1)
    if day < found.today.day:
        month = (month + 31 * DAY).replace(day=1)
    return _date(month.year, month.month, day)


def _set_day(found: _Found, day: date, *, until: bool) -> None:
    if until or found.day is not None:
        found.until_day = day
    else:
        found.day = day


def _ranges(found: _Found) -> None:
    """From 18 to 22, between 6 pm and 10 pm, de 18 a 22, entre las 18:00 y las 22:00."""
    clock = rf"(?:{_CLOCK}|({_NAMED}))"
    link = r"(?:from|between|de|desde|entre)(?: las?| el)?"
    to = r"(?: ?-|\\u2013| to| and| until| till| a| y| hasta)(?: las?)?"
    exact = r"(\d{1,2}):(\d{2})()()()()"
    match = (
        _take(found, rf"{link} {clock}{to} {clock}")
        or _take(found, rf"{_CLOCK}() ?(?:-|\\u2013) ?{_CLOCK}()(?= |$)")
        or _take(found, rf"{exact} (?:to|a) (?:las? )?{exact}")
    )
    if match is None:
        return
    groups = match.groups()
    half = len(groups) // 2
    first, last = groups[:half], groups[half:]
    if last[2] == "p" and first[2] is None and int(first[0] or 99) < 12:
        first = (*first[:2], "p", *first[3:])
    found.first, found.last = _time(first), _time(last)


def _time(parts: tuple[str | None, ...]) -> time:
    """Hour, minute, a or p, Spanish part, English part, named."""
    hour, minute, half, spanish, english, named = (*parts, *[None] * 6)[:6]
    if named:
        return _NAMED_CLOCKS[named]
    value, part = int(hour or 0), _PART_WORDS.get(spanish or english or "")
    if half and not 1 <= value <= 12:
        raise TimeError(f"{hour} {half}m is no time of day")
    if half == "a" or part == "morning":
        value = value % 12 if value <= 12 else value
    elif (half == "p" or part in {"afternoon", "evening", "night"}) and value < 12:
        value += 12
    if value == 24 and not int(minute or 0):
        value = 0
    if value > 23 or int(minute or 0) > 59:
        raise TimeError(f"{hour}:{minute or '00'} is no time of day")
    return time(value, int(minute or 0))


def _lengths(found: _Found) -> None:
    """For 3 hours, during two days, durante 3 horas, los proximos 2 dias, the next four hours."""
    lead = r"(?:for|during|over|durante|por)?(?: ?(?:the next|next|the coming|las? proximas?|los proximos|unas))?"
    # What begins in two weeks does not last for them.
    not_in = r"(?<!\bin)(?<!\bin )(?<!\bdentro de)(?<!\bdentro de )"
    if match := _take(found, rf"{not_in}{lead} ?{_COUNT} (hours?|horas?|h|days?|dias?|weeks?|semanas?)"):
        count = _COUNTS.get(match[1]) or int(match[1])
        unit = match[2][0]
        found.length = timedelta(hours=count) if unit == "h" else timedelta(days=count * (7 if unit in "ws" else 1))


def _days(found: _Found) -> None:
    for read in (_weekends, _tonight, _tomorrow, _weekdays, _today, _loose_part):
        read(found)


def _weekends(found: _Found) -> None:
    articles = r"over|during|this|next|coming|the|all|el|la|este|esta|proxim[oa]|todo el|durante el"
    lead = rf"(until |hasta )?((?:(?:{articles}) ?)*)"
    match = _take(found, rf"{lead}(weekend|fin de semana|finde|week|semana)( que viene| proxim[oa])?")
    if match is None:
        return
    monday = found.today - DAY * found.today.weekday()
    of_week, is_next = match[3] in {"week", "semana"}, _is_next(match[2] + (match[4] or ""))
    # Until next week is until it begins; on a weekend the next one is another.
    if is_next and (not match[1] if of_week else found.today >= monday + 5 * DAY):
        monday += 7 * DAY
    found.last_day = monday + 6 * DAY
    begins = monday if of_week else monday + 5 * DAY
    found.day = found.today if match[1] else max(begins, found.today)


def _is_next(words: str) -> bool:
    return re.search(r"\b(?:next|coming|proxim[oa]|que viene)\b", words) is not None


def _tonight(found: _Found) -> None:
    until = _take(found, r"(?:until|till|hasta) (?:tonight|esta noche)")
    if until:
        found.day, found.last = found.today, time(20)
    elif _take(found, r"(?:for |para |durante )?(?:tonight|esta noche|this night|all night|toda la noche|overnight)"):
        found.this_night = True
        found.day, found.part = found.today, "night"


def _tomorrow(found: _Found) -> None:
    to_part = r"(?: (?:in the |by the |por la |a la )?(morning|afternoon|evening|night|manana|tarde|noche))?"
    named = r"((?:the )?day after tomorrow|pasadomanana)|tomorrow|(?<!la )(?<!esta )manana"
    match = _take(found, rf"(until |till |hasta )?(?:for |para )?(?:{named})(?:'s)?{to_part}")
    if match is None:
        return
    day = found.today + (2 if match[2] else 1) * DAY
    found.part = _PART_WORDS.get(match[3] or "", found.part)
    _set_day(found, day, until=bool(match[1]))


def _weekdays(found: _Found) -> None:
    to_part = r"(?: (?:in the |por la |a la )?(morning|afternoon|evening|night|manana|tarde|noche))?"
    until = r"(until |till |through |hasta |to |al |a )?"
    lead = rf"{until}((?:on |for |from |de |del |desde |para |this |next |el |este |proximo )*)"
    for _ in range(2):
        match = _take(found, rf"{lead}({_WEEKDAY})( que viene| proximo)?(?:'s)?{to_part}")
        if match is None:
            return
        ahead = (_WEEKDAYS[match[3]] - found.today.weekday()) % 7
        if ahead == 0 and _is_next(match[2] + (match[4] or "")):
            ahead = 7
        day = found.today + DAY * ahead
        found.part = _PART_WORDS.get(match[5] or "", found.part)
        _set_day(found, day, until=bool(match[1]))


def _today(found: _Found) -> None:
    if _take(found, r"(?:until |hasta )?(?:the )?(?:end of (?:the day|today)|el final del dia|fin del dia)"):
        found.day = found.today
    if _take(found, r"(?:for |por |para )?(?:today|hoy|all day|todo el dia|right now|now|ahora mismo|ahora)"):
        found.day = found.day or found.today


def _loose_part(found: _Found) -> None:
    """This evening, esta tarde, in the morning, por la noche, the night: of the day named, else of the coming one."""
    lead = r"(?:(?:this|esta|in the|during the|at|por la|a la|de la|durante la|the|la) ?)+"
    if match := _take(found, rf"{lead}(morning|afternoon|evening|night|manana|tarde|noche)"):
        found.part = _PART_WORDS[match[1]]


def _clocks(found: _Found) -> None:
    clock = rf"(?:{_CLOCK}|({_NAMED}))"
    # Between the words there may stand a day that was understood already.
    gap = r"[ |]+(?:a |at |las? |el )*"
    ends = r"(?:until|till|by|before|not later than|hasta|para|antes de)"
    begins = r"(?:from|after|since|starting at|desde|a partir de|despues de)"
    if match := _take(found, rf"{ends}{gap}{clock}"):
        found.last = _time(match.groups())
    if match := _take(found, rf"{begins}{gap}{clock}"):
        found.first, found.open_end = _time(match.groups()), True
    if found.last is None and (match := _take(found, rf"(?:(?:at|around|sobre|hacia)(?: las?)?|a las?) {clock}")):
        clock_at = _time(match.groups())
        if found.until_day is None:
            found.first = clock_at
        else:
            found.last = clock_at
    if found.first is None and found.last is None:
        _bare_clock(found)


def _bare_clock(found: _Found) -> None:
    """A clock time beside a day, such as "tomorrow 9am": the end where the day was one, else the beginning."""
    match = (
        _take(found, r"(\d{1,2})[:.](\d{2})")
        or _take(found, r"(\d{1,2})() ?([ap])\.?m")
        or _take(found, rf"()()()()()({_NAMED})")
    )
    if match is None:
        return
    clock = _time(match.groups())
    if found.until_day is not None:
        found.last = clock
    else:
        found.first = clock


def _bounds(found: _Found, zone: ZoneInfo, *, by: bool) -> tuple[datetime, datetime]:
    """The span in local terms, then in real time: a wall clock that jumps is the zone's business."""
    day = found.day or found.today
    if found.day is None and found.part and _part(found.today, found.part, zone)[1] <= found.now:
        day += DAY
    if by and found.last is None and found.first is not None:
        found.first, found.last = None, found.first
    if found.first is not None or found.last is not None:
        return _by_clock(found, day, zone, by=by)
    return _by_day(found, day, zone, by=by)


def _by_day(found: _Found, day: date, zone: ZoneInfo, *, by: bool) -> tuple[datetime, datetime]:
    """No clock time was said: whole days, parts of them, or a length."""
    said = found.day is not None or found.part is not None
    start = _part(day, found.part or "day", zone)[0] if said and not by else found.now
    if found.until_day is not None:
        return start, _part(found.until_day, found.part or "day", zone)[0 if by else 1]
    if found.length is not None:
        if found.length < DAY and found.day is not None and found.part is None:
            if found.day != found.today:
                raise TimeError("when does it begin? Give a clock time, such as 'from 18:00'")
            start = found.now
        return start, _shift(start, found.length, zone)
    if not said:
        return start, start + timedelta(days=1)
    # Ready by a day or a part of it means by its beginning; what has begun already, by its end.
    begins, ends = _part(day, found.part or "day", zone)[0], _part(found.last_day or day, found.part or "day", zone)[1]
    # What is to be done tonight may take all night.
    tonight = found.this_night and not re.search(r"\b(?:by|antes de|para)\b", found.text)
    return start, begins if by and begins > found.now and not tonight else ends


def _part(day: date, part: str, zone: ZoneInfo) -> tuple[datetime, datetime]:
    first, last = _PARTS[part]
    return _at(day, time(first % 24), zone), _at(day + DAY * (last // 24), time(last % 24), zone)


def _by_clock(found: _Found, day: date, zone: ZoneInfo, *, by: bool) -> tuple[datetime, datetime]:
    evening = found.part in {"evening", "night", "afternoon"}
    first, last = (_later_half(clock, evening=evening) for clock in (found.first, found.last))
    begins_today = found.day is None and found.until_day is None
    if first is None:
        start = found.now if by or found.day in {None, found.today} else _part(day, found.part or "day", zone)[0]
    else:
        start = _at(day, first, zone)
    if last is None:
        length = found.length or timedelta(hours=3)
        if found.until_day is not None:
            return start, _part(found.until_day, "day", zone)[1]
        if begins_today and start + length <= found.now:
            day += DAY
            start = _at(day, first or time(), zone)
        return start, _part(day, "day", zone)[1] if found.open_end and found.length is None else start + length
    end = _at(found.until_day or day, last, zone)
    floor = max(start, found.now) if first is None or not begins_today else start
    if end <= floor and found.until_day is None and (found.this_night or begins_today or first is not None):
        end = _at(day + DAY, last, zone)
    if begins_today and end <= found.now:
        start, end = _shift(start, DAY, zone), _shift(end, DAY, zone)
    return start, end


def _later_half(clock: time | None, *, evening: bool, earliest: int = 5) -> time | None:
    """Nine in the evening is 21:00; hours after midnight, before `earliest`, stay."""
    if clock is None or not evening or not earliest <= clock.hour < 12:
        return clock
    return clock.replace(hour=clock.hour + 12)


def _shift(moment: datetime, length: timedelta, zone: ZoneInfo) -> datetime:
    """Whole days keep the wall clock; hours are real hours."""
    if length % DAY:
        return moment.astimezone(UTC) + length
    local = moment.astimezone(zone)
    return _at(local.date() + length, local.timetz().replace(tzinfo=None), zone)


def _at(day: date, clock: time, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, clock, tzinfo=zone).astimezone(UTC)
