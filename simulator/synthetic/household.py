"""Consumption from the bottom up: cooking, washing, screens, light, cooling of food, standby; in five-minute steps."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from simulator.clock import LocalDays
from simulator.noise import Floats, remembering, running_mean, stream
from simulator.synthetic.cycles import CYCLES
from simulator.synthetic.diary import Diary
from simulator.synthetic.people import Occupancy
from simulator.synthetic.spec import HomeSpec
from simulator.weather.weather import Weather

# Daylight at which lamps begin to be lit, and at which all that are needed burn, in W/m² outside.
_DIM_W_M2, _DARK_W_M2 = 90.0, 10.0
# Thermal energy of one person's shower or bath, and of dishes and hands over a day, in kWh.
_SHOWER_KWH, _SINK_KWH = 1.6, 0.5


@dataclass(frozen=True, slots=True, eq=False)
class HouseholdContext:
    """What everything in a house depends on: its days, people and weather."""

    spec: HomeSpec
    local: LocalDays
    diary: Diary
    presence: Occupancy
    weather: Weather
    rest_days: Sequence[bool]
    seed: int


def plug_loads(house: HouseholdContext) -> dict[str, Floats]:
    """Power of everything but heating, cooling, hot water and the car, by name, in kW, each of shape (slots,)."""
    habits, moods = _Habits.of(house), _moods(house)
    busy = np.repeat(moods, np.diff(house.local.bounds))
    loads = {
        "standby": _standby(house),
        "fridge": _fridge(house),
        "lights": _lights(house) * busy,
        "screens": _screens(house) * busy,
    }
    kitchen, laundry, dishes, other = (np.zeros(house.local.slots) for _ in range(4))
    for day in range(house.local.count):
        rng = stream(house.seed, "chores", day)
        today = _DayState(day, rng, float(moods[day]), house.spec.life.dinner_hour + 0.8 * rng.normal())
        _cook(kitchen, house, habits, today)
        _wash(laundry, dishes, house, habits, today)
        _small_things(other, house, habits, today)
    loads |= {"cooking": kitchen, "laundry": laundry, "dishwasher": dishes, "other": other}
    scaled = {name: power_kw * house.spec.house.plug_factor for name, power_kw in loads.items()}
    return scaled | ({"pool": _pool(house)} if house.spec.house.pool_pump_kw else {})


def hot_water_draws(house: HouseholdContext) -> Floats:
    """Heat drawn from the tank in kW: showers after rising or before bed, dishes and hands while people are up."""
    drawn = np.zeros(house.local.slots)
    step_h = house.local.step.total_seconds() / 3600
    awake = house.presence.awake
    for day in range(house.local.count):
        rng = stream(house.seed, "water", day)
        people = round(float(awake[house.local.slice_of(day)].max(initial=0)))
        for _ in range(people):
            morning = rng.random() < 0.65
            at = _moment(house, day, (6.3, 9.5) if morning else (18.5, 23), rng)
            if at is not None and rng.random() < 0.85:
                drawn[at] += _SHOWER_KWH * rng.uniform(0.6, 1.4) / step_h
        part = house.local.slice_of(day)
        busy = awake[part].sum()
        if busy:
            drawn[part] += awake[part] / busy * _SINK_KWH * people**0.7 / step_h
    return drawn


@dataclass(frozen=True, slots=True)
class _Habits:
    """What tells this home from another: how often it cooks and washes, and how strong its appliances are."""

    cooks: float
    washes_per_week: float
    dries: bool
    has_dishwasher: bool
    strength: float
    wash_hour: float
    washes_up_by_night: bool

    @classmethod
    def of(cls, house: HouseholdContext) -> "_Habits":
        rng = stream(house.seed, "habits")
        people = house.spec.life.people
        return cls(
            cooks=rng.uniform(0.75, 1.15),
            washes_per_week=(1.0 + 0.9 * people) * rng.uniform(0.7, 1.3),
            dries=bool(rng.random() < 0.5),
            has_dishwasher=bool(rng.random() < 0.75),
            strength=rng.uniform(0.85, 1.2),
            wash_hour=rng.choice([9.5, 11.0, 16.0, 19.0]),
            washes_up_by_night=bool(rng.random() < 0.3),
        )


@dataclass(frozen=True, slots=True)
class _DayState:
    day: int
    rng: np.random.Generator
    mood: float
    dinner_h: float


def _moods(house: HouseholdContext) -> Floats:
    """How much is done at home, per day: weeks of illness, projects or leisure stand out by a quarter or so."""
    slow = remembering(stream(house.seed, "moods"), house.local.count, lasts_steps=14)
    return np.asarray(np.exp(0.3 * slow - 0.3**2 / 2), dtype=np.float64)


def _pool(house: HouseholdContext) -> Floats:
    """A filter pump on a timer of its own: three hours in the cold season, eight in the warm one, most days."""
    begins = stream(house.seed, "pool").uniform(7, 12) * 60
    warmth = running_mean(house.weather.temperature_c, 288 * 21)
    lasts = 60 * np.interp(warmth, [10, 24], [3, 8])
    on_days = stream(house.seed, "pool days").random(house.local.count) < 0.8
    runs = (house.local.minute >= begins) & (house.local.minute < begins + lasts)
    runs &= np.repeat(on_days, np.diff(house.local.bounds))
    return np.where(runs, house.spec.house.pool_pump_kw, 0.0)


def _standby(house: HouseholdContext) -> Floats:
    """Router, chargers, clocks and screens asleep: a floor of its own for each home."""
    rng = stream(house.seed, "standby")
    floor_kw = house.spec.house.standby_kw
    if floor_kw is None:
        floor_kw = 0.04 + 0.0004 * house.spec.house.floor_m2 * rng.uniform(0.5, 1.6)
    wobble = 1 + 0.04 * remembering(rng, house.local.slots, lasts_steps=24)
    return np.asarray(floor_kw * np.clip(wobble, 0.8, 1.2), dtype=np.float64)


def _fridge(house: HouseholdContext) -> Floats:
    """Compressors of fridge and freezer: on for a share of each cycle that grows with the room's warmth and use."""
    rng = stream(house.seed, "fridge")
    slots = np.arange(house.local.slots)
    total = np.zeros(house.local.slots)
    warmth = np.clip((running_mean(house.weather.temperature_c, 288) - 15) * 0.012, -0.05, 0.2)
    for power_kw, share in ((0.07, 0.3), (0.08, 0.33)):
        period = rng.uniform(8, 13)
        drift = 1.5 * remembering(rng, house.local.slots, lasts_steps=300)
        phase = (slots / period + drift) % 1
        share_now = share + warmth + 0.02 * house.presence.awake.clip(max=4)
        # A compressor that starts within a step runs for a part of it.
        total += power_kw * np.clip((share_now - phase) * period, 0, 1)
    return total


