"""Two batteries live through a day under commands for one: never charging each other, released together."""

from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest

from agent.decision.read_back import ChangedByHand, Confirmed, ReadBack, Unchanged
from agent.service.battery_bank import BatteryBank
from energy.battery import NamedBattery
from energy.commands import BatteryCommand, Levels, Mode, ReleaseCommand, SlotLevels, read_command
from energy.flows import step_house
from energy.home import Grid, Home
from energy.pricing.tariff import FlatTariff
from ingest.live.batteries import BatterySensors
from ingest.live.snapshot import Snapshot
from transport.mqtt import Message, MqttLink
from transport.payloads import CommandState, state_json
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
        self.sent: list[tuple[str, str | bytes]] = []

    def publish(self, topic: str, payload: str | bytes, *, qos: int) -> None:
        assert qos == 1
        self.sent.append((topic, payload))
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


def command(now: datetime, *levels: Levels, decision: str = "a") -> BatteryCommand:
    slots = tuple(
        SlotLevels(start=now + at * timedelta(hours=1), end=now + (at + 1) * timedelta(hours=1), **one.model_dump())
        for at, one in enumerate(levels)
    )
    return BatteryCommand(
        decision_id=decision,
        valid_from=now,
        valid_until=slots[-1].end,
        mode=Mode.SELF_CONSUMPTION,
        slots=slots,
        reason_code="test",
        reason="",
    )


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


NAMES = ("garage", "cellar")


class Played:
    """A bank, what it reads, and the pair that obeys it."""

    def __init__(self, *socs: float) -> None:
        self.house = SimulatedPair(*socs)
        self.known = BatterySensors({}, HOME, max_age_s=120)
        self.bank = BatteryBank(HOME, {})
        self.link = cast("MqttLink", self.house)

    def step(self, now: datetime, load_kw: float = 1.0, pv_kw: float = 0.0, *, silent: str = "") -> None:
        """A minute begins: all but a silent battery are heard, and each is sent what is due."""
        self.known.sample(now)
        for one, soc in zip(BATTERIES, self.house.socs(), strict=True):
            if one.name != silent:
                topic = TOPICS.sensor(f"battery_soc_{one.name}")
                self.known.take(Message(topic, state_json(100 * soc, "%", now)), now=now)
        taken = Snapshot(now, load_kw, pv_kw, 0.5, None, None, None)
        self.bank.step(now, self.known, taken, self.link)

    def modes(self) -> dict[str, Mode | None]:
        return {name: one.mode if one else None for name, one in self.house.commands.items()}

    def answer(self, name: str, *, accepted: bool = True, detail: str = "") -> CommandState | None:
        answer = CommandState(time=NOON, decision_id="a", accepted=accepted, mode=None, detail=detail)
        return self.bank.confirm(name, answer)

    def state(self, name: str, now: datetime) -> Any:
        return next(one for one in self.bank.states(now, self.known) if one.name == name)


