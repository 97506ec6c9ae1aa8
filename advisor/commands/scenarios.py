"""`advisor scenarios`: show them, and play all of them against plain self-consumption."""

import json
from pathlib import Path
from typing import Annotated

import typer

from advisor.json_option import Json

scenarios_app = typer.Typer(help="Houses to try before you buy any hardware.", no_args_is_help=True)


@scenarios_app.command("list")
def scenarios_list(*, as_json: Json = False) -> None:
    """Show every scenario with its title."""
    from simulator.scenario import all_scenarios

    known = all_scenarios()
    if as_json:
        typer.echo(json.dumps({name: scenario.title for name, scenario in known.items()}, ensure_ascii=False))
        return
    for name, scenario in known.items():
        typer.echo(f"{name:18} {scenario.title}")


@scenarios_app.command("check")
def scenarios_check(
    names: Annotated[list[str] | None, typer.Argument(help="Scenarios to play; all by default.")] = None,
    out: Annotated[Path | None, typer.Option(help="Write the table to this Markdown file too.")] = None,
    *,
    as_json: Json = False,
) -> None:
    """Play scenarios with the whole system; fails if the advisor costs over 1 % more than self-consumption."""
    from advisor.demo.scenarios import check

    raise typer.Exit(0 if check(names, out, as_json=as_json) else 1)
