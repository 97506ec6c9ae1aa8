from dataclasses import replace

from devtools.fleet.load import carry
from devtools.fleet.servers import LocalServers
from fleet.run import FleetSettings


def test_each_part_may_stand_still_and_nothing_is_lost(settings: FleetSettings, servers: LocalServers) -> None:
    """`python -m devtools.fleet.load` does so for ten minutes with a thousand homes."""
    found = carry(servers, replace(settings, lease_s=1.0), homes=6, minutes=0.35, stop_s=1.0, speed=30.0)
    assert found.well, found
    assert {one.part for one in found.stopped} >= {"ingest", "plan", "archive"}
    assert found.stopped[0].most_behind > 0
