"""What `advisor doctor` checks on this machine: zone, disk, memory, index."""

import shutil
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np

from advisor.doctor.finding import CheckResult, Level, ok
from agent.settings import Settings
from energy.errors import MemoryFault
from energy.home import Home
from energy.slots import DAY, hours, local_day
from knowledge.days import DayRecord, is_complete
from knowledge.index import is_sound
from knowledge.quality import flaws, is_example
from knowledge.store import DayStore

_GIGABYTE = 1024**3
_LITTLE_GB, _TOO_LITTLE_GB = 1.0, 0.2
# Below this the ensemble repeats itself; from it on, more history hardly helps.
_FEW_DAYS = 12
_OLD = 3 * DAY
# Solar noon by the clock: 12:00 to 14:40 in nearly every zone where people live.
_EARLIEST_NOON, _LATEST_NOON = 10.75, 15.25
# Panels that face east or west, or stand in the shade of one half of the day, are early or late by up to this.
_FACING_H = 2.0


def check_machine(settings: Settings, home: Home, *, now: datetime) -> list[CheckResult]:
    """Everything that needs no other program."""
    # To read only: a service may be writing, and it alone mends.
    store = DayStore(settings.memory_dir / "days", read_only=True)
    findings = [check_zone(home, now), check_disk(settings.memory_dir)]
    try:
        days = store.days(home.name)
    except MemoryFault as err:
        return [
            *findings,
            CheckResult("history", "problem", str(err), "repair the day store, then advisor ingest again"),
        ]
    return [
        *findings,
        *check_damage(settings.memory_dir, store, home),
        check_history(days, home, now),
        *check_noon(days, home),
        check_index(settings.memory_dir / "index"),
    ]


def check_zone(home: Home, now: datetime) -> CheckResult:
    """Whether this machine keeps the home's time; where not, that is only worth knowing."""
    here, there = now.astimezone(), now.astimezone(home.tz)
    if here.utcoffset() == there.utcoffset():
        return ok("zone", f"home and this machine keep the same time ({there:%H:%M}, {home.zone})")
    return CheckResult(
        "zone",
        "note",
        f"this machine keeps {here.tzname()} ({here:%H:%M}), the home is in {home.zone} ({there:%H:%M}): "
        "the advisor counts in the home's zone, so plans and days are right",
        f"nothing, unless you want its logs in the home's time: TZ={home.zone}",
    )


def check_disk(memory: Path) -> CheckResult:
    """Room for the memory, and leave to write there."""
    place = next(folder for folder in (memory, *memory.absolute().parents) if folder.exists())
    try:
        free_gb = shutil.disk_usage(place).free / _GIGABYTE
        trial = place / ".advisor-doctor"
        trial.touch()
        trial.unlink()
    except OSError as err:
        return CheckResult(
            "disk", "problem", f"memory folder {str(place)!r}: {err.strerror}", "let the advisor write there"
        )
    if free_gb < _LITTLE_GB:
        level: Level = "problem" if free_gb < _TOO_LITTLE_GB else "warning"
        return CheckResult("disk", level, f"{free_gb:.2f} GB free at {str(place)!r}", "make room, or move memory_dir")
    return ok("disk", f"{free_gb:.0f} GB free at {str(place)!r}")


def check_damage(memory: Path, store: DayStore, home: Home) -> list[CheckResult]:
    """What was damaged in the memory: the service has set it aside, or will when it starts."""
    faults = list(store.faults(home.name))
    faults += [f"{path} was damaged and set aside" for path in sorted(memory.rglob("*.damaged"))]
    fix = "see what can be saved of it, ingest those days again, then remove the file that was set aside"
    return [CheckResult("memory", "warning", fault, fix) for fault in faults]


def check_history(days: list[DayRecord], home: Home, now: datetime) -> CheckResult:
    """Whether there is enough to remember, and whether it goes on."""
    usable = [record.day for record in days if is_example(record, home)]
    fix = "advisor ingest homeassistant (or csv), while the service is stopped"
    if not usable:
        return CheckResult(
            "history", "problem", f"no usable day of {home.name!r} is remembered: {_wrong(days, home)}", fix
        )
    span = f"{len(usable)} usable days of {home.name!r}, {min(usable)} to {max(usable)}"
    if len(usable) < _FEW_DAYS:
        return CheckResult("history", "warning", f"only {span}: plans rest on few examples until there are more", fix)
    if (age := local_day(now, home.tz) - max(usable)) > _OLD:
        return CheckResult("history", "warning", f"{span}: the last one is {age.days} days ago", fix)
    return ok("history", span)


def _wrong(days: list[DayRecord], home: Home) -> str:
    counted = ", ".join(f"{count} ({reason})" for reason, count in flaws(days, home).items())
    return counted or "none is stored"


def check_noon(days: list[DayRecord], home: Home, longitude: float | None = None) -> list[CheckResult]:
    """Whether the sun of the remembered days stands highest when it should by the home's clock."""
    noons = [noon for record in days[-60:] if (noon := _pv_noon(record, home)) is not None]
    if len(noons) < _FEW_DAYS:
        return []
    seen = float(np.median(noons))
    if longitude is None:
        if _EARLIEST_NOON <= seen <= _LATEST_NOON:
            return []
        should = "between 11 and 15 o'clock"
    else:
        offsets = [record.start.astimezone(home.tz).utcoffset() or timedelta() for record in days[-60:]]
        expected = 12 - longitude / 15 + float(np.median([hours(offset) for offset in offsets]))
        if abs(seen - expected) <= _FACING_H:
            return []
        should = f"about {_clock(expected)} at that place"
    return [
        CheckResult(
            "zone",
            "warning",
            f"the remembered panels gave most around {_clock(seen)} {home.zone} time, which should be {should}",
            "check zone in home.toml and the zone of the file that was ingested",
        )
    ]


def _pv_noon(record: DayRecord, home: Home) -> float | None:
    """Hour of the wall clock around which a day's PV energy lies."""
    known = np.nan_to_num(record.pv_kw)
    if not is_complete(record) or known.sum() * hours(record.step) < 1.0:
        return None
    middles = [(record.start + (at + 0.5) * record.step).astimezone(home.tz) for at in range(len(known))]
    return float(np.average([moment.hour + moment.minute / 60 for moment in middles], weights=known))


def _clock(hour: float) -> str:
    return f"{int(hour) % 24:02d}:{round(hour % 1 * 60) % 60:02d}"


def check_index(path: Path) -> CheckResult:
    """Whether the index can be read; it can always be made anew."""
    if not path.exists():
        return CheckResult("index", "note", "there is no index yet", "it is made by the first ingestion")
    if not is_sound(path):
        return CheckResult("index", "problem", f"index {str(path)!r} cannot be read", "advisor index rebuild")
    return ok("index", "sound")
