"""`python -m benchmarks realism`: synthetic homes beside recorded ones, as one table and one picture."""

from pathlib import Path
from typing import Annotated

import typer


def bench_realism(
    *,
    wheel: Annotated[Path, typer.Option("--from", help="CityLearn 2.1.2 wheel with the recorded homes.")],
    out: Annotated[Path, typer.Option(help="Folder for realism.md and realism.svg.")] = Path(".advisor/realism"),
) -> None:
    """Compare eight synthetic homes with recorded homes 1 to 8, and the weather of towns with their normals."""
    from eval.realism.climates import climate_table
    from eval.realism.forecast_errors import forecast_table
    from eval.realism.plot import draw, save
    from eval.realism.realism import recorded_homes, synthetic_homes, table

    recorded, synthetic = recorded_homes(wheel), synthetic_homes()
    text = table(recorded, synthetic) + _FORECASTS + forecast_table() + _CLIMATES + climate_table()
    out.mkdir(parents=True, exist_ok=True)
    (out / "realism.md").write_text(_HEAD + text, encoding="utf-8")
    save(draw(recorded, synthetic), str(out / "realism.svg"))
    typer.echo(text)
    typer.echo(f"table:   {out / 'realism.md'}\npicture: {out / 'realism.svg'}")


_FORECASTS = """
## Errors of synthetic forecasts

Root mean square of temperature and of hourly PV in daylight; mean absolute error of a day's PV against the mean day.

"""
_CLIMATES = """
## Climates of towns

Normals of 1991 to 2020, rounded by hand and right to about 2 K, and in brackets by how much three synthetic years are
above them; the highest and lowest temperature of a synthetic year.

"""
_HEAD = """\
# Synthetic homes beside recorded ones

Made by `python -m benchmarks realism --from CityLearn-2.1.2-py3-none-any.whl --out docs`; how to read it is in
[synthetic homes](synthetic.md).

![Recorded and synthetic homes, six ways to look at them](realism.svg)

"""
