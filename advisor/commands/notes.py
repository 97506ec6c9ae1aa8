"""`advisor notes`: what the household asks for, understood, confirmed, listed and withdrawn."""

import json
import sys
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from zoneinfo import ZoneInfo

import typer

from advisor.date_options import MOMENT_SHOWN, MOMENTS
from advisor.json_option import Json
from advisor.memory_choice import ChosenMemory, HomeName, MemoryDir, chosen_memory
from advisor.spoken_language import SPOKEN, agreed, say, spoken
from agent.decision.wording.problem_words import in_language

if TYPE_CHECKING:
    from agent.language.notes.reading import NotUnderstood, Understood
    from agent.llm.models import ModelSettings
    from energy.home import Home
    from knowledge.notes import KnownNote

notes_app = typer.Typer(help="What the household wants: notes become constraints of the plan.", no_args_is_help=True)

At = Annotated[
    datetime | None,
    typer.Option(formats=MOMENTS, metavar=MOMENT_SHOWN, help="Local time to take as now, for a simulated house."),
]


@notes_app.command("add")
def add(  # noqa: PLR0913 (a command line's options)
    text: Annotated[str, typer.Argument(help="The note, such as 'keep 60 % until 08:00'.")],
    *,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Keep it without asking.")] = False,
    model: Annotated[
        str,
        typer.Option(
            help="Model for notes that rules do not understand: auto (as in the settings), ollama/NAME or none."
        ),
    ] = "auto",
    at: At = None,
    home: HomeName = None,
    memory: MemoryDir = None,
    config: Annotated[Path, typer.Option(help="Settings file, whose section `model` is used.")] = Path("advisor.toml"),
    as_json: Json = False,
) -> None:
    """Show how a note is understood, and keep it once confirmed."""
    from advisor.model_choice import chosen_model
    from agent.decision.constraint_words import describe
    from agent.language.notes.reading import NotUnderstood, understand
    from energy.errors import DataError
    from knowledge.notes import notes_of

    chosen = chosen_memory(memory, home)
    facts = _home(chosen)
    now, settings = _moment(at, facts), chosen_model(config, model)
    answer = understand(text, now=now, tz=facts.tz, home=facts, fallback=partial(_by_model, settings))
    asks = not yes and not as_json
    if isinstance(answer, NotUnderstood) and answer.choices and asks:
        answer = _chosen(answer, facts)
    if isinstance(answer, NotUnderstood):
        if not (asks and answer.is_remark and settings.remarks and _is_to_be_weighed(text)):
            raise DataError(_refusal(answer.why, text))
        note = notes_of(chosen.folder, facts.name).add(text, None, now=now)
        say(f"kept as {note.id}: a remark")
        return
    meaning = describe(answer.constraint, facts.tz, answer.language)
    # What a model read is never kept unseen.
    if asks or answer.by == "model":
        _show(meaning, answer)
        if not agreed("Keep it?", language=answer.language):
            raise typer.Exit(1)
    note = notes_of(chosen.folder, facts.name).add(text, answer.constraint, now=now)
    if as_json:
        typer.echo(json.dumps({"understood": meaning, "assumed": answer.assumed, "note": note.model_dump(mode="json")}))
    else:
        typer.echo(in_language(f"kept as {note.id}: {meaning}", answer.language))


def _by_model(settings: "ModelSettings", text: str, now: datetime, tz: ZoneInfo) -> "Understood | NotUnderstood":
    """Ask the configured model, if it is there; the embedded one reads too poorly to be asked."""
    from agent.language.notes.model import note_reader
    from agent.language.notes.reading import HELP, NotUnderstood
    from agent.llm.models import load_model
    from energy.errors import ModelError

    if settings.provider in {"none", "embedded"}:
        return NotUnderstood(HELP, by="learned")
    wanted = settings.model_copy(update={"provider": "ollama"}) if settings.provider == "auto" else settings
    try:
        model = load_model(wanted)
    except ModelError:
        return NotUnderstood(HELP, by="learned")
    assert model is not None  # noqa: S101 (a provider asked for by name is there or raises)
    try:
        return note_reader(model)(text, now, tz)
    finally:
        model.close()


def _chosen(unclear: "NotUnderstood", home: "Home") -> "Understood | NotUnderstood":
    """Ask which of two things an unclear note means."""
    from agent.language.notes.reading import asked_back

    number = typer.prompt(asked_back(unclear, home.tz), type=int)
    return unclear.choices[number - 1] if 0 < number <= len(unclear.choices) else unclear


def _refusal(why: str, text: str) -> str:
    """Why a note is not understood, in its own language."""
    from agent.language.text import language_of

    return in_language(f"not understood: {why}", language_of(text))


def _is_to_be_weighed(text: str) -> bool:
    """Ask whether to keep a remark for the language model."""
    from agent.decision.constraint_words import ask_remark
    from agent.language.text import language_of

    return agreed(ask_remark(language_of(text)), language=language_of(text))


