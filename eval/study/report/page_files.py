"""The report's own files, in one place: template, script and style, and the texts of each language."""

import tomllib
from functools import cache
from importlib.resources import files

from eval.study.play.wishes import Language


@cache
def page_file(name: str) -> str:
    """A file of the report: `report.html`, `report.css` or `report.js`."""
    return (files("eval.study") / "page" / name).read_text(encoding="utf-8")


@cache
def page_texts(language: Language) -> dict[str, dict[str, str]]:
    """The texts of a language by section and name."""
    return tomllib.loads(page_file(f"{language}.toml"))
