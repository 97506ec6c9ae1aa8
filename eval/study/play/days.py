"""The days that a study plays: kept as a store, and read back with panels, battery and tariff of a size."""

from datetime import timedelta
from functools import lru_cache
from math import sqrt
from pathlib import Path

from energy.battery import Battery
from energy.home import Home
from energy.pricing.tariff import AnyTariff
from eval.study.play.household import PAST_DAYS
from eval.study.play.jobs import YearJob
from eval.study.play.results import LivedYear
from eval.study.play.tariffs import OWN_TARIFF, study_tariff
from ingest.history.table import History
from knowledge.days import DayRecord, Floats
from knowledge.store import DayStore

_LEAST_SOC = 0.05


def keep_days(folder: Path, home: Home, records: list[DayRecord]) -> LivedYear:
    """Put days into a store of the study, and say what the year amounts to."""
    store = DayStore(folder)
    store.remember_home(home)
    store.append(home.name, records)
    hours = records[0].step / timedelta(hours=1)
    year = records[PAST_DAYS:]
    return LivedYear(
        home=home.name,
        load_kwh=float(sum(record.load_kw.sum() for record in year) * hours),
        pv_kwh_per_kwp=float(sum(record.pv_kw.sum() for record in year) * hours),
    )


@lru_cache(maxsize=4)
def kept_days(folder: str, home: str) -> History:
    """The days of a store of the study."""
    store = DayStore(Path(folder), read_only=True)
    records = tuple(store.days(home))
    return History(store.home(home), records[0].step, records)


def sized(job: YearJob) -> History:
    """The days with panels, battery and tariff of a job; kept days have panels of 1 kWp."""
    base = kept_days(job.days, job.home)
    each_way = sqrt(job.efficiency)
    battery = Battery(
        capacity_kwh=job.battery_kwh,
        max_charge_kw=job.battery_kw,
        max_discharge_kw=job.battery_kw,
        charge_efficiency=each_way,
        discharge_efficiency=each_way,
        min_soc=_LEAST_SOC,
    )
    changes = {"battery": battery, "tariff": job_tariff(job, base.home), "pv_peak_kw": job.kwp}
    home = base.home.model_copy(update=changes)
    return History(home, base.step, tuple(_scaled(record, job) for record in base.days))


def job_tariff(job: YearJob, home: Home) -> AnyTariff:
    """The tariff of a job: the home's own, or one by its name."""
    return home.tariff if job.tariff == OWN_TARIFF else study_tariff(job.tariff, job.year, home.zone)


def _scaled(record: DayRecord, job: YearJob) -> DayRecord:
    """A day of another size; its notes stay out, because reading them would load a language model."""

    def times(values: Floats | None) -> Floats | None:
        return None if values is None else values * job.kwp

    return DayRecord(
        home=record.home,
        day=record.day,
        start=record.start,
        step=record.step,
        load_kw=record.load_kw * job.load_factor,
        pv_kw=record.pv_kw * job.kwp,
        temperature_c=record.temperature_c,
        ghi_w_m2=record.ghi_w_m2,
        pv_forecast_kw=times(record.pv_forecast_kw),
        temperature_forecast_c=record.temperature_forecast_c,
    )
