"""A text as a classifier sees it: folded, with its times and amounts replaced by what they are."""

import re
from datetime import date

from agent.language.amounts import find_amounts
from agent.language.times.days import Days
from agent.language.times.finding import TimeWords, find_times

# A day to tell what is past from what is ahead; which one it is changes nothing.
_ANY_DAY = date(2026, 1, 14)


def masked(folded: str) -> str:
    """A folded text with a word for each time and amount."""
    times = find_times(folded)
    pieces = [(one.begin, one.end, _time_word(one)) for one in times.found]
    pieces += [(one.begin, one.end, f"#{one.unit or 'n'}") for one in find_amounts(times.rest)]
    for begin, end, word in sorted(pieces, reverse=True):
        folded = f"{folded[:begin]} {word} {folded[end:]}"
    # A time that cannot be, such as 25:00, is one all the same.
    folded = re.sub(r"\b\d{1,2}:\d\d\b", " @clock ", folded)
    return " ".join(re.sub(r"[^\w#@%' ]", " ", folded).split())


def _time_word(one: TimeWords) -> str:
    if one.role in ("until", "by", "since"):
        return f"@{one.role}"
    if one.last_night or one.back:
        return "@lastnight" if one.last_night else "@past"
    if one.days is not None:
        return _day_word(one.days)
    return (
        "@range"
        if one.last is not None
        else "@clock"
        if one.clock is not None
        else "@length"
        if one.length
        else "@part"
    )


def _day_word(days: Days) -> str:
    """Whether days are past, ahead or today; open where a weekday may be both, or there is no such date."""
    try:
        behind, ahead = days(_ANY_DAY, False), days(_ANY_DAY, True)
    except (ValueError, OverflowError):
        return "@day"
    if behind != ahead:
        return "@day"
    return "@past" if ahead.last < _ANY_DAY else "@ahead" if ahead.first > _ANY_DAY else "@today"
