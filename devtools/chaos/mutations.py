"""Inputs that are nearly right, from a seed: bytes flipped, digits and years blown up, nested, cut, doubled, empty."""

import random
import re
from collections.abc import Callable, Sequence

_ABSURD_TIMES = (
    "0001-01-01T00:00:00+14:00",
    "9999-12-31T23:59:59-14:00",
    "2026-02-30T00:00:00Z",
    "2026-01-01T00:00:00",
    "1970-01-01T00:00:00Z",
    "2199-12-31T23:45:00Z",
)
_ABSURD_VALUES = (
    "9" * 400,
    "-" + "9" * 400,
    "1e308",
    "-1e308",
    "NaN",
    "Infinity",
    "null",
    "true",
    "[]",
    "{}",
    '""',
    "-0.0",
    "1e-400",
    "0x10",
    "55,5",
    '"unavailable"',
)
_NUMBER = re.compile(rb"-?\d+(?:\.\d+)?")
_TIME = re.compile(rb"\d{4}-\d\d-\d\dT[\d:.]+(?:Z|[+-]\d\d:\d\d)?")
_WORD = re.compile(rb'"[a-z_]{2,}"')


class Mutator:
    """Draws one change after the other; the same seed draws the same."""

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)  # noqa: S311 (repeatable, and no secret)
        self._changes: tuple[Callable[[bytes], bytes], ...] = (
            self._flip,
            self._cut,
            self._double,
            self._number,
            self._number,
            self._time,
            self._word,
            self._nest,
            self._insert,
            self._replace_all,
        )

    def change(self, payload: bytes) -> bytes:
        """The payload after one to three changes."""
        for _ in range(self.rng.choice((1, 1, 1, 2, 3))):
            payload = self.rng.choice(self._changes)(payload)
        return payload

    def pick(self, payloads: Sequence[bytes]) -> bytes:
        """One of several, changed."""
        return self.change(self.rng.choice(payloads))

    def _flip(self, payload: bytes) -> bytes:
        if not payload:
            return b"\x00"
        changed = bytearray(payload)
        for _ in range(self.rng.randint(1, 4)):
            changed[self.rng.randrange(len(changed))] ^= 1 << self.rng.randrange(8)
        return bytes(changed)

    def _cut(self, payload: bytes) -> bytes:
        return payload[: self.rng.randrange(len(payload) + 1)]

    def _double(self, payload: bytes) -> bytes:
        at = self.rng.randrange(len(payload) + 1)
        return payload[:at] + payload[max(at - self.rng.randint(1, 40), 0) :]

    def _number(self, payload: bytes) -> bytes:
        return self._swap(_NUMBER, payload, self.rng.choice(_ABSURD_VALUES).encode())

    def _time(self, payload: bytes) -> bytes:
        return self._swap(_TIME, payload, self.rng.choice(_ABSURD_TIMES).encode())

    def _word(self, payload: bytes) -> bytes:
        return self._swap(_WORD, payload, self.rng.choice((b'"kind"', b'"x"', b'""', b'"\xc3\xa9"', b"7", b"null")))

    def _nest(self, payload: bytes) -> bytes:
        opened, closed = self.rng.choice(((b"[", b"]"), (b'{"a":', b"}"), (b"(", b")")))
        depth = self.rng.choice((1, 5, 200, 20_000))
        return opened * depth + payload + closed * self.rng.choice((0, depth))

    def _insert(self, payload: bytes) -> bytes:
        at = self.rng.randrange(len(payload) + 1)
        piece = self.rng.choice(
            (b"\x00", b"\xff\xfe", b"\r\n", b";", b",", b'"', b"'", b"# ", b"\xe2\x80\xae", b"{{x}}")
        )
        return payload[:at] + piece * self.rng.choice((1, 1, 50)) + payload[at:]

    def _replace_all(self, _payload: bytes) -> bytes:
        size = self.rng.choice((0, 1, 8, 300, 5000))
        return self.rng.choice((b"", b" " * size, b"A" * size, self.rng.randbytes(size)))

    def _swap(self, pattern: re.Pattern[bytes], payload: bytes, new: bytes) -> bytes:
        found = list(pattern.finditer(payload))
        if not found:
            return payload
        where = self.rng.choice(found)
        return payload[: where.start()] + new + payload[where.end() :]
