"""What a simulated house replays: a home and its recorded series, and the file that hands them to another process."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from energy.errors import DataError
from energy.home import Home
from energy.slots import Instant, day_bounds, local_day
from knowledge.forecast import renewed
from transport.payloads import first_fault

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Recording:
    """Mean powers, prices and temperature of consecutive intervals of length `step`, each of shape (intervals,).

    Forecasts have the same index and may go on past the end: what was expected at the midnight that began each day, not
    what came; `pv_nowcast_kw` is what was expected just before each interval, where the forecast is renewed.
    """

    home: Home
    start: datetime
    step: timedelta
    load_kw: Floats
    pv_kw: Floats
    import_price: Floats
    export_price: Floats
    temperature_c: Floats | None = None
    pv_forecast_kw: Floats | None = None
    temperature_forecast_c: Floats | None = None
    pv_nowcast_kw: Floats | None = None

    @property
    def end(self) -> datetime:
        """End of the last interval."""
        return self.start + len(self.load_kw) * self.step

    def forecast_from(self, moment: datetime, slot: timedelta) -> tuple[float, ...]:
        """Expected mean PV power of each slot of the moment's local day that is left, as it stands at the moment.

        A renewed forecast loses the error of midnight within the last hours before a slot. Nothing is told of the day
        after: its forecast is of a midnight to come.
        """
        _, ends = day_bounds(local_day(moment, self.home.tz), self.home.tz)
        midnight_kw = self._by_slot(self.pv_forecast_kw, moment, ends, slot)
        last_kw = self._by_slot(self.pv_nowcast_kw, moment, ends, slot)
        if not last_kw:
            return midnight_kw
        lead_h = np.arange(len(last_kw), dtype=np.float64) * (slot / timedelta(hours=1))
        now_kw = renewed(np.array(last_kw), np.array(midnight_kw[: len(last_kw)]), lead_h)
        return tuple(np.round(now_kw, 4).tolist())

    def temperatures_on(self, moment: datetime, slot: timedelta) -> tuple[datetime, tuple[float, ...]]:
        """When a moment's local day began, and the mean temperature that was foreseen then for each of its slots."""
        begins, ends = day_bounds(local_day(moment, self.home.tz), self.home.tz)
        first = max(begins, self.start)
        return first, self._by_slot(self.temperature_forecast_c, first, ends, slot)

    def _by_slot(self, series: Floats | None, start: datetime, end: datetime, slot: timedelta) -> tuple[float, ...]:
        """Means of the whole slots from `start` to `end`, or as far as the series goes; empty without one."""
        if series is None:
            return ()
        minute, since = timedelta(minutes=1), start - self.start
        within = series[since // self.step : -((self.start - end) // self.step)]
        ahead = np.repeat(within, self.step // minute)[since % self.step // minute :][: (end - start) // minute]
        per_slot = slot // minute
        whole = ahead[: len(ahead) // per_slot * per_slot].reshape(-1, per_slot)
        return tuple(np.round(whole.mean(axis=1), 4).tolist())

    def to_json(self, path: Path) -> None:
        """Write the file that `from_json` reads.

        Raises:
            DataError: a series is no recording, for instance because it has gaps.
        """
        try:
            text = _RecordingFile.of(self).model_dump_json()
        except ValidationError as err:
            raise DataError(
                f"recording of {self.home.name!r}, {first_fault(err)}: fill or leave out such days"
            ) from err
        path.write_text(text, encoding="utf-8")

    @classmethod
    def from_json(cls, path: Path) -> Self:
        """Read a recording.

        Raises:
            DataError: the file is missing or says something impossible.
        """
        try:
            read = _RecordingFile.model_validate_json(path.read_bytes())
        except OSError as err:
            raise DataError(f"recording {str(path)!r} cannot be read ({err.strerror}): check the path") from err
        except ValidationError as err:
            raise DataError(f"recording {str(path)!r}, {first_fault(err)}: correct the file") from err
        return cls(
            home=read.home,
            start=read.start.astimezone(UTC),
            step=timedelta(minutes=read.step_minutes),
            load_kw=np.array(read.load_kw),
            pv_kw=np.array(read.pv_kw),
            import_price=np.array(read.import_price),
            export_price=np.array(read.export_price),
            temperature_c=None if read.temperature_c is None else np.array(read.temperature_c),
            pv_forecast_kw=None if read.pv_forecast_kw is None else np.array(read.pv_forecast_kw),
            temperature_forecast_c=(
                None if read.temperature_forecast_c is None else np.array(read.temperature_forecast_c)
            ),
            pv_nowcast_kw=None if read.pv_nowcast_kw is None else np.array(read.pv_nowcast_kw),
        )


class _RecordingFile(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    home: Home
    start: Instant
    step_minutes: int = Field(ge=1, le=60)
    load_kw: tuple[float, ...] = Field(min_length=1)
    pv_kw: tuple[float, ...]
    import_price: tuple[float, ...]
    export_price: tuple[float, ...]
    temperature_c: tuple[float, ...] | None = None
    pv_forecast_kw: tuple[float, ...] | None = None
    temperature_forecast_c: tuple[float, ...] | None = None
    pv_nowcast_kw: tuple[float, ...] | None = None

    @model_validator(mode="after")
    def _series_fit_together(self) -> Self:
        intervals = len(self.load_kw)
        for name in ("pv_kw", "import_price", "export_price", "temperature_c"):
            series = getattr(self, name)
            if series is not None and len(series) != intervals:
                raise ValueError(f"{name} has {len(series)} values and load_kw {intervals}: give one per interval")
        for name in ("pv_forecast_kw", "temperature_forecast_c", "pv_nowcast_kw"):
            series = getattr(self, name)
            if series is not None and len(series) < intervals:
                raise ValueError(f"{name} has {len(series)} values: give at least {intervals}")
        for name in ("load_kw", "pv_kw"):
            lowest = min(getattr(self, name))
            if lowest < 0:
                raise ValueError(f"{name} holds {lowest!r}: powers are never negative")
        return self

    @classmethod
    def of(cls, recording: Recording) -> Self:
        def listed(series: Floats | None) -> tuple[float, ...] | None:
            return None if series is None else tuple(series.tolist())

        return cls.model_validate(
            {
                "home": recording.home,
                "start": recording.start,
                "step_minutes": recording.step // timedelta(minutes=1),
                "load_kw": listed(recording.load_kw),
                "pv_kw": listed(recording.pv_kw),
                "import_price": listed(recording.import_price),
                "export_price": listed(recording.export_price),
                "temperature_c": listed(recording.temperature_c),
                "pv_forecast_kw": listed(recording.pv_forecast_kw),
                "temperature_forecast_c": listed(recording.temperature_forecast_c),
                "pv_nowcast_kw": listed(recording.pv_nowcast_kw),
            },
        )
