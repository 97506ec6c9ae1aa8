"""The drawing of the plan: well-formed, small, and honest about its absence."""

from collections.abc import Callable
from xml.etree import ElementTree as ET

from agent.decision.decide import Situation, decide
from agent.views.plan_picture import draw_plan
from agent.views.status import plan_of
from energy.home import Home

SVG = "{http://www.w3.org/2000/svg}"


def test_every_stretch_of_the_plan_is_a_bar_of_its_mode(home: Home, make_situation: Callable[..., Situation]) -> None:
    plan = plan_of(decide(make_situation()), home)
    assert plan is not None
    drawn = ET.fromstring(draw_plan(plan, home.tz))  # noqa: S314 (our own drawing)
    bars = [bar for bar in drawn.iter(f"{SVG}rect") if bar.get("height") == "16"]
    changes = sum(one.mode != other.mode for one, other in zip(plan.slots, plan.slots[1:], strict=False))
    assert len(bars) == changes + 1
    assert sum(float(str(bar.get("width"))) for bar in bars) == 480 - 46 - 16
    hours = [text.text for text in drawn.iter(f"{SVG}text") if str(text.text).endswith(":00")]
    assert hours == ["08:00", "12:00", "16:00", "20:00", "00:00", "04:00"]
    assert len(ET.tostring(drawn)) < 16_000


def test_without_a_plan_it_says_so(home: Home) -> None:
    assert "no plan now" in draw_plan(None, home.tz)
    assert "ahora sin plan" in draw_plan(None, home.tz, "es")
