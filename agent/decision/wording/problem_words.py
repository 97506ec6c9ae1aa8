"""Problems, refusals and other short texts in the household's language, by a catalogue of sentences."""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache, lru_cache
from importlib.resources import files

from agent.decision.constraint_words import Language
from agent.decision.wording.reason_words import moment_in_words

# A sentence within a sentence within a list of them.
_DEEPEST = 4
# What stands in quotes was given by somebody, and is told as it was given.
_MOMENT = re.compile(r"(?<!['\"\w-])\d{4}-\d\d-\d\d[ T]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:\d\d)?(?!['\"\w])")
_JOINT = "; "
# Places whose value is somebody's own name, key or file, even where that is a word of the catalogue.
_NAMES = frozenset(
    {"entity", "file", "folder", "given", "home", "id", "key", "model", "name", "names", "path", "where"}
)
_NUMBER = re.compile(r"-?\d+\.\d+")
_PLACE = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True, slots=True)
class _Sentence:
    """An English sentence with places for its values, and the same sentence in another language."""

    english: str
    anchor: str
    text: str

    def match(self, said: str) -> re.Match[str] | None:
        """A text that is this sentence with values in its places; most others lack its longest part of words."""
        return _pattern(self.english).fullmatch(said) if self.anchor in said else None


@lru_cache(maxsize=4096)
def in_language(text: str, language: Language) -> str:
    """A text of ours in a language, its moments as people say them; what the catalogue does not hold stays as it is.

    Problems are kept and compared in English; they are translated where somebody reads them.
    """
    said = text if language == "en" else _translated(text, language, _DEEPEST)
    return _contracted(_MOMENT.sub(lambda found: _moment(found[0], language), said), language)


def _moment(text: str, language: Language) -> str:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return text
    return moment_in_words(moment, language)


def _translated(text: str, language: Language, depth: int) -> str:
    if _NUMBER.fullmatch(text):
        return text.replace(".", ",")
    listed = _list(text, language, depth)
    whole = listed if listed is not None else _sentence(text, language, depth)
    if whole is not None:
        return whole
    for joint in (_JOINT, ", "):
        if joint in text and depth:
            return joint.join(_translated(part, language, depth - 1) for part in text.split(joint))
    return text


def _list(text: str, language: Language, depth: int) -> str | None:
    """Several sentences in a row, where each is known by itself; a sentence may have a semicolon of its own."""
    if _JOINT not in text or not depth:
        return None
    parts = [_sentence(part, language, depth - 1) for part in text.split(_JOINT)]
    return None if None in parts else _JOINT.join(filter(None, parts))


def _sentence(text: str, language: Language, depth: int) -> str | None:
    words, entries = _catalogue(language)
    if text in words:
        return words[text]
    for entry in entries:
        if found := entry.match(text):
            values = {name: _value(name, value, language, depth) for name, value in found.groupdict().items()}
            return _contracted(entry.text.format_map(values), language)
    return None


def _contracted(text: str, language: Language) -> str:
    """Spanish draws "de el" and "a el" together."""
    return re.sub(r"\b(de|a) el\b", lambda pair: "del" if pair[1] == "de" else "al", text) if language == "es" else text


def _value(name: str, text: str, language: Language, depth: int) -> str:
    """A number with a comma, a word of the catalogue, or a sentence; names and times stay as they are."""
    return _translated(text, language, depth - 1) if depth and name not in _NAMES else text


@cache
def _catalogue(language: Language) -> tuple[Mapping[str, str], tuple[_Sentence, ...]]:
    """Whole texts, and sentences with places; those with the most words of their own are tried first."""
    folder = files("agent.decision.wording") / "phrases"
    known: dict[str, str] = {}
    for file in sorted(folder.iterdir(), key=lambda one: one.name):
        if file.name.endswith(f".{language}.toml"):
            known |= tomllib.loads(file.read_text(encoding="utf-8"))["texts"]
    with_places = sorted((text for text in known if "{" in text), key=lambda text: -len(_PLACE.sub("", text)))
    entries = tuple(_Sentence(text, _anchor(text), known[text]) for text in with_places)
    return {text: translation for text, translation in known.items() if "{" not in text}, entries


def _anchor(text: str) -> str:
    return max(_PLACE.split(text)[::2], key=len)


@cache
def _pattern(text: str) -> re.Pattern[str]:
    parts = _PLACE.split(text)
    return re.compile(
        "".join(re.escape(part) if at % 2 == 0 else f"(?P<{part}>.+?)" for at, part in enumerate(parts)), re.DOTALL
    )
