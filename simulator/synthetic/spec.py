"""What a synthetic home is: place, people, house, devices, panels, battery and what happens to it; validated."""

from datetime import date
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from energy.battery import Battery
from energy.errors import SettingsError
from energy.home import HOME_NAME, Grid, Home, ZoneName
from energy.panels import Place, PvArray, PvPlant
from energy.pricing.tariff import AnyTariff, PresetTariff
from energy.validation_messages import validation_messages
from simulator.weather.climate import ClimateWishes

Habits = Literal["working", "at_home", "retired"]
Quality = Literal["perfect", "good", "poor", "none"]


class _Spec(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class DayRange(_Spec):
    """Local days from `first` to `last`, both of them included."""

    first: date
    last: date

    @model_validator(mode="after")
    def _is_ordered(self) -> Self:
        if self.last < self.first:
            raise ValueError(f"last {self.last.isoformat()!r} is before first {self.first.isoformat()!r}: swap them")
        return self


class Visit(DayRange):
    """Guests of some days: `people` of them; `stays` over night or only come for the evening."""

    people: int = Field(default=3, ge=1, le=20)
    stays: bool = False


class CarSpec(_Spec):
    """An electric car; `smart` charging waits for the night, otherwise it begins when the car comes home."""

    capacity_kwh: float = Field(default=55.0, gt=0, le=300)
    charger_kw: float = Field(default=7.4, gt=0, le=43)
    kwh_per_km: float = Field(default=0.18, gt=0, le=1)
    commute_km: float = Field(default=30.0, ge=0, le=400)
    long_drives_per_year: float = Field(default=14.0, ge=0, le=200)
    charge_efficiency: float = Field(default=0.9, gt=0.3, le=1)
    smart: bool = False


class Life(_Spec):
    """Who lives there and how: planned periods, and how often chance adds more of them in a year."""

    people: int = Field(default=3, ge=1, le=10)
    habits: Habits = "working"
    dinner_hour: float = Field(default=19.5, ge=16, le=23)
    away: tuple[DayRange, ...] = ()
    guests: tuple[Visit, ...] = ()
    holidays_per_year: float = Field(default=2.0, ge=0, le=12)
    weekends_away_per_year: float = Field(default=4.0, ge=0, le=40)
    guest_evenings_per_year: float = Field(default=15.0, ge=0, le=150)
    visits_per_year: float = Field(default=3.0, ge=0, le=20)
    announced_share: float = Field(default=0.85, ge=0, le=1)


class HouseSpec(_Spec):
    """The building and what runs on electricity in it.

    `plug_factor` scales appliances, screens, lamps and standby against a usual European home of that size.
    """

    floor_m2: float = Field(default=110.0, ge=15, le=2000)
    insulation: Literal["poor", "fair", "good"] = "fair"
    heating: Literal["none", "heat_pump", "resistive"] = "none"
    cooling: bool = False
    hot_water: Literal["none", "heat_pump", "resistive"] = "none"
    heat_to_c: float = Field(default=20.5, ge=5, le=28)
    cool_to_c: float = Field(default=25.5, ge=16, le=40)
    standby_kw: float | None = Field(default=None, ge=0, le=5)
    plug_factor: float = Field(default=1.0, gt=0, le=5)
    pool_pump_kw: float = Field(default=0.0, ge=0, le=10)


class HomeSpec(_Spec):
    """A home that never was; two with the same spec and seed are the same."""

    name: str = Field(default="synthetic", pattern=HOME_NAME)
    place: Place
    zone: ZoneName
    currency: str = Field(default="EUR", pattern=r"^[A-Z]{3}$")
    first_day: date = date(2025, 1, 1)
    life: Life = Life()
    house: HouseSpec = HouseSpec()
    car: CarSpec | None = None
    pv: PvPlant = PvPlant(arrays=(PvArray(peak_kw=5.0),), inverter_kw=5.0)
    battery: Battery = Battery(capacity_kwh=10.0, max_charge_kw=5.0, max_discharge_kw=5.0, min_soc=0.05)
    grid: Grid = Grid()
    tariff: AnyTariff = Field(default=PresetTariff(name="es-2.0td"), discriminator="kind")
    climate: ClimateWishes = ClimateWishes()
    forecast: Quality = "good"

    def home(self) -> Home:
        """The fixed facts that the rest of the system knows a home by."""
        return Home(
            name=self.name,
            zone=self.zone,
            currency=self.currency,
            pv_peak_kw=self.pv.peak_kw,
            battery=self.battery,
            grid=self.grid,
            tariff=self.tariff,
        )


def check_spec(settings: object, *, source: str) -> HomeSpec:
    """A spec from settings of any origin.

    Raises:
        SettingsError: naming the source, each wrong key, its value and what is allowed.
    """
    try:
        return HomeSpec.model_validate(settings)
    except ValidationError as err:
        raise SettingsError(f"{source}: {validation_messages(err, HomeSpec)}") from err
