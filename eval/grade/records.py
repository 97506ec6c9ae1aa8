"""What collecting leaves behind and grading reads: one file per cell, whole or absent."""

import io
import json
import zipfile
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from energy.pricing.tariff import Prices

Floats = NDArray[np.float64]
# The home's own tariff, hourly prices of an auction ("dynamic"), or one that is known by name.
Tariff = str
# The PV forecast: told once at midnight, renewed through the day, none, or the exact future, which nobody has and which
# shows what a better one is worth.
Forecast = Literal["midnight", "renewed", "none", "perfect"]


class Cell(BaseModel):
    """One sitting of the exam: a policy on a home and window, with a battery, a tariff and a forecast quality."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    suite: str
    policy: str
    home: str
    first_day: date
    days: int
    battery_kwh: float
    tariff: Tariff
    forecast: Forecast
    step_minutes: int = 60
    seed: int = 1

    @property
    def name(self) -> str:
        """File name of the cell; everything that tells it apart is in it."""
        policy = self.policy.replace(":", "+").replace("/", "_")
        return (
            f"{policy}__{self.home}__{self.first_day}_{self.days}d__{self.battery_kwh:g}kWh__{self.tariff}"
            f"__{self.forecast}__{self.step_minutes}min__s{self.seed}"
        )


class CellOutcome(BaseModel):
    """What can be said of a cell beside its series.

    `verdicts` counts the guard's words and slots without a plan, `replies` what became of each question to a model
    (chosen, overruled, invalid, late, unreachable), and `reply_s` how long each took. `bill` is the whole bill of a
    contract. `left_value` is what is worth at the end to have stored each of `left_kwh`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    cell: Cell
    status: Literal["done", "no_data", "failed", "timed_out", "skipped"]
    detail: str = ""
    currency: str = "EUR"
    zone: str = "UTC"
    pv_peak_kw: float = 0.0
    usable_kwh: float = 0.0
    charge_efficiency: float = 1.0
    discharge_efficiency: float = 1.0
    start_kwh: float = 0.0
    left_kwh: tuple[float, ...] = (0.0, 1.0)
    left_value: tuple[float, ...] = (0.0, 0.0)
    seconds: float = 0.0
    cpu_s: float = 0.0
    verdicts: dict[str, int] = {}
    replies: dict[str, int] = {}
    reply_s: tuple[float, ...] = ()
    bill: float | None = None
    tokens: int = 0
    versions: dict[str, str] = {}


@dataclass(frozen=True, slots=True, eq=False)
class Series:
    """Per slot, arrays of shape (slots,): mean powers in kW, energy stored at its end, prices, mode and decision time.

    `start_s` is the slot's start in seconds since the epoch; `mode` indexes the members of `energy.commands.Mode`;
    `decision_ms` is NaN where no decision was made.
    """

    start_s: NDArray[np.int64]
    load_kw: Floats
    pv_kw: Floats
    charge_kw: Floats
    discharge_kw: Floats
    grid_import_kw: Floats
    grid_export_kw: Floats
    curtailed_kw: Floats
    stored_kwh: Floats
    import_price: Floats
    export_price: Floats
    mode: NDArray[np.int64]
    decision_ms: Floats

    @property
    def prices(self) -> Prices:
        """Import and export prices."""
        return Prices(self.import_price, self.export_price)


@dataclass(frozen=True, slots=True, eq=False)
class Record:
    """One cell as it went; `series` is None unless it is done."""

    outcome: CellOutcome
    series: Series | None = field(default=None)


def write(record: Record, folder: Path) -> Path:
    """Write a record so that it is there whole or not at all."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{record.outcome.cell.name}.zip"
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("outcome.json", record.outcome.model_dump_json())
        if record.series is not None:
            arrays = io.BytesIO()
            np.savez(arrays, **{name: getattr(record.series, name) for name in Series.__dataclass_fields__})
            archive.writestr("series.npz", arrays.getvalue())
    draft = path.with_suffix(".part")
    draft.write_bytes(packed.getvalue())
    draft.replace(path)
    return path


def read(path: Path) -> Record | None:
    """Read a record; None where it is missing or damaged, so that it is collected again."""
    try:
        with zipfile.ZipFile(path) as archive:
            outcome = CellOutcome.model_validate_json(archive.read("outcome.json"))
            if "series.npz" not in archive.namelist():
                return Record(outcome)
            with np.load(io.BytesIO(archive.read("series.npz"))) as arrays:
                return Record(outcome, Series(**{name: arrays[name] for name in Series.__dataclass_fields__}))
    except (FileNotFoundError, zipfile.BadZipFile, KeyError, ValueError, json.JSONDecodeError):
        return None
