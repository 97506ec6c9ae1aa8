"""Prompt files are read and rendered strictly."""

from pathlib import Path

import pytest

from energy.errors import SettingsError
from prompts.library import load, versions

HEADER = """+++
name = "greet"
version = {version}
purpose = "Say hello."
answer = "text"
change = "First version."

[variables]
system = []
user = ["name", "place"]
+++
"""
BODY = "# system\nBe kind.\n\n# user\nHello {{name}} from {{place}}, {not a variable}.\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for version in (1, 2, 10):
        (tmp_path / f"greet.v{version}.md").write_text(HEADER.format(version=version) + BODY, encoding="utf-8")
    (tmp_path / "greeting.v3.md").touch()
    return tmp_path


def test_the_latest_version_is_taken_unless_one_is_named(folder: Path) -> None:
    assert versions("greet", folder=folder) == [1, 2, 10]
    assert load("greet", folder=folder).version == 10
    assert load("greet", 2, folder=folder).version == 2


def test_sections_are_rendered_apart_and_values_are_not_rendered_again(folder: Path) -> None:
    prompt = load("greet", folder=folder)
    assert prompt.render("system") == "Be kind."
    assert prompt.render("user", name="{{place}}", place=r"\1") == r"Hello {{place}} from \1, {not a variable}."


@pytest.mark.parametrize(
    ("section", "values", "problem"),
    [
        ("user", {"name": "a"}, r"missing \['place'\]"),
        ("user", {"name": "a", "place": "b", "mood": "c"}, r"unknown \['mood'\]"),
        ("system", {"name": "a"}, r"unknown \['name'\]"),
        ("coda", {}, "no section 'coda'"),
    ],
)
def test_a_missing_or_unknown_variable_is_an_error(
    folder: Path,
    section: str,
    values: dict[str, str],
    problem: str,
) -> None:
    with pytest.raises(SettingsError, match=problem):
        load("greet", folder=folder).render(section, **values)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("Hello", "begin with a TOML header"),
        (HEADER.format(version=1).replace("=", ":", 1) + BODY, "wrong header"),
        (HEADER.format(version=1).replace("purpose", "purpsoe") + BODY, "purpsoe"),
        (HEADER.format(version=7) + BODY, "header says 'greet' version 7"),
        (HEADER.format(version=1) + BODY.replace("{{place}}", "home"), "make them agree"),
        (HEADER.format(version=1) + BODY.replace("kind", "{{mood}}"), "make them agree"),
    ],
)
def test_a_file_that_is_not_as_declared_is_refused(tmp_path: Path, text: str, problem: str) -> None:
    (tmp_path / "greet.v1.md").write_text(text, encoding="utf-8")
    with pytest.raises(SettingsError, match=problem):
        load("greet", folder=tmp_path)


@pytest.mark.parametrize(("name", "version"), [("absent", None), ("greet", 3)])
def test_an_absent_prompt_names_the_versions_there_are(folder: Path, name: str, version: int | None) -> None:
    with pytest.raises(SettingsError, match="does not exist"):
        load(name, version, folder=folder)


def test_any_change_of_a_file_changes_its_hash(folder: Path) -> None:
    before = load("greet", 1, folder=folder).hash
    path = folder / "greet.v1.md"
    path.write_text(path.read_text(encoding="utf-8").replace("kind", "brief"), encoding="utf-8")
    after = load("greet", 1, folder=folder).hash
    assert len(before) == len(after) == 12
    assert before != after


# A released prompt is never edited: a new wording is a new version, so that journals stay comparable.
@pytest.mark.parametrize(
    ("name", "version", "released"),
    [
        ("decide", 1, "e14557e68345"),
        ("decide", 2, "83f67b6312af"),
        ("decide", 4, "b53968fc8e07"),
        ("adjust", 1, "2e8a23c6af92"),
        ("note", 3, "abb1a8813169"),
    ],
)
def test_a_released_prompt_is_what_it_was(name: str, version: int, released: str) -> None:
    assert load(name, version).hash == released


def test_a_trial_is_used_only_where_it_is_asked_for(folder: Path) -> None:
    trial = HEADER.format(version=11).replace("\n\n[variables]", "\ntrial = true\n\n[variables]")
    (folder / "greet.v11.md").write_text(trial + BODY, encoding="utf-8")
    assert load("greet", 11, folder=folder).header.trial
    assert load("greet", folder=folder).version == 10
