"""The stand-in for evcc as a fixture."""

from collections.abc import Iterator

import pytest

from devtools.evcc_stand_in import EvccStandIn, evcc_standing_in


@pytest.fixture
def evcc() -> Iterator[EvccStandIn]:
    with evcc_standing_in() as stand_in:
        yield stand_in
