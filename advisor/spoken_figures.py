"""Moments, days and numbers as each language writes them."""

from datetime import date, datetime

from babel.dates import format_date, format_datetime

from agent.decision.constraint_words import Language


def long_moment(local: datetime, language: Language) -> str:
    """A local moment with its weekday, such as `Tuesday 20 December 2016, 15:30`."""
    pattern = "EEEE d MMMM y, HH:mm" if language == "en" else "EEEE d 'de' MMMM 'de' y, HH:mm"
    return str(format_datetime(local, pattern, locale=language))


def decimal(value: float, digits: int, language: Language) -> str:
    """A number with the language's decimal mark."""
    text = f"{value:.{digits}f}"
    return text.replace(".", ",") if language == "es" else text


def short_day(day: date, language: Language) -> str:
    """A day with its weekday, such as `Wed 14 Dec 2016`."""
    return str(format_date(day, "EEE d MMM y", locale=language))
