"""Makes foreign text safe to show a model: one line, no invisible characters, no words of chat templates."""

import re
import unicodedata


def cut(text: str, max_bytes: int) -> str:
    """Plain text of at most `max_bytes` in UTF-8: a byte is never more than one token, a letter can be four."""
    return sanitised_line(text).encode()[:max_bytes].decode(errors="ignore").rstrip()


def sanitised_line(text: str) -> str:
    """One line without control or invisible characters, and without words that chat templates take for their own."""
    visible = "".join(" " if unicodedata.category(char)[0] in "CZ" else char for char in text)
    return " ".join(re.sub(r"([<\[])(?=\S)", r"\1 ", visible).split())
