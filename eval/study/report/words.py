"""The report's words and numbers in a language: texts from files, money, energy and dates by the CLDR."""

from dataclasses import dataclass
from datetime import date
from math import isinf

from babel.dates import format_date
from babel.numbers import format_currency, format_decimal, get_currency_symbol

from eval.study.play.wishes import Language
from eval.study.report.page_files import page_texts


@dataclass(frozen=True, slots=True)
class Words:
    """Texts by section and name, and how numbers are written."""

    language: Language
    texts: dict[str, dict[str, str]]
    currency: str

    def say(self, name: str, /, **filled: str) -> str:
        """A text by "section.name", with its gaps filled."""
        section, _, key = name.partition(".")
        return self.texts[section][key].format(**filled)

    def word(self, key: str, /, **filled: str) -> str:
        """A text of the section of words."""
        return self.say(f"words.{key}", **filled)

    @property
    def locale(self) -> str:
        """The locale of numbers and dates."""
        return self.texts["form"]["locale"]

    def money(self, amount: float, *, cents: bool = False) -> str:
        """An amount in the currency, whole unless cents are asked for."""
        form = self.texts["form"]["money_cents" if cents else "money"]
        if get_currency_symbol(self.currency, self.locale)[-1].isalpha():
            form = form.replace("¤#", "¤\N{NO-BREAK SPACE}#")
        rounded = round(amount, 2 if cents else 0) + 0.0
        return format_currency(rounded, self.currency, form, locale=self.locale, currency_digits=False)

    def number(self, value: float, digits: int = 0) -> str:
        """A number; trailing zeros are left out."""
        form = "#,##0" + ("." + "#" * digits if digits else "")
        return format_decimal(round(value, digits) + 0.0, format=form, locale=self.locale)

    def percent(self, share: float, digits: int = 0) -> str:
        """A share in percent."""
        return (
            f"{self.number(share * 100, digits)} %" if self.language == "es" else f"{self.number(share * 100, digits)}%"
        )

    def years(self, years: float) -> str:
        """A span of years as people say it."""
        if isinf(years):
            return self.word("never")
        if years < 0.75:
            return self.word("months_few")
        whole = round(years)
        return self.word("one_year") if whole == 1 else self.word("years", n=self.number(whole))

    def month(self, day: date) -> str:
        """A month in one letter or three."""
        return format_date(day, "LLL", locale=self.locale).strip(".")

    def day(self, day: date) -> str:
        """A day of a year."""
        return format_date(day, "d 'de' MMMM" if self.language == "es" else "d MMMM", locale=self.locale)


def words_in(language: Language, currency: str) -> Words:
    """The words of a language for a home's currency."""
    return Words(language, page_texts(language), currency)
