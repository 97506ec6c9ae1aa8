from datetime import UTC, datetime

from transport.payloads import state_json


def test_a_state_carries_value_unit_and_time() -> None:
    written = state_json(1.2340000004, "kW", datetime(2017, 1, 10, 8, tzinfo=UTC))
    assert written == '{"value": 1.234, "unit": "kW", "time": "2017-01-10T08:00:00+00:00"}'
