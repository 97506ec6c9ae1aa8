"""The form of a study on the page: what it asks, who may send it, what it says is wrong, how far it is, its report."""

import json
from collections.abc import Callable, Iterator, Mapping
from importlib.resources import files
from typing import Any

import pytest
from axe_core_python.sync_playwright import Axe
from playwright.sync_api import Browser, ConsoleMessage, Page, expect

from agent.decision.constraint_words import Language
from agent.web.study import StudyForm, StudyProgress, StudyReport

TEXTS = {
    language: json.loads((files("agent.web") / "static" / "texts" / f"{language}.json").read_text("utf-8"))
    for language in ("en", "es")
}
NAME = "0123456789abcdef0123456789abcdef"
REPORT = StudyReport(
    "<!doctype html><html lang='en'><title>r</title><style>p{color:red}</style><p id='said'>before</p>"
    "<script>document.getElementById('said').textContent='counted';</script>"
    "<script>document.title='owned'</script>",
    "document.getElementById('said').textContent='counted';",
    "p{color:red}",
)


class Desk:
    """Plays nothing, and says what it is told to say."""

    def __init__(self) -> None:
        self.now, self.asked, self.languages = StudyProgress(), list[StudyForm](), list[Language]()
        self.cancelled = False

    def offered(self) -> tuple[StudyForm, tuple[str, ...]]:
        return StudyForm(), ("es-2.0td", "es-pvpc", "uk-agile-seg")

    def faults(self, form: StudyForm, language: Language) -> Mapping[str, str]:
        self.languages.append(language)
        if form.people == "0":
            return {"people": "should be 1 to 10 (given: 0)"}
        if "uk-agile-seg" in form.tariffs:
            return {"tariffs": "tariff 'uk-agile-seg' is in GBP, but Madrid pays in EUR: use es-2.0td"}
        return {}

    def start(self, form: StudyForm, language: Language) -> Mapping[str, str]:
        if faults := self.faults(form, language):
            return faults
        self.asked.append(form)
        self.now = StudyProgress(running=True)
        return {}

    def progress(self) -> StudyProgress:
        return self.now

    def cancel(self) -> None:
        self.cancelled, self.now = True, StudyProgress()

    def report(self, name: str) -> StudyReport | None:
        return REPORT if name == NAME else None


@pytest.fixture
def desk() -> Desk:
    return Desk()


@pytest.fixture
def running(serve: Callable[..., Any], desk: Desk) -> Iterator[Any]:
    with serve(studies=desk) as api:
        yield api


def test_only_who_has_the_token_begins_and_ends_a_study(running: Any, desk: Desk) -> None:
    stranger, owner = running.client(), running.owner()
    assert stranger.post("/v1/study", json={"place": "Madrid"}).status_code == 401
    assert stranger.post("/v1/study/cancel").status_code == 401
    assert desk.asked == []
    assert owner.post("/v1/study", json={"place": "Madrid"}).status_code == 202
    assert desk.asked[0].place == "Madrid"
    again = owner.post("/v1/study", json={"place": "Bilbao"})
    assert (again.status_code, len(desk.asked)) == (409, 1)
    assert "already" in again.json()["error"]
    assert owner.post("/v1/study/cancel").json()["running"] is False
    assert desk.cancelled


@pytest.mark.parametrize(
    ("language", "said"),
    [("en", "Should be 1 to 10 (given: 0)."), ("es", "Debe estar entre 1 y 10 (escrito: 0).")],
)
def test_what_is_wrong_stands_beside_its_field_in_the_readers_language(running: Any, language: str, said: str) -> None:
    owner, spoken = running.owner(), {"Accept-Language": language}
    refused = owner.post("/v1/study", json={"people": "0"}, headers=spoken)
    assert (refused.status_code, refused.json()["fields"]) == (422, {"people": said})
    checked = owner.post("/v1/study/check", json={"people": "0"}, headers=spoken)
    assert (checked.status_code, checked.json()) == (200, refused.json())


