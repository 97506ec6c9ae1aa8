from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from energy.errors import TransportError
from ingest.homeassistant.client import CommandRefused, EntityState
from ingest.homeassistant.prices import action_prices, entity_prices, price_entities
from ingest.prices.reading import ReaderContext

MADRID = ZoneInfo("Europe/Madrid")
NOW = datetime(2026, 1, 15, 14, tzinfo=UTC)
ASKED = ReaderContext(MADRID, "EUR")


def state(name: str, attributes: dict[str, Any], updated: datetime = NOW) -> EntityState:
    return EntityState(entity_id=name, state="0.1", attributes=attributes, last_updated=updated)


def test_lists_without_a_date_are_of_the_day_on_which_the_entity_was_updated() -> None:
    pvpc = {"unit_of_measurement": "€/kWh", **{f"price_{hour:02d}h": 0.1 for hour in range(24)}}
    late = datetime(2026, 1, 14, 23, 30, tzinfo=UTC)  # 00:30 in Madrid
    points = entity_prices(state("sensor.pvpc", pvpc, late), ASKED)
    assert points[0].start == datetime(2026, 1, 14, 23, tzinfo=UTC)
    assert len(points) == 24


def test_entities_that_hold_prices_are_found_those_with_most_first() -> None:
    start = datetime(2026, 1, 14, 23, tzinfo=UTC)
    rates = [{"start": (start + at * timedelta(minutes=30)).isoformat(), "value_inc_vat": 0.2} for at in range(48)]
    states = {
        "event.day_rates": state("event.day_rates", {"rates": rates}),
        "sensor.spot": state("sensor.spot", {"unit_of_measurement": "EUR/MWh", "today": [85.0] * 24}),
        "sensor.now": state("sensor.now", {"unit_of_measurement": "EUR/kWh"}),
        "sensor.crowns": state("sensor.crowns", {"unit_of_measurement": "SEK/kWh", "today": [1.0] * 24}),
        "sensor.sun": state("sensor.sun", {"unit_of_measurement": "kWh", "today": [1.0] * 24}),
    }
    assert [one.entity_id for one in price_entities(states, ASKED)] == ["event.day_rates", "sensor.spot"]


class Answers:
    """A Home Assistant that answers one action for the days it knows."""

    def __init__(self, days: dict[str, float]) -> None:
        self._days = days
        self.asked: list[dict[str, Any]] = []

    def command(self, kind: str, **fields: Any) -> Any:
        assert kind == "call_service"
        self.asked.append(fields)
        day = fields["service_data"]["date"]
        if day not in self._days:
            raise CommandRefused("no prices", code="service_validation_error")
        start = datetime.fromisoformat(f"{day}T00:00:00+01:00")
        rows = [{"start": (start + at * timedelta(hours=1)).isoformat(), "price": self._days[day]} for at in range(24)]
        return {"context": {}, "response": {"ES": rows}}


@pytest.mark.parametrize(("known", "hours"), [(["2026-01-15"], 24), (["2026-01-15", "2026-01-16"], 48)])
def test_an_action_is_asked_for_today_and_tomorrow_which_may_not_be_out(known: list[str], hours: int) -> None:
    assistant: Any = Answers(dict.fromkeys(known, 100.0))
    asked = ReaderContext(MADRID, "EUR", unit="EUR/MWh")
    data = {"config_entry": "01J", "date": "{date}", "areas": "ES"}
    points = action_prices(assistant, "nordpool.get_prices_for_date", data, asked, now=NOW)
    assert len(points) == hours
    assert points[0].price == pytest.approx(0.1)
    assert assistant.asked[0] == {
        "domain": "nordpool",
        "service": "get_prices_for_date",
        "service_data": {"config_entry": "01J", "date": "2026-01-15", "areas": "ES"},
        "return_response": True,
    }


def test_an_action_that_refuses_today_is_a_fault() -> None:
    assistant: Any = Answers({})
    with pytest.raises(TransportError):
        action_prices(assistant, "nordpool.get_prices_for_date", {"date": "{date}"}, ASKED, now=NOW)
