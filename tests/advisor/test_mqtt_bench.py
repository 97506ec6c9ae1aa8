"""The house on a real Mosquitto at full speed, beside a bare publisher."""

import os

import pytest

from advisor.mqtt_bench import _mosquitto, measure
from energy.errors import AdvisorError


@pytest.mark.slow
def test_the_house_keeps_up_with_a_bare_publisher() -> None:
    # On a quiet machine it reaches four fifths and more (`advisor bench mqtt`); on a busy one the two share the cores.
    try:
        with _mosquitto() as address:
            measured = measure(address, "mosquitto", rounds=3, hours=72)
    except AdvisorError as err:
        if os.environ.get("CI") == "true":
            raise
        pytest.skip(str(err))
    assert measured.messages > 15_000
    assert measured.share >= 0.6
