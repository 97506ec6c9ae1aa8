from datetime import timedelta
from typing import Any

import numpy as np
import pytest

from agent.queries import Span, panels_saved, saved, unit_cost

DAY = timedelta(days=1)


def slots_of(known: Any, span: Span) -> list[Any]:
    zone = known.home.tz
    return [one for at, one in known.metered.items() if span.first <= at.astimezone(zone).date() <= span.last]


def test_a_kwh_costs_what_was_paid_for_it(known: Any) -> None:
    span = Span(known.today - 2 * DAY, known.today - DAY)
    slots = slots_of(known, span)
    prices = known.home.tariff.prices([one.start for one in slots], known.home.tz)
    import_kwh = np.array([one.grid_import_kw for one in slots]) / 2
    export_kwh = np.array([one.grid_export_kw for one in slots]) / 2
    found = unit_cost(known.sources, span, now=known.now)
    bill = import_kwh @ prices.import_per_kwh - export_kwh @ prices.export_per_kwh
    assert found.facts["bought_per_kwh"] == pytest.approx(import_kwh @ prices.import_per_kwh / import_kwh.sum())
    assert found.facts["used_per_kwh"] == pytest.approx(bill / (sum(one.load_kw for one in slots) / 2))
    assert not unit_cost(known.sources, Span(known.today - 30 * DAY, known.today - 20 * DAY), now=known.now).known


def test_panels_are_worth_the_bill_without_them_less_the_bill_with_them_alone(known: Any) -> None:
    span = Span(known.today - 2 * DAY, known.today - DAY)
    slots = slots_of(known, span)
    prices = known.home.tariff.prices([one.start for one in slots], known.home.tz)
    net_kwh = np.array([one.load_kw - one.pv_kw for one in slots]) / 2
    alone = np.maximum(net_kwh, 0) @ prices.import_per_kwh - np.maximum(-net_kwh, 0) @ prices.export_per_kwh
    nothing = np.array([one.load_kw for one in slots]) / 2 @ prices.import_per_kwh
    found = panels_saved(known.sources, span, now=known.now)
    assert found.facts["nothing_cost"] == pytest.approx(nothing)
    assert found.facts["by_panels_cost"] == pytest.approx(nothing - alone)
    battery = saved(known.sources, span, now=known.now)
    assert found.facts["by_battery_cost"] == pytest.approx(battery.facts["saved_cost"])
    assert not panels_saved(known.sources, Span(known.today - 30 * DAY, known.today - 20 * DAY), now=known.now).known
