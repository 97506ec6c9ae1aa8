"""Section `[prices]`: where the price of electricity comes from while the service runs, and what is on top of it."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Literal, Self
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator

from energy.errors import DataError, SettingsError
from energy.home import Home
from energy.pricing.series import PriceRun, PriceSeries
from energy.pricing.tariff import AnyTariff, Contract, DynamicTariff, as_contract
from ingest.prices.book import Floats, PriceBook, book_file
from ingest.prices.units import read_unit

PriceOrigin = Literal["none", "mqtt", "homeassistant", "redata", "esios", "entsoe"]
_LONGEST_TOKEN = 4096
# The shortest slot that any market is billed by.
_QUARTER = timedelta(minutes=15)
# What a source cannot be asked without.
_NEEDS: dict[PriceOrigin, str] = {"mqtt": "topic", "homeassistant": "entity", "entsoe": "area"}


class PriceSettings(BaseModel):
    """Source, unit and what is added: import = (price + add_per_kwh) (1 + tax_percent / 100).

    A token belongs into `ADVISOR_PRICES__TOKEN` or a file of its own.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    source: PriceOrigin = "none"
    topic: str | None = Field(default=None, min_length=1)
    entity: str | None = Field(default=None, pattern=r"^[a-z_]+\.[a-z0-9_]+$")
    action: str | None = Field(default=None, pattern=r"^[a-z_]+\.[a-z0-9_]+$")
    action_data: dict[str, str] = {}
    unit: str | None = None
    series: str | None = Field(default=None, min_length=1)
    indicator: Literal["pvpc", "spot"] = "pvpc"
    area: str | None = Field(default=None, pattern=r"^[A-Z0-9-]{16}$")
    token: SecretStr | None = None
    token_file: Path | None = None
    url: str | None = Field(default=None, pattern=r"^https?://")
    add_per_kwh: float = 0.0
    tax_percent: float = Field(default=0.0, ge=0, le=100)
    export: Literal["tariff", "market"] = "tariff"
    export_add_per_kwh: float = 0.0

    @field_validator("unit")
    @classmethod
    def _is_a_unit(cls, value: str | None) -> str | None:
        if value is not None:
            try:
                read_unit(value)
            except DataError as err:
                raise ValueError(str(err)) from err
        return value

    @model_validator(mode="after")
    def _source_says_where(self) -> Self:
        wanted = None if self.action else _NEEDS.get(self.source)
        if wanted and getattr(self, wanted) is None:
            raise ValueError(f"source {self.source!r} needs {wanted}: name it, see docs/prices.md")
        return self

    def secret(self) -> str:
        """The market's token.

        Raises:
            SettingsError: there is none, or its file cannot be read.
        """
        if self.token is not None:
            return self.token.get_secret_value()
        if self.token_file is None:
            raise SettingsError(f"prices.source {self.source!r} needs a token: put it into ADVISOR_PRICES__TOKEN")
        try:
            token = self.token_file.read_text(encoding="ascii").strip()
        except (OSError, UnicodeDecodeError) as err:
            raise SettingsError(f"token file {str(self.token_file)!r} cannot be read: check prices.token_file") from err
        if not 0 < len(token) <= _LONGEST_TOKEN or len(token.split()) != 1:
            raise SettingsError(f"token file {str(self.token_file)!r} must hold the token and nothing else")
        return token

    def tariff(
        self, book: PriceBook, usual: AnyTariff, zone: ZoneInfo, *, step: timedelta, now: datetime
    ) -> AnyTariff | None:
        """The tariff that the known prices make, with export as `usual` has it or at the market's price.

        A contract gets them as the series that it reads, and puts its own terms and taxes on top. None while no price
        is known.
        """
        known = book.series(step, now=now)
        return None if known is None else self._made(usual, *known, zone, step)

    def billed_tariff(self, book: PriceBook, usual: AnyTariff, zone: ZoneInfo) -> AnyTariff:
        """The tariff that bills are made with: the published prices, and none where none was published.

        What the tariff's own series say of the time before the book begins stays.
        """
        known = book.published(_QUARTER)
        if known is None:
            return usual
        start, market = known
        contract = as_contract(self._made(usual, start, np.nan_to_num(market), zone, _QUARTER))
        before = as_contract(usual).series
        series = {
            name: one if one is before.get(name) else _published(one, np.isnan(market), before.get(name))
            for name, one in contract.series.items()
        }
        return contract.model_copy(update={"series": series})

    def _made(self, usual: AnyTariff, start: datetime, market: Floats, zone: ZoneInfo, step: timedelta) -> AnyTariff:
        if isinstance(usual, Contract) and usual.needs:
            return _with_series(usual, self.series or usual.live or usual.needs[0], start, market, step)
        imports = (market + self.add_per_kwh) * (1 + self.tax_percent / 100)
        exports = market + self.export_add_per_kwh
        if self.export == "tariff":
            exports = _usual_export(usual, [start + at * step for at in range(len(market))], zone)
        return DynamicTariff(
            start=start,
            step_minutes=step // timedelta(minutes=1),
            published_at_hour=None,
            import_prices=tuple(imports.round(6).tolist()),
            export_prices=tuple(exports.round(6).tolist()),
        )


class BilledHome:
    """A home with the tariff that its bills are made with, as the prices that the service keeps on disk make it."""

    def __init__(self, home: Home, settings: PriceSettings, memory: Path) -> None:
        self._home, self._settings, self._file = home, settings, book_file(memory, home.name)
        self._made: tuple[int, Home] | None = None

    def __call__(self) -> Home:
        """The home with the prices that have been published by now."""
        if self._settings.source == "none" or not self._file.exists():
            return self._home
        written = self._file.stat().st_mtime_ns
        made = self._made
        if made is None or made[0] != written:
            book = PriceBook(self._home.tz, self._home.currency, self._file)
            tariff = self._settings.billed_tariff(book, self._home.tariff, self._home.tz)
            self._made = made = (written, self._home.model_copy(update={"tariff": tariff}))
        return made[1]


def _with_series(contract: Contract, name: str, start: datetime, market: Floats, step: timedelta) -> Contract:
    """The contract with a series of the known prices; what its published values include stays as it is described."""
    run = PriceRun(start=start, step_minutes=step // timedelta(minutes=1), per_kwh=tuple(market.tolist()))
    described = contract.series.get(name)
    includes = described.includes if described else ()
    series = PriceSeries(runs=(run,), includes=includes, published_at_hour=None)
    return contract.model_copy(update={"series": contract.series | {name: series}})


def _published(made: PriceSeries, is_unknown: NDArray[np.bool_], before: PriceSeries | None) -> PriceSeries:
    """The series without the prices of slots that were not published, behind what was known before it."""
    [run] = made.runs
    values = tuple(None if unknown else price for price, unknown in zip(run.per_kwh, is_unknown, strict=True))
    earlier = before.until(run.start) if before else None
    runs = (*(earlier.runs if earlier else ()), run.model_copy(update={"per_kwh": values}))
    return made.model_copy(update={"runs": runs})


def _usual_export(usual: AnyTariff, starts: Sequence[datetime], zone: ZoneInfo) -> Floats:
    try:
        return usual.prices(starts, zone).export_per_kwh
    except DataError:
        return np.zeros(len(starts))
