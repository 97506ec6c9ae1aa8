"""What no single reading shows: a charge that does not follow the battery's power, and a meter that is stuck."""

from collections import deque
from dataclasses import dataclass
from datetime import datetime, timedelta

from energy.battery import Battery
from energy.home import Home
from energy.slots import hours
from ingest.live.snapshot import NoSnapshot, Reading, Role, Snapshot

# How far the charge may be from what the battery's power explains.
SOC_TOLERANCE = 0.10
# Share of the remaining difference that five minutes of agreement take away: meters and efficiencies drift.
_CORRECTION, _CORRECTION_TIME = 0.05, timedelta(minutes=5)
# A meter of a lived-in house that says the same to the last digit for so long, and so often, is stuck.
_STUCK_AFTER, _STUCK_READINGS = timedelta(hours=2), 24
# Below this a meter may well stand still: an empty house, a night, an inverter at rest.
_RESTING_KW = 0.05
_CLIPPED = 0.95
# How long a charge that jumped must go on without another jump, and what no jump is: meters count in whole per cent.
_SETTLES, _STEP, _RESOLUTION = timedelta(minutes=15), 0.03, 0.01
# A charge up to 1 % is a fraction under a percent unit, or another slip of units, where it comes first or is such a
# part of the one before.
_FRACTION, _SLIPS = 0.01, (100, 1000)
# A jump down to that must last longer: sensors that start anew say nothing for a while too.
_EMPTY_SETTLES = timedelta(hours=1)
_METERS: tuple[Role, ...] = ("load_power", "pv_power", "grid_power", "battery_power")
_WATCHED = (*_METERS, "battery_soc")
# A charge told in steps of one or two per cent moves when this much went through.
_MUST_SHOW = 0.03
# A charge that was not heard for so long is taken as new; a power that was not, as unknown.
_LONGEST_GAP, _POWER_LASTS = timedelta(hours=1), timedelta(minutes=15)


@dataclass(slots=True)
class _DoubtedCharge:
    """Why a charge is not believed, and how it has moved since `reading`: the battery's power counts `moved`."""

    reading: Reading
    jumped: bool
    fraction: bool = False
    moved: float = 0.0
    slack: float = 0.0

    @property
    def settles(self) -> timedelta:
        """How long it is too early to believe the charge by what it shows alone."""
        return _EMPTY_SETTLES if self.reading.value <= _FRACTION else _SETTLES

    def follows(self, value: float) -> bool:
        """Whether a charge is where the power since then puts it; one that drifted off must have moved for that."""
        off = abs(value - self.reading.value - self.moved)
        if self.slack or abs(self.moved) < _RESOLUTION:
            return off <= self.slack + _STEP and (self.jumped or value != self.reading.value)
        return off <= abs(self.moved) / 2


@dataclass(slots=True)
class _ChargeWatch:
    """Counts what goes into and out of the battery and compares the charge with it.

    `slack` is what a stretch of unknown power may have changed. A charge that is doubted is believed again when it
    comes back, when it has followed the battery's power over `SOC_TOLERANCE`, or, after a jump, when it has been steady
    or moved smoothly for a quarter of an hour, at nothing for an hour: a battery that sets its own count right jumps,
    and then goes on.
    """

    expected: float
    last: Reading
    slack: float = 0.0
    doubt: _DoubtedCharge | None = None

    def __post_init__(self) -> None:
        if _may_be_fraction(self.last.value):
            self.doubt = _DoubtedCharge(self.last, jumped=True, fraction=True)

    def update(self, reading: Reading, moved: float, slack: float) -> None:
        """Take in a charge, after the battery moved by `moved`, give or take `slack`, since the one before."""
        self.expected = min(max(self.expected + moved, 0.0), 1.0)
        self.slack += slack
        step = abs(reading.value - self.last.value) - abs(moved) - slack
        if self.doubt is not None:
            self._reconsider(reading, self.doubt, moved=moved, slack=slack, step=step)
        elif (fraction := self._became_a_fraction(reading.value)) or (
            abs(reading.value - self.expected) > SOC_TOLERANCE + self.slack
        ):
            self.doubt = _DoubtedCharge(reading, jumped=fraction or step > SOC_TOLERANCE / 2, fraction=fraction)
        else:
            self._correct(reading)
        self.last = reading

    def _became_a_fraction(self, value: float) -> bool:
        before = self.last.value
        slipped = any(abs(factor * value - before) <= _STEP for factor in _SLIPS)
        return slipped and _may_be_fraction(value) and before - value > _STEP

    def _correct(self, reading: Reading) -> None:
        share = min(_CORRECTION * ((reading.at - self.last.at) / _CORRECTION_TIME), 1.0)
        self.expected += (reading.value - self.expected) * (1.0 if self.slack else share)
        self.slack = 0.0

    def _reconsider(self, reading: Reading, doubt: _DoubtedCharge, *, moved: float, slack: float, step: float) -> None:
        doubt.moved += moved
        doubt.slack += slack
        back = abs(reading.value - self.expected) <= SOC_TOLERANCE
        far = abs(doubt.moved) >= SOC_TOLERANCE and doubt.follows(reading.value)
        settled = reading.at - doubt.reading.at >= doubt.settles and doubt.follows(reading.value)
        fraction = doubt.fraction and _may_be_fraction(reading.value)
        if not fraction and (back or far or settled):
            self.expected, self.slack, self.doubt = reading.value, 0.0, None
        elif step > _STEP or abs(reading.value - doubt.reading.value - doubt.moved) > SOC_TOLERANCE / 2 + doubt.slack:
            self.doubt = _DoubtedCharge(
                reading, jumped=step > _STEP, fraction=fraction or self._became_a_fraction(reading.value)
            )


