import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from energy.devices import heat_pump_cop
from simulator.house.thermal import ClimateUnit, Comfort, Envelope, ThermalStep, keep_comfortable
from simulator.synthetic.hot_water import Tank, keep_hot

HOUSE = Envelope(air_kwh_per_k=1.3, mass_kwh_per_k=10.0, couple_kw_per_k=1.0, vent_kw_per_k=0.05, wall_kw_per_k=0.1)
STEP = ThermalStep(HOUSE, 1 / 12)
UNIT = ClimateUnit(rated_kw=6.0, airing_kw_per_k=0.3)


def wanted(slots: int, heat_to: float, cool_to: float) -> Comfort:
    return Comfort(np.full(slots, heat_to), np.full(slots, cool_to))


@given(
    air=st.floats(-10, 40),
    mass=st.floats(-10, 40),
    outdoor=st.floats(-40, 50),
    heat=st.floats(-20, 20),
    into_mass=st.floats(-5, 5),
)
def test_a_step_loses_and_makes_no_heat(air: float, mass: float, outdoor: float, heat: float, into_mass: float) -> None:
    after = STEP.advance(air, mass, outdoor_c=outdoor, air_kw=heat, mass_kw=into_mass)
    gained = HOUSE.stored_kwh(*after) - HOUSE.stored_kwh(air, mass)
    assert gained == pytest.approx((heat + into_mass - HOUSE.lost_kw(*after, outdoor)) * STEP.hours, abs=1e-9)


@given(seed=st.integers(0, 1000), base=st.floats(-15, 38))
def test_days_with_thermostat_and_windows_balance_in_every_step(seed: int, base: float) -> None:
    rng = np.random.default_rng(seed)
    slots = 288
    outdoor = base + 6 * np.sin(np.arange(slots) / 46) + rng.normal(0, 0.3, slots)
    gains = rng.uniform(0, 1.5, slots)
    lived = keep_comfortable(STEP, UNIT, wanted(slots, 20.5, 26.0), outdoor_c=outdoor, gain_kw=gains, start_c=21.0)
    stored = HOUSE.stored_kwh(1, 0) * lived.air_c + HOUSE.stored_kwh(0, 1) * lived.mass_c
    before = np.concatenate([[HOUSE.stored_kwh(21.0, 21.0)], stored[:-1]])
    lost = HOUSE.vent_kw_per_k * (lived.air_c - outdoor) + HOUSE.wall_kw_per_k * (lived.mass_c - outdoor)
    put = gains + lived.heating_kw - lived.cooling_kw - lived.aired_kw
    np.testing.assert_allclose(stored - before, (put - lost) * STEP.hours, atol=1e-6)


def test_a_house_left_alone_takes_the_temperature_outside() -> None:
    air = mass = 25.0
    for _ in range(60 * 288):
        air, mass = STEP.advance(air, mass, outdoor_c=5.0, air_kw=0.0)
    assert (air, mass) == pytest.approx((5.0, 5.0), abs=0.01)


def test_constant_heat_ends_at_the_temperature_worked_by_hand() -> None:
    # 1.5 kW into the air, of which wall losses go through the coupling: walls and coupling in series, beside the vents.
    air = mass = 0.0
    for _ in range(120 * 288):
        air, mass = STEP.advance(air, mass, outdoor_c=0.0, air_kw=1.5)
    assert air == pytest.approx(1.5 / (0.05 + 1 / (1 / 1.0 + 1 / 0.1)), abs=0.01)


def test_the_thermostat_holds_its_band_in_winter_and_does_nothing_in_spring() -> None:
    day = 288
    winter = keep_comfortable(
        STEP, UNIT, wanted(7 * day, 20.5, np.inf), outdoor_c=np.full(7 * day, -2.0), gain_kw=np.full(7 * day, 0.3)
    )
    assert winter.air_c[day:].min() > 20.5 - 0.5 - 0.3
    assert winter.air_c[day:].max() < 20.5 + 0.5 + 0.3
    spring = keep_comfortable(
        STEP, UNIT, wanted(day, 20.5, 26.0), outdoor_c=np.full(day, 20.0), gain_kw=np.full(day, 0.3), start_c=22.0
    )
    assert not spring.heating_kw.any()
    assert not spring.cooling_kw.any()


def test_a_heat_pump_is_worth_less_when_it_is_cold_and_when_water_must_be_hot() -> None:
    mild, cold, hot_water = heat_pump_cop(np.array([7.0, -10.0, 7.0]), np.array([35.0, 35.0, 55.0]))
    assert mild == pytest.approx(6.81 - 0.121 * 28 + 0.00063 * 28**2)
    assert mild > hot_water > 1
    assert mild > cold > 1


@given(seed=st.integers(0, 1000), litres=st.floats(50, 400), rate=st.floats(0, 12))
def test_a_tank_balances_and_is_never_below_empty_or_above_full(seed: int, litres: float, rate: float) -> None:
    rng = np.random.default_rng(seed)
    tank = Tank(litres=litres, heater_kw=1.8)
    wanted_kw = rng.uniform(0, rate, 288) * (rng.random(288) < 0.1)
    lived = keep_hot(tank, wanted_kw, allowed=(rng.random(288) < 0.7).astype(float), hours=1 / 12)
    before = np.concatenate([[tank.full_kwh], lived.stored_kwh[:-1]])
    flow = lived.heating_kw - lived.lost_kw - lived.drawn_kw
    np.testing.assert_allclose(lived.stored_kwh - before, flow / 12, atol=1e-9)
    assert lived.stored_kwh.min() >= -1e-9
    assert lived.stored_kwh.max() <= tank.full_kwh + 1e-9
    assert (lived.drawn_kw <= wanted_kw + 1e-12).all()
