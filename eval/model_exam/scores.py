"""What the model's exam finds out, case by case, and how cases become figures with intervals."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ConfigDict

from agent.llm.models import LoadedModel
from eval.collect.replies import ReplyCache, Spent
from eval.grade.intervals import Estimate, mean_of


class CaseResult(BaseModel):
    """One case as it went: `group` and `who` are rows of the report, `grade` its word, `score` a number to average."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    part: str
    group: str
    who: str
    case: str
    grade: str
    score: float
    detail: str = ""
    replies: int = 0
    seconds: float = 0.0
    prompt_tokens: int = 0
    output_tokens: int = 0


@dataclass(frozen=True, slots=True)
class Examinee:
    """The model at the exam, with its kept replies; without a model only the rules sit it."""

    model: LoadedModel | None = None
    cache: ReplyCache | None = None

    @property
    def label(self) -> str:
        """Name in the report."""
        return self.model.label if self.model else "no model"

    def spent(self) -> dict[str, Any]:
        """What the replies since the last question took, as fields of a result."""
        spent = self.cache.take() if self.cache else Spent()
        return {
            "replies": spent.replies,
            "seconds": spent.seconds,
            "prompt_tokens": spent.prompt_tokens,
            "output_tokens": spent.output_tokens,
        }


# Called after each case with the part's name.
Progress = Callable[[str], None]


def mean_score(results: Sequence[CaseResult]) -> Estimate | None:
    """Mean score with its interval, over cases."""
    return mean_of(("cases", one.score) for one in results)


def spread(cases: Sequence[Any], limit: int | None) -> list[Any]:
    """At most `limit` cases, evenly over all."""
    if limit is None or limit >= len(cases):
        return list(cases)
    return [cases[at * len(cases) // limit] for at in range(limit)]
