"""Thirty days at speed in one process: memory, threads, latency and file sizes, day by day."""

import gc
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from datetime import timedelta
from pathlib import Path

from devtools.chaos.house import SLOT, ChaosBench, unsafe

_PAGE_BYTES = 4096
_SLOTS_A_DAY = 96


@dataclass
class SoakDay:
    """One day of the soak."""

    day: int
    memory_mb: float
    threads: int
    slowest_s: float
    mean_s: float
    journal_mb: float
    days_kb: float
    commands: int


@dataclass
class SoakResult:
    """All days so far."""

    days: list[SoakDay] = field(default_factory=list)
    due: int = 0
    commands: int = 0
    unsafe: int = 0
    caught: int = 0

    def as_json(self) -> dict[str, object]:
        """For the file of results."""
        return asdict(self)


def soak(folder: Path, days: int) -> Iterator[SoakResult]:
    """Decide every quarter of an hour for so many days; the charge follows a day's ups and downs."""
    result = SoakResult()
    with ExitStack() as stack:
        bench = ChaosBench(folder / "soak", "house", stack)
        for day in range(days):
            slowest_s, began_day = 0.0, time.monotonic()
            for slot in range(_SLOTS_A_DAY):
                began = time.monotonic()
                bench.live(SLOT, soc=0.3 + 0.4 * abs(slot - 48) / 48)
                slowest_s = max(slowest_s, time.monotonic() - began)
            result.due += _SLOTS_A_DAY
            result.commands += len(bench.link.commands)
            result.unsafe += sum(1 for command in bench.link.commands if unsafe(command))
            result.caught = bench.caught
            result.days.append(_measured(day, folder / "soak", len(bench.link.commands), slowest_s, began_day))
            bench.link.commands.clear()
            bench.link.decisions.clear()
            yield result


def _measured(day: int, memory: Path, commands: int, slowest_s: float, began_s: float) -> SoakDay:
    gc.collect()
    return SoakDay(
        day=day + 1,
        memory_mb=round(_resident_bytes() / 1e6, 1),
        threads=threading.active_count(),
        slowest_s=round(slowest_s, 3),
        mean_s=round((time.monotonic() - began_s) / _SLOTS_A_DAY, 3),
        journal_mb=round(sum(path.stat().st_size for path in memory.glob("journal.sqlite*")) / 1e6, 2),
        days_kb=round(sum(path.stat().st_size for path in memory.rglob("days.jsonl")) / 1e3, 1),
        commands=commands,
    )


def _resident_bytes() -> int:
    return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * _PAGE_BYTES


def grows(days: list[SoakDay]) -> float:
    """How many MB a day the memory grew in the second half, by a straight line through it."""
    half = days[len(days) // 2 :]
    if len(half) < 2:
        return 0.0
    mean_x = sum(day.day for day in half) / len(half)
    mean_y = sum(day.memory_mb for day in half) / len(half)
    spread = sum((day.day - mean_x) ** 2 for day in half)
    return sum((day.day - mean_x) * (day.memory_mb - mean_y) for day in half) / spread


def clock_jumps(folder: Path, seed: int, count: int) -> Iterator[SoakResult]:
    """The clock of the house jumps back and forth; a command must come within the hour after each jump."""
    import random  # noqa: PLC0415 (here alone)

    rng, result = random.Random(seed), SoakResult()  # noqa: S311 (repeatable, and no secret)
    with ExitStack() as stack:
        for clock in ("house", "wall"):
            bench = ChaosBench(folder / f"jumps-{clock}", clock, stack)
            bench.live()
            for _ in range(count // 2):
                bench.live(timedelta(minutes=rng.choice((-720, -300, -61, -20, 20, 61, 300, 720, 1440))))
                known = len(bench.link.commands)
                for _ in range(12):
                    bench.live(timedelta(minutes=5))
                result.due += 1
                result.commands += len(bench.link.commands) > known
                result.unsafe += sum(1 for command in bench.link.commands if unsafe(command))
                bench.link.commands.clear()
            result.caught += bench.caught
            yield result
