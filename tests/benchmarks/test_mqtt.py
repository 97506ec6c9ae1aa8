"""The house on a real Mosquitto at full speed, beside a bare publisher."""

import os

import pytest

from benchmarks.mqtt import _mosquitto, measure
from energy.errors import AdvisorError


@pytest.mark.slow
def test_the_house_is_measured_beside_a_bare_publisher() -> None:
    # How fast either is depends on the free cores: the exact ratio is for `python -m benchmarks mqtt` to tell.
    try:
        with _mosquitto() as address:
            measured = measure(address, "mosquitto", rounds=3, hours=72)
    except AdvisorError as err:
        if os.environ.get("CI") == "true":
            raise
        pytest.skip(str(err))
    assert measured.messages > 15_000
    assert measured.share > 0.2
