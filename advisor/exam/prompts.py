"""`advisor prompts`: list the versions of prompts, show one, and compare two on the same cases."""

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from advisor.json_option import Json

if TYPE_CHECKING:
    from prompts.library import Prompt

prompts_app = typer.Typer(help="Versions of prompts: list, show, compare.", no_args_is_help=True)

_NAMED = re.compile(r"(?P<name>[a-z_]+)(?:[/.]v(?P<version>\d+))?")
PromptName = Annotated[str, typer.Argument(help="NAME or NAME/vN, such as decide/v1.")]


@prompts_app.command("list")
def prompts_list(*, as_json: Json = False) -> None:
    """Show every version, which one is used, and what it changed."""
    from prompts.library import load, names, versions

    known: dict[str, dict[str, object]] = {}
    for name in names():
        used = load(name).version
        for version in versions(name):
            prompt = load(name, version)
            if as_json:
                facts = {"hash": prompt.hash, "used": version == used, "trial": prompt.header.trial}
                known[f"{name}/v{version}"] = facts | {"change": prompt.header.change}
                continue
            mark = "used " if version == used else "trial" if prompt.header.trial else "old  "
            typer.echo(f"{name}/v{version}  {prompt.hash}  {mark}  {prompt.header.change}")
    if as_json:
        typer.echo(json.dumps(known, ensure_ascii=False))


@prompts_app.command("show")
def prompts_show(prompt: PromptName, *, as_json: Json = False) -> None:
    """Print a prompt's sections, with its variables in place."""
    found = prompt_named(prompt)
    header = found.header
    if as_json:
        facts = {"name": found.name, "version": found.version, "hash": found.hash}
        facts |= {"purpose": header.purpose, "change": header.change, "sections": dict(found.sections)}
        typer.echo(json.dumps(facts, ensure_ascii=False))
        return
    typer.echo(f"{found.name}/v{found.version}  {found.hash}\n{header.purpose}\nChange: {header.change}")
    for title, text in found.sections.items():
        typer.echo(f"\n# {title}\n{text}")


@prompts_app.command("compare")
def prompts_compare(
    first: PromptName,
    second: PromptName,
    *,
    model: Annotated[
        str, typer.Option(help="embedded, auto, ollama/NAME, or NAME@URL of a compatible server.")
    ] = "embedded",
    suite: Annotated[str | None, typer.Option(help="choice or notes; that of the prompt if not given.")] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="At most this many cases.")] = None,
    out: Annotated[Path, typer.Option(help="Folder of kept replies.")] = Path(".advisor/eval"),
    as_json: Json = False,
) -> None:
    """Compare two prompts on the same cases: the difference with its interval, the cost, and each case that differs."""
    from advisor.exam.prompt_duel import duel, summary
    from energy.errors import SettingsError
    from eval.model_exam.prompt_compare import SUITES

    one, other = prompt_named(first), prompt_named(second)
    if one.name != other.name or SUITES.get(one.name, suite) != (suite or SUITES.get(one.name)):
        raise SettingsError(f"{first!r} and {second!r} cannot be compared on {suite!r}: {SUITES}")
    fought = duel(one, other, model, limit, out)
    typer.echo(json.dumps(fought.figures()) if as_json else summary(fought))


def prompt_named(text: str) -> "Prompt":
    """A prompt by NAME or NAME/vN.

    Raises:
        SettingsError: it is not written so, or does not exist.
    """
    from energy.errors import SettingsError
    from prompts.library import load

    found = _NAMED.fullmatch(text)
    if found is None:
        raise SettingsError(f"prompt {text!r} is not NAME or NAME/vN: see `advisor prompts list`")
    return load(found["name"], int(found["version"]) if found["version"] else None)
