"""`advisor bill`: the bill of a month as a household knows it, and which tariff suits."""

from typing import Annotated, Literal

import typer

from advisor.json_option import Json
from advisor.memory_choice import MemoryDir, chosen_memory
from advisor.spoken_language import SPOKEN, SPOKEN_OPTION


def bill(  # noqa: PLR0913 (a command line's options)
    *,
    home: Annotated[
        str | None, typer.Option(help="A home in memory, or a shipped one; that of advisor.toml by default.")
    ] = None,
    month: Annotated[str | None, typer.Option(help="Such as 2026-03; the last whole one by default.")] = None,
    tariff: Annotated[str | None, typer.Option(help="Another tariff by its name, instead of the home's own.")] = None,
    compare: Annotated[
        tuple[str, str] | None,
        typer.Option(help="Two tariffs by name, or `own`: which suits, over all whole months that are stored."),
    ] = None,
    with_advisor: Annotated[
        bool, typer.Option("--with-advisor", help="Compare with the planner as well: minutes for each year.")
    ] = False,
    language: Annotated[Literal["en", "es"] | None, SPOKEN_OPTION] = None,
    memory: MemoryDir = None,
    as_json: Json = False,
) -> None:
    """Print the bill of a month line by line, or say which of two tariffs suits this home."""
    from advisor.commands.bill_text import BillWishes, compare_tariffs, print_bill
    from advisor.memory import known_facts

    chosen = chosen_memory(memory, home)
    name = chosen.home or known_facts(chosen.folder, None).name
    wishes = BillWishes(home=name, memory=chosen.folder, words=language or SPOKEN.get(), as_json=as_json)
    if compare is None:
        print_bill(wishes, month=month, tariff=tariff)
    else:
        compare_tariffs(wishes, compare, with_advisor=with_advisor)
