"""The language of an answer: what the client asks for, else the household's."""

from starlette.requests import HTTPConnection

from agent.decision.constraint_words import Language

_MOST_TAGS = 20


def spoken(request: HTTPConnection, usual: Language) -> Language:
    """The language of a request's `Accept-Language`, or the usual one."""
    return preferred(request.headers.get("accept-language", "")) or usual


def preferred(header: str) -> Language | None:
    """The language that an `Accept-Language` likes best of ours; None where it names none of them."""
    liked: dict[Language, float] = {}
    for part in header.split(",")[:_MOST_TAGS]:
        tag, _, weight = part.strip().lower().partition(";")
        language = _OURS.get(tag.partition("-")[0])
        if language is not None:
            liked[language] = max(liked.get(language, 0.0), _weight(weight))
    best = max(liked, key=lambda language: liked[language], default=None)
    return best if best and liked[best] > 0 else None


_OURS: dict[str, Language] = {"en": "en", "es": "es"}


def _weight(text: str) -> float:
    """The weight of a tag, such as `q=0.8`; 1 where none is given, 0 where it cannot be read."""
    if not text.strip():
        return 1.0
    try:
        weight = float(text.strip().removeprefix("q="))
    except ValueError:
        return 0.0
    return weight if 0 <= weight <= 1 else 0.0
