"""Two prompts asked on the same cases by one model, and the story as text."""

import sys
from dataclasses import asdict, dataclass
from pathlib import Path

from rich.console import Console
from rich.progress import Progress, TextColumn, TimeElapsedColumn

from advisor.exam.model_exam import loaded
from eval.collect.replies import with_replies
from eval.model_exam.prompt_compare import CaseOutcome, Difference, differences, outcomes, verdict
from eval.model_exam.scores import Examinee
from eval.report.page import Table
from prompts.library import Prompt


@dataclass(frozen=True, slots=True)
class Duel:
    """What two prompts did, case by case."""

    names: tuple[str, str]
    model: str
    first: list[CaseOutcome]
    second: list[CaseOutcome]

    @property
    def differences(self) -> list[Difference]:
        """Measure by measure."""
        return differences(self.first, self.second)

    def figures(self) -> dict[str, object]:
        """As one JSON object."""
        differences = [asdict(one) | {"verdict": one.word} for one in self.differences]
        return {
            "prompts": self.names,
            "model": self.model,
            "differences": differences,
            "verdict": verdict(self.differences),
        }


def duel(first: Prompt, second: Prompt, model: str, limit: int | None, out: Path) -> Duel:
    """Ask both.

    Raises:
        ModelError: the model cannot be had.
    """
    names = (f"{first.name}/v{first.version}", f"{second.name}/v{second.version}")
    columns = (TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=Console(file=sys.stderr), transient=True) as bar, loaded(model) as ready:
        task = bar.add_task("prompts")
        candidate = Examinee(*with_replies(ready, out / "replies"))

        def show(name: str) -> None:
            bar.update(task, advance=1, description=name)

        asked = [list(outcomes(candidate, prompt, limit, show)) for prompt in (first, second)]
    return Duel(names, ready.label, *asked)


def summary(fought: Duel) -> str:
    """Table, verdict, and the answers of each case."""
    one, other = fought.names
    rows = tuple(
        (d.measure, str(d.cases), f"{d.first:.2f}", f"{d.second:.2f}", d.gap.text(".2f"), d.word)
        for d in fought.differences
    )
    table = Table(("measure", "n", one, other, f"{other} less {one}, 95 %", "verdict"), rows)
    cases = [
        f"- {before.case}\n  {one}: {before.answer}\n  {other}: {after.answer}"
        for before, after in zip(fought.first, fought.second, strict=True)
    ]
    parts = [f"{other} against {one} with {fought.model}: {verdict(fought.differences)}", table.markdown(), *cases]
    return "\n\n".join(parts)
