"""When a note holds: its words for times become a span ahead of now in the household's zone."""

import re
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from agent.language.times.clocks import Clock, TimeError
from agent.language.times.finding import Times, TimeWords
from energy.slots import DAY

# Parts of a day as local hours; past 24 they run into the next day.
_PARTS = {"morning": (6, 12), "afternoon": (12, 18), "evening": (18, 24), "night": (20, 32), "": (0, 24)}
# From which hour on a clock without its half of the day is in the second, beside these parts of a day.
_LATER = {"afternoon": 1, "evening": 4, "night": 5}
# Before this hour, tonight is the night that is ending.
_SMALL_HOURS = 5
_FURTHEST = timedelta(days=366)
_OPEN_LENGTH = timedelta(hours=3)
_HALF_DAY = timedelta(hours=12)
# Guests who come and go before this hour come in the afternoon.
_FIRST_VISIT = time(7)
# Words for the night of a note, which in a question may be every night.
_ASLEEP = re.compile(r"\b(?:while|when|mientras|cuando) .{0,20}(?:sleep|in bed|d(?:o|ue)rm)")


@dataclass(frozen=True, slots=True)
class NoteSpan:
    """When a note holds, in UTC; `ready` where its words name the moment by which, `said` where they name any."""

    start: datetime
    end: datetime
    said: bool
    ready: bool = False


@dataclass(frozen=True, slots=True)
class _Frame:
    """What the words say: when it begins, when it ends, and the home's clock."""

    now: datetime
    zone: ZoneInfo
    begin: TimeWords | None
    end: TimeWords | None
    by: bool

    def day(self, when: TimeWords | None, otherwise: date) -> date:
        """The first day that words name."""
        return when.days(self.now.date(), True).first if when and when.days else otherwise


def span_ahead(times: Times, now: datetime, zone: ZoneInfo, *, by: bool = False, meal: str | None = None) -> NoteSpan:
    """Place a note's times ahead of now; with nothing said it holds a day from now.

    `by` takes a single time as the end. `meal` is the part of a day that guests come for, empty where none is said:
    it holds where only a day is named; where a night is, guests mean its evening.

    Raises:
        TimeError: the time is over, ends before it begins, does not exist, or is not understood.
    """
    if times.problem:
        raise TimeError(times.problem)
    if times.unread:
        raise TimeError(f"{times.unread!r} is a time that is not understood: give a day, a date or a clock time")
    if not times.found and (asleep := _ASLEEP.search(times.rest)):
        times = replace(times, found=(TimeWords(*asleep.span(), part="night", tonight=True),))
    frame = _frame(times, now.astimezone(zone), zone, by=by, meal=meal)
    try:
        start, end = _start(frame), _end(frame)
    except ValueError as err:
        raise TimeError(str(err)) from err
    start, end = _rolled(frame, start, end)
    if end <= frame.now:
        raise TimeError(f"that time is over: it ended at {end.astimezone(zone):%Y-%m-%d %H:%M}")
    begins = max(start, frame.now).astimezone(UTC)
    if end.astimezone(UTC) <= begins:
        raise TimeError("it would end before it begins, or falls into an hour that the clocks leave out")
    if begins - now.astimezone(UTC) > _FURTHEST:
        raise TimeError(f"{start.date().isoformat()} is too far ahead: say it again within a year of then")
    ready = frame.begin is None and frame.end is not None and frame.end.role == "by"
    return NoteSpan(begins, end.astimezone(UTC), bool(times.found), ready or by)


def _frame(times: Times, now: datetime, zone: ZoneInfo, *, by: bool, meal: str | None) -> _Frame:
    begin = end = None
    for one in times.found:
        if one.back:
            raise TimeError("a note is about what is coming, and this speaks of hours that are past")
        ends = one.role in ("until", "by")
        if not ends and end is None and _is_in_stretch(one, begin, now.date()):
            # "This weekend: we leave on Friday …" says it more exactly.
            begin = None
        if (begin is not None or end is not None) and not ends and one.role == "" and begin and not begin.takes(one):
            # "Friday 16:00 … Sunday 20:00": a second day is the end.
            ends = end is None and one.days is not None
        if not ends and begin is None and end is not None and one.days is None and one.clock and end.takes(one):
            # "Till tomorrow lunchtime, say noon".
            ends = True
        if ends:
            end = one if end is None else _both(end, one)
        else:
            begin = one if begin is None else _both(begin, one)
    if by and begin is not None and begin.clock is None:
        end = _ready_on(begin, end)
        begin = None
    elif by and end is None:
        begin, end = None, begin
    begin = replace(begin) if begin else None
    if meal is not None and begin is not None:
        _for_meal(begin, end, meal)
    return _Frame(now, zone, begin, end, by)


