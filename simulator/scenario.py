"""Scenarios: one page of YAML each, that says which home is played, when, and what is different about it."""

from collections.abc import Mapping
from datetime import date
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from energy.battery import Battery, NamedBattery
from energy.devices import AnyDevice
from energy.errors import SettingsError
from energy.home import HOME_NAME, Grid, implausible_price
from energy.pricing.tariff import AnyTariff
from simulator.house.sensors import SensorQuality, check_faults, sensors_of
from simulator.synthetic.presets import PRESETS, preset
from simulator.synthetic.spec import HomeSpec
from simulator.yaml_file import read_yaml

_FOLDER = files("simulator") / "scenarios"
_SUFFIX = ".yaml"

Factor = Annotated[float, Field(gt=0, le=10)]


class _ScenarioModel(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


def _by_name(given: object) -> object:
    """A synthetic home may be given whole, or by the name of a known one."""
    if not isinstance(given, str):
        return given
    if given not in PRESETS:
        raise ValueError(f"synthetic {given!r} is not known: use one of {', '.join(PRESETS)}, or say all of it")
    return preset(given)


class PlayedHome(_ScenarioModel):
    """The home that is played; what is not given stays as it was recorded, or as the synthetic home has it.

    `synthetic` is one that is made up for the days of the scenario, by weather and people drawn from `seed`: the name
    of a known one, or all that makes it, anywhere on Earth.
    """

    recorded: str = "citylearn-4"
    synthetic: Annotated[HomeSpec, BeforeValidator(_by_name)] | None = None
    seed: int = Field(default=1, ge=0)
    currency: str = Field(default="EUR", pattern=r"^[A-Z]{3}$")
    battery: Battery | None = None
    batteries: tuple[NamedBattery, ...] = Field(default=(), max_length=8)
    grid: Grid | None = None
    pv_factor: Annotated[float, Field(ge=0, le=10)] = 1.0
    load_factor: Factor = 1.0
    devices: tuple[AnyDevice, ...] = Field(default=(), max_length=20)

    @model_validator(mode="after")
    def _is_one_home(self) -> Self:
        if self.synthetic is not None and "recorded" in self.model_fields_set:
            raise ValueError(f"both recorded {self.recorded!r} and synthetic {self.synthetic.name!r}: give one")
        if self.battery is not None and self.batteries:
            raise ValueError("battery and batteries are both given: leave battery out, it is their sum")
        return self

    @property
    def all_batteries(self) -> tuple[Battery, ...]:
        """The batteries that are given in place of the home's own."""
        return self.batteries or (() if self.battery is None else (self.battery,))


class AwayDays(_ScenarioModel):
    """Days that nobody is at home: only what always runs goes on."""

    first_day: date
    last_day: date

    @model_validator(mode="after")
    def _days_are_ordered(self) -> Self:
        if self.last_day < self.first_day:
            raise ValueError(f"last_day {self.last_day} is before first_day {self.first_day}: swap them")
        return self


class DailyPrices(_ScenarioModel):
    """A dynamic tariff drawn from one day's shape: 24 hourly prices, each day's distance from their mean scaled.

    The scale of a day is exp(N(0, `variation`)), drawn from `seed`; exports earn `export_share` of the import price
    less `export_fee`, which may be negative.
    """

    kind: Literal["daily"] = "daily"
    import_prices: tuple[Annotated[float, Field(ge=-10, le=10)], ...] = Field(min_length=24, max_length=24)
    export_share: float = Field(default=1.0, ge=0, le=1)
    export_fee: float = Field(default=0.0, ge=0, le=10)
    variation: float = Field(default=0.0, ge=0, le=1)
    seed: int = Field(default=1, ge=0)


class Played(_ScenarioModel):
    """When it is played, from local midnight on, and how full the battery is then."""

    first_day: date
    hours: int = Field(ge=1, le=24 * 28)
    start_soc: float = Field(default=0.2, ge=0, le=1)
    memory_days: int = Field(default=90, ge=1, le=400)


class Scenario(_ScenarioModel):
    """One page: a title, a home, a tariff, what is forecast, and when it is played."""

    title: str = Field(min_length=8, max_length=80)
    about: str = Field(min_length=20, max_length=1000)
    home: PlayedHome = PlayedHome()
    tariff: Annotated[AnyTariff | DailyPrices, Field(discriminator="kind")] | None = None
    away: AwayDays | None = None
    forecast: Literal["perfect", "good", "poor", "none"] = "good"
    sensors: SensorQuality = SensorQuality()
    play: Played

    @model_validator(mode="after")
    def _battery_can_start_there(self) -> Self:
        for battery in self.home.all_batteries:
            if not battery.min_soc <= self.play.start_soc <= battery.max_soc:
                raise ValueError(
                    f"play.start_soc {self.play.start_soc!r} is outside the battery's band: "
                    f"use {battery.min_soc!r} to {battery.max_soc!r}",
                )
        return self

    @model_validator(mode="after")
    def _prices_fit_the_currency(self) -> Self:
        if self.tariff is None or isinstance(self.tariff, DailyPrices):
            return self
        if strange := implausible_price(self.tariff, self.home.currency):
            raise ValueError(f"tariff: {strange}")
        return self

    @model_validator(mode="after")
    def _faults_are_of_its_sensors(self) -> Self:
        known = sensors_of(self.home.currency, self.home.devices, self.home.batteries)
        if strange := check_faults(self.sensors.faults, (sensor.name for sensor in known)):
            raise ValueError(strange)
        return self


def scenario_names() -> tuple[str, ...]:
    """Names of the scenarios that are shipped."""
    return tuple(sorted(file.name.removesuffix(_SUFFIX) for file in _FOLDER.iterdir() if file.name.endswith(_SUFFIX)))


def load_scenario(name: str) -> Scenario:
    """A shipped scenario by its name, or one's own by the path of its file.

    Raises:
        SettingsError: there is none, or it says something impossible: file, line, key, value and what is allowed.
    """
    if name.endswith(_SUFFIX):
        return read_yaml(Path(name), Scenario)
    if name not in scenario_names():
        known = ", ".join(scenario_names())
        raise SettingsError(f"scenario {name!r} is not known: use one of {known}, or the path of a {_SUFFIX} file")
    return read_yaml(_FOLDER / f"{name}{_SUFFIX}", Scenario)


def home_name(name: str) -> str:
    """What the played home is called: the scenario's name, or that of its file.

    Raises:
        SettingsError: the file's name is no name of a home.
    """
    short = Path(name).name.removesuffix(_SUFFIX)
    if not HOME_NAME.fullmatch(short):
        raise SettingsError(f"scenario file {short!r} names a home: use small letters, digits, - and _, at most 48")
    return short


def all_scenarios() -> Mapping[str, Scenario]:
    """Every shipped scenario by name."""
    return {name: load_scenario(name) for name in scenario_names()}
