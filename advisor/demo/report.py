"""What the demo tells at its end: the bills side by side, and the decisions that mattered most."""

from io import StringIO
from itertools import groupby
from pathlib import Path

from rich.console import Console, Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from advisor.demo.device_bills import DeviceBills
from advisor.demo.run import DemoResult
from agent.decision.record import Decision

_TOLD = 3
_PICTURE_COLUMNS = 110


def tell(outcome: DemoResult, console: Console) -> None:
    """Print the summary."""
    console.print(Panel(_bills(outcome), title="the bill of the same hours", title_align="left"))
    console.print(Panel(_decisions(outcome), title="the decisions that mattered most", title_align="left"))
    if outcome.devices is not None:
        console.print(Panel(_devices(outcome.devices), title="what the devices took", title_align="left"))
    console.print(_how(outcome))


def draw(outcome: DemoResult, path: Path) -> None:
    """Save the last picture of the day and the summary as an SVG of a terminal."""
    console = Console(record=True, file=StringIO(), width=_PICTURE_COLUMNS)
    console.print(outcome.view)
    tell(outcome, console)
    console.save_svg(str(path), title="advisor demo")


def _bills(outcome: DemoResult) -> RenderableType:
    account = outcome.bills
    table = Table(box=None, pad_edge=False)
    table.add_column("")
    table.add_column(outcome.home.currency, justify="right")
    table.add_column("saved", justify="right")
    table.add_column("of what was possible", justify="right")
    possible = account.none - account.oracle
    rows = (
        ("no battery", account.none, "dim"),
        ("greedy self-consumption", account.greedy, ""),
        ("Energy Advisor", account.advisor, "bold green"),
        ("perfect foresight (bound)", account.oracle, "dim"),
    )
    for name, bill, style in rows:
        share = f"{(account.none - bill) / possible:.0%}" if possible > 0.005 else "-"
        table.add_row(name, f"{bill:.2f}", f"{account.none - bill:.2f}", share, style=style)
    return table


def _devices(took: DeviceBills) -> RenderableType:
    table = Table(box=None, pad_edge=False)
    table.add_column("")
    for title in ("planned", "left alone"):
        table.add_column(title, justify="right")
    for name, kwh in took.planned_kwh.items():
        table.add_row(name, f"{kwh:.1f} kWh", f"{took.alone_kwh[name]:.1f} kWh")
    if took.planned_mean_c is not None and took.alone_mean_c is not None:
        table.add_row("mean indoors", f"{took.planned_mean_c:.1f} °C", f"{took.alone_mean_c:.1f} °C")
        table.add_row("below the band", f"{took.planned_cold_k_h:.1f} K h", f"{took.alone_cold_k_h:.1f} K h")
    return table


def mattered_most(decisions: list[Decision], count: int = _TOLD) -> list[tuple[Decision, float]]:
    """The stretches of one mode at most stake: first decision of each, and what following the house would have cost.

    A stake is the expected extra cost of plain self-consumption in that slot, all else being optimal; stretches
    sum those of their slots.
    """
    commanded = [decision for decision in decisions if decision.command is not None]
    stretches = []
    for _, group in groupby(commanded, key=lambda decision: decision.command and decision.command.mode):
        members = list(group)
        stretches.append((members[0], sum(member.stake for member in members)))
    return sorted(stretches, key=lambda pair: -pair[1])[:count]


def _decisions(outcome: DemoResult) -> RenderableType:
    parts: list[RenderableType] = []
    for decision, stake in mattered_most(outcome.decisions):
        if decision.command is None:
            continue
        local = decision.at.astimezone(outcome.home.tz)
        head = f"{local:%H:%M}  {decision.command.mode.value}"
        parts.append(Text.assemble((head, "bold"), (f"  worth {stake:.2f} {outcome.home.currency}", "green")))
        parts.append(Text(decision.reason))
        near = ", ".join(f"{day.day} ({day.why})" for day in decision.neighbours[:2])
        parts.append(Text(f"similar days: {near}", style="dim"))
        parts.append(Text(""))
    return Group(*parts[:-1])


def _how(outcome: DemoResult) -> Text:
    told = outcome.as_json()
    line = Text(style="dim")
    line.append(
        f"{told['published']} of {told['due']} decisions that were due published, "
        f"the model ({told['model']}) was asked "
        f"{told['reviews']} times and overruled or missed {told['fallbacks']} times; "
        f"{told['history_days']} days of memory; "
        f"energy balances to {told['kwh_balance_error']:.0e} kWh; {told['seconds']} s.\n"
        "Why the last decision: advisor explain --last",
    )
    return line
