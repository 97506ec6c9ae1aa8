"""The page in a real browser, on a service that decides: what it shows, what it answers, and what it never runs."""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from importlib.resources import files
from itertools import pairwise
from typing import Any

import pytest
from axe_core_python.sync_playwright import Axe
from playwright.sync_api import Browser, ConsoleMessage, Page, expect

from agent.decision.constraint_words import describe
from agent.decision.decide import Situation, decide
from agent.views.service_state import ServiceState

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


def test_the_address_for_tablets_shows_and_answers(
    open_page: Callable[..., Page], api: Any, shown: ServiceState
) -> None:
    page = open_page(f"/key/{api.read_key}/")
    assert shown.decision is not None
    expect(page.locator("#reason")).to_have_text(shown.decision.reason)
    expect(page.locator("#charts canvas")).to_have_count(3)
    page.get_by_role("button", name="Why did you do that?").click()
    expect(page.locator("#talk .rests").last).to_contain_text("worded by rules")


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


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_on_a_phone_nothing_is_wider_than_the_screen(open_page: Callable[..., Page], scheme: str) -> None:
    page = open_page(viewport={"width": 390, "height": 844}, color_scheme=scheme, has_touch=True)
    expect(page.locator("#charts canvas")).to_have_count(3)
    page.get_by_role("button", name="Why?").click()
    expect(page.locator(".whybox tbody tr").first).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    small = page.evaluate(
        "[...document.querySelectorAll('button')].filter((each) => each.offsetParent && each.offsetHeight < 30).length"
    )
    assert small == 0
    ink, paper = page.evaluate(
        "[getComputedStyle(document.body).color, getComputedStyle(document.documentElement).backgroundColor]"
    )
    assert (_lightness(ink) > _lightness(paper)) == (scheme == "dark")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
def test_axe_finds_nothing_that_keeps_anybody_out(open_page: Callable[..., Page], scheme: str, width: int) -> None:
    """All of axe's rules, contrast among them, with a reason, a table and an answer open."""
    page = open_page(color_scheme=scheme, viewport={"width": width, "height": 900})
    expect(page.locator("#charts canvas")).to_have_count(3)
    expect(page.locator("#notes li").first).to_be_visible()
    page.get_by_role("button", name="Why?").click()
    page.get_by_text("The same as a table").click()
    page.get_by_label("Your question").fill("What is the plan?")
    page.keyboard.press("Enter")
    expect(page.locator("#talk .rests").last).to_contain_text("worded by rules")
    found = Axe().run(page)
    assert [(one["id"], [node["html"][:120] for node in one["nodes"]]) for one in found["violations"]] == []
    assert {"color-contrast", "button-name", "label"} <= {one["id"] for one in found["passes"]}


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


def _lightness(colour: str) -> int:
    """How light an `rgb(…)` is, from 0 to 765."""
    return sum(int(part) for part in re.findall(r"\d+", colour)[:3])


# The entry comes with the next frame, which may be after the page counts as loaded.
_FIRST_PAINT = """new Promise((tell) => new PerformanceObserver((list) => {
  const paint = list.getEntriesByName('first-contentful-paint')[0];
  if (paint) tell(paint.startTime);
}).observe({type: 'paint', buffered: true}))"""
