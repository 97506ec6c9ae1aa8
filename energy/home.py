"""A home's fixed facts: battery, panels, grid connection, tariff and zone."""

import re
from collections.abc import Collection, Mapping
from datetime import date
from typing import Annotated, Any, Self
from zoneinfo import ZoneInfo

import numpy as np
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, TypeAdapter, field_validator, model_validator

from energy.battery import Battery, NamedBattery, combined
from energy.devices import AnyDevice
from energy.pricing.tariff import AnyTariff, Contract, price_range

# Units of a currency in one euro, to one figure: only to see whether a price can be one of that currency.
_PER_EURO = {
    **dict.fromkeys(("EUR", "USD", "GBP", "CHF", "CAD", "AUD", "SGD"), 1.0),
    **dict.fromkeys(("BGN", "NZD"), 2.0),
    **dict.fromkeys(("PLN", "RON", "ILS", "BRL", "MYR", "SAR", "AED"), 5.0),
    **dict.fromkeys(("DKK", "CNY", "HKD", "NOK", "SEK", "MXN", "ZAR", "CZK", "TRY", "THB", "TWD", "UAH"), 30.0),
    **dict.fromkeys(("GBX", "INR", "PHP", "RSD", "RUB", "ISK"), 100.0),
    **dict.fromkeys(("JPY", "HUF"), 400.0),
    **dict.fromkeys(("CLP", "KRW", "COP", "ARS"), 5000.0),
}
# No household pays or earns more for a kWh, in euros.
_MOST_EUROS_PER_KWH = 10.0
# A home's name is part of topics, paths and ids.
HOME_NAME = re.compile(r"^[a-z0-9][a-z0-9_-]{0,47}$")


def _known_zone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (KeyError, ValueError, OSError) as err:
        raise ValueError(f"{value!r} is not an IANA zone: use one like 'Europe/Madrid'") from err
    return value


ZoneName = Annotated[str, AfterValidator(_known_zone)]


class Grid(BaseModel):
    """What the connection and the household allow."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    import_limit_kw: float = Field(default=15.0, gt=0, le=1000)
    export_limit_kw: float = Field(default=15.0, ge=0, le=1000)
    allow_grid_charging: bool = True
    allow_battery_export: bool = False
    export_limit_settable: bool = False


def implausible_price(tariff: AnyTariff, currency: str) -> str | None:
    """Why a tariff cannot be in `currency`: a price that no household pays; None where it can."""
    most = _MOST_EUROS_PER_KWH * _PER_EURO.get(currency, np.inf)
    for price in price_range(tariff):
        if abs(price) > most:
            return (
                f"a price of {price:g} {currency} per kWh is not plausible (at most {most:g}): give it in "
                f"{currency}, not in hundredths (pence have the currency 'GBX'), or correct `currency`"
            )
    return None


class Home(BaseModel):
    """Everything about a home that does not change from slot to slot."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    name: str = Field(pattern=HOME_NAME)
    zone: ZoneName
    currency: str = Field(default="EUR", pattern=r"^[A-Z]{3}$")
    pv_peak_kw: float = Field(ge=0, le=1000)
    battery: Battery
    batteries: tuple[NamedBattery, ...] = Field(default=(), description="Several batteries; `battery` is their sum")
    grid: Grid = Grid()
    tariff: AnyTariff = Field(discriminator="kind")
    known_since: date | None = Field(default=None, description="Days before it tell of another life: a move, a rebuild")
    devices: tuple[AnyDevice, ...] = ()

    @model_validator(mode="before")
    @classmethod
    def _several_are_one(cls, given: Any) -> Any:
        """Several batteries are planned as one: `battery` follows from them."""
        if isinstance(given, Mapping) and given.get("batteries") and "battery" not in given:
            several = TypeAdapter(tuple[NamedBattery, ...]).validate_python(given["batteries"])
            return {**given, "battery": combined(several)}
        return given

    @model_validator(mode="after")
    def _batteries_agree(self) -> Self:
        names = [one.name for one in self.batteries]
        if len(set(names)) < len(names) or len(names) == 1:
            raise ValueError(f"batteries {names!r}: name two or more, each by a name of its own, or give [battery]")
        if self.batteries and self.battery != combined(self.batteries):
            raise ValueError("battery and batteries are both given and differ: leave [battery] out, it is their sum")
        return self

    @field_validator("devices")
    @classmethod
    def _names_differ(cls, value: tuple[AnyDevice, ...]) -> tuple[AnyDevice, ...]:
        names = [device.name for device in value]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"two devices are called {twice[0]!r}: give each a name of its own")
        return value

    @model_validator(mode="after")
    def _prices_fit_the_currency(self) -> Self:
        if isinstance(self.tariff, Contract) and self.tariff.currency not in {None, self.currency}:
            raise ValueError(
                f"currency {self.currency!r} is not that of tariff {self.tariff.name!r}, "
                f"{self.tariff.currency!r}: change one of them",
            )
        if strange := implausible_price(self.tariff, self.currency):
            raise ValueError(strange)
        return self

    def with_only(self, names: Collection[str]) -> "Home":
        """The home with those of its several batteries that can be commanded.

        The others follow the house by themselves: they would empty into a battery that charges from the grid, and fill
        from one that sells. So while one is missing, none does either.
        """
        kept = tuple(one for one in self.batteries if one.name in names)
        if not kept or len(kept) == len(self.batteries):
            return self
        grid = self.grid.model_copy(update={"allow_grid_charging": False, "allow_battery_export": False})
        several = kept if len(kept) > 1 else ()
        return self.model_copy(update={"battery": combined(kept), "batteries": several, "grid": grid})

    @property
    def tz(self) -> ZoneInfo:
        """The home's time zone."""
        return ZoneInfo(self.zone)
