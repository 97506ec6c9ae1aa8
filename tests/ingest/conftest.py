"""A server on loopback that speaks Home Assistant's WebSocket, with what a test puts in."""

from collections.abc import Iterator

import pytest

from devtools.homeassistant_stand_in import HomeAssistantStandIn, homeassistant_standing_in


@pytest.fixture
def assistant() -> Iterator[HomeAssistantStandIn]:
    with homeassistant_standing_in() as stand_in:
        yield stand_in
