"""Section `[evcc]`: where it is, which of its loadpoints are which devices, and what is done with them."""

from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, field_validator

from energy.devices import DeviceName


class EvccSettings(BaseModel):
    """What the advisor needs to know of an evcc; `loadpoints` are numbered from 1, as evcc numbers them.

    `wait_mode` is what a car is left in while it should not charge yet: under `pv` evcc itself still keeps the
    car's plan, whatever becomes of the advisor.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    url: str = "http://evcc.local:7070"
    loadpoints: dict[DeviceName, Annotated[int, Field(ge=1, le=50)]] = {}
    discharge_into_car: bool = False
    wait_mode: Literal["pv", "off"] = "pv"
    every_s: float = Field(default=10.0, ge=1, le=30)
    respect_hours: float = Field(default=2.0, ge=0, le=48)

    @field_validator("url")
    @classmethod
    def _is_an_address(cls, value: str) -> str:
        parts = urlsplit(value)
        if parts.scheme not in {"http", "https"} or not parts.netloc or parts.username or parts.query:
            raise ValueError(f"{value!r}: write it like 'http://evcc.local:7070'")
        return value.rstrip("/")
