"""What the exam asks: which policies on which homes, windows, batteries and tariffs."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

from energy.errors import SettingsError
from eval.policies import check_policy
from eval.records import Cell
from ingest.citylearn import read_citylearn
from ingest.history import History
from ingest.recorded import shipped_history, shipped_homes
from knowledge.days import of_one_step
from knowledge.store import DayStore

_CITYLEARN = "citylearn-"


@dataclass(frozen=True, slots=True)
class Source:
    """Where homes come from: the CityLearn wheel, a memory folder, and those that are shipped."""

    wheel: Path | None = None
    memory: Path | None = None


@dataclass(frozen=True, slots=True)
class Suite:
    """Homes, windows and batteries whose product is sat by every policy."""

    name: str
    homes: tuple[str, ...]
    windows: tuple[tuple[date, int], ...]
    batteries_kwh: tuple[float, ...]

    def cells(self, policies: Sequence[str], *, seed: int = 1) -> list[Cell]:
        """One cell for each policy, home, window and battery."""
        for policy in policies:
            check_policy(policy)
        return [
            Cell(
                suite=self.name,
                policy=policy,
                home=home,
                first_day=first,
                days=days,
                battery_kwh=battery,
                tariff="own",
                forecast="honest",
                seed=seed,
            )
            for home in self.homes
            for first, days in self.windows
            for battery in self.batteries_kwh
            for policy in policies
        ]


_SEASONS = tuple((day, 28) for day in (date(2016, 10, 1), date(2017, 1, 1), date(2017, 4, 1), date(2017, 6, 15)))
SUITES = {
    "smoke": Suite("smoke", shipped_homes(), ((date(2017, 1, 9), 7), (date(2017, 4, 10), 7)), (6.4,)),
    "real": Suite("real", tuple(f"{_CITYLEARN}{number}" for number in range(1, 9)), _SEASONS, (3.0, 6.4, 13.5)),
}


def suite_named(name: str) -> Suite:
    """A suite.

    Raises:
        SettingsError: there is none of that name.
    """
    if name not in SUITES:
        raise SettingsError(f"suite {name!r} is not known: use one of {', '.join(SUITES)}, or --home")
    return SUITES[name]


def home_suite(history: History, *, window_days: int = 28, past_days: int = 28) -> Suite:
    """A suite of one home: consecutive windows over all it has, after the first days, with its own battery."""
    starts = [record.day for record in history.days[past_days::window_days]]
    usable = tuple((day, window_days) for day in starts if (history.days[-1].day - day).days + 1 >= window_days)
    if not usable:
        raise SettingsError(
            f"{history.home.name!r} has {len(history.days)} days: the exam needs {past_days + window_days} or more",
        )
    return Suite(history.home.name, (history.home.name,), usable, (history.home.battery.capacity_kwh,))


def history_of(source: Source, home: str) -> History:
    """A home's history, from memory if it is there, else as shipped, else out of the wheel.

    Raises:
        SettingsError: nobody knows the home.
    """
    if source.memory is not None and home in (store := DayStore(source.memory / "days")).homes():
        days = of_one_step(store.days(home))
        return History(store.home(home), days[0].step, days)
    if home in shipped_homes():
        return shipped_history(home)
    if source.wheel is not None and home.startswith(_CITYLEARN):
        return read_citylearn(source.wheel, int(home.removeprefix(_CITYLEARN)))
    raise SettingsError(f"home {home!r} is not known: ingest it, or give --from with the CityLearn wheel")


def with_battery(history: History, capacity_kwh: float) -> History:
    """The same home with another size of battery, of the same power per kWh where it shrinks."""
    battery = history.home.battery
    scale = min(capacity_kwh / battery.capacity_kwh, 1.0) if battery.capacity_kwh else 0.0
    changed = battery.model_copy(
        update={
            "capacity_kwh": capacity_kwh,
            "max_charge_kw": battery.max_charge_kw * scale,
            "max_discharge_kw": battery.max_discharge_kw * scale,
        },
    )
    return replace(history, home=history.home.model_copy(update={"battery": changed}))