def _lights(house: HouseholdContext) -> Floats:
    """Lamps of the rooms where people are, once the day outside is dim; shared rooms need fewer lamps a head."""
    rng = stream(house.seed, "lights")
    lamp_kw = 0.022 * rng.uniform(0.7, 1.8)
    darkness = np.clip((_DIM_W_M2 - house.weather.light.ghi_w_m2) / (_DIM_W_M2 - _DARK_W_M2), 0.08, 1)
    rooms = house.presence.awake**0.7 * np.exp(0.35 * remembering(rng, house.local.slots, lasts_steps=5))
    return np.asarray(lamp_kw * 2 * rooms * darkness, dtype=np.float64)


def _screens(house: HouseholdContext) -> Floats:
    """Television in the evening and computers by day, of those who are awake at home."""
    rng = stream(house.seed, "screens")
    awake = house.presence.awake
    evening = (house.local.minute >= 18.5 * 60) & (awake > 0)
    television = np.where(evening, 0.11, 0.02 * (awake > 0)) * (remembering(rng, len(awake), lasts_steps=14) > -0.7)
    working = remembering(rng, len(awake), lasts_steps=20) > 0.3
    return np.asarray(television + 0.06 * awake**0.6 * working, dtype=np.float64)


def _cook(kitchen: Floats, house: HouseholdContext, habits: _Habits, today: _DayState) -> None:
    """Breakfast, lunch and dinner for whoever is there; guests mean the oven."""
    rng, dinner_h, cooks = today.rng, today.dinner_h, habits.cooks * today.mood
    _use(kitchen, "kettle", _moment(house, today.day, (6.2, 10), rng), habits, rng)
    _use(kitchen, "coffee machine", _moment(house, today.day, (6.2, 10.5), rng), habits, rng)
    if rng.random() < 0.6:
        _use(kitchen, "toaster", _moment(house, today.day, (6.5, 10), rng), habits, rng)
    lunch = _moment(house, today.day, (12, 14.5), rng)
    if rng.random() < cooks * (0.75 if house.rest_days[today.day] else 0.5):
        _use(kitchen, "hob" if rng.random() < 0.6 else "quick hob", lunch, habits, rng)
    dinner = _moment(house, today.day, (dinner_h - 0.9, dinner_h + 0.9), rng)
    guests = int(house.diary.guests[today.day])
    if rng.random() < cooks * 0.85 or guests:
        _use(kitchen, "hob", dinner, habits, rng, times=2 if guests else 1)
        _use(kitchen, "extractor hood", dinner, habits, rng)
    if rng.random() < cooks * (0.4 if house.rest_days[today.day] else 0.22) or guests:
        _use(kitchen, "oven", dinner, habits, rng, times=2 if guests > 2 else 1)
    for _ in range(rng.poisson((0.9 + 0.5 * house.spec.life.people) * today.mood + 0.4 * guests)):
        name = str(rng.choice(["kettle", "microwave", "quick hob", "coffee machine"], p=[0.35, 0.35, 0.1, 0.2]))
        _use(kitchen, name, _moment(house, today.day, (7, 23), rng), habits, rng)


