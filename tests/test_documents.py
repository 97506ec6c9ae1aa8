"""What people read first: short READMEs that say the same, links that lead somewhere, a changelog that fits."""

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
READMES = ("README.md", "README.es.md")
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")])
MOST_WORDS = 600


@pytest.mark.parametrize("name", READMES)
def test_a_readme_has_at_most_600_words_as_wc_counts_them(name: str) -> None:
    text = (ROOT / name).read_text("utf-8")
    assert len(re.findall(r"[^ \t\n\r\f\v]+", text)) <= MOST_WORDS


def test_both_readmes_have_the_same_figures_in_their_table() -> None:
    tables = [re.findall(r"^\|.*\|$", (ROOT / name).read_text("utf-8"), re.MULTILINE) for name in READMES]
    english, spanish = ([re.findall(r"\d+", row) for row in table] for table in tables)
    assert len(english) > 4
    assert english == spanish


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_links_and_pictures_lead_to_files(document: Path) -> None:
    text = document.read_text("utf-8")
    targets = re.findall(r"\]\(([^)#\s]+)[^)]*\)", text) + re.findall(r'src="([^"]+)"', text)
    local = [target for target in targets if "://" not in target]
    assert [target for target in local if not (document.parent / target).exists()] == []


def test_every_page_is_in_the_index() -> None:
    index = (ROOT / "docs" / "README.md").read_text("utf-8")
    assert [path.name for path in (ROOT / "docs").glob("*.md") if f"({path.name})" not in index] == ["README.md"]


def test_the_newest_release_in_the_changelog_is_the_version() -> None:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["version"]
    releases = re.findall(r"^## (\d+\.\d+\.\d+)", (ROOT / "CHANGELOG.md").read_text("utf-8"), re.MULTILINE)
    assert releases[0] == version
    assert releases == sorted(releases, key=lambda one: [int(part) for part in one.split(".")], reverse=True)
