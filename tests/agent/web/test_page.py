"""The page in a real browser, on a service that decides: what it shows, what it answers, and what it never runs."""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from importlib.resources import files
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from axe_core_python.sync_playwright import Axe
from playwright.sync_api import Browser, ConsoleMessage, Page, expect

from agent.decision.constraint_words import describe
from agent.decision.controls import Acting
from agent.decision.decide import Situation, decide
from agent.decision.explain import reason_in
from agent.decision.journal import open_journal
from agent.views.service_state import ActingWish, BatteryState, HouseholdQuestion, ServiceState
from energy.constraints import Reserve

_STATIC = files("agent.web") / "static"
TEXTS = {language: json.loads((_STATIC / "texts" / f"{language}.json").read_text("utf-8")) for language in ("en", "es")}
HOSTILE = "<img src=x onerror=\"document.title='owned'\">"


@pytest.fixture
def open_page(browser: Browser, api: Any) -> Iterator[Callable[..., Page]]:
    """Opens the page as a person does; at the end the browser must have had nothing to complain of."""
    complaints: list[str] = []
    contexts = []

    def update(message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"} and "401" not in message.text:
            complaints.append(message.text)

    def open_(path: str = "/", **options: Any) -> Page:
        context = browser.new_context(**({"viewport": {"width": 1280, "height": 900}} | options))
        contexts.append(context)
        page = context.new_page()
        page.on("console", update)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(api.url + path)
        return page

    yield open_
    for context in contexts:
        context.close()
    assert complaints == []


def test_each_of_several_batteries_has_a_line(open_page: Callable[..., Page], api: Any, shown: ServiceState) -> None:
    obeys = BatteryState("garage", 8.0, soc=0.52, mode="charge", confirmed=True)
    silent = BatteryState("cellar", 3.0, problem="battery cellar does not answer (its charge is not known yet)")
    api.shared_state.show(replace(shown, batteries=(obeys, silent)))
    lines = open_page().locator("#devices li")
    expect(lines.nth(0)).to_have_text("Battery garage 52 %, Charge from the grid (confirmed)")
    expect(lines.nth(1)).to_contain_text("battery cellar does not answer")


def test_the_page_shows_what_is_done_why_and_what_is_planned(
    open_page: Callable[..., Page], shown: ServiceState
) -> None:
    page = open_page()
    assert shown.decision is not None
    assert shown.decision.command is not None
    expect(page.locator("#reason")).to_have_text(shown.decision.reason)
    expect(page.locator("#mode")).to_have_attribute("data-mode", shown.decision.command.mode.value)
    expect(page.locator("#flows")).to_contain_text("20 %")
    expect(page.locator("#charts canvas")).to_have_count(3)
    expect(page.locator("#days li")).to_have_count(4)
    expect(page.locator("#bill")).to_contain_text("Plain self-consumption")
    expect(page.locator("#terms div", has_text="Saved today")).to_be_visible()
    expect(page.locator("#terms")).not_to_contain_text("Language model")
    page.get_by_text("The same as a table").click()
    expect(page.locator("#plan-table tbody tr").first).to_be_visible()
    planned = page.locator("#plan-table tbody tr", has_text="planned")
    expect(planned).to_have_count(48)


def test_why_opens_all_that_led_to_the_decision(open_page: Callable[..., Page], shown: ServiceState) -> None:
    page = open_page()
    page.get_by_role("button", name="Why?").click()
    why = page.get_by_role("region", name="Why", exact=True)
    expect(why).to_contain_text("Options compared")
    assert shown.decision is not None
    expect(why.locator("tbody tr")).to_have_count(len(shown.decision.candidates))
    for name, value in shown.decision.facts.items():
        if "day" in name:  # written as days are
            continue
        words = re.escape(f"{TEXTS['en'][f'fact.{name}']}{value}")
        expect(why.locator(".facts div", has_text=re.compile(f"^{words}$"))).to_be_visible()


def test_a_question_is_answered_with_what_it_rests_on(open_page: Callable[..., Page], shown: ServiceState) -> None:
    page = open_page()
    page.get_by_label("Your question").fill("Why did you do that?")
    page.keyboard.press("Enter")
    assert shown.decision is not None
    expect(page.locator("#talk .answer").last).to_contain_text(shown.decision.reason)
    expect(page.locator("#talk .rests").last).to_contain_text("worded by rules")


def test_a_note_is_read_back_kept_obeyed_and_withdrawn(
    open_page: Callable[..., Page], api: Any, make_situation: Callable[..., Situation], shown: ServiceState
) -> None:
    page = open_page("/#token=a-token-for-tests-only")
    page.get_by_label("A note to the advisor").fill("keep 90 % until 23:00")
    page.get_by_role("button", name="Read it").click()
    expect(page.locator(".offer")).to_contain_text("at least 90 %")
    page.get_by_role("button", name="Yes, keep it").click()
    expect(page.locator("#notes")).to_contain_text("keep 90 % until 23:00")
    assert "token" not in page.url
    assert api.shared_state.decision_wished
    [known] = api.notes.list()
    constraint = known.note.constraint
    assert constraint is not None
    expect(page.locator("#notes")).to_contain_text(describe(constraint, shown.home.tz))
    obeyed = decide(make_situation(asked=(constraint,)))
    assert obeyed.command is not None
    assert min(slot.reserve_soc for slot in obeyed.command.slots if slot.start < constraint.end) >= 0.9
    api.shared_state.show(replace(shown, decision=obeyed))
    expect(page.locator("#reason")).to_have_text(obeyed.reason)
    page.get_by_role("button", name="Withdraw").click()
    expect(page.locator("#notes")).to_have_text("None in force.")
    assert api.notes.active(shown.now) == []


def test_what_the_model_would_cost_more_for_is_asked_and_a_yes_is_a_note(
    open_page: Callable[..., Page], api: Any, shown: ServiceState
) -> None:
    page = open_page("/#token=a-token-for-tests-only")
    wish = Reserve(start=shown.now, end=shown.now + timedelta(hours=4), soc=0.5)
    api.shared_state.show(replace(shown, question=HouseholdQuestion("the little one is ill", wish, 0.42)))
    expect(page.locator(".offer")).to_contain_text("You said “the little one is ill”. At least 50 % in the battery")
    page.get_by_role("button", name="Yes, keep it").click()
    expect(page.locator("#notes")).to_contain_text("the little one is ill")
    assert [known.note.constraint for known in api.notes.list()] == [wish]


def test_the_address_for_tablets_shows_and_answers(
    open_page: Callable[..., Page], api: Any, shown: ServiceState
) -> None:
    page = open_page(f"/key/{api.read_key}/")
    assert shown.decision is not None
    expect(page.locator("#reason")).to_have_text(shown.decision.reason)
    expect(page.locator("#charts canvas")).to_have_count(3)
    page.get_by_role("button", name="Why did you do that?").click()
    expect(page.locator("#talk .rests").last).to_contain_text("worded by rules")


def test_acting_is_switched_for_some_hours_with_the_token(
    open_page: Callable[..., Page], api: Any, shown: ServiceState
) -> None:
    page = open_page()
    page.get_by_text("Commands on or off").click()
    page.locator("#acting-what").select_option(label="is off")
    page.locator("#acting-hours").select_option(label="4 h")
    page.get_by_role("button", name="Set", exact=True).click()
    page.get_by_label("Token", exact=True).fill("a-token-for-tests-only")
    page.get_by_role("button", name="Use it").click()
    expect(page.locator("#note-said")).to_contain_text("Set; it takes effect")
    assert api.shared_state.next_acting() == ActingWish(Acting.OFF, 4)
    assert api.shared_state.next_acting() is None
    assert shown.now is not None
    end = shown.now + timedelta(hours=4)
    api.shared_state.show(replace(shown, acting=Acting.OFF, acting_until=end, acting_after=Acting.ACT))
    expect(page.locator("#acting-until")).to_contain_text("then it sends commands again")
    expect(page.locator("#mode")).to_have_text("Switched off")


def test_without_the_token_a_change_asks_for_it(open_page: Callable[..., Page], api: Any) -> None:
    page = open_page()
    page.get_by_role("button", name="Decide now").click()
    page.get_by_label("Token", exact=True).fill("a-token-for-tests-only")
    page.get_by_role("button", name="Use it").click()
    expect(page.locator("#decide-said")).to_contain_text("The next decision comes at")
    assert api.shared_state.decision_wished


def test_hostile_words_are_shown_and_never_run(open_page: Callable[..., Page], api: Any, shown: ServiceState) -> None:
    assert shown.decision is not None
    hostile = shown.decision.model_copy(update={"reason": HOSTILE, "decision_id": "20260101T000000Z-bad"})
    now = shown.now
    assert now is not None
    api.notes.add(HOSTILE, None, now=now, until=now.replace(year=now.year + 1))
    api.shared_state.show(replace(shown, decision=hostile, model=HOSTILE))
    page = open_page()
    expect(page.locator("#reason")).to_have_text(HOSTILE)
    expect(page.locator("#notes")).to_contain_text(HOSTILE)
    page.get_by_label("Your question").fill(HOSTILE)
    page.keyboard.press("Enter")
    expect(page.locator("#talk .rests").last).to_contain_text("worded by")
    assert page.locator("img[src=x]").count() == 0
    assert page.title() != "owned"


def test_no_part_of_the_page_writes_markup() -> None:
    parts = [part for part in (files("agent.web") / "static").iterdir() if part.name.endswith(".js")]
    assert len(parts) > 5
    for part in parts:
        assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(", part.read_text()), (
            part.name
        )


@pytest.mark.parametrize("language", ["en", "es"])
@pytest.mark.parametrize(("width", "scheme"), [(390, "light"), (820, "dark"), (1280, "light"), (390, "dark")])
def test_everybody_can_read_and_reach_everything(
    open_page: Callable[..., Page], language: str, width: int, scheme: str
) -> None:
    """All of axe's rules, contrast among them, with everything open; nothing cut, and all large enough to touch."""
    page = open_page(color_scheme=scheme, viewport={"width": width, "height": 900}, locale=language)
    words = TEXTS[language]
    expect(page.locator("html")).to_have_attribute("lang", language)
    expect(page.locator("#charts canvas")).to_have_count(3)
    expect(page.locator("#notes li").first).to_be_visible()
    page.get_by_role("button", name=words["why.ask"], exact=True).click()
    page.get_by_text(words["table"]).click()
    page.get_by_text(words["manual.title"], exact=True).click()
    page.get_by_text(words["acting.title"], exact=True).click()
    page.get_by_label(words["ask.label"]).fill(words["idea.2"])
    page.keyboard.press("Enter")
    expect(page.locator("#talk .rests").last).to_contain_text(words["ask.rules"])
    found = Axe().run(page)
    assert [(one["id"], [node["html"][:120] for node in one["nodes"]]) for one in found["violations"]] == []
    assert {"color-contrast", "button-name", "label"} <= {one["id"] for one in found["passes"]}
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.evaluate(_TOO_SMALL_TO_TOUCH) == []
    ink, paper = page.evaluate(
        "[getComputedStyle(document.body).color, getComputedStyle(document.documentElement).backgroundColor]"
    )
    assert (_lightness(ink) > _lightness(paper)) == (scheme == "dark")


def test_nothing_on_the_spanish_page_is_left_in_english(
    open_page: Callable[..., Page], api: Any, shown: ServiceState
) -> None:
    """Every text, label, hint and reason, with a period, an answer, a refusal and problems shown."""
    doubts = ("load_power: no reading yet", "no prices received yet: planning with the tariff in the home's file")
    api.shared_state.show(replace(shown, complaints=doubts, connected=False))
    page = open_page(locale="es-ES")
    expect(page.locator("#charts canvas")).to_have_count(3)
    page.locator("#why").click()
    page.locator("#plan-table summary").click()
    page.get_by_label(TEXTS["es"]["notes.label"]).fill("guarda la batería")
    page.get_by_role("button", name=TEXTS["es"]["notes.read"]).click()
    expect(page.locator("#note-said")).to_contain_text("No entendido")
    page.get_by_label(TEXTS["es"]["ask.label"]).fill(TEXTS["es"]["idea.2"])
    page.keyboard.press("Enter")
    expect(page.locator("#talk .rests").last).to_contain_text(TEXTS["es"]["ask.rules"])
    seen = page.evaluate(_ALL_TEXTS)
    page.locator("[data-view=month]").click()
    expect(page.locator("#period-view")).not_to_be_empty()
    seen += page.evaluate(_ALL_TEXTS)
    assert len(seen) > 100
    english = {text for key, text in TEXTS["en"].items() if text != TEXTS["es"][key]}
    assert sorted(set(seen) & english) == []
    assert [text for text in seen if "⟨" in text or _ENGLISH.search(text)] == []


def test_both_languages_have_the_same_texts_with_the_same_places_and_all_that_the_page_uses() -> None:
    assert TEXTS["en"].keys() == TEXTS["es"].keys()
    for key, text in TEXTS["en"].items():
        assert sorted(re.findall(r"\{\w+\}", text)) == sorted(re.findall(r"\{\w+\}", TEXTS["es"][key])), key
    page = "".join(part.read_text("utf-8") for part in _STATIC.iterdir() if part.name.endswith((".js", ".html")))
    used = set(re.findall(r"\{\{([a-z_.]+)\}\}", page)) | set(re.findall(r"\bt\(\"([a-z_. ]+)\"", page))
    assert len(used) > 60
    assert used <= TEXTS["en"].keys()


@pytest.mark.parametrize(
    ("headers", "setting", "language"),
    [
        ({}, "auto", "en"),
        ({"accept-language": "es-ES,es;q=0.9,en;q=0.8"}, "auto", "es"),
        ({"accept-language": "fr,en;q=0.5,es;q=0.7"}, "auto", "es"),
        ({"accept-language": "fr;q=x,es;q=0"}, "auto", "en"),
        ({"accept-language": "en"}, "es", "es"),
        ({"accept-language": "en", "cookie": "advisor_language=es"}, "en", "es"),
        ({"cookie": "advisor_language=<script>"}, "auto", "en"),
    ],
)
def test_the_page_speaks_as_its_reader_chose_as_set_or_as_the_browser(
    serve: Callable[..., Any], headers: dict[str, str], setting: str, language: str
) -> None:
    with serve(language=setting) as running:
        page = running.client(**headers).get("/").raise_for_status()
        assert f'<html lang="{language}">' in page.text
        assert TEXTS[language]["ask.title"] in page.text


def test_the_language_is_chosen_on_the_page(open_page: Callable[..., Page], shown: ServiceState) -> None:
    page = open_page()
    page.get_by_label("Language").select_option("es")
    expect(page.locator("html")).to_have_attribute("lang", "es")
    assert shown.decision is not None
    expect(page.locator("#reason")).to_have_text(reason_in(shown.decision, "es"))


def test_a_reserve_is_set_by_hand_for_a_while_with_the_token_asked_for(
    open_page: Callable[..., Page], api: Any, shown: ServiceState
) -> None:
    page = open_page()
    page.get_by_text("Set by hand", exact=True).click()
    page.get_by_label("What").select_option("charge")
    page.get_by_label("Battery level, %").fill("80")
    page.get_by_label("For how long").select_option("8")
    page.get_by_role("button", name="Apply").click()
    page.get_by_label("Token", exact=True).fill("a-token-for-tests-only")
    page.get_by_role("button", name="Use it").click()
    expect(page.locator("#notes")).to_contain_text("By hand: Charge from the grid to 80 %")
    [known] = api.notes.list()
    assert shown.now is not None
    assert known.note.constraint == Reserve(start=shown.now, end=shown.now + timedelta(hours=8), soc=0.8)
    page.get_by_label("What").select_option("hold")
    expect(page.get_by_label("Battery level, %")).to_be_hidden()
    page.get_by_role("button", name="Apply").click()
    expect(page.locator("#notes")).to_contain_text("By hand: Do not discharge")
    held = api.notes.list()[-1].note.constraint
    assert (held.soc, held.bought) == (0.2, False)


def test_week_month_and_year_show_what_was_used_and_what_is_not_known(open_page: Callable[..., Page]) -> None:
    page = open_page()
    for view in ("week", "month", "year"):
        page.locator(f"[data-view={view}]").click()
        expect(page.locator("#period-view")).to_have_text(TEXTS["en"]["period.nothing"])
    page.locator("[data-view=day]").click()
    expect(page.locator("#charts")).to_be_visible()


def test_advice_alone_says_what_it_would_have_saved(
    open_page: Callable[..., Page], api: Any, shown: ServiceState
) -> None:
    assert shown.now is not None
    finished = replace(shown.measured[-1], start=shown.now)
    later = replace(shown, acting=Acting.ADVISE, measured=(*shown.measured, finished), now=shown.now + shown.step)
    api.shared_state.show(later)
    page = open_page()
    expect(page.locator("#eyebrow")).to_contain_text("advice only")
    expect(page.locator("#bill")).to_contain_text("If the advice had been followed")
    expect(page.locator("#bill .hint").first).to_contain_text("Following the advice would have")
    expect(page.locator("#terms div", has_text="The advice would have saved")).to_be_visible()


@pytest.mark.parametrize(
    ("known_days", "words"),
    [
        (0, "day 1 of 14. Planning with an average household"),
        (1, "day 2 of 14. Planning with one complete day"),
        (5, "the 5 complete days known"),
    ],
)
def test_a_home_that_is_still_learning_says_so(
    open_page: Callable[..., Page], api: Any, shown: ServiceState, known_days: int, words: str
) -> None:
    api.shared_state.show(replace(shown, known_days=known_days))
    page = open_page()
    expect(page.locator("#learning")).to_contain_text(words)
    api.shared_state.show(replace(shown, known_days=14))
    expect(page.locator("#learning")).to_be_hidden()


def test_before_the_first_decision_the_page_is_whole_and_complains_of_nothing(
    open_page: Callable[..., Page], api: Any, shown: ServiceState
) -> None:
    api.shared_state.show(replace(shown, decision=None, measured=(), shapes=()))
    page = open_page()
    expect(page.locator("#mode")).to_have_text("No decision yet")
    expect(page.locator("#charts-empty")).to_be_visible()
    expect(page.locator("#bill")).to_have_text(TEXTS["en"]["bill.empty"])
    expect(page.locator("#days")).to_have_text(TEXTS["en"]["days.empty"])


def test_holding_while_the_level_rises_says_that_it_charges_from_solar(
    open_page: Callable[..., Page], api: Any, shown: ServiceState
) -> None:
    charging = replace(shown.readings["battery_power"], value=-1.2)
    api.shared_state.show(replace(shown, readings={**shown.readings, "battery_power": charging}))
    page = open_page()
    expect(page.locator("#mode")).to_have_text("Holding: charging from solar, not discharging")
    api.shared_state.show(shown)
    expect(page.locator("#mode")).to_have_text("Holding: the battery does not discharge")


def test_a_bill_that_earns_money_is_drawn_to_the_other_side_of_zero(
    open_page: Callable[..., Page], api: Any, shown: ServiceState
) -> None:
    sunny = [replace(slot, pv_kw=3.0, grid_import_kw=0.0, grid_export_kw=2.5) for slot in shown.measured]
    api.shared_state.show(replace(shown, measured=tuple(sunny)))
    page = open_page()
    expect(page.locator("#bill .big")).to_contain_text("-")
    bar = page.locator("#bill .bars i.earned").first
    assert bar.evaluate("(each) => each.getBoundingClientRect().width") > 20


def test_it_can_be_used_by_keyboard_and_read_aloud(open_page: Callable[..., Page]) -> None:
    page = open_page()
    expect(page.locator("#charts canvas")).to_have_count(3)
    page.locator("#charts").focus()
    page.keyboard.press("ArrowRight")
    expect(page.locator("#readout")).to_contain_text("planned")
    page.keyboard.press("Escape")
    expect(page.locator("#readout")).to_have_text("")
    unnamed = page.evaluate(
        """[...document.querySelectorAll('button, input, a, [tabindex="0"]')].filter((each) => each.offsetParent
        && !(each.textContent.trim() || each.ariaLabel || each.labels?.length || each.title)).length"""
    )
    assert unnamed == 0
    assert page.locator("main").count() == page.locator("h1").count() == 1
    levels = page.evaluate("[...document.querySelectorAll('h1,h2,h3')].map((each) => Number(each.tagName[1]))")
    assert all(later - earlier <= 1 for earlier, later in pairwise(levels))


@pytest.mark.parametrize("language", ["en", "es"])
def test_on_a_phone_each_part_is_one_touch_away_and_nothing_is_cut(
    open_page: Callable[..., Page], language: str
) -> None:
    page = open_page(viewport={"width": 390, "height": 844}, locale=language)
    links = page.get_by_role("navigation").get_by_role("link")
    expect(links).to_have_count(5)
    for link in links.all():
        assert link.bounding_box()["height"] >= 44  # type: ignore[index]
        link.click()
        expect(page.locator(link.get_attribute("href") or "")).to_be_in_viewport()
    cut = page.evaluate(
        "[...document.querySelectorAll('h1, h1 *, .jump a')].filter((e) => e.scrollWidth > e.clientWidth + 1).length"
    )
    assert cut == 0
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_a_change_in_the_house_is_seen_without_a_reload(
    open_page: Callable[..., Page], api: Any, shown: ServiceState
) -> None:
    page = open_page()
    expect(page.locator("#flows")).to_contain_text("20 %")
    reading = replace(shown.readings["battery_soc"], value=0.37)
    api.shared_state.show(replace(shown, readings={**shown.readings, "battery_soc": reading}))
    expect(page.locator("#flows")).to_contain_text("37 %")


def test_it_paints_within_a_second_and_needs_nothing_from_elsewhere(open_page: Callable[..., Page], api: Any) -> None:
    asked: list[str] = []
    paints_ms = []
    # The best of three, each with an empty cache: a busy machine delays one, a slow page all of them.
    for _ in range(3):
        page = open_page()
        paints_ms.append(page.evaluate(_FIRST_PAINT))
    page.on("request", lambda request: asked.append(request.url))
    page.reload()
    expect(page.locator("#charts canvas")).to_have_count(3)
    assert 0 < min(paints_ms) < 1000
    assert all(url.startswith(api.url) for url in asked)
    assert sum(page.evaluate("performance.getEntriesByType('resource').map((each) => each.encodedBodySize)")) < 250_000


# Dialect and leftovers that no table of ours knows: words that only English has.
_ENGLISH = re.compile(r"\b(?:the|and|from|with|until|battery|grid|house|price|is|of the|kWh used)\b")
# Text nodes, labels, hints and titles of all that is on the page, but what stands in another language on purpose.
_ALL_TEXTS = """(() => {
  const found = [];
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walk.nextNode()) {
    const parent = walk.currentNode.parentElement;
    if (parent.closest('script, [lang=en], code, #home, .uplot')) continue;
    const text = walk.currentNode.textContent.trim();
    if (text) found.push(text);
  }
  for (const name of ['aria-label', 'placeholder', 'title', 'alt'])
    for (const each of document.querySelectorAll(`body [${name}]`)) found.push(each.getAttribute(name));
  return found.filter(Boolean);
})()"""
_TOO_SMALL_TO_TOUCH = """(() => {
  const touched = [...document.querySelectorAll('button, select, summary, input:not([type=checkbox]), label.check')];
  const small = touched.filter((each) => each.offsetParent && each.getBoundingClientRect().height < 43.5);
  return small.map((each) => each.outerHTML.slice(0, 80));
})()"""


def _lightness(colour: str) -> int:
    """How light an `rgb(…)` is, from 0 to 765."""
    return sum(int(part) for part in re.findall(r"\d+", colour)[:3])


# The entry comes with the next frame, which may be after the page counts as loaded.
_FIRST_PAINT = """new Promise((tell) => new PerformanceObserver((list) => {
  const paint = list.getEntriesByName('first-contentful-paint')[0];
  if (paint) tell(paint.startTime);
}).observe({type: 'paint', buffered: true}))"""


def test_the_bill_of_the_month_is_shown_line_by_line_and_months_before_it(
    open_page: Callable[..., Page], api: Any, tmp_path: Path, shown: ServiceState
) -> None:
    slot = replace(shown.measured[0], grid_import_kw=0.5, grid_export_kw=0.0)
    assert shown.now is not None
    with open_journal(tmp_path / "journal.sqlite") as journal:
        for back in range(1, 20 * 48):
            journal.measure(shown.home.name, replace(slot, start=shown.now - back * shown.step))
    page = open_page(locale="es-ES")
    bill = page.get_by_role("region", name="Factura del mes").first
    expect(bill).to_contain_text("enero de 2026 hasta ahora: lecturas de 14 de 31 días")
    lines = api.client().get("/v1/bill").json()["lines"]
    expect(bill.locator("tbody tr")).to_have_count(len(lines))
    bill.get_by_role("button", name="Mes anterior").click()
    expect(bill).to_contain_text("diciembre de 2025 hasta ahora")
    bill.get_by_role("button", name="Mes siguiente").click()
    expect(bill).to_contain_text("enero de 2026")
