"""Files known by their headers: a small table of signatures, kept as data."""

import re
import tomllib
from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from typing import Literal

from pydantic import BaseModel, ConfigDict

from ingest.history.files.cells.words import plain


class KnownFormat(BaseModel):
    """One signature, and what its columns mean."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    needs: tuple[str, ...]
    refuse: str | None = None
    stamps: Literal["start", "end"] | None = None
    columns: dict[str, str] = {}
    units: dict[str, str] = {}

    def fits(self, headers: Sequence[str]) -> bool:
        """Whether every needed header is there."""
        return all(any(re.fullmatch(need, header) for header in headers) for need in self.needs)

    def roles_of(self, header: str) -> tuple[str, ...]:
        """What a header means in this format: two things where a flow is named by both of its ends."""
        name = plain(header)
        return tuple(role for role, pattern in self.columns.items() if re.fullmatch(pattern, name))


def format_of(top: Sequence[Sequence[str]]) -> tuple[KnownFormat | None, int | None]:
    """The first known format whose signature a line of a file's top fits, and which line."""
    for at, cells in enumerate(top[:60]):
        headers = [plain(cell) for cell in cells]
        for known in _known():
            if known.fits(headers):
                return known, at
    return None, None


@cache
def _known() -> tuple[KnownFormat, ...]:
    text = (files("ingest.history.files.table") / "formats.toml").read_text(encoding="utf-8")
    return tuple(KnownFormat.model_validate(entry) for entry in tomllib.loads(text)["format"])
