"""Why a decision was made, from the journal alone; into a file, and made again out of it."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import typer
from rich.console import Console
from rich.table import Table

from advisor.chat.answer_backend import journal_of
from advisor.date_options import CLOCK
from advisor.spoken_figures import decimal, long_moment, short_day
from advisor.spoken_language import SPOKEN, say, spoken
from agent.decision.explain import candidate_name, reason_in
from agent.decision.journal import open_journal
from agent.decision.record import Decision, ReviewRecord
from agent.decision.replay import export, read_export, replay
from energy.commands import Mode
from energy.errors import DataError
from energy.home import Home
from knowledge.store import DayStore

# What a clock time alone is read as.
_NO_DAY = datetime.strptime("00:00", CLOCK).year  # noqa: DTZ007 (a year alone)

_MODES = {
    Mode.SELF_CONSUMPTION: "self-consumption",
    Mode.HOLD: "hold (no discharging)",
    Mode.CHARGE: "charge from the grid",
    Mode.DISCHARGE: "sell to the grid",
}


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
        if at is not None and at.year == _NO_DAY:
            at = datetime.combine(newest.at.astimezone(facts.tz).date(), at.time())
        decision = journal.last(newest.home, at=at.replace(tzinfo=facts.tz).astimezone(UTC)) if at else newest
        if decision is None:
            raise DataError(
                f"the journal has no decision of {newest.home!r} up to {at:%Y-%m-%d %H:%M}: ask for a later time"
            )
        return Found(decision, journal.confirmations(decision.decision_id), facts)


def export_decision(memory: Path, home: str | None, *, at: datetime | None, file: Path, anonymous: bool) -> None:
    """Write a decision into one file that `replay_decision` reads."""
    exported = export(find_decision(memory, home, at).decision, anonymous=anonymous)
    try:
        file.write_text(exported.model_dump_json(indent=1) + "\n", encoding="utf-8")
    except OSError as err:
        raise DataError(f"{str(file)!r} cannot be written ({err.strerror}): choose another place") from err
    say(f"{file}: decision {exported.decision.decision_id}, {'without' if anonymous else 'with'} names and notes")


def replay_decision(file: Path, *, as_json: bool) -> bool:
    """Make an exported decision again and tell whether it came out the same."""
    exported = read_export(file)
    made = replay(exported)
    same = not made.differences
    if as_json:
        result = {"same": same} | made.model_dump(mode="json")
        typer.echo(json.dumps(result))
        return same
    typer.echo(f"{made.decision.decision_id}: {spoken(_mode(made.decision))}")
    typer.echo(reason_in(made.decision, SPOKEN.get()))
    if same:
        which = "every other field" if made.taken_over else "every field"
        say(f"The same as it was decided with version {exported.software}, in {which}.")
    if made.taken_over:
        names = " and ".join(made.taken_over)
        say(f"Not made again: {names}, as version {exported.software} did not keep what they rest on.")
    for name in made.differences:
        was, now = getattr(exported.decision, name), getattr(made.decision, name)
        say(f"{name} was {str(was)[:200]!r}, now it is {str(now)[:200]!r}")
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
    console, language = Console(), SPOKEN.get()
    moment = long_moment(decision.at.astimezone(found.home.tz), language)
    mode = spoken(_mode(decision))
    console.print(f"[bold]{moment}  {mode}[/bold]  ({decision.decision_id})", highlight=False)
    console.print(reason_in(decision, language), highlight=False)
    if decision.chosen:
        console.print(
            spoken(f"Chosen: {candidate_name(decision.chosen)}, by the {decision.chosen_by}."), highlight=False
        )
    if decision.review:
        console.print(_model(decision.review), highlight=False)
    console.print(_candidates(decision, found.home.currency))
    console.print(_neighbours(decision))
    verdicts = "; ".join(_verdict(one.candidate, one.verdict, one.reasons) for one in decision.verdicts)
    console.print(spoken(f"Safety check: {verdicts or 'not needed'}."), highlight=False)
    said = "; ".join("confirmed" if ok else f"refused: {why}" for ok, why in answers)
    console.print(spoken(f"House: {said or 'no answer'}."), highlight=False)


def _mode(decision: Decision) -> str:
    return _MODES[decision.command.mode] if decision.command else "no command"


def _verdict(candidate: str, verdict: str, reasons: Sequence[str]) -> str:
    why = f" ({', '.join(reasons)})" if reasons else ""
    return f"{candidate_name(candidate, SPOKEN.get())}: {verdict}{why}"


def _model(review: ReviewRecord) -> str:
    rationale = f' "{review.rationale}"' if review.rationale else ""
    return spoken(f"The model ({review.model}, {review.seconds:.1f} s) was asked: {review.outcome}.") + rationale


def _candidates(decision: Decision, currency: str) -> Table:
    heads = ("schedule", "expected cost", "above the best", "spread", "ends at")
    table = Table(*map(spoken, heads), title=spoken(f"schedules compared, {currency}"))
    language = SPOKEN.get()
    for candidate in decision.candidates:
        table.add_row(
            candidate_name(candidate.name, language),
            decimal(candidate.expected_cost, 2, language),
            decimal(candidate.extra_cost, 2, language),
            decimal(candidate.spread, 2, language),
            f"{100 * candidate.final_soc:.0f} %",
        )
    return table


def _neighbours(decision: Decision) -> Table:
    table = Table(*map(spoken, ("day", "distance", "why")), title=spoken("similar days"))
    for near in decision.neighbours:
        table.add_row(short_day(near.day, SPOKEN.get()), decimal(near.distance, 2, SPOKEN.get()), spoken(near.why))
    return table
