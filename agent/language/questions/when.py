"""Times of day as people write them, and the stretch of time a question is about, on the home's own clock."""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from agent.language.questions.dates import COUNT, BadDate
from agent.queries import Span
from energy.slots import DAY, local_day

_SHORTEST_DAY = timedelta(hours=23)


@dataclass(frozen=True, slots=True)
class Window:
    """A stretch of time that a question is about; `at` where it names one moment."""

    start: datetime
    end: datetime
    at: datetime | None = None

    @property
    def is_whole_days(self) -> bool:
        """Whether it is as long as a day at least, the shortest of which has 23 hours."""
        return self.at is None and self.end - self.start >= _SHORTEST_DAY

    def latest(self, now: datetime) -> datetime:
        """The moment, or the end as far as it has come."""
        return self.at or min(self.end, now)


def find_clock(text: str) -> time | BadDate | None:
    """A time of day in plain text, such as 18:30, 6 pm or las 6 de la tarde; None if there is none."""
    if re.search(r"\b(?:noon|midday|mediodia)\b", text):
        return time(12)
    if re.search(r"\b(?:midnight|medianoche)\b", text):
        return time()
    match = _CLOCK.search(text)
    if match is None:
        return None
    said = match.groupdict()
    hour, minute = int(said["h1"] or said["h2"] or said["h3"]), int(said["m1"] or 0)
    part = said["part1"] or said["part2"] or said["part3"] or ""
    if part in ("pm", "de la tarde", "de la noche") and hour < 12:
        hour += 12
    if part in ("am", "de la manana", "de la madrugada") and hour == 12:
        hour = 0
    try:
        return time(hour % 24 if (hour, minute) == (24, 0) else hour, minute)
    except ValueError:
        return BadDate(match[0].strip())


def moment_of(day: date, clock: time, zone: ZoneInfo) -> datetime:
    """A local time in UTC; one that clocks skip is read as if they had not gone forward yet."""
    return datetime.combine(day, clock, tzinfo=zone).astimezone(UTC)


_PARTS: tuple[tuple[str, int, int], ...] = (
    (r"\blast night\b|\banoche\b", 18, 30),
    (r"\b(?:this|in the|early|tomorrow|yesterday|\w+day|esta|por la|de la) (?:morning|manana|madrugada)\b", 4, 12),
    (r"\b(?:this|in the|tomorrow|yesterday|\w+day|esta|por la) (?:afternoon|tarde)\b", 12, 19),
    (
        r"\b(?:this|in the|tomorrow|yesterday|esta|por la|at|\w+day|\w+day's) (?:evening|noche|night)\b|\btonight\b",
        18,
        24,
    ),
)


