"""The report: one page that needs nothing else, in two languages, and counts anew as the answer does."""

import re
import shutil
import string
import tomllib
from dataclasses import replace
from datetime import timedelta
from importlib.resources import files
from pathlib import Path

import pytest

from devtools.browser import open_browser
from eval.study.answer import answer_of
from eval.study.figures import Variation
from eval.study.play.results import PlayedSlots
from eval.study.play.wishes import Language, StudyPrices
from eval.study.report.html_page import report_html
from eval.study.report.telling import battery_sentences, verdict_text
from eval.study.report.words import words_in
from eval.study.study import Study
from eval.study.weeks import DULL, SUNNY, day_of, week_at

LANGUAGES: tuple[Language, ...] = ("en", "es")


def texts(language: Language) -> dict[str, dict[str, str]]:
    return tomllib.loads((files("eval.study") / "page" / f"{language}.toml").read_text(encoding="utf-8"))


def gaps(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def test_both_languages_say_the_same_things_with_the_same_gaps() -> None:
    english, spanish = texts("en"), texts("es")
    for section in set(english) - {"form"}:
        assert set(english[section]) == set(spanish[section])
        for key, text in english[section].items():
            assert gaps(text) == gaps(spanish[section][key]), key


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_needs_nothing_from_outside_and_tells_the_answer_first(family: Study, language: Language) -> None:
    page = report_html(family, language, command="advisor study --place Madrid")
    assert not re.findall(r"(?:src|href)=|@import|url\(|https?://(?!www\.w3\.org/2000/svg)", page)
    assert f'<html lang="{language}">' in page
    words, answer = words_in(language, "EUR"), answer_of(family)
    assert verdict_text(answer, words) in page
    assert page.index('id="verdict"') < page.index("<svg")
    assert words.money(answer.after_panels) in page
    assert page.count("<svg") == 8 + 4
    assert not re.search(r"\b(nan|inf|None)\b", page)


def test_a_tariff_is_headed_in_words(family: Study) -> None:
    assert "<h3>España: tres periodos (2.0TD) · es-2.0td</h3>" in report_html(family, "es")
    assert "<h3>Spain: three periods (2.0TD) · es-2.0td</h3>" in report_html(family, "en")


def test_a_week_is_drawn_with_low_and_high_consumption_too(family: Study) -> None:
    year = family.figures.year(family.shown())
    played = PlayedSlots.model_validate({name: tuple(values) for name, values in year.flows.items()})
    varied = [Variation(name, 50.0, 3000.0, factor, played) for name, factor in (("less", 0.7), ("more", 1.3))]
    figures = replace(family.figures, variations=varied)
    page = report_html(replace(family, figures=figures), "es")
    assert page.count("<svg") == 12 + 3
    assert page.index("Se consume un 30 % menos") < page.index("Se consume un 30 % más")


def test_a_name_cannot_break_out_of_the_page(family: Study) -> None:
    bad = family.wishes.model_copy(update={"place_name": '<script>alert("x")</script>'})
    page = report_html(replace(family, wishes=bad), "en", command='"><img src=x>')
    assert "<script>alert" not in page
    assert "<img" not in page


@pytest.mark.skipif(shutil.which("chromium") is None, reason="no Chromium on this machine")
@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("price", [20, 250, 900])
def test_the_page_counts_anew_what_the_answer_counts(
    family: Study, language: Language, price: int, tmp_path: Path
) -> None:
    page_file = tmp_path / "study.html"
    page_file.write_text(report_html(family, language), encoding="utf-8")
    words = words_in(language, "EUR")
    prices = StudyPrices(battery_per_kwh=price)
    other = replace(family, wishes=family.wishes.model_copy(update={"prices": prices}))
    answer = answer_of(other)
    main, _, turns, *_ = battery_sentences(other, answer, words)
    with open_browser() as browser:
        page = browser.new_page()
        page.goto(page_file.as_uri())
        page.fill("input[name=battery_per_kwh]", str(price))
        shown = {name: page.inner_text(f"#{name}") for name in ("verdict", "sentence", "below")}
        cells = page.locator("tr.shown td").all_inner_texts()
    assert {name: plain(text) for name, text in shown.items()} == {
        "verdict": plain(verdict_text(answer, words)),
        "sentence": plain(main),
        "below": plain(turns),
    }
    written = re.findall(r'<tr data-option="\d+" class="shown">(.*?)</tr>', report_html(other, language), re.DOTALL)[0]
    assert [plain(cell) for cell in cells] == [plain(cell) for cell in re.findall(r"<td[^>]*>(.*?)</td>", written)]


def plain(text: str) -> str:
    """Spaces of all kinds as one."""
    return " ".join(text.replace("\u00a0", " ").replace("\u202f", " ").split())


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_sunny_and_a_dull_day_are_drawn_with_and_without_the_battery(family: Study, language: Language) -> None:
    page, words = report_html(family, language), words_in(language, "EUR")
    sun = []
    for name, rank in (("sunny_day", SUNNY), ("dull_day", DULL)):
        week = week_at(family.base, rank)
        day = day_of(family.base, week, rank)
        assert timedelta(0) <= day.first - week.first < timedelta(days=week.days)
        assert day.part.stop - day.part.start == 24
        title = words.word(name, first=words.day(day.first))
        assert f"<h3>{title}</h3>" in page
        assert page.count(f'aria-label="{title}. ') == 2
        sun.append(float(family.base.pv_kw_per_kwp[day.part].sum()))
    assert sun[1] < sun[0] / 2


@pytest.mark.skipif(shutil.which("chromium") is None, reason="no Chromium on this machine")
@pytest.mark.parametrize(("name", "typed"), [("battery_per_kwh", ""), ("battery_per_kwh", "-5"), ("subsidy", "150")])
def test_what_is_half_typed_or_impossible_changes_no_figure(
    family: Study, name: str, typed: str, tmp_path: Path
) -> None:
    page_file = tmp_path / "study.html"
    page_file.write_text(report_html(family, "es"), encoding="utf-8")
    with open_browser() as browser:
        page = browser.new_page()
        page.goto(page_file.as_uri())
        before = page.inner_text("main")
        page.fill(f"input[name={name}]", typed)
        assert page.inner_text("main") == before
