"""A study from what was asked to the report: wishes are checked, pieces played, first and final answers written."""

import json
import os
import shlex
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from advisor.memory import known_history
from energy.errors import SettingsError
from eval.study.answer import answer_of
from eval.study.play.cache import AnswerCache
from eval.study.play.gazetteer import Town, place_of, town_of
from eval.study.play.tariffs import OWN_TARIFF, check_tariffs, usual_tariff
from eval.study.play.wishes import Language, StudyWishes, checked_wishes
from eval.study.report.html_page import report_html
from eval.study.report.json_view import study_json
from eval.study.report.telling import answer_text, panels_sentence
from eval.study.report.words import words_in
from eval.study.study import Player, Study
from eval.study.study import Progress as Tell
from eval.sweep.choice import sweep_on
from ingest.history.table import History

_SIZES_KWP, _SIZES_KWH = (0.0, 5.0), (0.0, 5.0, 10.0)
# The first year that is billed by today's rules alone.
_YEAR = 2027
# What is being played, as the bar calls it.
_STEPS = {"weather": "years of weather", "sizes": "sizes", "homes": "other homes", "years": "advisor, other years"}


@dataclass(frozen=True, slots=True)
class StudyAsked:
    """What a command line or a terminal's questions said; None was not said."""

    place: str | None
    home: str | None
    household: dict[str, object]
    kwp: list[float] | None
    battery: list[float] | None
    tariffs: list[str] | None
    prices: dict[str, object]
    panels: dict[str, float]
    played: dict[str, int | None]
    quick: bool
    language: str | None
    out: Path
    workers: int | None
    dask: str | None
    memory: Path
    cache: Path
    as_json: bool

    @property
    def words(self) -> Language:
        """The report's language: what was said, else that of the place."""
        match self.language:
            case "en" | "es":
                return self.language
            case None:
                return "en"
            case _:
                raise SettingsError(f"language {self.language!r} is not spoken here: use en or es")


def run_study(asked: StudyAsked) -> None:
    """Play the study, print its answer and write the report; the first answer at once, the final one at the end.

    Raises:
        SettingsError: the place is not known, or something cannot be.
        DataError: the home's history is too short.
    """
    language, recorded = asked.words, None
    if asked.home is not None:
        recorded = known_history(asked.home, asked.memory)
    wishes = wishes_of(asked, recorded)
    words = words_in(language, wishes.currency)
    workers = asked.workers or os.cpu_count() or 1
    with _progress(quiet=asked.as_json) as tell:
        cache = AnswerCache(asked.cache, sweep_on(workers if workers > 1 else 0, asked.dask))
        study: Study | None = None
        for study in Player(wishes, cache, tell).study(recorded):
            _write(asked.out, report_html(study, language, command=_command()))
            if not study.final and not asked.as_json:
                typer.echo(f"{answer_text(study, words)}\n")
            if asked.quick:
                break
    if study is None:
        return
    if asked.as_json:
        typer.echo(json.dumps(study_json(study, words), ensure_ascii=False))
        return
    if study.final:
        typer.echo(answer_text(study, words))
    typer.echo(f"{panels_sentence(answer_of(study), words)}\n\n{asked.out}")


def wishes_of(asked: StudyAsked, recorded: History | None) -> StudyWishes:
    """The wishes of what was asked, with what the place and the home say.

    Raises:
        SettingsError: neither place nor home is given, or something cannot be.
    """
    if asked.place is None and recorded is None:
        raise SettingsError("no --place and no --home: give a town, such as --place Madrid, or a home in memory")
    if asked.place is None:
        raise SettingsError(
            f"--home {asked.home!r} needs --place as well: gaps in its days, and its sun where it has no panels, "
            "are those of the place",
        )
    town = town_of(asked.place) if recorded is None else place_of(asked.place, recorded.home.zone)
    played = {name: value for name, value in asked.played.items() if value is not None}
    currency = town.currency if recorded is None else recorded.home.currency
    tariffs = tuple(asked.tariffs or (usual_tariff(town),) if recorded is None else asked.tariffs or (OWN_TARIFF,))
    _check_tariffs(tariffs, currency, town, recorded)
    return checked_wishes(
        {
            "place_name": town.name,
            "place": town.place.model_dump(),
            "zone": town.zone if recorded is None else recorded.home.zone,
            "mean_c": town.mean_c,
            "country": town.country,
            "currency": currency,
            "household": asked.household,
            "home": asked.home,
            "kwp": asked.kwp or _own_sizes(recorded),
            "battery_kwh": asked.battery or _SIZES_KWH,
            "tariffs": tariffs,
            "panels": asked.panels,
            "prices": asked.prices,
            "with_advisor": not asked.quick,
            "year": _YEAR if recorded is None else fullest_year(recorded),
            **played,
        },
    )


def fullest_year(recorded: History) -> int:
    """The calendar year of which a home has the most days, the later one on a tie."""
    days = Counter(record.day.year for record in recorded.days)
    return max(days, key=lambda year: (days[year], year))


def _own_sizes(recorded: History | None) -> tuple[float, ...]:
    """The panels that stand there, else none and a usual size."""
    peak_kw = 0.0 if recorded is None else recorded.home.pv_peak_kw
    return (peak_kw,) if peak_kw else _SIZES_KWP


def _check_tariffs(names: tuple[str, ...], currency: str, town: Town, recorded: History | None) -> None:
    if recorded is None and OWN_TARIFF in names:
        raise SettingsError(f"tariff {OWN_TARIFF!r} is that of a home in memory: give --home, or a tariff by its name")
    check_tariffs([name for name in names if name != OWN_TARIFF], currency, town.name)


def _write(out: Path, page: str) -> None:
    out.parent.mkdir(parents=True, exist_ok=True)
    draft = out.with_name(f"{out.name}.new")
    draft.write_text(page, encoding="utf-8")
    draft.replace(out)


def _command() -> str:
    return shlex.join(["advisor", *sys.argv[1:]])


@contextmanager
def _progress(*, quiet: bool) -> Iterator[Tell]:
    """A bar on standard error with an estimate of what is left."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(file=sys.stderr), transient=True, disable=quiet) as bar:
        tasks = {name: bar.add_task(text, total=None, visible=False) for name, text in _STEPS.items()}

        def tell(what: str, done: int, total: int) -> None:
            bar.update(tasks[what], completed=done, total=total, visible=True)

        yield tell
