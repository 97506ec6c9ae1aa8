"""Kills, broken brokers and full disks, on real processes."""

import errno
import os
import random
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from pathlib import Path

from devtools.chaos.estate import Estate
from devtools.chaos.house import BEGIN, HOME, SLOT, ChaosBench, unsafe

_WAITS_S = 1200.0


@dataclass
class ProcessResult:
    """What came of killing: how often, how long until the next command, and what was lost."""

    kills: dict[str, int] = field(default_factory=dict)
    healed_s: list[float] = field(default_factory=list)
    not_healed: int = 0
    unsafe: int = 0
    commands: int = 0
    damaged: int = 0
    longest_s: float = 0.0
    examples: list[str] = field(default_factory=list)

    def as_json(self) -> dict[str, object]:
        """For the file of results."""
        return asdict(self)


def kills(estate: Estate, seed: int, count: int, parts: tuple[str, ...]) -> Iterator[ProcessResult]:
    """End one of `parts` with signal 9 at a random moment, start it again, await a command; `count` times."""
    rng, result = random.Random(seed), ProcessResult()  # noqa: S311 (repeatable, and no secret)
    estate.prepare()
    try:
        for part in estate.parts:
            estate.start(part)
        estate.listen()
        estate.watch(_WAITS_S, until_command=True)
        for _ in range(count):
            estate.watch(rng.uniform(0.05, 3.0))
            part = rng.choice(parts)
            estate.kill(part)
            result.kills[part] = result.kills.get(part, 0) + 1
            estate.watch(rng.uniform(0.0, 1.0))
            estate.start(part)
            took_s = estate.watch(_WAITS_S, until_command=True)
            if took_s is None:
                result.not_healed += 1
            else:
                result.healed_s.append(round(took_s, 2))
            _add_up(result, estate)
            yield result
    finally:
        estate.stop_all()


def _add_up(result: ProcessResult, estate: Estate) -> None:
    seen, memory = estate.seen, estate.folder / "memory"
    result.unsafe, result.commands, result.longest_s = len(seen.unsafe), seen.published, round(seen.longest_s, 1)
    result.damaged = sum(1 for path in memory.rglob("*.damaged") if path.name != "index.damaged")
    result.examples = seen.unsafe[:5]


@dataclass
class DiskResult:
    """What came of a disk that fills up and is emptied again."""

    filled: bool = False
    on: str = ""
    commands_while_full: int = 0
    due_while_full: int = 0
    commands_after: int = 0
    due_after: int = 0
    fault: str = ""
    kept_after: bool = False
    caught: int = 0
    unsafe: int = 0

    def as_json(self) -> dict[str, object]:
        """For the file of results."""
        return asdict(self)


def full_disk(folder: Path, slots: int = 12) -> DiskResult:
    """A memory on a small tmpfs, filled to the last byte while the advisor decides, then emptied."""
    result = DiskResult()
    with ExitStack() as stack:
        place = _small_disk(folder, stack, result)
        if place is None:
            return result
        bench = ChaosBench(place / "memory", "house", stack)
        bench.live()
        bench.link.commands.clear()
        filler = place / "filler"
        _fill(filler)
        result.filled = True
        for _ in range(slots):
            bench.live()
        result.due_while_full, result.commands_while_full = slots, len(bench.link.commands)
        result.fault = bench.journal.fault
        filler.unlink()
        for _ in range(slots):
            bench.live()
        result.due_after, result.commands_after = slots, len(bench.link.commands) - result.commands_while_full
        kept = bench.journal.measured(HOME.name, BEGIN, BEGIN + 100 * SLOT)
        result.kept_after = len(kept) >= 2 * slots - 2 and not bench.journal.fault
        result.caught = bench.caught
        result.unsafe = sum(1 for command in bench.link.commands if unsafe(command))
    return result


def _small_disk(folder: Path, stack: ExitStack, result: DiskResult) -> Path | None:
    folder.mkdir(parents=True, exist_ok=True)
    mounted = subprocess.run(  # noqa: S603 (ours)
        ["/bin/mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(folder)], capture_output=True, check=False
    )
    if mounted.returncode != 0:
        result.on = f"not run: {mounted.stderr.decode(errors='replace').strip()[:100]}"
        return None
    stack.callback(subprocess.run, ["/bin/umount", str(folder)], capture_output=True, check=False)
    result.on = "tmpfs of 4 MB"
    return folder


def _fill(path: Path) -> None:
    file = os.open(path, os.O_CREAT | os.O_WRONLY)
    try:
        for size in (65_536, 4096, 1):
            _write_until_full(file, size)
    finally:
        os.close(file)


def _write_until_full(file: int, size: int) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        try:
            if os.write(file, b"\0" * size) == 0:
                return
        except OSError as err:
            if err.errno == errno.ENOSPC:
                return
            raise
