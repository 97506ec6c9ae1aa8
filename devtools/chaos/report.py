"""The page of results: docs/reliability.md and its plot, from the file of results alone."""

from pathlib import Path
from statistics import median
from typing import Any

from devtools.chaos.soak import SoakDay, grows

_HEAD = """\
# Reliability

Made by `make chaos` (`python -m devtools.chaos`): the real code, from seed {seed}, on the machine that made this page.
Sizes are what was really run; a part that is not in a table was not run.

## Inputs through every door

Each input is a valid one with one to three changes: bits flipped, numbers of 400 digits, years 1 and 9999, nested
20,000 deep, cut, doubled, control characters. A crash is anything but an answer or a sentence; MQTT counts what its own
net had to catch. Every 50 messages a house in order must get a safe command within its next hour.

| door | inputs | crashes | commands checked | unsafe | lost decisions | slowest input, s |
|---|---:|---:|---:|---:|---:|---:|
"""
_KILLS = """
## Killed and revived

Real processes: Mosquitto, the simulated house, the advisor; beside Home Assistant, stand-ins for it and for a model's
server instead of the house. A part is killed with signal 9 at a random moment and started again; healed is the time
from its start to the next command, imports included.

| what | kills | median s | slowest s | not in 20 min | unsafe | longest without a command, s | damaged files |
|---|---|---:|---:|---:|---:|---:|---:|
"""


def write(results: dict[str, Any], out: Path) -> None:
    """Write the page, and the plot of the soak beside it."""
    parts = results["parts"]
    lines = [_HEAD.format(seed=results["seed"]), *_doors(parts), *_killed(parts), *_rest(parts)]
    if (part := parts.get("soak")) and part["result"].get("days"):
        plot = out.with_suffix(".svg")
        days = [SoakDay(**day) for day in part["result"]["days"]]
        draw(days, plot)
        lines += _soaked(part["result"], days, plot.name)
    out.write_text("".join(lines), encoding="utf-8")


def _doors(parts: dict[str, Any]) -> list[str]:
    rows = []
    for name, part in parts.items():
        if name.startswith("door: "):
            found = part["result"]
            mqtt = "MQTT" in name
            rows.append(
                f"| {name.removeprefix('door: ')} | {found['inputs']:,} | {found['crashes']} | "
                f"{found['decisions'] if mqtt else '-'} | {found['unsafe'] if mqtt else '-'} | "
                f"{found['lost'] if mqtt else '-'} | {found['slowest_s']:.2f} |\n"
            )
    return rows


def _killed(parts: dict[str, Any]) -> list[str]:
    rows = []
    for name in ("kills of the advisor", "kills of any part", "kills beside Home Assistant"):
        found = parts.get(name, {}).get("result")
        if found and found["kills"]:
            which = ", ".join(f"{part} {count}" for part, count in sorted(found["kills"].items()))
            healed = found["healed_s"] or [float("nan")]
            rows.append(
                f"| {name} | {which} | {median(healed):.1f} | {max(healed):.1f} | {found['not_healed']} | "
                f"{found['unsafe']} | {found['longest_s']} | {found['damaged']} |\n"
            )
    return [_KILLS, *rows] if rows else []


def _rest(parts: dict[str, Any]) -> list[str]:
    lines = ["\n## Clocks and disks\n\n"]
    if (jumps := parts.get("clock jumps", {}).get("result")) is not None:
        lines.append(
            f"After {jumps['due']} jumps of the clock, from 12 hours back to a day ahead and on both clocks, a command "
            f"came within the hour {jumps['commands']} times; {jumps['unsafe']} unsafe, "
            f"{jumps['caught']} faults caught.\n"
        )
    if (disk := parts.get("full disk", {}).get("result")) is not None:
        lines.append("\n" + _disk(disk))
    return lines


def _disk(disk: dict[str, Any]) -> str:
    if not disk["filled"]:
        return f"A full disk: {disk['on']}.\n"
    kept = "was written" if disk["kept_after"] else "was not all written"
    return (
        f"Memory on a {disk['on']}, filled to the last byte: {disk['commands_while_full']} of "
        f"{disk['due_while_full']} commands while it was full, {disk['commands_after']} of {disk['due_after']} after; "
        f"what had waited {kept} then. {disk['caught']} faults caught, {disk['unsafe']} unsafe.\n"
    )


def _soaked(found: dict[str, Any], days: list[SoakDay], plot: str) -> list[str]:
    text = (
        f"A decision every quarter of an hour: {found['commands']:,} commands for {found['due']:,} slots, "
        f"{found['unsafe']} unsafe, {found['caught']} faults caught. Memory grew by {grows(days):+.2f} MB a day in the "
        f"second half, threads from {days[0].threads} to {days[-1].threads}; the slowest decision took "
        f"{max(day.slowest_s for day in days):.2f} s. The journal reached {days[-1].journal_mb:.1f} MB, the days "
        f"{days[-1].days_kb:.0f} kB.\n"
    )
    return [f"\n## {len(days)} days at speed\n\n![Memory, threads, latency and files]({plot})\n\n", text]


def draw(days: list[SoakDay], path: Path) -> None:
    """Four small plots over the days."""
    import matplotlib as mpl  # noqa: PLC0415 (only who draws pays for the import)

    mpl.use("svg")
    import matplotlib.pyplot as plt  # noqa: PLC0415 (after the choice of what draws)

    mpl.rcParams["svg.hashsalt"] = "chaos"
    figure, places = plt.subplots(2, 2, figsize=(9, 5), layout="constrained")
    x = [day.day for day in days]
    shown: dict[str, list[list[float]]] = {
        "memory, MB": [[day.memory_mb for day in days]],
        "threads": [[day.threads for day in days]],
        "decision, s (mean, slowest)": [[day.mean_s for day in days], [day.slowest_s for day in days]],
        "journal, MB": [[day.journal_mb for day in days]],
    }
    for place, (title, values) in zip(places.flat, shown.items(), strict=True):
        for line in values:
            place.plot(x, line)
        place.set_title(title, fontsize=10)
        place.set_ylim(bottom=0)
        place.set_xlabel("day", fontsize=9)
    figure.savefig(path, metadata={"Date": None})
    plt.close(figure)
