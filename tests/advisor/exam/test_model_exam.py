"""The model's exam as its command sits it: the embedded model for real, on a case of every part."""

import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from advisor.cli import main
from eval.collect.model_seat import model_settings
from eval.model_exam.model_exam import PARTS
from eval.model_exam.scores import CaseResult

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """The command as a user types it, in this process: how it ends, and what it prints."""

    def typed(*arguments: str) -> tuple[int, str, str]:
        fixed = ("advisor", "eval", "run", "--suite", "model", "--out", str(tmp_path))
        monkeypatch.setattr(sys, "argv", [*fixed, *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        shown = capsys.readouterr()
        return int(ended.value.code or 0), shown.out, shown.err

    return typed


def results_in(kept: Path) -> list[CaseResult]:
    return [CaseResult.model_validate_json(line) for line in kept.read_text(encoding="utf-8").splitlines()]


@pytest.mark.slow
def test_the_command_sits_every_part_with_the_embedded_model_and_keeps_its_replies(run: Run, tmp_path: Path) -> None:
    small = ("--model", "embedded", "--limit", "1", "--json")
    code, shown, problem = run(*small)
    assert code == 0, problem
    result = json.loads(shown)
    kept = Path(result["figures"]).with_name("cases.jsonl")
    results = results_in(kept)
    assert len(results) == result["cases"]
    assert {one.part for one in results} == {*PARTS, "validity", "reasons"}
    text, page = (Path(result[name]).read_text(encoding="utf-8") for name in ("table", "page"))
    for title in ("Choice", "Hostile text", "Notes", "Questions", "Reasons", "Tools", "Validity", "Time and tokens"):
        assert f"## {title}\n" in text
        assert f">{title}<" in page
    assert {one.grade for one in results if one.part == "validity"} <= {"valid", "repaired"}
    assert {one.grade for one in results if one.part == "hostile text"} == {"safe"}
    asked = [one for one in results if one.replies]
    assert len(asked) >= 6
    assert all(one.seconds > 0 and one.prompt_tokens > 50 for one in asked)

    # The second time nothing is asked: every reply is kept by its content.
    replies = {path: path.stat().st_mtime_ns for path in (tmp_path / "replies").iterdir()}
    assert run(*small, "--parts", "choice,notes")[0] == 0
    assert results_in(kept) == [one for one in results if one.part in {"choice", "validity", "reasons", "notes"}]
    assert replies == {path: path.stat().st_mtime_ns for path in (tmp_path / "replies").iterdir()}


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (
            ("--model", "gpt-9"),
            "model 'gpt-9' is not known: use none, embedded, auto, ollama, ollama/NAME or NAME@http://HOST",
        ),
        (("--model", "m@gopher://x"), "model 'm@gopher://x' is not known"),
        (
            ("--model", "none", "--parts", "dancing"),
            "'dancing' is not a part of the model's exam: use choice, remarks, notes",
        ),
    ],
)
def test_what_there_is_not_is_named(run: Run, arguments: tuple[str, ...], expected: str) -> None:
    code, shown, problem = run(*arguments)
    assert (code, shown) == (2, "")
    assert expected in problem


def test_a_compatible_server_is_named_with_its_address() -> None:
    settings = model_settings("gemma@http://127.0.0.1:8080/v1")
    assert (settings.provider, settings.name, settings.base_url) == (
        "openai-compatible",
        "gemma",
        "http://127.0.0.1:8080/v1",
    )
