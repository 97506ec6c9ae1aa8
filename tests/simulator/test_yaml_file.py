"""YAML that was made to do harm, or by accident: a sentence with file and line, and soon."""

from pathlib import Path

import pytest
from pydantic import BaseModel, ConfigDict

from energy.errors import SettingsError
from simulator.yaml_file import read_yaml


class Page(BaseModel):
    model_config = ConfigDict(extra="forbid")

    a: int = 0


BOMB = "a: &a [x, x]\n" + "".join(
    f"{chr(ord('b') + at)}: &{chr(ord('b') + at)} [*{chr(ord('a') + at)}, *{chr(ord('a') + at)}]\n" for at in range(20)
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a: " + "[" * 20_000, "nested more than 20 deep"),
        ("\n".join("  " * at + "a:" for at in range(150)), "nested more than 20 deep"),
        (BOMB, "aliases are not read"),
        ("a: &x [*x]", "aliases are not read"),
        ("? [a]\n: 1", "a key is a word"),
        ("? {b: 1}\n: 1", "a key is a word"),
        ("a: " + "9" * 5000, "number"),
        ("a: 1\na: 2", "given twice"),
        ("a: !!python/object/apply:os.getcwd []", "is not YAML"),
        ("\t", "is not YAML"),
    ],
    ids=["flow", "block", "bomb", "loop", "list key", "mapping key", "digits", "twice", "python", "tab"],
)
def test_it_gets_a_sentence(tmp_path: Path, text: str, expected: str) -> None:
    file = tmp_path / "page.yaml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(SettingsError, match=expected):
        read_yaml(file, Page)
