"""Letters as they are compared: small, and without accents."""

import unicodedata


def bare(text: str) -> str:
    """A text in small letters without accents; letters of other widths and styles become plain ones."""
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(char for char in decomposed if not unicodedata.combining(char))