def _may_be_fraction(value: float) -> bool:
    """Whether a charge is so small that it is more likely a fraction under a percent unit."""
    return 0 < value <= _FRACTION


class _BatteryFlow:
    """Change of charge by the battery's own power, counted from one charge reading to the next."""

    def __init__(self, battery: Battery) -> None:
        self._battery = battery
        self._power: Reading | None = None
        self._counted_to: datetime | None = None
        self._moved = 0.0
        self._slack = 0.0

    def update(self, reading: Reading) -> None:
        """A power speaks for the time up to it; discharge is positive at a sensor."""
        self._power = reading
        self._count(reading.at)

    def taken(self, now: datetime) -> tuple[float, float]:
        """What moved since this was last asked, and what that may be wrong by."""
        self._count(now)
        movement = self._moved, self._slack
        self._moved = self._slack = 0.0
        return movement

    def _count(self, now: datetime) -> None:
        battery, since = self._battery, self._counted_to
        if since is not None and now <= since:
            return
        self._counted_to = now
        if since is None or not battery.capacity_kwh:
            self._slack = 1.0
            return
        share = hours(now - since) / battery.capacity_kwh
        if self._power is None or now - self._power.at > _POWER_LASTS:
            self._slack += max(battery.max_charge_kw, battery.max_discharge_kw) * share
            return
        given_kw = self._power.value
        factor = battery.charge_efficiency if given_kw < 0 else 1 / battery.discharge_efficiency
        self._moved -= given_kw * factor * share


class PlausibilityCheck:
    """Remembers the readings of the last hours and says what is hard to believe."""

    def __init__(self, home: Home) -> None:
        self._home = home
        self._flow = _BatteryFlow(home.battery)
        self._charge: _ChargeWatch | None = None
        self._runs: dict[Role, deque[Reading]] = {}

    def update(self, role: Role, reading: Reading) -> None:
        """Take in a reading; one that is no newer than the last of its role says nothing."""
        if role == "battery_power":
            self._flow.update(reading)
        elif role == "battery_soc":
            self._on_charge(reading)
        if role in _WATCHED:
            run = self._runs.setdefault(role, deque(maxlen=_STUCK_READINGS * 60))
            if run and run[-1].value != reading.value:
                run.clear()
            if not run or reading.at > run[-1].at:
                run.append(reading)

    def judged(self, taken: Snapshot | NoSnapshot) -> Snapshot | NoSnapshot:
        """The snapshot, unless there is reason to doubt what it says."""
        if isinstance(taken, NoSnapshot):
            return taken
        doubts = (*self._charge_doubts(), *self._stuck_doubts(taken))
        return NoSnapshot(doubts, frozenset({"doubt"})) if doubts else taken

    def _on_charge(self, reading: Reading) -> None:
        watch = self._charge
        if watch is None or reading.at - watch.last.at > _LONGEST_GAP:
            self._flow.taken(reading.at)
            self._charge = _ChargeWatch(reading.value, reading)
        elif reading.at > watch.last.at:
            watch.update(reading, *self._flow.taken(reading.at))

    def _charge_doubts(self) -> tuple[str, ...]:
        watch = self._charge
        if watch is None or watch.doubt is None:
            return ()
        charge, counted = watch.last.value, f"{watch.expected:.0%}"
        if watch.doubt.fraction and _may_be_fraction(charge):
            return (f"battery_soc says {charge:.2%}, which looks like a fraction: check the sensor's unit",)
        doubt = (
            f"battery_soc says {charge:.0%}, the battery's power says {counted}: check the charge sensor and its unit"
        )
        if watch.doubt.jumped:
            doubt = (
                f"battery_soc jumped to {charge:.0%} where {counted} was expected: "
                "it counts again after a quarter of an hour without another jump"
            )
        if watch.doubt.jumped and watch.doubt.settles == _EMPTY_SETTLES:
            doubt = (
                f"battery_soc jumped to {charge:.0%} where {counted} was expected: "
                "it counts again after an hour without another jump"
            )
        return (doubt,)

    def _stuck_doubts(self, taken: Snapshot) -> tuple[str, ...]:
        if taken.grid_kw is None or taken.battery_kw is None:
            suspects = [role for role in _METERS[:2] if self._stands_still(role) and self._runs_on(role)]
            return tuple(f"{self._standing(role)}: check the meter" for role in suspects)
        # Where all powers are measured their balance shows a single stuck one; only all together can deceive it.
        if all(self._stands_still(role) for role in _METERS) or self._frozen():
            return (f"no meter has moved: {self._standing('load_power')}: check what reads the meters",)
        return ()

    def _frozen(self) -> bool:
        """Whether nothing has moved, not even the charge, while the battery is said to run."""
        since = [self._runs[role][0].at for role in _WATCHED if role in self._runs]
        battery = self._home.battery
        if len(since) < len(_WATCHED) or not battery.capacity_kwh:
            return False
        power = self._runs["battery_power"][-1]
        return abs(power.value) * hours(power.at - max(since)) >= _MUST_SHOW * battery.capacity_kwh

    def _stands_still(self, role: Role) -> bool:
        run = self._runs.get(role, deque[Reading]())
        return len(run) >= _STUCK_READINGS and run[-1].at - run[0].at >= _STUCK_AFTER

    def _runs_on(self, role: Role) -> bool:
        """Whether a meter at this value ought to move: neither at rest nor, for panels, at the inverter's limit."""
        value = self._runs[role][-1].value
        return value > _RESTING_KW and not (role == "pv_power" and value >= _CLIPPED * self._home.pv_peak_kw)

    def _standing(self, role: Role) -> str:
        run = self._runs[role]
        return f"{role} has stayed at {run[-1].value:g} kW since {run[0].at.isoformat()}"
