"""How long a text is for a language model: bounds that need no tokenizer."""

import re

# Byte-pair tokenizers split words from numbers from signs, digits mostly one by one; a byte is never more than a token.
_PIECES = re.compile(r" ?[A-Za-z]+|[0-9]|\n| +|[^\x00-\x7f]|[^\sA-Za-z0-9]")
_LETTERS_A_TOKEN = 3
# No tokenizer packs plain text with numbers more tightly than this.
_MOST_CHARS_A_TOKEN = 6


def most_tokens(text: str) -> int:
    """At least as many tokens as any common tokenizer makes of a text such as ours."""
    return sum(_piece(piece) for piece in _PIECES.findall(text))


def fewest_tokens(text: str) -> int:
    """A count that a server which has read all of the text cannot stay under."""
    return len(text) // _MOST_CHARS_A_TOKEN


def _piece(piece: str) -> int:
    if not piece.isascii():
        return len(piece.encode())
    letters = len(piece.strip())
    return max(1, -(-letters // _LETTERS_A_TOKEN)) if piece.strip().isalpha() else 1