def test_a_check_needs_the_token_finds_nothing_wrong_with_a_good_form_and_begins_nothing(
    running: Any, desk: Desk
) -> None:
    assert running.client().post("/v1/study/check", json={"place": "Madrid"}).status_code == 401
    good = running.owner().post("/v1/study/check", json={"place": "Madrid"})
    assert (good.status_code, good.json()) == (200, {"error": "", "fields": {}})
    assert desk.asked == []


@pytest.mark.parametrize("body", [{"place": "x" * 300}, {"tariffs": ["a"] * 5}, {"out": "/etc/passwd"}, {"people": 3}])
def test_what_is_no_form_is_refused(running: Any, desk: Desk, body: dict[str, object]) -> None:
    assert running.owner().post("/v1/study", json=body).status_code == 422
    assert desk.asked == []


def test_a_report_opens_by_its_name_where_all_else_needs_the_token(serve: Callable[..., Any], desk: Desk) -> None:
    with serve(studies=desk, host="0.0.0.0") as running:  # noqa: S104 (what is tested)
        stranger = running.client()
        assert stranger.get("/v1/study").status_code == 401
        found = stranger.get(f"/v1/study/report/{NAME}")
        assert (found.status_code, found.text) == (200, REPORT.html)
        assert "unsafe" not in found.headers["content-security-policy"]
        assert len(found.headers.get_list("content-security-policy")) == 1
        assert stranger.get("/v1/study/report/ffff").status_code == 404
        assert stranger.get("/v1/study/report/../../status").status_code == 401


def test_without_a_desk_there_is_no_form_and_no_link_to_one(api: Any, browser: Browser) -> None:
    assert api.client().get("/study").status_code == 404
    assert api.owner().post("/v1/study", json={}).status_code in {404, 405}
    page = browser.new_page()
    page.goto(api.url)
    expect(page.get_by_role("link", name=TEXTS["en"]["study.link"])).to_be_hidden()
    page.close()