def _show(meaning: str, answer: "Understood") -> None:
    assumed = f" (assumed: {', '.join(answer.assumed)})" if answer.assumed else ""
    typer.echo(in_language(f"Understood: {meaning}{assumed}", answer.language))


@notes_app.command("read")
def read(
    text: Annotated[str, typer.Argument(help="The note, such as 'keep 60 % until 08:00'.")],
    *,
    at: At = None,
    home_file: Annotated[
        Path | None, typer.Option("--home-file", help="The home's file, instead of the home in memory.")
    ] = None,
    home: HomeName = None,
    memory: MemoryDir = None,
    as_json: Json = False,
) -> None:
    """Show how a note would be understood, with the words it was read from; nothing is kept."""
    from agent.language.notes.reading import NotUnderstood, understand
    from ingest.home_file import load_home

    facts = load_home(home_file) if home_file else _home(chosen_memory(memory, home))
    answer = understand(text, now=_moment(at, facts), tz=facts.tz, home=facts)
    if as_json:
        typer.echo(json.dumps(_reading(answer, text, facts), ensure_ascii=False))
    elif isinstance(answer, NotUnderstood):
        typer.echo(_refusal(answer.why, text))
    else:
        from agent.decision.constraint_words import describe

        _show(describe(answer.constraint, facts.tz, answer.language), answer)
    if isinstance(answer, NotUnderstood):
        raise typer.Exit(1)


def _reading(answer: "Understood | NotUnderstood", text: str, home: "Home") -> dict[str, object]:
    """What a note was taken for, as one JSON object."""
    from agent.decision.constraint_words import describe
    from agent.language.notes.reading import NotUnderstood, words_of
    from agent.language.text import clean

    common = {"kind": answer.kind, "confidence": round(answer.confidence, 3), "understander": answer.by}
    if isinstance(answer, NotUnderstood):
        slots = list(words_of(clean(text)))
        choices = [describe(one.constraint, home.tz, one.language) for one in answer.choices]
        return {"understood": False, **common, "slots": slots, "intervals": [], "why": answer.why, "choices": choices}
    one = answer.constraint
    interval = [moment.astimezone(home.tz).isoformat() for moment in (one.start, one.end)]
    amounts = one.model_dump(mode="json", exclude={"start", "end", "kind"})
    return {
        "understood": True,
        **common,
        "language": answer.language,
        "slots": list(answer.slots),
        "intervals": [interval],
        "amounts": amounts,
        "means": describe(one, home.tz, answer.language),
        "assumed": list(answer.assumed),
    }


@notes_app.command("list")
def list_notes(*, at: At = None, home: HomeName = None, memory: MemoryDir = None, as_json: Json = False) -> None:
    """Show every note and where it stands: ahead, in force, expired or done."""
    from rich.console import Console
    from rich.table import Table

    from agent.decision.constraint_words import describe
    from knowledge.notes import notes_of

    chosen = chosen_memory(memory, home)
    facts = _home(chosen)
    now = _moment(at, facts)
    known = notes_of(chosen.folder, facts.name).list()
    if as_json:
        typer.echo(json.dumps({"notes": [_as_json(one, now) for one in known]}))
        return
    if not known:
        say('no notes yet: add one with `advisor notes add "keep 60 % until 08:00"`')
        return
    table = Table(*map(spoken, ("id", "state", "note", "understood")))
    for one in known:
        constraint = one.note.constraint
        meaning = describe(constraint, facts.tz, SPOKEN.get()) if constraint else spoken("a remark")
        table.add_row(one.note.id, spoken(one.state(now)), one.note.text, meaning)
    Console(file=sys.stdout).print(table, markup=False)


@notes_app.command("done")
def done(
    note_id: Annotated[str, typer.Argument(metavar="ID", help="The note's id, or the start of it.")],
    *,
    at: At = None,
    home: HomeName = None,
    memory: MemoryDir = None,
    as_json: Json = False,
) -> None:
    """Withdraw a note; the next decision no longer obeys it."""
    from knowledge.notes import notes_of

    chosen = chosen_memory(memory, home)
    facts = _home(chosen)
    now = _moment(at, facts)
    known = notes_of(chosen.folder, facts.name).done(note_id, now=now)
    typer.echo(json.dumps(_as_json(known, now)) if as_json else spoken(f"withdrawn: {known.note.text}"))


def _as_json(one: "KnownNote", now: datetime) -> dict[str, object]:
    return {"state": one.state(now), **one.note.model_dump(mode="json", exclude={"event"})}


def _moment(at: datetime | None, home: "Home") -> datetime:
    return at.replace(tzinfo=home.tz).astimezone(UTC) if at else datetime.now(UTC)


def _home(memory: ChosenMemory) -> "Home":
    from advisor.memory import known_facts

    return known_facts(memory.folder, memory.home)
