"""Names of days and months in English and Spanish, from the CLDR by Babel, and small numbers in words."""

from collections.abc import Mapping

from babel import Locale

from agent.language.text import plain

_LOCALES = tuple(Locale(language) for language in ("en", "es"))
_WIDTHS = ("wide", "abbreviated")


def _numbered(which: str) -> dict[str, int]:
    """The names of days (Monday is 0) or of months (January is 1), whole and short, without accents or points."""
    found: dict[str, int] = {}
    for locale in _LOCALES:
        for width in _WIDTHS:
            names: Mapping[int, str] = getattr(locale, which)["format"][width]
            found |= {plain(name).rstrip("."): number for number, name in names.items()}
    return found


# People also write these.
WEEKDAYS = _numbered("days") | {"tues": 1, "thur": 3, "thurs": 3, "weds": 2}
MONTHS = _numbered("months") | {"sept": 9, "setiembre": 9}
# Short names that are words too: only a word such as "on" before them makes them days or months.
AMBIGUOUS_DAYS = frozenset({"sun", "sat", "mon", "wed", "mar", "lun", "dom", "vie"})
AMBIGUOUS_MONTHS = frozenset(
    {"may", "mar", "dec", "ago", "sep", "set", "jun", "jul", "oct", "nov", "ene", "abr", "dic"}
)

_UNITS = (
    "one|uno|una|un|a|an", "two|dos", "three|tres", "four|cuatro", "five|cinco", "six|seis", ("seven|"
    "siete"), "eight|ocho",
    "nine|nueve", "ten|diez", "eleven|once", "twelve|doce",
)  # fmt: skip
COUNTS = {word: count for count, words in enumerate(_UNITS, start=1) for word in words.split("|")}
COUNTS |= {"fourteen": 14, "catorce": 14, "fifteen": 15, "quince": 15, "twenty": 20, "veinte": 20}
COUNTS |= {"thirty": 30, "treinta": 30, "couple of": 2, "a couple of": 2, "par de": 2, "un par de": 2}
# Hours in words; "a" and "un" count things, and name no hour.
HOURS = {word: count for word, count in COUNTS.items() if count <= 12 and len(word) > 2 and " " not in word}


def any_of(words: Mapping[str, int]) -> str:
    """A pattern for one of these words, the longest first."""
    return "|".join(sorted(words, key=len, reverse=True))
