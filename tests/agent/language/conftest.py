"""A home in Madrid with six weeks of days, three metered days and a day of decisions, as inquiries see it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import numpy as np
import pytest

from agent.decision.decide import Situation, decide
from agent.decision.journal import Journal, open_journal
from agent.language.answers.ask import Asker
from agent.queries import Sources
from energy.battery import Battery
from energy.commands import SELF_CONSUMPTION
from energy.flows import step_house
from energy.guard import Policy
from energy.home import Home
from energy.pricing.tariff import PresetTariff
from energy.slots import day_slots, hours, local_day
from ingest.live.meter import MeteredSlot
from ingest.live.snapshot import Snapshot
from knowledge.days import DayRecord
from knowledge.forecast import shape_of
from knowledge.similar import FingerprintTable
from knowledge.store import DayStore

STEP = timedelta(minutes=30)
HOME = Home(
    name="test",
    zone="Europe/Madrid",
    pv_peak_kw=4,
    battery=Battery(capacity_kwh=10, max_charge_kw=3, max_discharge_kw=3),
    tariff=PresetTariff(name="es-2.0td"),
)
FIRST, TODAY = date(2025, 12, 1), date(2026, 1, 14)  # a Monday and a Wednesday
NOW = datetime.fromisoformat("2026-01-14T20:10:00+00:00")  # 21:10 in Madrid


def record(day: date, home: Home = HOME) -> DayRecord:
    """A winter day with an evening peak; what it holds follows from its date alone."""
    rng = np.random.default_rng(day.toordinal())
    starts = day_slots(day, home.tz, STEP)
    hour = np.arange(len(starts)) / 2
    load_kw = 0.4 + np.exp(-((hour - 20) ** 2) / 6) * rng.uniform(1, 3) + rng.gamma(2, 0.1, len(starts))
    sun_kw = np.maximum(np.sin((hour - 8) / 9 * np.pi), 0) * rng.uniform(0.2, 3) * ((hour > 8) & (hour < 17))
    temperature_c = 6 + 4 * np.sin((hour - 9) / 12 * np.pi) + rng.normal(0, 2)
    series = {"load_kw": load_kw, "pv_kw": sun_kw, "temperature_c": temperature_c}
    return DayRecord(home.name, day, starts[0], STEP, **{name: value.round(4) for name, value in series.items()})


@dataclass(frozen=True)
class Known:
    """The home's past and what was put into it."""

    home: Home
    store: DayStore
    journal: Journal
    sources: Sources
    records: dict[date, DayRecord]
    metered: dict[datetime, MeteredSlot]
    now: datetime = NOW
    today: date = TODAY

    @property
    def asker(self) -> Asker:
        return Asker(self.sources)


@pytest.fixture(scope="package")
def known(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Known]:
    folder = tmp_path_factory.mktemp("memory")
    store = DayStore(folder / "days")
    store.remember_home(HOME)
    records = {day: record(day) for day in (FIRST + timedelta(days=n) for n in range((TODAY - FIRST).days + 1))}
    store.append(HOME.name, [one for day, one in records.items() if day < TODAY])
    with open_journal(folder / "journal.sqlite") as journal:
        metered = meter(journal, [records[TODAY - timedelta(days=back)] for back in (3, 2, 1, 0)])
        decide_all_day(journal, records, metered)
        with open_journal(folder / "journal.sqlite", read_only=True) as seen:
            yield Known(HOME, store, journal, Sources(HOME, store, seen), records, metered)


def meter(journal: Journal, days: list[DayRecord]) -> dict[datetime, MeteredSlot]:
    """Play days under self-consumption and journal what a meter would have seen up to now."""
    stored_kwh, seen = 2.0, {}
    for day in days:
        for at, (load_kw, pv_kw) in enumerate(zip(day.load_kw, day.pv_kw, strict=True)):
            start = day.start + at * STEP
            if start + STEP > NOW:
                continue
            flow = step_house(
                load_kw,
                pv_kw,
                stored_kwh,
                levels=SELF_CONSUMPTION,
                battery=HOME.battery,
                grid=HOME.grid,
                hours=hours(STEP),
            )
            stored_kwh = float(flow.stored_kwh)
            slot = MeteredSlot(
                start,
                float(load_kw),
                float(pv_kw),
                stored_kwh / HOME.battery.capacity_kwh,
                None,
                *(float(x) for x in (flow.grid_import_kw, flow.grid_export_kw, flow.charge_kw, flow.discharge_kw)),
            )
            seen[start] = slot
            journal.measure(HOME.name, slot)
    return seen


def decide_all_day(journal: Journal, records: dict[date, DayRecord], metered: dict[datetime, MeteredSlot]) -> None:
    """A decision for every slot of today up to now, from the days before."""
    earlier = [one for day, one in records.items() if day < TODAY]
    near = FingerprintTable(HOME, earlier).rank(TODAY, 8)
    shapes = {one.day: shape_of(one, HOME.tz, STEP) for one in earlier}
    for start, slot in metered.items():
        now = start + STEP
        if local_day(now, HOME.tz) != TODAY or now > NOW:
            continue
        situation = Situation(
            now=now,
            home=HOME,
            policy=Policy(),
            step=STEP,
            horizon_hours=24,
            snapshot=Snapshot(now, slot.load_kw, slot.pv_kw, slot.soc, None, None, None),
            neighbours=near,
            shapes=shapes,
        )
        journal.write(decide(situation))


@pytest.fixture
def make_record() -> Callable[[date], DayRecord]:
    return record


@pytest.fixture(scope="session")
def make_year_record() -> Callable[[date], DayRecord]:
    return record
