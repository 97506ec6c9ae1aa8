"""Does a kWp give what it is known to give?"""

import pytest

from eval.realism.yields import PUBLISHED, yield_table, yielded


@pytest.mark.parametrize(
    "town", ["Madrid", "Sevilla", "Barcelona", "Valencia", "Bilbao", "Zaragoza", "Málaga", "A Coruña"]
)
def test_a_kwp_in_spain_yields_what_is_published_within_five_percent(town: str) -> None:
    published = PUBLISHED[town]
    assert yielded(published).kwh_per_kwp == pytest.approx(published.kwh_per_kwp, rel=0.05)


def test_the_table_has_a_row_for_each_town_and_says_how_far_off_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("eval.realism.yields.PUBLISHED", {"Bilbao": PUBLISHED["Bilbao"]})
    made = yielded(PUBLISHED["Bilbao"], seeds=1)
    off = made.kwh_per_kwp / 1150 - 1
    assert yield_table(seeds=1).splitlines()[2].startswith(f"| Bilbao | 1150 | {made.kwh_per_kwp:.0f} | {off:+.0%} |")
