"""Synthetic homes known by name: days in each of them differ for a reason of their own."""

from collections.abc import Callable
from datetime import date

from energy.battery import Battery
from energy.errors import SettingsError
from energy.panels import Place, PvArray, PvPlant
from energy.pricing.tariff import PresetTariff
from simulator.synthetic.spec import CarSpec, Habits, HomeSpec, HouseSpec, Life
from simulator.weather.climate import ClimateWishes

MADRID = Place(latitude=40.42, longitude=-3.70, altitude_m=650)
SEVILLE = Place(latitude=37.39, longitude=-5.98, altitude_m=10)
LYON = Place(latitude=45.76, longitude=4.84, altitude_m=170)
MUNICH = Place(latitude=48.14, longitude=11.58, altitude_m=520)
FONTANA = Place(latitude=34.09, longitude=-117.44, altitude_m=380)
# A plateau is warmer than a mountain of its height.
_PLATEAU = ClimateWishes(mean_temperature_c=15.0)


def _heat_pump() -> HomeSpec:
    """Three people at home in a fair house whose heat pump follows the weather; few journeys and guests."""
    return HomeSpec(
        name="heat-pump",
        place=MUNICH,
        zone="Europe/Berlin",
        life=Life(people=3, habits="at_home", holidays_per_year=1, weekends_away_per_year=2, guest_evenings_per_year=6),
        house=HouseSpec(floor_m2=140, heating="heat_pump", hot_water="heat_pump"),
        pv=_south(8.0),
    )


def _busy() -> HomeSpec:
    """Four people who go away, have guests and drive an electric car."""
    return HomeSpec(
        name="busy-family",
        place=MADRID,
        zone="Europe/Madrid",
        climate=_PLATEAU,
        life=Life(
            people=4,
            dinner_hour=20.5,
            holidays_per_year=4,
            weekends_away_per_year=10,
            guest_evenings_per_year=30,
            visits_per_year=6,
        ),
        house=HouseSpec(floor_m2=130, cooling=True, hot_water="resistive"),
        car=CarSpec(),
        pv=_south(5.0),
    )


def _all_electric() -> HomeSpec:
    """Everything at once: heat pump, car, guests and journeys."""
    return HomeSpec(
        name="all-electric",
        place=LYON,
        zone="Europe/Paris",
        life=Life(people=4, holidays_per_year=3, weekends_away_per_year=8, guest_evenings_per_year=20),
        house=HouseSpec(floor_m2=140, heating="heat_pump", cooling=True, hot_water="heat_pump"),
        car=CarSpec(smart=False),
        pv=_south(8.0),
    )


def _couple() -> HomeSpec:
    """Two people at work, gas heating, panels to the east and west."""
    return HomeSpec(
        name="couple",
        place=SEVILLE,
        zone="Europe/Madrid",
        life=Life(people=2, dinner_hour=20.8),
        house=HouseSpec(floor_m2=85, cooling=True),
        pv=PvPlant(
            arrays=(
                PvArray(peak_kw=2.0, azimuth_deg=90, tilt_deg=20),
                PvArray(peak_kw=2.0, azimuth_deg=270, tilt_deg=20),
            ),
            inverter_kw=3.6,
        ),
        battery=Battery(capacity_kwh=5.0, max_charge_kw=2.5, max_discharge_kw=2.5, min_soc=0.05),
    )


def _retired() -> HomeSpec:
    """Two pensioners at home all day with electric hot water: days much alike."""
    return HomeSpec(
        name="retired",
        place=MADRID,
        zone="Europe/Madrid",
        climate=_PLATEAU,
        life=Life(people=2, habits="retired", dinner_hour=20.5, weekends_away_per_year=2),
        house=HouseSpec(floor_m2=95, hot_water="resistive"),
        pv=_south(4.0),
    )


def beside_recorded(number: int) -> HomeSpec:
    """A home such as the recorded ones of Fontana: all electric, large, with a heat pump; eight that differ.

    American homes use about one and a half times the plugs of European ones of their size; a third have a pool.
    """
    at = number % 8
    habits: tuple[Habits, ...] = (
        "working",
        "at_home",
        "retired",
        "at_home",
        "working",
        "working",
        "retired",
        "working",
    )
    return HomeSpec(
        name=f"fontana-{number}",
        place=FONTANA,
        zone="Etc/GMT+8",
        currency="USD",
        first_day=date(2016, 8, 1),
        life=Life(
            people=(2, 4, 2, 4, 5, 3, 3, 4)[at],
            habits=habits[at],
            dinner_hour=(18.5, 17.5, 18.0, 19.5, 18.5, 20.0, 17.0, 19.0)[at],
        ),
        house=HouseSpec(
            floor_m2=(170, 190, 160, 220, 210, 230, 180, 200)[at],
            insulation="poor" if at in (0, 4, 5) else "fair",
            heating="heat_pump",
            heat_to_c=21.5,
            cooling=True,
            cool_to_c=24.5,
            hot_water="heat_pump",
            plug_factor=1.5,
            pool_pump_kw=0.7 if at in (1, 4, 6) else 0.0,
        ),
        pv=PvPlant(
            arrays=(
                PvArray(peak_kw=(5, 4)[at % 2], tilt_deg=18, azimuth_deg=(180, 225, 150, 200, 260, 180, 120, 170)[at]),
            ),
            inverter_kw=(5, 4)[at % 2],
        ),
        tariff=PresetTariff(name="citylearn"),
    )


def _south(peak_kw: float) -> PvPlant:
    return PvPlant(arrays=(PvArray(peak_kw=peak_kw),), inverter_kw=peak_kw * 0.9)


PRESETS: dict[str, Callable[[], HomeSpec]] = {
    "heat-pump": _heat_pump,
    "busy-family": _busy,
    "all-electric": _all_electric,
    "couple": _couple,
    "retired": _retired,
}


def preset(name: str) -> HomeSpec:
    """A synthetic home by its name.

    Raises:
        SettingsError: there is none of that name.
    """
    if name not in PRESETS:
        raise SettingsError(f"synthetic home {name!r} is not known: use one of {', '.join(PRESETS)}")
    return PRESETS[name]()
