import json
from datetime import UTC, datetime

import pytest

from transport.payloads import state_json


def test_a_state_carries_value_unit_and_time() -> None:
    written = state_json(1.2340000004, "kW", datetime(2017, 1, 10, 8, tzinfo=UTC))
    assert written == b'{"value":1.234,"unit":"kW","time":"2017-01-10T08:00:00+00:00"}'


@pytest.mark.parametrize(("value", "said"), [(0.1 + 0.2, 0.3), (-3, -3.0), (1e-9, 0.0), (float("nan"), None)])
def test_any_state_is_json_and_what_is_no_number_is_unknown(value: float, said: float | None) -> None:
    written = state_json(value, "\"'€/kWh", datetime(2017, 1, 10, 8, tzinfo=UTC))
    assert json.loads(written) == {"value": said, "unit": "\"'€/kWh", "time": "2017-01-10T08:00:00+00:00"}
