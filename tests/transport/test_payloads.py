import json
from datetime import UTC, datetime

import pytest
from pydantic import BaseModel, ValidationError

from transport.payloads import CommandState, DeviceState, Moment, PvForecast, TemperatureForecast, state_json


def test_a_state_carries_value_unit_and_time() -> None:
    written = state_json(1.2340000004, "kW", datetime(2017, 1, 10, 8, tzinfo=UTC))
    assert written == b'{"value":1.234,"unit":"kW","time":"2017-01-10T08:00:00+00:00"}'


@pytest.mark.parametrize(("value", "text"), [(0.1 + 0.2, 0.3), (-3, -3.0), (1e-9, 0.0), (float("nan"), None)])
def test_any_state_is_json_and_what_is_no_number_is_unknown(value: float, text: float | None) -> None:
    written = state_json(value, "\"'€/kWh", datetime(2017, 1, 10, 8, tzinfo=UTC))
    assert json.loads(written) == {"value": text, "unit": "\"'€/kWh", "time": "2017-01-10T08:00:00+00:00"}


_TIME = '"time":"2026-01-10T08:00:00+00:00"'
_DIGITS = "9" * 400


@pytest.mark.parametrize("year", ["0001", "1969", "2200", "9999"])
@pytest.mark.parametrize("offset", ["Z", "+14:00", "-14:00"])
def test_a_year_in_which_nothing_can_be_computed_is_no_time(year: str, offset: str) -> None:
    with pytest.raises(ValidationError, match="is not between 1970 and 2199"):
        Moment.model_validate_json(f'{{"time":"{year}-06-15T00:00:00{offset}"}}')


@pytest.mark.parametrize(
    ("model", "payload"),
    [
        (DeviceState, f'{{{_TIME},"device":"car","follows":"command","power_kw":{_DIGITS}}}'),
        (DeviceState, f'{{{_TIME},"device":"car","follows":"command","power_kw":1,"needed_kwh":{_DIGITS}}}'),
        (PvForecast, f'{{{_TIME},"step_minutes":15,"start":"2026-01-10T08:00:00Z","values_kw":[{_DIGITS}]}}'),
        (PvForecast, f'{{{_TIME},"step_minutes":{_DIGITS},"start":"2026-01-10T08:00:00Z","values_kw":[]}}'),
        (TemperatureForecast, f'{{{_TIME},"step_minutes":15,"start":"2026-01-10T08:00:00Z","values_c":[{_DIGITS}]}}'),
        (Moment, f'{{"time":{_DIGITS}}}'),
        (CommandState, f'{{{_TIME},"decision_id":"{_DIGITS}","accepted":true,"mode":null,"detail":""}}'),
    ],
)
def test_hundreds_of_digits_are_refused_by_the_payload_itself(model: type[BaseModel], payload: str) -> None:
    with pytest.raises(ValidationError):
        model.model_validate_json(payload)
