"""What the household lets the advisor do: the controls that a person turns, kept on disk and obeyed by the service."""

import logging
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from energy.errors import DataError
from energy.guard import Policy
from energy.home import Home
from knowledge.private import private_folder, write_private

_log = logging.getLogger(__name__)

_LONGEST = 64
_ON_OFF = {"ON": True, "OFF": False}


class Acting(StrEnum):
    """How far the advisor goes: command the house, only say what it would do, or stay silent."""

    ACT = "act"
    ADVISE = "advise only"
    OFF = "off"


class Controls(BaseModel):
    """The controls as they stand; the home's fixed facts and the settings' policy bound them from outside."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    acting: Acting = Acting.ADVISE
    # Until when `acting` holds, and what follows then; None where it holds until somebody changes it.
    acting_until: AwareDatetime | None = None
    acting_after: Acting | None = None
    reserve_soc: Annotated[float, Field(ge=0, le=1)] = 0.0
    allow_grid_charging: bool = True
    allow_export: bool = True
    # How long a change that somebody else made to the inverter is left alone; 0 sets it back with the next command.
    respect_hours: Annotated[float, Field(ge=0, le=48)] = 2.0

    def home(self, home: Home) -> Home:
        """The home as it may be used now: a control narrows what the home allows and never widens it."""
        grid = home.grid
        allowed = {
            "allow_grid_charging": grid.allow_grid_charging and self.allow_grid_charging,
            "allow_battery_export": grid.allow_battery_export and self.allow_export,
        }
        return home.model_copy(update={"grid": grid.model_copy(update=allowed)})

    def policy(self, policy: Policy) -> Policy:
        """The policy with the household's reserve of the moment."""
        return policy.model_copy(update={"min_reserve_soc": max(policy.min_reserve_soc, self.reserve_soc)})

    def turned(self, name: str, payload: bytes) -> "Controls":
        """The controls after one of them was turned.

        Raises:
            DataError: there is no such control, or it cannot stand there.
        """
        value = payload[:_LONGEST].decode("utf-8", "replace").strip()
        reader = _READERS.get(name)
        if reader is None:
            raise DataError(f"{name!r} is not a control: use {', '.join(_READERS)}")
        try:
            return Controls.model_validate(self.model_dump() | reader(value))
        except (KeyError, ValueError) as err:
            raise DataError(f"{name} cannot be {value!r}: {_ALLOWED[name]}") from err

    def acting_for(self, acting: Acting, until: datetime | None) -> "Controls":
        """The controls with another way of acting; at `until` it goes back to what holds without a limit now."""
        standing = self.acting_after or self.acting
        limited = until is not None and standing is not acting
        return self.model_copy(
            update={
                "acting": acting,
                "acting_until": until if limited else None,
                "acting_after": standing if limited else None,
            }
        )

    def states(self) -> dict[str, str]:
        """Each control as it is shown."""
        return {
            "acting": self.acting.value,
            "reserve": f"{self.reserve_soc * 100:g}",
            "allow_grid_charging": "ON" if self.allow_grid_charging else "OFF",
            "allow_export": "ON" if self.allow_export else "OFF",
            "respect": f"{self.respect_hours:g}",
        }


_READERS: dict[str, Callable[[str], dict[str, object]]] = {
    "acting": lambda value: {"acting": value, "acting_until": None, "acting_after": None},
    "reserve": lambda value: {"reserve_soc": float(value) / 100},
    "allow_grid_charging": lambda value: {"allow_grid_charging": _ON_OFF[value.upper()]},
    "allow_export": lambda value: {"allow_export": _ON_OFF[value.upper()]},
    "respect": lambda value: {"respect_hours": float(value)},
}
_ALLOWED = {
    "acting": f"say one of {', '.join(repr(mode.value) for mode in Acting)}",
    "reserve": "say a percentage from 0 to 100",
    "allow_grid_charging": "say ON or OFF",
    "allow_export": "say ON or OFF",
    "respect": "say hours from 0 to 48",
}


class ControlPanel:
    """The controls with their file: every turn is on disk before it counts, where the disk takes it.

    A file that holds no controls is set aside. At this start and later ones they begin with advice only, until one is
    turned: nobody knows what was allowed.
    """

    def __init__(self, path: Path, initial: Controls) -> None:
        self.fault = ""
        self._path = path
        self.controls = self._read(initial)

    def turn(self, name: str, payload: bytes) -> None:
        """Turn one control and keep it.

        Raises:
            DataError: it cannot stand there and nothing has changed; or it holds, but could not be kept.
        """
        self._change(self.controls.turned(name, payload), name)

    def act(self, acting: Acting, until: datetime | None) -> None:
        """Act in another way, until a time or until it is changed.

        Raises:
            DataError: it holds, but could not be kept.
        """
        self._change(self.controls.acting_for(acting, until), "acting")

    def end_limited(self, now: datetime) -> bool:
        """Go back to what held before, where the time of a limited way of acting is over; whether it was.

        Raises:
            DataError: it holds, but could not be kept.
        """
        until, after = self.controls.acting_until, self.controls.acting_after
        if until is None or after is None or now < until:
            return False
        self.act(after, None)
        return True

    def _change(self, turned: Controls, name: str) -> None:
        if turned == self.controls and not self.fault:
            return
        self.controls = turned
        self._keep(turned)
        _log.info("%s is now %s", name, turned.states()[name])

    def _keep(self, turned: Controls) -> None:
        try:
            private_folder(self._path.parent)
            write_private(self._path, turned.model_dump_json(indent=1))
        except OSError as err:
            self.fault = f"the controls hold until the next start only: {str(self._path)!r} cannot be written: {err}"
            raise DataError(self.fault) from err
        self.fault = ""

    def _read(self, initial: Controls) -> Controls:
        aside = self._path.with_suffix(".damaged")
        try:
            return Controls.model_validate_json(self._path.read_bytes())
        except FileNotFoundError as err:
            if not aside.exists():
                return initial
            fault: Exception = err
        except (OSError, ValidationError) as err:
            with suppress(OSError):
                self._path.replace(aside)
            fault = err
        self.fault = (
            f"{str(self._path)!r} does not hold the controls ({type(fault).__name__}) and was set aside: "
            "the advisor only advises until Acting is set again"
        )
        _log.warning("%s", self.fault)
        return initial.model_copy(update={"acting": Acting.ADVISE})
