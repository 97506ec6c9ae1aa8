"""What the demo shows at its end: the bills side by side, and the decisions that mattered most."""

from io import StringIO
from itertools import groupby
from pathlib import Path

from rich.console import Console, Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from advisor.demo.device_bills import DeviceBills
from advisor.demo.run import DemoResult
from advisor.demo.words import TEXTS
from advisor.spoken_figures import decimal
from agent.decision.constraint_words import Language
from agent.decision.record import Decision
from agent.decision.wording.problem_words import in_language
from agent.decision.wording.reason_words import day_in_words

_TOLD = 3
_PICTURE_COLUMNS = 110


def show(outcome: DemoResult, console: Console) -> None:
    """Print the summary."""
    texts = TEXTS[outcome.view.language]
    console.print(Panel(_bills(outcome), title=texts["bill"], title_align="left"))
    console.print(Panel(_decisions(outcome), title=texts["mattered"], title_align="left"))
    if outcome.devices is not None:
        console.print(
            Panel(_devices(outcome.devices, outcome.view.language), title=texts["devices"], title_align="left")
        )
    console.print(_how(outcome))
    console.print(_where_next(outcome.view.language))


def draw(outcome: DemoResult, path: Path) -> None:
    """Save the last picture of the day and the summary as an SVG of a terminal."""
    console = Console(record=True, file=StringIO(), width=_PICTURE_COLUMNS)
    console.print(outcome.view)
    show(outcome, console)
    console.save_svg(str(path), title="advisor demo")


def _bills(outcome: DemoResult) -> RenderableType:
    account, language = outcome.bills, outcome.view.language
    texts = TEXTS[language]
    table = Table(box=None, pad_edge=False)
    table.add_column("")
    for title in (outcome.home.currency, texts["saved"], texts["share"]):
        table.add_column(title, justify="right")
    possible = account.none - account.oracle
    rows = (
        ("none", account.none, "dim"),
        ("greedy", account.greedy, ""),
        ("advisor", account.advisor, "bold green"),
        ("oracle", account.oracle, "dim"),
    )
    for name, bill, style in rows:
        share = f"{100 * (account.none - bill) / possible:.0f} %" if possible > 0.005 else "-"
        money = (decimal(value, 2, language) for value in (bill, account.none - bill))
        table.add_row(texts[name], *money, share, style=style)
    return table


def _devices(took: DeviceBills, language: Language) -> RenderableType:
    texts = TEXTS[language]
    table = Table(box=None, pad_edge=False)
    table.add_column("")
    for title in (texts["planned"], texts["alone"]):
        table.add_column(title, justify="right")
    for name, kwh in took.planned_kwh.items():
        table.add_row(name, f"{kwh:.1f} kWh", f"{took.alone_kwh[name]:.1f} kWh")
    if took.planned_mean_c is not None and took.alone_mean_c is not None:
        table.add_row(texts["indoors"], f"{took.planned_mean_c:.1f} °C", f"{took.alone_mean_c:.1f} °C")
        table.add_row(texts["cold"], f"{took.planned_cold_k_h:.1f} K h", f"{took.alone_cold_k_h:.1f} K h")
    return table


def mattered_most(decisions: list[Decision], count: int = _TOLD) -> list[tuple[Decision, float]]:
    """The stretches of one mode at most stake: first decision of each, and what self-consumption would have cost more.

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
    language = outcome.view.language
    texts = TEXTS[language]
    parts: list[RenderableType] = []
    for decision, stake in mattered_most(outcome.decisions):
        if decision.command is None:
            continue
        local = decision.at.astimezone(outcome.home.tz)
        worth = texts["worth"].format(money=f"{decimal(stake, 2, language)} {outcome.home.currency}")
        parts.append(
            Text.assemble((f"{local:%H:%M}  {texts[decision.command.mode.value]}", "bold"), (f"  {worth}", "green"))
        )
        parts.append(Text(decision.reason))
        near = ", ".join(
            f"{day_in_words(day.day.isoformat(), language)} ({in_language(day.why, language)})"
            for day in decision.neighbours[:2]
        )
        parts.append(Text(texts["similar_days"].format(days=near), style="dim"))
        parts.append(Text(""))
    return Group(*parts[:-1])


def _how(outcome: DemoResult) -> Text:
    """What was due and what was done, by whom, and how sure the figures are."""
    language, reviews = outcome.view.language, [one.review for one in outcome.decisions if one.review]
    texts = TEXTS[language]
    published = sum(decision.outcome == "published" for decision in outcome.decisions)
    fallbacks = sum(review.outcome != "chosen" for review in reviews)
    model = texts["reviews"].format(model=outcome.view.model, reviews=len(reviews), fallbacks=fallbacks)
    checked = texts["checked"].format(
        days=outcome.history_days,
        error=decimal(outcome.bills.balance_error_kwh, 3, language),
        seconds=f"{outcome.seconds:.0f}",
    )
    due = texts["due"].format(due=outcome.due, made=len(outcome.decisions), published=published)
    return Text("\n".join((due, model if reviews else texts["no_model"], checked)), style="dim")


def _where_next(language: Language) -> RenderableType:
    texts = TEXTS[language]
    table = Table.grid(padding=(0, 2))
    advisor = "advisor" if language == "en" else f"advisor --language {language}"
    for command, what in (
        ("explain --last", "next_explain"),
        ("chat", "next_chat"),
        ("demo --page", "next_page"),
        ("setup", "next_setup"),
    ):
        table.add_row(f"  {advisor} {command}", Text(texts[what], style="dim"))
    return Group(Text(texts["next"], style="bold"), table)