def _is_in_stretch(when: TimeWords, stretch: TimeWords | None, today: date) -> bool:
    """Whether a time is on one of several days that were named, or on the day before them."""
    if when.days is None or stretch is None or stretch.days is None or stretch.clock is not None:
        return False
    several = stretch.days(today, True)
    return several.days > 1 and several.first - DAY <= when.days(today, True).first <= several.last


def _ready_on(begin: TimeWords, end: TimeWords | None) -> TimeWords:
    """By when something is ready: at the end that was said, on the day that stands beside it."""
    if end is None:
        return begin
    if end.days is None and begin.days is not None and not begin.tonight and end.clock is not None:
        return replace(end, days=begin.days)
    return end


def _both(one: TimeWords, other: TimeWords) -> TimeWords:
    """Two times that limit the same.

    Raises:
        TimeError: they do not go together.
    """
    if not one.takes(other):
        raise TimeError("there is more than one time here: say one stretch, such as 'from 18:00 to 22:00'")
    made = replace(one)
    made.add(other)
    return made


def _for_meal(begin: TimeWords, end: TimeWords | None, meal: str) -> None:
    """Guests who come on a day come for its meal; those who stay for days stay whole ones. Eight is 20:00."""
    if begin.clock is not None and begin.part != "morning":
        if begin.last is None:
            begin.clock = begin.clock.later_half(earliest=1)
        elif begin.clock.at < begin.last.at < _FIRST_VISIT:
            begin.clock, begin.last = begin.clock.later_half(earliest=1), begin.last.later_half(earliest=1)
    if begin.part == "night":
        begin.part = "evening"
    elif meal and not begin.part and begin.days is not None and end is None and begin.length is None:
        begin.part = "evening" if meal == "evening" else "afternoon"


def _start(frame: _Frame) -> datetime:
    begin, now = frame.begin, frame.now
    if begin is None:
        end = frame.end
        if end is not None and end.last is not None and end.clock is not None:
            return _at(frame.day(end, now.date()), end.clock.at, frame.zone)
        return now
    day = _first_day(frame)
    if begin.clock is not None:
        return _at(day, _in_part(begin.clock, frame), frame.zone)
    if begin.length is not None and begin.length < DAY and begin.days is not None and not begin.part:
        if day != now.date():
            raise TimeError("when does it begin? Give a clock time, such as 'from 18:00'")
        return now
    if begin.days is None and not begin.part:
        return now
    return _at(day, time(_PARTS[begin.part][0] % 24), frame.zone)


def _first_day(frame: _Frame) -> date:
    """The day it begins on: a part of a day that is over is tomorrow's, and tonight may be ending."""
    begin, today = frame.begin, frame.now.date()
    assert begin is not None  # noqa: S101 (only asked where something begins)
    if begin.tonight and frame.now.hour < _SMALL_HOURS:
        return today - DAY
    day = frame.day(begin, today)
    if begin.days is None and begin.part and _part_end(day, begin.part, frame.zone) <= frame.now:
        return day + DAY
    return day


def _in_part(clock: Clock, frame: _Frame) -> time:
    """Nine in the evening is 21:00, and four in the afternoon 16:00."""
    earliest = [_LATER[one.part] for one in (frame.begin, frame.end) if one is not None and one.part in _LATER]
    return (clock.later_half(min(earliest)) if earliest else clock).at


def _end(frame: _Frame) -> datetime:
    begin, end = frame.begin, frame.end
    if end is not None:
        return _limit(frame, end)
    if begin is None:
        return _later(frame.now, DAY, frame.zone)
    if begin.last is not None:
        return _at(_first_day(frame), _in_part(begin.last, frame), frame.zone)
    if begin.length is not None:
        return _later(_start(frame), begin.length, frame.zone)
    if begin.clock is not None:
        open_end = begin.role == "from"
        return _part_end(_first_day(frame), "", frame.zone) if open_end else _start(frame) + _OPEN_LENGTH
    last = begin.days(frame.now.date(), True).last if begin.days and not begin.tonight else _first_day(frame)
    return _part_end(last, begin.part, frame.zone)


