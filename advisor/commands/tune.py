"""`advisor tune`: what the advisor can learn from its household, measured, and kept only where it helps."""

import json
from dataclasses import asdict

import typer

from advisor.json_option import Json
from advisor.memory_choice import HomeName, MemoryDir, chosen_memory
from advisor.spoken_language import say, working
from agent.language.kinds.names import OWN_WEIGHTS

tune_app = typer.Typer(help="Learn from what the household has confirmed.", no_args_is_help=True)


@tune_app.callback()
def tune() -> None:
    """Learn from what the household has confirmed."""


@tune_app.command("language")
def tune_language(
    *,
    home: HomeName = None,
    memory: MemoryDir = None,
    as_json: Json = False,
) -> None:
    """Fit the reader of notes to the home's confirmed notes too (some minutes); kept only if nothing is read worse."""
    from advisor.memory import known_facts
    from eval.language.tuning import own_phrases, tune
    from knowledge.notes import notes_of

    chosen = chosen_memory(memory, home)
    facts = known_facts(chosen.folder, chosen.home)
    path = chosen.folder / OWN_WEIGHTS
    with working("Fitting and measuring; this takes some minutes"):
        result = tune(own_phrases(notes_of(chosen.folder, facts.name).list()), path)
    if as_json:
        typer.echo(json.dumps({**asdict(result), "kept": result.is_kept}))
        return
    say(f"own notes read as confirmed: {result.own_before} of {result.notes} before, {result.own_after} after")
    say(f"exam read right: {result.exam_before} before, {result.exam_after} after")
    say(f"kept: {path}" if result.is_kept else "not kept: nothing is read better, or something is read worse")
