"""Text as people type it, made ready to be read: cleaned, folded to plain small letters, and its language told."""

import re
import unicodedata
from typing import Literal

from energy.letters import bare

Language = Literal["en", "es"]
MAX_CHARS = 2000

_SPANISH = re.compile(
    r"\b(?:que|cuanto|cuanta|cuantos|cuando|como|cual|por|el|la|los|las|un|una|de|del|en|es|esta|hoy|ayer|mi|mis|fue|hubo|"
    r"hay|con|sin|para|si|porque|donde|bateria|consumi|gaste|pague|dia|dias|semana|mes|hola|gracias|ayuda|noche|manana|"
    r"vienen|invitados?|guarda|reserva|manten\w*|deja|hasta|coche|red|vender|estamos|vamos|fuera|nos|luz|y|lo|se|le|"
    r"casa|nada|carga\w*|placas|sol|enchufo|sobre|las)\b"
)
_ENGLISH = re.compile(
    r"\b(?:what|why|how|when|which|who|the|is|was|were|did|do|does|much|many|my|of|in|on|to|if|and|for|it|you|should|would|"
    r"will|can|not|battery|yesterday|today|last|week|month|day|hello|thanks|help|tonight|tomorrow|keep|guests?|until|by|"
    r"from|grid|car|away|at|are|we|sell|don't|this|we're|i'm|have|be|off|don|solar|power|our|us)\b"
)


def clean(text: str | bytes) -> str:
    """Plain text: what is not UTF-8 becomes spaces, and control characters too."""
    read = text if isinstance(text, str) else text.decode("utf-8", "replace")
    read = read.encode("utf-8", "replace").decode("utf-8", "replace").replace("\ufffd", " ")
    return " ".join("".join(" " if unicodedata.category(char)[0] in "CZ" else char for char in read).split())


def fold(text: str) -> tuple[str, list[int]]:
    """Small letters without accents, and for each of them the place in `text` that it comes from."""
    folded, places = [], []
    for at, char in enumerate(text):
        for plain_char in _folded(char):
            folded.append(plain_char)
            places.append(at)
    return "".join(folded), places


def _folded(char: str) -> str:
    """A character in small letters without accents; quotes and dashes of every kind are one."""
    if char in "\u2019\u2018\u00b4`":
        return "'"
    if char in "\u2013\u2014\u2212":
        return "-"
    return bare(char)


def plain(text: str) -> str:
    """Small letters without accents, for patterns."""
    return fold(text)[0]


def language_of(text: str, before: Language = "en") -> Language:
    """English or Spanish, by the small words and the letters that only one of them has; `before` where it is even."""
    if re.search(r"[¿¡ñÑ]", text):
        return "es"
    words = plain(text)
    spanish, english = len(_SPANISH.findall(words)), len(_ENGLISH.findall(words))
    return before if spanish == english else "es" if spanish > english else "en"