def _limit(frame: _Frame, end: TimeWords) -> datetime:
    """The end that words such as "until" and "by" name."""
    begin, today = frame.begin, frame.now.date()
    if end.clock is not None:
        # "From nine tonight until tomorrow at seven": another day has its own parts.
        told = replace(frame, begin=None) if end.days is not None else frame
        clock = _in_part(end.last or end.clock, told)
        return _at(frame.day(end, _first_day(frame) if begin else today), clock, frame.zone)
    if end.length is not None and end.days is None:
        return _later(_start(frame), end.length, frame.zone)
    if end.days is None and not end.part:
        return _later(frame.now, DAY, frame.zone)
    day = end.days(today, True) if end.days else None
    first, last = (day.first, day.last) if day else (today, today)
    if end.days is None and _at(today, time(_PARTS[end.part][0]), frame.zone) <= frame.now:
        first = last = today + DAY
    begins = _at(first, time(_PARTS[end.part][0] % 24), frame.zone)
    # Until tonight, until the morning or until next week ends where those begin; until Sunday takes in Sunday.
    before = end.part != "" or (day is not None and day.days == 7 and first > today)
    if frame.by or (end.role == "by" and not end.part):
        before = begins > frame.now and not (end.tonight and end.role == "")
    elif before and begins <= frame.now:
        before = False
    return begins if before else _part_end(last, end.part, frame.zone)


def _rolled(frame: _Frame, start: datetime, end: datetime) -> tuple[datetime, datetime]:
    """Clocks without a day come round again: an end before its beginning, or before now, is on the next day."""
    begin, ends = frame.begin, frame.end
    free_end = ends is None or ends.days is None
    clocked = (ends is not None and ends.clock is not None) or (begin is not None and begin.last is not None)
    floor = start if begin is not None and begin.clock is not None else max(start, frame.now)
    if clocked and free_end and _wall(end, frame.zone) <= _wall(floor, frame.zone):
        dated = begin is not None and begin.days is not None and not begin.tonight
        if not (dated and begin is not None and begin.clock is None and end > start):
            end = _next_round(frame, end, floor)
    dateless = (begin is None or begin.days is None) and free_end
    if dateless and end <= frame.now and begin is not None and begin.clock is not None:
        start, end = _later(start, DAY, frame.zone), _later(end, DAY, frame.zone)
    return start, end


def _next_round(frame: _Frame, end: datetime, floor: datetime) -> datetime:
    """The next time that a clock comes round: after half a day where neither half was said, else after a day."""
    begin, ends = frame.begin, frame.end
    clock = (ends.last or ends.clock) if ends is not None else begin.last if begin is not None else None
    begins_by_clock = begin is not None and begin.clock is not None
    sooner = _wall(end, frame.zone) + _HALF_DAY
    if begins_by_clock and clock is not None and not clock.sure and sooner > _wall(floor, frame.zone):
        return _at(sooner.date(), sooner.time(), frame.zone)
    return _later(end, DAY, frame.zone)


def _wall(moment: datetime, zone: ZoneInfo) -> datetime:
    """What the clock on the wall shows; an hour that the clocks leave out counts as itself."""
    return moment.astimezone(zone).replace(tzinfo=None) if moment.tzinfo is not zone else moment.replace(tzinfo=None)


def _part_end(day: date, part: str, zone: ZoneInfo) -> datetime:
    last = _PARTS[part][1]
    return _at(day + DAY * (last // 24), time(last % 24), zone)


def _later(moment: datetime, length: timedelta, zone: ZoneInfo) -> datetime:
    """Whole days keep the wall clock; hours are real hours."""
    local = moment.astimezone(zone)
    if length % DAY:
        return (moment.astimezone(UTC) + length).astimezone(zone)
    return _at(local.date() + length, local.timetz().replace(tzinfo=None), zone)


def _at(day: date, clock: time, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, clock, tzinfo=zone)