@pytest.mark.parametrize("plan", PLANS)
@pytest.mark.parametrize("socs", [(0.9, 0.1), (0.1, 0.9), (0.5, 0.5)])
def test_two_batteries_never_charge_each_other_through_six_hours(plan: str, socs: tuple[float, float]) -> None:
    played, moved = Played(*socs), 0.0
    for minute in range(6 * 60):
        now = NOON + minute * STEP
        # Clouds: the sun is above and below the house's need, minute by minute and for long.
        pv_kw, load_kw = 3.0 * (minute // 45 % 2) + 1.5 * (minute % 3 == 0), 1.0 + 2.0 * (minute % 7 == 0)
        if minute == 0:
            played.bank.give(command(NOON, *PLANS[plan]), NAMES)
        played.step(now, load_kw, pv_kw)
        into, out = played.house.live(now, load_kw, pv_kw)
        assert min(into, out) == 0
        moved += into + out
    assert moved > 0


def test_a_part_expires_soon_and_is_sent_again_when_it_changes_or_before_it_runs_out() -> None:
    played = Played(0.8, 0.2)
    played.bank.give(command(NOON, *PLANS["follow"]), NAMES)
    sent = []
    for minute in range(6):
        played.step(NOON + minute * STEP)
        sent.append(len(played.house.sent))
    assert sent == [2, 2, 4, 4, 6, 6]
    assert {one and one.valid_until for one in played.house.commands.values()} == {NOON + 9 * STEP}
    # The sun comes out: both are sent at once.
    played.step(NOON + 6 * STEP - STEP / 2, pv_kw=4.0)
    assert played.modes() == {"garage": Mode.HOLD, "cellar": Mode.HOLD}


def test_nothing_is_sent_on_charges_that_are_missing_or_readings_that_allow_no_decision() -> None:
    played = Played(0.8, 0.2)
    played.bank.give(command(NOON, *PLANS["charge"]), NAMES)
    played.known.sample(NOON)
    played.bank.step(NOON, played.known, Snapshot(NOON, 1.0, 0.0, 0.5, None, None, None), played.link)
    assert played.house.sent == []
    played.step(NOON)
    assert len(played.house.sent) == 2
    # What was sent runs out, and each is let go, once.
    for minute in range(1, 9):
        played.bank.step(NOON + minute * STEP, played.known, None, played.link)
    assert played.modes() == {"garage": None, "cellar": None}
    assert len(played.house.sent) == 4


def test_one_that_stops_answering_is_let_go_and_the_other_rests_until_that_is_safe_and_there_is_a_plan() -> None:
    played = Played(0.95, 0.2)
    played.bank.give(command(NOON, *PLANS["charge"]), NAMES)
    played.step(NOON)
    assert played.modes() == {"garage": Mode.HOLD, "cellar": Mode.CHARGE}
    played.step(NOON + 2 * STEP)
    for minute in (3, 4, 5):
        played.step(NOON + minute * STEP, silent="cellar")
    assert played.modes() == {"garage": Mode.HOLD, "cellar": None}
    assert played.bank.wishes_plan(played.known.answering(NOON + 5 * STEP))
    assert not played.bank.wishes_plan(played.known.answering(NOON + 5 * STEP))
    assert "battery cellar does not answer (its charge is 180 s old)" in played.state("cellar", NOON + 5 * STEP).problem
    # A plan for the garage alone empties it into the house, and the cellar may still charge by its last command.
    played.bank.give(command(NOON + 5 * STEP, *PLANS["follow"], decision="b"), ("garage",))
    played.step(NOON + 8 * STEP, silent="cellar")
    assert played.modes()["garage"] is Mode.HOLD
    played.step(NOON + 9 * STEP, silent="cellar")
    assert played.modes()["garage"] is Mode.SELF_CONSUMPTION
    # Once it answers again, they rest until there is a plan for both.
    played.step(NOON + 10 * STEP)
    assert played.modes() == {"garage": Mode.HOLD, "cellar": Mode.HOLD}
    assert played.bank.wishes_plan(played.known.answering(NOON + 10 * STEP))


def test_a_release_goes_to_both_and_ends_what_was_commanded() -> None:
    played = Played(0.8, 0.2)
    played.bank.give(command(NOON, *PLANS["hold"]), NAMES)
    played.step(NOON)
    assert all(played.house.commands.values())
    later = NOON + STEP
    release = ReleaseCommand(
        decision_id="r", valid_from=later, valid_until=later + 15 * STEP, reason_code="released", reason=""
    )
    played.bank.release(release, played.link)
    assert played.house.commands == {"garage": None, "cellar": None}
    played.house.sent.clear()
    played.step(later + STEP)
    assert played.house.sent == []


def test_a_decision_is_confirmed_once_each_battery_has_and_refused_by_the_name_of_one() -> None:
    played = Played(0.8, 0.2)
    played.bank.give(command(NOON, *PLANS["follow"]), NAMES)
    played.step(NOON)
    assert played.answer("garage") is None
    assert played.answer("nowhere") is None
    assert (played.state("garage", NOON).confirmed, played.state("cellar", NOON).confirmed) == (True, None)
    whole = played.answer("cellar", accepted=False, detail="no such mode")
    assert whole is not None
    assert (whole.accepted, whole.detail) == (False, "cellar: no such mode")
    assert played.state("cellar", NOON).problem == "no such mode"
    wanted = {"select.cellar": "Backup"}
    report = ReadBack(decision_id="a", wanted=wanted, shown=wanted)
    assert played.bank.update("cellar", report, now=NOON, respect=STEP) == Confirmed("a")
    assert played.state("cellar", NOON).confirmed


def test_a_hand_on_one_battery_leaves_that_one_as_it_is_and_lets_the_other_go() -> None:
    played = Played(0.8, 0.2)
    played.bank.give(command(NOON, *PLANS["follow"]), NAMES)
    played.step(NOON)
    wanted = {"select.cellar": "Self use"}
    played.bank.update("cellar", ReadBack(decision_id="a", wanted=wanted, shown=wanted), now=NOON, respect=STEP)
    by_hand = ReadBack(shown={"select.cellar": "Force charge"})
    outcome = played.bank.update("cellar", by_hand, now=NOON + STEP, respect=10 * STEP)
    assert isinstance(outcome, ChangedByHand)
    assert outcome.detail.startswith("cellar: select.cellar was set to 'Force charge'")
    assert played.bank.changed == outcome
    for minute in range(1, 9):
        played.step(NOON + minute * STEP)
    assert played.bank.respects(NOON + 8 * STEP)
    assert played.house.commands["garage"] is None
    assert played.house.commands["cellar"] is not None
    assert [topic for topic, _ in played.house.sent[2:]] == [TOPICS.battery_command("garage")]
    # Later, or when the household says so, both are commanded again.
    assert not played.bank.respects(NOON + 12 * STEP)
    played.step(NOON + 12 * STEP)
    assert all(played.house.commands.values())
    assert played.bank.update("nowhere", by_hand, now=NOON, respect=STEP) == Unchanged()
