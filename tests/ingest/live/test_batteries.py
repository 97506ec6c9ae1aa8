"""Several batteries, each read from entities, foreign topics or its own topics, and what they are together."""

from datetime import UTC, datetime, timedelta

import pytest

from energy.errors import DataError
from energy.home import Home
from ingest.homeassistant.live_states import StateChanges, take_in
from ingest.live.batteries import BatterySensors
from ingest.live.mapping import LiveState, SensorSource
from transport.mqtt import Message
from transport.payloads import state_json

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
HOME = Home.model_validate(
    {
        "name": "test",
        "zone": "UTC",
        "pv_peak_kw": 4,
        "batteries": [
            {"name": "garage", "capacity_kwh": 8, "max_charge_kw": 4, "max_discharge_kw": 4},
            {"name": "cellar", "capacity_kwh": 2, "max_charge_kw": 1, "max_discharge_kw": 1},
            {"name": "attic", "capacity_kwh": 2, "max_charge_kw": 1, "max_discharge_kw": 1},
        ],
        "tariff": {"kind": "flat", "import_price": 0.3},
    }
)
SOC, POWER = "sensor.garage_charge", "sensor.garage_power"


@pytest.fixture
def sensors() -> BatterySensors:
    """The garage's by Home Assistant, the cellar's on a gateway's topic, the attic's on the advisor's own."""
    return BatterySensors(
        {
            "garage": {"battery_soc": SensorSource(entity=SOC), "battery_power": SensorSource(entity=POWER, sign=-1)},
            "cellar": {"battery_soc": SensorSource(topic="gateway/cellar", path="soc", unit="%")},
        },
        HOME,
        max_age_s=120,
    )


def say(sensors: BatterySensors, now: datetime, **charges: float) -> None:
    """Each battery says its charge in per cent, as it does."""
    for name, percent in charges.items():
        if name == "garage":
            states = (LiveState(SOC, str(percent).encode(), "%", now), LiveState(POWER, b"-1500", "W", now))
            changes = StateChanges(states, alive_at=now)
            faults, _ = take_in(changes, tuple(sensors.mapped.values()), now=now)
            assert not any(faults.values())
        elif name == "cellar":
            sensors.take(Message("gateway/cellar", b'{"soc": %f}' % percent), now=now)
        else:
            topic = f"energy_advisor/test/house/battery_soc_{name}"
            sensors.take(Message(topic, state_json(percent, "%", now)), now=now)
    sensors.sample(now)


def test_each_is_read_where_it_is_and_they_are_one(sensors: BatterySensors) -> None:
    assert sensors.followed == sensors.entities == {SOC, POWER}
    assert {topic.rpartition("/")[2] for topic in sensors.topics} >= {"cellar", "battery_soc_attic"}
    assert "energy_advisor/test/house/battery_soc_garage" not in sensors.topics
    say(sensors, NOON, garage=50, cellar=80, attic=20)
    assert sensors.answering(NOON) == ("garage", "cellar", "attic")
    assert sensors.socs(sensors.answering(NOON)) == {"garage": 0.5, "cellar": 0.8, "attic": 0.2}
    # What only one of them tells of its power says nothing of all.
    assert set(sensors.together(NOON)) == {"battery_soc"}
    assert sensors.together(NOON)["battery_soc"].value == pytest.approx(0.5)
    assert sensors.readings["garage"]["battery_power"].value == pytest.approx(1.5)
    for name, kw in (("cellar", -0.5), ("attic", 0.0)):
        topic = f"energy_advisor/test/house/battery_power_{name}"
        sensors.take(Message(topic, state_json(kw, "kW", NOON)), now=NOON)
    assert sensors.together(NOON)["battery_power"].value == pytest.approx(1.0)


def test_one_that_was_never_heard_is_waited_for_and_then_left_out(sensors: BatterySensors) -> None:
    say(sensors, NOON, garage=50, cellar=80)
    assert sensors.together(NOON) == {}
    assert sensors.faults(NOON) == {}
    later = NOON + 3 * MINUTE
    say(sensors, later, garage=50, cellar=80)
    assert sensors.answering(later) == ("garage", "cellar")
    assert sensors.together(later)["battery_soc"].value == pytest.approx(0.56)
    assert sensors.faults(later) == {
        "attic": "battery attic does not answer (its charge is not known yet): it is not commanded, and the others "
        "neither charge from the grid nor sell"
    }
    say(sensors, later + MINUTE, attic=10)
    assert sensors.faults(later + MINUTE) == {}


@pytest.mark.parametrize(
    ("topic", "payload", "says"),
    [
        ("gateway/cellar", b'{"soc": "unavailable"}', "battery cellar: battery_soc on 'gateway/cellar': it says"),
        ("gateway/cellar", b'{"soc": 180}', "battery cellar: battery_soc: 1.8 is outside 0 to 1"),
        ("energy_advisor/test/house/battery_soc_attic", b"unknown", "battery attic: battery_soc: 'unknown' is not"),
        # Each by its own size: what the garage can give is nothing that the attic can.
        (
            "energy_advisor/test/house/battery_power_attic",
            state_json(4.0, "kW", NOON),
            "battery attic: battery_power: 4 is outside",
        ),
    ],
)
def test_what_cannot_be_is_told_by_the_name_of_the_battery(
    sensors: BatterySensors, topic: str, payload: bytes, says: str
) -> None:
    say(sensors, NOON, garage=50, cellar=80, attic=20)
    with pytest.raises(DataError, match=says):
        sensors.take(Message(topic, payload), now=NOON)


def test_an_entity_that_is_lost_leaves_its_battery_out_with_the_reason(sensors: BatterySensors) -> None:
    say(sensors, NOON, garage=50, cellar=80, attic=20)
    take_in(StateChanges(lost=(SOC,), alive_at=NOON), tuple(sensors.mapped.values()), now=NOON)
    later = NOON + 3 * MINUTE
    say(sensors, later, cellar=80, attic=20)
    assert sensors.answering(later) == ("cellar", "attic")
    assert "Home Assistant has no entity 'sensor.garage_charge'" in sensors.faults(later)["garage"]


def test_a_home_with_one_battery_has_none_of_this() -> None:
    one = HOME.model_copy(update={"batteries": ()})
    sensors = BatterySensors({}, one, max_age_s=120)
    sensors.sample(NOON)
    assert (sensors.topics, sensors.followed, sensors.answering(NOON), sensors.together(NOON)) == (set(), set(), (), {})
