"""Settings of the service: one file, overridden by environment variables, secrets from the environment only."""

import os
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    IPvAnyAddress,
    SecretStr,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict
from pydantic_settings import SettingsError as NotJsonError

from agent.decision.controls import Acting
from agent.decision.inverter_mapping import Actuation
from agent.llm.models import ModelSettings
from energy.errors import SettingsError
from energy.guard import Policy
from energy.home import Home
from energy.validation_messages import validation_messages
from ingest.evcc.settings import EvccSettings
from ingest.home_file import parse_text
from ingest.homeassistant.client import HomeAssistantSettings
from ingest.live.batteries import BATTERY_ROLES, BatterySensors
from ingest.live.mapping import MappedRole, SensorSource, check_sources
from ingest.prices.carbon import CarbonSettings
from ingest.prices.settings import PriceSettings
from transport.mqtt import BrokerAddress, BrokerTls
from transport.payloads import is_json

_MOST_DIGITS = 6


class _SettingsSection(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class MqttSettings(_SettingsSection):
    """Where the broker is; the password belongs into `ADVISOR_MQTT__PASSWORD`."""

    host: str = "127.0.0.1"
    port: int = Field(default=1883, ge=1, le=65535)
    username: str | None = None
    password: SecretStr | None = None
    # Encrypted, also where a file is named: `ca_file` for a broker with a certificate of its own making, the other two
    # where it asks for ours.
    tls: bool = False
    ca_file: Path | None = None
    cert_file: Path | None = None
    key_file: Path | None = None

    @property
    def address(self) -> BrokerAddress:
        """Where the broker listens, who we say we are, and how the way there is encrypted."""
        password = self.password.get_secret_value() if self.password else None
        tls = BrokerTls.wished(self.tls, self.ca_file, self.cert_file, self.key_file)
        return BrokerAddress(self.host, self.port, self.username, password, tls)


def _as_number(given: object) -> object:
    """A number that an environment variable or a quoted value gives as text."""
    return int(given) if isinstance(given, str) and given.isdecimal() and len(given) <= _MOST_DIGITS else given


class ServiceSettings(_SettingsSection):
    """How often and how far the advisor thinks."""

    clock: Literal["wall", "house"] = "wall"
    slot_minutes: Annotated[Literal[15, 30, 60], BeforeValidator(_as_number)] = 15
    horizon_hours: int = Field(default=24, ge=24, le=48)
    members: int = Field(default=12, ge=1, le=64)
    review_hours: float = Field(default=4.0, gt=0, le=24)
    review_deadline_s: float = Field(default=30.0, gt=0, le=600)
    # Decisions older than this are forgotten: they fill the disk.
    journal_days: int = Field(default=400, ge=31, le=3660)
    grace_s: float = Field(default=3.0, ge=0, le=60)
    # What it may do until somebody turns the control: a simulated house is acted on, a real home only advised.
    acting: Acting | None = None
    language: Literal["en", "es"] = "en"

    @property
    def begins_by(self) -> Acting:
        """What it may do at the very first start."""
        return self.acting or (Acting.ACT if self.clock == "house" else Acting.ADVISE)


class ApiSettings(_SettingsSection):
    """The service's page and API; the token belongs into `ADVISOR_API__TOKEN` or into `token_file`.

    Without a `token_file` one is kept, and drawn at the first start, in the memory's folder.
    """

    enabled: bool = True
    host: str = "127.0.0.1"
    port: int = Field(default=8765, ge=0, le=65535)
    token: SecretStr | None = None
    token_file: Path | None = None
    allowed_hosts: tuple[str, ...] = ()
    # Of the page: the browser's, or always this one.
    language: Literal["auto", "en", "es"] = "auto"
    page_url: str | None = Field(default=None, pattern=r"^(https?|homeassistant)://\S+$")
    ingress_from: IPvAnyAddress | None = None
    reads_per_second: float = Field(default=50.0, gt=0, le=10_000)
    asks_per_minute: float = Field(default=30.0, gt=0, le=600)
    changes_per_minute: float = Field(default=30.0, gt=0, le=600)


class ForecastSettings(_SettingsSection):
    """Section `[forecast]`: who expects what of the panels, asked while the service runs.

    `auto` asks Home Assistant where there is a token for it, else Open-Meteo where the place is known, else nobody.
    Without a `site_file` the panels are one array of the home's peak, tilted and facing the equator.
    """

    source: Literal["auto", "homeassistant", "open-meteo", "none"] = "auto"
    site_file: Path | None = None
    latitude: float | None = Field(default=None, ge=-90, le=90)
    longitude: float | None = Field(default=None, ge=-180, le=180)
    tilt_deg: float = Field(default=30.0, ge=0, le=90)
    azimuth_deg: float | None = Field(default=None, ge=0, lt=360)
    url: str | None = Field(default=None, pattern=r"^https?://")

    @property
    def knows_place(self) -> bool:
        """Whether weather can be asked for."""
        return self.site_file is not None or (self.latitude is not None and self.longitude is not None)

    @model_validator(mode="after")
    def _open_meteo_needs_a_place(self) -> Self:
        if self.source == "open-meteo" and not self.knows_place:
            raise ValueError("source 'open-meteo' needs latitude and longitude, or a site_file")
        return self


class BatterySettings(_SettingsSection):
    """Section `[batteries.<name>]`: where one of several batteries is read, and which of its entities are set."""

    sensors: dict[MappedRole, SensorSource] = {}
    actuation: Actuation = Actuation()

    @field_validator("sensors")
    @classmethod
    def _sensors_are_of_a_battery(cls, value: dict[MappedRole, SensorSource]) -> dict[MappedRole, SensorSource]:
        if foreign := sorted(set(value) - set(BATTERY_ROLES)):
            raise ValueError(f"{foreign[0]} is of the house: give it as [sensors.{foreign[0]}]")
        check_sources(value)
        return value


class Settings(BaseSettings):
    """Everything `advisor run` needs."""

    model_config = SettingsConfigDict(
        env_prefix="ADVISOR_",
        env_nested_delimiter="__",
        extra="forbid",
        frozen=True,
    )

    home_file: Path
    memory_dir: Path = Path(".advisor/memory")
    mqtt: MqttSettings = MqttSettings()
    service: ServiceSettings = ServiceSettings()
    policy: Policy = Policy()
    model: ModelSettings = ModelSettings()
    api: ApiSettings = ApiSettings()
    sensors: dict[MappedRole, SensorSource] = {}
    batteries: dict[str, BatterySettings] = {}
    prices: PriceSettings = PriceSettings()
    carbon: CarbonSettings | None = None
    forecast: ForecastSettings = ForecastSettings()
    homeassistant: HomeAssistantSettings = HomeAssistantSettings()
    actuation: Actuation = Actuation()
    evcc: EvccSettings | None = None

    @field_validator("sensors")
    @classmethod
    def _sensors_can_work(cls, value: dict[MappedRole, SensorSource]) -> dict[MappedRole, SensorSource]:
        check_sources(value)
        return value

    @model_validator(mode="after")
    def _clocks_agree(self) -> Self:
        foreign = self.sensors or any(one.sensors for one in self.batteries.values())
        if (foreign or self.evcc) and self.service.clock == "house":
            what = "sensors: foreign sensors tell no time" if foreign else "evcc: it lives by the wall clock"
            raise ValueError(f"{what}, so service.clock must be 'wall'")
        return self

    def battery_sensors(self, home: Home) -> BatterySensors:
        """What reads the home's batteries, where it has several."""
        sources = {name: one.sensors for name, one in self.batteries.items()}
        return BatterySensors(sources, home, max_age_s=self.policy.max_snapshot_age_s)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Environment before file: the file's values arrive as arguments."""
        del settings_cls, dotenv_settings
        return env_settings, init_settings, file_secret_settings


def check_batteries(settings: Settings, home: Home) -> None:
    """Refuse settings that do not fit a home's batteries.

    Raises:
        SettingsError: what is wrong, and what to write instead.
    """
    names = [one.name for one in home.batteries]
    for name in settings.batteries:
        if name not in names:
            known = f"has {', '.join(names)}" if names else "lists none under [[batteries]]"
            raise SettingsError(f"[batteries.{name}]: {home.name!r} {known}: use a name of home.toml")
    if not names:
        return
    whole = {
        "[sensors.battery_soc]": "battery_soc" in settings.sensors,
        "[actuation.entities]": bool(settings.actuation.entities),
        "[evcc]": settings.evcc is not None,
    }
    if wrong := next((section for section, given in whole.items() if given), None):
        raise SettingsError(
            f"{wrong} is for a home with one battery, and {home.name!r} has {', '.join(names)}: "
            f"give each its own under [batteries.{names[0]}.sensors] and [batteries.{names[0]}.actuation], or list one "
            "[battery] that is their sum"
        )


def _sources(err: ValidationError, path: Path) -> str:
    """Who said what is wrong: the file, or the variables that overrule it."""
    names = {"ADVISOR_" + "__".join(map(str, fault["loc"])).upper() for fault in err.errors(include_url=False)}
    overruling = sorted(name for name in names if name in os.environ)
    return " and ".join([*overruling, *([str(path)] if len(overruling) < len(names) else [])])


def _not_json() -> list[str]:
    """The variables that hold a whole section or a list and cannot be read."""
    sections = {f"ADVISOR_{name}".upper() for name, field in Settings.model_fields.items() if field.annotation != Path}
    return [
        name
        for name, value in sorted(os.environ.items())
        if name.upper().startswith("ADVISOR_")
        and (name.upper() in sections or value.lstrip()[:1] in {"[", "{"})
        and not is_json(value)
    ]


def load_settings(path: Path) -> Settings:
    """Read `advisor.toml` and the environment; the files that it names are looked for beside the settings.

    Raises:
        SettingsError: naming the file, each wrong key, its value and what is allowed; never a secret.
    """
    try:
        given = parse_text(path.read_text(encoding="utf-8"), path)
    except FileNotFoundError as err:
        raise SettingsError(f"settings file {str(path)!r} does not exist: run advisor setup") from err
    except UnicodeDecodeError as err:
        raise SettingsError(f"{path}: not valid TOML: {err}") from err
    except OSError as err:
        raise SettingsError(f"settings file {str(path)!r} cannot be read: {err.strerror}") from err
    try:
        settings = Settings(**given)
    except ValidationError as err:
        raise SettingsError(f"{_sources(err, path)}: {validation_messages(err, Settings)}") from err
    except (NotJsonError, RecursionError) as err:
        raise SettingsError(
            f"{' and '.join(_not_json()) or err}: not readable as JSON: correct it, or give each key a variable of its "
            "own, as ADVISOR_<SECTION>__<KEY>"
        ) from err
    beside = {name: _beside(section, path.parent) for name, section in settings if isinstance(section, BaseModel)}
    return settings.model_copy(update={"home_file": path.parent / settings.home_file, **beside})


def _beside(section: BaseModel, folder: Path) -> BaseModel:
    """A section whose files are looked for in a folder."""
    return section.model_copy(update={name: folder / file for name, file in section if isinstance(file, Path)})
