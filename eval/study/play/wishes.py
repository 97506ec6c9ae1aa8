"""What a study is about: home, sizes, tariffs and prices; validated where they come in."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from energy.errors import SettingsError
from energy.home import ZoneName
from energy.panels import Place
from energy.validation_messages import allowed, dotted, faults, validation_messages

Heating = Literal["other", "heat_pump", "resistive"]
Habits = Literal["working", "at_home", "retired"]
Language = Literal["en", "es"]
PeakKw = Annotated[float, Field(ge=0, le=200)]
CapacityKwh = Annotated[float, Field(ge=0, le=1000)]


# A battery that charges or empties in two hours.
_KW_PER_KWH = 0.5


class _StudyInput(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Dwellers(_StudyInput):
    """Who lives there and what runs on electricity; `heating` is what warms rooms, `hot_water` the tap."""

    people: int = Field(default=3, ge=1, le=10)
    habits: Habits = "working"
    floor_m2: float = Field(default=110.0, ge=15, le=2000)
    heating: Heating = "other"
    hot_water: Heating = "other"
    cooling: bool = False
    car: bool = False
    load_factor: float = Field(default=1.0, gt=0, le=10)


class StudyPrices(_StudyInput):
    """What is assumed of money, in the home's currency; every figure can be changed in the report as well.

    Round figures of the kind that offers name, not a quotation. Panels and battery are installed prices with tax;
    `subsidy_share` is what comes back of them. A saving shrinks each year as what was bought ages.
    """

    battery_per_kwh: float = Field(default=600.0, ge=0, le=100_000)
    pv_per_kwp: float = Field(default=1200.0, ge=0, le=100_000)
    subsidy_share: float = Field(default=0.0, ge=0, le=0.9)
    battery_years: int = Field(default=15, ge=1, le=50)
    pv_years: int = Field(default=25, ge=1, le=50)
    battery_fade: float = Field(default=0.02, ge=0, lt=1)
    pv_fade: float = Field(default=0.005, ge=0, lt=1)
    discount_rate: float = Field(default=0.03, gt=-0.5, le=1)
    price_rise: float = Field(default=0.0, ge=-0.2, le=0.2)


class Panels(_StudyInput):
    """How the panels lie; azimuth clockwise from north."""

    tilt_deg: float = Field(default=30.0, ge=0, le=90)
    azimuth_deg: float = Field(default=180.0, ge=0, lt=360)


class StudyWishes(_StudyInput):
    """All that decides what is played; money that is only counted afterwards is in `prices`.

    `home` names a home in memory whose own days are played, else the household is made up. `weather_years` are
    further years of weather that show how much the answer moves by chance. A battery has `battery_kw`, else half its
    kilowatt-hours, and gives back `battery_efficiency` of what it took.
    """

    place_name: str
    place: Place
    zone: ZoneName
    mean_c: float | None = Field(default=None, ge=-40, le=40)
    country: str = "ES"
    currency: str = Field(default="EUR", pattern=r"^[A-Z]{3}$")
    household: Dwellers = Dwellers()
    home: str | None = None
    kwp: tuple[PeakKw, ...] = (0.0, 5.0)
    battery_kwh: tuple[CapacityKwh, ...] = (0.0, 5.0, 10.0)
    battery_kw: float | None = Field(default=None, gt=0, le=500)
    battery_efficiency: float = Field(default=0.9025, ge=0.5, le=1)
    tariffs: tuple[str, ...] = Field(default=("es-2.0td",), min_length=1)
    panels: Panels = Panels()
    prices: StudyPrices = StudyPrices()
    year: int = Field(default=2027, ge=1990, le=2090)
    seed: int = 1
    weather_years: int = Field(default=5, ge=0, le=20)
    with_advisor: bool = True
    step_minutes: Literal[15, 30, 60] = 60

    def power_kw(self, battery_kwh: float) -> float:
        """What a battery of a size can take or give."""
        return battery_kwh * _KW_PER_KWH if self.battery_kw is None else self.battery_kw

    @property
    def all_kwp(self) -> tuple[float, ...]:
        """The sizes of panels in order; the smallest is what stands there today."""
        return tuple(sorted(set(self.kwp)))

    @property
    def all_kwh(self) -> tuple[float, ...]:
        """The sizes of batteries in order, none among them."""
        return tuple(sorted({0.0, *self.battery_kwh}))


def checked_wishes(settings: object) -> StudyWishes:
    """Wishes from settings of any origin.

    Raises:
        SettingsError: naming each wrong key, its value and what is allowed.
    """
    try:
        return StudyWishes.model_validate(settings)
    except ValidationError as err:
        raise SettingsError(f"advisor study: {validation_messages(err, StudyWishes)}") from err


def wish_faults(settings: object) -> dict[str, str]:
    """What is wrong with settings, by the key; empty where nothing is."""
    try:
        StudyWishes.model_validate(settings)
    except ValidationError as err:
        return {dotted(fault["loc"]): allowed(fault, StudyWishes) for fault in faults(err)}
    return {}
