"""Finds the words for times in a text: groups of a day, a part of it, clocks and a length, each with what it limits."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from difflib import get_close_matches
from typing import Literal

from agent.language.times.clocks import LED, MARKED, RANGE, Clock, TimeError, clock_of, range_of
from agent.language.times.days import READERS, Days, count_of
from agent.language.times.names import COUNTS, MONTHS, WEEKDAYS, any_of

# What a time limits: the end (until), what must be ready (by), the beginning (from, since), or nothing of these.
Role = Literal["", "until", "by", "from", "since"]
Part = Literal["", "morning", "afternoon", "evening", "night"]


@dataclass(slots=True)
class TimeWords:
    """Words for one time: where they stand, and what they say."""

    begin: int
    end: int
    role: Role = ""
    days: Days | None = None
    part: Part = ""
    clock: Clock | None = None
    last: Clock | None = None
    length: timedelta | None = None
    # Hours before now, as in "the last 3 hours".
    back: bool = False
    tonight: bool = False
    last_night: bool = False

    def takes(self, other: "TimeWords") -> bool:
        """Whether another time beside this one says more of the same."""
        return not any(
            getattr(self, name) is not None and getattr(other, name) is not None for name in ("days", "clock", "length")
        ) and not (self.part and other.part)

    def add(self, other: "TimeWords") -> None:
        """Take what another time says."""
        for name in ("days", "clock", "last", "length"):
            if getattr(self, name) is None:
                setattr(self, name, getattr(other, name))
        self.part, self.role = self.part or other.part, self.role or other.role
        self.tonight, self.last_night = self.tonight or other.tonight, self.last_night or other.last_night
        self.begin, self.end = min(self.begin, other.begin), max(self.end, other.end)


@dataclass(frozen=True, slots=True)
class Times:
    """All times of a text in the order they stand; `rest` has dots in their place, `unread` a time word left over.

    `misspelt` is the first word that is nearly the name of a day or a part of one: it must not be passed over as none.
    """

    found: tuple[TimeWords, ...]
    rest: str
    unread: str | None = None
    problem: str | None = None
    misspelt: str | None = None


@dataclass(slots=True)
class _Text:
    """A text whose words are blanked once they are read."""

    whole: str
    free: str
    found: list[TimeWords] = field(default_factory=list)

    def take(self, match: re.Match[str], when: TimeWords) -> None:
        """Keep a time, and blank its words."""
        begin, end = match.span()
        self.free = f"{self.free[:begin]}{_BLANK * (end - begin)}{self.free[end:]}"
        self.found.append(when)


_NOW = re.compile(r"(?:right )?now|ahora(?: mismo)?")
_BLANK = "\x00"
_PARTS: tuple[tuple[Part, str], ...] = (
    ("night", r"tonight(?:'s)?|esta noche|this night|all night|toda la noche|overnight|last night|anoche|anteanoche"),
    ("morning", r"this morning|esta manana"),
    ("afternoon", r"this afternoon|esta tarde"),
    ("evening", r"this evening"),
)
_PART_WORDS: dict[str, Part] = {
    "morning": "morning", "afternoon": "afternoon", "evening": "evening", "night": "night", "noche": "night",
    "manana": "morning", "tarde": "afternoon", "madrugada": "morning", "nochecita": "night", "tardecita": "afternoon",
    "mananita": "morning", "nite": "night",
}  # fmt: skip
_LOOSE_PART = re.compile(
    r"\b(?:(?:this|esta|in the|during the|at|por la|a la|de la|durante la|the|la|early|first thing in the|during) ?)*"
    r"\b(?:early |late )?(?P<p>morning|afternoon|evening|night|tarde|noche)\b(?:'s)?"
    r"|\b(?:por la|de la|esta|a la|durante la|la) (?P<q>manana)\b|\bpor la (?P<r>madrugada)\b"
)
_N = rf"\d{{1,3}}(?:[.,]5)?|{any_of(COUNTS)}"
_LENGTH = re.compile(
    rf"\b(?:(?:for|during|over|durante|por|unas?) )?(?:(?P<back>(?:the )?(?:last|past|previous)|"
    rf"(?:las )?(?:ultimas?|pasadas?)) |"
    rf"(?:the next|next|the coming|(?:las? |los )?proxim[ao]s?|otr[oa]s?|another) )?"
    rf"(?:(?P<n>{_N}) ?)?(?P<u>hours?|horas?|hrs?|h|days?|dias?|weeks?|semanas?|minutes?|minutos?|"
    rf"min)\b(?! (?:ago|time))"
)
_HALF_HOUR = re.compile(r"\b(?:for )?(?:half an hour|media hora)\b")
_UNIT_H = {"h": 1.0, "d": 24.0, "w": 168.0, "s": 168.0, "m": 1 / 60}
_ROLES: tuple[tuple[Role, str], ...] = (
    ("until", (r"until|till|'?til|untill|up to|up until|through|thru|hasta|asta|de aqui al?|"
              r"(?:(?:are|be|is|come|coming|get|and|we|'re|'ll be) |(?<=[,;] ))back(?: home)?|"
              r"(?:be|get|come|arrive|are) home|return(?:ing)?|volv\w+|vuelv\w+|regres\w+|vuelta|not before")),
    ("by", r"by|before|not later than|no later than|ready for|para|antes de|antes del|due"),
    ("since", r"since|desde"),
    ("from", r"from|after|starting|starting at|beginning|as of|a partir de|despues de"),
)  # fmt: skip
_FILLERS = r"(?:(?:about|around|sobre|eso de|on|at|the|el|la|las|los|a|in|de|del|en|around|hacia|next|this) ?)*"
_ROLE_BEFORE = tuple((role, re.compile(rf"(?<![\w'])(?:{words})[ ,]+{_FILLERS}$")) for role, words in _ROLES)
_LEADING = re.compile(r"'?[a-z]+(?: (?:las?|el))?")
_TO = re.compile(r"^\s?(?:to|through|al?|-|hasta|till?|until)\s?(?:the |el |las? )?$")
_JOINS = re.compile(
    r"^[\s,;]*(?:(?:at|on|el|la|las|a|de|del|in|por|the|for|from|para|y|around|about|sobre|early|con) ?)*[\s,]*$"
)
# Words for times that nothing reads; a note that holds again and again, or at a feast, must not hold now instead.
_UNREAD = re.compile(
    r"\b(?:every|each|daily|nightly|weekly|weekdays?|workdays?|weekends?|weeks?|months?|years?|days|"
    r"(?<!for )(?<!kilowatt )hours?|minutes?"
    r"|fortnight\w*|quincena|next|following|later(?! than)|afterwards|soon|christmas|xmas|easter|new year\S*|eve|nights"
    r"|evenings|mornings|afternoons|summer|winter|spring|autumn|verano|invierno|primavera|otono|decade"
    r"|cada|tod[oa]s l[oa]s|diari\w+|entre semana|laborables|semanas?|mes(?:es)?|anos?|dias|minutos?"
    r"|(?<!kilovatio )(?<!kilovatios )horas?"
    r"|proxim[oa]s?|siguientes?|luego|pronto|navidad\w*|nochebuena|nochevieja|reyes|pascua|semana santa|noches|tardes"
    r"|mananas|dawn|sunrise|sunset|dusk|dark|madrugada|amanecer|anochecer|atardecer|past|y media|y cuarto|menos cuarto"
    rf"|(?:in )?(?:{'|'.join(month for month in MONTHS if len(month) > 4)})|in may"
    r"|(?:until|till|before|after|hasta|antes|despues|while|mientras)(?=[ ]*[^\W\d])(?! (?:that|eso|then)\b)"
    r"(?! (?:[\w']+ ){1,3}(?:a?sleep|in bed)| d(?:o|ue)rm))\b"
)

_ENDS_IN_WEEKDAY = re.compile(rf"\b{any_of(WEEKDAYS)}$")
_BEFORE_DATE = re.compile(r"[\s,]*(?:(?:the|el|dia) )*")
_LONG_WORD = re.compile(r"[^\W\d_]{5,}")
# One letter of six that is another; "martes" is as near to "partes".
_NEARLY = 0.83
LONG_NAMES = [
    *(name for name in (*WEEKDAYS, *MONTHS) if len(name) >= 6 and name != "martes"),
    *("morning", "evening", "tonight", "tomorrow", "afternoon", "weekend", "yesterday"),
]


def find_times(text: str) -> Times:
    """Find the times of a folded text."""
    seen = _Text(text, text)
    try:
        _days(seen)
        seen.found = _without_weekdays(text, seen.found)
        _clocks(seen)
        _lengths(seen)
        _loose_parts(seen)
        groups = _grouped(text, sorted(seen.found, key=lambda one: one.begin))
    except (TimeError, ValueError, OverflowError) as err:
        return Times((), text, problem=str(err))
    rest = _masked(text, groups)
    unread = _UNREAD.search(rest)
    misspelt = next(filter(_is_nearly_a_name, _LONG_WORD.findall(rest)), None)
    return Times(tuple(groups), rest, misspelt or (unread[0] if unread else None), misspelt=misspelt)


def _is_nearly_a_name(word: str) -> bool:
    """Whether a word is one slip away from a long name that says when; short ones are too near to other words."""
    alike = get_close_matches(word, LONG_NAMES, cutoff=_NEARLY)
    return word.removesuffix("s") not in LONG_NAMES and any(abs(len(name) - len(word)) <= 1 for name in alike)


def _masked(text: str, groups: list[TimeWords]) -> str:
    """The text with dots in the place of its times."""
    rest = text
    for one in reversed(groups):
        rest = f"{rest[: one.begin]}{'.' * (one.end - one.begin)}{rest[one.end :]}"
    return rest


def _days(seen: _Text) -> None:
    for pattern, read in READERS:
        while match := pattern.search(seen.free):
            part: Part = next((part for part, words in _PARTS if re.search(rf"\b(?:{words})\b", match[0])), "")
            last_night = match[0] in {"last night", "anoche", "anteanoche"}
            tonight = part == "night" and not last_night
            days = None if _NOW.fullmatch(match[0]) else read(match)
            seen.take(match, TimeWords(*match.span(), days=days, part=part, tonight=tonight, last_night=last_night))


def _without_weekdays(text: str, found: Sequence[TimeWords]) -> list[TimeWords]:
    """A date that stands behind the name of its weekday ("Friday 3 April") is the day that is meant."""
    kept: list[TimeWords] = []
    for one in sorted(found, key=lambda one: one.begin):
        before = kept[-1] if kept else None
        if before is not None and _ENDS_IN_WEEKDAY.search(text[before.begin : before.end]):
            is_date = re.search(r"\d", text[one.begin : one.end]) and _BEFORE_DATE.fullmatch(
                text[before.end : one.begin]
            )
            one.begin = kept.pop().begin if is_date else one.begin
        kept.append(one)
    return kept


def _clocks(seen: _Text) -> None:
    for between in RANGE.finditer(seen.free):
        if not _is_amounts(between) and (found := range_of(between)):
            seen.take(between, TimeWords(*between.span(), clock=found[0], last=found[1]))
    for pattern in (LED, MARKED):
        while match := pattern.search(seen.free):
            when = TimeWords(*match.span(), clock=clock_of(match))
            if pattern is LED:
                when.role = _role(_lead_of(match[0]))
            seen.take(match, when)


def _lead_of(words: str) -> str:
    match = _LEADING.match(words)
    return match[0] if match else ""


def _is_amounts(match: re.Match[str]) -> bool:
    """Whether two numbers beside each other are no clocks: without a word that says so they need a mark of one."""
    if match["lead"] or MARKED.search(match[0]) or "-" in match[0]:
        return False
    words = match["a_hour"] and match["b_hour"] and re.search(r"\d (?:to|a|till?|until|hasta) \d", match[0])
    return not words


def _lengths(seen: _Text) -> None:
    if match := _HALF_HOUR.search(seen.free):
        seen.take(match, TimeWords(*match.span(), length=timedelta(minutes=30)))
    for match in _LENGTH.finditer(seen.free):
        led = re.match(r"\b(?:for|during|over|durante|the next|next|last|past|(?:las |los )?proxim)", match[0])
        if match["n"] is None and not (match["back"] or re.match(r".*(?:next|proxim)", match[0])):
            continue
        if match["n"] in {"a", "an"} and not led:
            continue
        count = (
            float(match["n"].replace(",", "."))
            if match["n"] and match["n"][0].isdigit()
            else count_of(match["n"] or "a")
        )
        hours = count * _UNIT_H[match["u"][0]]
        seen.take(match, TimeWords(*match.span(), length=timedelta(hours=hours), back=bool(match["back"])))


def _loose_parts(seen: _Text) -> None:
    for match in _LOOSE_PART.finditer(seen.free):
        word = match["p"] or match["q"] or match["r"]
        seen.take(match, TimeWords(*match.span(), part=_PART_WORDS[word]))


def _role(before: str) -> Role:
    """What the words before a time make of it."""
    return next((role for role, pattern in _ROLE_BEFORE if pattern.search(f"{before.rstrip()} ")), "")


def _grouped(text: str, pieces: list[TimeWords]) -> list[TimeWords]:
    """Pieces that stand beside each other and say one time together."""
    groups: list[TimeWords] = []
    for piece in pieces:
        before = groups[-1] if groups else None
        gap = text[before.end : piece.begin] if before else ""
        _give_role(text, piece, before, gap)
        if before is not None and piece.role in ("", before.role) and before.takes(piece) and _JOINS.match(gap):
            before.add(piece)
        else:
            groups.append(piece)
    for one in groups:
        # "Para mañana" is for a day; "para las ocho" is by a clock time.
        if one.role == "by" and one.clock is None and text.startswith("para", one.begin):
            one.role = ""
    return groups


def _give_role(text: str, piece: TimeWords, before: TimeWords | None, gap: str) -> None:
    """Say what a time limits, and count the words that say so to it."""
    start = before.end if before else 0
    lead = text[start : piece.begin]
    if before is not None and _TO.match(gap) and before.days is not None and (piece.days is not None or piece.clock):
        piece.role, piece.begin = "until", start + len(gap) - len(gap.lstrip())
        return
    for role, pattern in _ROLE_BEFORE:
        if match := pattern.search(lead if lead.endswith(" ") else f"{lead} "):
            piece.role = piece.role or role
            piece.begin = min(piece.begin, start + match.start())
            return


def verbatim(text: str, places: list[int], times: Times) -> Iterator[str]:
    """The words of each time as they stand in the text that was folded."""
    for one in times.found:
        yield text[places[one.begin] : places[one.end - 1] + 1]
