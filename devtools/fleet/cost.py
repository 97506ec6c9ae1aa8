"""`python -m devtools.fleet.cost`: what a home of a fleet costs, in processor time and memory, as there are more."""

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass
from datetime import timedelta
from pathlib import Path

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure

from devtools.fleet.servers import local_servers
from fleet.archive import Archive
from fleet.home_state import STEP
from fleet.ingester import Ingester, IntakeLimits
from fleet.planning import Planning
from fleet.simulate import SimulatedHome, simulated_fleet
from fleet.streams import READINGS, Redis, Shard, connect, register
from fleet.tenure import Tenure
from fleet.worker import Duty, Seat
from transport.durable import Received

_AT_A_TIME = 500


@dataclass(frozen=True, slots=True)
class Cost:
    """Messages of all; processor milliseconds for a home and slot by role, and what Redis holds for a home, in kB."""

    homes: int
    slots: int
    messages: int
    ingest_ms: float
    plan_ms: float
    archive_ms: float
    redis_ms: float
    redis_kb: float

    @property
    def total_ms(self) -> float:
        """All of it."""
        return self.ingest_ms + self.plan_ms + self.archive_ms + self.redis_ms


def measure(homes: int, slots: int, url: str, folder: Path, *, every: timedelta) -> Cost:
    """Work some slots off, role by role in this process; the broker's part is not in it."""
    with closing(connect(url)) as redis:
        return _measured_on(redis, homes, slots, folder, every)


def _measured_on(redis: Redis, homes: int, slots: int, folder: Path, every: timedelta) -> Cost:
    redis.flushall()
    fleet = simulated_fleet(homes, shards=("s0",), days=1)
    register(redis, [home for home, _ in fleet])
    known = {home.home.name: home for home, _ in fleet}
    shard = Shard(redis, "s0")
    ingester = Ingester(shard, lambda _: known, IntakeLimits(per_second=1e9, burst=1e9))
    houses = [SimulatedHome(home, recording, every, at) for at, (home, recording) in enumerate(fleet)]
    before = redis.info()
    ingest_s = sum(_ingest_step(houses, ingester, shard) for _ in range((slots - 1) * (STEP // every) + 1))

    def work(duty: Duty) -> float:
        seat = Seat(shard, duty, Tenure(shard, duty.group, 3600), homes=lambda _: known, wall=None)
        seat.turn()
        return _timed(lambda: _work_off(seat))

    plan_s, archive_s = work(Planning(shard, folder)), work(Archive(shard, folder))
    shard.trim()
    after = redis.info()
    redis_s = sum(after[name] - before[name] for name in ("used_cpu_user", "used_cpu_sys"))
    each_ms = 1000 / (homes * slots)
    return Cost(
        homes=homes,
        slots=slots,
        messages=redis.xinfo_stream(shard.key(READINGS))["entries-added"],
        ingest_ms=round(ingest_s * each_ms, 2),
        plan_ms=round(plan_s * each_ms, 2),
        archive_ms=round(archive_s * each_ms, 2),
        redis_ms=round(redis_s * each_ms, 2),
        redis_kb=round((after["used_memory"] - before["used_memory"]) / homes / 1000, 1),
    )


def _ingest_step(houses: list[SimulatedHome], ingester: Ingester, shard: Shard) -> float:
    sent = [Received(topic, _bytes(payload), 0, 0) for one in houses for topic, payload in one.messages()]
    for one in houses:
        one.house.step()

    def ingest() -> None:
        for at in range(0, len(sent), _AT_A_TIME):
            shard.add(*ingester.sorted_out(sent[at : at + _AT_A_TIME]))

    return _timed(ingest)


def _bytes(payload: bytes | str) -> bytes:
    return payload.encode() if isinstance(payload, str) else payload


def _work_off(seat: Seat) -> None:
    while seat.turn():
        pass


def _timed(work: Callable[[], object]) -> float:
    began = time.process_time()
    work()
    return time.process_time() - began


def measured(wanted: Sequence[int], slots: int, every: timedelta, rows: Path | None) -> list[Cost]:
    """The cost of fleets of each size; a file of rows saves measuring one again, and gets what is new."""
    known = (
        []
        if rows is None or not rows.exists()
        else [Cost(**json.loads(line)) for line in rows.read_text(encoding="utf-8").splitlines()]
    )
    found = {one.homes: one for one in known if one.slots == slots}
    with tempfile.TemporaryDirectory() as folder, local_servers(Path(folder)) as servers:
        for homes in wanted:
            if homes not in found:
                found[homes] = measure(homes, slots, servers.redis_url, Path(folder) / "days", every=every)
                if rows is not None:
                    with rows.open("a", encoding="utf-8") as file:
                        file.write(json.dumps(asdict(found[homes])) + "\n")
            sys.stdout.write(json.dumps(asdict(found[homes]) | {"total_ms": round(found[homes].total_ms, 2)}) + "\n")
            sys.stdout.flush()
    return [found[homes] for homes in wanted]


def draw(costs: Sequence[Cost], path: Path) -> None:
    """Processor milliseconds of a home and slot by the number of homes, part by part."""
    from eval.report.style import COLOURS, STYLE  # noqa: PLC0415 (only who draws pays for the import)

    parts = {"plan": "battery", "archive": "solar", "Redis": "charge", "ingest": "discharge"}
    with mpl.rc_context({**STYLE, "svg.hashsalt": "cost"}):
        figure = Figure(figsize=(6.4, 2.6), layout="constrained", facecolor="white")
        axes = figure.subplots()
        left = np.zeros(len(costs))
        for name, tone in parts.items():
            width = np.array([getattr(one, f"{name.lower()}_ms") for one in costs])
            axes.barh([f"{one.homes:,} homes" for one in costs], width, left=left, label=name, color=COLOURS[tone][0])
            left += width
        axes.invert_yaxis()
        axes.set_xlabel("processor milliseconds for a home and quarter of an hour")
        axes.legend(ncols=len(parts), loc="upper center", bbox_to_anchor=(0.5, 1.2))
        figure.savefig(path, metadata={"Date": None})


def main() -> None:
    """Measure fleets of several sizes and print a row for each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--homes", default="10,100,1000,10000")
    parser.add_argument("--slots", type=int, default=2)
    parser.add_argument("--every", type=float, default=300.0, help="seconds between two readings of a home")
    parser.add_argument("--rows", type=Path, help="file of what was measured; its sizes are not measured again")
    parser.add_argument("--plot", type=Path, help="draw it here")
    given = parser.parse_args()
    sizes = [int(homes) for homes in given.homes.split(",")]
    costs = measured(sizes, given.slots, timedelta(seconds=given.every), given.rows)
    if given.plot is not None:
        draw(costs, given.plot)


if __name__ == "__main__":
    main()
