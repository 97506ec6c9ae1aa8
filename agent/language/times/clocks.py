"""Times of day as people write them: 18:30, 6 pm, las ocho y media, half past seven, noon; and from one to another."""

import re
from dataclasses import dataclass, replace
from datetime import time

from agent.language.times.names import HOURS, any_of


class TimeError(ValueError):
    """The words for a time cannot be; the message says why."""


@dataclass(frozen=True, slots=True)
class Clock:
    """A time of day; `sure` where it says which half of the day it is in."""

    at: time
    sure: bool = False

    def later_half(self, earliest: int = 5) -> "Clock":
        """The same in the second half of the day, unless it says its half or comes before `earliest`."""
        if self.sure or not earliest <= self.at.hour < 12:
            return self
        return Clock(self.at.replace(hour=self.at.hour + 12), sure=True)


# A number with one of these after it is an amount, a count or a date, and no hour.
_UNIT = (
    r"(?!\d|[.,:/]\d|\s*(?:%|percent|per cent|por ciento|k?wh?\b|kw|km|kilom|miles?\b|euros?\b|eur\b|€|\$|"
    r"c(?:en)?ts?\b|centimos|horas\b(?! de la)|"
    r"guests?\b|invitad|people|personas?|friends|amigos|visitors?|days?\b|dias?\b|weeks?\b|semanas?\b|hours?\b|"
    r"hrs\b|minut|min\b|grados|degrees|th\b|st\b|nd\b|rd\b|de (?!\x00|manana|la (?:manana|tarde|noche|"
    r"madrugada)))|"
    r"\s+(?:of )?(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec))"
)
_HALVES = {"am": 0, "a.m": 0, "a.m.": 0, "pm": 12, "p.m": 12, "p.m.": 12}
_HALVES |= {"in the morning": 0, "de la manana": 0, "por la manana": 0, "de la madrugada": 0, "del mediodia": 12}
_HALVES |= {"in the afternoon": 12, "in the evening": 12, "at night": 12, "de la tarde": 12, "por la tarde": 12}
_HALVES |= {"de la noche": 12, "por la noche": 12, "tonight": 12, "this evening": 12, "this afternoon": 12}
HALF = "|".join(sorted(map(re.escape, _HALVES), key=len, reverse=True))
_NAMED = {"noon": 12, "midday": 12, "mediodia": 12, "midnight": 0, "medianoche": 0}
_WORD = any_of(HOURS)
_PAST = r"(?P<{0}past>half past|half after|half|(?:a )?quarter (?:past|after)|(?:a )?quarter to)"
_AFTER = r"(?P<{0}after>y media|y cuarto|menos cuarto)"
# "{0}" is a prefix for the names of the groups, so that a pattern can hold two clocks.
_CLOCK = (
    rf"(?:(?P<{{0}}named>{'|'.join(_NAMED)})|(?:{_PAST} )?(?P<{{0}}hour>\d{{{{1,2}}}}(?!\d)|{_WORD})"
    rf"(?:[:h.](?P<{{0}}minute>\d\d)(?!\d))?(?: ?h(?:rs?|oras?)?\b)?(?: {_AFTER})?(?: o'?clock| en punto)?"
    rf"(?:\s?(?P<{{0}}half>{HALF})(?!\w))?)"
)
_LEAD = (
    r"(?:at|by|before|until|till|til|'til|after|from|since|around|about|past|las?|a las?|sobre las?|hasta las?|"
    r"para las?|hacia las?)"
)
_ONE = _CLOCK.format("a_")
_MARKED = (
    r"\d{1,2}[:h]\d\d(?!\d)|\d{1,2}(?:\.\d\d)?\s?[ap]\.?m\b"
    rf"|(?:\d{{1,2}}|{_WORD}) ?(?:o'?clock|en punto|de la (?:manana|tarde|noche|madrugada)|in the (?:morning|"
    rf"evening|afternoon)|h\b)"
    rf"|(?:half past|quarter (?:past|to|after)|half) (?:\d|{_WORD})|(?:las? )(?:\d{{1,2}}|{_WORD}) (?:y media|"
    rf"y cuarto|menos cuarto)"
    rf"|\b(?:{'|'.join(_NAMED)})\b"
)
_SEPARATED = r"\s?(?:-|to|till?|until|a|y|and|hasta)\s?(?:las? |el )?"
RANGE = re.compile(
    rf"(?<![\w.,:/%])(?:(?P<lead>from|between|de|desde|entre) )?(?:las? )?{_CLOCK.format('a_')}{_SEPARATED}"
    rf"{_CLOCK.format('b_')}(?![\w%]){_UNIT}"
)
MARKED = re.compile(rf"(?<![\w.,:/])(?=(?:{_MARKED}))(?:las? )?{_ONE}(?![\w%])(?!:\d)")
# A bare number above 24 is an amount.
_NO_HOUR = r"(?!(?:2[5-9]|[3-9]\d)(?![:h\d]| ?(?:o'|am|pm)))"
LED = re.compile(
    rf"(?<=\b)(?<!half )(?<!quarter ){_LEAD} (?:about |around |eso de las |el )?{_NO_HOUR}{_ONE}(?![\w%]){_UNIT}"
)
# Between these a dash, "to" and "a" alone make no stretch of hours.
_NOT_A_RANGE = re.compile(r"^(?:\d{1,2} (?:and|y) \d{1,2}|(?:one|un[oa]?) )")


def clock_of(match: re.Match[str], prefix: str = "a_") -> Clock:
    """The time of day that a match says.

    Raises:
        TimeError: there is no such time.
    """
    said = match.groupdict()
    if named := said[f"{prefix}named"]:
        return Clock(time(_NAMED[named]), sure=True)
    figure, half = said[f"{prefix}hour"], said[f"{prefix}half"]
    hour, minute = HOURS.get(figure) or int(figure), int(said[f"{prefix}minute"] or 0)
    shift = said[f"{prefix}past"] or said[f"{prefix}after"] or ""
    if shift:
        minute = 45 if shift.endswith(("to", "menos cuarto")) else 15 if "quarter" in shift or "cuarto" in shift else 30
        hour -= minute == 45
    if half in {"am", "pm", "a.m", "p.m", "a.m.", "p.m."} and not 1 <= hour <= 12:
        raise TimeError(f"{hour} {half} is no time of day")
    if half and hour <= 12:
        hour = hour % 12 + _HALVES[half]
        hour = 0 if half in {"at night", "de la noche"} and hour == 12 else hour
    if hour > 24 or minute > 59 or (hour == 24 and minute):
        raise TimeError(f"{match[0].strip()} is no time: {hour}:{minute:02d} is no time of day")
    sure = bool(half) or hour >= 12 or (figure.startswith("0") and len(figure) == 2)
    return Clock(time(hour % 24, minute), sure=sure)


def range_of(match: re.Match[str]) -> tuple[Clock, Clock] | None:
    """The two clocks of a stretch; one half of the day, said at the end, holds for both. None where it is none."""
    if match["lead"] is None and _NOT_A_RANGE.match(match[0]):
        return None
    first, last = clock_of(match, "a_"), clock_of(match, "b_")
    half = match["b_half"]
    if half and not first.sure and match["a_hour"]:
        shift = _HALVES[half]
        moved = Clock(time(first.at.hour % 12 + shift, first.at.minute), sure=True)
        first = moved if moved.at <= last.at else first
    elif not first.sure and not last.sure and last.at <= first.at < time(12):
        # "From 9 to 1" passes noon; late in the day it passes midnight.
        last = replace(last.later_half(earliest=0), sure=False)
    return first, last
