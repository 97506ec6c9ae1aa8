"""Why a decision was made, from the journal alone; into a file, and made again out of it."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import typer
from rich.console import Console
from rich.table import Table

from advisor.chat.answer_backend import journal_of
from agent.decision.explain import candidate_name
from agent.decision.journal import open_journal
from agent.decision.record import Decision
from agent.decision.replay import export, read_export, replay
from energy.errors import DataError
from energy.home import Home
from knowledge.store import DayStore


@dataclass(frozen=True, slots=True)
class Found:
    """A journalled decision, what the house answered, and the home's facts."""

    decision: Decision
    answers: list[tuple[bool, str]]
    home: Home


def find_decision(memory: Path, home: str | None, at: datetime | None) -> Found:
    """The decision that was in force at a local time, or the newest.

    Raises:
        DataError: the journal holds no such decision.
    """
    with open_journal(journal_of(memory), read_only=True) as journal:
        newest = journal.last(home)
        if newest is None:
            raise DataError(f"the journal in {str(memory)!r} knows no decision of {home or 'any home'}: run first")
        facts = DayStore(memory / "days", read_only=True).home(newest.home)
        decision = journal.last(newest.home, at=at.replace(tzinfo=facts.tz).astimezone(UTC)) if at else newest
        if decision is None:
            raise DataError(f"the journal knows no decision of {newest.home!r} up to {at}: ask for a later time")
        return Found(decision, journal.confirmations(decision.decision_id), facts)


def export_decision(memory: Path, home: str | None, *, at: datetime | None, file: Path, anonymous: bool) -> None:
    """Write a decision into one file that `replay_decision` reads."""
    exported = export(find_decision(memory, home, at).decision, anonymous=anonymous)
    try:
        file.write_text(exported.model_dump_json(indent=1) + "\n", encoding="utf-8")
    except OSError as err:
        raise DataError(f"{str(file)!r} cannot be written ({err.strerror}): choose another place") from err
    typer.echo(
        f"{file}: decision {exported.decision.decision_id}, {'without' if anonymous else 'with'} names and notes"
    )


def replay_decision(file: Path, *, as_json: bool) -> bool:
    """Make an exported decision again and tell whether it came out the same."""
    exported = read_export(file)
    made = replay(exported)
    same = not made.differences
    if as_json:
        result = {"same": same} | made.model_dump(mode="json")
        typer.echo(json.dumps(result))
        return same
    command = made.decision.command
    typer.echo(f"{made.decision.decision_id}: {command.mode.value if command else 'no command'}")
    typer.echo(made.decision.reason)
    if same:
        which = "every other field" if made.taken_over else "every field"
        typer.echo(f"The same as it was decided with version {exported.software}, in {which}.")
    if made.taken_over:
        names = " and ".join(made.taken_over)
        typer.echo(f"Not made again: {names}, as version {exported.software} did not keep what they rest on.")
    for name in made.differences:
        was, now = getattr(exported.decision, name), getattr(made.decision, name)
        typer.echo(f"{name} was {str(was)[:200]!r}, now it is {str(now)[:200]!r}")
    return same


def explain_decision(memory: Path, home: str | None, *, at: datetime | None, as_json: bool) -> None:
    """Print a decision with everything it is based on.

    Raises:
        DataError: the journal holds no such decision.
    """
    found = find_decision(memory, home, at)
    decision, answers = found.decision, found.answers
    if as_json:
        typer.echo(decision.model_dump_json())
        return
    console = Console()
    local = decision.at.astimezone(found.home.tz)
    mode = decision.command.mode.value if decision.command else "no command"
    console.print(f"[bold]{local:%A %d %B %Y %H:%M}  {mode}[/bold]  ({decision.decision_id})")
    console.print(decision.reason)
    console.print(f"Chosen: {candidate_name(decision.chosen or '')}, by the {decision.chosen_by}.{_model(decision)}")
    console.print(_candidates(decision, found.home.currency))
    console.print(_neighbours(decision))
    verdicts = "; ".join(f"{v.candidate}: {v.verdict} {', '.join(v.reasons)}".strip() for v in decision.verdicts)
    console.print(f"Safety check: {verdicts or 'not needed'}.")
    console.print(
        f"House: {'; '.join('confirmed' if ok else f'refused: {why}' for ok, why in answers) or 'no answer'}."
    )


def _model(decision: Decision) -> str:
    review = decision.review
    if review is None:
        return ""
    rationale = f' "{review.rationale}"' if review.rationale else ""
    return f" The model ({review.model}, {review.seconds:.1f} s) was asked: {review.outcome}.{rationale}"


def _candidates(decision: Decision, currency: str) -> Table:
    table = Table(
        "schedule", "expected cost", "above the best", "spread", "ends at", title=f"schedules compared, {currency}"
    )
    for candidate in decision.candidates:
        table.add_row(
            candidate_name(candidate.name),
            f"{candidate.expected_cost:.2f}",
            f"{candidate.extra_cost:.2f}",
            f"{candidate.spread:.2f}",
            f"{100 * candidate.final_soc:.0f} %",
        )
    return table


def _neighbours(decision: Decision) -> Table:
    table = Table("day", "distance", "why", title="similar days")
    for near in decision.neighbours:
        table.add_row(f"{near.day:%a} {near.day}", f"{near.distance:.2f}", near.why)
    return table
