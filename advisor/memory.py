"""The commands around memory: bring history in, rebuild the index, show similar days."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import date
from pathlib import Path

import typer
from rich.console import Console
from rich.table import Table

from advisor.spoken_figures import decimal, short_day
from advisor.spoken_language import SPOKEN, spoken, working
from energy.errors import SettingsError
from energy.home import HOME_NAME, Home
from ingest.history.citylearn import read_citylearn
from ingest.history.csv_files import UnderstoodFiles, read_files
from ingest.history.files.table.options import Options
from ingest.history.job import Report, ingest, sync
from ingest.history.recorded import shipped_history, shipped_homes
from ingest.history.table import History
from ingest.home_file import load_home
from knowledge.days import of_one_step
from knowledge.embedder import TextEmbedder
from knowledge.fingerprint import NOTHING_EXPECTED, VERSION, foreseen
from knowledge.index import MemoryIndex
from knowledge.quality import flaws
from knowledge.similar import FingerprintTable, SimilarDay
from knowledge.store import DayStore

_CITYLEARN = "citylearn:"


def store_of(memory: Path, *, read_only: bool = False) -> DayStore:
    """The day store of a memory folder; to read only where a service may be writing beside."""
    return DayStore(memory / "days", read_only=read_only)


def index_of(memory: Path) -> MemoryIndex:
    """The index of a memory folder, to be opened by its one owner."""
    return MemoryIndex(memory / "index")


def recorded_history(name: str, wheel: Path | None) -> History:
    """A shipped home by its name, or `citylearn:N` out of the wheel."""
    if not name.startswith(_CITYLEARN):
        return shipped_history(name)
    number = name.removeprefix(_CITYLEARN)
    if wheel is None or not number.isdecimal():
        raise SettingsError(
            f"{name!r} needs a number and --from WHEEL: pip download --no-deps CityLearn==2.1.2, "
            "then advisor ingest home citylearn:3 --from CityLearn-2.1.2-py3-none-any.whl",
        )
    return read_citylearn(wheel, int(number))


def known_history(name: str, memory: Path) -> History:
    """A home's history from memory, else as it is shipped.

    Raises:
        SettingsError: neither knows the home.
    """
    store = store_of(memory, read_only=True)
    if name not in (known := store.homes()):
        if name not in (shipped := shipped_homes()):
            raise SettingsError(
                f"home {name!r} is not known: ingest it, or use one of {', '.join(dict.fromkeys([*known, *shipped]))}"
            )
        return shipped_history(name)
    days = of_one_step(store.days(name))
    return History(store.home(name), days[0].step, days)


def understand_files(files: Sequence[Path], name: str, facts: Path, options: Options) -> UnderstoodFiles:
    """CSV files read for the home whose fixed facts are in a TOML; `name` is what it is called from now on."""
    home = load_home(facts)
    if not HOME_NAME.fullmatch(name):
        raise SettingsError(f"home name {name!r} is not allowed: use small letters, digits, - and _, at most 48")
    return read_files(files, home.model_copy(update={"name": name}), options)


def ingest_history(history: History, memory: Path) -> Report:
    """Store a history and index it."""
    with working("Storing days and indexing them"), index_of(memory) as index:
        return ingest(history, store_of(memory), index)


def ingest_and_report(
    history: History, memory: Path, *, as_json: bool, more: Mapping[str, object] | None = None
) -> None:
    """Ingest and tell what became of it, and `more`; poorer days are those that knew less than the stored ones."""
    report = ingest_history(history, memory)
    counts: dict[str, object] = {"poorer": report.poorer} if report.poorer else {}
    counts |= {"unusable": report.unusable, "indexed": report.indexed}
    result = {"home": history.home.name, **asdict(report.days), **counts, "warnings": list(history.warnings)}
    result |= more or {}
    _show(result, as_json=as_json)


def rebuild_index(memory: Path, *, as_json: bool) -> None:
    """Forget the index and fill it from the store."""
    store = store_of(memory)
    with working("Indexing the days"), index_of(memory) as index:
        index.clear()
        counts: dict[str, object] = {name: sync(store.home(name), store, index) for name in store.homes()}
    _show({"days indexed": counts}, as_json=as_json)


def index_statistics(memory: Path, *, as_json: bool) -> None:
    """Count what is stored, usable and indexed, per home."""
    store = store_of(memory)
    with index_of(memory) as index:
        stats = index.stats()
    homes = {}
    for name in store.homes():
        records, home = store.days(name), store.home(name)
        homes[name] = {
            "stored": len(records),
            "usable": len(FingerprintTable(home, records).days),
            "not used": flaws(records, home),
            "indexed": stats.days.get(name, 0),
        }
    result = {"fingerprint_version": VERSION, "of_another_version": stats.outdated, "homes": homes}
    _show(result, as_json=as_json)


def show_similar(memory: Path, home: str | None, day: date, k: int, *, as_json: bool) -> None:
    """Show the days before `day` that were most like it."""
    store = store_of(memory, read_only=True)
    facts = store.home(home or _only_home(memory))
    with working("Comparing days"):
        found = similar_days(facts, store, day, k)
    if as_json:
        rows = [asdict(near) | {"day": near.day.isoformat()} for near in found]
        typer.echo(json.dumps({"home": facts.name, "date": day.isoformat(), "similar": rows}))
        return
    table = Table(
        *map(spoken, ("day", "distance", "why")), title=spoken(f"{facts.name}: the days before {day} most like it")
    )
    for near in found:
        table.add_row(short_day(near.day, SPOKEN.get()), decimal(near.distance, 2, SPOKEN.get()), spoken(near.why))
    Console().print(table if found else spoken(f"no day is known before {day}"))


def similar_days(home: Home, store: DayStore, day: date, k: int) -> list[SimilarDay]:
    """The exact ranking of all days; the index, which only narrows the field, is left to its owner."""
    records = store.days(home.name)
    table = FingerprintTable(home, records, embed=TextEmbedder())
    expected = next((foreseen(record) for record in records if record.day == day), NOTHING_EXPECTED)
    return table.rank(day, k, expected=expected)


def known_facts(memory: Path, name: str | None) -> Home:
    """Facts of a home in memory, of the only one if no name is given."""
    store = store_of(memory, read_only=True)
    return store.home(name or _only_home(memory))


def _only_home(memory: Path) -> str:
    homes = store_of(memory, read_only=True).homes()
    if not homes:
        raise SettingsError(f"no home is known in {str(memory)!r}: run advisor setup, then advisor ingest")
    if len(homes) > 1:
        raise SettingsError(f"which home? give --home, one of: {', '.join(homes)}")
    return homes[0]


def _show(result: dict[str, object], *, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps(result))
        return
    for key, value in result.items():
        typer.echo(f"{spoken(key)}: {json.dumps(value) if isinstance(value, dict | list) else value}")
