"""The tables of the exam of words, beside those of its first sitting, and the export of phrases to learn from."""

import json
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from importlib.resources import files
from pathlib import Path

from eval.language.exam import Grade, GradedText
from eval.language.phrases_file import PARTS, training_phrases

# What the first sitting of each family gave, before a rule or a phrase was changed by it; it is never written again.
_BEFORE: dict[str, list[int]] = json.loads((files("eval.language") / "first_sitting.json").read_text(encoding="utf-8"))
_GRADES: tuple[Grade, ...] = ("right", "refused", "wrong")
_BEGIN, _END = "<!-- tables: advisor eval language -->", "<!-- end of tables -->"


def tables(graded: Sequence[GradedText]) -> str:
    """All that was counted: the digest, then by family, kinds not all right, and phrases to learn from; in Markdown."""
    plain_ones = [one for one in graded if "retold" not in one.part]
    weak = {(one.part, one.kind) for one in plain_ones if one.grade != "right"}
    blocks = [
        digest(graded),
        _table("Family", graded, lambda one: f"{one.part}, {one.case.family}"),
        _table(
            "Kinds not all right",
            [one for one in plain_ones if (one.part, one.kind) in weak],
            lambda one: f"{one.part}, {one.kind}",
        ),
        _counts("Phrases to learn from", _sizes()),
    ]
    return "\n\n".join(blocks)


def digest(graded: Sequence[GradedText]) -> str:
    """Right, refused and wrong by part, and by part and language; in Markdown."""
    return "\n\n".join(
        (
            _table("Part", graded, lambda one: one.part, first=True),
            _table("Part and language", graded, lambda one: f"{one.part}, {one.case.language}", first=True),
        )
    )


def _table(
    head: str,
    graded: Sequence[GradedText],
    key: Callable[[GradedText], str],
    *,
    first: bool = False,
) -> str:
    before = " first sitting (right / refused / wrong) |" if first else ""
    lines = [f"| {head} | texts | right | refused | wrong |{before}", f"|---|---|---|---|---|{'---|' if first else ''}"]
    for name in sorted({key(one) for one in graded}):
        found = Counter(one.grade for one in graded if key(one) == name)
        total = found.total()
        cells = " | ".join(f"{found[grade]} ({found[grade] / total:.0%})" for grade in _GRADES)
        then = f" {' / '.join(map(str, _BEFORE[name]))} |" if first else ""
        lines.append(f"| {name} | {total} | {cells} |{then}")
    return "\n".join(lines)


def _counts(head: str, counts: Sequence[tuple[str, int]]) -> str:
    return "\n".join([f"| {head} | count |", "|---|---|", *(f"| {name} | {count} |" for name, count in counts)])


def _sizes() -> list[tuple[str, int]]:
    found = Counter(f"{which}, {one.language}" for which in PARTS for one in training_phrases(which))
    return sorted(found.items())


def failures(graded: Sequence[GradedText]) -> str:
    """What was not read rightly, with what was wanted and what was got; of retold texts what was wrong; in Markdown."""
    lines = ["| text | wanted | got |", "|---|---|---|"]
    lines += [
        f"| {one.case.text} | {one.case.want.replace('|', ' or ')} | {one.grade}: {one.got.replace('|', ' ')[:80]} |"
        for one in graded
        if one.grade == "wrong" or (one.grade == "refused" and "retold" not in one.part)
    ]
    return "\n".join(lines)


def refresh(document: Path, graded: Sequence[GradedText]) -> None:
    """Put the digest and what failed into a document, between its two marks."""
    head, _, rest = document.read_text(encoding="utf-8").partition(_BEGIN)
    tail = rest.partition(_END)[2]
    made = f"{digest(graded)}\n\n### Where it fails\n\n{failures(graded)}"
    document.write_text(f"{head}{_BEGIN}\n\n{made}\n\n{_END}{tail}", encoding="utf-8")


def pairs() -> Iterator[str]:
    """Phrases as (text, request) pairs, one JSON object a line."""
    for which in PARTS:
        for one in training_phrases(which):
            line = {"text": one.text, "request": {"kind": one.kind}, "language": one.language, "family": one.family}
            yield json.dumps(line, ensure_ascii=False)


def chats() -> Iterator[str]:
    """The same in chat format: the text, and the request as JSON."""
    for line in pairs():
        one = json.loads(line)
        said = [
            {"role": "user", "content": one["text"]},
            {"role": "assistant", "content": json.dumps(one["request"])},
        ]
        yield json.dumps({"messages": said}, ensure_ascii=False)