def _wash(laundry: Floats, dishes: Floats, house: HouseholdContext, habits: _Habits, today: _DayState) -> None:
    """Laundry in the home's own hour, more of it on rest days and after guests or a journey; dishes after dinner."""
    rng = today.rng
    rest = house.rest_days[today.day]
    back = today.day > 0 and house.diary.empty_to[today.day - 1] == 24 * 60
    rate = habits.washes_per_week / 7 * today.mood * (1.5 if rest else 0.8) * (2.5 if back else 1)
    for _ in range(rng.poisson(rate)):
        hour = habits.wash_hour if rng.random() < 0.6 else rng.uniform(8, 20)
        at = _moment(house, today.day, (hour - 1.2, hour + 1.2), rng)
        _use(laundry, "washing machine", at, habits, rng)
        if at is not None and habits.dries and rng.random() < 0.7:
            _use(laundry, "dryer", at + 20 + int(rng.integers(8)), habits, rng)
    guests = int(house.diary.guests[today.day])
    runs = min(0.25 + 0.18 * house.spec.life.people, 0.95) if habits.has_dishwasher else 0.0
    if rng.random() < runs or guests:
        at = _moment(house, today.day, (20.2, 23.2), rng)
        # Some set a timer for the small hours.
        waits = int(rng.integers(24, 60)) if habits.washes_up_by_night else 0
        _use(dishes, "dishwasher", None if at is None else at + waits, habits, rng, times=1 + (guests > 4))


def _small_things(other: Floats, house: HouseholdContext, habits: _Habits, today: _DayState) -> None:
    rng = today.rng
    people = house.spec.life.people
    for _ in range(rng.binomial(people, 0.3)):
        _use(other, "hair dryer", _moment(house, today.day, (6.3, 9.5), rng), habits, rng)
    if rng.random() < (0.45 if house.rest_days[today.day] else 0.15):
        _use(other, "vacuum cleaner", _moment(house, today.day, (9.5, 19), rng), habits, rng)
    if rng.random() < (0.2 if house.rest_days[today.day] else 0.08):
        _use(other, "iron", _moment(house, today.day, (10, 21), rng), habits, rng)


def _moment(house: HouseholdContext, day: int, window_h: tuple[float, float], rng: np.random.Generator) -> int | None:
    """A slot of a local window in which somebody is awake at home, or None."""
    first, end = (house.local.slot_at(day, hour * 60) for hour in window_h)
    awake = np.flatnonzero(house.presence.awake[first:end])
    draw = rng.random()
    return first + int(awake[int(draw * len(awake))]) if len(awake) else None


def _use(
    drawn: Floats, name: str, at: int | None, habits: _Habits, rng: np.random.Generator, *, times: int = 1
) -> None:
    """Add a run of an appliance; what would go on past the last slot is left out."""
    strength = habits.strength * rng.uniform(0.85, 1.15)
    if at is None:
        return
    cycle = np.tile(CYCLES[name], times) * strength
    part = drawn[at : at + len(cycle)]
    part += cycle[: len(part)]