@pytest.fixture
def open_page(browser: Browser, running: Any) -> Iterator[Callable[..., Page]]:
    """Opens the form; but for what a test brings about itself, the browser must have nothing to complain of."""
    contexts, complaints = [], list[str]()
    # A study that runs already, and a service that went away.
    brought_about = ("409", "ERR_FAILED")

    def hear(message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"} and not any(one in message.text for one in brought_about):
            complaints.append(message.text)

    def open_(path: str = "/study", **options: Any) -> Page:
        context = browser.new_context(**({"viewport": {"width": 1280, "height": 900}} | options))
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", hear)
        page.goto(running.url + path)
        return page

    yield open_
    for context in contexts:
        context.close()
    assert complaints == []


def test_a_person_fills_the_form_in_follows_it_and_opens_the_report(open_page: Callable[..., Page], desk: Desk) -> None:
    page = open_page("/#token=a-token-for-tests-only")
    page.get_by_role("link", name=TEXTS["en"]["study.link"]).click()
    page.get_by_label("Place").fill("Madrid")
    page.get_by_label("People in the home").fill("0")
    page.get_by_role("button", name="Simulate a year").click()
    expect(page.locator("#people-fault")).to_have_text("Should be 1 to 10 (given: 0).")
    expect(page.get_by_label("People in the home")).to_be_focused()
    page.get_by_label("People in the home").fill("4")
    page.get_by_label("Electric car that charges at home").check()
    page.get_by_label("Tariff today").select_option("es-pvpc")
    page.get_by_role("button", name="Simulate a year").click()
    expect(page.locator("#people-fault")).to_be_hidden()
    expect(page.get_by_role("button", name="Simulate a year")).to_be_disabled()
    assert (desk.asked[0].people, desk.asked[0].car, desk.asked[0].tariffs) == ("4", True, ("es-pvpc",))
    desk.now = StudyProgress(running=True, step="sizes", done=3, total=12, share=0.25, left_s=200.0)
    expect(page.locator("#step")).to_have_text("Sizes and tariffs: 3 of 12. About 3 minutes left.")
    expect(page.locator("#report")).to_be_hidden()
    desk.now = StudyProgress(answer="No, not at this price.", final=True, report=NAME)
    expect(page.locator("#answer")).to_have_text("No, not at this price.")
    with page.context.expect_page() as opened:
        page.get_by_role("link", name="Open the report").click()
    expect(opened.value.locator("#said")).to_have_text("counted")
    # A script that is not the report's own never runs.
    expect(opened.value).to_have_title("r")


def test_a_tariff_that_does_not_fit_is_marked_where_it_was_chosen(open_page: Callable[..., Page]) -> None:
    page = open_page("/study#token=a-token-for-tests-only")
    page.get_by_label("Place").fill("Madrid")
    expect(page.locator("#tariff option").nth(1)).to_have_text("Spain: three periods (2.0TD)")
    page.get_by_label("Tariff today").select_option("es-2.0td")
    page.get_by_label("Another tariff to compare").select_option("uk-agile-seg")
    page.get_by_role("button", name="Simulate a year").click()
    expect(page.locator("#other_tariff-fault")).to_contain_text("is in GBP")
    expect(page.locator("#tariff-fault")).to_be_hidden()
    expect(page.get_by_label("Another tariff to compare")).to_be_focused()


def test_a_second_page_shows_the_study_that_runs_already(open_page: Callable[..., Page], desk: Desk) -> None:
    page = open_page("/study#token=a-token-for-tests-only")
    page.get_by_label("Place").fill("Madrid")
    desk.now = StudyProgress(running=True, step="sizes", done=1, total=4, share=0.1)
    page.get_by_role("button", name="Simulate a year").click()
    expect(page.locator("#study-fault")).to_contain_text("already")
    expect(page.locator("#step")).to_have_text("Sizes and tariffs: 1 of 4.")
    page.reload()
    expect(page.locator("#step")).to_have_text("Sizes and tariffs: 1 of 4.")


def test_a_study_is_cancelled_on_the_page(open_page: Callable[..., Page], desk: Desk) -> None:
    desk.now = StudyProgress(running=True, step="years", done=1, total=99, share=0.5, left_s=20.0)
    page = open_page("/#token=a-token-for-tests-only")
    page.get_by_role("link", name=TEXTS["en"]["study.link"]).click()
    page.get_by_role("button", name="Cancel").click()
    expect(page.get_by_role("button", name="Simulate a year")).to_be_enabled()
    expect(page.locator("#step")).to_have_text("Cancelled.")
    assert desk.cancelled


def test_a_service_that_goes_away_is_said_in_words_and_followed_again(
    open_page: Callable[..., Page], desk: Desk
) -> None:
    desk.now = StudyProgress(running=True, step="years", done=1, total=99, share=0.5, left_s=20.0)
    page = open_page("/study")
    page.route("**/v1/study", lambda route: route.abort())
    expect(page.locator("#step")).to_have_text("No connection to the service; trying again.")
    page.unroute("**/v1/study")
    expect(page.locator("#step")).to_contain_text("1 of 99")


def test_what_failed_is_told_in_spanish(open_page: Callable[..., Page], desk: Desk) -> None:
    desk.now = StudyProgress(failed="the study ended before its time (exit code -9): start it again")
    page = open_page(locale="es-ES")
    expect(page.locator("#step")).to_have_text(
        "el estudio terminó antes de tiempo (código de salida -9): empiézalo de nuevo"
    )


@pytest.mark.parametrize("language", ["en", "es"])
@pytest.mark.parametrize("width", [1280, 360])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_form_can_be_used_by_all_and_fits(
    open_page: Callable[..., Page], language: str, width: int, scheme: str
) -> None:
    page = open_page(locale=language, viewport={"width": width, "height": 800}, color_scheme=scheme)
    expect(page.get_by_role("heading", level=2).first).to_have_text(TEXTS[language]["study.title"])
    expect(page.locator("#tariff option")).to_have_count(4)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert "⟨" not in page.inner_text("body")
    found = Axe().run(page)
    assert [(one["id"], one["nodes"][0]["html"]) for one in found["violations"]] == []