def window_of(words: str, spans: tuple[Span, ...], clock: time | None, now: datetime, zone: ZoneInfo) -> Window | None:
    """The moment or the stretch a question is about; a time without a day is the last one before now."""
    day = spans[0].first if spans else local_day(now, zone)
    if (lately := _last_hours(words, now)) is not None:
        return lately
    if (between := _between(words, day, zone)) is not None:
        return between
    if not spans and clock is None:
        return None
    if clock is not None:
        at = moment_of(day, clock, zone)
        if not spans and at > now:
            at = moment_of(day - DAY, clock, zone)
        return Window(at, at, at)
    for pattern, begin, end in _PARTS:
        if re.search(pattern, words):
            return Window(moment_of(day, time(begin), zone), moment_of(day + (end // 24) * DAY, time(end % 24), zone))
    return Window(moment_of(day, time(), zone), moment_of(spans[0].last + DAY, time(), zone))


def _last_hours(words: str, now: datetime) -> Window | None:
    """The last hours before now."""
    match = _LAST_HOURS.search(words)
    if match is None:
        return None
    count = match["n"] or "1"
    hours = COUNT.get(count) or int(count)
    return Window(now - timedelta(hours=hours), now) if hours else None


def _between(words: str, day: date, zone: ZoneInfo) -> Window | None:
    """The hours named as between one clock and another of the same day; one "pm" at the end counts for both."""
    match = _BETWEEN.search(words) or _FROM_TO.search(words)
    if match is None:
        return None
    begin, end_ = match[1].strip(), match[2].strip()
    part = re.search(_PART, end_)
    if part is None and _LATE.search(words):
        begin, end_ = f"{begin} pm", f"{end_} pm"
    elif part is not None and begin[0].isdigit() and not re.search(_PART, begin) and _hour_of(begin) < _hour_of(end_):
        begin += f" {part[0]}"
    first, last = (find_clock(f"at {clock}") for clock in (begin, end_))
    if not isinstance(first, time) or not isinstance(last, time):
        return None
    start, end = moment_of(day, first, zone), moment_of(day, last, zone)
    return Window(start, end if end > start else moment_of(day + DAY, last, zone))


def _hour_of(clock: str) -> int:
    """The figure of an hour; 12 stands before 1."""
    return int(re.split(r"\D", clock)[0]) % 12


def start_of(spans: tuple[Span, ...], clock: time | None, now: datetime, zone: ZoneInfo) -> datetime | None:
    """When something would start; a time without a day is the next one after now."""
    if clock is None:
        return None
    at = moment_of(spans[0].first if spans else local_day(now, zone), clock, zone)
    return at if at >= now or spans else moment_of(local_day(now, zone) + DAY, clock, zone)


def latest_of(
    words: str, spans: tuple[Span, ...], clock: time | None, now: datetime, zone: ZoneInfo
) -> datetime | None:
    """By when something must be done, if a question says so."""
    said = re.search(r"\b(?:by|before|until|ready|antes de|para las|hasta)\b", words)
    return start_of(spans, clock, now, zone) if said else None


_PART = r"(?:am|pm|de la (?:tarde|noche|manana|madrugada))"
# A figure with a unit after it is an amount, not an hour.
_NO_UNIT = r"(?![\d.,:]|\s*(?:%|k?wh?\b|percent|por ciento|c(?:en)?ts?\b|eur|h\b|hours?\b|horas?\b))"
_CLOCK = re.compile(
    rf"\b(?P<h1>[0-2]?\d)[:h](?P<m1>\d\d)\s*(?P<part1>{_PART})?\b"
    rf"|\b(?:at|by|before|until|a las?|las|antes de las)\s+(?P<h2>\d{{1,2}})(?:\s*o'?clock)?"
    rf"(?:\s*(?P<part2>{_PART}))?{_NO_UNIT}"
    rf"|\b(?P<h3>\d{{1,2}})\s*(?P<part3>am|pm)\b",
)
_LATE = re.compile(r"\b(?:evening|afternoon|tonight|at night)\b|\bpor la (?:tarde|noche)\b")
_NAMED = "noon|midday|midnight|mediodia|medianoche"
_HOUR = rf"(?:[0-2]?\d(?!\d)(?:[:h]\d\d)?(?:\s*{_PART})?|{_NAMED})"
_LAST_HOURS = re.compile(
    r"\b(?:last|past|previous|ultimas?|pasadas?) "
    r"(?:(?P<n>\d{1,2}|two|three|four|five|six|dos|tres|cuatro|cinco|seis) )?(?:hours?|horas?)\b"
)
_BETWEEN = re.compile(
    rf"\b(?:between|entre) (?:las? )?({_HOUR}) (?:and|y) (?:las? )?({_HOUR})(?!\s*(?:%|de \w+bre\b|\w*(?:ary|ember)\b))"
)
_FROM_TO = re.compile(
    rf"\b(?:from|de|desde) (?:las? )?({_HOUR}) (?:to|until|till|a|hasta) (?:las? )?"
    rf"([0-2]?\d(?!\d)(?:[:h]\d\d(?:\s*{_PART})?|\s*{_PART})|{_NAMED})"
)
