"""Section `[prices]`: where the price of electricity comes from while the service runs, and what is on top of it."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Literal, Self
from zoneinfo import ZoneInfo

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator

from energy.errors import DataError, SettingsError
from energy.pricing.series import PriceRun, PriceSeries
from energy.pricing.tariff import AnyTariff, Contract, DynamicTariff
from ingest.prices.book import Floats, PriceBook
from ingest.prices.units import read_unit

PriceOrigin = Literal["none", "mqtt", "homeassistant", "redata", "esios", "entsoe"]
_LONGEST_TOKEN = 4096
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
        if known is None:
            return None
        start, market = known
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


def _with_series(contract: Contract, name: str, start: datetime, market: Floats, step: timedelta) -> Contract:
    """The contract with a series of the known prices; what its published values include stays as it is described."""
    run = PriceRun(start=start, step_minutes=step // timedelta(minutes=1), per_kwh=tuple(market.tolist()))
    described = contract.series.get(name)
    includes = described.includes if described else ()
    series = PriceSeries(runs=(run,), includes=includes, published_at_hour=None)
    return contract.model_copy(update={"series": contract.series | {name: series}})


def _usual_export(usual: AnyTariff, starts: Sequence[datetime], zone: ZoneInfo) -> Floats:
    try:
        return usual.prices(starts, zone).export_per_kwh
    except DataError:
        return np.zeros(len(starts))
