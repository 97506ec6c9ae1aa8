from devtools.fleet.chaos import play_chaos
from fleet.run import FleetSettings


def test_killed_processes_lose_nothing_and_decide_nothing_twice(settings: FleetSettings) -> None:
    """Each role is killed twice, at random; `make fleet-chaos` plays a million readings."""
    found = play_chaos(settings, homes=8, readings=20_000, kills=6)
    assert found.well, found
    assert found.kills == {"ingest": 2, "plan": 2, "archive": 2}
