"""`advisor size`: what a battery would earn a home."""

import json
from pathlib import Path
from typing import Annotated

import typer

MemoryDir = Annotated[Path, typer.Option("--memory", help="Folder of the advisor's memory.")]
DEFAULT_MEMORY = Path(".advisor/memory")


def size(  # noqa: PLR0913 (a command line's options)
    *,
    home: Annotated[str, typer.Option(help="A home in memory, or a shipped one.")] = "citylearn-4",
    battery: Annotated[list[float], typer.Option(help="Battery sizes in kWh; give it several times.")] = [3, 6.4, 13.5],  # noqa: B006 (typer copies it)
    pv: Annotated[list[float], typer.Option(help="Factors on the panels that stand there.")] = [1.0],  # noqa: B006 (as above)
    battery_price: Annotated[float, typer.Option(min=0, help="Installed price per kWh.")] = 600.0,
    tariff: Annotated[str | None, typer.Option(help="A tariff by its name, instead of the home's own.")] = None,
    full: Annotated[bool, typer.Option("--full", help="Play every week instead of every fourth.")] = False,
    out: Annotated[Path, typer.Option(help="Folder for the page and the table.")] = Path(".advisor/size"),
    memory: MemoryDir = DEFAULT_MEMORY,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Work out what a battery would save a home, and whether it pays off."""
    from advisor.memory import known_history
    from eval.sizing.investment import Assumptions
    from eval.sizing.report import answer, write_sizing
    from eval.sizing.sizing import size as play_sizes
    from ingest.tariffs.catalogue import named_tariff

    history, title = known_history(home, memory), tariff or "its tariff"
    table = play_sizes(
        history,
        batteries_kwh=battery,
        tariffs={title: named_tariff(tariff) if tariff else history.home.tariff},
        pv_factors=pv,
        assumed=Assumptions(battery_per_kwh=battery_price),
        every=1 if full else 4,
        workers=2,
    )
    page, text = write_sizing(table, out)
    if as_json:
        typer.echo(json.dumps({"answer": answer(table, title), "table": str(text), "page": str(page)}))
        return
    typer.echo(answer(table, title))
    typer.echo(f"table: {text}\npage:  {page}")
