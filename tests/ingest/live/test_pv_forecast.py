import json
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from agent.decision.pv_forecast import PvForecasts
from energy.battery import Battery
from energy.errors import DataError
from energy.home import Home
from energy.pricing.tariff import FlatTariff
from ingest.live.foreign import read_forecast
from ingest.live.mapping import MappedSensors, SensorSource, check_forecast
from ingest.live.pv_forecast import in_slots
from transport.payloads import PvForecast

NOW = datetime(2026, 6, 1, 8, tzinfo=UTC)
HOME = Home(
    name="test",
    zone="Europe/Madrid",
    pv_peak_kw=4,
    battery=Battery(capacity_kwh=10, max_charge_kw=3, max_discharge_kw=3),
    tariff=FlatTariff(import_price=0.2),
)


def solcast(day: int, value: float, *, minutes: int = 30, hours: int = 24) -> bytes:
    start = datetime(2026, 6, day, tzinfo=UTC)
    step = timedelta(minutes=minutes)
    count = timedelta(hours=hours) // step
    return json.dumps(
        [{"period_start": (start + at * step).isoformat(), "pv_estimate": value} for at in range(count)]
    ).encode()


def two_topics() -> MappedSensors:
    source = SensorSource(topic=("solcast/today", "solcast/tomorrow"), unit="kW")
    return MappedSensors({"pv_forecast": source}, HOME)


@pytest.mark.parametrize("order", [("today", "tomorrow"), ("tomorrow", "today")])
def test_todays_and_tomorrows_topics_become_one_forecast_in_whatever_order_they_come(order: tuple[str, str]) -> None:
    mapped, text = two_topics(), {"today": solcast(1, 1.0), "tomorrow": solcast(2, 2.0)}
    for name in order:
        result = mapped.update(f"solcast/{name}", text[name], retained=True, now=NOW)
    assert result is not None
    assert (result.start, len(result.values_kw)) == (datetime(2026, 6, 1, tzinfo=UTC), 96)
    assert (result.values_kw[0], result.values_kw[47], result.values_kw[48]) == (1.0, 1.0, 2.0)


def test_after_midnight_the_newest_word_on_a_time_counts() -> None:
    mapped = two_topics()
    mapped.update("solcast/tomorrow", solcast(2, 2.0), retained=False, now=NOW)
    result = mapped.update("solcast/today", solcast(2, 3.0), retained=False, now=NOW + timedelta(hours=20))
    assert result is not None
    assert set(result.values_kw) == {3.0}


def test_topics_of_different_steps_are_joined_at_the_finer_one() -> None:
    mapped = two_topics()
    mapped.update("solcast/today", solcast(1, 1.0, minutes=60), retained=False, now=NOW)
    result = mapped.update("solcast/tomorrow", solcast(2, 2.0), retained=False, now=NOW)
    assert result is not None
    assert (result.step_minutes, len(result.values_kw), sum(result.known_kw)) == (30, 96, 144.0)


def test_one_value_that_is_not_there_leaves_the_others() -> None:
    rows = json.loads(solcast(1, 1.0))
    rows[20]["pv_estimate"] = None
    result = read_forecast(json.dumps(rows).encode(), path=None, unit="kW", now=NOW)
    assert (len(result.values_kw), sum(result.known_kw)) == (48, 47.0)


def test_between_two_topics_nothing_is_known() -> None:
    mapped = two_topics()
    mapped.update("solcast/today", solcast(1, 1.0, hours=20), retained=False, now=NOW)
    result = mapped.update("solcast/tomorrow", solcast(2, 2.0), retained=False, now=NOW)
    assert result is not None
    assert result.values_kw == (1.0,) * 40 + (None,) * 8 + (2.0,) * 48
    forecasts = PvForecasts(HOME.tz)
    forecasts.update(result)
    ahead = forecasts.ahead(datetime(2026, 6, 1, 19, tzinfo=UTC), timedelta(hours=6), timedelta(minutes=30))
    assert ahead is not None
    np.testing.assert_array_equal(ahead, [1.0] * 2 + [np.nan] * 8 + [2.0] * 2)


def test_steps_that_do_not_divide_each_other_are_joined_at_what_divides_both() -> None:
    mapped = two_topics()
    mapped.update("solcast/today", solcast(1, 1.0, minutes=20), retained=False, now=NOW)
    result = mapped.update("solcast/tomorrow", solcast(2, 2.0, minutes=30), retained=False, now=NOW)
    assert result is not None
    assert (result.step_minutes, result.values_kw) == (10, (1.0,) * 144 + (2.0,) * 144)


def test_a_part_that_is_over_is_left_out() -> None:
    mapped = two_topics()
    assert mapped.update("solcast/today", solcast(1, 1.0), retained=False, now=NOW + timedelta(days=10)) is None
    later = NOW + timedelta(days=28)
    result = mapped.update("solcast/tomorrow", solcast(29, 2.0), retained=False, now=later)
    assert result is not None
    assert (result.start, set(result.values_kw)) == (datetime(2026, 6, 29, tzinfo=UTC), {2.0})


def test_parts_too_far_from_each_other_are_refused_in_a_sentence() -> None:
    mapped = two_topics()
    mapped.update("solcast/today", solcast(1, 1.0, minutes=5, hours=240), retained=False, now=NOW)
    with pytest.raises(DataError, match=r"pv_forecast: .*check its times"):
        mapped.update("solcast/tomorrow", solcast(12, 1.0, minutes=5, hours=240), retained=False, now=NOW)


def test_a_forecast_finer_than_slots_counts_as_the_mean_of_each() -> None:
    start = NOW + timedelta(minutes=10)
    fine = PvForecast(time=NOW, step_minutes=10, start=start, values_kw=(1.0, 2.0, 3.0, None, 5.0, None, None, None))
    result = in_slots(fine, timedelta(minutes=30))
    assert (result.start, result.step_minutes, result.values_kw) == (NOW, 30, (1.5, 4.0))
    assert in_slots(fine, timedelta(minutes=15)) is fine
    assert in_slots(result, timedelta(minutes=15)) is result


@pytest.mark.parametrize("value", [100.0, 3200.0])
def test_more_than_the_panels_can_give_is_refused(value: float) -> None:
    result = PvForecast(time=NOW, step_minutes=60, start=NOW, values_kw=(0.0, value))
    with pytest.raises(DataError, match="check its unit"):
        check_forecast(result, HOME)
    check_forecast(result.model_copy(update={"values_kw": (0.0, 4.9)}), HOME)
