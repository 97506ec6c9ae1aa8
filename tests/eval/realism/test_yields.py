"""Does the sun of synthetic years give what is published?"""

import pytest

from eval.realism.yields import (
    PUBLISHED,
    UNPUBLISHED,
    published_table,
    published_yields,
    town_yields,
    yield_table,
    yielded,
)

LEVEL = [name for name, town in PUBLISHED.items() if town.tilt_deg is None]


@pytest.mark.parametrize("town", LEVEL)
def test_the_level_receives_what_is_published_within_seven_percent(town: str) -> None:
    published = PUBLISHED[town]
    assert yielded(published.place).level_kwh_m2 == pytest.approx(published.per_year, rel=0.07)


@pytest.mark.parametrize(
    ("town", "within"),
    [
        ("Comunidad de Madrid", 0.05),
        ("Valencia", 0.05),
        ("Andalucía", 0.05),
        ("Parets (Barcelona)", 0.05),
        ("Sevilla", 0.07),
        ("Córdoba", 0.07),
        ("Murcia", 0.07),
        ("Bilbao", 0.08),
        ("Solsonès", 0.08),
        ("Zaragoza", 0.11),
        ("Palma", 0.13),
        ("Milano", 0.09),
    ],
)
def test_panels_give_what_is_published_within_what_the_document_says(town: str, within: float) -> None:
    published = PUBLISHED[town]
    assert published.tilt_deg is not None
    made = yielded(published.place, tilt_deg=published.tilt_deg)
    assert made.kwh_per_kwp == pytest.approx(published.per_year, rel=within)


def test_every_published_figure_has_an_address_and_says_how_far_off_we_are(monkeypatch: pytest.MonkeyPatch) -> None:
    assert all("](http" in town.source for town in PUBLISHED.values())
    monkeypatch.setattr("eval.realism.yields.PUBLISHED", {"Wien": PUBLISHED["Wien"]})
    made = yielded(PUBLISHED["Wien"].place, tilt_deg=38, seeds=1)
    off = made.kwh_per_kwp / 1176 - 1
    row = published_table(published_yields(seeds=1)).splitlines()[2]
    assert row.startswith(f"| Wien | kWh/kWp, south, 38° | 1176 | {made.kwh_per_kwp:.0f} | {off:+.0%} | [PVGIS 5.3](")


def test_towns_without_a_published_figure_stand_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("eval.realism.yields.UNPUBLISHED", {"Bilbao": UNPUBLISHED["Bilbao"]})
    made = yielded(UNPUBLISHED["Bilbao"], seeds=1)
    rows = yield_table(town_yields(seeds=1)).splitlines()
    assert rows[2:] == [f"| Bilbao | {made.kwh_per_kwp:.0f} | {made.level_kwh_m2:.0f} |"]
