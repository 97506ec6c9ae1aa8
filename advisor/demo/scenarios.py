"""Scenarios played: by the demo, by a house on its own, and all of them in a row against plain self-consumption."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import typer

from advisor.demo.run import Choices, DemoResult, play, recording
from advisor.memory import known_history, store_of
from ingest.history.table import History
from simulator.__main__ import main as play_house
from simulator.house.sensors import PERFECT
from simulator.scenario import home_name, load_scenario, scenario_names

# More than this above the bill of plain self-consumption is a loss; a cent of rounding is not.
_LOSS, _CENT = 0.01, 0.01
_FOLDER = Path(".advisor/scenarios")


def stage(name: str, choices: Choices) -> tuple[Choices, History]:
    """The demo's choices for a scenario, with the days before it in a fresh memory of its own.

    Raises:
        SettingsError: the scenario is not known or says something impossible.
        DataError: its home was not recorded then.
    """
    from simulator.staging import staged  # noqa: PLC0415 (weather and its libraries: seconds that only a scenario needs)

    scenario = load_scenario(name)
    home = home_name(name)
    history = staged(scenario, home)
    folder = _FOLDER / home
    shutil.rmtree(folder, ignore_errors=True)
    store = store_of(folder / "memory")
    store.remember_home(history.home)
    store.append(home, [record for record in history.days if record.day < scenario.play.first_day])
    played = replace(
        choices,
        home=home,
        day=scenario.play.first_day,
        hours=scenario.play.hours,
        folder=folder,
        start_soc=scenario.play.start_soc,
        quality=scenario.sensors,
    )
    return played, history


def simulate(name: str | None, choices: Choices) -> int:
    """Put the house of a scenario, or of a recorded day, on the broker; returns its exit code."""
    if name is not None:
        choices, history = stage(name, choices)
    else:
        history = known_history(choices.home, choices.known)
    choices.folder.mkdir(parents=True, exist_ok=True)
    played = choices.folder / "recording.json"
    recording(history, day=choices.day, hours=choices.hours).to_json(played)
    arguments = ["--recording", str(played), "--broker", str(choices.broker), "--speed", str(choices.speed)]
    arguments += ["--no-lockstep", "--soc", str(choices.start_soc), "--record", str(choices.folder / "played.jsonl")]
    if choices.quality != PERFECT:
        sensors = choices.folder / "sensors.yaml"
        sensors.write_text(choices.quality.model_dump_json(), encoding="utf-8")
        arguments += ["--sensors", str(sensors)]
    return play_house(arguments)


def loses(outcome: DemoResult) -> bool:
    """Whether the advisor's bill is more than 1 % above that of plain self-consumption."""
    greedy = outcome.bills.greedy
    return outcome.bills.advisor > greedy + max(_LOSS * abs(greedy), _CENT)


def check(names: list[str] | None, out: Path | None, *, as_json: bool) -> bool:
    """Play scenarios without a model and print one row each, or all as one JSON object; whether none of them loses."""
    rows, played = [_HEAD, _RULE], dict[str, DemoResult]()
    if not as_json:
        typer.echo(f"{_HEAD}\n{_RULE}")
    for name in names or scenario_names():
        played[name] = play(*stage(name, Choices(model="none")), None)
        rows.append(_row(name, played[name]))
        typer.echo(rows[-1], err=as_json)
    if as_json:
        figures = {name: outcome.as_json() | {"loses": loses(outcome)} for name, outcome in played.items()}
        typer.echo(json.dumps({"scenarios": figures}, ensure_ascii=False))
    if out is not None:
        out.write_text(_INTRODUCTION + "\n".join(rows) + "\n", encoding="utf-8")
        typer.echo(f"written: {out}", err=True)
    return not any(loses(outcome) for outcome in played.values())


_HEAD = "| scenario | hours | no battery | self-consumption | advisor | bound | share of the bound's saving |"
_RULE = "|---|---:|---:|---:|---:|---:|---:|"
_INTRODUCTION = """\
# Scenarios

Scenarios, played by the whole system: house, broker, memory and advisor as separate processes, no language model.
Bills in EUR, less the value of what is left in the battery against the start. `advisor scenarios check --out
docs/scenarios.md` makes this page, and fails where the advisor loses more than 1 % to plain self-consumption. A few
days each: these are examples of how it behaves, not statistics; [results](results.md) has those. Where there are
devices, "self-consumption" is the house left alone, with every device on its own programme, and all bills are for the
same needs: what a car still lacks is bought, what is warm in the walls is credited.

"""


def _row(name: str, outcome: DemoResult) -> str:
    bills = outcome.bills
    share = "-" if bills.share_of_oracle is None else f"{bills.share_of_oracle:.0%}"
    paid = " | ".join(f"{bill:.2f}" for bill in (bills.none, bills.greedy, bills.advisor, bills.oracle))
    return f"| {name}{' (loses)' if loses(outcome) else ''} | {len(outcome.decisions) // 2} | {paid} | {share} |"
