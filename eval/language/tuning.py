"""Fits the classifier to a household's own confirmed notes too, and says whether that reads any better."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from agent.language.kinds.learned import Learned, learned, read_by
from agent.language.kinds.names import INTO_CAR
from agent.language.kinds.spelling import mended
from energy.errors import DataError
from eval.language.exam import sit_notes, sit_questions
from eval.language.exam_cases import exam_notes, exam_questions
from eval.language.fitting import fit, save
from eval.language.phrases_file import Phrase, training_phrases
from knowledge.notes import KnownNote

# Fewer say nothing of whether it helps.
FEWEST = 6
_FOLDS = 3
# How often a note of one's own counts, against a phrase of the package.
_WEIGHT = 5
_MORE_LOAD = frozenset({"guests", "extra_load"})


@dataclass(frozen=True, slots=True)
class Tuned:
    """How many own notes that were held out are read as confirmed, and what the exam says; before and after."""

    notes: int
    own_before: int
    own_after: int
    exam_before: int
    exam_after: int
    wrong_before: int
    wrong_after: int

    @property
    def is_kept(self) -> bool:
        """Whether nothing is worse, and something better."""
        no_worse = self.own_after >= self.own_before and self.exam_after >= self.exam_before
        better = self.own_after > self.own_before or self.exam_after > self.exam_before
        return no_worse and better and self.wrong_after <= self.wrong_before


def own_phrases(kept: Sequence[KnownNote]) -> list[Phrase]:
    """The notes that were confirmed as a constraint of a kind that is learned, each text once."""
    wishes = {one.note.text: one.note.constraint.kind for one in kept if one.note.constraint is not None}
    found = {text: kind for text, kind in wishes.items() if kind != INTO_CAR}
    return [Phrase(text, _kind_of(text, kind), "en", "own") for text, kind in found.items()]


def tune(own: Sequence[Phrase], path: Path, fitting: Callable[[Sequence[Phrase]], Learned] = fit) -> Tuned:
    """Fit with and without each third of the own notes; the weights are written where nothing got worse.

    Raises:
        DataError: there are too few notes.
    """
    if len(own) < FEWEST:
        raise DataError(f"{len(own)} confirmed notes are too few to learn from: it takes {FEWEST}")
    phrases = (*training_phrases("notes"), *training_phrases("questions"))
    after = 0
    for fold in range(_FOLDS):
        learnt = [one for at, one in enumerate(own) if at % _FOLDS != fold]
        held_out = own[fold::_FOLDS]
        after += _read_rightly(fitting((*phrases, *learnt * _WEIGHT)), held_out)
    before = _read_rightly(learned(), own)
    exam_before, wrong_before = _exam()
    with TemporaryDirectory() as folder:
        made = Path(folder) / path.name
        save(fitting((*phrases, *list(own) * _WEIGHT)), made)
        with read_by(made):
            exam_after, wrong_after = _exam()
        result = Tuned(len(own), before, after, exam_before, exam_after, wrong_before, wrong_after)
        if result.is_kept:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(made.read_bytes())
    return result


def _kind_of(text: str, kind: str) -> str:
    """Guests are kept as more load, and are learnt as what they are."""
    if kind not in _MORE_LOAD:
        return kind
    words, _ = mended(text, learned().words)
    return learned().guess(words).among(_MORE_LOAD).kind


def _read_rightly(classifier: Learned, own: Sequence[Phrase]) -> int:
    return sum(classifier.guess(mended(one.text, classifier.words)[0]).kind == one.kind for one in own)


def _exam() -> tuple[int, int]:
    """How many texts of the exam are read rightly, and how many wrongly."""
    grades = [one.grade for one in (*sit_notes(exam_notes()), *sit_questions(exam_questions()))]
    return grades.count("right"), grades.count("wrong")
