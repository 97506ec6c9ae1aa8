"""Two batteries live through a day under commands for one: told apart, never charging each other, released together."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from agent.service.battery_bank import BatteryBank
from energy.battery import NamedBattery
from energy.commands import BatteryCommand, Levels, Mode, ReleaseCommand, SlotLevels, read_command
from energy.flows import step_house
from energy.home import Grid, Home
from energy.pricing.tariff import FlatTariff
from transport.mqtt import Message
from transport.payloads import state_json
from transport.topics import Topics

NOON = datetime(2026, 1, 14, 12, tzinfo=UTC)
STEP = timedelta(minutes=1)
BATTERIES = (
    NamedBattery(name="garage", capacity_kwh=10, max_charge_kw=5, max_discharge_kw=5, min_soc=0.1),
    NamedBattery(name="cellar", capacity_kwh=5, max_charge_kw=2, max_discharge_kw=2.5),
)
HOME = Home.model_validate(
    {
        "name": "home",
        "zone": "UTC",
        "pv_peak_kw": 8,
        "batteries": [one.model_dump() for one in BATTERIES],
        "tariff": FlatTariff(import_price=0.2).model_dump(),
        "grid": {"allow_battery_export": True},
    }
)
TOPICS = Topics("home")


class SimulatedPair:
    """Two batteries, each with an inverter that obeys its own topic and follows what the other leaves of the house."""

    def __init__(self, *socs: float) -> None:
        self.stored = [one.capacity_kwh * soc for one, soc in zip(BATTERIES, socs, strict=True)]
        self.commands: dict[str, BatteryCommand | None] = {}
        self.told: list[tuple[str, str | bytes]] = []

    def publish(self, topic: str, payload: str | bytes, _retain: bool) -> None:
        self.told.append((topic, payload))
        for one in BATTERIES:
            if topic == TOPICS.battery_command(one.name):
                command = read_command(payload)
                self.commands[one.name] = command if isinstance(command, BatteryCommand) else None

    def socs(self) -> list[float]:
        return [kwh / one.capacity_kwh for kwh, one in zip(self.stored, BATTERIES, strict=True)]

    def live(self, now: datetime, load_kw: float, pv_kw: float) -> tuple[float, float]:
        """One minute; what went into the batteries and what came out of them, in kW."""
        into = out = 0.0
        for at, one in enumerate(BATTERIES):
            command = self.commands.get(one.name)
            levels = command.levels_at(now) if command else Levels(reserve_soc=1.0, surplus_to_soc=0.0)
            flows = step_house(
                load_kw + into, pv_kw + out, self.stored[at], levels=levels, battery=one, grid=Grid(), hours=1 / 60
            )
            into, out = into + float(flows.charge_kw), out + float(flows.discharge_kw)
            self.stored[at] = float(flows.stored_kwh)
        return into, out


def command(now: datetime, *levels: Levels) -> Message:
    slots = tuple(
        SlotLevels(start=now + at * timedelta(hours=1), end=now + (at + 1) * timedelta(hours=1), **one.model_dump())
        for at, one in enumerate(levels)
    )
    whole = BatteryCommand(
        decision_id="a",
        valid_from=now,
        valid_until=slots[-1].end,
        mode=Mode.SELF_CONSUMPTION,
        slots=slots,
        reason_code="test",
        reason="",
    )
    return Message(TOPICS.command, whole.model_dump_json().encode())


def tell(bank: BatteryBank, house: SimulatedPair, now: datetime, load_kw: float, pv_kw: float) -> None:
    for role, value in (("load_power", load_kw), ("pv_power", pv_kw)):
        bank.take(Message(TOPICS.sensor(role), state_json(value, "kW", now)), now)
    for one, soc in zip(BATTERIES, house.socs(), strict=True):
        bank.take(Message(TOPICS.sensor(f"battery_soc_{one.name}"), state_json(100 * soc, "%", now)), now)
    bank.step(now)


PLANS = {
    "charge": [Levels(charge_to_soc=0.8, reserve_soc=0.8)] * 6,
    "hold": [Levels(reserve_soc=1.0)] * 6,
    "follow": [Levels(reserve_soc=0.2)] * 6,
    "sell": [Levels(reserve_soc=0.1, export_to_soc=0.3)] * 6,
    "all": [
        Levels(charge_to_soc=0.7, reserve_soc=0.7),
        Levels(reserve_soc=0.5),
        Levels(reserve_soc=0.1),
        Levels(surplus_to_soc=0.6),
        Levels(export_to_soc=0.2),
        Levels(),
    ],
}


@pytest.mark.parametrize("plan", PLANS)
@pytest.mark.parametrize("socs", [(0.9, 0.1), (0.1, 0.9), (0.5, 0.5)])
def test_two_batteries_never_charge_each_other_through_six_hours(plan: str, socs: tuple[float, float]) -> None:
    house = SimulatedPair(*socs)
    bank = BatteryBank(HOME, house.publish)
    moved = 0.0
    for minute in range(6 * 60):
        now = NOON + minute * STEP
        # Clouds: the sun is above and below the house's need, minute by minute and for long.
        pv_kw, load_kw = 3.0 * (minute // 45 % 2) + 1.5 * (minute % 3 == 0), 1.0 + 2.0 * (minute % 7 == 0)
        tell(bank, house, now, load_kw, pv_kw)
        if minute == 0:
            bank.take(command(NOON, *PLANS[plan]), NOON)
        into, out = house.live(now, load_kw, pv_kw)
        assert min(into, out) == 0
        moved += into + out
    assert moved > 0


def test_their_charge_is_told_as_one_and_their_commands_expire_soon() -> None:
    house = SimulatedPair(0.8, 0.2)
    bank = BatteryBank(HOME, house.publish)
    tell(bank, house, NOON, 1.0, 0.0)
    [shared] = [payload for topic, payload in house.told if topic == TOPICS.sensor("battery_soc")]
    assert json.loads(shared)["value"] == pytest.approx(60)
    bank.take(command(NOON, *PLANS["follow"]), NOON)
    assert {name: one and one.valid_until for name, one in house.commands.items()} == {
        "garage": NOON + timedelta(minutes=5),
        "cellar": NOON + timedelta(minutes=5),
    }


def test_nothing_is_commanded_on_old_or_missing_charges() -> None:
    house = SimulatedPair(0.8, 0.2)
    bank = BatteryBank(HOME, house.publish)
    bank.take(command(NOON, *PLANS["charge"]), NOON)
    assert house.told == []
    tell(bank, house, NOON, 1.0, 0.0)
    assert len(house.commands) == 2
    house.told.clear()
    bank.step(NOON + timedelta(minutes=6))
    bank.take(Message(TOPICS.sensor("battery_soc_cellar"), b"nonsense"), NOON + timedelta(minutes=6))
    bank.take(Message(TOPICS.command, b"{"), NOON + timedelta(minutes=6))
    assert house.told == []


def test_a_release_goes_to_both_and_ends_what_was_commanded() -> None:
    house = SimulatedPair(0.8, 0.2)
    bank = BatteryBank(HOME, house.publish)
    tell(bank, house, NOON, 1.0, 0.0)
    bank.take(command(NOON, *PLANS["hold"]), NOON)
    assert all(house.commands.values())
    later = NOON + STEP
    release = ReleaseCommand(
        decision_id="r", valid_from=later, valid_until=later + 15 * STEP, reason_code="released", reason=""
    )
    bank.take(Message(TOPICS.command, release.model_dump_json().encode()), later)
    assert house.commands == {"garage": None, "cellar": None}
    house.told.clear()
    bank.step(later + STEP)
    assert house.told == []
