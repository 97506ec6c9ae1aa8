"""The house as two heat stores, air and walls, and a heat pump that holds a comfort band; energy is conserved."""

from dataclasses import dataclass

import numpy as np

from simulator.noise import Floats


@dataclass(frozen=True, slots=True)
class Envelope:
    """Two nodes: air with furniture, and the mass of the walls. Conductances in kW/K, capacities in kWh/K.

    C_air dT_air/dt = G_couple (T_mass - T_air) + G_vent (T_out - T_air) + Q_air
    C_mass dT_mass/dt = G_couple (T_air - T_mass) + G_wall (T_out - T_mass) + Q_mass
    """

    air_kwh_per_k: float
    mass_kwh_per_k: float
    couple_kw_per_k: float
    vent_kw_per_k: float
    wall_kw_per_k: float

    def stored_kwh(self, air_c: float, mass_c: float) -> float:
        """Heat above 0 °C."""
        return self.air_kwh_per_k * air_c + self.mass_kwh_per_k * mass_c

    def lost_kw(self, air_c: float, mass_c: float, outdoor_c: float) -> float:
        """Heat that leaves the house."""
        return self.vent_kw_per_k * (air_c - outdoor_c) + self.wall_kw_per_k * (mass_c - outdoor_c)


@dataclass(frozen=True, slots=True)
class ThermalStep:
    """One backward Euler step of an envelope: unconditionally stable, and the books balance to rounding.

    What is stored after a step is what was stored before, plus what was put in, less what leaves at the step's end.
    """

    envelope: Envelope
    hours: float

    def gains(self) -> tuple[float, float, float]:
        """Response of (air to air heat, air to mass heat = mass to air heat, mass to mass heat), in K/kW."""
        house = self.envelope
        air = house.air_kwh_per_k / self.hours + house.couple_kw_per_k + house.vent_kw_per_k
        mass = house.mass_kwh_per_k / self.hours + house.couple_kw_per_k + house.wall_kw_per_k
        determinant = air * mass - house.couple_kw_per_k**2
        return mass / determinant, house.couple_kw_per_k / determinant, air / determinant

    def pushes(self, air_c: float, mass_c: float, outdoor_c: float) -> tuple[float, float]:
        """What drives each node before any heat is added, in kW."""
        house = self.envelope
        return (
            house.air_kwh_per_k / self.hours * air_c + house.vent_kw_per_k * outdoor_c,
            house.mass_kwh_per_k / self.hours * mass_c + house.wall_kw_per_k * outdoor_c,
        )

    def advance(
        self, air_c: float, mass_c: float, *, outdoor_c: float, air_kw: float, mass_kw: float = 0.0
    ) -> tuple[float, float]:
        """Temperatures of air and mass after a step with heat into each."""
        to_air, across, to_mass = self.gains()
        air, mass = self.pushes(air_c, mass_c, outdoor_c)
        return to_air * (air + air_kw) + across * (mass + mass_kw), across * (air + air_kw) + to_mass * (mass + mass_kw)


def cooling_eer(outdoor_c: Floats) -> Floats:
    """Cold per electricity of a split air conditioner: 3.8 at 35 °C outdoors, 0.09 less for each degree more."""
    return np.clip(3.8 - 0.09 * (outdoor_c - 35.0), 2.0, 6.0)


@dataclass(frozen=True, slots=True)
class ClimateUnit:
    """What heats or cools: rated heat in kW, the least it modulates down to, and its comfort band in K.

    Above `air_above_c` people open windows if it is cooler outside, which carries `airing_kw_per_k` out.
    """

    rated_kw: float
    least_share: float = 0.25
    band_k: float = 1.0
    air_above_c: float = 24.0
    airing_kw_per_k: float = 0.0


@dataclass(frozen=True, slots=True, eq=False)
class Comfort:
    """What is wanted of each slot in °C; -inf to heat to means never heated, inf to cool to never cooled."""

    heat_to_c: Floats
    cool_to_c: Floats


@dataclass(frozen=True, slots=True, eq=False)
class IndoorClimate:
    """How a house fared, per slot: temperatures at its end, heat put in, taken out, and aired out in kW."""

    air_c: Floats
    mass_c: Floats
    heating_kw: Floats
    cooling_kw: Floats
    aired_kw: Floats


def keep_comfortable(
    step: ThermalStep,
    unit: ClimateUnit,
    comfort: Comfort,
    *,
    outdoor_c: Floats,
    gain_kw: Floats,
    start_c: float = 20.0,
) -> IndoorClimate:
    """Play a thermostat with hysteresis over consecutive slots, slot by slot because each depends on the last."""
    rows = zip(
        outdoor_c.tolist(), gain_kw.tolist(), comfort.heat_to_c.tolist(), comfort.cool_to_c.tolist(), strict=True
    )
    to_air, across, to_mass = step.gains()
    air_c, mass_c, heats, cools = start_c, start_c, False, False
    lived = []
    half = unit.band_k / 2
    for out_c, gains, heat_to, cool_to in rows:
        air, mass = step.pushes(air_c, mass_c, out_c)
        aired_kw = unit.airing_kw_per_k * max(air_c - out_c, 0.0) if air_c > unit.air_above_c else 0.0
        air += gains - aired_kw
        free_c = to_air * air + across * mass
        heats = air_c < heat_to + half if heats else air_c < heat_to - half
        cools = air_c > cool_to - half if cools else air_c > cool_to + half
        put_kw = _modulated((heat_to + half - free_c) / to_air, unit) if heats else 0.0
        taken_kw = _modulated((free_c - cool_to + half) / to_air, unit) if cools else 0.0
        into_air = air + put_kw - taken_kw
        air_c, mass_c = to_air * into_air + across * mass, across * into_air + to_mass * mass
        lived.append((air_c, mass_c, put_kw, taken_kw, aired_kw))
    return IndoorClimate(*np.array(lived).T)


def _modulated(wanted_kw: float, unit: ClimateUnit) -> float:
    """What a running unit gives: between its least and its rated heat."""
    return min(max(wanted_kw, unit.least_share * unit.rated_kw), unit.rated_kw)
